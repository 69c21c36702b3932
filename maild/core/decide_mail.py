"""A mail that was read: acted on only where all of it is certain; else it goes to staff, and nothing changes."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from maild.core import decide_reports, decide_request, decide_sanity, new_partner
from maild.core.apply import apply
from maild.core.attempts import is_from_earlier, told_by_earlier
from maild.core.authentication import domain_of
from maild.core.decide_event import take
from maild.core.effects import AskStaff, ChangeRequest, Decision, Effect, FileMail, Folder, ReadMail
from maild.core.loan_facts import ANSWERS
from maild.core.mail import Mail
from maild.core.notices import plan
from maild.core.occasion import Occasion
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context, Request
from maild.core.rules import Rules
from maild.core.terms import ALWAYS_FOR_STAFF, EventName, Kind
from maild.core.trust import who_speaks
from maild.core.workdays import day_in
from maild.core.workflow import By

BY: dict[Kind, By] = {
    Kind.PARTNER_REPLY: "supplier",
    Kind.PARTNER_REQUEST: "requester",
    Kind.PATRON_MESSAGE: "patron",
    Kind.STAFF_COMMAND: "staff",
    Kind.LIBRARY_SYSTEM: "house",
}
OF_A_LOAN = frozenset({EventName.LOANED, EventName.OVERDUE, EventName.RECALLED, EventName.DUE_DATE_CHANGED})
COPY_TYPES = ("application/pdf", "image/tiff", "image/jpeg", "image/png", "application/zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a mail does if nothing stands against it."""

    effects: tuple[Effect, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def decide_mail(happening: ReadMail, context: Context, rules: Rules, now: datetime) -> Decision:
    """The whole decision about one mail."""
    mail, reading = happening.mail, happening.reading
    taken_at = context.received_at or mail.received_at or now
    doubts = (*reading.doubts, *_general(mail, reading, rules))
    if not all(doubt.askable for doubt in doubts):
        return _left(happening, context, rules, doubts)
    acts = _acts(happening, context, rules, taken_at)
    if acts.doubts:
        return _left(happening, context, rules, acts.doubts)
    after = apply(context, acts.effects)
    notices = [e for n in _numbers(context, after) for e in plan(n, context, after, rules, taken_at)]
    filed = FileMail(folder=Folder.DONE)
    return Decision(effects=(*acts.effects, *notices, filed), why=_why(reading), auto=True, reading=reading)


def _numbers(context: Context, after: Context) -> Iterable[str]:
    """The requests that changed, or whose partner did."""
    moved = [r.number for r in after.requests if r != context.request(r.number)]
    return moved if after.partners == context.partners else [r.number for r in after.requests]


def _general(mail: Mail, reading: Reading, rules: Rules) -> Iterable[Doubt]:
    """What stands against acting on the mail at all."""
    if mail.ambiguous:
        yield Doubt(reason="ambiguous", text=f"Two mail readers could see two mails here: {', '.join(mail.ambiguous)}.")
    if reading.kind is Kind.UNKNOWN:
        yield Doubt(reason="unclear", text="Nothing that was read here is about a request.")
    elif not reading.events and reading.kind is not Kind.AUTO_REPLY:
        yield Doubt(reason="unclear", text="It was not understood what this mail says.")
    if len(reading.events) > rules.site.max_events:
        text = f"It speaks of {len(reading.events)} things; more than {rules.site.max_events} go to staff."
        yield Doubt(reason="too-many", text=text)
    for event in reading.events:
        if event.event in ALWAYS_FOR_STAFF and reading.kind is not Kind.STAFF_COMMAND:
            text = f"{event.event} is always for staff to decide."
            yield Doubt(reason="special-event", text=text, passage=event.passage)


def _acts(happening: ReadMail, context: Context, rules: Rules, now: datetime) -> Acts:
    reading = happening.reading
    if reading.kind is Kind.AUTO_REPLY:
        return Acts(effects=decide_reports.absence(happening.mail, reading, context, day_in(now, rules.site.zone)))
    if reading.kind is Kind.BOUNCE:
        effects, doubts = decide_reports.bounce(happening.mail, reading, context)
        return Acts(effects=effects, doubts=doubts)
    if any(event.event is EventName.REQUEST for event in reading.events):
        effects, doubts = decide_request.opened(happening, context, rules, now)
        return Acts(effects=effects, doubts=doubts)
    if reading.kind not in BY:
        return Acts(doubts=(Doubt(reason="unclear", text=f"A {reading.kind} says nothing about a request here."),))
    return _in_order(happening, context, rules, now)


def _in_order(happening: ReadMail, context: Context, rules: Rules, now: datetime) -> Acts:
    """Every event against what the former ones left; one doubt stops them all."""
    effects: tuple[Effect, ...] = ()
    for event in happening.reading.events:
        found = _one(happening, event, apply(context, effects), rules, now)
        if isinstance(found, Doubt):
            passage = found.passage or event.passage
            return Acts(doubts=(replace(found, passage=passage),))
        effects += found
    return Acts(effects=effects)


def _one(
    happening: ReadMail, event: Event, context: Context, rules: Rules, now: datetime
) -> tuple[Effect, ...] | Doubt:
    mail, reading = happening.mail, happening.reading
    request = _meant(event, reading, context)
    if isinstance(request, Doubt):
        return request
    belief = who_speaks(mail, context, reading.kind, request)
    if not belief.covers(event.event):
        return Doubt(reason="sender", text=f"Not believed: {belief.why}.")
    odd = decide_sanity.doubts(event, day_in(now, rules.site.zone))
    if odd:
        return odd[0]
    occasion = Occasion(
        event=event,
        request=request,
        by=BY[reading.kind],
        context=context,
        rules=rules,
        now=now,
        cause=happening.id,
        attach=_copies(mail) if event.attachment else (),
    )
    if reading.kind is Kind.PARTNER_REPLY and is_from_earlier(mail, request, context):
        return told_by_earlier(occasion, mail)
    found = take(occasion)
    return found if isinstance(found, Doubt) else (*_thread(mail, occasion), *found)


def _meant(event: Event, reading: Reading, context: Context) -> Request | Doubt:
    """The one request that the event is about."""
    number = event.request or (reading.requests[0] if len(reading.requests) == 1 else "")
    if not number:
        several = len(reading.requests) > 1
        reason = "several-requests" if several else "no-request"
        told = f"it names {', '.join(reading.requests)}" if several else "it names none of ours"
        return Doubt(reason=reason, text=f"Which request is meant? {told[0].upper()}{told[1:]}.", passage=event.passage)
    request = context.request(number)
    if request is None:
        return Doubt(reason="no-request", text=f"There is no open request {number}.", passage=event.passage)
    return request


def _thread(mail: Mail, o: Occasion) -> tuple[Effect, ...]:
    """Our next letter answers this mail, so that both sides see one conversation."""
    if not mail.message_id or o.by in {"staff", "house"}:
        return ()
    name = "last_patron_message_id" if o.by == "patron" else "last_partner_message_id"
    return (ChangeRequest(number=o.request.number, values={name: mail.message_id}),)


def _copies(mail: Mail) -> tuple[int, ...]:
    """The attachments that can be the copy itself; which ones really are, the reading has judged."""
    return tuple(a.index for a in mail.attachments if not a.inline and a.sniffed in COPY_TYPES)


def _left(happening: ReadMail, context: Context, rules: Rules, doubts: tuple[Doubt, ...]) -> Decision:
    """The mail goes to staff with the first reason, and nothing changes."""
    reading = replace(happening.reading, doubts=doubts)
    first = doubts[0]
    number = reading.requests[0] if len(reading.requests) == 1 else ""
    number = number if context.request(number) is not None else ""  # a number that is none of ours is only a label
    offered = new_partner.offer(happening.mail, happening.reading, context, rules.partners)
    told = [*(doubt.text for doubt in doubts), *([new_partner.HOW] if offered else [])]
    ask = AskStaff(
        number=number,
        reason=first.reason,
        text=" ".join(dict.fromkeys(told)),
        passage=first.passage,
        commands=(*_settling(happening, context, number, first), *([offered] if offered else [])),
    )
    return Decision(effects=(ask, FileMail(folder=Folder.TODO)), why=f"{first.reason}: {first.text}", reading=reading)


def _settling(happening: ReadMail, context: Context, number: str, doubt: Doubt) -> tuple[str, ...]:
    """What staff would type: the events, or where no request is known of what a partner sends, to take it on."""
    events = happening.reading.events
    known = tuple(command(event, number) for event in events if event.request or number)
    domain = domain_of(happening.mail.from_address)
    sender = next((p for p in context.partners if domain in {name.lower() for name in p.domains}), None)
    if known or doubt.reason != "no-request" or sender is None:
        return known
    return tuple(
        " ".join(["maild request adopt", sender.symbol, "CARD", "title=…", *_facts(event), *_place(event)])
        for event in events
        if event.event in OF_A_LOAN
    )


def _place(event: Event) -> tuple[str, ...]:
    return ("place=coming",) if event.event is EventName.LOANED else ()


def _facts(event: Event) -> list[str]:
    """What the mail states, as words of a command line: a stranger's, so no shell may make more of them."""
    facts = [f"{name}={value}" for name in ("due_date", "reason", "url") if (value := getattr(event, name))]
    if event.cost is not None and event.cost.currency and event.event in ANSWERS:  # what a borrower names is no price
        facts.append(f"cost={event.cost.amount} {event.cost.currency}")
    if event.item_id:
        facts.append(f"item_id={','.join(event.item_id)}")
    return list(map(shlex.quote, facts))


def command(event: Event, number: str) -> str:
    """What staff would type if the mail was read rightly."""
    return " ".join(["maild request do", event.request or number, str(event.event), *_facts(event)])


def _why(reading: Reading) -> str:
    events = ", ".join(event.event for event in reading.events) or "nothing that changes a request"
    return f"{reading.kind}: {events}; the sender is believed, the request is known and its profile allows it"
