"""How automatic answers show and what they say: rules/auto-replies.toml, with the patterns of the lexicons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import re2

from maild.core.mail import Today
from maild.core.problems import Problem, RuleFiles
from maild.reading.dates import FoundDate, find_dates
from maild.reading.patterns import BadPattern, compile_pattern
from maild.reading.sentences import sentences
from maild.reading.words import spaced, words_of

FILE = "auto-replies.toml"
LISTS = (
    "subject",
    "automatic",
    "absent",
    "received",
    "read",
    "staff",
    "closed",
    "limited",
    "back_before",
    "back_after",
    "until_before",
    "until_after",
)
NEAR_WORDS = 7  # between "back" and the day that it is about
LONGEST_ABSENCE_DAYS = 400


@dataclass(frozen=True, kw_only=True)
class AutoReplyRules:
    """The compiled patterns: list name → language → one pattern (None where the list is empty)."""

    patterns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def in_any(self) -> Mapping[str, Any]:
        """List name → one pattern for all languages."""
        sources = {name: b"|".join(p.pattern for p in by_code.values()) for name, by_code in self.patterns.items()}
        return {name: re2.compile(source) for name, source in sources.items() if source}

    def languages(self, name: str, text: str) -> tuple[str, ...]:
        """The languages in which one of that list's patterns is found in the text."""
        told = spaced(words_of(text)).encode()
        if name not in self.in_any or self.in_any[name].search(told) is None:
            return ()
        return tuple(code for code, pattern in self.patterns.get(name, {}).items() if pattern.search(told))

    def passage(self, name: str, text: str) -> str:
        """The first sentence with one of that list's patterns, or ""."""
        return next((sentence.strip() for sentence in sentences(text) if self.languages(name, sentence)), "")


def load_auto_replies(files: RuleFiles) -> tuple[AutoReplyRules, list[Problem]]:
    """The rules of the merged file, and every mistake in it."""
    problems: list[Problem] = []
    patterns: dict[str, dict[str, Any]] = {name: {} for name in LISTS}
    data = files[FILE].data if FILE in files else {}
    for code, table in data.items():
        if not isinstance(table, dict):
            problems.append(_problem(code, "it is no table", "write [fi] and the lists below it"))
            continue
        for name, sources in table.items():
            if name not in patterns:
                problems.append(_problem(f"{code}.{name}", "no such list", f"use one of: {', '.join(LISTS)}"))
                continue
            compiled = _union(f"{code}.{name}", sources, problems)
            if compiled is not None:
                patterns[name][code] = compiled
    return AutoReplyRules(patterns=patterns), problems


def _union(place: str, sources: object, problems: list[Problem]) -> Any:
    """One pattern for the whole list, or None."""
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        problems.append(_problem(place, "it is no list of patterns", 'write ["one", "another"]'))
        return None
    for source in sources:
        try:
            compile_pattern(source)
        except BadPattern as err:
            problems.append(_problem(place, f"{source!r}: {err}", "correct the pattern"))
            return None
    return compile_pattern(f"({'|'.join(sources)})") if sources else None


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)


def absent_until(text: str, today: Today, rules: AutoReplyRules, language: str = "") -> date | None:
    """The day on which the writer is back, or None where the text names none or several.

    A day behind "back" is that day; the end of "6.7.-2.8.", a day behind "bis" or before "asti" is the last one away.
    """
    backs: set[date] = set()
    ends: set[date] = set()
    for sentence in sentences(text):
        for found, before, after in _days(sentence, today, language):
            if found.kind != "range" and (
                rules.languages("until_before", before) or rules.languages("until_after", after)
            ):
                ends.update(_ahead(found.day, today, days=1))
            elif found.kind != "range" and (
                rules.languages("back_before", before) or rules.languages("back_after", after)
            ):
                backs.update(_ahead(found.day, today, days=0))
            elif found.kind == "range" and found.candidates:
                ends.update(_ahead(found.candidates[-1], today, days=1))
    named = backs or ends
    return named.pop() if len(named) == 1 else None


def closed_for_good(text: str, today: Today, rules: AutoReplyRules, language: str = "") -> str:
    """The sentence that tells of a closure where nothing says that it ends: no day ahead and no word for a time; ""."""
    told = rules.passage("closed", text)
    ahead = any(day > today.day for found in find_dates(text, today, language) for day in found.candidates)
    return "" if not told or ahead or rules.languages("limited", text) else told


def _days(sentence: str, today: Today, language: str) -> Iterator[tuple[FoundDate, str, str]]:
    """Each day of a sentence with the words just before and just behind it."""
    found_days = find_dates(sentence, today, language)
    end = 0
    for index, found in enumerate(found_days):
        following = found_days[index + 1].start if index + 1 < len(found_days) else len(sentence)
        before = _last(words_of(sentence[end : found.start]), NEAR_WORDS)
        after = " ".join(words_of(sentence[found.end : following])[:NEAR_WORDS])
        end = found.end
        yield found, before, after


def _last(words: Sequence[str], count: int) -> str:
    return " ".join(words[-count:])


def _ahead(day: date | None, today: Today, *, days: int) -> Iterator[date]:
    if day is not None and 0 < (day - today.day).days + days <= LONGEST_ABSENCE_DAYS:
        yield day + timedelta(days=days)
