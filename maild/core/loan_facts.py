"""What an event tells about the things on loan: ids, due dates, conditions; and what staff must hear of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from maild.core import ceilings, costs, delivery, duedates, parts, returns
from maild.core.effects import AddCharge, ChangeRequest, Effect, PutAttempt, PutItem
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion
from maild.core.request import Attempt, Item
from maild.core.terms import EventName, Flag, Role, ServiceType, Status

GONE_BACK = frozenset({Status.SHIPPED_RETURN, Status.LOAN_COMPLETED, Status.COMPLETED_WITHOUT_RETURN})
READY_AFTER_DAYS = 3  # working days that the post and the desk take, until the day of pickup is known
WITH_THE_OTHERS = frozenset({Status.IN_OFFICE_DELIVERY, Status.WITH_PATRON})  # the parts that came before
LIBRARY_USE = frozenset({"LibraryUseOnly", "WatchLibraryUseOnly", "SpecCollSupervReq"})
ANSWERS = frozenset(
    {
        EventName.REQUEST_RECEIVED,
        EventName.EXPECT_TO_SUPPLY,
        EventName.WILL_SUPPLY,
        EventName.LOANED,
        EventName.COPY_COMPLETED,
        EventName.RETRY_POSSIBLE,
        EventName.UNFILLED,
        EventName.CANCELLED,
        EventName.LOAN_COMPLETED,
        EventName.NO_ANSWER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event brings with it besides its edge."""

    effects: tuple[Effect, ...] = ()
    add: frozenset[Flag] = frozenset()
    remove: frozenset[Flag] = frozenset()
    asks: tuple[str, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)


def together(*parts: Told) -> Told:
    """All of them as one."""
    return Told(
        effects=tuple(e for part in parts for e in part.effects),
        add=frozenset().union(*(part.add for part in parts)),
        remove=frozenset().union(*(part.remove for part in parts)),
        asks=tuple(ask for part in parts for ask in part.asks),
        facts={name: value for part in parts for name, value in part.facts.items()},
    )


def attempt(o: Occasion, to: Status) -> Told:
    """The supplier's answer, kept on its attempt: each attempt has the status that its supplier gave."""
    in_hand = attempt_in_hand(o.request)
    if in_hand is not None and o.event.event is EventName.REOPEN and to is Status.REQUESTED:
        return Told(effects=(PutAttempt(number=o.request.number, attempt=_asked_again(in_hand, o)),))
    if in_hand is not None and o.event.event is EventName.CONDITIONS_ACCEPTED and o.request.role is Role.BORROWING:
        # A retry is a request of its own (ISO 18626): who has waited for our yes has not been silent since the first.
        retried = replace(in_hand, asked_at=o.now, chased_at=None)
        return Told(effects=(PutAttempt(number=o.request.number, attempt=retried),))
    if in_hand is None or o.event.event not in ANSWERS or o.request.role is Role.LENDING:
        return Told()
    answered = replace(
        in_hand,
        status=str(o.event.event),
        answered_at=in_hand.answered_at if o.event.event is EventName.NO_ANSWER else o.now,
        answer=o.cause if o.by == "supplier" else in_hand.answer,
        reason=o.event.reason or "",
        supplier_ref=o.event.supplier_ref or in_hand.supplier_ref,
        conditions=tuple(dict.fromkeys((*in_hand.conditions, *o.event.loan_condition))),
        expected_date=o.event.expected_date or o.event.retry_after or in_hand.expected_date,
        cost=o.event.cost if o.event.event is EventName.RETRY_POSSIBLE else in_hand.cost,
    )
    return Told(effects=(PutAttempt(number=o.request.number, attempt=answered),))


def _asked_again(in_hand: Attempt, o: Occasion) -> Attempt:
    """The attempt of a supplier that is to send a better one: its clocks run from now."""
    return replace(
        in_hand, status=str(Status.REQUESTED), asked_at=o.now, chased_at=None, answered_at=None, answer="", reason=""
    )


def remarks(o: Occasion) -> Told:
    """Conditions and the supplier's own number, whatever the event is."""
    number = o.request.number
    changes: dict[str, object] = {}
    conditions = tuple(dict.fromkeys((*o.request.conditions, *o.event.loan_condition)))
    if conditions != o.request.conditions and o.event.event is not EventName.RETRY_POSSIBLE:
        changes["conditions"] = conditions
    if "pickup" in o.values:
        changes["pickup"] = o.values["pickup"]
    if o.event.supplier_ref and o.request.role is Role.BORROWING:
        changes["supplier_ref"] = o.event.supplier_ref
    effects: tuple[Effect, ...] = (ChangeRequest(number=number, values=changes),) if changes else ()
    flags = {Flag.NO_RENEWAL} if o.event.no_renewal else set()
    if "conditions" in changes and LIBRARY_USE.intersection(conditions):
        flags.add(Flag.LIBRARY_USE_ONLY)
    return together(Told(effects=effects, add=frozenset(flags)), _waited_for(o))


def _waited_for(o: Occasion) -> Told:
    """The mark of staff, or of the library system, that somebody of ours waits for what we lent."""
    mark = frozenset({Flag.WAITED_FOR})
    waiting = o.values.get("waiting") if o.request.role is Role.LENDING else None
    return Told(add=mark if waiting == "yes" else frozenset(), remove=mark if waiting == "no" else frozenset())


def loan(o: Occasion, items: Sequence[Item] = ()) -> Told:
    """The things on loan (or `items` of them) with their dates, as "sent" or the slip in the parcel tells them."""
    due = o.event.due_date or _known_due_date(o)
    assumed = due is None
    if due is None:
        due = _own_date(o)
    ready = _ready_day(o)
    told = [_with_date(o, item, o.event.due_date or item.due_date or due, ready) for item in items or _items(o)]
    started: tuple[Effect, ...] = ()
    if o.request.loaned_on is None:
        started = (ChangeRequest(number=o.request.number, values={"loaned_on": o.today}),)
    ours = assumed and o.request.role is Role.BORROWING
    flags = frozenset({Flag.DUE_DATE_ASSUMED})
    return together(
        Told(
            effects=started,
            add=flags if ours else frozenset(),
            remove=flags if o.event.due_date else frozenset(),
            facts={"due_date": due},
        ),
        *told,
    )


def arrived(o: Occasion) -> Told:
    """What came with the slip's dates, and what is still out; nothing where they were known before."""
    ours = o.by in {"staff", "house"}  # a patron who writes "I have got it" brings no parcel
    if o.request.role is Role.LENDING or o.request.service_type is ServiceType.COPY or not ours:
        return Told()  # a copy on paper is the patron's to keep
    came = parts.arrival(o.request, o.event, o.values)
    return together(loan(o, came.here), _still_out(o, came.out), _kept_from_office(o))


def _kept_from_office(o: Occasion) -> Told:
    """Staff hear it with the parcel where it was to go to an office and may not: it waits at the desk instead."""
    if o.request.delivery != delivery.OFFICE:
        return Told()
    stays = {Flag.LIBRARY_USE_ONLY} if LIBRARY_USE.intersection(o.event.loan_condition) else set()
    here = replace(o.request, flags=o.request.flags | stays)
    why = delivery.not_to_office(here, o.patron, o.rules.pickup, o.rules.limits.patron_loans)
    if not why:
        return Told()
    return Told(effects=(ChangeRequest(number=o.request.number, values={"delivery": "desk"}),), asks=(why,))


def accepted(o: Occasion) -> Told:
    """The price that was said yes to."""
    in_hand = attempt_in_hand(o.request)
    if o.request.role is Role.LENDING or in_hand is None or in_hand.cost is None:
        return Told()
    return Told(facts={"cost": in_hand.cost})


def charged(o: Occasion, to: Status) -> Told:
    """The charge lines of the event, the price that its letters tell, and what is odd about it."""
    noted = costs.charges(o, to)
    doubts = costs.doubt(o), ceilings.sent_unasked(o), costs.replaced(o), costs.stands_though_back(o, to)
    return Told(
        effects=tuple(AddCharge(number=o.request.number, charge=line) for line in noted),
        asks=tuple(filter(None, doubts)),
        facts=costs.facts(o, noted),
    )


def new_date(o: Occasion) -> Told:
    """The dates move to the one stated: renewed, recalled or changed. Without one, or once it went back, they stand."""
    due = o.event.due_date
    if due is None or o.request.status in GONE_BACK:
        return Told()
    items = [i for i in o.request.items if not o.event.item_id or set(i.item_ids) & set(o.event.item_id)]
    old = patron_dates(items or list(o.request.items))
    moved = together(*(_with_date(o, item, due, o.today) for item in items or _items(o)))
    new = moved.facts.get("patron_due_date", due)
    told = {"old_due_date": old, "new_due_date": new}
    in_time = isinstance(new, date) and new >= o.today and len(items) == len(o.request.items)
    over = {Flag.DUE_DATE_ASSUMED, Flag.OVERDUE} if in_time else {Flag.DUE_DATE_ASSUMED}
    return together(moved, Told(facts=told, remove=frozenset(over)))


def ready(o: Occasion) -> Told:
    """It can be fetched from today on: the patron's date is reckoned again from the day that is now known.

    Where parts are still out, the letter tells only of those that are here, and names the others.
    """
    found = parts.ready(o.request, o.event, o.values)
    late = o.request.status in WITH_THE_OTHERS
    here = [replace(i, place=parts.WAITING if late else i.place.replace(parts.COME, "")) for i in found.here]
    left = together(*(_put(o, replace(i, place=parts.COME)) for i in parts.not_told(o.request, found.here)))
    dated = together(*(_with_date(o, i, i.due_date or _known_due_date(o), o.today) for i in here))
    facts: dict[str, object] = {}
    if len(found.here) < len(o.request.items) or found.out:
        facts["item_id"] = tuple(i.item_ids[0] for i in found.here if i.item_ids)
    if found.out:
        facts["volume"] = parts.called(found.out)
    flag = frozenset({Flag.PART_WAITING})
    return together(dated, left, _still_out(o, found.out), Told(facts=facts, add=flag if late else frozenset()))


def handed_over(o: Occasion) -> Told:
    """A part that came late is with the patron now, like the others; what of several nobody fetched waits on."""
    named = set(o.event.item_id)
    waiting = parts.waiting(o.request)
    all_of_them = not named and o.request.status is Status.WITH_PATRON  # else the office has the others only
    fetched = [item for item in waiting if all_of_them or named & set(item.item_ids)]
    untold = [item for item in o.request.items if item.place == parts.COME]
    fetched += [i for i in untold if named & set(i.item_ids) or (not named and o.request.status not in WITH_THE_OTHERS)]
    stays = parts.not_fetched(o.request, named)
    put = together(
        *(_put(o, replace(item, place="")) for item in fetched),
        *(_put(o, replace(item, place=parts.WAITING)) for item in stays),
    )
    flag = frozenset({Flag.PART_WAITING})
    if stays:
        return together(put, Told(add=flag))
    return together(put, Told(remove=frozenset() if set(waiting) - set(fetched) else flag))


def brought_back(o: Occasion) -> Told:
    """Where each thing is: kept while a part is out, which will have a road of its own once it comes."""
    if Flag.PARTS_OUT not in o.request.flags:
        return Told()
    return together(*(_put(o, item) for item in returns.put_away(o.event, o.request)))


def main_id(o: Occasion) -> Told:
    """Which of several ids of a thing is the main one, where staff say so."""
    if "main" not in o.values:
        return Told()
    item = parts.with_main(o.request, o.values["main"])
    return _put(o, item)


def _still_out(o: Occasion, out: Sequence[Item]) -> Told:
    """The things that are awaited, and the flag that says whether there are any."""
    flag = frozenset({Flag.PARTS_OUT})
    put = together(*(_put(o, item) for item in out))
    return together(put, Told(add=flag if out else frozenset(), remove=frozenset() if out else flag))


def patron_dates(items: list[Item]) -> date | None:
    """The earliest date that the patron was told."""
    return min((d for i in items if (d := i.patron_due_date or i.due_date) is not None), default=None)


def _with_date(o: Occasion, item: Item, due: date | None, ready_on: date) -> Told:
    """The item with the supplier's date and, when we borrow it, the patron's."""
    if due is None or o.request.role is Role.LENDING:
        return _put(o, replace(item, due_date=due or item.due_date))
    ours = duedates.patron_date(due, ready_on, o.partner, o.terms, o.rules.calendar)
    ours = duedates.capped(ours, o.patron.account_ends if o.patron else None, o.rules.calendar)
    told = _put(o, replace(item, due_date=due, patron_due_date=ours.day))
    asks = (ours.ask,) if ours.ask and item.patron_due_date != ours.day else ()
    return together(told, Told(asks=asks, facts={"patron_due_date": ours.day}))


def _put(o: Occasion, item: Item) -> Told:
    """The item, where it is not on record like this already."""
    return Told() if item in o.request.items else Told(effects=(PutItem(number=o.request.number, item=item),))


def _items(o: Occasion) -> list[Item]:
    """The items that the event is about: those on record, with their new ids; else one for each id that it names."""
    ids = o.event.item_id
    known = list(o.request.items)
    if len(known) == 1 and ids:
        merged = tuple(dict.fromkeys((*known[0].item_ids, *ids)))
        return [replace(known[0], item_ids=merged)]
    if known:
        return known
    return list(parts.things(o.event, o.values))


def _known_due_date(o: Occasion) -> date | None:
    return next((item.due_date for item in o.request.items if item.due_date is not None), None)


def _own_date(o: Occasion) -> date:
    terms = o.terms
    if o.request.role is Role.LENDING:
        return duedates.lending_date(o.today, o.partner, terms, o.rules.calendar)
    return duedates.assumed_date(o.today, o.partner, terms)


def _ready_day(o: Occasion) -> date:
    if o.request.status in {Status.AWAITING_PICKUP, Status.WITH_PATRON, Status.IN_OFFICE_DELIVERY}:
        return o.today
    return o.rules.calendar.add_working_days(o.today, READY_AFTER_DAYS)
