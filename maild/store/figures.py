"""The figures of a time, counted in the tables."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from maild.core.figures import CAME, PAYERS, Charged, Figures
from maild.core.terms import Payment, Role
from maild.store.rows import CENTS
from maild.store.tables import ChargeRow, HistoryRow, InputRow, OutboxRow, PartnerRow, RequestRow

MAX_PARTNERS = 5


def figures(session: Session, since: datetime, until: datetime) -> Figures:
    """What happened from `since` until before `until`."""
    opened, closed = _within(RequestRow.created_at, since, until), _within(RequestRow.closed_at, since, until)
    return Figures(
        opened=_kinds(session, RequestRow.service_type, opened),
        closed=_kinds(session, RequestRow.service_type, closed),
        endings=_kinds(session, RequestRow.status, closed),
        days={role.value: days for role in Role if (days := _days(session, role, since, until))},
        letters=dict(
            session.exec(
                select(OutboxRow.audience, func.count())
                .where(*_within(OutboxRow.sent_at, since, until))
                .group_by(OutboxRow.audience)
            ).all()
        ),
        by_maild=_inputs(session, since, until, col(InputRow.auto).is_(True), col(InputRow.kind) != "command"),
        by_staff=_inputs(session, since, until, col(InputRow.kind) == "command"),
        left=_inputs(session, since, until, col(InputRow.auto).is_(False), col(InputRow.kind) == "mail"),
        partners=_partners(session, since, until),
        charges=_charges(session, since, until),
    )


def _within(column: Any, since: datetime, until: datetime) -> tuple[Any, ...]:
    return col(column) >= since, col(column) < until


def _kinds(session: Session, column: str, where: tuple[Any, ...]) -> dict[tuple[str, str], int]:
    """How many requests, by role and that column."""
    counted = select(RequestRow.role, column, func.count()).where(*where).group_by(RequestRow.role, column)
    return {(role, kind): count for role, kind, count in session.exec(counted)}


def _days(session: Session, role: Role, since: datetime, until: datetime) -> tuple[int, ...]:
    """Days from asking until the material was there, of each request for which it came in that time."""
    came = func.min(HistoryRow.at)
    found = session.exec(
        select(RequestRow.created_at, came)
        .join(HistoryRow, col(HistoryRow.request_id) == col(RequestRow.id))
        .where(RequestRow.role == role.value, col(HistoryRow.to_status).in_([one.value for one in CAME[role]]))
        .group_by(col(RequestRow.id), col(RequestRow.created_at))
        .having(came >= since, came < until)
    )
    return tuple((arrived - created).days for created, arrived in found)


def _charges(session: Session, since: datetime, until: datetime) -> tuple[Charged, ...]:
    """What was noted in that time, by payer, way of payment and currency."""
    summed = select(ChargeRow.payment, ChargeRow.currency, func.count(), func.sum(ChargeRow.cents))
    summed = summed.where(*_within(ChargeRow.noted_at, since, until)).group_by(ChargeRow.payment, ChargeRow.currency)
    return tuple(
        Charged(payer=payer, payment=Payment(payment), currency=currency, lines=lines, amount=Decimal(cents) / CENTS)
        for payer in PAYERS
        for payment, currency, lines, cents in session.exec(summed.where(ChargeRow.payer == payer))
    )


def _inputs(session: Session, since: datetime, until: datetime, *where: Any) -> int:
    counted = select(func.count()).select_from(InputRow)
    return session.exec(counted.where(*_within(InputRow.at, since, until), *where)).one()


def _partners(session: Session, since: datetime, until: datetime) -> tuple[tuple[str, int], ...]:
    """Those with the most new requests in both roles; of the same name, together."""
    found = session.exec(
        select(PartnerRow.name, PartnerRow.symbol, func.count())
        .join(RequestRow, col(RequestRow.partner_id) == col(PartnerRow.id))
        .where(*_within(RequestRow.created_at, since, until))
        .group_by(col(PartnerRow.id), PartnerRow.name, col(PartnerRow.symbol))
    )
    counted: dict[str, int] = defaultdict(int)
    for name, symbol, count in found:
        counted[name or symbol or "?"] += count
    return tuple(sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:MAX_PARTNERS])
