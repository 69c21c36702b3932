"""What a request costs, and whom."""

from collections.abc import Sequence

from sqlmodel import and_, col, select

from maild.core import effects as e
from maild.core.request import Charge
from maild.store.database import insert
from maild.store.effects.desk import Desk, set_columns
from maild.store.rows import charge_columns
from maild.store.tables import ChargeRow


def add_charge(desk: Desk, effect: e.AddCharge) -> None:
    """The line in the place of its like that is not settled, else a new one. Of a line of nothing, nothing is owed."""
    request_id, columns = desk.touch(effect.number).id, charge_columns(effect.charge)
    columns |= {"settled_at": None if columns["cents"] else desk.at}
    own = and_(
        col(ChargeRow.request_id) == request_id,
        col(ChargeRow.kind) == columns["kind"],
        col(ChargeRow.payer) == columns["payer"],
        col(ChargeRow.partner_id).is_not_distinct_from(columns["partner_id"]),
        col(ChargeRow.settled_at).is_(None),
    )
    if not set_columns(desk.session, ChargeRow, own, columns):
        new = insert(desk.session, ChargeRow).values(request_id=request_id, noted_at=desk.at, **columns)
        desk.session.exec(new)


def put_charges(desk: Desk, request_id: int, charges: Sequence[Charge]) -> None:
    """These lines in the places of the first ones there are; the others go."""
    there = select(ChargeRow).where(ChargeRow.request_id == request_id).order_by(col(ChargeRow.id))
    for place, row in enumerate(desk.session.exec(there).all()):
        if place < len(charges):
            settled = {"settled_at": row.settled_at or desk.at} if charges[place].settled else {"settled_at": None}
            row.sqlmodel_update(charge_columns(charges[place]) | settled)
            desk.session.add(row)
        else:
            desk.session.delete(row)
    desk.session.flush()
