"""Requests, their attempts and items, partners and patrons; and the Context: what could be meant by one mail.

Context is the same type that `parse --context` loads from JSON (design contract) and that is stored with each decision,
so every field beyond the contract's has a default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from maild.core.reading import Citation, Money
from maild.core.terms import Flag, Payment, Role, ServiceType, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one loan or copy costs from a day on, until a later price of the same service begins."""

    service_type: ServiceType
    since: date
    money: Money
    vat: str = ""  # the VAT code of the bookkeeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A library that we borrow from or lend to (domain.md, rule 1)."""

    id: int = 0
    symbol: str = ""  # ISIL or another
    name: str = ""
    names: dict[str, str] | None = None  # by language, where they differ
    aliases: tuple[str, ...] = ()  # what else it is called, or was: others write these
    email: str = ""  # where requests go
    postal_address: str = ""  # where parcels go, its lines as on a label
    phone: str = ""
    domains: tuple[str, ...] = ()  # accepted sender domains, A-labels
    country: str = "domestic"  # domestic, nordic, other
    languages: tuple[str, ...] = ("fi", "en")  # of our letters, the reader's first; two = bilingual
    profile_borrowing: str = "borrowing"  # name of a workflow profile family: "<profile>-loan", "<profile>-copy"
    profile_lending: str = "lending"
    loans: bool = True
    copies: bool = True
    copy_release: str = "staff"  # a copy from it goes on to the patron: auto, once staff have seen it, or on paper only
    postal_delay_days: int = 3
    loan_days: int | None = None  # assumed where the supplier states no due date; None = its country's (partners.toml)
    business_id: str = ""
    e_invoice: str = ""  # where its e-invoices go: an OVT or IBAN
    e_invoice_operator: str = ""
    order_reference: str = ""  # what it wants to see on an invoice
    invoicing: str = "each"  # each loan or copy, month, quarter or year
    payment: Payment = Payment.MONEY  # both ways
    payer: str = "us"  # who bears what a loan or copy from it costs: us, or the patron
    prices: tuple[Price, ...] = ()  # what it takes from us
    our_prices: tuple[Price, ...] = ()  # what we take from it; () = those of its country (partners.toml)
    order_channel: str = "mail"  # mail, web, phone, service or automatic: all but the first and last are staff's work
    renew_channel: str = "mail"
    web_address: str = ""  # where staff order or renew, where a channel is web
    service: str = ""  # name of the external service, where a channel is service: Subito, DOCLINE
    our_card: str = ""  # the card that the partner gave us
    their_card: str = ""  # the card that our library system gave the partner
    max_open: int | None = None  # asked later than others while it has so many open requests of ours
    max_lent: int | None = None  # turned down while it has so many of its requests open with us
    open_with: int = 0  # our open requests there, counted for the Context
    lent_to: int = 0  # its open requests with us, counted for the Context
    accept_spf: bool = False
    mode: str = ""  # automation mode of this partner, "" = the site's
    paused_from: date | None = None  # first day of our pause; None = it has begun, where it has an end
    paused_until: date | None = None  # its last day; None = until further notice, where it has a beginning
    absent_since: date | None = None  # the day of the first automatic answer of this absence
    absent_until: date | None = None  # of an auto-reply: the answering clock stands until then
    active: bool = True
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patron:
    """Somebody we borrow for."""

    id: int = 0
    name: str = ""
    email: str = ""
    card: str = ""  # library card number: the desk's key, shown only in the request view
    language: str = "fi"
    group: str = ""
    phone: str = ""
    approved: bool = False  # known to staff: letters may go out
    blocked: bool = False
    account_ends: date | None = None  # no loan runs longer
    open_requests: int = 0  # counted for the Context
    loans: int = 0  # those of them that are with the patron, or on the way to the office; counted for the Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing on loan. `due_date` is the supplier's (lending: ours), `patron_due_date` what the patron is told."""

    id: int = 0
    item_ids: tuple[str, ...] = ()  # the first is the main one
    volume: str = ""
    due_date: date | None = None
    patron_due_date: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One supplier asked (ISO 18626 has one status an attempt)."""

    id: int = 0
    partner_id: int = 0
    partner_domains: tuple[str, ...] = ()
    status: str = ""
    asked_at: datetime | None = None
    chased_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str = ""  # key of the mail that brought the answer
    reason: str = ""
    supplier_ref: str = ""
    conditions: tuple[str, ...] = ()
    expected_date: date | None = None
    cost: Money | None = None  # the price that it asked us to accept


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A price or fee: `payer` is patron, us or partner, `partner_id` the library that it is for or from.

    Of one kind, payer and partner a request has one line that is not settled: a new one takes its place.
    """

    kind: str
    payer: str
    money: Money
    payment: Payment = Payment.MONEY
    vat: str = ""
    partner_id: int | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, with everything that a rule may look at.

    `partner_domains`, `partner_address`, `patron_email`, `mailed`, `letters` and `renewal_pending` are what the
    contract's context names; the daemon fills them from the records. `profile` is the name of its workflow profile.
    """

    number: str = ""
    role: Role
    service_type: ServiceType
    status: Status
    id: int = 0
    version: int = 0
    profile: str = ""
    flags: frozenset[Flag] = frozenset()
    citation: Citation = field(default_factory=Citation)
    partner_id: int | None = None  # the supplier in hand; lending: the requester
    partner_domains: tuple[str, ...] = ()
    partner_address: str | None = None
    patron_id: int | None = None
    patron_email: str | None = None
    requester_ref: str = ""  # lending: their own number
    supplier_ref: str = ""  # borrowing: the supplier's own number
    mailed: tuple[str, ...] = ()  # addresses that we wrote to about it
    letters: tuple[str, ...] = ()  # Message-IDs of our letters about it
    last_partner_message_id: str = ""  # what our next letter to the partner answers
    last_patron_message_id: str = ""
    renewal_pending: bool = False
    renewals: int = 0
    attempts: tuple[Attempt, ...] = ()  # oldest first; the last one is in hand while one is
    items: tuple[Item, ...] = ()
    charges: tuple[Charge, ...] = ()
    suppliers: tuple[str, ...] = ()  # symbols of those known to hold it that are still to be asked, in order
    skipped: tuple[str, ...] = ()  # symbols that staff do not want asked by themselves
    asked_for: tuple[str, ...] = ()  # needs (completeness.toml) that the patron was asked about, as the letter numbers
    conditions: tuple[str, ...] = ()
    language: str = ""  # of the patron's letters
    pickup: str = ""
    delivery: str = ""
    note: str = ""
    need_before: date | None = None
    max_cost: Money | None = None
    abroad_ok: bool | None = None  # the patron's word on suppliers abroad
    created_at: datetime | None = None
    loaned_on: date | None = None  # first day of the loan: total loan time counts from here
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a letter was written from, in JSON's own kinds: enough to write it anew. Names as in effects.SendLetter."""

    facts: Mapping[str, object] = field(default_factory=dict)
    languages: tuple[str, ...] = ("fi",)
    partner_id: int | None = None
    wanted: bool = False
    attach: tuple[int, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A letter of ours to a partner or patron: what it says of the request, by the names of letters (core/letters.py).

    `state` is waiting, held or sent. `withdrawn_at`: when what it was sent for was taken back. `written` is there for
    one that has not gone out, unless it is erased.
    """

    message_id: str
    letter: str
    audience: str
    to: str
    at: datetime  # when it went out; one that has not, when it was written
    state: str = "sent"
    subject: str = ""
    says: Mapping[str, str] = field(default_factory=dict)
    withdrawn_at: datetime | None = None
    step: int = 0
    written: Written | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The last input that changed a request. `before` is None where that is not kept: it was opened by it, or erased.

    `entered` is the day on which it had come to the status that it stood at before; `approves`: by it staff made its
    patron a known one.
    """

    id: int
    at: datetime
    who: str
    what: str  # the events, in the words of the history
    before: Request | None = None
    entered: date | None = None
    approves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the house knows that a mail (or command, or due notice) could be about. Keys: design contract, --context."""

    received_at: datetime | None = None
    our_addresses: tuple[str, ...] = ()
    authserv_id: str = ""
    reply_key: str = ""  # hex; never stored with a decision
    old_reply_keys: tuple[str, ...] = ()
    accept_spf: tuple[str, ...] = ()
    partner_domains: tuple[str, ...] = ()  # of any partners, those that an address of the mail could be at
    trusted_form_senders: tuple[str, ...] = ()
    internal_forms: tuple[str, ...] = ()
    library_systems: tuple[str, ...] = ()  # addresses that our library system writes from
    staff_addresses: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    partners: tuple[Partner, ...] = ()  # those in hand, those of the sender, and the suppliers that may come next
    patrons: tuple[Patron, ...] = ()
    open_lending: int = 0  # all open requests of other libraries with us
    last: Step | None = None  # for an Undo: the last thing that happened to its request
    told: tuple[Told, ...] = ()  # for a command that may put letters right: those about its request, oldest first

    def request(self, number: str) -> Request | None:
        """The request of that number, or None."""
        return next((r for r in self.requests if r.number == number), None)

    def partner(self, partner_id: int | None) -> Partner | None:
        """The partner of that id, or None."""
        return next((p for p in self.partners if p.id == partner_id), None)

    def patron(self, patron_id: int | None) -> Patron | None:
        """The patron of that id, or None."""
        return next((p for p in self.patrons if p.id == patron_id), None)
