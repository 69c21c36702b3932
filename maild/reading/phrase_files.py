"""The loader of rules/phrases/*.toml: lexicons out of what librarians wrote, with every mistake in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import re2

from maild.core.problems import Problem, RuleFiles
from maild.core.terms import LOAN_CONDITIONS, REASONS_RETRY, REASONS_UNFILLED, EventName
from maild.reading.patterns import GROUP, TOKEN, BadPattern, expression_of
from maild.reading.phrases import MARKS, STEM, Lexicon, Lexicons, Phrase
from maild.reading.words import fold, spaced, words_of

KINDS = ("says", "asks", "conditions", "staff", "harmless", "roles")  # tables of phrases: what a hit means
LISTS = ("words", "idle", "stems", "grave", "giving", "found", "labels")


def load(files: RuleFiles) -> tuple[Lexicons, list[Problem]]:
    """The lexicons of phrases/*.toml, and every mistake in them."""
    problems: list[Problem] = []
    lexicons = {}
    for name, file in sorted(files.items()):
        if name.startswith("phrases/"):
            language = name.removeprefix("phrases/").removesuffix(".toml")
            lexicons[language] = _Loader(name, language).lexicon(file.data, problems)
    labels = {label: role for lexicon in reversed(lexicons.values()) for label, role in lexicon.labels.items()}
    return Lexicons(by_language=lexicons, labels=labels), problems


def tables(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """(kind, name, reason, table) of each table of phrases, however deep."""
    for kind in KINDS:
        tables = data.get(kind) or {}
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict) and "phrases" in table:
                yield kind, name, "", table
            for reason, inner in (table if isinstance(table, dict) else {}).items():
                if isinstance(inner, dict):
                    yield kind, name, reason, inner


class _Loader:
    """Reads one language's file and collects its mistakes."""

    def __init__(self, file: str, language: str) -> None:
        self.file = file
        self.language = language
        self.problems: list[Problem] = []
        self.marks: dict[str, Any] = {}
        self._in_lines: dict[str, Any] = {}  # the same marks, for many lines at once; "" is any of them
        self._counted: dict[str, dict[str, int]] = {}  # the same alternatives stand in many phrases

    def lexicon(self, data: Mapping[str, Any], problems: list[Problem]) -> Lexicon:
        """The lexicon as far as it can be read; its mistakes go to `problems`."""
        self._check_keys(data)
        for mark in MARKS:
            self.marks[mark] = self._union(f"marks.{mark}", (data.get("marks") or {}).get(mark, []))
        patterns = {mark: found.pattern for mark, found in self.marks.items() if found is not None}
        patterns |= {"": b"|".join(patterns.values())} if patterns else {}
        self._in_lines = {mark: re2.compile(b"(?m)" + pattern) for mark, pattern in patterns.items()}
        phrases = tuple(p for table in tables(data) for p in self._phrases(*table))
        known = {w for p in phrases if p.kind in {"says", "asks", "harmless"} for w in _plain_words(p.source)}
        problems += self.problems
        return Lexicon(
            language=self.language,
            phrases=phrases,
            marks=self.marks,
            words=frozenset(fold(w) for w in data.get("words", ())) | frozenset(known),
            idle=frozenset(fold(w) for w in data.get("idle", ())),
            stems=self._union("stems", data.get("stems", [])),
            grave=self._union("grave", data.get("grave", [])),
            giving=self._union("giving", data.get("giving", [])),
            found=self._union("found", data.get("found", [])),
            labels={
                " ".join(words_of(label)): role
                for role, labels in reversed((data.get("labels") or {}).items())
                for label in labels
            },
        )

    def _check_keys(self, data: Mapping[str, Any]) -> None:
        for key in data:
            if key not in {*KINDS, *LISTS, "marks"}:
                self._wrong(key, "no such table", f"use one of {', '.join((*KINDS, *LISTS, 'marks'))}")
        for kind in KINDS:
            tables = data.get(kind) or {}
            for name, table in tables.items() if isinstance(tables, dict) else ((kind, tables),):
                if not isinstance(table, dict):
                    self._wrong(f"{kind}.{name}", f"{table!r} is no table of phrases", "write phrases = [ … ] below it")
        for mark in data.get("marks") or {}:
            if mark not in MARKS:
                self._wrong(f"marks.{mark}", "no such mark", f"use one of {', '.join(MARKS)}")

    def _phrases(self, kind: str, name: str, reason: str, table: Mapping[str, Any]) -> Iterator[Phrase]:
        place = ".".join(filter(None, (kind, name, reason)))
        if problem := _wrong_name(kind, name, reason):
            self._wrong(place, problem, "use a name of ISO 18626 as the contract writes it")
        if unknown := set(table) - {"phrases", "yes", "no"} - (REASONS_UNFILLED | REASONS_RETRY):
            self._wrong(place, f"unknown keys {', '.join(sorted(unknown))}", "use phrases, yes, no")
        for written in table.get("phrases", ()):
            for source in self._variants(written):
                try:
                    expression = expression_of(source)
                except BadPattern as err:
                    self._wrong(place, f"{written!r}: {err}", "write it as the head of the file tells")
                    break
                yield Phrase(
                    kind=kind,
                    name=name,
                    reason=reason,
                    source=source,
                    expression=expression,
                    counted=self._counts,
                )

    def _variants(self, source: str) -> list[str]:
        """The pattern once for each set of alternatives with the same marks: "(ok|kein problem)" is two."""
        variants = [source]
        for group in dict.fromkeys(m.group() for m in GROUP.finditer(source)):
            by_marks: dict[tuple[tuple[str, int], ...], list[str]] = {}
            for choice in group[1:-1].split("|"):
                by_marks.setdefault(tuple(sorted(self._counts(choice).items())), []).append(choice)
            if len(by_marks) > 1 or (group[0] == "[" and () not in by_marks):
                parts = [_group(group[0], choices, bool(marks)) for marks, choices in by_marks.items()]
                if group[0] == "[" and () not in by_marks:
                    parts.append("")
                variants = [variant.replace(group, part) for variant in variants for part in parts]
        return variants

    def _counts(self, source: str) -> dict[str, int]:
        """How many negations, hedges ... the pattern itself has, of its alternatives the most."""
        if source not in self._counted:
            # A gap ends a mark, for other words may stand there.
            branches = [
                [spaced(words_of(part)).encode() for part in branch.split("…")]
                for branch in dict.fromkeys(_longest_reading(source))
            ]
            lines = b"\n".join(dict.fromkeys(chain.from_iterable(branches)))
            there = self._marks_in(lines)
            counts = {mark: max(_count(self.marks[mark], parts) for parts in branches) for mark in there}
            self._counted[source] = {mark: count for mark, count in counts.items() if count}
        return self._counted[source]

    def _marks_in(self, lines: bytes) -> list[str]:
        """The marks that may stand in one of these lines; few patterns have any."""
        if not self._in_lines or self._in_lines[""].search(lines) is None:
            return []
        return [mark for mark, found in self._in_lines.items() if mark and found.search(lines)]

    def _union(self, place: str, sources: Any) -> Any:
        """One pattern for all, or None where there is none."""
        good = []
        for source in sources:
            try:
                good.append(expression_of(source))
            except BadPattern as err:
                self._wrong(place, f"{source!r}: {err}", "write it as the head of the file tells")
        joined = b"|".join(good)
        return re2.compile(joined) if good else None

    def _wrong(self, place: str, what: str, way_out: str) -> None:
        self.problems.append(Problem(file=self.file, place=place, what=what, way_out=way_out))


def _wrong_name(kind: str, name: str, reason: str) -> str:
    """What is wrong with the name of a table, or ""."""
    if kind == "says" and name not in {e.value for e in EventName}:
        return f"no event {name!r}"
    if kind == "conditions" and name not in LOAN_CONDITIONS:
        return f"no loan condition {name!r}"
    allowed = {"Unfilled": REASONS_UNFILLED, "RetryPossible": REASONS_RETRY}.get(name, frozenset())
    if reason and reason not in allowed:
        return f"no reason {reason!r} of {name}"
    return ""


def _count(mark: Any, parts: Sequence[bytes]) -> int:
    return sum(len(mark.findall(part)) for part in parts)


def _group(bracket: str, choices: list[str], marked: bool) -> str:
    """The choices in brackets again; those with marks may not be left out, their variant without them stands beside."""
    optional = bracket == "[" and not marked
    return f"[{'|'.join(choices)}]" if optional else f"({'|'.join(choices)})"


def _longest_reading(source: str) -> list[str]:
    """The pattern with the first, second ... alternative of every group: enough to count marks by."""
    groups = GROUP.findall(source)
    if not groups:
        return [source.replace("*", "")]
    count = max(len(group.split("|")) for group in groups)
    return [GROUP.sub(_Alternative(index), source).replace("*", "") for index in range(count)]


class _Alternative:
    """Puts one alternative in the place of a group."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __call__(self, group: re.Match[str]) -> str:
        """The alternative of that index, or the last one."""
        choices = group.group(1).split("|")
        return f" {choices[min(self.index, len(choices) - 1)]} "


def _plain_words(source: str) -> Iterator[str]:
    """Whole words of a pattern, four letters or more: they tell the language too."""
    for sign in TOKEN.findall(source):
        if sign.isalpha() and len(sign) >= STEM:
            yield fold(sign)
