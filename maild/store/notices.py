"""Notices that fall due. What is due is kept here and asked for at every tick, so an outage loses none."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from maild.core.effects import DueNotice
from maild.store.database import insert
from maild.store.statements import run, table_of
from maild.store.tables import NoticeRow, OutboxRow, PatronRow, RequestRow

MOST_OF_ONE = 100  # notices of one patron at once

# Columns are given by their names when a statement runs; "of_…" says of which row.
_NOTICE = table_of(NoticeRow)
_NOTICE_IN_HAND = select(_NOTICE.c.request_id, _NOTICE.c.series, _NOTICE.c.item_id, _NOTICE.c.due).where(
    _NOTICE.c.id == bindparam("of_id")
)
_NOTICE_DONE = update(_NOTICE).where(_NOTICE.c.id == bindparam("of_id"))
_OLDER_MISSED = (
    update(_NOTICE)
    .where(
        _NOTICE.c.request_id == bindparam("of_request"),
        _NOTICE.c.series == bindparam("of_series"),
        _NOTICE.c.item_id == bindparam("of_item"),
        _NOTICE.c.state == "planned",
        _NOTICE.c.due < bindparam("before"),
    )
    .values(state="missed")
)


def due(session: Session, now: datetime, limit: int) -> list[DueNotice]:
    """The notices whose hour has come, earliest first; of a series only the newest."""
    return _due(session, now, limit)


def _due(session: Session, now: datetime, limit: int, *also: ColumnElement[bool]) -> list[DueNotice]:
    later = aliased(NoticeRow)
    overtaken = (
        select(later.id)
        .where(later.request_id == NoticeRow.request_id, later.item_id == NoticeRow.item_id)
        .where(later.series == NoticeRow.series, NoticeRow.series != "")
        .where(later.state == "planned", later.due <= now, later.due > NoticeRow.due)
        .exists()
    )
    found = session.exec(
        select(NoticeRow, RequestRow.number)
        .join(RequestRow, col(RequestRow.id) == col(NoticeRow.request_id))
        .where(NoticeRow.state == "planned", NoticeRow.due <= now, ~overtaken, *also)
        .order_by(col(NoticeRow.due), col(NoticeRow.id))
        .limit(limit)
        .execution_options(populate_existing=True)
    ).all()
    return [_due_notice(row, number) for row, number in found]


def beside(session: Session, due: DueNotice, names: Collection[str], now: datetime) -> list[DueNotice]:
    """The other notices of these names that are due for the same patron."""
    patron = select(RequestRow.patron_id).where(RequestRow.number == due.number, col(RequestRow.patron_id).is_not(None))
    own = col(RequestRow.patron_id).in_(patron)
    return [one for one in _due(session, now, MOST_OF_ONE, own, col(NoticeRow.notice).in_(names)) if one.id != due.id]


def told_at(session: Session, number: str, letters: Collection[str]) -> datetime | None:
    """When one of these letters was last written to the patron of the request."""
    address = (
        select(PatronRow.email)
        .join(RequestRow, col(RequestRow.patron_id) == col(PatronRow.id))
        .where(RequestRow.number == number, PatronRow.email != "")
    )
    written = select(func.max(OutboxRow.created_at)).where(col(OutboxRow.to).in_(address))
    return session.exec(written.where(col(OutboxRow.letter).in_(letters))).one()


def next_due(session: Session) -> datetime | None:
    """When the next planned notice falls due."""
    return session.exec(select(func.min(NoticeRow.due)).where(NoticeRow.state == "planned")).one()


def finish(session: Session, notice_id: int, now: datetime, *, sent: bool) -> None:
    """The notice has had its turn. Earlier ones of its series, which an outage kept back, are missed for good.

    One that its decision put off to a later hour stays planned.
    """
    request_id, series, item_id, due_at = run(session, _NOTICE_IN_HAND, {"of_id": notice_id}).one()
    if due_at > now:
        return
    if series:
        older = {"of_request": request_id, "of_series": series, "of_item": item_id, "before": due_at}
        run(session, _OLDER_MISSED, older)
    run(session, _NOTICE_DONE, {"of_id": notice_id, "state": "sent" if sent else "dropped"})


def planned(session: Session, request_id: int) -> list[tuple[datetime, str]]:
    """The notices that a request waits for, the next one first."""
    mine = select(NoticeRow.due, NoticeRow.notice).where(NoticeRow.request_id == request_id)
    return list(session.exec(mine.where(NoticeRow.state == "planned").order_by(col(NoticeRow.due))))


def look_again(session: Session, patrons: Collection[int], notice: str, now: datetime) -> None:
    """Plans the notice of these patrons' open requests for now: their accounts have other ends than before.

    Deciding about it finds the right day. One that went out for the same end does not come again.
    """
    ending = (
        select(RequestRow, PatronRow)
        .join(PatronRow, col(RequestRow.patron_id) == col(PatronRow.id))
        .where(col(PatronRow.id).in_(patrons), col(RequestRow.closed_at).is_(None))
        .where(col(PatronRow.account_ends) > now.date())
    )
    for request, patron in session.exec(ending).all():
        key = {"request_id": request.id, "notice": notice, "anchor": patron.account_ends}
        session.exec(
            insert(session, NoticeRow)
            .values(**key, due=now, state="planned", item_id=0, series="")
            .on_conflict_do_update(
                index_elements=["request_id", "notice", "anchor"],
                set_={"due": now, "state": "planned"},
                where=col(NoticeRow.state) == "dropped",
            )
        )


def _due_notice(row: NoticeRow, number: str) -> DueNotice:
    return DueNotice(
        number=number,
        notice=row.notice,
        anchor=row.anchor,
        due=row.due,
        item_id=row.item_id,
        id=str(row.id),
    )
