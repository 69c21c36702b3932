"""What was decided on, as it was kept: enough to read and decide it again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from maild.core.reading import Reading
from maild.store.database import Database, insert
from maild.store.tables import InboxRow, InputRow, RulebookRow, SightingRow

PAGE = 200  # inputs looked at together


@dataclass(frozen=True, slots=True, kw_only=True)
class MailInput:
    """How a mail was opened, and what was read in it.

    `late`: its request changed meanwhile, so it was decided on a later Context than it was read with.
    """

    sighting: int
    received_at: datetime
    recipients: tuple[str, ...] = ()
    return_path: str | None = None
    late: bool = False
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredInput:
    """One input as it was decided. The texts are JSON; they are empty where they were erased."""

    id: int
    kind: str
    source_id: str
    mail_id: int | None
    at: datetime
    digest: str
    input: str
    context: str
    decision: str


MAIL_INPUT = TypeAdapter(MailInput)


def inputs(database: Database) -> Iterator[StoredInput]:
    """Every input there is, oldest first; a page at a time, so that no transaction stands open."""
    last = 0
    while True:
        with database.read() as session:
            rows = session.exec(select(InputRow).where(col(InputRow.id) > last).order_by(col(InputRow.id)).limit(PAGE))
            page = [_stored(row) for row in rows]
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].id


def _stored(row: InputRow) -> StoredInput:
    return StoredInput(
        id=row.id or 0,
        kind=row.kind,
        source_id=row.source_id,
        mail_id=row.mail_id,
        at=row.at,
        digest=row.rules_digest,
        input=row.input,
        context=row.context,
        decision=row.decision,
    )


def is_decided(session: Session, kind: str, source_id: str) -> bool:
    """Whether there was a decision about that input."""
    there = select(InputRow.id).where(InputRow.source_id == source_id, InputRow.kind == kind).limit(1)
    return session.exec(there).first() is not None


def raw_of_sighting(session: Session, sighting: int) -> bytes:
    """The bytes that a mail was judged by; b"" where they were erased."""
    found = session.exec(
        select(SightingRow.raw, InboxRow.raw)
        .join(InboxRow, col(InboxRow.id) == col(SightingRow.mail_id))
        .where(SightingRow.id == sighting)
    ).one_or_none()
    return (found[0] or found[1]) if found else b""


def keep_rules(session: Session, digest: str, content: str, now: datetime) -> None:
    """The rules that decisions of this transaction name, where they are not kept yet."""
    row = {"digest": digest, "content": content, "first_used_at": now}
    session.exec(insert(session, RulebookRow).values(**row).on_conflict_do_nothing(index_elements=["digest"]))


def rules_of(session: Session, digest: str) -> str | None:
    """The rules of that digest, or None."""
    return session.exec(select(RulebookRow.content).where(RulebookRow.digest == digest)).one_or_none()
