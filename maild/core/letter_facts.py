"""Facts that an occasion gives its letters beside what the event states: until when, what staff typed, a list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date

from maild.core import delivery
from maild.core.occasion import Occasion
from maild.core.parts import NAMING
from maild.core.request import Request
from maild.core.terms import EventName, Status

TYPED = frozenset({"text", "parcel", "office", "volume"})


def of(o: Occasion) -> dict[str, object]:
    """The facts of this occasion, by the names that letters know."""
    own = TYPED - {"volume"} if o.event.event in NAMING else TYPED
    typed: dict[str, object] = {name: value for name, value in o.values.items() if name in own}
    return OCCASIONS.get(o.event.event, _nothing)(o) | typed


def _nothing(_: Occasion) -> dict[str, object]:
    return {}


def waiting(o: Occasion, since: date | None = None) -> dict[str, object]:
    """Until when it waits that came on that day (today where none is given), and how the patron takes it over."""
    here = replace(o.request, pickup=o.values.get("pickup", o.request.pickup))
    way = delivery.way(here, o.partner, o.rules.pickup)
    return {"pickup_way": way.value} | _until(o, "pickup_until", "not_collected", since)


def _price(o: Occasion) -> dict[str, object]:
    """Until when the patron may answer, unless the supplier's offer ends by a day of its own."""
    return {} if o.event.expiry else _until(o, "expiry", "price_unanswered")


def price_again(o: Occasion, asked_on: date) -> dict[str, object]:
    """The price that the patron was asked about on that day, and until when the answer is awaited."""
    cost = o.request.attempts[-1].cost if o.request.attempts else None
    return ({"cost": cost} if cost is not None else {}) | _until(o, "expiry", "price_unanswered", asked_on)


def _until(o: Occasion, fact: str, notice: str, since: date | None = None) -> dict[str, object]:
    """The day on which that notice of the profile would come, counted from today."""
    found = o.rules.notices.get(notice)
    return {fact: o.rules.calendar.add_working_days(since or o.today, found.days)} if found is not None else {}


def _list(o: Occasion) -> dict[str, object]:
    """The patron's open requests that are at hand."""
    own = [
        r
        for r in o.context.requests
        if r.number == o.request.number or (r.patron_id is not None and r.patron_id == o.request.patron_id)
    ]
    return {"rows": _rows(own)}


def account_ends(day: date, loans: Sequence[Request]) -> dict[str, object]:
    """The day, and where the patron has several loans, all of them."""
    return {"expiry": day} | ({"rows": _rows(loans)} if len(loans) > 1 else {})


def _rows(requests: Iterable[Request]) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "number": r.number,
            "title": r.citation.article_title or r.citation.title or "",
            "status": str(r.status),
            "due_date": min((d for i in r.items if (d := i.patron_due_date) is not None), default=None),
        }
        for r in requests
    )


def _expected(o: Occasion) -> dict[str, object]:
    """What the supplier, or we as one, last named as the day to expect it."""
    days: list[date] = [a.expected_date for a in o.request.attempts[-1:] if a.expected_date is not None]
    return {"expected_date": days[0]} if days and o.request.status is Status.EXPECT_TO_SUPPLY else {}


def _status(o: Occasion) -> dict[str, object]:
    return _list(o) if o.by == "patron" else _expected(o)


OCCASIONS: dict[EventName, Callable[[Occasion], dict[str, object]]] = {
    EventName.READY_FOR_PICKUP: waiting,
    EventName.RETRY_POSSIBLE: _price,
    EventName.STATUS_REQUEST: _status,
}
