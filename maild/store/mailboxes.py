"""Mailboxes: how far each was read, so that the IMAP door takes every mail once and leaves the old ones alone.

And which of its mails are decided, and belong in another folder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from maild.store.database import insert
from maild.store.tables import InboxRow, MailboxRow, SightingRow

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ToFile:
    """A mail that lies in a mailbox and belongs in the folder done or todo."""

    sighting_id: int
    uidvalidity: int
    uid: int
    folder: str


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
