"""On which days the library is open, counted in working days, and the moment of an hour of a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read

FILE = "calendars/default.toml"
MAX_CLOSURE_DAYS = 200
ALPHA_2 = 2  # letters of a country's code by ISO 3166-1
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which the house is closed, first and last included."""

    first: date
    last: date
    name: str = ""

    def covers(self, day: date) -> bool:
        """Whether the house is closed for it on `day`."""
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """How long it lasts."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The house's open days. `country` gives the public holidays ("" = none), `eves` closes the days before them."""

    country: str = "FI"
    eves: bool = True
    closed_weekdays: frozenset[int] = frozenset({5, 6})  # Monday is 0
    closures: tuple[Closure, ...] = ()
    _holidays: Mapping[date, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.country:
            object.__setattr__(self, "_holidays", holidays.country_holidays(self.country))

    def is_holiday(self, day: date) -> bool:
        """Whether `day` is a public holiday or, where eves count, the eve of one.

        Christmas Eve and Midsummer Eve are holidays already: the first of two in a row has no eve of its own.
        """
        is_eve = day + ONE_DAY in self._holidays and day + 2 * ONE_DAY not in self._holidays
        return day in self._holidays or (self.eves and is_eve)

    def closure(self, day: date) -> Closure | None:
        """The closure that `day` falls into, or None."""
        return next((c for c in self.closures if c.covers(day)), None)

    def closure_between(self, day: date, last: date) -> Closure | None:
        """The longest closure that lies at least partly after `day` and not after `last`, or None."""
        touched = [c for c in self.closures if c.last > day and c.first <= last]
        return max(touched, key=lambda c: c.days, default=None)

    def is_open(self, day: date) -> bool:
        """Whether the house is open on `day`."""
        return day.weekday() not in self.closed_weekdays and not self.is_holiday(day) and self.closure(day) is None

    def next_open(self, day: date) -> date:
        """The first open day on or after `day`."""
        while not self.is_open(day):
            day += ONE_DAY
        return day

    def last_open_on_or_before(self, day: date) -> date:
        """The last open day on or before `day`."""
        while not self.is_open(day):
            day -= ONE_DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th open day after `day` (before it, where negative); 0 gives `day` itself."""
        step = ONE_DAY if count > 0 else -ONE_DAY
        for _ in range(abs(count)):
            day += step
            while not self.is_open(day):
                day += step
        return day


def at(day: date, hour: int, zone: str) -> datetime:
    """That hour of that day in `zone`, in UTC. An hour that the spring change leaves out is the one after it."""
    return datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_in(moment: datetime, zone: str) -> date:
    """The day that `moment` falls on in `zone`."""
    return moment.astimezone(ZoneInfo(zone)).date()


class _ClosureTable(Table):
    first: date
    last: date
    name: str = ""


class _CalendarFile(Table):
    holidays: str = "FI"
    eves: bool = True
    closed_weekdays: frozenset[Weekday] = frozenset({"Saturday", "Sunday"})
    closures: dict[str, _ClosureTable] = Field(default={})


def load(files: RuleFiles) -> tuple[Calendar, list[Problem]]:
    """The calendar of calendars/default.toml, and every mistake in it."""
    if FILE not in files:
        return Calendar(), [Problem(file=FILE, place="file", what="missing", way_out="restore the shipped file")]
    found, problems = read(_CalendarFile, FILE, files[FILE].data)
    if found is None:
        return Calendar(), problems
    problems = _mistakes(found)
    if problems:
        return Calendar(), problems
    return Calendar(
        country=found.holidays,
        eves=found.eves,
        closed_weekdays=frozenset(WEEKDAYS.index(name) for name in found.closed_weekdays),
        closures=tuple(
            Closure(first=c.first, last=c.last, name=c.name or key) for key, c in sorted(found.closures.items())
        ),
    ), []


def _mistakes(found: _CalendarFile) -> list[Problem]:
    out: list[Problem] = []
    if found.holidays and not _is_country(found.holidays):
        out.append(_problem("holidays", f"no such country: {found.holidays!r}", 'write "FI", or "" for no holidays'))
    if len(found.closed_weekdays) == len(WEEKDAYS):
        out.append(_problem("closed_weekdays", "no day of the week is open", "leave at least one out"))
    for key, closure in found.closures.items():
        length = (closure.last - closure.first).days + 1
        if not 1 <= length <= MAX_CLOSURE_DAYS:
            what = f"lasts {length} days"
            out.append(_problem(f"closures.{key}", what, f"give first and last day, at most {MAX_CLOSURE_DAYS} days"))
    return out


def _is_country(code: str) -> bool:
    """Whether it is a code of two letters that `holidays` knows; to list all of them would import each country."""
    if len(code) != ALPHA_2:
        return False
    try:
        holidays.country_holidays(code)
    except NotImplementedError:  # what `holidays` raises for a country that it does not know
        return False
    return True


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)
