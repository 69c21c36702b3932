"""What the library system reports: rules/library-system.toml, the lines of its file, what each does to a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from hashlib import sha256
from zoneinfo import ZoneInfo

from pydantic import Field

from maild.core import parts
from maild.core.problems import Problem, RuleFiles
from maild.core.reading import Event
from maild.core.request import Patron, Request
from maild.core.rulefiles import Table, read
from maild.core.terms import EventName, Role, Status
from maild.core.workdays import day_in

FILE = "library-system.toml"
COLUMNS = ("event", "at", "item", "number", "card")
MAX_CELL = 200  # characters
OTHER = "other"
Cells = Mapping[str, str | None]


class Kind(StrEnum):
    """What is reported."""

    CHECK_OUT = "check-out"
    CHECK_IN = "check-in"
    BLOCK = "block"
    UNBLOCK = "unblock"


# What it is to us; where a status is named, a request that stands there has been told already.
EVENTS: Mapping[tuple[Role, Kind], EventName] = {
    (Role.BORROWING, Kind.CHECK_OUT): EventName.CHECKED_OUT,
    (Role.BORROWING, Kind.CHECK_IN): EventName.RETURNED_BY_PATRON,
    (Role.LENDING, Kind.CHECK_IN): EventName.LOAN_COMPLETED,
}
TOLD_BY = {
    EventName.CHECKED_OUT: frozenset({Status.WITH_PATRON}),
    EventName.RETURNED_BY_PATRON: frozenset({Status.RETURNED_BY_PATRON, Status.SHIPPED_RETURN}),
    EventName.LOAN_COMPLETED: frozenset({Status.LOAN_COMPLETED}),
}
AT_DESK_OR_BEFORE = frozenset({Status.LOANED, Status.RECEIVED, Status.IN_TRANSIT_TO_DESK, Status.AWAITING_PICKUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How the library system says it: headings by column, and kinds by the word of the event column."""

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, Kind] = field(default_factory=dict)  # of its mails, a part of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file. `key` is the same for the same line in whatever file."""

    place: int  # of the file, its headings are line 1
    kind: Kind
    at: datetime
    item: str = ""
    number: str = ""
    card: str = ""

    @property
    def key(self) -> str:
        """Names what is reported: told twice, it is one thing."""
        told = f"{self.kind}\n{self.at.isoformat()}\n{self.item}\n{self.number}\n{self.card}"
        return f"library-system:{sha256(told.encode()).hexdigest()[:32]}"


class _Columns(Table):
    event: tuple[str, ...]
    at: tuple[str, ...]
    item: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    card: tuple[str, ...] = ()


class _LibrarySystemFile(Table):
    columns: _Columns
    events: dict[str, tuple[str, ...]]
    subjects: dict[Kind, tuple[str, ...]] = Field(default={})


def load(files: RuleFiles) -> tuple[Words, list[Problem]]:
    """The words, and every mistake; without the file nothing is understood."""
    if FILE not in files:
        return Words(), []
    found, problems = read(_LibrarySystemFile, FILE, files[FILE].data)
    if found is None:
        return Words(), problems
    words: dict[str, str] = {}
    for kind, said in found.events.items():
        if kind not in {*Kind, OTHER}:
            way_out = f"use one of {', '.join((*Kind, OTHER))}"
            problems.append(
                Problem(file=FILE, place=f"events.{kind}", what="nothing that is reported", way_out=way_out)
            )
        for word in map(_folded, said):
            if word in words:
                what = f"{word!r} stands for {words[word]} too"
                problems.append(Problem(file=FILE, place=f"events.{kind}", what=what, way_out="leave one of them"))
            words[word] = kind
    columns = {name: tuple(map(_folded, getattr(found.columns, name))) for name in COLUMNS}
    subjects = {_folded(part): kind for kind, parts in found.subjects.items() for part in parts}
    return Words(columns=columns, events=words, subjects=subjects), problems


def kind_of(subject: str, words: Words) -> Kind | None:
    """What a mail of that subject reports; the longest part that stands in it counts."""
    folded = _folded(subject)
    found = [part for part in words.subjects if part in folded]
    return words.subjects[max(found, key=len)] if found else None


def items_in(text: str, words: Words) -> tuple[str, ...]:
    """The things that a mail names, each behind a label of the column item: "Viivakoodi: 3012"."""
    labels = words.columns.get("item", ())
    pairs = (line.partition(":") for line in text.split("\n"))
    found = (value.strip() for label, colon, value in pairs if colon and _folded(label) in labels)
    return tuple(dict.fromkeys(item for item in found if item and len(item) <= MAX_CELL))


def lines(rows: Sequence[Cells], words: Words, zone: str) -> tuple[list[Line], list[str]]:
    """The lines of a file that are of concern, and every mistake in it: then none may be acted on."""
    headings = {_folded(heading): heading for heading in (rows[0] if rows else {}) if heading}
    found = {name: next((headings[h] for h in words.columns.get(name, ()) if h in headings), "") for name in COLUMNS}
    lacking = [
        f"line 1: no column for {name}: name it {_either(words, name)}" for name in COLUMNS[:2] if not found[name]
    ]
    if lacking and rows:
        return [], lacking
    read_lines: list[Line] = []
    problems: list[str] = []
    for place, row in enumerate(rows, start=2):
        cells = {name: (row.get(heading) or "").strip() if heading else "" for name, heading in found.items()}
        try:
            line = _line(place, cells, words, zone)
        except ValueError as err:
            problems.append(f"line {place}: {err}")
            continue
        if line is not None:
            read_lines.append(line)
    return read_lines, problems


def event_for(kind: Kind, item: str, request: Request) -> Event | None:
    """The event that such a report is on this request; None where it is none, or was told before."""
    name = EVENTS.get((request.role, kind))
    waits = any(item in part.item_ids for part in parts.waiting(request))  # fetched later than the others
    if name is None or (request.status in TOLD_BY[name] and not waits) or request.closed_at is not None:
        return None
    several = len(request.items) > 1
    return Event(event=name, request=request.number, item_id=(item,) if item and several else ())


def is_before(line: Line, request: Request, zone: str) -> bool:
    """Whether it was reported of a day before the request was there: then it is about another loan of the thing."""
    there = request.created_at
    return there is not None and day_in(line.at, zone) < day_in(there, zone)


def is_overtaken(line: Line, moved: datetime | None, zone: str) -> bool:
    """Whether a check-in was reported of a time before people moved the thing on: then it is an older one.

    A line that names only the day is of any hour of it.
    """
    if line.kind is not Kind.CHECK_IN or moved is None:
        return False
    only_day = line.at.astimezone(ZoneInfo(zone)).time() == time()
    return day_in(line.at, zone) < day_in(moved, zone) if only_day else line.at < moved


def of_another(line: Line, patron: Patron | None) -> bool:
    """Whether it was lent to a card that is not the patron's."""
    return bool(line.kind is Kind.CHECK_OUT and line.card and patron and patron.card and patron.card != line.card)


def waits_now(request: Request) -> bool:
    """Whether a loan that was to go to the office of somebody who is blocked waits at the desk from now on."""
    return request.delivery == "office" and request.status in AT_DESK_OR_BEFORE


def _line(place: int, cells: Mapping[str, str], words: Words, zone: str) -> Line | None:
    """The line; None where it is of no concern. Raises ValueError with what is wrong."""
    long = next((name for name, cell in cells.items() if len(cell) > MAX_CELL), "")
    if long:
        raise ValueError(f"{long} has more than {MAX_CELL} characters")
    kind = words.events.get(_folded(cells["event"]))
    if kind is None:
        raise ValueError(f"{cells['event']!r} is no event; add it to [events] in {FILE}, or correct it")
    if kind == OTHER:
        return None
    at = _moment(cells["at"], zone)
    if kind in {Kind.BLOCK, Kind.UNBLOCK}:
        if not cells["card"]:
            raise ValueError(f"a {kind} without a card")
    elif not cells["item"] and not cells["number"]:
        raise ValueError(f"a {kind} without an item or a request number")
    return Line(
        place=place,
        kind=Kind(kind),
        at=at,
        item=cells["item"],
        number=cells["number"].upper(),
        card=cells["card"],
    )


def _moment(text: str, zone: str) -> datetime:
    try:
        if len(text) == len("2026-12-03"):
            return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone))
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no moment; write it like 2026-12-03 or 2026-12-03 14:05:00") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def _either(words: Words, name: str) -> str:
    return " or ".join(words.columns.get(name, ())) or f"in [columns] of {FILE}"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
