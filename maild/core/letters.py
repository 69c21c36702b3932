"""What a letter's template may use: plain values, cleaned of a stranger's tricks, and no row of the store.

A template sees the fields of LetterFacts by their names and nothing else. What this occasion does not know is None or
empty, and the letter leaves that line out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from maild.core.reading import Citation, Money

MAX_TITLE = 300
MAX_FIELD = 160
DAYS = frozenset({"due_date", "need_before"})  # those of what a letter can tell that are days


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
    partner_card: str | None = None  # by which our library system knows it, where it borrows from us
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
        *("partner_name", "partner_address", "partner_phone", "partner_card"),
    }
)
OCCASION_FACTS = LETTER_FACTS - REQUEST_FACTS
STAFF_FACTS = frozenset(
    {"passage", "commands", "mail_subject", "mail_from", "recipient", "letter", "diagnostic", "month", "figures"}
)
PATRON_FACTS = frozenset({"pickup", "pickup_hours", "pickup_until", "pickup_way", "office"})
PARTNER_FACTS = frozenset({"their_ref", "partner_name", "partner_address", "partner_phone", "partner_card"})
