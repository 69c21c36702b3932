"""Personal data taken out: of closed requests whose time is over, and of one patron who asks for it.

What stays is the request with its steps, partners, dates and charges: what statistics and bookkeeping need.
"""

import base64
import binascii
import html
import quopri
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, SQLModel, and_, col, or_, select

from maild.core.effects import Audience
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
MIN_WORD = 4  # shorter names and cards stand in too many texts
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*")
_ENCODED_WORD = re.compile(rb"=\?[\w-]{2,40}\?([BbQq])\?([^?\s]{1,200})\?=")


@dataclass(slots=True, kw_only=True)
class Erased:
    """What was erased, by number; `copies` are places in mailboxes (mailbox, uid) that a human must look at."""

    requests: int = 0
    mails: int = 0
    letters: int = 0
    copies: list[tuple[str, int]] = field(default_factory=list)


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
    open_ones = update(_of(ChargeRow)).where(col(ChargeRow.request_id) == own, col(ChargeRow.settled_at).is_(None))
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
    return session.exec(delete(_of(PatronRow)).where(col(PatronRow.changed_at) < before, idle)).rowcount


def erase_old_letters(session: Session, before: datetime) -> int:
    """Letters of no request from before then, like those that told staff of a mail; how many there were."""
    gone = col(OutboxRow.state).in_(("sent", "failed", "shadow", "dropped"))
    return _erase_letters(session, and_(gone, col(OutboxRow.request_id).is_(None), OutboxRow.created_at < before))


def forget(session: Session, patron: PatronRow, now: datetime) -> Erased:
    """The patron is in no row any more. Ask `blockers` first."""
    words = tuple(word for word in (patron.name, patron.email, patron.card) if len(word) >= MIN_WORD)
    own = [one for one in session.exec(select(RequestRow.id).where(RequestRow.patron_id == patron.id)).all() if one]
    erased = erase_requests(session, own, now, words=words)
    mails = erase_mails(session, _naming(session, InboxRow, words))
    erased.mails, erased.copies = erased.mails + mails.mails, erased.copies + mails.copies
    sightings = _naming(session, SightingRow, words)
    session.exec(update(_of(SightingRow)).where(col(SightingRow.id).in_(sightings)).values(raw=None))
    letters = or_(OutboxRow.to == patron.email, col(OutboxRow.id).in_(_naming(session, OutboxRow, words)))
    erased.letters += _erase_letters(session, letters)
    session.exec(
        update(_of(SightingRow)).where(col(SightingRow.envelope_from) == patron.email).values(envelope_from=None)
    )
    session.delete(patron)
    session.flush()
    return erased


def erase_requests(
    session: Session, requests: Sequence[int], now: datetime, words: Collection[str] = (), *, with_mails: bool = True
) -> Erased:
    """Closed requests without their people. `words` are a patron's: texts that name one go too."""
    numbers = session.exec(select(RequestRow.number).where(col(RequestRow.id).in_(requests))).all()
    inputs = _inputs(session, requests, [*(f'"{number}"' for number in numbers), *words])
    mails = {one for one in session.exec(select(InputRow.mail_id).where(col(InputRow.id).in_(inputs))).all() if one}
    of_these = set(session.exec(select(InputRow.mail_id).where(col(InputRow.id).in_(_linked(requests)))).all())
    blank = {"input": "", "context": "", "decision": "", "why": ""}
    session.exec(update(_of(InputRow)).where(col(InputRow.id).in_(inputs)).values(**blank))
    _erase_steps(session, inputs)
    session.exec(
        update(_of(RequestRow))
        .where(col(RequestRow.id).in_(requests))
        .values(patron_id=None, note="", office_address="", last_patron_message_id="", erased_at=now)
    )
    session.exec(
        update(_of(RequestRow))
        .where(col(RequestRow.id).in_(requests), col(RequestRow.role) == "borrowing")
        .values(requester=None)
    )
    asked = or_(
        col(TaskRow.request_id).in_(requests),
        col(TaskRow.mail_id).in_(mails),
        *(_names(TaskRow.text, w) for w in words),
    )
    session.exec(update(_of(TaskRow)).where(asked).values(text="", passage="", commands=[]))
    own = col(OutboxRow.request_id).in_(requests) & (col(OutboxRow.audience) != Audience.PARTNER.value)
    erased = erase_mails(session, [one for one in of_these if one]) if with_mails else Erased()
    erased.requests, erased.letters = len(requests), _erase_letters(session, own)
    return erased


def erase_mails(session: Session, mails: Sequence[int]) -> Erased:
    """These mails without bytes and addresses; their keys stay, so that they are not taken a second time."""
    of_mail = col(SightingRow.mail_id).in_(mails)
    places = session.exec(select(SightingRow.mailbox, SightingRow.uid).where(of_mail, SightingRow.mailbox != "")).all()
    session.exec(
        update(_of(InboxRow)).where(col(InboxRow.id).in_(mails)).values(raw=b"", stamp=b"", why="", traceback="")
    )
    session.exec(update(_of(SightingRow)).where(of_mail).values(raw=None, envelope_from=None, recipients=[]))
    return Erased(mails=len(mails), copies=[(mailbox, uid or 0) for mailbox, uid in places])


def _erase_letters(session: Session, which: Any) -> int:
    letters = list(session.exec(select(OutboxRow.id).where(which, OutboxRow.raw != b"")).all())
    chosen = col(OutboxRow.id).in_(letters)
    blank = {"raw": b"", "to": "", "subject": "", "says": {}, "last_error": "", "cause": ""}
    session.exec(update(_of(OutboxRow)).where(chosen).values(**blank))
    marks = col(LetterMarkRow.letter_id).in_(letters)
    session.exec(update(_of(LetterMarkRow)).where(marks).values(recipient="", diagnostic=""))
    return len(letters)


def _erase_steps(session: Session, inputs: Collection[int]) -> None:
    """What happened stays, in the field's words; what people wrote goes."""
    for step in session.exec(select(HistoryRow).where(col(HistoryRow.input_id).in_(inputs))):
        event = {key: value for key, value in step.event.items() if key in EVENT_KEPT}
        if isinstance(new := event.get("new_request"), dict):
            event["new_request"] = {key: value for key, value in new.items() if key in NEW_REQUEST_KEPT}
        step.event, step.why = event, ""
        session.add(step)
    session.flush()


def _inputs(session: Session, requests: Sequence[int], words: Collection[str]) -> set[int]:
    """Inputs about these requests, and others that looked at them or name one of the words."""
    texts = (InputRow.context, InputRow.input, InputRow.decision)
    naming = [_names(text, word) for text in texts for word in words]
    linked = set(session.exec(_linked(requests)).all())
    return linked | {
        one or 0 for one in (session.exec(select(InputRow.id).where(or_(*naming))).all() if naming else ())
    }


def _linked(requests: Sequence[int]) -> Any:
    return select(InputRequestRow.input_id).where(col(InputRequestRow.request_id).in_(requests))


def _owing() -> Any:
    return select(ChargeRow.request_id).where(col(ChargeRow.settled_at).is_(None))


def _names(text: Any, word: str) -> Any:
    """Whether a column names the word, in capitals or not."""
    # SQLite's lower() knows only ASCII: Äijälä is found as it is written, aino@home.example in any case.
    return or_(col(text).contains(word, autoescape=True), col(text).icontains(word, autoescape=True))


def _naming(session: Session, table: type[InboxRow | SightingRow | OutboxRow], words: Collection[str]) -> list[int]:
    """Rows whose bytes, a mail's, name one of the words through the encodings of mail."""
    found: list[int] = []
    folded = [word.casefold() for word in words]
    page = select(table.id, table.raw).where(col(table.raw).is_not(None), table.raw != b"").order_by(col(table.id))
    last = 0
    while rows := session.exec(page.where(col(table.id) > last).limit(100)).all() if words else ():
        found += [one or 0 for one, raw in rows if raw and mentions(raw, folded)]
        last = rows[-1][0] or 0
    return found


def mentions(raw: bytes, words: Collection[str]) -> bool:
    """Whether a mail names one of the words (in lower case): plain, quoted-printable, base64 or in encoded words.

    No mail parser is used on these bytes: every step is linear.
    """
    for layer in _layers(raw):
        for codec in ("utf-8", "latin-1"):
            text = html.unescape(layer.decode(codec, "replace")).casefold()
            if any(word in text for word in words):
                return True
    return False


def _layers(raw: bytes) -> Iterator[bytes]:
    yield raw
    yield quopri.decodestring(raw)
    for is_base64, lines in groupby(raw.splitlines(), key=lambda line: bool(_BASE64_LINE.fullmatch(line))):
        if is_base64:
            yield _unbase64(b"".join(lines))
    words = [
        _unbase64(text) if kind in b"Bb" else quopri.decodestring(text, header=True)
        for kind, text in _ENCODED_WORD.findall(raw)
    ]
    yield b"".join(words)


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _of(table: type[SQLModel]) -> Any:
    return table.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
