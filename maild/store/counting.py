"""How many requests stand open: with a partner, for a patron, for all other libraries. Limits look at these."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import func
from sqlmodel import Session, col, select

from maild.core.request import Partner, Patron
from maild.core.terms import Role
from maild.store.tables import RequestRow

_OPEN = col(RequestRow.closed_at).is_(None)


def open_lending(session: Session) -> int:
    """All open requests of other libraries with us."""
    return session.exec(select(func.count()).where(RequestRow.role == Role.LENDING.value, _OPEN)).one()


def counted_partners(session: Session, partners: Sequence[Partner]) -> tuple[Partner, ...]:
    """The partners with how many requests are open with each, in both roles."""
    found = _by(session, col(RequestRow.partner_id), [p.id for p in partners])
    return tuple(
        replace(
            p,
            open_with=found.get((p.id, Role.BORROWING.value), 0),
            lent_to=found.get((p.id, Role.LENDING.value), 0),
        )
        for p in partners
    )


def counted_patrons(session: Session, patrons: Sequence[Patron]) -> tuple[Patron, ...]:
    """The patrons with how many requests are open for each."""
    found = _by(session, col(RequestRow.patron_id), [p.id for p in patrons])
    return tuple(replace(p, open_requests=found.get((p.id, Role.BORROWING.value), 0)) for p in patrons)


def _by(session: Session, column: object, ids: Collection[int]) -> dict[tuple[int, str], int]:
    if not ids:
        return {}
    statement = select(column, RequestRow.role, func.count()).where(column.in_(ids), _OPEN)  # type: ignore[call-overload,attr-defined]  # a column of ids
    return {(one, role): count for one, role, count in session.exec(statement.group_by(column, RequestRow.role))}
