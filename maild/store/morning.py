"""What the letters of the morning are made of, out of the tables."""

from datetime import datetime

from sqlmodel import Session, col, select

from maild.core.request import Context
from maild.core.shadow import ActedOn, Unsent
from maild.core.worklist import Held, Standing, Waiting
from maild.store import outbox, requests
from maild.store.context import load_requests
from maild.store.tables import InboxRow, OutboxRow, RequestRow

MAX_LETTERS = 1000  # of a day, and mails too: the letter counts no further


def standing(session: Session) -> Standing:
    """How the desk stands now."""
    ids = session.exec(select(RequestRow.id).where(col(RequestRow.closed_at).is_(None)).order_by(RequestRow.number))
    open_requests, partners, _ = load_requests(session, [one for one in ids if one])
    return Standing(
        open=Context(requests=open_requests, partners=tuple(partners)),
        tasks=tuple(
            Waiting(id=task.id, number=task.number, reason=task.reason, text=task.text, commands=task.commands)
            for task in requests.tasks(session)
        ),
        held=tuple(
            Held(id=letter.id, number=letter.number, letter=letter.letter, to=letter.to)
            for letter in outbox.unsent(session)
            if letter.state == "held"
        ),
    )


def acted_on(session: Session, since: datetime, until: datetime) -> list[ActedOn]:
    """The mails of a time that were acted on with no human, oldest first."""
    found = session.exec(
        select(InboxRow.id, InboxRow.numbers, InboxRow.kind, InboxRow.why)
        .where(col(InboxRow.acted).is_(True), col(InboxRow.done_at) >= since, col(InboxRow.done_at) < until)
        .order_by(col(InboxRow.id))
        .limit(MAX_LETTERS)
    )
    return [
        ActedOn(id=mail or 0, number=" ".join(numbers[:1]), kind=kind, why=why) for mail, numbers, kind, why in found
    ]


def kept_letters(session: Session, since: datetime, until: datetime) -> list[Unsent]:
    """The letters of a time that were written and not sent, oldest first."""
    found = session.exec(
        select(RequestRow.number, OutboxRow.letter, OutboxRow.to)
        .join(RequestRow, col(RequestRow.id) == col(OutboxRow.request_id), isouter=True)
        .where(OutboxRow.state == "shadow", OutboxRow.created_at >= since, OutboxRow.created_at < until)
        .order_by(col(OutboxRow.id))
        .limit(MAX_LETTERS)
    )
    return [Unsent(number=number or "", letter=letter, to=to) for number, letter, to in found]
