"""Which requests a mail could be about, by its clues: a bounded few, the strongest clues first."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select

from maild.core.mail import Clues
from maild.store.tables import AttemptRow, ItemCodeRow, OutboxRow, PatronRow, RequestRow

MAX_REQUESTS = 50
MAX_VALUES = 200  # of one kind of clue; what a mail lists beyond these is no address of a request


def find_requests(session: Session, clues: Clues) -> list[int]:
    """The ids of the requests, at most MAX_REQUESTS.

    Numbers, our letters that it answers, item ids and the other library's own number name a request. Only where none
    of them finds one are those asked that the addresses stand for: a patron's own, those that we wrote there about.
    """
    return _named(session, clues) or _of_addresses(session, clues)


def _named(session: Session, clues: Clues) -> list[int]:
    numbers = [number.upper() for number in clues.numbers]
    ours = select(OutboxRow.request_id).where(_among(OutboxRow.message_id, clues.message_ids))
    items = select(ItemCodeRow.request_id).where(_among(ItemCodeRow.code, clues.item_ids))
    tried = select(AttemptRow.request_id).where(_among(AttemptRow.supplier_ref, clues.references))
    wheres = (
        (clues.numbers, _among(RequestRow.number, numbers)),
        (clues.message_ids, col(RequestRow.id).in_(ours)),
        (clues.item_ids, col(RequestRow.id).in_(items)),
        (clues.references, _among(RequestRow.requester_ref, clues.references)),
        (clues.references, _among(RequestRow.supplier_ref, clues.references)),
        (clues.references, col(RequestRow.id).in_(tried)),
    )
    found: dict[int, None] = {}
    for given, where in wheres:
        if given and len(found) < MAX_REQUESTS:
            found |= dict.fromkeys(_ids(session, where, MAX_REQUESTS - len(found)))
    return list(found)


def _of_addresses(session: Session, clues: Clues) -> list[int]:
    addresses = [address.lower() for address in clues.addresses]
    if not addresses and not clues.patron_ids:
        return []
    people = select(PatronRow.id).where(
        or_(_among(PatronRow.email, addresses), _among(PatronRow.card, clues.patron_ids))
    )
    wrote = select(OutboxRow.request_id).where(_among(OutboxRow.to, addresses))
    return _ids(session, or_(col(RequestRow.patron_id).in_(people), col(RequestRow.id).in_(wrote)), MAX_REQUESTS)


def _ids(session: Session, where: ColumnElement[bool], limit: int) -> list[int]:
    """The newest requests of these, open ones before closed ones."""
    found = select(RequestRow.id).where(where).limit(max(limit, 0))
    found = found.order_by(col(RequestRow.closed_at).is_not(None), col(RequestRow.id).desc())
    return [request_id for request_id in session.exec(found) if request_id is not None]


def _among(column: str, values: Sequence[str]) -> ColumnElement[bool]:
    """The column is one of the values that say something."""
    return col(column).in_([value for value in values if value][:MAX_VALUES])
