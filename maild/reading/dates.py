"""Days that a text names, as Finnish, Swedish, English and German correspondence writes them.

Own grammar, since a wrong due date is worse than none: dateparser 1.5 reads "3.12." as the time 03:12, "5 €" as a day.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from maild.core.mail import Today
from maild.reading.date_forms import BETWEEN_ENDS, FIRST_YEAR, LAST_YEAR, Form, forms, weekday_beside

LONGEST_LOAN_DAYS = 183  # a due date read from an unclear notation lies nearer than this
_JUST_GONE_DAYS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDate:
    """A day, or words that name no single day, at text[start:end].

    kind: day; range (`candidates` are its two ends); week, month (no day); relative ("tomorrow": a day; "next Monday",
    "in two weeks": none). problem: day-or-month, weekday (the weekday disagrees), impossible (31.2.), no-year (the
    mail's Date is not to be trusted). `candidates` are all days that can be meant; without a year, the one before too.
    """

    day: date | None
    start: int
    end: int
    text: str
    problem: str = ""
    kind: str = "day"
    year_stated: bool = False
    candidates: tuple[date, ...] = ()


def find_dates(text: str, today: Today, language: str = "") -> tuple[FoundDate, ...]:
    """Every day that the text names, in order. Without a year: the first such day on or after the mail's."""
    found: list[FoundDate] = []
    for form in forms(text, language):
        weekday, start = weekday_beside(text, form, language)
        found.append(_resolve(text, form if start == form.start else replace(form, start=start), weekday, today))
    return tuple(_without_absorbed(_joined_ranges(text, found)))


def due_date_of(found: FoundDate, today: Today, max_days: int = LONGEST_LOAN_DAYS) -> date | None:
    """The day that it means as a due date (or another day to come), or None where that cannot be told.

    A year that is written and one way to read it: that day, even if past. Else the only candidate from tomorrow to
    `max_days` on: on 20 November an American 01/11/2027 is 11 January, not a loan of eleven months.
    """
    if found.kind == "relative":
        return found.day
    if found.kind != "day" or found.problem not in {"", "day-or-month"}:
        return None
    if found.year_stated and not found.problem:
        return found.day
    near = {d for d in found.candidates if 1 <= (d - today.day).days <= max_days}
    return near.pop() if len(near) == 1 else None


def past_day_of(found: FoundDate, today: Today, max_days: int = LONGEST_LOAN_DAYS) -> date | None:
    """The day that it means where only a day gone by makes sense ("was due 2.11."), or None."""
    if found.kind != "day" or found.problem not in {"", "day-or-month"}:
        return None
    if found.year_stated and not found.problem:
        return found.day
    past = {d for d in found.candidates if 0 <= (today.day - d).days <= max_days}
    return past.pop() if len(past) == 1 else None


def compact_day(digits: str) -> date | None:
    """The day of "20261203", as tagged mails write it; anything after the eight digits is the time."""
    if not re.fullmatch(r"\d{8}(?:\d{4}|\d{6})?", digits):
        return None
    return _day(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def _resolve(text: str, form: Form, weekday: int | None, today: Today) -> FoundDate:
    out = FoundDate(day=None, start=form.start, end=form.end, text=text[form.start : form.end])
    if form.kind == "near":
        if not today.trusted:
            return replace(out, kind="relative", problem="no-year")
        return replace(out, kind="relative", day=(today.sent or today.day) + timedelta(days=form.days_ahead))
    if form.kind in {"ahead", "weekday"}:
        return replace(out, kind="relative")
    if form.kind in {"week", "month"}:
        return replace(out, kind=form.kind)
    if form.year is None and not today.trusted:
        return replace(out, problem="no-year")
    return _resolve_day(out, _with_told_year(text, form, today), weekday, today)


_TOLD_YEAR = re.compile(
    r",?\s(?:(ensi vuon\w{1,3}|ensi vuotta|nästa år|next year|nächsten Jahres|neste år|næste år)"
    r"|(?:tänä vuonna|i år|this year|dieses Jahres))\b",
    re.IGNORECASE,
)


def _with_told_year(text: str, form: Form, today: Today) -> Form:
    """The form with the year of "15/1 nästa år"."""
    if form.year is not None or (m := _TOLD_YEAR.match(text, form.end)) is None:
        return form
    return replace(form, year=(today.sent or today.day).year + (1 if m[1] else 0))


def _resolve_day(out: FoundDate, form: Form, weekday: int | None, today: Today) -> FoundDate:
    readings = [_readings(day, month, form.year, today) for day, month in form.orders]
    out = replace(out, year_stated=form.year is not None)
    readings = [r for r in readings if r]
    if not readings:
        return replace(out, problem="impossible")
    if weekday is not None:
        readings = [kept for r in readings if (kept := _agreeing(r, weekday, today))]
        if not readings:
            return replace(out, problem="weekday")
    candidates = tuple(d for r in readings for d in r)
    if form.from_day:
        return _range(out, form.from_day, candidates[0])
    if len(readings) > 1:
        return replace(out, problem="day-or-month", candidates=candidates)
    return replace(out, day=candidates[0], candidates=candidates)


def _agreeing(days: tuple[date, ...], weekday: int, today: Today) -> tuple[date, ...]:
    """Those on that weekday: "pe 20.11." two days later is the day just gone, but a slip is not last year's day."""
    oldest = today.day - timedelta(days=_JUST_GONE_DAYS) if len(days) > 1 else date.min
    return tuple(d for d in days if d.weekday() == weekday and d >= oldest)


def _readings(day: int, month: int, year: int | None, today: Today) -> tuple[date, ...]:
    """The days that this can be: one with a year; else the first on or after the mail's day, and the one before it."""
    if year is not None:
        known = _day(year, month, day)
        return (known,) if known is not None else ()
    base = today.sent or today.day
    years = range(base.year - 8, base.year + 9)  # 29.2. comes every four years, at a century's turn eight
    days = [d for y in years if (d := _day(y, month, day)) is not None]
    coming = next((d for d in days if d >= base), None)
    gone = next((d for d in reversed(days) if d < base), None)
    return tuple(d for d in (coming, gone) if d is not None)


def _range(out: FoundDate, from_day: int, last: date) -> FoundDate:
    return replace(out, kind="range", candidates=(last.replace(day=from_day), last))


def _day(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _joined_ranges(text: str, found: list[FoundDate]) -> Iterator[FoundDate]:
    """ "1.12.–31.12.2026" is one range, no due date."""
    held: FoundDate | None = None
    for this in found:
        if held is not None and held.kind == this.kind == "day" and BETWEEN_ENDS.fullmatch(text, held.end, this.start):
            ends = tuple(d for d in (held.day, this.day) if d is not None)
            whole = text[held.start : this.end]
            held = FoundDate(day=None, start=held.start, end=this.end, text=whole, kind="range", candidates=ends)
            continue
        if held is not None:
            yield held
        held = this
    if held is not None:
        yield held


def _without_absorbed(found: Iterator[FoundDate]) -> Iterator[FoundDate]:
    """Without the weekday words that belong to the day after them."""
    held: FoundDate | None = None
    for this in found:
        if held is not None and held.start < this.start:
            yield held
        held = this
    if held is not None:
        yield held
