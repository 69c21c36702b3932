"""What came without a request of ours: a patron ordered it at the library itself, and the desk takes it on."""

from dataclasses import replace
from datetime import datetime

from maild.core import decide_supplier, rota, works
from maild.core.apply import apply
from maild.core.decide_command import as_wished, must_be_a_place, notify_of
from maild.core.decide_event import take
from maild.core.effects import (
    ApprovePatron,
    AskStaff,
    ChangeRequest,
    Command,
    Decision,
    Effect,
    OpenRequest,
    PutAttempt,
)
from maild.core.notices import plan
from maild.core.occasion import Occasion
from maild.core.reading import Citation, Doubt, Event, NewRequest
from maild.core.request import Attempt, Context, Partner, Patron, Request
from maild.core.rules import Refused, Rules
from maild.core.terms import EventName, Role, ServiceType, Status
from maild.core.typed import event_of
from maild.core.workdays import day_in

NEW = ""  # the number of a request that has none yet
PLACES = {"here": EventName.RECEIVED, "coming": EventName.LOANED}
WORK = ("title", "author", "isbn", "year")  # the work, as values of the command
OWN_KEYS = frozenset({*WORK, "patron", "place"})


def decide_adopt(command: Command, context: Context, rules: Rules, now: datetime) -> Decision:
    """The decision that makes a request of what came. Raises Refused with what is missing."""
    partner, patron = _partner(command, context), _patron(command, context)
    event = event_of(command, day_in(now, rules.site.zone), OWN_KEYS)
    must_be_a_place(command, rules)
    new = _new_request(command)
    _must_be_new(event, new, patron, context)
    opened = _opened(new, partner, patron, rules)
    here = apply(context, opened)
    taken = take(_occasion(command, event, here, rules, now))
    if isinstance(taken, Doubt):
        raise Refused(taken.text.lstrip(": "))
    effects = (*opened, *as_wished(taken, notify_of(command)), _attempt(partner, event, now), *_told(patron))
    notices = plan(NEW, context, apply(context, effects), rules, now)
    why = f"{command.actor}: adopted from {partner.symbol}, without a request of ours"
    return Decision(effects=(*effects, *notices), why=why, auto=True)


def _partner(command: Command, context: Context) -> Partner:
    symbol = command.values.get("partner", "")
    partner = rota.by_symbol(context, symbol) if symbol else None
    if partner is None:
        raise Refused(f"partner={symbol} is not on record; see maild partner list")
    return partner


def _patron(command: Command, context: Context) -> Patron:
    who = command.values.get("patron", "")
    found = [p for p in context.patrons if who and (p.card == who or p.email.lower() == who.lower())]
    if len(found) != 1:
        raise Refused(f"patron={who} is the card or address of no patron on record; see maild patron import")
    return found[0]


def _new_request(command: Command) -> NewRequest:
    work = {name: command.values[name].strip() or None for name in WORK if name in command.values}
    if not work.get("title") and not work.get("isbn"):
        raise Refused("Adopt needs the work: title=… or isbn=…")
    return NewRequest(service_type=ServiceType.LOAN, citation=Citation(**work), pickup=command.values.get("pickup"))


def _must_be_new(event: Event, new: NewRequest, patron: Patron, context: Context) -> None:
    """Nothing is adopted that we asked for or have: raises Refused with the request that it is."""
    for request in context.requests:
        if request.role is not Role.BORROWING or request.closed_at is not None:
            continue
        ids = {one for item in request.items for one in item.item_ids}
        again = request.patron_id == patron.id and works.same_work(request.citation, new.citation)
        if again or ids & set(event.item_id):
            raise Refused(f"it is {request.number}, which is open: maild request do {request.number} Received …")


def _opened(new: NewRequest, partner: Partner, patron: Patron, rules: Rules) -> tuple[Effect, ...]:
    """The request, as if this partner had been asked for it."""
    draft = Request(role=Role.BORROWING, service_type=new.service_type, status=Status.REQUESTED)
    opening = OpenRequest(
        role=Role.BORROWING,
        new=new,
        profile=rules.profile_with(draft, partner),
        status=Status.REQUESTED,
        patron_id=patron.id,
        language=patron.language,
    )
    known = () if patron.approved else (ApprovePatron(patron_id=patron.id),)
    return (opening, *known, ChangeRequest(number=NEW, values=decide_supplier.in_hand(partner, ())))


def _occasion(command: Command, event: Event, here: Context, rules: Rules, now: datetime) -> Occasion:
    place = command.values.get("place", "here")
    if place not in PLACES:
        raise Refused(f"place={place}: write here, or coming for what is on its way to us")
    return Occasion(
        event=replace(event, event=PLACES[place]),
        request=here.requests[-1],
        by="staff",
        context=here,
        rules=rules,
        now=now,
        cause=command.id,
        notify=notify_of(command) != "no",
        values={key: value for key, value in command.values.items() if key not in OWN_KEYS},
    )


def _attempt(partner: Partner, event: Event, now: datetime) -> PutAttempt:
    """The supplier, which nobody of ours asked."""
    attempt = Attempt(
        partner_id=partner.id,
        partner_domains=partner.domains,
        status=str(EventName.LOANED),
        answered_at=now,
        supplier_ref=event.supplier_ref or "",
    )
    return PutAttempt(number=NEW, attempt=attempt)


def _told(patron: Patron) -> tuple[Effect, ...]:
    """What staff must know of the patron before it is handed over."""
    if not patron.blocked:
        return ()
    return (
        AskStaff(number=NEW, reason="policy", text="The patron of what was adopted is blocked: it waits at the desk."),
    )
