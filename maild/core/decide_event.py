"""One event on one request: the edge of its profile, what the event tells, the letters, and where it ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from maild.core import (
    ceilings,
    copies,
    delivery,
    details,
    edits,
    holders,
    lending_renewals,
    letter_facts,
    loan_facts,
    parts,
    renewals,
    returns,
)
from maild.core.decide_supplier import ask_next, sent_after_all
from maild.core.effects import AskStaff, Audience, ChangeRequest, Effect, Move, PutAttempt, PutItem, SendLetter
from maild.core.loan_facts import Told, together
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion, seen_after, stated, to_patron, write
from maild.core.reading import Doubt
from maild.core.renewals import Answer, Renewal
from maild.core.terms import EventName, Flag, Status
from maild.core.workflow import Transition, states

Effects = tuple[Effect, ...]

TELLERS: dict[EventName, Callable[[Occasion], Told]] = {
    EventName.LOANED: loan_facts.loan,
    EventName.RECEIVED: loan_facts.arrived,
    EventName.READY_FOR_PICKUP: loan_facts.ready,
    EventName.CHECKED_OUT: loan_facts.handed_over,
    EventName.RETURNED_BY_PATRON: loan_facts.brought_back,
    EventName.SHIPPED_RETURN: loan_facts.brought_back,
    EventName.LOAN_COMPLETED: loan_facts.brought_back,
    EventName.CONDITIONS_ACCEPTED: loan_facts.accepted,
    EventName.RENEW_ACCEPTED: loan_facts.new_date,
    EventName.RECALLED: loan_facts.new_date,
    EventName.DUE_DATE_CHANGED: loan_facts.new_date,
    EventName.NOTE: loan_facts.main_id,
    EventName.EDIT: edits.told,
}
PUT_TO_PATRON = "The patron is asked. The supplier may send it before the answer: ask it to wait."
NOT_HOME = frozenset({EventName.CHECKED_OUT, EventName.SENT_TO_OFFICE})


def take(o: Occasion) -> Effects | Doubt:
    """What the event does, or why a human must look first."""
    edge = o.workflow.edge(o.request.status, o.event.event, o.by, o.choice)
    if edge is None:
        return Doubt(reason="workflow", text=_no_edge(o))
    doubt = _hindrance(o, edge)
    if doubt is not None:
        return doubt
    if stop := ceilings.stops(o):
        return _asked_for_a_yes(o, stop)
    if o.event.event is EventName.RENEW and o.by in {"patron", "clock"}:
        answered = _renewal_answer(o)
        if answered is not None:
            return answered if o.by == "patron" else ()
    if o.event.event is EventName.RENEW and o.by == "requester":
        return _asked_to_renew(o, edge)
    if returns.names_no_item(o.event, o.request):
        return Doubt(reason="incomplete", text=f"{o.request.number} has no item {', '.join(o.event.item_id)}.")
    if returns.leaves_others(o.event, o.request):
        return _returned_in_part(o)
    if o.event.event is EventName.DETAILS:
        return details.taken(o)
    if o.event.event is EventName.RECEIVED and o.supplier:
        return _received_after_all(o, edge)
    return _taken(o, edge)


def _received_after_all(o: Occasion, edge: Transition) -> Effects | Doubt:
    """The parcel of the supplier that staff name, which another one followed in the meantime."""
    changed = sent_after_all(o)
    return changed if isinstance(changed, Doubt) else (*changed, *_taken(seen_after(o, changed), edge))


def _returned_in_part(o: Occasion) -> Effects:
    """Some of several items came back: their places change, and the request waits for the rest."""
    move = Move(number=o.request.number, to=o.request.status, event=o.event)
    return (move, *(PutItem(number=o.request.number, item=item) for item in returns.put_away(o.event, o.request)))


def _asked_for_a_yes(o: Occasion, stop: str) -> Effects | Doubt:
    """A promise at a price above the ceiling waits for the patron's yes, as an offer does; else it is for staff.

    Its attempt keeps what the supplier said: it sends unless it is cancelled.
    """
    offer = ceilings.as_offer(o)
    edge = o.workflow.edge(o.request.status, offer.event, o.by) if offer is not None else None
    if offer is None or edge is None or not edge.auto:
        return Doubt(reason="cost", text=stop)
    asked = _taken(replace(o, event=offer), replace(edge, ask=f"{stop} {PUT_TO_PATRON}"))
    said = str(o.event.event)
    return tuple(replace(e, attempt=replace(e.attempt, status=said)) if isinstance(e, PutAttempt) else e for e in asked)


def _no_edge(o: Occasion) -> str:
    return f"{o.event.event} does not fit {o.request.number}, which stands at {o.request.status} ({o.workflow.name})."


def _hindrance(o: Occasion, edge: Transition) -> Doubt | None:
    """What keeps the edge from being taken, if anything."""
    if not edge.auto and o.by != "staff":
        return Doubt(reason="workflow", text=edge.ask or f"{_no_edge(o)} Staff decide what it means.")
    missing = [fact for fact in edge.needs if not states(o.event, fact)]
    if missing:
        told = ", ".join(fact.replace("|", " or ") for fact in missing)
        return Doubt(reason="incomplete", text=f"{o.event.event} of {o.request.number} lacks its {told}.")
    lacking = sorted(edge.needs_flags - _flags(o))
    if lacking:
        return Doubt(reason="status", text=f"{o.event.event} of {o.request.number}: no {', '.join(lacking)}.")
    return ceilings.unclear_answer(o) or _place(o) or _date(o) or _which_part(o) or _paper(o)


def _flags(o: Occasion) -> frozenset[Flag]:
    return o.request.flags | ({Flag.RENEWAL_PENDING} if renewals.is_pending(o.request) else frozenset())


def _place(o: Occasion) -> Doubt | None:
    """What may not leave the house, and who may not have it sent, waits at the desk."""
    if o.event.event not in NOT_HOME:
        return None
    if Flag.LIBRARY_USE_ONLY in o.request.flags:
        return Doubt(reason="policy", text=f"{o.request.number} is for use in the library only: it stays in the house.")
    if o.event.event is not EventName.SENT_TO_OFFICE:
        return None
    why = delivery.not_to_office(o.request, o.patron, o.rules.pickup, o.rules.limits.patron_loans)
    return Doubt(reason="policy", text=why) if why else None


def _paper(o: Occasion) -> Doubt | None:
    only = copies.paper_only(o)
    return Doubt(reason="policy", text=only) if only else None


def _which_part(o: Occasion) -> Doubt | None:
    """An arrival, or a main id, that fits none of the things on record; or one that the patron was told of before."""
    try:
        TELLERS.get(o.event.event, _nothing)(o)
    except parts.Unclear as unclear:
        return Doubt(reason="incomplete", text=f"{o.request.number}: {unclear}")
    elsewhere = o.values.get("pickup", o.request.pickup) != o.request.pickup
    moved = elsewhere and o.request.status is Status.AWAITING_PICKUP  # to another shelf: the patron must know
    if o.event.event is not EventName.READY_FOR_PICKUP or moved:
        return None
    again = parts.told_before(o.request, parts.ready(o.request, o.event, o.values).here)
    if not again:
        return None
    told = f"nothing that came since has the id {', '.join(o.event.item_id)}"
    return Doubt(reason="status", text=f"The patron was told of {o.request.number} already: {told}.")


def _date(o: Occasion) -> Doubt | None:
    """A renewal must end later than the loan does, a recall no later while that day is to come, a refusal no sooner."""
    if o.event.event is EventName.OVERDUE and o.by == "supplier":
        return _not_yet_due(o)
    due = o.event.due_date
    now_due = min((i.due_date for i in o.request.items if i.due_date is not None), default=None)
    if due is None or now_due is None:
        return None
    if o.event.event is EventName.RENEW_ACCEPTED and due <= now_due:
        return Doubt(reason="date", text=f"The renewal of {o.request.number} to {due} would not be after {now_due}.")
    if o.event.event is EventName.RECALLED and due > now_due >= o.today:
        return Doubt(reason="date", text=f"The recall of {o.request.number} to {due} would be after {now_due}.")
    if o.event.event is EventName.RENEW_REFUSED and due < now_due and o.by == "supplier":
        return Doubt(reason="date", text=f"They want {o.request.number} by {due}, which is before {now_due}: a recall?")
    return None


def _not_yet_due(o: Occasion) -> Doubt | None:
    """Called overdue although our date lies ahead: a renewal and their letter crossed, or one of us is wrong."""
    out = [i for i in o.request.items if not returns.is_over(i, o.request, "due_date")]
    due = min((i.due_date for i in out if i.due_date is not None), default=None)
    if o.request.status in loan_facts.GONE_BACK or due is None or due <= o.today:
        return None
    return Doubt(reason="date", text=f"{o.request.number} is called overdue, and by our records it is due on {due}.")


def _taken(o: Occasion, edge: Transition) -> Effects:
    if o.by == "staff" and o.event.event is EventName.NEXT_SUPPLIER:
        return ask_next(o, by_staff=True)
    if o.event.event is EventName.SUPPLIER_INFO:
        return holders.taken(o)
    to = edge.to or o.request.status
    told = together(
        loan_facts.attempt(o, to),
        loan_facts.remarks(o),
        loan_facts.charged(o, to),
        TELLERS.get(o.event.event, _nothing)(o),
        _renewed(o),
    )
    move = Move(
        number=o.request.number, to=to, event=o.event, add=edge.add | told.add, remove=edge.remove | told.remove
    )
    done: Effects = (move, *told.effects, *_closing(o, to))
    after = seen_after(o, done)
    edge = replace(edge, letters=tuple(x for x in edge.letters if not x.if_moved or _is_news(o, told.facts)))
    onward = ask_next(after, by_staff=False) if edge.tries_rota(o.event) else ()
    letters = _letters(
        after, edge, {**stated(o.event), **told.facts, **letter_facts.of(o)}, to_patron_too=not _asked(onward)
    )
    asks = tuple(_ask(o, text) for text in (edge.ask, *told.asks) if text and not _asked(onward))
    return (*done, *_released(o, letters), *onward, *asks)


def _is_news(o: Occasion, facts: dict[str, object]) -> bool:
    """Whether the patron does not know it yet: a supplier says the same thing twice."""
    if o.event.event is EventName.EXPECT_TO_SUPPLY:
        in_hand = attempt_in_hand(o.request)
        known = in_hand.expected_date if in_hand is not None else None
        return o.request.status is not Status.EXPECT_TO_SUPPLY or o.event.expected_date != known
    if o.event.event is EventName.RECALLED:
        dates = {item.due_date for item in o.request.items}
        return Flag.RECALLED not in o.request.flags or o.event.due_date not in {None, *dates}
    return facts.get("old_due_date") != facts.get("new_due_date")


def _nothing(_: Occasion) -> Told:
    return Told()


def _renewed(o: Occasion) -> Told:
    if o.event.event is not EventName.RENEW_ACCEPTED or o.request.status in loan_facts.GONE_BACK:
        return Told()
    return Told(effects=(ChangeRequest(number=o.request.number, values={"renewals": o.request.renewals + 1}),))


def _closing(o: Occasion, to: Status) -> Effects:
    """The day of closing, when the request comes to an end or is opened again."""
    was, is_now = o.workflow.state(o.request.status).final, o.workflow.state(to).final
    if was == is_now:
        return ()
    return (ChangeRequest(number=o.request.number, values={"closed_at": o.now if is_now else None}),)


def _asked(onward: Effects) -> bool:
    """Whether another supplier was asked."""
    return any(isinstance(effect, Move) for effect in onward)


def _letters(after: Occasion, edge: Transition, facts: dict[str, object], *, to_patron_too: bool) -> Effects:
    flags = after.request.flags
    meant = [x for x in edge.letters if to_patron_too or x.to is Audience.PARTNER]
    going = [x for x in meant if x.goes(after.event, flags)]
    written = [write(after, letter, facts) for letter in going]
    return tuple(effect for effect in written if effect is not None)


def _released(o: Occasion, letters: Effects) -> Effects:
    """The letters; one that brings the patron a copy waits for staff where the supplier's record says so."""
    why = copies.waits_for_staff(o)
    if not why or not letters:
        return letters
    held = [
        replace(x, hold=True) if isinstance(x, SendLetter) and x.audience is Audience.PATRON else x for x in letters
    ]
    commands = ("maild queue list", "maild queue release LETTER", "maild queue drop --letter LETTER")
    return (*held, AskStaff(number=o.request.number, reason="release", text=why, commands=commands))


def _ask(o: Occasion, text: str) -> AskStaff:
    return AskStaff(number=o.request.number, reason="policy", text=text, passage=o.event.passage)


def _renewal_answer(o: Occasion) -> Effects | None:
    """The answer that the house itself gives to a patron who wants to renew; None: the supplier is asked."""
    found = renewals.answer(o.request, o.today, o.terms)
    if found.answer is Answer.ASK:
        return None
    stays = Move(number=o.request.number, to=o.request.status, event=o.event)
    letter = to_patron(o, *_told(found, renewals.due_date(o.request))) if o.notify else None
    return (stays, letter) if letter is not None else (stays,)


def _asked_to_renew(o: Occasion, edge: Transition) -> Effects:
    """The answer of our rules to a library; else staff are asked, and told what the rules say."""
    found = lending_renewals.ruling(o.request, o.event, o.today, o.terms, o.rules.calendar)
    if found.by_itself and found.answer is not None:
        asked = Move(number=o.request.number, to=o.request.status, event=o.event)
        answered = take(replace(o, event=found.answer, by="house"))
        if not isinstance(answered, Doubt):
            return (asked, *answered)
    effects = _taken(o, replace(edge, ask=f"{edge.ask} {found.why}".strip()))
    commands = (lending_renewals.command(found.answer),) if found.answer is not None else ()
    return tuple(replace(e, commands=commands) if isinstance(e, AskStaff) else e for e in effects)


def _told(found: Renewal, due: date | None) -> tuple[str, dict[str, object]]:
    """The letter that answers, and its facts."""
    if found.answer is Answer.NOT_YET:
        return "renewal_not_yet", {"renew_from": found.since}
    if found.answer is Answer.NO:
        return "renewal_refused", {"reason": found.reason, "patron_due_date": due}
    return "renewal_pending", {"patron_due_date": due}
