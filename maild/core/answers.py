"""rules/answers.toml: the answers that our letters offer, in the words in which they come back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import EventName

FILE = "answers.toml"
LANGUAGES = ("fi", "sv", "en")

By = Literal["patron", "supplier", "requester"]
Asked = Literal["due_date", "item_id", "retry_after", "cost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: `say` are its words by language, `asks` the facts that its writer may fill in."""

    name: str
    by: By
    event: EventName
    say: Mapping[str, str]
    reason: str | None = None
    loan_condition: tuple[str, ...] = ()
    asks: tuple[Asked, ...] = ()
    needs: tuple[Asked, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AnswerRules:
    """Every answer by its name, the labels of what is filled in, and the answers that each letter numbers."""

    answers: Mapping[str, Answer] = field(default_factory=lambda: MappingProxyType({}))
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def by_sentence(self) -> Mapping[str, tuple[tuple[Answer, str], ...]]:
        """The answers that a plain sentence gives, each with the sentence's language."""
        out: dict[str, tuple[tuple[Answer, str], ...]] = {}
        for answer in self.answers.values():
            for language, text in answer.say.items():
                out[plain(text)] = (*out.get(plain(text), ()), (answer, language))
        return out


class _Answer(Table):
    by: By
    event: EventName
    say: dict[Literal["fi", "sv", "en"], str]
    reason: str | None = None
    loan_condition: tuple[str, ...] = ()
    asks: tuple[Asked, ...] = ()
    needs: tuple[Asked, ...] = ()


class _AnswersFile(Table):
    answers: dict[str, _Answer] = Field(default_factory=dict)
    fields: dict[Asked, dict[Literal["fi", "sv", "en"], str]] = Field(default_factory=dict)


def load(files: RuleFiles) -> tuple[AnswerRules, list[Problem]]:
    """The answers of `files`, and every mistake in them; none where there is no such file."""
    if FILE not in files:
        return AnswerRules(), []
    found, problems = read(_AnswersFile, FILE, files[FILE].data)
    if found is None:
        return AnswerRules(), problems
    labels = {str(name): {str(lang): text for lang, text in texts.items()} for name, texts in found.fields.items()}
    answers = {name: _answer(name, table) for name, table in found.answers.items()}
    choices = _choices(files)
    problems = [*_lacking(answers, labels), *_alike(answers), *_unknown(choices, answers)]
    return AnswerRules(
        answers=MappingProxyType(answers), labels=MappingProxyType(labels), choices=MappingProxyType(choices)
    ), problems


def plain(text: str) -> str:
    """`text` as answers are compared: small letters, single blanks, no stop or quotation marks around it."""
    return " ".join(text.casefold().split()).strip(" .!\"'”“»«>")


def _answer(name: str, table: _Answer) -> Answer:
    return Answer(
        name=name,
        by=table.by,
        event=table.event,
        say=MappingProxyType({str(language): text for language, text in table.say.items()}),
        reason=table.reason,
        loan_condition=table.loan_condition,
        asks=table.asks,
        needs=table.needs,
    )


def _choices(files: RuleFiles) -> dict[str, tuple[str, ...]]:
    """`choices` of each letter; other mistakes in letters.toml are told where letters are loaded."""
    letters = files["letters.toml"].data.get("letters", {}) if "letters.toml" in files else {}
    tables = letters.items() if isinstance(letters, Mapping) else ()
    found = {name: table.get("choices") for name, table in tables if isinstance(table, Mapping)}
    return {str(name): tuple(map(str, listed)) for name, listed in found.items() if isinstance(listed, list)}


def _lacking(answers: Mapping[str, Answer], labels: Mapping[str, Mapping[str, str]]) -> Iterator[Problem]:
    texts = {f"answers.{name}.say": answer.say for name, answer in answers.items()}
    texts |= {f"fields.{name}": labels.get(name, {}) for answer in answers.values() for name in answer.asks}
    for place, words in texts.items():
        for language in LANGUAGES:
            if not words.get(language, "").strip():
                yield Problem(file=FILE, place=f"{place}.{language}", what="missing", way_out="write it")


def _alike(answers: Mapping[str, Answer]) -> Iterator[Problem]:
    """The same words from the same side may not mean two things."""
    seen: dict[tuple[str, str], Answer] = {}
    for answer in answers.values():
        for text in answer.say.values():
            other = seen.setdefault((answer.by, plain(text)), answer)
            if other is not answer:
                what = f"{text!r} is also answers.{other.name}"
                yield Problem(file=FILE, place=f"answers.{answer.name}.say", what=what, way_out="word it differently")


def _unknown(choices: Mapping[str, tuple[str, ...]], answers: Mapping[str, Answer]) -> Iterator[Problem]:
    for letter, names in choices.items():
        for name in names:
            if name not in answers:
                way_out = f"use some of {', '.join(sorted(answers))}"
                place = f"letters.{letter}.choices"
                yield Problem(file="letters.toml", place=place, what=f"no such answer: {name!r}", way_out=way_out)
