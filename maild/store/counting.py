"""How many requests stand open: with a partner, for a patron, for all other libraries. Limits look at these."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, select

from maild.core.request import Partner, Patron
from maild.core.terms import Role, Status
from maild.store.statements import one_of, table_of
from maild.store.tables import RequestRow

_REQUEST = table_of(RequestRow).c
_OPEN = _REQUEST.closed_at.is_(None)


def _open_by(column: Any) -> Any:
    return (
        select(column, _REQUEST.role, func.count())
        .where(column.in_(one_of("ids")), _OPEN)
        .group_by(column, _REQUEST.role)
    )


_BY_PARTNER, _BY_PATRON = _open_by(_REQUEST.partner_id), _open_by(_REQUEST.patron_id)
_HAVING = _open_by(_REQUEST.patron_id).where(
    _REQUEST.status.in_([Status.WITH_PATRON.value, Status.IN_OFFICE_DELIVERY.value])
)
_LENDING = select(func.count()).where(_REQUEST.role == Role.LENDING.value, _OPEN)


def open_lending(session: Session) -> int:
    """All open requests of other libraries with us."""
    return session.exec(_LENDING).one()


def counted_partners(session: Session, partners: Sequence[Partner]) -> tuple[Partner, ...]:
    """The partners with how many requests are open with each, in both roles."""
    found = _by(session, _BY_PARTNER, [p.id for p in partners])
    return tuple(
        replace(
            p,
            open_with=found.get((p.id, Role.BORROWING.value), 0),
            lent_to=found.get((p.id, Role.LENDING.value), 0),
        )
        for p in partners
    )


def counted_patrons(session: Session, patrons: Sequence[Patron]) -> tuple[Patron, ...]:
    """The patrons with how many requests are open for each, and how many loans each has."""
    ids, role = [p.id for p in patrons], Role.BORROWING.value
    opened, having = _by(session, _BY_PATRON, ids), _by(session, _HAVING, ids)
    return tuple(
        replace(p, open_requests=opened.get((p.id, role), 0), loans=having.get((p.id, role), 0)) for p in patrons
    )


def _by(session: Session, statement: Any, ids: Collection[int]) -> dict[tuple[int, str], int]:
    if not ids:
        return {}
    return {(one, role): count for one, role, count in session.exec(statement, params={"ids": list(ids)})}
