"""The outbox: letters that wait to be sent, in order within a request, with the same bytes at every try."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Integer, Update, bindparam, func, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, or_, select

from maild.core.effects import Audience, Composed, SendLetter
from maild.store.database import Insert, insert
from maild.store.statements import one_of, run, table_of
from maild.store.tables import OutboxRow, RequestRow, TaskRow

BEYOND_PAUSES = timedelta(days=1)  # post.sender's longest is half of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A letter to send now. `number` is "" where it is about no request."""

    id: int
    number: str
    letter: str
    audience: str
    to: str
    envelope_from: str
    message_id: str
    raw: bytes
    tries: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A letter that has not gone out, without its bytes, for people."""

    id: int
    number: str
    letter: str
    to: str
    state: str
    tries: int
    last_error: str
    created_at: datetime


_LETTER, _REQUEST = table_of(OutboxRow), table_of(RequestRow)
_EARLIER = _LETTER.alias()
_HELD_UP = (
    select(_EARLIER.c.id)
    .where(_EARLIER.c.request_id == _LETTER.c.request_id, _EARLIER.c.state == "waiting")
    .where(_EARLIER.c.audience != Audience.STAFF, _EARLIER.c.id < _LETTER.c.id)
    .exists()
)
_DUE = (
    select(*(*_LETTER.c, _REQUEST.c.number))
    .join_from(_LETTER, _REQUEST, _REQUEST.c.id == _LETTER.c.request_id, isouter=True)
    .where(_LETTER.c.state == "waiting")
    .where(or_(_LETTER.c.next_try_at <= bindparam("now"), _LETTER.c.next_try_at > bindparam("beyond")))
    .where(or_(_LETTER.c.audience == Audience.STAFF, ~_HELD_UP))
    .order_by(_LETTER.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_TAKEN = (
    update(_LETTER)
    .where(_LETTER.c.id == bindparam("of_id"), _LETTER.c.state.in_(("waiting", "dropped")))
    .values(state="sent", sent_at=bindparam("sent_at"), last_error="", tries=_LETTER.c.tries + 1)
)
_LETTERS_SINCE = (
    select(func.count())
    .select_from(_LETTER)
    .join(_REQUEST, _REQUEST.c.id == _LETTER.c.request_id)
    .where(_REQUEST.c.number == bindparam("number"), _LETTER.c.created_at >= bindparam("since"))
    .where(_LETTER.c.audience != Audience.STAFF, _LETTER.c.state.not_in(("shadow", "dropped")))
)
_LETTERS_TO_SINCE = (
    select(func.count())
    .select_from(_LETTER)
    .where(_LETTER.c.to == bindparam("to"), _LETTER.c.created_at >= bindparam("since"))
    .where(_LETTER.c.letter.in_(one_of("letters")))
)


def due(session: Session, now: datetime, limit: int) -> list[Outgoing]:
    """Letters whose time has come, oldest first, at most one a request: its later ones wait for it.

    Letters to staff neither wait for others nor hold them up. A next try beyond every pause was reckoned by a clock
    that ran ahead, and has come.
    """
    found = run(session, _DUE, {"now": now, "beyond": now + BEYOND_PAUSES, "limit": limit})
    return [_outgoing(row) for row in found]


def sent(session: Session, letter_id: int, now: datetime) -> None:
    """The relay has taken the letter: also one that somebody dropped in that very moment."""
    run(session, _TAKEN, {"of_id": letter_id, "sent_at": now})


def failed_once(session: Session, letter_id: int, error: str, next_at: datetime) -> None:
    """The relay could not take it now; it waits until then, and later letters of its request with it."""
    _change(session, letter_id, last_error=error, next_try_at=next_at, tries=OutboxRow.tries + 1)


def failed(session: Session, letter_id: int, error: str, now: datetime) -> None:
    """The letter will not go out: staff are asked what to do."""
    _change(session, letter_id, state="failed", last_error=error, tries=OutboxRow.tries + 1)
    row = session.get_one(OutboxRow, letter_id, populate_existing=True)
    session.add(
        TaskRow(
            request_id=row.request_id,
            reason="letter",
            text=f"letter {letter_id} ({row.letter}) could not be sent: {error}",
            commands=[f"maild queue retry --letter {letter_id}"],
            created_at=now,
        )
    )


def retry(session: Session, letter_id: int, now: datetime) -> bool:
    """A letter that failed waits again; False where there is none such."""
    return bool(_change(session, letter_id, was="failed", state="waiting", next_try_at=now, tries=0))


def drop(session: Session, letter_id: int) -> bool:
    """A letter that waits or is held will not go out, by a human's word; False where there is none such."""
    dropped = (col(OutboxRow.id) == letter_id, col(OutboxRow.state).in_(("waiting", "held")))
    return session.exec(_update().where(*dropped).values(state="dropped", last_error="by hand")).rowcount == 1


def withdraw(session: Session, message_ids: Sequence[str], now: datetime) -> None:
    """What these letters say holds no more: those that are still here stay here, the others are marked."""
    ours = col(OutboxRow.message_id).in_(message_ids)
    session.exec(_update().where(ours).values(withdrawn_at=now))
    here = _update().where(ours, col(OutboxRow.state).in_(("waiting", "held")))
    session.exec(here.values(state="dropped", last_error="withdrawn"))


def hold_all(session: Session) -> int:
    """After a restore nobody knows what went out since the backup: what waits is held. How many letters."""
    return session.exec(_update().where(col(OutboxRow.state) == "waiting").values(state="held")).rowcount


def release(session: Session, letters: Sequence[int], now: datetime) -> int:
    """Held letters that may go out now; how many there were."""
    held = _update().where(col(OutboxRow.id).in_(letters), col(OutboxRow.state) == "held")
    return session.exec(held.values(state="waiting", next_try_at=now)).rowcount


def letters_since(session: Session, number: str, since: datetime) -> int:
    """How many letters to partners and patrons the request has caused since then."""
    return int(run(session, _LETTERS_SINCE, {"number": number, "since": since}).scalar_one())


def letters_to_since(session: Session, address: str, letters: Sequence[str], since: datetime) -> int:
    """How many letters of these names went to an address since then."""
    given = {"to": address.lower(), "letters": list(letters), "since": since}
    return int(run(session, _LETTERS_TO_SINCE, given).scalar_one())


def is_told(session: Session, address: str, letter: str, cause: str) -> bool:
    """Whether this letter of this cause is there already, whatever became of it."""
    same = (OutboxRow.to == address.lower(), OutboxRow.letter == letter, OutboxRow.cause == cause)
    return session.exec(select(OutboxRow.id).where(*same).limit(1)).first() is not None


def state_of(session: Session, letter: SendLetter) -> str:
    """What became of a letter that a decision asked for; "" where none was written, for it is off."""
    same = (OutboxRow.letter == letter.letter, OutboxRow.cause == letter.cause, OutboxRow.to == letter.to.lower())
    about = select(RequestRow.id).where(RequestRow.number == letter.number)
    found = select(OutboxRow.state).where(*same, col(OutboxRow.request_id).in_(about))
    return session.exec(found.order_by(col(OutboxRow.id).desc()).limit(1)).first() or ""


def put_alone(session: Session, letters: Sequence[Composed], now: datetime) -> None:
    """Letters that no decision caused, like that of a mail set aside; one that is there already stays as it is."""
    for letter in letters:
        number = letter.effect.number
        of_request = session.exec(select(RequestRow.id).where(RequestRow.number == number)).one_or_none()
        put(session, letter, now, request_id=of_request, input_id=None)


def put(session: Session, letter: Composed, now: datetime, *, request_id: int | None, input_id: int | None) -> None:
    """The letter as a row. One whose Message-ID is there already has gone out, or will, for the same cause."""
    effect = letter.effect
    columns = {
        "request_id": request_id,
        "input_id": input_id,
        "letter": effect.letter,
        "audience": effect.audience.value,
        "to": effect.to.lower(),
        "message_id": letter.message_id,
        "envelope_from": letter.envelope_from,
        "raw": letter.raw,
        "language": "+".join(effect.languages),
        "cause": effect.cause,
        "subject": letter.subject,
        "says": dict(letter.says),
        "state": letter.state,
        "tries": 0,
        "next_try_at": now,
        "last_error": "",
        "created_at": now,
    }
    run(session, _once(insert(session, OutboxRow)), columns)


@cache
def _once(new: Insert) -> Insert:
    return new.on_conflict_do_nothing(index_elements=["message_id"])


def unsent(session: Session) -> list[Unsent]:
    """The letters that wait, are held or failed, oldest first."""
    found = session.exec(
        select(OutboxRow, RequestRow.number)
        .join(RequestRow, col(RequestRow.id) == col(OutboxRow.request_id), isouter=True)
        .where(col(OutboxRow.state).in_(("waiting", "held", "failed")))
        .order_by(col(OutboxRow.id))
        .options(defer(OutboxRow.raw))  # type: ignore[arg-type]  # a column, which SQLModel types as its value
    )
    return [
        Unsent(
            id=row.id or 0,
            number=number or "",
            letter=row.letter,
            to=row.to,
            state=row.state,
            tries=row.tries,
            last_error=row.last_error,
            created_at=row.created_at,
        )
        for row, number in found
    ]


def counts(session: Session) -> dict[str, int]:
    """How many letters are in each state."""
    return dict(session.exec(select(OutboxRow.state, func.count()).group_by(OutboxRow.state)).all())


def oldest_waiting(session: Session) -> datetime | None:
    """Since when the letter that has waited longest does."""
    return session.exec(select(func.min(OutboxRow.created_at)).where(OutboxRow.state == "waiting")).one()


def next_due(session: Session) -> datetime | None:
    """When the next try is."""
    return session.exec(select(func.min(OutboxRow.next_try_at)).where(OutboxRow.state == "waiting")).one()


def _outgoing(row: Any) -> Outgoing:
    return Outgoing(
        id=row.id,
        number=row.number or "",
        letter=row.letter,
        audience=row.audience,
        to=row.to,
        envelope_from=row.envelope_from,
        message_id=row.message_id,
        raw=row.raw,
        tries=row.tries,
        created_at=row.created_at,
    )


def _change(session: Session, letter_id: int, *, was: str = "waiting", **values: object) -> int:
    """How many letters got these values: none where it is not in the state that it was in."""
    return session.exec(
        _update().where(col(OutboxRow.id) == letter_id, col(OutboxRow.state) == was).values(**values)
    ).rowcount


def _update() -> Update:
    return update(OutboxRow).execution_options(synchronize_session=False)
