"""The last moment at which the clock was believed: what counts days compares with it (P30, P36)."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from maild.store.tables import TickRow

MAX_LEAP = timedelta(days=14)  # a desk that was closed for a fortnight goes on by itself
EVERY = timedelta(hours=1)  # it is not written at each tick


def last(session: Session) -> datetime | None:
    """The last tick that was noted; None before the first."""
    return session.exec(select(TickRow.at)).one_or_none()


def leap(session: Session, now: datetime) -> datetime | None:
    """The last tick, where `now` is so far from it, either way, that nobody knows which of the two is right."""
    at = last(session)
    return at if at is not None and abs(now - at) > MAX_LEAP else None


def note(session: Session, now: datetime) -> None:
    """The clock is believed at this moment."""
    session.merge(TickRow(id=1, at=now))
