"""What the Context is after a decision's effects: for writing the letters, and for events that follow in one mail."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from maild.core.effects import (
    AddCharge,
    ApprovePatron,
    ChangeRequest,
    Effect,
    Move,
    OpenRequest,
    PartnerAbsent,
    PutAttempt,
    PutItem,
    TakeBack,
)
from maild.core.request import Attempt, Charge, Context, Item, Request
from maild.core.terms import Flag

Kept = TypeVar("Kept", bound=Attempt | Item)
Change = Move | ChangeRequest | PutItem | PutAttempt | AddCharge | TakeBack


def apply(context: Context, effects: Sequence[Effect]) -> Context:
    """The Context after `effects`. Letters, notices and questions to staff change no request."""
    for effect in effects:
        if isinstance(effect, OpenRequest):
            context = replace(context, requests=(*context.requests, _opened(effect)))
        elif isinstance(effect, PartnerAbsent):
            context = _with_absence(context, effect)
        elif isinstance(effect, ApprovePatron):
            context = _with_approval(context, effect)
        elif isinstance(effect, Change):
            context = _with_change(context, effect)
    return context


def _opened(effect: OpenRequest) -> Request:
    new = effect.new
    return Request(
        number=effect.number,
        role=effect.role,
        service_type=new.service_type,
        status=effect.status,
        profile=effect.profile,
        citation=new.citation,
        partner_id=effect.partner_id,
        partner_address=new.requester.email if new.requester else None,
        requester_ref=(new.requester.ref or "") if new.requester else "",
        patron_id=effect.patron_id,
        patron_email=new.patron.email if new.patron else None,
        suppliers=effect.suppliers,
        language=effect.language,
        pickup=new.pickup or "",
        delivery=new.delivery or "",
        note=new.note or "",
        need_before=new.need_before,
        max_cost=new.max_cost,
        abroad_ok=new.abroad_ok,
    )


def _with_change(context: Context, effect: Change) -> Context:
    """A change to a request that the Context does not hold changes nothing."""
    return replace(
        context,
        requests=tuple(_changed(r, effect) if r.number == effect.number else r for r in context.requests),
    )


def _changed(request: Request, effect: Change) -> Request:
    if isinstance(effect, Move):
        return _moved(request, effect)
    if isinstance(effect, TakeBack):
        return _taken_back(request, effect)
    if isinstance(effect, ChangeRequest):
        return replace(request, **effect.values)  # type: ignore[arg-type]  # a wrong name or value is a bug of decide
    if isinstance(effect, PutItem):
        return replace(request, items=_put(request.items, effect.item))
    if isinstance(effect, PutAttempt):
        return replace(request, attempts=_put(request.attempts, effect.attempt))
    return replace(request, charges=noted_beside(request.charges, (effect.charge,)))


def noted_beside(charges: Sequence[Charge], new: Iterable[Charge]) -> tuple[Charge, ...]:
    """The lines with the new ones: each in the place of the one of its kind, payer and partner that is not settled.

    Of a line of nothing, nothing is owed: it is settled.
    """
    lines = list(charges)
    for line in new:
        place = next((i for i, old in enumerate(lines) if _in_place_of(line, old)), len(lines))
        lines[place : place + 1] = [line if line.money.amount else replace(line, settled=True)]
    return tuple(lines)


def _in_place_of(new: Charge, old: Charge) -> bool:
    return not old.settled and (new.kind, new.payer, new.partner_id) == (old.kind, old.payer, old.partner_id)


def _moved(request: Request, effect: Move) -> Request:
    pending = Flag.RENEWAL_PENDING
    flags = (request.flags - effect.remove) | effect.add
    was = request.renewal_pending and pending not in effect.remove
    return replace(request, status=effect.to, flags=flags, renewal_pending=was or pending in flags)


def _taken_back(request: Request, effect: TakeBack) -> Request:
    return replace(
        request,
        items=tuple(i for i in request.items if i.id not in effect.items),
        attempts=tuple(a for a in request.attempts if a.id not in effect.attempts),
        charges=request.charges if effect.charges is None else effect.charges,
    )


def _put(kept: tuple[Kept, ...], new: Kept) -> tuple[Kept, ...]:
    """`new` in the place of the one with its id; id 0 is an addition."""
    if new.id and any(old.id == new.id for old in kept):
        return tuple(new if old.id == new.id else old for old in kept)
    return (*kept, new)


def _with_absence(context: Context, effect: PartnerAbsent) -> Context:
    return replace(
        context,
        partners=tuple(
            replace(p, absent_since=effect.since, absent_until=effect.until) if p.id == effect.partner_id else p
            for p in context.partners
        ),
    )


def _with_approval(context: Context, effect: ApprovePatron) -> Context:
    return replace(
        context,
        patrons=tuple(replace(p, approved=effect.approved) if p.id == effect.patron_id else p for p in context.patrons),
    )
