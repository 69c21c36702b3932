"""A step that is taken back."""

from sqlalchemy import delete
from sqlmodel import and_, col

from maild.core import effects as e
from maild.store.effects.charges import put_charges
from maild.store.effects.desk import Desk, set_columns
from maild.store.tables import AttemptRow, InputRequestRow, ItemCodeRow, ItemRow


def take_back(desk: Desk, effect: e.TakeBack) -> None:
    """What the step added goes, the charges become those that were there, and the step is marked."""
    request_id, session = desk.touch(effect.number).id, desk.session
    for table, numbers in ((ItemCodeRow, effect.items), (ItemRow, effect.items), (AttemptRow, effect.attempts)):
        if numbers:
            own = and_(col(table.request_id) == request_id, col(table.number).in_(numbers))
            session.exec(delete(table).where(own).execution_options(synchronize_session=False))
    if effect.charges is not None:
        put_charges(desk, request_id, effect.charges)
    step = and_(col(InputRequestRow.input_id) == effect.step, col(InputRequestRow.request_id) == request_id)
    set_columns(session, InputRequestRow, step, {"undone_by": desk.input_id})
