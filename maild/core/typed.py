"""The values that are typed beside an event by hand, read and checked: days, prices, lists, a yes or a no."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from maild.core import edits, holders, prices, undo
from maild.core.effects import Command
from maild.core.reading import Event, Money
from maild.core.rules import Refused
from maild.core.terms import EventName

MAX_YEARS = 3
# Events that look back, with what may be typed beside these only.
OWN_KEYS = {EventName.EDIT: edits.KEYS, EventName.UNDO: undo.KEYS, EventName.REOPEN: frozenset[str]()}


def event_of(command: Command, today: date, also: frozenset[str] = frozenset()) -> Event:
    """The event with the facts that were typed beside it. Raises Refused for a value that is none; `also` are some."""
    event = replace(command.event, request=command.number)
    for key, text in command.values.items():
        if any(ord(char) < ord(" ") and char not in "\n\t" for char in text):
            raise Refused(f"{key}= holds a control character; type it anew")
        reader = READERS.get(key)
        if reader is not None:
            event = replace(event, **{key: reader(key, text, today)})
        elif key not in (others := OTHER_KEYS | also | OWN_KEYS.get(event.event, frozenset())):
            known = ", ".join(sorted((*READERS, *others)))
            raise Refused(f"{key}= is no value of a command; use {known}")
    for key in YES_OR_NO & command.values.keys():
        _yes(key, command.values[key], today)
    if event.event in MOVES_DATE and event.due_date is not None and event.due_date < today:
        raise Refused(f"due_date={event.due_date} has passed; a date that is moved is one to come")
    if "customs" in command.values:
        _money("customs", command.values["customs"], today)
    if "vat" in command.values:
        _vat(command.values["vat"])
    return event


def _day(key: str, text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{key}={text} is no day; write it like {today.isoformat()}") from None
    if abs((day - today).days) > 366 * MAX_YEARS:
        raise Refused(f"{key}={text} is more than {MAX_YEARS} years off")
    return day


def _money(key: str, text: str, __: date) -> Money:
    try:
        return prices.read_money(text)
    except ValueError as err:
        raise Refused(f'{key}={text}: {err}, as {key}="12.50 EUR"') from err


def _vat(text: str) -> None:
    try:
        prices.read_vat(text)
    except ValueError as err:
        raise Refused(f"vat={text}: {err}") from err


def _list(_: str, text: str, __: date) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _text(_: str, text: str, __: date) -> str:
    return text.strip()


def _url(key: str, text: str, _: date) -> str:
    url = text.strip()
    if not url.lower().startswith(("https://", "http://")) or len(url.split()) != 1:
        raise Refused(f"{key}={text} is no address that a reader can open; write the whole of it, https://…")
    return url


def _yes(key: str, text: str, _: date) -> bool:
    if text not in {"yes", "no"}:
        raise Refused(f"{key}={text}: write yes or no")
    return text == "yes"


READERS: Mapping[str, Callable[[str, str, date], Any]] = {
    "due_date": _day,
    "expected_date": _day,
    "retry_after": _day,
    "expiry": _day,
    "reason": _text,
    "loan_condition": _list,
    "cost": _money,
    "item_id": _list,
    "url": _url,
    "note": _text,
    "no_renewal": _yes,
    "supplier_ref": _text,
    "attachment": _yes,
}
OTHER_KEYS = holders.VALUES | {
    *("to", "partner", "pickup", "text", "parcel", "office", "volume", "notify", "letter", "whom", "waiting"),
    *("main", "missing", "vat", "customs", "let_off"),
}
YES_OR_NO = frozenset({"waiting"})
MOVES_DATE = frozenset({EventName.DUE_DATE_CHANGED, EventName.RENEW_ACCEPTED, EventName.RECALLED})
