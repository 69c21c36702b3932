"""What staff put right on a request: the work, the pickup place, dates. The readers of earlier letters may be told."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date

from maild.core import loan_facts
from maild.core.effects import ChangeRequest
from maild.core.loan_facts import Told, together
from maild.core.occasion import Occasion
from maild.core.reading import Citation
from maild.core.rules import Refused

MAX_TEXT = 500  # characters
WORK = frozenset(f.name for f in fields(Citation))
LANGUAGES = frozenset({"fi", "sv", "en"})


def told(o: Occasion) -> Told:
    """The new values. Raises Refused for one that cannot be, and where nothing is to be put right."""
    typed = KEYS & o.values.keys()
    if not typed:
        raise Refused(f"Edit needs what is to be put right, like title=… or pickup=…: {', '.join(sorted(KEYS))}")
    if long := next((key for key in sorted(typed) if len(o.values[key]) > MAX_TEXT), ""):
        raise Refused(f"{long}= has more than {MAX_TEXT} characters")
    values: dict[str, object] = {key: read(key, o.values[key].strip()) for key, read in READERS.items() if key in typed}
    if work := {key: o.values[key].strip() or None for key in WORK & typed}:
        values["citation"] = replace(o.request.citation, **work)
    change = (ChangeRequest(number=o.request.number, values=values),) if values else ()
    return together(Told(effects=change), _dates(o))


def _dates(o: Occasion) -> Told:
    """The due date, of one item where `item_id` names it; the patron's is reckoned from it."""
    if o.event.due_date is None:
        return Told()
    if not o.request.items:
        raise Refused(f"nothing of {o.request.number} is on loan, so it has no due date")
    moved = loan_facts.new_date(o)
    if not moved.effects:
        raise Refused(f"the due date of {o.request.number} stands so already, or no longer counts")
    return moved


def _text(_: str, text: str) -> str:
    return text


def _day(key: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(f"{key}={text} is no day; write it like 2026-12-03, or leave it empty") from None


def _language(key: str, text: str) -> str:
    if text not in LANGUAGES:
        raise Refused(f"{key}={text}: use one of {', '.join(sorted(LANGUAGES))}")
    return text


READERS: Mapping[str, Callable[[str, str], object]] = {
    "delivery": _text,
    "requester_ref": _text,
    "need_before": _day,
    "language": _language,
}
# A price is noted by costs.py in the place of the one before; pickup and supplier_ref are taken by loan_facts.remarks.
KEYS = WORK | READERS.keys() | {"due_date", "cost", "pickup", "supplier_ref"}
