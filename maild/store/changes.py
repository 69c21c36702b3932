"""Effects carried out: which function writes which. Called by decisions.commit, within its transaction."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, update

from maild.core import effects as e
from maild.store.database import insert
from maild.store.effects import charges, letters, notices, parties, parts, requests, steps, tasks
from maild.store.effects.desk import Desk
from maild.store.statements import run, table_of
from maild.store.tables import RequestRow

# Columns are given by their names when a statement runs; "of_…" says of which row.
_REQUEST = table_of(RequestRow)
_TOUCH = update(_REQUEST).where(_REQUEST.c.id == bindparam("of_id"))


def carry_out(desk: Desk, effect: e.Effect) -> None:
    """Write what the effect says. Letters come composed, and FileMail with the mail, so neither is written here."""
    if not isinstance(effect, e.SendLetter | e.FileMail):
        _DOERS[type(effect)](desk, effect)


def write_rows(desk: Desk) -> None:
    """The new rows, one statement a table, and the requests that were touched, one version on."""
    notices.write_plans(desk)
    for table, rows in desk.new_rows.items():
        run(desk.session, insert(desk.session, table), rows)
    for standing in desk.standing.values():
        if standing.touched:
            columns = standing.columns | {
                "status": standing.status,
                "flags": sorted(standing.flags),
                "version": standing.version + 1,
            }
            run(desk.session, _TOUCH, columns | {"of_id": standing.id})


_DOERS: dict[type, Callable[[Desk, Any], None]] = {
    e.OpenRequest: requests.open_request,
    e.Move: requests.move,
    e.ChangeRequest: requests.change_request,
    e.PutItem: parts.put_item,
    e.PutAttempt: parts.put_attempt,
    e.AddCharge: charges.add_charge,
    e.PartnerAbsent: parties.partner_absent,
    e.ApprovePatron: parties.approve_patron,
    e.PlanNotice: notices.plan_notice,
    e.DropNotices: notices.drop_notices,
    e.TakeBack: steps.take_back,
    e.WithdrawLetters: letters.withdraw_letters,
    e.AskStaff: tasks.ask_staff,
    e.MarkLetter: letters.mark_letter,
}
