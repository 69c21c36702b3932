"""What is known of one person, or of a period, as plain values for an export."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from maild.core.request import Request
from maild.store.requests import Filters, requests, timeline
from maild.store.tables import InboxRow, InputRequestRow, InputRow, OutboxRow, PatronRow, SightingRow

REQUEST = TypeAdapter(Request)
OF_PEOPLE = {"patron_id", "patron_email", "mailed", "letters", "note", "last_patron_message_id"}
PAGE = 200


def patron(session: Session, row: PatronRow) -> dict[str, Any]:
    """One patron: the record, the requests with all that happened, every mail and letter as it went."""
    own = requests(session, Filters(patron_id=row.id, limit=100_000))
    ids = [one.id for one in own]
    return {
        "patron": row.model_dump(),
        "requests": [
            REQUEST.dump_python(one, mode="json", exclude_defaults=True)
            | {"timeline": [{"at": e.at, "what": e.what, "text": e.text} for e in timeline(session, one.number)]}
            for one in own
        ],
        "mails": _mails(session, ids, row.email),
        "letters": [
            {"at": at, "to": to, "content": raw.decode("utf-8", "replace")}
            for at, to, raw in session.exec(
                select(OutboxRow.created_at, OutboxRow.to, OutboxRow.raw)
                .where(OutboxRow.to == row.email, OutboxRow.to != "")
                .order_by(col(OutboxRow.id))
            )
        ],
    }


def _mails(session: Session, ids: list[int], email: str) -> list[dict[str, Any]]:
    """Mails about the person's requests, and those that came from the person's address."""
    about = (
        select(InputRow.mail_id)
        .join(InputRequestRow, col(InputRequestRow.input_id) == col(InputRow.id))
        .where(col(InputRequestRow.request_id).in_(ids))
    )
    sent = select(SightingRow.mail_id).where(SightingRow.envelope_from == email, SightingRow.envelope_from != "")
    wanted = col(InboxRow.id).in_(about) | col(InboxRow.id).in_(sent)
    rows = session.exec(select(InboxRow.received_at, InboxRow.raw).where(wanted).order_by(col(InboxRow.id)))
    return [{"at": at, "content": raw.decode("utf-8", "replace")} for at, raw in rows]


def requests_between(session: Session, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Requests registered in a period, without people."""
    after = ""
    while page := requests(session, Filters(created_from=since, created_before=until, after=after, limit=PAGE)):
        for one in page:
            told = REQUEST.dump_python(one, mode="json", exclude_defaults=True)
            yield {key: value for key, value in told.items() if key not in OF_PEOPLE}
        after = page[-1].number
