"""rules/letters.toml: whom each letter is for, what it shows beyond the request's own facts, whether it is on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import Field

from maild.core import answers
from maild.core.answers import AnswerRules
from maild.core.effects import Audience
from maild.core.letters import OCCASION_FACTS
from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import Role

FILE = "letters.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRule:
    """One letter: `audiences` may get it (one, save for letters that go to both sides).

    `facts` are the occasion's, that it shows in every language. `off` = sent only where a site turns it on. `answers`
    marks a mere receipt (RFC 3834: auto-replied), which other systems may file away unread. `choices` are the answers
    that it offers, numbered in this order; `calendar`: its due dates go with it as a calendar file. `by_hand`: about
    requests of which role staff may send it at any time, with at least the facts that it `needs`.
    """

    name: str
    audiences: frozenset[Audience]
    purpose: str
    facts: frozenset[str] = frozenset()
    off: bool = False
    answers: bool = False
    choices: tuple[str, ...] = ()
    calendar: bool = False
    by_hand: frozenset[Role] = frozenset()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRules:
    """Every letter by its name, and the answers that letters offer."""

    letters: Mapping[str, LetterRule]
    offered: AnswerRules = field(default_factory=AnswerRules)

    def __contains__(self, name: str) -> bool:
        return name in self.letters

    def for_audience(self, audience: Audience) -> frozenset[str]:
        """The names of all letters to those readers."""
        return frozenset(name for name, rule in self.letters.items() if audience in rule.audiences)

    @property
    def off(self) -> frozenset[str]:
        """The letters that no site sends unless it says so."""
        return frozenset(name for name, rule in self.letters.items() if rule.off)


class _Letter(Table):
    audience: Audience | list[Audience] = Field(min_length=1)
    purpose: str
    facts: frozenset[str] = frozenset()
    off: bool = False
    answers: bool = False
    choices: tuple[str, ...] = ()
    calendar: bool = False
    by_hand: frozenset[Role] = frozenset()
    needs: frozenset[str] = frozenset()


class _LettersFile(Table):
    letters: dict[str, _Letter]


def load(files: RuleFiles) -> tuple[LetterRules | None, list[Problem]]:
    """The letters of `files`, or None and every mistake."""
    if FILE not in files:
        return None, [Problem(file=FILE, place="file", what="missing", way_out="restore the shipped file")]
    found, problems = read(_LettersFile, FILE, files[FILE].data)
    if found is None:
        return None, problems
    problems = [
        _unknown(name, fact)
        for name, table in found.letters.items()
        for fact in (table.facts | table.needs) - OCCASION_FACTS
    ]
    offered, in_answers = answers.load(files)
    problems += in_answers
    if problems:
        return None, problems
    rules = {name: _rule(name, table) for name, table in found.letters.items()}
    return LetterRules(letters=MappingProxyType(rules), offered=offered), []


def _rule(name: str, table: _Letter) -> LetterRule:
    audiences = table.audience if isinstance(table.audience, list) else [table.audience]
    return LetterRule(
        name=name,
        audiences=frozenset(audiences),
        purpose=table.purpose,
        facts=table.facts,
        off=table.off,
        answers=table.answers,
        choices=table.choices,
        calendar=table.calendar,
        by_hand=table.by_hand,
        needs=table.needs,
    )


def _unknown(name: str, fact: str) -> Problem:
    return Problem(
        file=FILE,
        place=f"letters.{name}.facts",
        what=f"no such fact: {fact!r}",
        way_out=f"use some of {', '.join(sorted(OCCASION_FACTS))}",
    )
