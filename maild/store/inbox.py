"""The inbox: mails kept before anybody is told that we have them, claimed one worker at a time, done or set aside.

A mail is one row, however often it was delivered; each delivery is a sighting. Where a later sighting carries other
authentication results than those that the mail was judged by, and nothing was done yet, it is judged again by them:
a forger who comes first must not silence the true mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, and_, col, or_, select

from maild.reading import guard
from maild.store.database import insert
from maild.store.statements import one_of, table_of
from maild.store.tables import InboxRow, SightingRow, TaskRow

MAX_TRIES = 3
MAX_JUDGED = 5  # sightings by which one mail is judged; a sender can make as many as it likes
LEASE = timedelta(minutes=10)  # a claim whose worker died is free again after this
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


_MAIL, _SEEN = table_of(InboxRow), table_of(SightingRow).c
_CHANGED = update(_MAIL).where(_MAIL.c.id == bindparam("of_id"))
_UNJUDGED = (  # the first delivery of each of these mails that nobody judged it by
    select(_SEEN.mail_id, func.min(_SEEN.id))
    .join(_MAIL, _MAIL.c.id == _SEEN.mail_id)
    .where(_SEEN.mail_id.in_(one_of("mails")), _SEEN.judged.is_(False))
    .where(_MAIL.c.state == "done", _MAIL.c.acted.is_(False))
    .group_by(_SEEN.mail_id)
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A mail to work on. `raw` is that of the sighting to judge by, `sighting`; `tries` counts this one."""

    id: int
    key: str
    raw: bytes
    received_at: datetime
    recipients: tuple[str, ...]
    return_path: str | None
    tries: int
    sighting: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFile:
    """A mail that lies in a mailbox and belongs in the folder done or todo."""

    sighting_id: int
    uidvalidity: int
    uid: int
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A mail's row without its bytes, for people."""

    id: int
    key: str
    size: int
    received_at: datetime
    state: str
    tries: int
    trace: str
    kind: str
    numbers: tuple[str, ...]
    why: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a mail. `acted`: something was done about it with no human; `filing` is its folder."""

    acted: bool
    filing: str
    kind: str
    numbers: tuple[str, ...]
    why: str


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
    added = session.exec(
        insert(session, InboxRow).on_conflict_do_nothing(index_elements=["key"]).returning(col(InboxRow.key)),
        params=[_NEW | row for row in rows],
    )
    new = {key for (key,) in added}
    found = session.exec(select(InboxRow.key, InboxRow.id, InboxRow.stamp).where(col(InboxRow.key).in_(first)))
    there = {key: (mail_id or 0, stamped) for key, mail_id, stamped in found}
    _note_sightings(session, [(a, there[a.key][0], stamps[id(a)] != there[a.key][1]) for a in arrivals])
    _judge_again(session, [mail_id for key, (mail_id, _) in there.items() if key not in new])
    return [Kept(mail_id=there[a.key][0], new=a.key in new and first[a.key] is a) for a in arrivals]


def claim(session: Session, limit: int, now: datetime) -> list[Claimed]:
    """The oldest mails that wait, now ours until the lease ends. Commit before opening one: the try must count.

    A mail whose claim has run out comes back; after three tries it is set aside instead.
    """
    free = or_(
        InboxRow.state == "waiting",
        and_(InboxRow.state == "claimed", col(InboxRow.claimed_until) < now),
    )
    _set_aside_the_tried(session, now)
    taken = session.exec(
        select(InboxRow.id).where(free).order_by(col(InboxRow.id)).limit(limit).with_for_update(skip_locked=True)
    ).all()
    if not taken:
        return []
    session.exec(
        update(InboxRow)
        .where(col(InboxRow.id).in_(taken))
        .values(state="claimed", claimed_until=now + LEASE, tries=col(InboxRow.tries) + 1)
        .execution_options(synchronize_session=False)
    )
    return _claimed(session, [mail_id for mail_id in taken if mail_id is not None])


def give_back(session: Session, mail_id: int, traceback: str, now: datetime) -> bool:
    """After a failed try: the mail waits again (True), or is set aside where that was its third (False)."""
    tries = session.exec(select(InboxRow.tries).where(InboxRow.id == mail_id)).one()
    if tries >= MAX_TRIES:
        set_aside(session, mail_id, traceback, now)
        return False
    _change(session, mail_id, state="waiting", claimed_until=None, traceback=traceback)
    return True


def set_aside(session: Session, mail_id: int, traceback: str, now: datetime) -> None:
    """Leave the mail to a human, with the traceback; the others go on."""
    _change(session, mail_id, state="aside", claimed_until=None, traceback=traceback, filing="todo")
    session.add(
        TaskRow(
            mail_id=mail_id,
            reason="unreadable",
            text=f"mail {mail_id} could not be dealt with; see maild queue show {mail_id}",
            commands=[f"maild queue retry {mail_id}"],
            created_at=now,
        )
    )


def release_claims(session: Session, *, blameless: bool = False) -> int:
    """Claims of a process that died, or of work that broke off, are free at once. How many there were.

    Only a mail that was claimed alone may be to blame, so only its try stays counted; and not even that where it is
    known that no mail was to blame.
    """
    claimed = col(InboxRow.state) == "claimed"
    count = session.exec(select(func.count()).select_from(InboxRow).where(claimed)).one()
    session.exec(
        update(InboxRow)
        .where(claimed)
        .values(state="waiting", claimed_until=None, tries=col(InboxRow.tries) - int(blameless or count > 1))
        .execution_options(synchronize_session=False)
    )
    return count


def retry(session: Session, mail_id: int) -> bool:
    """A mail that was set aside waits again, with all its tries; False where there is none such."""
    again = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "aside")
        .values(state="waiting", tries=0, traceback="", filing="")
        .execution_options(synchronize_session=False)
    )
    return again.rowcount == 1


def read_again(session: Session, mail_id: int, who: str, now: datetime) -> bool:
    """A mail that was left to staff and waits for them is read and decided anew; False where there is none such.

    Its tasks are done by that. What staff have settled stays settled.
    """
    of_it = (col(TaskRow.mail_id) == mail_id, col(TaskRow.done_at).is_(None))
    again = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "done", col(InboxRow.acted).is_(False))
        .where(select(TaskRow.id).where(*of_it).exists())
        .values(state="waiting", tries=0, filing="")
        .execution_options(synchronize_session=False)
    )
    if again.rowcount != 1:
        return False
    asked = update(TaskRow).where(*of_it).values(done_at=now, done_by=who)
    session.exec(asked.execution_options(synchronize_session=False))
    return True


def drop(session: Session, mail_id: int, now: datetime) -> bool:
    """A mail that was set aside is done with by a human's word; its bytes stay. False where there is none such."""
    dropped = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "aside")
        .values(state="done", done_at=now, filing="done", why="dropped by hand")
        .execution_options(synchronize_session=False)
    )
    return dropped.rowcount == 1


def finish(session: Session, mail_id: int, now: datetime, finding: Finding) -> None:
    """The decision on the mail stands. Where nothing was done and a sighting is not judged yet, that one is next."""
    values = {name: getattr(finding, name) for name in Finding.__slots__}
    values |= {"numbers": list(finding.numbers), "done_at": now, "claimed_until": None, "traceback": ""}
    _change(session, mail_id, state="done", **values)
    _judge_again(session, [mail_id])


def to_file(session: Session, mailbox: str) -> list[ToFile]:
    """The mails in this mailbox that are decided and not moved yet."""
    found = session.exec(
        select(SightingRow.id, SightingRow.uidvalidity, SightingRow.uid, InboxRow.filing)
        .join(InboxRow, col(InboxRow.id) == col(SightingRow.mail_id))
        .where(SightingRow.mailbox == mailbox, col(SightingRow.filed).is_(False), InboxRow.filing != "")
        .where(col(SightingRow.uid).is_not(None), col(InboxRow.state).in_(("done", "aside")))
        .order_by(col(SightingRow.id))
    )
    return [
        ToFile(sighting_id=sighting or 0, uidvalidity=validity or 0, uid=uid or 0, folder=filing)
        for sighting, validity, uid, filing in found
    ]


def filed(session: Session, sightings: Sequence[int]) -> None:
    """These sightings lie in their folder now, or are gone from the mailbox."""
    session.exec(
        update(SightingRow)
        .where(col(SightingRow.id).in_(sightings))
        .values(filed=True)
        .execution_options(synchronize_session=False)
    )


def counts(session: Session) -> dict[str, int]:
    """How many mails are in each state."""
    return dict(session.exec(select(InboxRow.state, func.count()).group_by(InboxRow.state)).all())


def oldest_waiting(session: Session) -> datetime | None:
    """When the mail that has waited longest was kept."""
    return session.exec(select(func.min(InboxRow.kept_at)).where(InboxRow.state == "waiting")).one()


def aside(session: Session) -> list[Look]:
    """The mails that were set aside, oldest first."""
    ids = session.exec(select(InboxRow.id).where(InboxRow.state == "aside").order_by(col(InboxRow.id))).all()
    return [found for one in ids if one and (found := look(session, one))]


def look(session: Session, mail_id: int) -> Look | None:
    """One mail, or None."""
    row = session.get(InboxRow, mail_id, populate_existing=True)
    if row is None:
        return None
    recipients = session.exec(select(SightingRow.recipients).where(SightingRow.mail_id == mail_id)).all()
    return Look(
        id=mail_id,
        key=row.key,
        size=row.size,
        received_at=row.received_at,
        state=row.state,
        tries=row.tries,
        trace=row.traceback,
        kind=row.kind,
        numbers=tuple(row.numbers),
        why=row.why,
        recipients=tuple(dict.fromkeys(address for one in recipients for address in one)),
    )


def raw_of(session: Session, mail_id: int) -> bytes | None:
    """The mail's own bytes, or None."""
    return session.exec(select(InboxRow.raw).where(InboxRow.id == mail_id)).one_or_none()


def raw_by_key(session: Session, key: str) -> bytes:
    """The bytes of a mail that is known to be there."""
    return session.exec(select(InboxRow.raw).where(InboxRow.key == key)).one()


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
    session.exec(insert(session, SightingRow).on_conflict_do_nothing(index_elements=place), params=rows)


def _storable(address: str) -> str:
    """An address off the wire; what no database takes as text (lone surrogates, NUL) becomes a question mark."""
    return address.encode("utf-8", "replace").decode().replace("\0", "?")


def _judge_again(session: Session, mails: Sequence[int]) -> None:
    """Mails that are done, with nothing done about them, wait again for a sighting that was not judged."""
    found = session.exec(_UNJUDGED, params={"mails": list(mails)}).all() if mails else []
    for mail_id, sighting in found:
        judged = select(func.count()).where(SightingRow.mail_id == mail_id, col(SightingRow.raw).is_not(None))
        if session.exec(judged.where(col(SightingRow.judged).is_(True))).one() < MAX_JUDGED:
            _change(session, mail_id, state="waiting", judge=sighting, tries=0)
            session.exec(update(SightingRow).where(col(SightingRow.id) == sighting).values(judged=True))


def _set_aside_the_tried(session: Session, now: datetime) -> None:
    """Mails that took their worker with them three times: nobody was left to say why."""
    worn = select(InboxRow.id).where(InboxRow.tries >= MAX_TRIES).with_for_update(skip_locked=True)
    expired = and_(InboxRow.state == "claimed", col(InboxRow.claimed_until) < now)
    for mail_id in session.exec(worn.where(or_(InboxRow.state == "waiting", expired))).all():
        set_aside(session, mail_id or 0, "the process that worked on it died, three times", now)


def _claimed(session: Session, mails: Sequence[int]) -> list[Claimed]:
    rows = session.exec(select(InboxRow).where(col(InboxRow.id).in_(mails)).order_by(col(InboxRow.id))).all()
    sightings: dict[int, list[SightingRow]] = {mail_id: [] for mail_id in mails}
    for sighting in session.exec(
        select(SightingRow).where(col(SightingRow.mail_id).in_(mails)).order_by(col(SightingRow.id))
    ):
        sightings[sighting.mail_id].append(sighting)
    return [_one_claimed(row, sightings[row.id or 0]) for row in rows]


def _one_claimed(row: InboxRow, sightings: Sequence[SightingRow]) -> Claimed:
    chosen = next((s for s in sightings if s.id == row.judge), sightings[0])
    return Claimed(
        id=row.id or 0,
        key=row.key,
        raw=chosen.raw or row.raw,
        received_at=row.received_at,
        recipients=tuple(dict.fromkeys(address for s in sightings for address in s.recipients)),
        return_path=chosen.envelope_from,
        tries=row.tries,
        sighting=chosen.id or 0,
    )


def _change(session: Session, mail_id: int, **values: object) -> None:
    session.exec(_CHANGED, params=values | {"of_id": mail_id})
