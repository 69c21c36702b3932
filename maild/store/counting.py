"""How many requests stand open: with a partner, for a patron, for all other libraries. Limits look at these."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, and_, select

from maild.core.request import Partner, Patron
from maild.core.terms import Role, Status
from maild.store.statements import one_of, run, table_of
from maild.store.tables import RequestRow

_REQUEST = table_of(RequestRow).c
_OPEN = _REQUEST.closed_at.is_(None)


_BORROWED, _LENT = (_REQUEST.role == role.value for role in (Role.BORROWING, Role.LENDING))
_HAVING = _REQUEST.status.in_([Status.WITH_PATRON.value, Status.IN_OFFICE_DELIVERY.value])


def _open_by(column: Any, *kinds: Any) -> Any:
    """How many open requests of each of these kinds the rows have that `column` names."""
    counted = (func.count().filter(kind) for kind in kinds)
    return select(*(column, *counted)).where(column.in_(one_of("ids")), _OPEN).group_by(column)


_BY_PARTNER = _open_by(_REQUEST.partner_id, _BORROWED, _LENT)
_BY_PATRON = _open_by(_REQUEST.patron_id, _BORROWED, and_(_BORROWED, _HAVING))
_LENDING = select(func.count()).where(_LENT, _OPEN)


def open_lending(session: Session) -> int:
    """All open requests of other libraries with us."""
    return int(run(session, _LENDING).scalar_one())


def counted_partners(session: Session, partners: Sequence[Partner]) -> tuple[Partner, ...]:
    """The partners with how many requests are open with each, in both roles."""
    found = _by(session, _BY_PARTNER, [p.id for p in partners])
    return tuple(replace(p, open_with=found[p.id][0], lent_to=found[p.id][1]) for p in partners)


def counted_patrons(session: Session, patrons: Sequence[Patron]) -> tuple[Patron, ...]:
    """The patrons with how many requests are open for each, and how many loans each has."""
    found = _by(session, _BY_PATRON, [p.id for p in patrons])
    return tuple(replace(p, open_requests=found[p.id][0], loans=found[p.id][1]) for p in patrons)


def _by(session: Session, statement: Any, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    none = dict.fromkeys(ids, (0, 0))
    if not ids:
        return none
    return none | {one: (first, second) for one, first, second in run(session, statement, {"ids": list(ids)})}
