"""Mails claimed by the worker: each is in one hand, and its try counts before it is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, update
from sqlmodel import Session, and_, col, or_, select

from maild.store import settling
from maild.store.tables import InboxRow, SightingRow

LEASE = timedelta(minutes=10)  # a claim whose worker died is free again after this


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


def _set_aside_the_tried(session: Session, now: datetime) -> None:
    """Mails that took their worker with them three times: nobody was left to say why."""
    worn = select(InboxRow.id).where(InboxRow.tries >= settling.MAX_TRIES).with_for_update(skip_locked=True)
    expired = and_(InboxRow.state == "claimed", col(InboxRow.claimed_until) < now)
    for mail_id in session.exec(worn.where(or_(InboxRow.state == "waiting", expired))).all():
        settling.set_aside(session, mail_id or 0, "the process that worked on it died, three times", now)


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
