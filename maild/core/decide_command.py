"""What staff, the library system or a sysadmin's verb say by hand: checked, then the same road as a mail's event."""

from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches

from maild.core import corrections, delivery, details, hand_letters, letter_facts, rota, undo
from maild.core.apply import apply
from maild.core.decide_event import take
from maild.core.decide_supplier import AT_WORK
from maild.core.delivery import Way
from maild.core.effects import ApprovePatron, Audience, Command, Decision, Effect, Move, SendLetter
from maild.core.notices import plan
from maild.core.occasion import Occasion, seen_after
from maild.core.reading import Doubt
from maild.core.request import Context, Request
from maild.core.rules import Refused, Rules
from maild.core.terms import EventName, Status
from maild.core.typed import OWN_KEYS, event_of
from maild.core.workdays import day_in

NOTIFY = ("yes", "no", "ask")


def decide_command(command: Command, context: Context, rules: Rules, now: datetime) -> Decision:
    """The decision about a command. Raises Refused with the reason and what may be done instead."""
    request = context.request(command.number)
    if request is None:
        raise Refused(f"there is no request {command.number}; see maild request list")
    event = event_of(command, day_in(now, rules.site.zone))
    must_be_a_place(command, rules)
    occasion = Occasion(
        event=event,
        request=request,
        by=command.by,
        context=context,
        rules=rules,
        now=now,
        cause=command.id,
        choice=_choice(command),
        supplier=_supplier(command, request, context),
        notify=notify_of(command) != "no",
        values=command.values,
    )
    told = _effects(occasion)
    if isinstance(told, Doubt):
        raise Refused(f"{told.text}{_possible(occasion)}")
    effects = (*_approval(occasion), *as_wished(told, notify_of(command)))
    after = apply(context, effects)
    since = context.last.entered if _takes_back(occasion) and context.last is not None else None
    notices = plan(request.number, context, after, rules, now, since)
    why = f"{command.actor}: {event.event}{_where_to(occasion)}{_what_back(occasion)}"
    return Decision(effects=(*effects, *notices), why=why, auto=True)


def _where_to(o: Occasion) -> str:
    """Where staff put what has come, or is ready to be fetched."""
    if o.event.event is EventName.RECEIVED:
        kept = delivery.not_to_office(o.request, o.patron, o.rules.pickup, o.rules.limits.patron_loans)
        return ", for the patron's office" if o.request.delivery == delivery.OFFICE and not kept else ""
    if o.event.event is not EventName.READY_FOR_PICKUP:
        return ""
    return ", to the desk" if letter_facts.waiting(o)["pickup_way"] == Way.DESK.value else ", to the open shelf"


def _what_back(o: Occasion) -> str:
    """What an Undo takes back."""
    return f" {undo.why(o)}" if _takes_back(o) else ""


def _effects(o: Occasion) -> tuple[Effect, ...] | Doubt:
    if o.event.event is EventName.UNDO:
        return undo.last_event(o) if _takes_back(o) else _set_right(o)
    taken = take(o)
    if isinstance(taken, Doubt):
        return taken
    if o.event.event is EventName.REOPEN:
        return (*taken, *undo.reopened(o))
    if o.event.event is EventName.EDIT:
        offered = corrections.offered(o, apply(o.context, taken))
        return (*taken, *offered, *details.completed(seen_after(o, taken)))
    return (*taken, *hand_letters.letter(o))


def looks_back(command: Command) -> bool:
    """Whether it can only be decided with what happened before and what was said of it (Context.last, Context.told)."""
    return command.event.event in OWN_KEYS or command.values.get("letter") == corrections.LETTER


def _takes_back(o: Occasion) -> bool:
    """Whether it is an Undo of the last event; with a status of its own it only sets that."""
    return o.event.event is EventName.UNDO and o.choice is None


def notify_of(command: Command) -> str:
    """yes: letters go out; ask: they are held until staff release them; no: none are written."""
    usual = "ask" if command.event.event is EventName.EDIT else "yes"
    given = command.values.get("notify", usual if command.notify else "no")
    if given not in NOTIFY:
        raise Refused(f"notify={given}: write {', '.join(NOTIFY[:-1])} or {NOTIFY[-1]}")
    return given


def as_wished(effects: tuple[Effect, ...], notify: str) -> tuple[Effect, ...]:
    """The effects without their letters, with held ones, or as they are."""
    if notify == "yes":
        return effects
    ours = [e for e in effects if isinstance(e, SendLetter) and e.audience is not Audience.STAFF and not e.again]
    kept = [replace(e, hold=True) if e in ours else e for e in effects if notify == "ask" or e not in ours]
    return tuple(kept)


def _approval(o: Occasion) -> tuple[Effect, ...]:
    """Staff who send a new request on know its patron from then on (domain.md, Who is believed)."""
    sent_on = o.event.event is EventName.NEXT_SUPPLIER and o.request.status is Status.NEW
    if not sent_on or o.patron is None or o.patron.approved:
        return ()
    return (ApprovePatron(patron_id=o.patron.id),)


def _set_right(o: Occasion) -> tuple[Effect, ...]:
    """The status is set right by hand, to any of the profile; no letter goes out."""
    if o.choice is None or o.choice not in o.workflow.states:
        known = ", ".join(o.workflow.states)
        raise Refused(f"Undo needs the status it stood at: to=STATUS, one of {known}")
    return (Move(number=o.request.number, to=o.choice, event=o.event),)


def _possible(o: Occasion) -> str:
    """What the request can take, said where this event is not of it."""
    if o.workflow.edge(o.request.status, o.event.event, o.by, o.choice) is not None:
        return ""
    names = {
        f"{t.event} to={t.to}" if t.event is EventName.CLOSE else str(t.event)
        for t in o.workflow.edges(o.request.status)
    }
    return f" It can take: {', '.join(sorted(names))}."


def must_be_a_place(command: Command, rules: Rules) -> None:
    """Raises Refused where the command names a pickup place that we do not have."""
    name, known = command.values.get("pickup"), rules.site.pickup
    if not name or name in known:
        return
    ours = ", ".join(known) or "none yet, write them in pickup of [site] in maild.toml"
    raise Refused(f"pickup={name} is no place of ours; there are: {ours}")


def _choice(command: Command) -> Status | None:
    given = command.values.get("to")
    if given is None:
        return None
    try:
        return Status(given)
    except ValueError:
        near = get_close_matches(given, [s.value for s in Status], n=1)
        raise Refused(f"to={given} is no status{f'; did you mean {near[0]}?' if near else ''}") from None


def _supplier(command: Command, request: Request, context: Context) -> str:
    """The symbol of the supplier that staff chose; it must be on record and serve this."""
    symbol = command.values.get("partner", "")
    if not symbol:
        return ""
    partner = rota.by_symbol(context, symbol)
    if partner is None:
        raise Refused(f"partner={symbol} is not on record; see maild partner list")
    if not rota.serves(partner, request.service_type):
        raise Refused(
            f"{symbol} cannot be asked: it is not active, has no address, or does not do {request.service_type}"
        )
    if (
        command.event.event is EventName.NEXT_SUPPLIER
        and partner.id == request.partner_id
        and request.status in AT_WORK
    ):
        raise Refused(f"{symbol} is at work on it already; remind it with StatusRequest, or ask another one")
    return partner.symbol
