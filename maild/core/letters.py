"""What a letter's template may use: plain values, cleaned of a stranger's tricks, and no row of the store.

A template sees the fields of LetterFacts by their names and nothing else. What this occasion does not know is None or
empty, and the letter leaves that line out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from maild.core.cleaning import clean_line, clean_text, without_numbers
from maild.core.effects import Audience, SendLetter
from maild.core.reading import IFLA_VOUCHER, Citation, Money
from maild.core.request import Context, Item, Partner, Request
from maild.core.terms import Flag, Role, ServiceType

MAX_TITLE = 300
MAX_FIELD = 160
MAX_TEXT = 4000
MAX_ROWS = 200
LABELS = {"article_title": "article", "year": "published"}  # where a label has another name than its fact
DAYS = frozenset({"due_date", "need_before"})  # those of what a letter can tell that are days
CURRENCY = re.compile(f"[A-Z]{{3}}|{IFLA_VOUCHER}")  # ISO 4217, or vouchers


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """Who we are, as letters say it: texts by language where they differ (settings, [site])."""

    name: Mapping[str, str]
    address: str
    postal_address: str = ""
    contact: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    symbol: str = ""
    language: str = "fi"
    zone: str = "Europe/Helsinki"
    pickup: Mapping[str, str | Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """One thing on loan, with the date that the reader of the letter is to keep."""

    ids: tuple[str, ...] = ()
    volume: str = ""
    due_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """One row of a list: of the staff's morning work, or of a patron's own requests."""

    section: str = ""
    number: str = ""
    title: str = ""
    status: str = ""
    due_date: date | None = None
    place: str = ""
    until: date | None = None
    text: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """Something that the reader was told otherwise: its label, and each value as a day, a sum or a text."""

    label: str
    was: str = ""
    now: str = ""
    was_day: date | None = None
    now_day: date | None = None
    was_sum: Money | None = None
    now_sum: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureFacts:
    """One figure of a month: `name` is a word of the table [figure], else stands as it is (a partner's name).

    `unit` is "%", a currency, or "".
    """

    section: str = ""
    name: str = ""
    value: Decimal = Decimal(0)
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """Everything that a template may name. Dates that the reader is to keep are the patron's in a patron's letter."""

    # the request
    number: str = ""
    lending: bool = False
    to_patron: bool = False
    is_copy: bool = False
    either: bool = False  # CopyOrLoan
    status: str = ""
    citation: Citation = field(default_factory=Citation)
    their_ref: str | None = None  # the partner's own number
    items: tuple[ItemFacts, ...] = ()
    due_date: date | None = None  # the earliest of the items'
    need_before: date | None = None
    max_cost: Money | None = None
    conditions: tuple[str, ...] = ()  # ISO 18626 loan conditions
    renewable: bool = True
    pickup: str | None = None
    pickup_hours: str | None = None
    asked_on: date | None = None  # the day on which we asked the supplier in hand
    partner_name: str | None = None  # the library that we borrow from or lend to
    partner_address: str | None = None  # where parcels to it go
    partner_phone: str | None = None
    # the occasion: SendLetter.facts
    old_due_date: date | None = None
    new_due_date: date | None = None
    expected_date: date | None = None
    retry_after: date | None = None
    expiry: date | None = None  # an offer stands, or an answer is awaited, until then
    pickup_until: date | None = None
    pickup_way: str | None = None  # how it is taken over: a word of the table [pickup_way]
    renew_from: date | None = None
    cost: Money | None = None
    reason: str | None = None
    url: str | None = None
    attachment: bool = False  # the copy goes with this letter
    volume: str | None = None
    returned_on: date | None = None
    parcel: str | None = None
    office: str | None = None
    text: str | None = None
    rows: tuple[RowFacts, ...] = ()
    questions: tuple[str, ...] = ()  # what the patron is asked about the work, numbered in this order
    changes: tuple[ChangeFacts, ...] = ()
    void: tuple[RowFacts, ...] = ()  # letters that hold no more: subject and day
    # the occasion, to staff only
    month: date | None = None  # its first day
    figures: tuple[FigureFacts, ...] = ()
    passage: str | None = None
    commands: tuple[str, ...] = ()
    mail_subject: str | None = None
    mail_from: str | None = None
    recipient: str | None = None
    letter: str | None = None
    diagnostic: str | None = None


LETTER_FACTS = frozenset(f.name for f in fields(LetterFacts))
REQUEST_FACTS = frozenset(
    {
        *(
            "number",
            "lending",
            "to_patron",
            "is_copy",
            "either",
            "status",
            "citation",
            "their_ref",
            "items",
            "due_date",
            "need_before",
        ),
        *("max_cost", "conditions", "renewable", "pickup", "pickup_hours", "asked_on"),
        *("partner_name", "partner_address", "partner_phone"),
    }
)
OCCASION_FACTS = LETTER_FACTS - REQUEST_FACTS
STAFF_FACTS = frozenset(
    {"passage", "commands", "mail_subject", "mail_from", "recipient", "letter", "diagnostic", "month", "figures"}
)
PATRON_FACTS = frozenset({"pickup", "pickup_hours", "pickup_until", "pickup_way", "office"})
PARTNER_FACTS = frozenset({"their_ref", "partner_name", "partner_address", "partner_phone"})


def facts_of(effect: SendLetter, context: Context, site: SiteFacts) -> LetterFacts:
    """What `effect`'s letter may say. `context` is the one after the decision's effects.

    A partner's letter gets nothing that is the patron's, a patron's nothing that is the partner's.
    """
    request = context.request(effect.number) if effect.number else None
    values: dict[str, Any] = {name: read(effect.facts.get(name)) for name, read in OCCASION_READERS.items()}
    values["attachment"] = bool(effect.attach)
    values["to_patron"] = effect.audience is Audience.PATRON
    if request is not None:
        values |= _of_request(request, effect, site)
        values |= _of_partner(context.partner(effect.partner_id or request.partner_id))
    hidden = _hidden_from(effect.audience)
    return LetterFacts(**{name: value for name, value in values.items() if name not in hidden})


def _hidden_from(audience: Audience) -> frozenset[str]:
    if audience is Audience.PARTNER:
        return STAFF_FACTS | PATRON_FACTS
    if audience is Audience.PATRON:
        return STAFF_FACTS | PARTNER_FACTS
    return frozenset()


def _of_request(request: Request, effect: SendLetter, site: SiteFacts) -> dict[str, Any]:
    items = _items(request, effect)
    conditions = _words(effect.facts.get("loan_condition")) or request.conditions
    pickup = clean_line(request.pickup, MAX_FIELD)
    return {
        "number": request.number,
        "lending": request.role is Role.LENDING,
        "is_copy": request.service_type is ServiceType.COPY,
        "either": request.service_type is ServiceType.COPY_OR_LOAN,
        "status": request.status.value,
        "citation": clean_citation(request.citation),
        "their_ref": _their_ref(request, effect) or None,
        "items": items,
        "due_date": min((item.due_date for item in items if item.due_date), default=_stated_due_date(effect)),
        "need_before": request.need_before,
        "max_cost": request.max_cost,
        "conditions": tuple(clean_line(condition, MAX_FIELD) for condition in conditions),
        "renewable": not request.flags & {Flag.NO_RENEWAL, Flag.RECALLED, Flag.LIBRARY_USE_ONLY},
        "pickup": pickup or None,
        "pickup_hours": _opening(site, request.pickup, effect.languages[0]),
        "asked_on": _asked_on(request, site),
    }


def _opening(site: SiteFacts, place: str, language: str) -> str | None:
    """When a place is open, in the reader's language or else in ours."""
    told = site.pickup.get(place)
    if told is None or isinstance(told, str):
        return told or None
    return told.get(language) or told.get(site.language) or None


def _of_partner(partner: Partner | None) -> dict[str, str | None]:
    """How parcels reach the other library."""
    if partner is None:
        return {}
    return {
        "partner_name": _line(partner.name),
        "partner_address": _address(partner.postal_address),
        "partner_phone": _line(partner.phone),
    }


def _items(request: Request, effect: SendLetter) -> tuple[ItemFacts, ...]:
    """The items that the letter is about: those that the occasion names, else all of the request."""
    named = set(_words(effect.facts.get("item_id")))
    chosen = [item for item in request.items if named & set(item.item_ids)] or list(request.items)
    if not chosen and named:
        chosen = [Item(item_ids=tuple(sorted(named)))]
    return tuple(
        ItemFacts(
            ids=tuple(clean_line(item_id, MAX_FIELD) for item_id in item.item_ids),
            volume=clean_line(item.volume, MAX_FIELD),
            due_date=item.patron_due_date if effect.audience is Audience.PATRON else item.due_date,
        )
        for item in chosen
    )


def _stated_due_date(effect: SendLetter) -> date | None:
    """The occasion's own date, where no item carries one; never the supplier's date to a patron."""
    name = "patron_due_date" if effect.audience is Audience.PATRON else "due_date"
    return _day(effect.facts.get(name))


def _their_ref(request: Request, effect: SendLetter) -> str:
    stated = effect.facts.get("supplier_ref")
    own = request.requester_ref or (stated if isinstance(stated, str) else "") or request.supplier_ref
    return clean_line(own, MAX_FIELD)


def _asked_on(request: Request, site: SiteFacts) -> date | None:
    asked = request.attempts[-1].asked_at if request.attempts else None
    return asked.astimezone(ZoneInfo(site.zone)).date() if asked else None


def clean_citation(citation: Citation) -> Citation:
    """The same work with every field fit for one line, and nothing in it that looks like a request number of ours."""
    values = {f.name: getattr(citation, f.name) for f in fields(citation)}
    cleaned = {
        name: without_numbers(clean_line(value, MAX_TITLE if "title" in name else MAX_FIELD)) or None
        for name, value in values.items()
        if value
    }
    return Citation(**cleaned)


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _money(value: object) -> Money | None:
    if isinstance(value, Mapping):
        try:
            value = Money(amount=Decimal(str(value["amount"])), currency=str(value["currency"]))
        except (KeyError, InvalidOperation):
            return None
    if not isinstance(value, Money) or not value.amount.is_finite():
        return None
    return value if CURRENCY.fullmatch(value.currency) else None


def _line(value: object) -> str | None:
    return without_numbers(clean_line(value, MAX_FIELD)) or None if isinstance(value, str) else None


def _plain_line(value: object) -> str | None:
    """For staff, who need to see a number where a stranger wrote one."""
    return clean_line(value, MAX_FIELD) or None if isinstance(value, str) else None


def _url(value: object) -> str | None:
    """The address, where it is one that a reader may open; nothing else is ever shown as a link."""
    cleaned = clean_line(value, 2000) if isinstance(value, str) else ""
    return cleaned if cleaned.lower().startswith(("https://", "http://")) and " " not in cleaned else None


def _paragraphs(value: object) -> str | None:
    return clean_text(value, MAX_TEXT) or None if isinstance(value, str) else None


def _address(value: str) -> str | None:
    """An address with its lines."""
    lines = (_line(line) for line in value.splitlines())
    return "\n".join(line for line in lines if line) or None


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(word) for word in value) if isinstance(value, Sequence) else ()


def _lines(value: object) -> tuple[str, ...]:
    return tuple(clean_line(word, MAX_FIELD) for word in _words(value))


def _rows(value: object) -> tuple[RowFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_row(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _row(row: Mapping[str, object]) -> RowFacts:
    texts = {name: clean_line(str(row.get(name) or ""), MAX_TITLE) for name in ("section", "number", "status", "text")}
    return RowFacts(
        **texts,
        title=without_numbers(clean_line(str(row.get("title") or ""), MAX_TITLE)),
        due_date=_day(row.get("due_date")),
        place=clean_line(str(row.get("place") or ""), MAX_FIELD),
        until=_day(row.get("until")),
        commands=_lines(row.get("commands")),
    )


def _changes(value: object) -> tuple[ChangeFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_change(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _change(row: Mapping[str, object]) -> ChangeFacts:
    name, was, now = (without_numbers(clean_line(str(row.get(key) or ""), MAX_TITLE)) for key in ("name", "was", "now"))
    days = (_day(was), _day(now)) if name in DAYS else (None, None)
    sums = (_sum(was), _sum(now)) if name == "cost" else (None, None)
    return ChangeFacts(
        label=LABELS.get(name, name),
        was=was,
        now=now,
        was_day=days[0],
        now_day=days[1],
        was_sum=sums[0],
        now_sum=sums[1],
    )


def _sum(text: str) -> Money | None:
    """The money of core.corrections.amount."""
    value, _, currency = text.partition(" ")
    return _money({"amount": value, "currency": currency})


def _figures(value: object) -> tuple[FigureFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_figure(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _figure(row: Mapping[str, object]) -> FigureFacts:
    section, name, unit = (clean_line(str(row.get(key) or ""), MAX_FIELD) for key in ("section", "name", "unit"))
    value = row.get("value")
    return FigureFacts(section=section, name=name, value=value if isinstance(value, Decimal) else Decimal(0), unit=unit)


OCCASION_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        **dict.fromkeys(("old_due_date", "new_due_date", "expected_date", "retry_after", "expiry", "month"), _day),
        **dict.fromkeys(("pickup_until", "renew_from", "returned_on"), _day),
        **dict.fromkeys(("reason", "volume", "parcel", "office", "letter", "recipient", "diagnostic"), _line),
        "pickup_way": _line,
        **dict.fromkeys(("mail_subject", "mail_from"), _plain_line),
        **dict.fromkeys(("text", "passage"), _paragraphs),
        **dict.fromkeys(("commands", "questions"), _lines),
        "cost": _money,
        "url": _url,
        "rows": _rows,
        "void": _rows,
        "changes": _changes,
        "figures": _figures,
    }
)
