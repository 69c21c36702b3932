"""One function an effect: what it changes in the tables. Called by decisions.commit, within its transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, func, update
from sqlmodel import Session, SQLModel, and_, col, or_, select

from maild.core import effects as e
from maild.core.reading import NewRequest
from maild.core.request import Charge, Patron
from maild.core.terms import EventName, Flag, Role
from maild.store import outbox
from maild.store.database import Insert, insert
from maild.store.plain import plain
from maild.store.rows import (
    attempt_columns,
    charge_columns,
    item_columns,
    max_cost_columns,
    patron_columns,
    request_columns,
)
from maild.store.statements import one_of, table_of
from maild.store.tables import (
    AttemptRow,
    ChargeRow,
    HistoryRow,
    InputRequestRow,
    ItemCodeRow,
    ItemRow,
    LetterMarkRow,
    NoticeRow,
    OutboxRow,
    PartnerRow,
    PatronRow,
    RequestRow,
    TaskRow,
)

# Columns are given by their names when a statement runs; "of_…" says of which row.
_REQUEST, _NOTICE, _CODE = (table_of(row) for row in (RequestRow, NoticeRow, ItemCodeRow))
_TOUCH = update(_REQUEST).where(_REQUEST.c.id == bindparam("of_id"))
_CODES_GONE = delete(_CODE).where(
    _CODE.c.request_id == bindparam("of_request"), _CODE.c.number == bindparam("of_number")
)
_NOTICE_IN_HAND = select(_NOTICE.c.request_id, _NOTICE.c.series, _NOTICE.c.item_id, _NOTICE.c.due).where(
    _NOTICE.c.id == bindparam("of_id")
)
_NOTICE_DONE = update(_NOTICE).where(_NOTICE.c.id == bindparam("of_id"))
_OLDER_MISSED = (
    update(_NOTICE)
    .where(
        _NOTICE.c.request_id == bindparam("of_request"),
        _NOTICE.c.series == bindparam("of_series"),
        _NOTICE.c.item_id == bindparam("of_item"),
        _NOTICE.c.state == "planned",
        _NOTICE.c.due < bindparam("before"),
    )
    .values(state="missed")
)
_ALL_DROPPED = (
    update(_NOTICE)
    .where(_NOTICE.c.request_id == bindparam("of_request"), _NOTICE.c.state == "planned")
    .values(state="dropped")
)
_SOME_DROPPED = _ALL_DROPPED.where(_NOTICE.c.notice.in_(one_of("notices")))


@dataclass(slots=True, kw_only=True)
class Standing:
    """A request within the transaction: what it was, and the columns that the decision gives it."""

    id: int
    version: int
    status: str
    flags: frozenset[str]
    touched: bool = False
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every effect of one decision is written with."""

    session: Session
    at: datetime
    actor: str
    why: str
    input_id: int
    mail_id: int | None
    standing: dict[str, Standing]
    new_rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)  # of notices, not written yet

    def add(self, table: type[SQLModel], **columns: Any) -> None:
        """A row that nothing else of the decision looks at; all of a table are written together."""
        self.new_rows.setdefault(table, []).append(columns)

    def known(self, number: str) -> Standing:
        """The request; raises ValueError where the decision had not looked at it."""
        if number not in self.standing:
            raise ValueError(f"the decision is about {number!r}, whose version it does not name")
        return self.standing[number]

    def touch(self, number: str) -> Standing:
        """The request, which is another one from now on: what was decided on the old one is decided again."""
        standing = self.known(number)
        standing.touched = True
        return standing


def carry_out(desk: Desk, effect: e.Effect) -> None:
    """Write what the effect says. Letters come composed, and FileMail with the mail, so neither is written here."""
    if not isinstance(effect, e.SendLetter | e.FileMail):
        _DOERS[type(effect)](desk, effect)


def write_rows(desk: Desk) -> None:
    """The new rows, one statement a table, and the requests that were touched, one version on."""
    _write_plans(desk)
    for table, rows in desk.new_rows.items():
        desk.session.exec(insert(desk.session, table), params=rows)
    for standing in desk.standing.values():
        if standing.touched:
            columns = standing.columns | {
                "status": standing.status,
                "flags": sorted(standing.flags),
                "version": standing.version + 1,
            }
            desk.session.exec(_TOUCH, params=columns | {"of_id": standing.id})


def finish_notice(session: Session, notice_id: int, now: datetime, *, sent: bool) -> None:
    """The notice has had its turn. Earlier ones of its series, which an outage kept back, are missed for good.

    One that its decision put off to a later hour stays planned.
    """
    request_id, series, item_id, due = session.exec(_NOTICE_IN_HAND, params={"of_id": notice_id}).one()
    if due > now:
        return
    if series:
        older = {"of_request": request_id, "of_series": series, "of_item": item_id, "before": due}
        session.exec(_OLDER_MISSED, params=older)
    session.exec(_NOTICE_DONE, params={"of_id": notice_id, "state": "sent" if sent else "dropped"})


def _open_request(desk: Desk, effect: e.OpenRequest) -> None:
    new, session = effect.new, desk.session
    patron_id = effect.patron_id
    if patron_id is None and effect.role == Role.BORROWING and new.patron is not None:
        patron_id = _new_patron(desk, effect)
    row = RequestRow(
        number=effect.number,
        role=effect.role.value,
        service_type=new.service_type.value,
        status=effect.status.value,
        profile=effect.profile,
        citation=plain(new.citation),
        partner_id=effect.partner_id,
        patron_id=patron_id,
        suppliers=list(effect.suppliers),
        language=effect.language,
        created_at=desk.at,
        **_wishes(new),
    )
    session.add(row)
    session.flush()
    desk.standing[effect.number] = Standing(id=row.id or 0, version=0, status=row.status, flags=frozenset())
    desk.touch(effect.number)
    event = {"event": EventName.REQUEST.value, "new_request": plain(new)}
    _note_step(desk, row.id or 0, from_status="", to_status=row.status, event=event)


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


def _new_patron(desk: Desk, effect: e.OpenRequest) -> int:
    """A record for somebody whom nobody knows yet: not approved, so no letter goes out before staff say so."""
    person = effect.new.patron
    patron = Patron(
        name=(person.name if person else None) or "",
        email=(person.email if person else None) or "",
        card=(person.id if person else None) or "",
        group=(person.group if person else None) or "",
        phone=(person.phone if person else None) or "",
        language=effect.language or effect.new.language or "fi",
    )
    row = PatronRow(**patron_columns(patron, desk.at))
    desk.session.add(row)
    desk.session.flush()
    return row.id or 0


def _move(desk: Desk, effect: e.Move) -> None:
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


def _change_request(desk: Desk, effect: e.ChangeRequest) -> None:
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


def _put_item(desk: Desk, effect: e.PutItem) -> None:
    standing = desk.touch(effect.number)
    number = _put(desk, ItemRow, standing.id, effect.item.id, item_columns(effect.item))
    if effect.item.id:
        desk.session.exec(_CODES_GONE, params={"of_request": standing.id, "of_number": number})
    codes = [
        {"request_id": standing.id, "number": number, "place": place, "code": code}
        for place, code in enumerate(effect.item.item_ids)
    ]
    if codes:
        desk.session.exec(insert(desk.session, ItemCodeRow), params=codes)


def _put_attempt(desk: Desk, effect: e.PutAttempt) -> None:
    standing = desk.touch(effect.number)
    _put(desk, AttemptRow, standing.id, effect.attempt.id, attempt_columns(effect.attempt))


def _put(
    desk: Desk, table: type[ItemRow] | type[AttemptRow], request_id: int, number: int, columns: dict[str, Any]
) -> int:
    """Add a row (number 0: the next of its request) or replace one; its number."""
    if not number:
        number = desk.session.exec(_next_number(table), params={"of_request": request_id}).one()
        desk.session.exec(insert(desk.session, table), params=columns | {"request_id": request_id, "number": number})
        return number
    of = {"of_request": request_id, "of_number": number}
    if not desk.session.exec(_replacement(table), params=columns | of).rowcount:
        raise ValueError(f"request {request_id} has no {table.__tablename__} {number}")
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


def _add_charge(desk: Desk, effect: e.AddCharge) -> None:
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
    if not _update(desk.session, ChargeRow, own, columns):
        new = insert(desk.session, ChargeRow).values(request_id=request_id, noted_at=desk.at, **columns)
        desk.session.exec(new)


def _partner_absent(desk: Desk, effect: e.PartnerAbsent) -> None:
    _update(
        desk.session,
        PartnerRow,
        col(PartnerRow.id) == effect.partner_id,
        {"absent_since": effect.since, "absent_until": effect.until},
    )


def _approve_patron(desk: Desk, effect: e.ApprovePatron) -> None:
    _update(desk.session, PatronRow, col(PatronRow.id) == effect.patron_id, {"approved": True})


def _plan_notice(desk: Desk, effect: e.PlanNotice) -> None:
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


def _write_plans(desk: Desk) -> None:
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


def _drop_notices(desk: Desk, effect: e.DropNotices) -> None:
    _write_plans(desk)  # those that the decision names before, it drops too
    of_request = {"of_request": desk.touch(effect.number).id}
    if effect.notices:
        desk.session.exec(_SOME_DROPPED, params=of_request | {"notices": list(effect.notices)})
    else:
        desk.session.exec(_ALL_DROPPED, params=of_request)


def _take_back(desk: Desk, effect: e.TakeBack) -> None:
    """What the step added goes, the charges become those that were there, and the step is marked."""
    request_id, session = desk.touch(effect.number).id, desk.session
    for table, numbers in ((ItemCodeRow, effect.items), (ItemRow, effect.items), (AttemptRow, effect.attempts)):
        if numbers:
            own = and_(col(table.request_id) == request_id, col(table.number).in_(numbers))
            session.exec(delete(table).where(own).execution_options(synchronize_session=False))
    if effect.charges is not None:
        _put_charges(desk, request_id, effect.charges)
    step = and_(col(InputRequestRow.input_id) == effect.step, col(InputRequestRow.request_id) == request_id)
    _update(session, InputRequestRow, step, {"undone_by": desk.input_id})


def _put_charges(desk: Desk, request_id: int, charges: Sequence[Charge]) -> None:
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


def _withdraw_letters(desk: Desk, effect: e.WithdrawLetters) -> None:
    desk.touch(effect.number)
    outbox.withdraw(desk.session, effect.letters, desk.at)


def _ask_staff(desk: Desk, effect: e.AskStaff) -> None:
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


def _mark_letter(desk: Desk, effect: e.MarkLetter) -> None:
    """The letter that the report names, else the last one to that recipient about the request."""
    named = OutboxRow.message_id == effect.message_id
    last = and_(
        col(OutboxRow.request_id) == desk.touch(effect.number).id, col(OutboxRow.to) == effect.recipient.lower()
    )
    newest = select(OutboxRow.id).order_by(col(OutboxRow.id).desc()).limit(1)
    letter_id = desk.session.exec(newest.where(named if effect.message_id else last)).first()
    if letter_id is not None:
        desk.session.add(
            LetterMarkRow(
                letter_id=letter_id,
                input_id=desk.input_id,
                at=desk.at,
                failed=effect.failed,
                recipient=effect.recipient,
                diagnostic=effect.diagnostic,
            )
        )


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


def _update(session: Session, table: type[SQLModel], where: Any, columns: dict[str, Any]) -> int:
    """How many rows got these values."""
    return session.exec(update(table_of(table)).where(where).values(**columns)).rowcount


_DOERS: dict[type, Callable[[Desk, Any], None]] = {
    e.OpenRequest: _open_request,
    e.Move: _move,
    e.ChangeRequest: _change_request,
    e.PutItem: _put_item,
    e.PutAttempt: _put_attempt,
    e.AddCharge: _add_charge,
    e.PartnerAbsent: _partner_absent,
    e.ApprovePatron: _approve_patron,
    e.PlanNotice: _plan_notice,
    e.DropNotices: _drop_notices,
    e.TakeBack: _take_back,
    e.WithdrawLetters: _withdraw_letters,
    e.AskStaff: _ask_staff,
    e.MarkLetter: _mark_letter,
}
