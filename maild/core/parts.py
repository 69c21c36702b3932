"""What comes in parts: which things an arrival brings and which are still out; and which id of a thing is its main one.

An arrival names things by id or volume. Several ids are several things, unless one of them is said to be the main one
of a single thing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from maild.core.reading import Event
from maild.core.request import Item, Request
from maild.core.terms import EventName, Flag, Status

AWAITED = "awaited"  # the place of a thing that is still out although others have come
WAITING = str(Status.AWAITING_PICKUP)  # the place of one that waits to be fetched, while the patron has others
COME = str(Status.RECEIVED)  # the place of one that came, and was not told of as the others were
BACK = (EventName.RETURNED_BY_PATRON, EventName.SHIPPED_RETURN, EventName.LOAN_COMPLETED)  # places too, in this order
HERE = frozenset(
    {
        *(Status.RECEIVED, Status.IN_TRANSIT_TO_DESK, Status.AWAITING_PICKUP, Status.IN_OFFICE_DELIVERY),
        *(Status.WITH_PATRON, Status.RETURNED_BY_PATRON),
    }
)
TOLD = frozenset({Status.AWAITING_PICKUP, Status.IN_OFFICE_DELIVERY, Status.WITH_PATRON})  # the patron knows of some
NAMING = frozenset({EventName.RECEIVED, EventName.READY_FOR_PICKUP})  # here volume= names what is meant

Values = Mapping[str, str]
Thing = tuple[tuple[str, ...], str]  # ids, the main one first, and volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came, and what is still out; things that are not on record yet have the id 0."""

    here: tuple[Item, ...]
    out: tuple[Item, ...] = ()


class Unclear(ValueError):
    """An arrival that names nothing we know; the text says what would do."""


def arrival(request: Request, event: Event, values: Values) -> Arrival:
    """What an arrival brings, and leaves out. Raises Unclear."""
    pool = list(still_out(request) or request.items)
    missing = _words(values, "missing")
    named = _things(event, values, pool)
    main = values.get("main", "")
    here = [_taken_from(pool, ids, volume, main) for ids, volume in named] if named else _all_but(pool, missing)
    if request.status in HERE and Flag.PARTS_OUT not in request.flags:
        pool = [
            item for item in pool if item.volume in missing
        ]  # the others came before: this only adds to what is known
    left = [replace(item, place=AWAITED) for item in pool]
    known = {item.volume for item in left}
    left += [Item(volume=volume, place=AWAITED) for volume in missing if volume not in known]
    place = COME if request.status in TOLD else ""
    return Arrival(here=tuple(_come(item, place) for item in here), out=tuple(left))


def things(event: Event, values: Values) -> tuple[Item, ...]:
    """The things that are told of for the first time; one without a name where none is named. Raises Unclear."""
    return tuple(Item(item_ids=ids, volume=volume) for ids, volume in _things(event, values, [])) or (Item(),)


def still_out(request: Request) -> tuple[Item, ...]:
    """The things that have not come although others have."""
    return tuple(item for item in request.items if item.place == AWAITED)


def ready(request: Request, event: Event, values: Values) -> Arrival:
    """What can be fetched now: what is named, else all that is here. Raises Unclear."""
    out = still_out(request)
    if not event.item_id:
        return Arrival(here=tuple(item for item in request.items if item.place not in {AWAITED, *BACK}), out=out)
    named = tuple(item for item in request.items if set(item.item_ids) & set(event.item_id))
    if Flag.PARTS_OUT not in request.flags or (named and not set(named) & set(out)):
        return Arrival(here=named or request.items, out=out)
    return arrival(request, event, values)


def told_before(request: Request, here: Iterable[Item]) -> tuple[Item, ...]:
    """The things among those to be fetched now that the patron was told of before, or has."""
    if request.status not in TOLD:
        return ()
    new = {item.id for item in request.items if item.place in {AWAITED, COME}} | {0}
    return tuple(item for item in here if item.id not in new)


def not_told(request: Request, here: Iterable[Item]) -> tuple[Item, ...]:
    """The things that lie here while the patron is told of the others for the first time."""
    told = {item.id for item in here}
    if request.status in TOLD:
        return ()
    return tuple(item for item in request.items if item.id not in told and item.place == "")


def waiting(request: Request) -> tuple[Item, ...]:
    """The things that wait to be fetched, while the patron has others."""
    return tuple(item for item in request.items if item.place == WAITING)


def not_fetched(request: Request, named: Collection[str]) -> tuple[Item, ...]:
    """The things on the hold shelf that are not among those handed over; none where all that is there is meant."""
    shelf = [item for item in request.items if item.place not in {AWAITED, COME, *BACK}]
    fetched = [item for item in shelf if set(item.item_ids) & set(named)]
    if request.status is not Status.AWAITING_PICKUP or not fetched:
        return ()
    return tuple(item for item in shelf if item not in fetched)


def called(items: Iterable[Item]) -> str:
    """The things as a letter names them: by volume, else by main id."""
    return ", ".join(name for item in items if (name := item.volume or next(iter(item.item_ids), "")))


def with_main(request: Request, main: str) -> Item:
    """The thing that has this id, now as its main one. Raises Unclear."""
    found = next((item for item in request.items if main in item.item_ids), None)
    if found is None:
        raise Unclear(f"main={main} is an id of nothing in {request.number}.")
    return replace(found, item_ids=_main_first(found.item_ids, main))


def _things(event: Event, values: Values, pool: list[Item]) -> list[Thing]:
    """The things that the arrival names, each by its ids and volume."""
    ids, volumes, main = event.item_id, _words(values, "volume"), values.get("main", "")
    one = volumes[0] if volumes else ""
    if main:
        if main not in ids:
            raise Unclear(f"main={main} must be one of item_id={','.join(ids) or '…'}.")
        return [(_main_first(ids, main), one)]
    if len(volumes) == len(ids):
        return [((item_id,), volume) for item_id, volume in zip(ids, volumes, strict=True)]
    if not ids:
        return [((), volume) for volume in volumes]
    if len(volumes) > 1:
        raise Unclear(f"volume={','.join(volumes)}: name as many volumes as item ids, or one.")
    if volumes or len(pool) == 1:
        return [(ids, one)]
    return [((item_id,), "") for item_id in ids]


def _taken_from(pool: list[Item], ids: tuple[str, ...], volume: str, main: str) -> Item:
    """The thing that is meant, with its new ids and volume; it leaves the pool. Raises Unclear."""
    found = next((item for item in pool if _is_meant(item, ids, volume)), None)
    if found is None and pool:
        nameless = [item for item in pool if not item.item_ids and not (item.volume and volume)]
        found = pool[0] if len(pool) == 1 and not (pool[0].volume and volume) else next(iter(nameless), None)
        if found is None:
            told = " or ".join(filter(None, (called([item]) for item in pool)))
            raise Unclear(f"Which is it, {told}? Name it by volume= or by an id of its own.")
    if found is None:
        return Item(item_ids=ids, volume=volume)
    pool.remove(found)
    merged = tuple(dict.fromkeys((*found.item_ids, *ids)))
    return replace(found, item_ids=_main_first(merged, main) if main else merged, volume=found.volume or volume)


def _is_meant(item: Item, ids: tuple[str, ...], volume: str) -> bool:
    return bool(set(item.item_ids) & set(ids)) or bool(volume and item.volume == volume)


def _come(item: Item, place: str) -> Item:
    return replace(item, place=place) if item.place == AWAITED or not item.id else item


def _all_but(pool: list[Item], missing: tuple[str, ...]) -> list[Item]:
    """All that is awaited save the volumes that are missing; they leave the pool. One where nothing is on record."""
    here = [item for item in pool if not item.volume or item.volume not in missing]
    pool[:] = [item for item in pool if item not in here]
    return here or [Item()]


def _main_first(ids: tuple[str, ...], main: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((main, *ids)))


def _words(values: Values, key: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in values.get(key, "").split(",") if word.strip())
