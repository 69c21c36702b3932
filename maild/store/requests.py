"""Requests for people: lists of them, and one with everything that happened to it, in order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, and_, col, or_, select

from maild.core.request import Request
from maild.core.terms import Flag, Role, Status
from maild.store.context import load_requests
from maild.store.tables import (
    HistoryRow,
    InboxRow,
    InputRequestRow,
    InputRow,
    ItemCodeRow,
    LetterMarkRow,
    NoticeRow,
    OutboxRow,
    PartnerRow,
    PatronRow,
    RequestRow,
    TaskRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which requests a list shows; what is not said does not matter."""

    role: Role | None = None
    statuses: Collection[Status] = ()
    flag: Flag | None = None
    open_only: bool = False
    partner_symbol: str = ""
    patron_id: int | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    limit: int = 200
    after: str = ""  # the last number of the page before


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a timeline. `what` is mail, decision, status, letter, report, notice or task."""

    at: datetime
    what: str
    text: str
    who: str = ""
    why: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that waits for a human."""

    id: int
    number: str
    mail_id: int | None
    reason: str
    text: str
    passage: str
    commands: tuple[str, ...]
    created_at: datetime


def requests(session: Session, filters: Filters) -> list[Request]:
    """The requests that pass, oldest number first."""
    found = select(RequestRow.id, RequestRow.flags).order_by(RequestRow.number)
    if filters.role:
        found = found.where(RequestRow.role == filters.role.value)
    if filters.statuses:
        found = found.where(col(RequestRow.status).in_([status.value for status in filters.statuses]))
    if filters.open_only:
        found = found.where(col(RequestRow.closed_at).is_(None))
    if filters.partner_symbol:
        partner = select(PartnerRow.id).where(PartnerRow.symbol == filters.partner_symbol)
        found = found.where(col(RequestRow.partner_id).in_(partner))
    if filters.patron_id is not None:
        found = found.where(RequestRow.patron_id == filters.patron_id)
    if filters.created_from:
        found = found.where(RequestRow.created_at >= filters.created_from)
    if filters.created_before:
        found = found.where(RequestRow.created_at < filters.created_before)
    if filters.after:
        found = found.where(RequestRow.number > filters.after)
    ids = [one or 0 for one, flags in session.exec(found) if filters.flag is None or filters.flag in flags]
    return list(load_requests(session, ids[: filters.limit])[0])


def by_number(session: Session, number: str) -> Request | None:
    """The request of that number, or None."""
    request_id = session.exec(select(RequestRow.id).where(RequestRow.number == number)).one_or_none()
    return load_requests(session, [request_id])[0][0] if request_id else None


def of_same_patron(session: Session, number: str) -> list[str]:
    """The numbers of all open requests of the patron whose this one is."""
    patron = select(RequestRow.patron_id).where(RequestRow.number == number, col(RequestRow.patron_id).is_not(None))
    own = select(RequestRow.number).where(col(RequestRow.patron_id).in_(patron), col(RequestRow.closed_at).is_(None))
    return list(session.exec(own.order_by(RequestRow.number)))


def borrowed_alike(session: Session, patron: str, item_ids: Collection[str]) -> list[str]:
    """The numbers of open requests of the patron with this card or address, and of those that have one of the items."""
    people = select(PatronRow.id).where(or_(col(PatronRow.card) == patron, col(PatronRow.email) == patron.lower()))
    having = select(ItemCodeRow.request_id).where(col(ItemCodeRow.code).in_(item_ids))
    found = select(RequestRow.number).where(
        RequestRow.role == Role.BORROWING.value,
        col(RequestRow.closed_at).is_(None),
        or_(col(RequestRow.patron_id).in_(people), col(RequestRow.id).in_(having)),
    )
    return list(session.exec(found.order_by(RequestRow.number)))


def timeline(session: Session, number: str) -> list[Entry]:
    """Every mail, decision with its reason, step, letter, report, notice and task of a request, in order of time."""
    request_id = session.exec(select(RequestRow.id).where(RequestRow.number == number)).one_or_none()
    if request_id is None:
        return []
    entries = [
        *_inputs(session, request_id),
        *_steps(session, request_id),
        *_letters(session, request_id),
        *_notices(session, request_id),
        *_tasks(session, request_id),
    ]
    return sorted(entries, key=lambda entry: entry.at)  # stable: at one moment, cause stands before effect


def tasks(session: Session) -> list[Task]:
    """What waits for a human, oldest first."""
    found = session.exec(
        select(TaskRow, RequestRow.number)
        .join(RequestRow, col(RequestRow.id) == col(TaskRow.request_id), isouter=True)
        .where(col(TaskRow.done_at).is_(None))
        .order_by(col(TaskRow.id))
    )
    return [
        Task(
            id=row.id or 0,
            number=number or "",
            mail_id=row.mail_id,
            reason=row.reason,
            text=row.text,
            passage=row.passage,
            commands=tuple(row.commands),
            created_at=row.created_at,
        )
        for row, number in found
    ]


def settle(session: Session, task_id: int, who: str, now: datetime) -> bool:
    """The task is done; False where there is none such that waits."""
    row = session.get(TaskRow, task_id, populate_existing=True)
    if row is None or row.done_at is not None:
        return False
    row.done_at, row.done_by = now, who
    session.add(row)
    session.flush()
    return True


def _inputs(session: Session, request_id: int) -> list[Entry]:
    found = session.exec(
        select(InputRow, InboxRow.received_at)
        .join(InputRequestRow, col(InputRequestRow.input_id) == col(InputRow.id))
        .join(InboxRow, col(InboxRow.id) == col(InputRow.mail_id), isouter=True)
        .where(InputRequestRow.request_id == request_id)
        .order_by(col(InputRow.id))
    ).all()
    mails = [
        Entry(at=received_at, what="mail", text=row.source_id, who=row.actor, id=row.mail_id or 0)
        for row, received_at in found
        if received_at is not None
    ]
    decided = [
        Entry(
            at=row.at,
            what="decision",
            text=_decided_how(row),
            who=row.actor,
            why=row.why,
            id=row.id or 0,
        )
        for row, _ in found
    ]
    return mails + decided


def _decided_how(row: InputRow) -> str:
    if not row.auto:
        return f"{row.kind}, left to staff"
    return row.kind if row.kind == "command" else f"{row.kind}, by itself"


def _steps(session: Session, request_id: int) -> list[Entry]:
    rows = session.exec(select(HistoryRow).where(HistoryRow.request_id == request_id).order_by(col(HistoryRow.id)))
    return [
        Entry(
            at=row.at,
            what="status",
            text=f"{row.event.get('event', '')}: {row.from_status or 'nothing'} → {row.to_status}"
            + "".join(f", +{flag}" for flag in row.flags_added)
            + "".join(f", -{flag}" for flag in row.flags_removed),
            who=row.who,
            why=row.why,
            id=row.id or 0,
        )
        for row in rows
    ]


def _letters(session: Session, request_id: int) -> list[Entry]:
    caused = select(InputRequestRow.input_id).where(InputRequestRow.request_id == request_id)
    of_several = and_(col(OutboxRow.request_id).is_(None), col(OutboxRow.input_id).in_(caused))  # like reminders
    own = or_(col(OutboxRow.request_id) == request_id, of_several)
    rows = session.exec(select(OutboxRow).where(own).order_by(col(OutboxRow.id))).all()
    letters = [
        Entry(
            at=row.sent_at or row.created_at,
            what="letter",
            text=f"{row.letter} to {row.to}: {row.state}",
            who=row.audience,
            why=row.last_error,
            id=row.id or 0,
        )
        for row in rows
    ]
    marks = session.exec(
        select(LetterMarkRow, OutboxRow.letter)
        .join(OutboxRow, col(OutboxRow.id) == col(LetterMarkRow.letter_id))
        .where(OutboxRow.request_id == request_id)
    )
    reports = [
        Entry(
            at=mark.at,
            what="report",
            text=f"{letter} to {mark.recipient}: {'failed' if mark.failed else 'delayed'}",
            why=mark.diagnostic,
            id=mark.letter_id,
        )
        for mark, letter in marks
    ]
    return letters + reports


def _notices(session: Session, request_id: int) -> list[Entry]:
    rows = session.exec(select(NoticeRow).where(NoticeRow.request_id == request_id).order_by(col(NoticeRow.id)))
    return [
        Entry(at=row.due, what="notice", text=f"{row.notice} for {row.anchor}: {row.state}", id=row.id or 0)
        for row in rows
    ]


def _tasks(session: Session, request_id: int) -> list[Entry]:
    rows = session.exec(select(TaskRow).where(TaskRow.request_id == request_id).order_by(col(TaskRow.id)))
    return [
        Entry(
            at=row.created_at,
            what="task",
            text=f"{row.text}: {f'settled by {row.done_by}' if row.done_at else 'waits'}",
            why=row.reason,
            id=row.id or 0,
        )
        for row in rows
    ]
