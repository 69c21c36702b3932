"""Works in several volumes come back one by one: each item has its place, and the request is done when all are back."""

from dataclasses import replace

from maild.core.parts import AWAITED, BACK, WAITING
from maild.core.reading import Event
from maild.core.request import Item, Request
from maild.core.terms import EventName, Role

COMING_BACK = frozenset(BACK)
OUT_OF_HAND = frozenset(str(event) for event in COMING_BACK)  # the patron no longer has it
GONE_BACK = OUT_OF_HAND - {str(EventName.RETURNED_BY_PATRON)}  # we no longer have it


def names_no_item(event: Event, request: Request) -> bool:
    """Whether a return names items, none of which this request has."""
    return event.event in COMING_BACK and bool(event.item_id and request.items) and not _named(event, request)


def leaves_others(event: Event, request: Request) -> bool:
    """Whether it brings back some of the items only.

    What has never come keeps nobody from bringing or sending back the others; only the end waits for it.
    """
    if event.event not in COMING_BACK:
        return False
    over = frozenset(str(step) for step in BACK[BACK.index(event.event) :])
    over |= {AWAITED} if event.event is not EventName.LOAN_COMPLETED else set()
    named = {item.id for item in _meant(event, request)}
    return any(item.id not in named and item.place not in over for item in request.items)


def put_away(event: Event, request: Request) -> tuple[Item, ...]:
    """The items that it brings back, at their new place."""
    return tuple(replace(item, place=str(event.event)) for item in _meant(event, request))


def is_over(item: Item, request: Request, anchor: str) -> bool:
    """Whether a date of this item wakes nobody any more, although the request waits for others."""
    if anchor == "patron_due_date":
        return item.place in OUT_OF_HAND or item.place == AWAITED
    back = GONE_BACK if request.role is Role.BORROWING else {str(EventName.LOAN_COMPLETED)}
    return item.place in back


def _meant(event: Event, request: Request) -> tuple[Item, ...]:
    """The items that it names; where it names none, all that can be meant."""
    if event.item_id:
        return _named(event, request)
    further = BACK[BACK.index(event.event) :]
    elsewhere = {AWAITED, *further} | ({WAITING} if event.event is EventName.RETURNED_BY_PATRON else set())
    return tuple(item for item in request.items if item.place not in elsewhere)


def _named(event: Event, request: Request) -> tuple[Item, ...]:
    return tuple(item for item in request.items if set(item.item_ids) & set(event.item_id))
