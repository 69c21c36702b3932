"""What staff are asked to do."""

from sqlalchemy import bindparam
from sqlmodel import select

from maild.core import effects as e
from maild.store.database import put_new
from maild.store.effects.desk import Desk
from maild.store.statements import table_of
from maild.store.tables import TaskRow

_TASK = table_of(TaskRow).c
_ASKED = select(_TASK.id).where(
    _TASK.mail_id == bindparam("of_mail"),
    _TASK.request_id.is_not_distinct_from(bindparam("of_request")),
    _TASK.reason == bindparam("reason"),
    _TASK.done_at.is_(None),
)


def ask_staff(desk: Desk, effect: e.AskStaff) -> None:
    """A task; a mail that is judged a second time does not ask the same again while the first waits."""
    request_id = desk.standing[effect.number].id if effect.number in desk.standing else None
    asked = {"of_mail": desk.mail_id, "of_request": request_id, "reason": effect.reason}
    if desk.mail_id is not None and desk.session.exec(_ASKED, params=asked).first():
        return
    columns = {
        "request_id": request_id,
        "mail_id": desk.mail_id,
        "reason": effect.reason,
        "text": effect.text,
        "passage": effect.passage,
        "commands": list(effect.commands),
        "created_at": desk.at,
    }
    put_new(desk.session, TaskRow, columns)
