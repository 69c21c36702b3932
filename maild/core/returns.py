"""Works in several volumes come back one by one: each item has its place, and the request is done when all are back."""

from dataclasses import replace

from maild.core.parts import AWAITED
from maild.core.reading import Event
from maild.core.request import Item, Request
from maild.core.terms import EventName, Role

COMING_BACK = frozenset({EventName.RETURNED_BY_PATRON, EventName.SHIPPED_RETURN, EventName.LOAN_COMPLETED})
OUT_OF_HAND = frozenset(str(event) for event in COMING_BACK)  # the patron no longer has it
GONE_BACK = OUT_OF_HAND - {str(EventName.RETURNED_BY_PATRON)}  # we no longer have it


def names_no_item(event: Event, request: Request) -> bool:
    """Whether a return names items, none of which this request has."""
    return event.event in COMING_BACK and bool(event.item_id and request.items) and not _named(event, request)


def leaves_others(event: Event, request: Request) -> bool:
    """Whether it brings back some of the items only."""
    if event.event not in COMING_BACK or not event.item_id:
        return False
    named = {item.id for item in _named(event, request)}
    return any(item.id not in named and item.place != event.event for item in request.items)


def put_away(event: Event, request: Request) -> tuple[Item, ...]:
    """The items that it names, at their new place."""
    return tuple(replace(item, place=str(event.event)) for item in _named(event, request))


def is_over(item: Item, request: Request, anchor: str) -> bool:
    """Whether a date of this item wakes nobody any more, although the request waits for others."""
    if anchor == "patron_due_date":
        return item.place in OUT_OF_HAND or item.place == AWAITED
    back = GONE_BACK if request.role is Role.BORROWING else {str(EventName.LOAN_COMPLETED)}
    return item.place in back


def _named(event: Event, request: Request) -> tuple[Item, ...]:
    return tuple(item for item in request.items if set(item.item_ids) & set(event.item_id))
