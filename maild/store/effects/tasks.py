"""What staff are asked to do."""

from collections.abc import Sequence

from sqlalchemy import bindparam, update
from sqlmodel import select

from maild.core import effects as e
from maild.store.database import put_new
from maild.store.effects.desk import Desk
from maild.store.statements import one_of, table_of
from maild.store.tables import TaskRow

_TASKS = table_of(TaskRow)
_TASK = _TASKS.c
_ASKED = select(_TASK.id).where(
    _TASK.mail_id == bindparam("of_mail"),
    _TASK.request_id.is_not_distinct_from(bindparam("of_request")),
    _TASK.reason == bindparam("reason"),
    _TASK.done_at.is_(None),
)
_SETTLED = (
    update(_TASKS)
    .where(
        _TASK.request_id == bindparam("of_request"),
        _TASK.notice.in_(one_of("of_notices")),
        _TASK.done_at.is_(None),
        _TASK.created_at < bindparam("before"),  # not what the same decision asks
    )
    .values(done_at=bindparam("at"), done_by=bindparam("who"))
)


def ask_staff(desk: Desk, effect: e.AskStaff) -> None:
    """A task; a mail that is judged a second time does not ask the same again while the first waits."""
    request_id = desk.standing[effect.number].id if effect.number in desk.standing else None
    asked = {"of_mail": desk.mail_id, "of_request": request_id, "reason": effect.reason}
    if desk.mail_id is not None and desk.session.exec(_ASKED, params=asked).first():
        return
    columns = {
        "notice": effect.notice,
        "request_id": request_id,
        "mail_id": desk.mail_id,
        "reason": effect.reason,
        "text": effect.text,
        "passage": effect.passage,
        "commands": list(effect.commands),
        "created_at": desk.at,
    }
    put_new(desk.session, TaskRow, columns)


def settle_asked(desk: Desk, request_id: int, notices: Sequence[str]) -> None:
    """What these notices asked before is done: their reason is gone."""
    given = {"of_request": request_id, "of_notices": list(notices), "before": desk.at, "at": desk.at, "who": desk.actor}
    desk.session.exec(_SETTLED, params=given)
