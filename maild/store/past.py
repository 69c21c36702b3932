"""What happened to a request and what was said of it: for taking back its last event, and for correcting letters."""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from maild.core.effects import ApprovePatron, Audience, SendLetter
from maild.core.request import Context, Request, Step, Told, Written
from maild.core.undo import is_changed
from maild.core.workdays import day_in
from maild.store.tables import HistoryRow, InputRequestRow, InputRow, OutboxRow

CONTEXT = TypeAdapter(Context)
WRITTEN = TypeAdapter(Written)
WRITTEN_FROM = frozenset(f.name for f in fields(Written))
KEPT = ("waiting", "held", "sent")  # a shadow letter reached nobody, a failed one neither


def last_step(session: Session, request: Request, zone: str) -> Step | None:
    """The newest input that made the request another one and was not taken back; None where there is none."""
    after = request
    undone = _undone(session, request.id)
    for row in _inputs(session, request.id):
        before = _before(row, request.number)
        if before is None or (row.id not in undone and is_changed(before, after)):
            # A gap between the versions: something else changed it too, which no input tells of.
            kept = before if before is not None and after.version == before.version + 1 else None
            return _step(session, request, row, kept, zone)
        after = before
    return None


def told(session: Session, request_id: int) -> tuple[Told, ...]:
    """Our letters to partners and patrons about the request, oldest first."""
    found = select(OutboxRow).where(OutboxRow.request_id == request_id, OutboxRow.audience != Audience.STAFF)
    rows = session.exec(found.where(col(OutboxRow.state).in_(KEPT)).order_by(col(OutboxRow.id)))
    return tuple(
        Told(
            message_id=row.message_id,
            letter=row.letter,
            audience=row.audience,
            to=row.to,
            at=row.sent_at or row.created_at,
            state=row.state,
            subject=row.subject,
            says=row.says,
            withdrawn_at=row.withdrawn_at,
            step=row.input_id or 0,
            written=_written(session, row) if row.state != "sent" else None,
        )
        for row in rows
    )


def _written(session: Session, row: OutboxRow) -> Written | None:
    """What the decision behind a letter says of it; None where that is erased."""
    caused = session.get(InputRow, row.input_id) if row.input_id else None
    for effect in _effects(caused) if caused is not None else ():
        if (effect["effect"], effect.get("letter"), effect.get("cause", "")) != (
            SendLetter.__name__,
            row.letter,
            row.cause,
        ):
            continue
        if effect["to"].lower() == row.to:
            return WRITTEN.validate_python({name: effect[name] for name in WRITTEN_FROM & effect.keys()})
    return None


def _effects(row: InputRow) -> list[dict[str, Any]]:
    """What was decided, as it is kept; nothing where it is erased."""
    return list(json.loads(row.decision).get("effects", ())) if row.decision else []


def _inputs(session: Session, request_id: int) -> Iterator[InputRow]:
    """The inputs about the request, newest first, read one by one: seldom more than the first is needed."""
    own = select(InputRequestRow.input_id).where(InputRequestRow.request_id == request_id)
    for input_id in session.exec(own.order_by(col(InputRequestRow.input_id).desc())).all():
        yield session.get_one(InputRow, input_id)


def _undone(session: Session, request_id: int) -> set[int]:
    """The inputs that were taken back, and those that took them back: together they changed nothing."""
    own = select(InputRequestRow).where(InputRequestRow.request_id == request_id)
    links = session.exec(own.where(col(InputRequestRow.undone_by).is_not(None)))
    return {one for link in links for one in (link.input_id, link.undone_by) if one is not None}


def _before(row: InputRow, number: str) -> Request | None:
    """The request as the input found it; None where that is erased, or the request was not there."""
    return CONTEXT.validate_json(row.context).request(number) if row.context else None


def _step(session: Session, request: Request, row: InputRow, before: Request | None, zone: str) -> Step:
    steps = session.exec(
        select(HistoryRow.event).where(HistoryRow.input_id == row.id, HistoryRow.request_id == request.id)
    )
    return Step(
        id=row.id or 0,
        at=row.at,
        who=row.actor,
        what=", ".join(str(event.get("event", "")) for event in steps) or row.kind,
        before=before,
        entered=_entered(session, request, row, zone),
        approves=any(effect["effect"] == ApprovePatron.__name__ for effect in _effects(row)),
    )


def _entered(session: Session, request: Request, row: InputRow, zone: str) -> date | None:
    """The day on which the request came to the status that it stood at before this input."""
    moved = select(HistoryRow.at).where(HistoryRow.request_id == request.id, col(HistoryRow.input_id) < row.id)
    moved = moved.where(col(HistoryRow.input_id).not_in(_undone(session, request.id)))
    moved = moved.where(HistoryRow.from_status != HistoryRow.to_status).order_by(col(HistoryRow.id).desc())
    at = session.exec(moved).first()
    return day_in(at, zone) if at is not None else None
