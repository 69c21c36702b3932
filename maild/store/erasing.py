"""Personal data taken out: of closed requests whose time is over, and of one patron who asks for it.

What stays is the request with its steps, partners, dates and charges: what statistics and bookkeeping need.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, and_, col, or_, select

from maild.core.effects import Audience
from maild.store.naming import message_id_of, names_of, rows_of_mail, rows_of_text
from maild.store.statements import table_of
from maild.store.tables import (
    ChargeRow,
    HistoryRow,
    InboxRow,
    InputRequestRow,
    InputRow,
    LetterMarkRow,
    OutboxRow,
    PatronRow,
    RequestRow,
    SightingRow,
    TaskRow,
)

EVENT_KEPT = frozenset(
    {"event", "due_date", "expected_date", "retry_after", "reason", "loan_condition", "cost", "item_id", "new_request"}
)
NEW_REQUEST_KEPT = frozenset({"service_type", "citation"})
# Texts beside those of a patron's own requests in which staff, or a mail system, may have named the patron.
BESIDE: dict[type[SQLModel], dict[str, str]] = {
    RequestRow: {"note": "", "office_address": ""},
    InboxRow: {"why": "", "traceback": ""},
    OutboxRow: {"last_error": ""},
    LetterMarkRow: {"recipient": "", "diagnostic": ""},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Where a copy of an erased mail may lie: the mailbox it came in, or a folder it was filed to from there."""

    mailbox: str
    uid: int
    message_id: str  # by which a mail program finds it wherever it lies


@dataclass(slots=True, kw_only=True)
class Erased:
    """What was erased, by number; `copies` are for a human to erase."""

    requests: int = 0
    mails: int = 0
    letters: int = 0
    copies: list[Copy] = field(default_factory=list)


def patrons(session: Session, who: str) -> list[PatronRow]:
    """The patrons of that card number or address."""
    same = or_(col(PatronRow.card) == who, col(PatronRow.email) == who.lower())
    return list(session.exec(select(PatronRow).where(same)).all())


def blockers(session: Session, patron_id: int) -> list[str]:
    """Why the patron cannot be erased yet, as sentences; [] where nothing stands against it."""
    own = select(RequestRow.number).where(RequestRow.patron_id == patron_id)
    opened = session.exec(own.where(col(RequestRow.closed_at).is_(None))).all()
    owing = session.exec(own.where(col(RequestRow.id).in_(_owing()))).all()
    return [f"{number} is open" for number in opened] + [
        f"{number} has a charge that is not settled" for number in owing
    ]


def settle_charges(session: Session, number: str, now: datetime) -> int:
    """The charges of a request are paid, or let off; how many were not before."""
    own = select(RequestRow.id).where(RequestRow.number == number).scalar_subquery()
    open_ones = update(table_of(ChargeRow)).where(col(ChargeRow.request_id) == own, col(ChargeRow.settled_at).is_(None))
    return session.exec(open_ones.values(settled_at=now)).rowcount


def due(session: Session, closed_before: datetime, limit: int) -> list[int]:
    """Closed requests whose patron's time is over and that owe nothing."""
    found = select(RequestRow.id).where(col(RequestRow.closed_at) < closed_before, col(RequestRow.erased_at).is_(None))
    found = found.where(col(RequestRow.id).not_in(_owing())).order_by(col(RequestRow.id)).limit(limit)
    return [one for one in session.exec(found).all() if one]


def old_mails(session: Session, before: datetime, limit: int) -> list[int]:
    """Mails dealt with before then, of no request or of closed ones only, whose bytes are still there."""
    still_open = (
        select(InputRow.mail_id)
        .join(InputRequestRow, col(InputRequestRow.input_id) == col(InputRow.id))
        .join(RequestRow, col(RequestRow.id) == col(InputRequestRow.request_id))
        .where(
            col(InputRow.mail_id).is_not(None),
            or_(col(RequestRow.closed_at).is_(None), col(RequestRow.closed_at) >= before),
        )
    )
    found = select(InboxRow.id).where(InboxRow.state == "done", col(InboxRow.done_at) < before)
    found = found.where(InboxRow.raw != b"", col(InboxRow.id).not_in(still_open)).limit(limit)
    return [one for one in session.exec(found).all() if one]


def erase_idle_patrons(session: Session, before: datetime) -> int:
    """Records of patrons without any request that nobody has changed since then; how many there were."""
    idle = col(PatronRow.id).not_in(select(RequestRow.patron_id).where(col(RequestRow.patron_id).is_not(None)))
    return session.exec(delete(table_of(PatronRow)).where(col(PatronRow.changed_at) < before, idle)).rowcount


def erase_old_letters(session: Session, before: datetime) -> int:
    """Letters of no request from before then, like those that told staff of a mail; how many there were."""
    gone = col(OutboxRow.state).in_(("sent", "failed", "shadow", "dropped"))
    return _erase_letters(session, and_(gone, col(OutboxRow.request_id).is_(None), OutboxRow.created_at < before))


def forget(session: Session, patron: PatronRow, now: datetime) -> Erased:
    """The patron is in no row any more. Ask `blockers` first."""
    words = names_of(patron)
    own = [one for one in session.exec(select(RequestRow.id).where(RequestRow.patron_id == patron.id)).all() if one]
    erased = erase_requests(session, own, now, words=words)
    mails = erase_mails(session, rows_of_mail(session, InboxRow, words))
    erased.mails, erased.copies = erased.mails + mails.mails, erased.copies + mails.copies
    sightings = rows_of_mail(session, SightingRow, words)
    session.exec(update(table_of(SightingRow)).where(col(SightingRow.id).in_(sightings)).values(raw=None))
    letters = or_(OutboxRow.to == patron.email, col(OutboxRow.id).in_(rows_of_mail(session, OutboxRow, words)))
    erased.letters += _erase_letters(session, letters)
    session.exec(
        update(table_of(SightingRow)).where(col(SightingRow.envelope_from) == patron.email).values(envelope_from=None)
    )
    for table, columns in BESIDE.items():
        named = rows_of_text(session, table, [getattr(table, column) for column in columns], words)
        rows = table_of(table)
        session.exec(update(rows).where(rows.c.id.in_(named)).values(columns))
    session.delete(patron)
    session.flush()
    return erased


def erase_requests(
    session: Session, requests: Sequence[int], now: datetime, words: Collection[str] = (), *, with_mails: bool = True
) -> Erased:
    """Closed requests without their people. `words` are a patron's: texts that name one go too."""
    numbers = session.exec(select(RequestRow.number).where(col(RequestRow.id).in_(requests))).all()
    inputs = _inputs(session, requests, [f'"{number}"' for number in numbers])
    inputs |= set(rows_of_text(session, InputRow, [InputRow.context, InputRow.input, InputRow.decision], words))
    mails = {one for one in session.exec(select(InputRow.mail_id).where(col(InputRow.id).in_(inputs))).all() if one}
    of_these = set(session.exec(select(InputRow.mail_id).where(col(InputRow.id).in_(_linked(requests)))).all())
    blank = {"input": "", "context": "", "decision": "", "why": ""}
    session.exec(update(table_of(InputRow)).where(col(InputRow.id).in_(inputs)).values(**blank))
    _erase_steps(session, inputs, rows_of_text(session, HistoryRow, [HistoryRow.event, HistoryRow.why], words))
    session.exec(
        update(table_of(RequestRow))
        .where(col(RequestRow.id).in_(requests))
        .values(patron_id=None, note="", office_address="", last_patron_message_id="", erased_at=now)
    )
    session.exec(
        update(table_of(RequestRow))
        .where(col(RequestRow.id).in_(requests), col(RequestRow.role) == "borrowing")
        .values(requester=None)
    )
    asked = or_(
        col(TaskRow.request_id).in_(requests),
        col(TaskRow.mail_id).in_(mails),
        col(TaskRow.id).in_(rows_of_text(session, TaskRow, [TaskRow.text, TaskRow.passage, TaskRow.commands], words)),
    )
    session.exec(update(table_of(TaskRow)).where(asked).values(text="", passage="", commands=[]))
    own = col(OutboxRow.request_id).in_(requests) & (col(OutboxRow.audience) != Audience.PARTNER.value)
    erased = erase_mails(session, [one for one in of_these if one]) if with_mails else Erased()
    erased.requests, erased.letters = len(requests), _erase_letters(session, own)
    return erased


def erase_mails(session: Session, mails: Sequence[int]) -> Erased:
    """These mails without bytes and addresses; their keys stay, so that they are not taken a second time."""
    of_mail = col(SightingRow.mail_id).in_(mails)
    copies = (
        select(SightingRow.mailbox, SightingRow.uid, InboxRow.raw)
        .join(InboxRow, col(InboxRow.id) == col(SightingRow.mail_id))
        .where(of_mail, SightingRow.mailbox != "", InboxRow.raw != b"")
    )
    found = [Copy(mailbox=m, uid=uid or 0, message_id=message_id_of(raw)) for m, uid, raw in session.exec(copies)]
    session.exec(
        update(table_of(InboxRow)).where(col(InboxRow.id).in_(mails)).values(raw=b"", stamp=b"", why="", traceback="")
    )
    session.exec(update(table_of(SightingRow)).where(of_mail).values(raw=None, envelope_from=None, recipients=[]))
    return Erased(mails=len(mails), copies=found)


def _erase_letters(session: Session, which: Any) -> int:
    letters = list(session.exec(select(OutboxRow.id).where(which, OutboxRow.raw != b"")).all())
    chosen = col(OutboxRow.id).in_(letters)
    blank = {"raw": b"", "to": "", "subject": "", "says": {}, "last_error": "", "cause": ""}
    session.exec(update(table_of(OutboxRow)).where(chosen).values(**blank))
    marks = col(LetterMarkRow.letter_id).in_(letters)
    session.exec(update(table_of(LetterMarkRow)).where(marks).values(recipient="", diagnostic=""))
    return len(letters)


def _erase_steps(session: Session, inputs: Collection[int], steps: Collection[int]) -> None:
    """Of these steps, and those that these inputs caused, stays what happened in the field's words."""
    which = or_(col(HistoryRow.input_id).in_(inputs), col(HistoryRow.id).in_(steps))
    for step in session.exec(select(HistoryRow).where(which)):
        event = {key: value for key, value in step.event.items() if key in EVENT_KEPT}
        if isinstance(new := event.get("new_request"), dict):
            event["new_request"] = {key: value for key, value in new.items() if key in NEW_REQUEST_KEPT}
        step.event, step.why = event, ""
        session.add(step)
    session.flush()


def _inputs(session: Session, requests: Sequence[int], numbers: Collection[str]) -> set[int]:
    """Inputs about these requests, and others that looked at them."""
    texts = (InputRow.context, InputRow.input, InputRow.decision)
    naming = [col(text).contains(number, autoescape=True) for text in texts for number in numbers]
    linked = set(session.exec(_linked(requests)).all())
    return linked | {
        one or 0 for one in (session.exec(select(InputRow.id).where(or_(*naming))).all() if naming else ())
    }


def _linked(requests: Sequence[int]) -> Any:
    return select(InputRequestRow.input_id).where(col(InputRequestRow.request_id).in_(requests))


def _owing() -> Any:
    return select(ChargeRow.request_id).where(col(ChargeRow.settled_at).is_(None))
