"""Whether the facts of an event can be true: a due date after today, a price with a currency, a known reason."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from maild.core.reading import Doubt, Event, Money
from maild.core.terms import LOAN_CONDITIONS, REASONS_RETRY, REASONS_UNFILLED, EventName

MAX_AHEAD = timedelta(days=400)
MAX_BACK = timedelta(days=400)
NEW_DUE_DATE = frozenset({EventName.LOANED, EventName.RENEW_ACCEPTED, EventName.DUE_DATE_CHANGED})
REASONS = {EventName.UNFILLED: REASONS_UNFILLED, EventName.RETRY_POSSIBLE: REASONS_RETRY}
_CURRENCY = re.compile(r"[A-Z]{3}")


def doubts(event: Event, today: date) -> list[Doubt]:
    """Everything that is odd in what the event states. `today` is the day on which we took the mail."""
    passage = event.passage
    return [Doubt(reason=reason, text=text, passage=passage) for reason, text in _oddities(event, today)]


def _oddities(event: Event, today: date) -> Iterator[tuple[str, str]]:
    yield from _due_date(event, today)
    for name in ("expected_date", "retry_after", "expiry"):
        day = getattr(event, name)
        if day is not None and not today <= day <= today + MAX_AHEAD:
            yield "date", f"{event.event} states {name} {day}, which is past or far off (today is {today})."
    new = event.new_request
    if new is not None and new.need_before is not None and new.need_before < today:
        yield "date", f"It is needed before {new.need_before}, which has passed."
    for money in (event.cost, new.max_cost if new is not None else None):
        if money is not None and not _is_sane(money):
            yield "cost", f"The price {money.amount} {money.currency} has no currency or makes no sense."
    if event.url is not None and not event.url.lower().startswith(("https://", "http://")):
        yield "attachment", f"The address {event.url} is none that a reader can open."
    known = REASONS.get(event.event)
    if known is not None and event.reason is not None and event.reason not in known:
        yield "unclear", f"{event.reason!r} is no reason that {event.event} can have."
    if not LOAN_CONDITIONS.issuperset(event.loan_condition):
        yield "unclear", f"Unknown loan condition among {', '.join(event.loan_condition)}."


def _due_date(event: Event, today: date) -> Iterator[tuple[str, str]]:
    due = event.due_date
    if due is None:
        return
    if event.event in NEW_DUE_DATE and not today < due <= today + MAX_AHEAD:
        yield "date", f"{event.event} states the due date {due}, which is past or far off (today is {today})."
    elif event.event is EventName.RECALLED and not today <= due <= today + MAX_AHEAD:
        yield "date", f"It is recalled by {due}, which is past or far off (today is {today})."
    elif event.event is EventName.OVERDUE and not today - MAX_BACK <= due <= today:
        yield "date", f"It is called overdue since {due}, which does not lie before today, {today}."
    elif not today - MAX_BACK <= due <= today + MAX_AHEAD:
        yield "date", f"{event.event} states the due date {due}, which is far off (today is {today})."


def _is_sane(money: Money) -> bool:
    return money.amount.is_finite() and money.amount >= 0 and _CURRENCY.fullmatch(money.currency) is not None
