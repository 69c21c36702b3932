"""What the library system's reports meet in the tables: open loans by their items, patrons by their cards."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from maild.core.request import Request
from maild.store.context import load_requests
from maild.store.database import insert
from maild.store.tables import HistoryRow, ItemCodeRow, PatronRow, ReportedRow, RequestRow, TaskRow

REASON = "library-system"  # of the task


def is_known(session: Session, key: str) -> bool:
    """Whether a line of that key has been dealt with."""
    return session.get(ReportedRow, key) is not None


def note(session: Session, key: str, now: datetime) -> None:
    """The line of that key has been dealt with."""
    statement = insert(session, ReportedRow).values(key=key, taken_at=now)
    session.exec(statement.on_conflict_do_nothing(index_elements=["key"]))


def open_requests(session: Session, item: str, number: str) -> list[Request]:
    """The open requests of that number, or with a thing of that id, at most two."""
    found = select(RequestRow.id).where(col(RequestRow.closed_at).is_(None)).order_by(col(RequestRow.id)).limit(2)
    if number:
        return _loaded(session, found.where(RequestRow.number == number))
    with_item = select(ItemCodeRow.request_id).where(ItemCodeRow.code == item)
    return _loaded(session, found.where(col(RequestRow.id).in_(with_item)))


def moved_at(session: Session, request_id: int, not_by: str) -> datetime | None:
    """When the request came to its status by others than that actor, whose moves are noted later than they were."""
    moves = select(HistoryRow).where(
        HistoryRow.request_id == request_id, HistoryRow.from_status != HistoryRow.to_status
    )
    last = session.exec(moves.order_by(col(HistoryRow.id).desc()).limit(1)).first()
    return last.at if last is not None and last.who != not_by else None


def block(session: Session, card: str, now: datetime, *, blocked: bool) -> int:
    """The patron of that card may borrow no more, or again; the id where that is new, else 0."""
    row = session.exec(select(PatronRow).where(PatronRow.card == card, PatronRow.blocked != blocked)).first()
    if row is None:
        return 0
    row.blocked, row.changed_at = blocked, now
    session.add(row)
    session.flush()
    return row.id or 0


def has_card(session: Session, card: str) -> bool:
    """Whether a patron of ours has that card."""
    return session.exec(select(PatronRow.id).where(PatronRow.card == card).limit(1)).first() is not None


def open_of_patron(session: Session, patron_id: int) -> list[Request]:
    """The open requests of a patron."""
    own = select(RequestRow.id).where(RequestRow.patron_id == patron_id, col(RequestRow.closed_at).is_(None))
    return _loaded(session, own.order_by(col(RequestRow.id)))


def _loaded(session: Session, ids: Any) -> list[Request]:
    return list(load_requests(session, list(session.exec(ids).all()))[0])


def ask(session: Session, number: str, text: str, commands: tuple[str, ...], now: datetime) -> None:
    """A task of staff about what was reported; the same is asked once."""
    asked = select(TaskRow.id).where(TaskRow.reason == REASON, TaskRow.text == text).limit(1)
    if session.exec(asked).first() is not None:
        return
    request_id = session.exec(select(RequestRow.id).where(RequestRow.number == number)).first() if number else None
    session.add(TaskRow(request_id=request_id, reason=REASON, text=text, commands=list(commands), created_at=now))
