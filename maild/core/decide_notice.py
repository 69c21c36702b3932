"""A notice whose hour has come: reckoned again as things stand now, so that nobody is chased for what came back."""

from dataclasses import replace
from datetime import datetime

from maild.core import details, letter_facts, notices, parts, reminders, returns
from maild.core.apply import apply
from maild.core.decide_event import take
from maild.core.effects import AskStaff, Audience, Decision, DueNotice, Effect, Move, PlanNotice, PutAttempt
from maild.core.notice_rules import Notice
from maild.core.notices import Wanted, attempt_in_hand, plan
from maild.core.occasion import Occasion, write
from maild.core.reading import Doubt, Event
from maild.core.request import Context, Request
from maild.core.rules import Rules
from maild.core.terms import EventName, Flag, Role, Status
from maild.core.workflow import Letter


def decide_notice(due: DueNotice, context: Context, rules: Rules, now: datetime) -> Decision:
    """What the notice does now; nothing where its reason is gone, and later where its date has moved."""
    if due.beside:
        return _together(due, context, rules, now)
    request = context.request(due.number)
    if request is None:
        return Decision(why="the request is no longer there", auto=True)
    wanted = notices.wanted(request, context, rules, due.anchor, touched=due.anchor)
    one = wanted.get((due.notice, due.anchor))
    if one is not None and one.notice.anchor == "touched":
        one = replace(one, due=notices.next_date(wanted.values(), now) or one.due)  # something will wake us before
    if one is None:
        return Decision(why=f"{due.notice}: {request.number} stands at {request.status}, so nothing is sent", auto=True)
    if one.due > now:
        later = PlanNotice(
            number=due.number,
            notice=due.notice,
            anchor=due.anchor,
            due=one.due,
            item_id=due.item_id,
            series=one.notice.series,
        )
        return Decision(effects=(later,), why=f"{due.notice}: its date has moved to {one.due:%Y-%m-%d}", auto=True)
    if (tomorrow := reminders.put_off(due, rules, now)) is not None:
        return Decision(effects=(tomorrow,), why=f"{due.notice}: the patron has had today's letter", auto=True)
    if (first := _told_with(due, request, context, rules)) is not None:
        return Decision(why=f"{due.notice}: the patron is told with {first.number}", auto=True)
    effects = _done(due, one, request, context, rules, now)
    after = apply(context, effects)
    replanned = plan(due.number, context, after, rules, now)
    return Decision(effects=(*effects, *replanned), why=f"{due.notice} fell due on {due.due:%Y-%m-%d}", auto=True)


def _together(due: DueNotice, context: Context, rules: Rules, now: datetime) -> Decision:
    """Each as if it were alone, on what the ones before it left; then their letters as one."""
    decided: list[tuple[DueNotice, Decision]] = []
    known = context
    for one in (replace(due, beside=()), *due.beside):
        decision = decide_notice(replace(one, told_at=due.told_at), known, rules, now)
        known = apply(known, decision.effects)
        decided.append((one, decision))
    why = "; ".join(decision.why for _, decision in decided)
    return Decision(effects=reminders.joined(decided, known, rules), why=why, auto=True)


def _told_with(due: DueNotice, request: Request, context: Context, rules: Rules) -> Request | None:
    """The request whose letter tells the patron of this one too: the first of those that want the same notice."""
    if rules.notices[due.notice].anchor != "account_ends":
        return None
    first = min(_alike(due, request, context, rules), key=lambda r: r.number)
    return first if first.number != request.number else None


def _alike(due: DueNotice, request: Request, context: Context, rules: Rules) -> list[Request]:
    """The patron's requests that want this notice now, this one among them."""
    return [
        r
        for r in context.requests
        if r.patron_id == request.patron_id
        and (due.notice, due.anchor) in notices.wanted(r, context, rules, due.anchor, touched=due.anchor)
    ]


def _done(
    due: DueNotice, one: Wanted, request: Request, context: Context, rules: Rules, now: datetime
) -> tuple[Effect, ...]:
    notice = one.notice
    o = Occasion(
        event=Event(event=notice.event or _told_event(notice), request=request.number, note=notice.name),
        request=request,
        by="clock",
        context=context,
        rules=rules,
        now=now,
        cause=f"{notice.name}:{due.anchor}",
    )
    if notice.event is not None:
        return _brought_about(o, notice)
    if notice.ask:
        return (_ask(o, notice.ask, notice),)
    return _letter(o, notice, due)


def _told_event(notice: Notice) -> EventName:
    return EventName.OVERDUE if Flag.OVERDUE in notice.add else EventName.NOTE


def _brought_about(o: Occasion, notice: Notice) -> tuple[Effect, ...]:
    """The clock's event; where the profile does not let the clock decide, staff are asked."""
    found = take(o)
    if isinstance(found, Doubt):
        return (_ask(o, f"{notice.name} of {o.request.number}: {found.text}", notice),)
    return found


def _letter(o: Occasion, notice: Notice, due: DueNotice) -> tuple[Effect, ...]:
    flagged = Move(number=o.request.number, to=o.request.status, event=o.event, add=notice.add)
    letter = Letter(name=notice.letter, to=notice.to or Audience.PATRON)
    facts: dict[str, object] = {}
    if notice.anchor in {"due_date", "patron_due_date"}:
        facts |= _dates(o.request, due)
    if notice.anchor == "account_ends":
        facts |= letter_facts.account_ends(due.anchor, _alike(due, o.request, o.context, o.rules))
    if o.request.status is Status.AWAITING_PICKUP:
        facts |= letter_facts.waiting(o, due.anchor)
    if Flag.PART_WAITING in notice.only_with:
        facts |= letter_facts.waiting(o, due.anchor) | {"volume": parts.called(parts.waiting(o.request))}
    if notice.reasons:
        facts |= letter_facts.price_again(o, due.anchor)
    facts |= details.asked_for(o)
    written = write(o, letter, facts)
    in_hand = attempt_in_hand(o.request)
    effects: list[Effect] = [flagged]
    if written is not None:
        effects.append(written)
    if notice.anchor == "asked" and in_hand is not None:
        effects.append(PutAttempt(number=o.request.number, attempt=replace(in_hand, chased_at=o.now)))
    return tuple(effects)


def _dates(request: Request, due: DueNotice) -> dict[str, object]:
    """Only the items that fall due on the notice's date, where some do not."""
    anchor = "patron_due_date" if request.role is Role.BORROWING else "due_date"
    out = [i for i in request.items if not returns.is_over(i, request, anchor)]
    falling = [i for i in out if due.anchor in {i.due_date, i.patron_due_date}]
    ids = tuple(i.item_ids[0] for i in falling if i.item_ids)
    return {"item_id": ids} if ids and len(falling) < len(request.items) else {}


def _ask(o: Occasion, text: str, notice: Notice) -> AskStaff:
    number = o.request.number
    return AskStaff(number=number, reason="policy", text=f"{number}: {text}", notice=notice.name)
