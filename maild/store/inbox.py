"""The inbox: mails kept before anybody is told that we have them. What comes then: claiming.py, settling.py.

A mail is one row, however often it was delivered; each delivery is a sighting. Where a later sighting carries other
authentication results than those that the mail was judged by, and nothing was done yet, it is judged again by them:
a forger who comes first must not silence the true mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from maild.reading import guard
from maild.store.database import insert
from maild.store.settling import judge_again
from maild.store.statements import run
from maild.store.tables import InboxRow, SightingRow

# SQLModel's defaults are for rows made one by one; a bulk INSERT wants them said.
_NEW = {
    "state": "waiting",
    "tries": 0,
    "traceback": "",
    "acted": False,
    "filing": "",
    "kind": "",
    "numbers": [],
    "why": "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A mail at a door. `uidvalidity` and `uid` only where it lies in a mailbox; `key` is reckoned where not given."""

    raw: bytes
    door: str  # smtp, lmtp, imap, import
    received_at: datetime
    envelope_from: str | None = None  # "" is the empty path of a bounce; None = not known
    recipients: tuple[str, ...] = ()
    mailbox: str = ""
    uidvalidity: int | None = None
    uid: int | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if not self.key:  # here, so that no hash is reckoned while a transaction holds the writer
            object.__setattr__(self, "key", guard.mail_key(self.raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An arrival that is now in the database; not `new` where the same mail was there before."""

    mail_id: int
    new: bool


def stamp(raw: bytes) -> bytes:
    """The authentication results that a delivery carries, as they stand."""
    header, _ = guard.split(raw)
    return b"\n".join(value for name, value in guard.fields(header) if name == "authentication-results")


def keep(session: Session, arrivals: Sequence[Arrival], now: datetime) -> list[Kept]:
    """The arrivals as rows, in their order. A mail that is there already only gets another sighting."""
    stamps = {id(arrival): stamp(arrival.raw) for arrival in arrivals}
    first = {arrival.key: arrival for arrival in reversed(arrivals)}
    rows = [
        {
            "key": key,
            "raw": arrival.raw,
            "size": len(arrival.raw),
            "stamp": stamps[id(arrival)],
            "received_at": arrival.received_at,
            "kept_at": now,
        }
        for key, arrival in reversed(first.items())
    ]
    if not rows:
        return []
    added = run(
        session,
        insert(session, InboxRow).on_conflict_do_nothing(index_elements=["key"]).returning(col(InboxRow.key)),
        [_NEW | row for row in rows],
    )
    new = {key for (key,) in added}
    found = session.exec(select(InboxRow.key, InboxRow.id, InboxRow.stamp).where(col(InboxRow.key).in_(first)))
    there = {key: (mail_id or 0, stamped) for key, mail_id, stamped in found}
    _note_sightings(session, [(a, there[a.key][0], stamps[id(a)] != there[a.key][1]) for a in arrivals])
    judge_again(session, [mail_id for key, (mail_id, _) in there.items() if key not in new])
    return [Kept(mail_id=there[a.key][0], new=a.key in new and first[a.key] is a) for a in arrivals]


def _note_sightings(session: Session, seen: Sequence[tuple[Arrival, int | None, bool]]) -> None:
    """One row a delivery; the same place in a mailbox is one delivery, however often it was looked at."""
    rows = [
        {
            "mail_id": mail_id,
            "door": arrival.door,
            "envelope_from": None if arrival.envelope_from is None else _storable(arrival.envelope_from),
            "recipients": [_storable(address) for address in arrival.recipients],
            "mailbox": arrival.mailbox,
            "uidvalidity": arrival.uidvalidity,
            "uid": arrival.uid,
            "received_at": arrival.received_at,
            "filed": False,
            "raw": arrival.raw if differs else None,
            "judged": not differs,
        }
        for arrival, mail_id, differs in seen
    ]
    place = ["mailbox", "uidvalidity", "uid"]
    run(session, insert(session, SightingRow).on_conflict_do_nothing(index_elements=place), rows)


def _storable(address: str) -> str:
    """An address off the wire; what no database takes as text (lone surrogates, NUL) becomes a question mark."""
    return address.encode("utf-8", "replace").decode().replace("\0", "?")
