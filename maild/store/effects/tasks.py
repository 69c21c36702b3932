"""What staff are asked to do."""

from sqlmodel import col, select

from maild.core import effects as e
from maild.store.effects.desk import Desk
from maild.store.tables import TaskRow


def ask_staff(desk: Desk, effect: e.AskStaff) -> None:
    """A task; a mail that is judged a second time does not ask the same again while the first waits."""
    request_id = desk.standing[effect.number].id if effect.number in desk.standing else None
    asked = select(TaskRow.id).where(
        TaskRow.reason == effect.reason, TaskRow.mail_id == desk.mail_id, TaskRow.request_id == request_id
    )
    if desk.mail_id is not None and desk.session.exec(asked.where(col(TaskRow.done_at).is_(None))).first():
        return
    desk.session.add(
        TaskRow(
            request_id=request_id,
            mail_id=desk.mail_id,
            reason=effect.reason,
            text=effect.text,
            passage=effect.passage,
            commands=list(effect.commands),
            created_at=desk.at,
        )
    )
