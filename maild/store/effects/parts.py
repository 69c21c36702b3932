"""Items and attempts, which are numbered within their request."""

from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, update
from sqlmodel import and_, select

from maild.core import effects as e
from maild.store.database import insert
from maild.store.effects.desk import Desk
from maild.store.rows import attempt_columns, item_columns
from maild.store.statements import run, table_of
from maild.store.tables import AttemptRow, ItemCodeRow, ItemRow

# Columns are given by their names when a statement runs; "of_…" says of which row.
_CODE = table_of(ItemCodeRow)
_CODES_GONE = delete(_CODE).where(
    _CODE.c.request_id == bindparam("of_request"), _CODE.c.number == bindparam("of_number")
)


def put_item(desk: Desk, effect: e.PutItem) -> None:
    """The item with the codes that stand on it: new, in the place of itself, or back where it was taken off."""
    standing = desk.touch(effect.number)
    number = _put(desk, ItemRow, standing.id, effect.item.id, item_columns(effect.item))
    if effect.item.id:
        run(desk.session, _CODES_GONE, {"of_request": standing.id, "of_number": number})
    codes = [
        {"request_id": standing.id, "number": number, "place": place, "code": code}
        for place, code in enumerate(effect.item.item_ids)
    ]
    if codes:
        run(desk.session, insert(desk.session, ItemCodeRow), codes)


def put_attempt(desk: Desk, effect: e.PutAttempt) -> None:
    """The attempt at a supplier, new or in the place of itself."""
    standing = desk.touch(effect.number)
    _put(desk, AttemptRow, standing.id, effect.attempt.id, attempt_columns(effect.attempt))


def _put(
    desk: Desk, table: type[ItemRow] | type[AttemptRow], request_id: int, number: int, columns: dict[str, Any]
) -> int:
    """Add a row (number 0: the next of its request), or replace one; an item may have been taken off. Its number."""
    if not number:
        number = run(desk.session, _next_number(table), {"of_request": request_id}).scalar_one()
        run(desk.session, insert(desk.session, table), columns | {"request_id": request_id, "number": number})
        return number
    of = {"of_request": request_id, "of_number": number}
    if not run(desk.session, _replacement(table), columns | of).rowcount:
        if table is AttemptRow:
            raise ValueError(f"request {request_id} has no {table.__tablename__} {number}")
        run(desk.session, insert(desk.session, table), columns | {"request_id": request_id, "number": number})
    return number


@cache
def _next_number(table: type[ItemRow] | type[AttemptRow]) -> Any:
    columns = table_of(table).c
    return select(func.coalesce(func.max(columns.number), 0) + 1).where(columns.request_id == bindparam("of_request"))


@cache
def _replacement(table: type[ItemRow] | type[AttemptRow]) -> Any:
    columns = table_of(table).c
    own = and_(columns.request_id == bindparam("of_request"), columns.number == bindparam("of_number"))
    return update(table_of(table)).where(own)
