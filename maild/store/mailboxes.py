"""How far each mailbox was read, so that the IMAP door takes every mail once and leaves the old ones alone."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from maild.store.database import insert
from maild.store.tables import MailboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """`last_uid` is the highest that was kept under `uidvalidity`; mail below `first_uidnext` was there before us."""

    name: str  # host, user and folder
    uidvalidity: int
    last_uid: int = 0
    first_uidnext: int | None = None
    polled_at: datetime | None = None


def state(session: Session, name: str) -> MailboxState | None:
    """What is known of the mailbox; None at first sight."""
    row = session.get(MailboxRow, name, populate_existing=True)
    return None if row is None else MailboxState(**row.model_dump())


def note(session: Session, seen: MailboxState) -> None:
    """This is how far the mailbox is read now."""
    values = {field: getattr(seen, field) for field in MailboxState.__slots__}
    statement = insert(session, MailboxRow).values(**values)
    changed = {field: value for field, value in values.items() if field != "name"}
    session.exec(statement.on_conflict_do_update(index_elements=["name"], set_=changed))
