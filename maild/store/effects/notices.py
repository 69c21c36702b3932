"""Notices planned and dropped."""

from functools import cache

from sqlalchemy import bindparam, update
from sqlmodel import or_

from maild.core import effects as e
from maild.store.database import Insert, insert
from maild.store.effects.desk import Desk
from maild.store.effects.tasks import settle_asked
from maild.store.statements import one_of, table_of
from maild.store.tables import NoticeRow

# Columns are given by their names when a statement runs; "of_…" says of which row.
_NOTICE = table_of(NoticeRow)
_ALL_DROPPED = (
    update(_NOTICE)
    .where(_NOTICE.c.request_id == bindparam("of_request"), _NOTICE.c.state == "planned")
    .values(state="dropped")
)
_SOME_DROPPED = _ALL_DROPPED.where(_NOTICE.c.notice.in_(one_of("notices")))


def plan_notice(desk: Desk, effect: e.PlanNotice) -> None:
    """One notice a date: planned anew where it was not sent, and never again where it was."""
    values = {
        "request_id": desk.touch(effect.number).id,
        "notice": effect.notice,
        "anchor": effect.anchor,
        "due": effect.due,
        "item_id": effect.item_id,
        "series": effect.series,
        "state": "planned",
    }
    desk.plans.append(values)


def drop_notices(desk: Desk, effect: e.DropNotices) -> None:
    """Planned notices of these names, or all that are planned, do not come."""
    write_plans(desk)  # those that the decision names before, it drops too
    of_request = {"of_request": desk.touch(effect.number).id}
    if effect.notices:
        desk.session.exec(_SOME_DROPPED, params=of_request | {"notices": list(effect.notices)})
    else:
        desk.session.exec(_ALL_DROPPED, params=of_request)
    if effect.settled:
        settle_asked(desk, of_request["of_request"], effect.settled)


def write_plans(desk: Desk) -> None:
    """The notices that the decision has planned so far."""
    if desk.plans:
        desk.session.exec(_planned_anew(insert(desk.session, NoticeRow)), params=desk.plans)
        desk.plans.clear()


@cache
def _planned_anew(new: Insert) -> Insert:
    return new.on_conflict_do_update(
        index_elements=["request_id", "notice", "anchor"],
        set_={name: new.excluded[name] for name in ("due", "item_id", "series", "state")},
        where=or_(_NOTICE.c.state == "planned", _NOTICE.c.state == "dropped"),
    )
