"""Charge lines of a time with the libraries that they are for or from, as invoicing takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from maild.core.request import Charge, Partner
from maild.store.context import load_partners
from maild.store.rows import to_charge
from maild.store.tables import ChargeRow, RequestRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One line with its request's number, the moment when it was first noted, and its library where there is one."""

    number: str
    noted_at: datetime
    charge: Charge
    partner: Partner | None = None


def lines(session: Session, since: datetime, until: datetime) -> Iterator[ChargeLine]:
    """Every line noted from `since` until before `until`, in order."""
    found = session.exec(
        select(ChargeRow, RequestRow.number)
        .join(RequestRow, col(RequestRow.id) == col(ChargeRow.request_id))
        .where(col(ChargeRow.noted_at) >= since, col(ChargeRow.noted_at) < until)
        .order_by(col(ChargeRow.noted_at), col(ChargeRow.id))
    ).all()
    ids = {row.partner_id for row, _ in found if row.partner_id}
    partners = {partner.id: partner for partner in load_partners(session, ids=ids)}
    for row, number in found:
        yield ChargeLine(
            number=number, noted_at=row.noted_at, charge=to_charge(row), partner=partners.get(row.partner_id or 0)
        )
