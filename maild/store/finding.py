"""Which requests a mail could be about, by its clues: a bounded few, the strongest clues first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam
from sqlmodel import Session, and_, or_, select

from maild.core.mail import Clues
from maild.core.terms import Status
from maild.store.statements import one_of, run, table_of
from maild.store.tables import AttemptRow, ItemCodeRow, OutboxRow, PatronRow, RequestRow

MAX_REQUESTS = 50
MAX_VALUES = 200  # of one kind of clue; what a mail lists beyond these is no address of a request


def _newest(where: ColumnElement[bool]) -> Any:
    """The newest requests of these, open ones before closed ones."""
    found = select(_REQUEST.id).where(where).order_by(_REQUEST.closed_at.is_not(None), _REQUEST.id.desc())
    return found.limit(bindparam("limit", type_=Integer))


_REQUEST, _PATRON, _OUTBOX = table_of(RequestRow).c, table_of(PatronRow).c, table_of(OutboxRow).c
_ATTEMPT, _CODE = table_of(AttemptRow).c, table_of(ItemCodeRow).c
_AMONG = one_of("values")
# Which kind of clue is looked for where, the strongest first.
_NAMED = (
    ("numbers", _newest(_REQUEST.number.in_(_AMONG))),
    ("message_ids", _newest(_REQUEST.id.in_(select(_OUTBOX.request_id).where(_OUTBOX.message_id.in_(_AMONG))))),
    ("item_ids", _newest(_REQUEST.id.in_(select(_CODE.request_id).where(_CODE.code.in_(_AMONG))))),
    ("references", _newest(_REQUEST.requester_ref.in_(_AMONG))),
    ("references", _newest(_REQUEST.supplier_ref.in_(_AMONG))),
    ("references", _newest(_REQUEST.id.in_(select(_ATTEMPT.request_id).where(_ATTEMPT.supplier_ref.in_(_AMONG))))),
)
_OF_ADDRESSES = _newest(
    or_(
        _REQUEST.patron_id.in_(
            select(_PATRON.id).where(or_(_PATRON.email.in_(_AMONG), _PATRON.card.in_(one_of("cards"))))
        ),
        _REQUEST.id.in_(select(_OUTBOX.request_id).where(_OUTBOX.to.in_(_AMONG))),
    )
)
_ASKED = table_of(RequestRow).alias("asked").c
_BESIDE = _newest(
    and_(
        _REQUEST.closed_at.is_(None).is_(
            True
        ),  # so written SQLite begins with the patron's, not with all that are open
        _REQUEST.id.not_in(_AMONG),
        _REQUEST.patron_id.in_(
            select(_ASKED.patron_id).where(_ASKED.id.in_(_AMONG), _ASKED.status == Status.NEW.value)
        ),
    )
)


def find_requests(session: Session, clues: Clues) -> list[int]:
    """The ids of the requests, at most MAX_REQUESTS.

    Numbers, our letters that it answers, item ids and the other library's own number name a request. Only where none
    of them finds one are those asked that the addresses stand for: a patron's own, those that we wrote there about.
    Beside a new one are the patron's other open ones: what completes its citation may show that it is one of them.
    """
    named = _named(session, clues)
    return [*named, *_beside(session, named)] if named else _of_addresses(session, clues)


def _beside(session: Session, named: Sequence[int]) -> list[int]:
    given = {"values": list(named), "limit": MAX_REQUESTS - len(named)}
    return list(run(session, _BESIDE, given).scalars())


def _named(session: Session, clues: Clues) -> list[int]:
    found: dict[int, None] = {}
    clues = replace(clues, numbers=tuple(number.upper() for number in clues.numbers))
    for kind, statement in _NAMED:
        values = _telling(getattr(clues, kind))
        if values and len(found) < MAX_REQUESTS:
            given = {"values": values, "limit": MAX_REQUESTS - len(found)}
            found |= dict.fromkeys(run(session, statement, given).scalars())
    return list(found)


def _of_addresses(session: Session, clues: Clues) -> list[int]:
    addresses, cards = _telling(clues.addresses), _telling(clues.patron_ids)
    if not addresses and not cards:
        return []
    given = {"values": [address.lower() for address in addresses], "cards": cards, "limit": MAX_REQUESTS}
    return list(run(session, _OF_ADDRESSES, given).scalars())


def _telling(values: Sequence[str]) -> list[str]:
    """The values that say something, as many as are looked at."""
    return [value for value in values if value][:MAX_VALUES]
