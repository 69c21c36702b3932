"""The next supplier is asked: attempt, letter and status in one go; the silent one is told that we cancel."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from maild.core import ceilings, channels, costs, rota
from maild.core.effects import (
    AddCharge,
    AskStaff,
    Audience,
    ChangeRequest,
    Effect,
    Move,
    PutAttempt,
    SendLetter,
    TakeBack,
)
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion, said_by_hand, to_partner
from maild.core.reading import Doubt, Event
from maild.core.request import Attempt, Partner
from maild.core.terms import EventName, Flag, Party, ServiceType, Status

AT_WORK = frozenset({Status.REQUESTED, Status.REQUEST_RECEIVED, Status.EXPECT_TO_SUPPLY, Status.WILL_SUPPLY})
DONE_WITH = frozenset({EventName.UNFILLED, EventName.CANCELLED, EventName.COPY_COMPLETED})  # its last word

THEIR_TERMS = frozenset(  # of the supplier before, and of what it sent
    {
        *(Flag.LIBRARY_USE_ONLY, Flag.NO_RENEWAL, Flag.DUE_DATE_ASSUMED),
        *(Flag.OVERDUE, Flag.RECALLED, Flag.ATTENTION),
    }
)
SETTLED = frozenset({Flag.HOLDINGS_PENDING, Flag.INCOMPLETE})  # by somebody being asked


def ask_next(o: Occasion, *, by_staff: bool) -> tuple[Effect, ...]:
    """Asks the next supplier, or the one that staff chose; tells staff where only dear or resting ones are left.

    Nothing where there is none: the caller's letters say so to the patron.
    """
    stops = partial(ceilings.stops_before, o)
    choice = rota.next_supplier(o.request, o.context, o.rules.rota(o.request, o.patron), o.today, stops)
    partner = rota.by_symbol(o.context, o.supplier) if o.supplier else choice.partner
    if partner is not None:
        left = tuple(s for s in o.request.suppliers if s.casefold() != partner.symbol.casefold())
        return (*_cancel_silent(o), *_not_arrived(o), *_let_off(o), *_ask(o, partner, left))
    if choice.dear:
        told = " ".join(choice.dear)
        text = f"{o.request.number}: a price needs a yes. {told} Ask whoever pays, then ask the library by hand."
        return (AskStaff(number=o.request.number, reason="cost", text=text, commands=_commands(o)),)
    if choice.resting:
        names = ", ".join(choice.resting)
        text = (
            f"{o.request.number}: the suppliers that are left ({names}) are paused or away; ask one by hand, or wait."
        )
        return (AskStaff(number=o.request.number, reason="policy", text=text, commands=_commands(o)),)
    if by_staff or o.event.event is EventName.NO_ANSWER:
        text = f"{o.request.number}: no supplier is left that is marked as holding it. Mark one and ask it, or close."
        if choice.passed:
            text += f" Passed over: {', '.join(choice.passed)}."
        return (AskStaff(number=o.request.number, reason="policy", text=text, commands=_commands(o)),)
    return ()


def sent_after_all(o: Occasion) -> tuple[Effect, ...] | Doubt:
    """What makes a supplier asked before the one in hand again, for the parcel is its own and staff say so."""
    partner = rota.by_symbol(o.context, o.supplier)
    if partner is None or partner.id == o.request.partner_id:
        return ()
    earlier = next((a for a in reversed(o.request.attempts) if a.partner_id == partner.id), None)
    if earlier is None:
        return Doubt(reason="status", text=f"{o.supplier} was never asked for {o.request.number}.")
    if o.request.items:
        text = f"{o.request.number} has the things of another library: two are sending, send that of one back."
        return Doubt(reason="status", text=text)
    again = replace(earlier, id=0, status=Status.LOANED.value)
    return (
        *_cancel_silent(o),
        *_let_off(o),
        ChangeRequest(number=o.request.number, values=in_hand(partner, o.request.suppliers)),
        PutAttempt(number=o.request.number, attempt=again),
    )


def _commands(o: Occasion) -> tuple[str, ...]:
    return (f"maild request do {o.request.number} NextSupplier partner=SYMBOL",)


def _cancel_silent(o: Occasion) -> tuple[Effect, ...]:
    """A supplier that has neither refused nor sent is told that we ask elsewhere; once, where we cancelled already.

    The request says so: the attempt of one whose price was accepted still has the status that asked about it. One that
    promised at a price which the patron was asked about waits for nobody, and says so on its attempt.
    """
    in_hand = attempt_in_hand(o.request)
    if in_hand is None or in_hand.status in DONE_WITH:
        return ()
    promised = o.request.status is Status.RETRY_POSSIBLE and in_hand.status in AT_WORK
    if o.request.status not in AT_WORK and not promised:
        return ()
    return (
        to_partner(o, "cancel_request", {}),
        PutAttempt(number=o.request.number, attempt=replace(in_hand, status=Status.CANCEL_PENDING.value)),
    )


def _not_arrived(o: Occasion) -> tuple[Effect, ...]:
    """What the supplier before sent and never came is off the request; it is told so, unless staff told it before."""
    number = o.request.number
    gone = tuple(item.id for item in o.request.items)
    taken_off = (TakeBack(number=number, items=gone),) if gone else ()
    in_hand = attempt_in_hand(o.request)
    if o.request.status is not Status.LOANED or in_hand is None:
        return taken_off
    facts = {
        "item_id": tuple(code for item in o.request.items for code in item.item_ids),
        "supplier_ref": o.request.supplier_ref,
    }
    told = () if Flag.ATTENTION in o.request.flags else (to_partner(o, "not_received", facts),)
    missed = replace(in_hand, status=EventName.NOT_RECEIVED.value)
    return (
        *told,
        PutAttempt(number=number, attempt=missed),
        *taken_off,
        ChangeRequest(number=number, values={"loaned_on": None}),
    )


def _let_off(o: Occasion) -> tuple[Effect, ...]:
    """The prices of the supplier before: nobody pays both. Should it send all the same, they are noted anew."""
    spared = costs.let_off(o.request, o.request.partner_id)
    return tuple(AddCharge(number=o.request.number, charge=line) for line in spared)


def _ask(o: Occasion, partner: Partner, left: tuple[str, ...]) -> tuple[Effect, ...]:
    number = o.request.number
    profile = o.rules.profile_with(o.request, partner)
    asked = Event(event=EventName.NEXT_SUPPLIER, request=number, note=partner.symbol)
    return (
        Move(number=number, to=Status.REQUESTED, event=asked, remove=THEIR_TERMS | SETTLED),
        ChangeRequest(number=number, values=in_hand(partner, left) | {"profile": profile}),
        PutAttempt(number=number, attempt=attempt(partner, o.now)),
        _request(number, o.request.service_type, partner, o.cause),
    )


def _request(number: str, service_type: ServiceType, partner: Partner, cause: str) -> Effect:
    """The request as a letter, or as a task where the partner is asked by another way."""
    letter = request_letter(number, service_type, partner, cause)
    way = channels.by_hand(partner, letter.letter)
    return said_by_hand(number, partner, letter.letter, way) if way else letter


def in_hand(partner: Partner, left: tuple[str, ...]) -> dict[str, object]:
    """The fields of a request whose supplier in hand is `partner`, with `left` still to be asked."""
    return {
        "partner_id": partner.id,
        "partner_domains": partner.domains,
        "partner_address": partner.email,
        "suppliers": left,
        "supplier_ref": "",
        "conditions": (),
        "last_partner_message_id": "",
        "closed_at": None,
    }


def attempt(partner: Partner, now: datetime) -> Attempt:
    """A supplier that is asked now."""
    return Attempt(
        partner_id=partner.id,
        partner_domains=partner.domains,
        status=Status.REQUESTED.value,
        asked_at=now,
    )


def request_letter(number: str, service_type: ServiceType, partner: Partner, cause: str) -> SendLetter:
    """The request itself, to this supplier."""
    return SendLetter(
        number=number,
        letter="request_copy" if service_type is ServiceType.COPY else "request_loan",
        audience=Audience.PARTNER,
        to=partner.email,
        party=Party.SUPPLIER,
        languages=partner.languages,
        cause=f"{cause}:{EventName.NEXT_SUPPLIER}:{partner.symbol}",
        partner_id=partner.id,
    )
