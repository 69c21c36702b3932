"""The inbox looked at by people: how many mails there are in each state, one of them, its bytes."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from maild.store.tables import InboxRow, SightingRow


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
