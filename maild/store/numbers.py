"""Request numbers: a counter for each prefix and year; a number that was drawn is never drawn again."""

from sqlmodel import Session, col

from maild.store.database import insert
from maild.store.tables import CounterRow

DIGITS = 6


def draw(session: Session, prefix: str, year: int) -> str:
    """The next number, KP-2026-000123. One whose transaction fails leaves a gap or comes again, never twice."""
    statement = insert(session, CounterRow).values(prefix=prefix, year=year, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"last": col(CounterRow.last) + 1}
    )
    (last,) = session.exec(statement.returning(col(CounterRow.last))).one()
    return f"{prefix}-{year}-{last:0{DIGITS}}"
