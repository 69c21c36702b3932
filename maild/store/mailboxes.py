"""How far each mailbox was read, so that the IMAP door takes every mail once and leaves the old ones alone."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from maild.store.database import insert
from maild.store.tables import MailboxRow

MAX_UID = 2**32 - 1  # RFC 3501 2.3.1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """Every mail up to `last_uid` was looked at, under this `uidvalidity`.

    Mails up to `left_alone_below` may have lain there before `first_seen_at`, so that their own date must tell.
    """

    name: str  # host, user and folder
    uidvalidity: int
    last_uid: int
    first_seen_at: datetime
    left_alone_below: int = -1  # unset: at first sight, as far as UIDs were given out

    def __post_init__(self) -> None:
        if self.left_alone_below < 0:
            object.__setattr__(self, "left_alone_below", self.last_uid)

    def seen(self, uid: int) -> "MailboxState":
        """The state after the mails up to this one were kept."""
        return replace(self, last_uid=max(self.last_uid, uid))

    def settled(self, uid: int) -> "MailboxState":
        """The state after everything up to this one was looked at: what comes now is new, whatever its date."""
        return replace(self.seen(uid), left_alone_below=min(self.left_alone_below, max(self.last_uid, uid)))

    def renumbered(self, uidvalidity: int) -> "MailboxState":
        """The state after the server gave every mail a new UID: none is known, and only dates tell old from new."""
        return replace(self, uidvalidity=uidvalidity, last_uid=0, left_alone_below=MAX_UID)


def get(session: Session, name: str) -> MailboxState | None:
    """What is known of the mailbox; None at first sight."""
    row = session.get(MailboxRow, name, populate_existing=True)
    return None if row is None else MailboxState(**row.model_dump())


def put(session: Session, state: MailboxState) -> None:
    """This is how far the mailbox is read now."""
    values = {field: getattr(state, field) for field in MailboxState.__slots__}
    statement = insert(session, MailboxRow).values(**values)
    changed = {field: value for field, value in values.items() if field != "name"}
    session.exec(statement.on_conflict_do_update(index_elements=["name"], set_=changed))
