"""Request numbers: a counter for each prefix and year; a number that was drawn is never drawn again."""

from functools import cache
from typing import Any

from sqlmodel import Session

from maild.store.database import Insert, insert
from maild.store.statements import run, table_of
from maild.store.tables import CounterRow

DIGITS = 6


def draw(session: Session, prefix: str, year: int) -> str:
    """The next number, KP-2026-000123. One whose transaction fails leaves a gap or comes again, never twice."""
    counted = {"prefix": prefix, "year": year, "last": 1}
    (last,) = run(session, _one_on(insert(session, CounterRow)), counted).one()
    return f"{prefix}-{year}-{last:0{DIGITS}}"


@cache
def _one_on(new: Insert) -> Any:
    last = table_of(CounterRow).c.last
    return new.on_conflict_do_update(index_elements=["prefix", "year"], set_={"last": last + 1}).returning(last)
