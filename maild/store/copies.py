"""The files of delivered copies: they lie in our letters and in the mails that brought them, and do not stay there."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from maild.store.erasing import erase_mails
from maild.store.statements import table_of
from maild.store.tables import InboxRow, InputRow, OutboxRow

LETTER = "copy_delivered"


def delivered(session: Session, before: datetime, limit: int) -> list[int]:
    """Letters with a copy that were sent before then and still hold it; one that waits for staff is not sent."""
    found = select(OutboxRow.id).where(
        OutboxRow.letter == LETTER,
        OutboxRow.state == "sent",
        col(OutboxRow.sent_at) < before,
        OutboxRow.raw != b"",
    )
    return [one for one in session.exec(found.order_by(col(OutboxRow.id)).limit(limit)) if one]


def remove(session: Session, letters: Sequence[int]) -> None:
    """Takes the bytes of these letters away, and those of the mails that the copies came in."""
    causes = select(OutboxRow.input_id).where(col(OutboxRow.id).in_(letters))
    mails = select(InputRow.mail_id).join(InboxRow, col(InboxRow.id) == col(InputRow.mail_id))
    done = mails.where(col(InputRow.id).in_(causes), InboxRow.state == "done")
    erase_mails(session, [one for one in session.exec(done) if one])
    session.exec(update(table_of(OutboxRow)).where(col(OutboxRow.id).in_(letters)).values(raw=b""))
