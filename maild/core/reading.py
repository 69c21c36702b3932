"""What was read in a mail: events with their facts, what makes them doubtful, and by whom they were said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from maild.core.mail import Mail
from maild.core.terms import EventName, Kind, ServiceType

if TYPE_CHECKING:
    from maild.core.request import Context


IFLA_VOUCHER = "IFLA"  # no ISO 4217 code has four letters; there are half vouchers


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount with its currency (ISO 4217), or so many IFLA vouchers: then the currency is IFLA_VOUCHER."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who wants the work: our patron, as a form gives him or her."""

    name: str | None = None
    email: str | None = None
    id: str | None = None  # library card number
    group: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """The library that asks us, as its mail gives it."""

    name: str | None = None
    symbol: str | None = None
    email: str | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """The work: ISO 18626 BibliographicInfo and PublicationInfo in the contract's spelling.

    For a copy, `title` and `author` are of the journal or book, `article_*` of the part.
    """

    title: str | None = None
    author: str | None = None
    article_title: str | None = None
    article_author: str | None = None
    publisher: str | None = None
    year: str | None = None
    edition: str | None = None
    volume: str | None = None
    issue: str | None = None
    pages: str | None = None
    isbn: str | None = None
    issn: str | None = None
    doi: str | None = None
    pmid: str | None = None
    chapter: str | None = None
    place: str | None = None
    series: str | None = None
    record_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request that somebody asks for, before it has a number."""

    service_type: ServiceType
    citation: Citation = Citation()
    need_before: date | None = None
    max_cost: Money | None = None
    pickup: str | None = None
    delivery: str | None = None  # desk, office, file, paper
    office_address: str | None = None
    abroad_ok: bool | None = None
    any_edition: bool | None = None
    note: str | None = None
    language: str | None = None  # of the form: the letters' language unless the patron chose one
    patron: Person | None = None  # borrowing
    requester: Requester | None = None  # lending


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was said or done, with the facts that were stated with it and no others.

    `request` is our number, where the mail ties this event to one. `passage` is the text it was read from.
    """

    event: EventName
    request: str | None = None
    due_date: date | None = None
    expected_date: date | None = None
    retry_after: date | None = None
    expiry: date | None = None
    reason: str | None = None
    loan_condition: tuple[str, ...] = ()
    cost: Money | None = None
    item_id: tuple[str, ...] = ()
    url: str | None = None
    attachment: bool = False
    recipient: str | None = None
    new_request: NewRequest | None = None
    citation: Citation | None = None  # ours: what was missing in the request's
    no_renewal: bool = False  # ours: "renewals are not possible", said beside another event
    supplier_ref: str | None = None  # ours: their own number for it
    note: str | None = None
    passage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a human must look: a fixed word, a sentence for staff, and the passage that was read.

    Words in use: hedged, question, negated, contradictory, conditional, several-requests, no-request, sender, unclear,
    date, cost, language, attachment, incomplete, duplicate, forwarded, ambiguous, cut, status, workflow, policy,
    special-event, too-many, unreadable.
    """

    reason: str
    text: str
    passage: str = ""
    askable: bool = False  # the patron can be asked for what is missing (completeness.toml)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a mail says, judged by its text and by which request it speaks of; who may say it is for decide.

    `requests` are the numbers that all evidence together points to, `by` the parser, `heard` what the third judge
    said where it was asked. No doubts and no events with kind auto-reply means: safe to file away.
    """

    kind: Kind = Kind.UNKNOWN
    requests: tuple[str, ...] = ()
    language: str = ""
    events: tuple[Event, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    absent_until: date | None = None
    by: str = ""
    heard: tuple[str, ...] = ()


class Parser(Protocol):
    """Reads one family of mails. Pure, quick to say "not mine", and never guesses.

    Returns None for a mail that is not its own; a Reading with doubts for one that is its own but not certain.
    """

    name: str

    def read(self, mail: Mail, context: "Context", rules: Any) -> Reading | None:
        """The Reading, or None where the mail is not of this family. `rules` is reading.rules.ReadingRules."""
        ...


ReadMail = Callable[[Mail, "Context"], Reading]
