"""Letters that library systems write: which labels, banners and answers each system uses, as tables of rules/dialects/.

A file is a dialect. Files without letters are common: their labels and answers serve every dialect. Patterns are those
of rules/phrases/ (words in order, `laina*`, `…`, `(a|b)`, `^` and `$`); case and accents do not count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import re2
from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import LOAN_CONDITIONS, REASONS_RETRY, REASONS_UNFILLED, EventName, Kind
from maild.reading.patterns import BadPattern, compile_pattern
from maild.reading.words import fold, words_of

ROLES = frozenset(
    {
        "number", "their_number", "title", "author", "item_id", "due_date", "old_due_date", "expected_date",
        "retry_after", "expiry", "reason", "condition", "cost", "url", "answer", "note", "type", "card",
        "shipped", "other",
    }
)  # fmt: skip


class AnswerRow(Table):
    """What an answer or reason means."""

    says: tuple[str, ...]
    event: EventName
    reason: str = ""


class LetterRow(Table):
    """One letter of the system: how it is known, and what it says. No event: the field `answer_in` tells."""

    event: EventName | None = None
    kind: Literal["partner-reply", "partner-request"] = "partner-reply"
    banner: tuple[str, ...] = ()
    never: tuple[str, ...] = ()  # what the line with the banner must not say too
    when: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    unless: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    answer_in: str = "reason"


class DialectFile(Table):
    """rules/dialects/NAME.toml. `lines` are RE2 patterns whose named groups are roles, for systems that write codes.

    `folded`: a line that begins with a blank goes on with the value before it.
    """

    labels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    answers: tuple[AnswerRow, ...] = ()
    letters: tuple[LetterRow, ...] = ()
    conditions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    lines: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer or reason means."""

    patterns: tuple[Any, ...]
    event: EventName
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter of a system; event None: the answer tells."""

    event: EventName | None
    kind: Kind
    banner: tuple[Any, ...]
    never: tuple[Any, ...]
    when: tuple[tuple[str, tuple[Any, ...]], ...]
    unless: tuple[tuple[str, tuple[Any, ...]], ...]
    needs: tuple[str, ...]
    lacks: tuple[str, ...]
    answer_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One system's letters."""

    name: str
    labels: dict[str, str]  # folded label → role
    answers: tuple[Answer, ...]
    letters: tuple[Letter, ...]
    conditions: tuple[tuple[str, tuple[Any, ...]], ...]
    lines: tuple[Any, ...]
    folded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectRules:
    """Every dialect, in the order of their files' names, and what stands behind the labels that all of them share."""

    dialects: tuple[Dialect, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)  # folded label → role


# --- loading -----------------------------------------------------------------------------------------------------


def load(files: RuleFiles) -> tuple[DialectRules, list[Problem]]:
    """The dialects of dialects/*.toml, and every mistake in them."""
    problems: list[Problem] = []
    tables: dict[str, DialectFile] = {}
    for name, file in sorted(files.items()):
        if name.startswith("dialects/"):
            table, wrong = read(DialectFile, name, file.data)
            problems += [*wrong, *(_mistakes(name, table) if table else [])]
            if table is not None:
                tables[name] = table
    if problems:
        return DialectRules(), problems
    common = [table for table in tables.values() if not table.letters]
    dialects = tuple(_dialect(name, table, common) for name, table in tables.items() if table.letters)
    return DialectRules(dialects=dialects, labels=_labels(common)), []


def _mistakes(file: str, table: DialectFile) -> Iterator[Problem]:
    """What the types of the table cannot tell."""
    for place, what, way_out in (*_wrong_names(table), *_wrong_patterns(table)):
        yield Problem(file=file, place=place, what=what, way_out=way_out)


def _wrong_names(table: DialectFile) -> Iterator[tuple[str, str, str]]:
    of_letters = (r for row in table.letters for r in (*row.when, *row.unless, *row.needs, *row.lacks, row.answer_in))
    for role in sorted({*table.labels, *of_letters} - ROLES):
        yield role, "no such role", f"use one of {', '.join(sorted(ROLES))}"
    for word in sorted(set(table.conditions) - LOAN_CONDITIONS):
        yield f"conditions.{word}", "no such loan condition", f"use one of {', '.join(sorted(LOAN_CONDITIONS))}"
    if any(not row.banner and not row.when for row in table.letters):
        yield "letters", "a letter that nothing tells from others", "give it a banner or a when"
    reasons = {EventName.UNFILLED: REASONS_UNFILLED, EventName.RETRY_POSSIBLE: REASONS_RETRY}
    for answer in table.answers:
        if answer.reason and answer.reason not in reasons.get(answer.event, frozenset()):
            yield "answers", f"no reason {answer.reason!r} of {answer.event}", "use a reason of ISO 18626"


def _wrong_patterns(table: DialectFile) -> Iterator[tuple[str, str, str]]:
    for pattern in _patterns(table):
        try:
            compile_pattern(pattern)
        except (BadPattern, re2.error) as err:
            yield pattern, str(err), "write it like those of rules/phrases/"
    for line in table.lines:
        try:
            groups = set(re2.compile(line).groupindex)
        except re2.error as err:
            yield "lines", f"{line!r}: {err}", "write a pattern of RE2"
            continue
        if not groups or groups - ROLES:
            yield "lines", f"{line!r} names no role", "give it groups like (?P<answer>…)"


def _patterns(table: DialectFile) -> Iterator[str]:
    for row in table.letters:
        yield from (*row.banner, *row.never)
        yield from (pattern for says in (row.when, row.unless) for patterns in says.values() for pattern in patterns)
    yield from (pattern for answer in table.answers for pattern in answer.says)
    yield from (pattern for patterns in table.conditions.values() for pattern in patterns)


def _dialect(name: str, table: DialectFile, common: list[DialectFile]) -> Dialect:
    """The dialect with what is common behind its own, which therefore goes first."""
    tables = [table, *common]
    return Dialect(
        name=name.removeprefix("dialects/").removesuffix(".toml"),
        labels=_labels(tables),
        answers=tuple(_answer(row) for one in tables for row in one.answers),
        letters=tuple(_letter(row) for row in table.letters),
        conditions=tuple((word, _compiled(says)) for one in tables for word, says in one.conditions.items()),
        lines=tuple(re2.compile(line) for one in tables for line in one.lines),
        folded=table.folded,
    )


def _labels(tables: Sequence[DialectFile]) -> dict[str, str]:
    """The role of each label, of the first table that has it."""
    return {label_key(label): role for one in reversed(tables) for role, names in one.labels.items() for label in names}


def _compiled(sources: Iterable[str]) -> tuple[Any, ...]:
    return tuple(compile_pattern(source) for source in sources)


def _answer(row: AnswerRow) -> Answer:
    return Answer(patterns=_compiled(row.says), event=row.event, reason=row.reason or None)


def _letter(row: LetterRow) -> Letter:
    return Letter(
        event=row.event,
        kind=Kind(row.kind),
        banner=_compiled(row.banner),
        never=_compiled(row.never),
        when=tuple((role, _compiled(says)) for role, says in row.when.items()),
        unless=tuple((role, _compiled(says)) for role, says in row.unless.items()),
        needs=row.needs,
        lacks=row.lacks,
        answer_in=row.answer_in,
    )


def label_key(label: str) -> str:
    """A label as it is looked up: folded, without marks."""
    return " ".join(words_of(label)) or fold(label).strip(" :.*")
