"""Letters that library systems write: which labels, banners and answers each system uses, as tables of rules/dialects/.

A file is a dialect. Files without letters are common: their labels and answers serve every dialect. Patterns are those
of rules/phrases/ (words in order, `laina*`, `…`, `(a|b)`, `^` and `$`); case and accents do not count.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import re2
from pydantic import Field

from maild.core.mail import Mail
from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import LOAN_CONDITIONS, REASONS_RETRY, REASONS_UNFILLED, EventName, Kind
from maild.reading.phrases import BadPattern, compile_pattern
from maild.reading.words import fold, spaced, words_of

ROLES = frozenset(
    {
        "number", "their_number", "title", "author", "item_id", "due_date", "old_due_date", "expected_date",
        "retry_after", "expiry", "reason", "condition", "cost", "url", "answer", "note", "type", "card",
        "shipped", "other",
    }
)  # fmt: skip
_MOST_LINES = 400
_MOST_HEADLINE_WORDS = 10
_MOST_HEADLINES = 8
# "has not been shipped", "if you need a renewal": no headline.
_NO_HEADLINE = frozenset(
    {
        "not",
        "never",
        "if",
        "when",
        "ei",
        "eivat",
        "emme",
        "eika",
        "jos",
        "kun",
        "inte",
        "ej",
        "om",
        "nar",
        "nicht",
        "kein",
    }
    | {
        "keine",
        "wenn",
        "falls",
        "ikke",
        "hvis",
        "could",
        "would",
        "might",
        "maybe",
        "soon",
        "tomorrow",
        "huomenna",
        "pian",
    }
)
_ANSWER_SUBJECT = re.compile(
    r"\s*(?:re|vs|vl|sv|vb|aw|antw|antwort|ang|fw|fwd|wg|ref|odp|r)\.?\s?(?:\[\d+\])?:", re.IGNORECASE
)


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
    """rules/dialects/NAME.toml. `lines` are RE2 patterns whose named groups are roles, for systems that write codes."""

    labels: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    answers: tuple[AnswerRow, ...] = ()
    letters: tuple[LetterRow, ...] = ()
    conditions: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    lines: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectRules:
    """Every dialect, in the order of their files' names."""

    dialects: tuple[Dialect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A mail as a system letter: its headlines, its fields item by item, and what stands outside both."""

    headlines: tuple[str, ...]
    records: tuple[dict[str, str], ...]
    prose: tuple[str, ...]

    def value(self, role: str) -> str:
        """The first value of that role, or ""."""
        return next((record[role] for record in self.records if record.get(role)), "")


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
    return DialectRules(dialects=dialects), []


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
    labels = {
        label_key(label): role for one in reversed(tables) for role, names in one.labels.items() for label in names
    }
    return Dialect(
        name=name.removeprefix("dialects/").removesuffix(".toml"),
        labels=labels,
        answers=tuple(_answer(row) for one in tables for row in one.answers),
        letters=tuple(_letter(row) for row in table.letters),
        conditions=tuple((word, _compiled(says)) for one in tables for word, says in one.conditions.items()),
        lines=tuple(re2.compile(line) for one in tables for line in one.lines),
    )


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


# --- reading a page ----------------------------------------------------------------------------------------------

_LABEL_LINE = re.compile(r"[ \t\xa0*•-]{0,12}([^\n:]{1,80}?)[ \t\xa0.]{0,60}:(?:[ \t\xa0]+|$)(.{0,500})")
_COLUMNS = re.compile(r"[ \t\xa0]{0,8}([^\n]{2,60}?)(?:[ \xa0]{2,60}|\t[ \t]{0,20})(\S.{0,500})")


def is_answer(mail: Mail) -> bool:
    """Whether somebody answers or passes on a mail: a system's letter begins a thread of its own."""
    return bool(mail.in_reply_to or mail.references or _ANSWER_SUBJECT.match(mail.subject))


def label_key(label: str) -> str:
    """A label as it is looked up: folded, without marks."""
    return " ".join(words_of(label)) or fold(label).strip(" :.*")


def role_of(label: str, labels: dict[str, str]) -> str:
    """The role of a label, or ""; of "Eräpäivä / Due date" that of either half, where they do not disagree."""
    whole = labels.get(label_key(label))
    if whole:
        return whole
    roles = {labels.get(label_key(half), "") for half in re.split(r"\s/\s|\s?[|(]|\)", label) if half.strip()}
    roles.discard("")
    return roles.pop() if len(roles) == 1 else ""


def page_of(mail: Mail, dialect: Dialect) -> Page:
    """The mail taken apart by the dialect's labels. A quoted letter's rows are not this letter's."""
    pairs: list[tuple[str, str]] = []
    prose: list[str] = []
    row_labels = set()
    if not mail.quoted:
        for label, value in mail.rows:
            pairs.append((role_of(label, dialect.labels), value.strip()))
            row_labels.add(label_key(label))
    told_by_rows = any(role for role, _ in pairs)
    for line in mail.new_text.splitlines()[:_MOST_LINES]:
        if found := list(_coded(line, dialect)):
            pairs += found
        elif found := list(_labelled(line, dialect)):
            pairs += found if not told_by_rows else []
        elif line.strip() and not _is_row(line, row_labels):
            prose.append(line.strip())
    headlines = tuple(line for line in (mail.subject, *prose[:_MOST_HEADLINES]) if _is_headline(line))
    return Page(headlines=headlines, records=tuple(_records(pairs)), prose=tuple(prose))


def _is_headline(line: str) -> bool:
    words = words_of(line)
    return 0 < len(words) <= _MOST_HEADLINE_WORDS + 4 * (" / " in line) and _NO_HEADLINE.isdisjoint(words)


def _is_row(line: str, row_labels: set[str]) -> bool:
    key = label_key(line)
    return any(key.startswith(label) for label in row_labels if label)


def _coded(line: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(role, value) where a pattern of the dialect's own fits."""
    for pattern in dialect.lines:
        if (m := pattern.search(line)) is not None:
            yield from ((role, value.strip()) for role, value in m.groupdict().items() if value)
            return


def _labelled(line: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(role, value) of "Label: value", or of columns."""
    for shape in (_LABEL_LINE, _COLUMNS):
        if (m := shape.match(line)) is not None and (role := role_of(m[1], dialect.labels)):
            yield role, m[2].strip()
            return


def _records(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """The fields item by item: one that comes again begins the next item; what stood before all items is of each."""
    record: dict[str, str] = {}
    for role, value in pairs:
        if not role or not value or role == "other":
            continue
        if role in record and role in {"title", "item_id", "number"} and record[role] != value:
            yield record
            record = {}
        record.setdefault(role, value)
    if record:
        yield record


def matches(patterns: Iterable[Any], text: str) -> bool:
    """Whether one of the patterns is in the text."""
    line = spaced(words_of(text)).encode()
    return any(pattern.search(line) is not None for pattern in patterns)


def letters_of(page: Page, dialect: Dialect) -> tuple[Letter, ...]:
    """Every letter of the dialect that this can be."""
    return tuple(letter for letter in dialect.letters if _fits(letter, page))


def _fits(letter: Letter, page: Page) -> bool:
    banners = [line for line in page.headlines if matches(letter.banner, line)]
    if letter.banner and not banners:
        return False
    if any(matches(letter.never, line) for line in banners):
        return False
    if not all(matches(patterns, page.value(role)) for role, patterns in letter.when):
        return False
    if any(matches(patterns, page.value(role)) for role, patterns in letter.unless):
        return False
    return all(page.value(role) for role in letter.needs) and not any(page.value(role) for role in letter.lacks)


def answer_of(text: str, dialect: Dialect) -> tuple[EventName, str | None] | None:
    """What an answer or reason means, or None where nothing or more than one thing fits."""
    meanings = {(a.event, a.reason) for a in dialect.answers if matches(a.patterns, text)}
    return meanings.pop() if len(meanings) == 1 else None
