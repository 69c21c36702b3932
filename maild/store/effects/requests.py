"""The request itself: opened, moved, changed; and the history of its steps."""

from collections.abc import Sequence
from typing import Any

from maild.core import effects as e
from maild.core.reading import NewRequest
from maild.core.terms import EventName, Flag, Role
from maild.store.database import put_new
from maild.store.effects.desk import Desk, Standing
from maild.store.effects.parties import new_patron
from maild.store.plain import plain
from maild.store.rows import max_cost_columns, request_columns
from maild.store.tables import HistoryRow, RequestRow


def open_request(desk: Desk, effect: e.OpenRequest) -> None:
    """The new request, its patron where nobody knows one yet, and the first line of its history."""
    new = effect.new
    patron_id = effect.patron_id
    if patron_id is None and effect.role == Role.BORROWING and new.patron is not None:
        patron_id = new_patron(desk, effect)
    status = effect.status.value
    columns = {
        "number": effect.number,
        "role": effect.role.value,
        "service_type": new.service_type.value,
        "status": status,
        "profile": effect.profile,
        "citation": plain(new.citation),
        "partner_id": effect.partner_id,
        "patron_id": patron_id,
        "suppliers": list(effect.suppliers),
        "language": effect.language,
        "created_at": desk.at,
    }
    request_id = put_new(desk.session, RequestRow, columns | _wishes(new))
    desk.standing[effect.number] = Standing(id=request_id, version=0, status=status, flags=frozenset())
    desk.touch(effect.number)
    event = {"event": EventName.REQUEST.value, "new_request": plain(new)}
    _note_step(desk, request_id, from_status="", to_status=status, event=event)


def _wishes(new: NewRequest) -> dict[str, Any]:
    """What the new request asks for, as columns."""
    asker = new.requester
    return {
        "requester": plain(asker) if asker else None,
        "requester_email": ((asker.email if asker else None) or "").lower(),
        "requester_ref": (asker.ref if asker else None) or "",
        "pickup": new.pickup or "",
        "delivery": new.delivery or "",
        "office_address": new.office_address or "",
        "abroad_ok": new.abroad_ok,
        "any_edition": new.any_edition,
        "note": new.note or "",
        "need_before": new.need_before,
    } | max_cost_columns(new.max_cost)


def move(desk: Desk, effect: e.Move) -> None:
    """Another status, other flags, and the line of the history that says so."""
    standing = desk.touch(effect.number)
    # A move may take flags away that were not there; its history says what it changed.
    added = sorted(set(plain(effect.add)) - standing.flags)
    removed = sorted(set(plain(effect.remove)) & standing.flags)
    _note_step(
        desk,
        standing.id,
        from_status=standing.status,
        to_status=effect.to.value,
        event=plain(effect.event),
        added=added,
        removed=removed,
    )
    standing.status = effect.to.value
    standing.flags = (standing.flags - set(removed)) | set(added)


def change_request(desk: Desk, effect: e.ChangeRequest) -> None:
    """New values of the request's own fields; its status and flags may be among them."""
    standing = desk.touch(effect.number)
    values = dict(effect.values)
    pending = values.pop("renewal_pending", None)
    if pending is not None:  # told by its flag, as any reader of the request's flags sees it
        flag = frozenset({Flag.RENEWAL_PENDING.value})
        standing.flags = standing.flags | flag if pending else standing.flags - flag
    columns = request_columns(values)
    standing.flags = frozenset(columns.pop("flags", standing.flags))
    standing.status = columns.pop("status", standing.status)
    standing.columns |= columns


def _note_step(
    desk: Desk,
    request_id: int,
    *,
    from_status: str,
    to_status: str,
    event: dict[str, Any],
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
) -> None:
    desk.add(
        HistoryRow,
        request_id=request_id,
        input_id=desk.input_id,
        mail_id=desk.mail_id,
        at=desk.at,
        who=desk.actor,
        from_status=from_status,
        to_status=to_status,
        flags_added=list(added),
        flags_removed=list(removed),
        event=event,
        why=desk.why,
    )
