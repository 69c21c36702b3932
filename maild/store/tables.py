"""The tables. They check nothing: what goes in was checked as a core value, what comes out is made one in rows.py.

Enums stand as their words, money as cents with its currency, tuples as JSON lists, moments as UTC.
Raw bytes come last in their row: SQLite walks through all that stands before a column.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

JSONValue = dict[str, Any]
METADATA = SQLModel.metadata  # of every table below


class PartnerRow(SQLModel, table=True):
    """core.request.Partner."""

    __tablename__ = "partner"
    id: int | None = Field(default=None, primary_key=True)
    symbol: str | None = Field(default=None, unique=True)  # null where it has none
    name: str = ""
    names: JSONValue | None = Field(default=None, sa_type=JSON)
    aliases: list[str] = Field(default_factory=list, sa_type=JSON)
    email: str = Field(default="", index=True)
    postal_address: str = ""
    phone: str = ""
    country: str = "domestic"
    languages: list[str] = Field(default_factory=list, sa_type=JSON)
    profile_borrowing: str = "borrowing"
    profile_lending: str = "lending"
    loans: bool = True
    copies: bool = True
    copy_release: str = "staff"
    postal_delay_days: int = 3
    loan_days: int | None = None
    business_id: str = ""
    e_invoice: str = ""
    e_invoice_operator: str = ""
    order_reference: str = ""
    invoicing: str = "each"
    payment: str = "money"
    payer: str = "us"
    prices: list[JSONValue] = Field(default_factory=list, sa_type=JSON)
    our_prices: list[JSONValue] = Field(default_factory=list, sa_type=JSON)
    order_channel: str = "mail"
    renew_channel: str = "mail"
    web_address: str = ""
    service: str = ""
    our_card: str = ""
    their_card: str = ""
    max_open: int | None = None
    max_lent: int | None = None
    accept_spf: bool = False
    mode: str = ""
    paused_from: date | None = None
    paused_until: date | None = None
    absent_since: date | None = None
    absent_until: date | None = None
    active: bool = True
    notes: str = ""
    changed_at: datetime


class PartnerDomainRow(SQLModel, table=True):
    """A sender domain of a partner, as an A-label in lower case."""

    __tablename__ = "partner_domain"
    partner_id: int = Field(foreign_key="partner.id", primary_key=True, ondelete="CASCADE")
    domain: str = Field(primary_key=True, index=True)
    place: int = 0  # its rank in the record


class PatronRow(SQLModel, table=True):
    """core.request.Patron; a card is one patron's, an address may be shared."""

    __tablename__ = "patron"
    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    email: str = Field(default="", index=True)
    card: str = Field(default="", index=True)
    language: str = "fi"
    group: str = ""
    phone: str = ""
    approved: bool = False
    blocked: bool = False
    account_ends: date | None = None
    changed_at: datetime


class RequestRow(SQLModel, table=True):
    """core.request.Request, without what stands in other tables. `version` grows with every decision on it."""

    __tablename__ = "request"
    # Open ones are counted by their role with every mail.
    __table_args__ = (Index("ix_request_closed_at_role", "closed_at", "role"),)
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    version: int = 1
    role: str
    service_type: str
    status: str = Field(index=True)
    profile: str = ""
    flags: list[str] = Field(default_factory=list, sa_type=JSON)
    citation: JSONValue = Field(default_factory=dict, sa_type=JSON)
    partner_id: int | None = Field(default=None, foreign_key="partner.id", index=True)
    patron_id: int | None = Field(default=None, foreign_key="patron.id", index=True)
    requester: JSONValue | None = Field(default=None, sa_type=JSON)  # as the request named itself
    requester_email: str = Field(default="", index=True)
    requester_ref: str = Field(default="", index=True)
    supplier_ref: str = Field(default="", index=True)
    last_partner_message_id: str = ""
    last_patron_message_id: str = ""
    renewals: int = 0
    suppliers: list[str] = Field(default_factory=list, sa_type=JSON)
    skipped: list[str] = Field(default_factory=list, sa_type=JSON)
    asked_for: list[str] = Field(default_factory=list, sa_type=JSON)
    conditions: list[str] = Field(default_factory=list, sa_type=JSON)
    language: str = ""
    pickup: str = ""
    delivery: str = ""
    office_address: str = ""
    abroad_ok: bool | None = None
    any_edition: bool | None = None
    note: str = ""
    need_before: date | None = None
    max_cost_cents: int | None = None
    max_cost_currency: str = ""
    created_at: datetime
    loaned_on: date | None = None
    closed_at: datetime | None = None
    erased_at: datetime | None = None  # its people were taken out


class ItemRow(SQLModel, table=True):
    """One thing on loan; `number` counts from 1 within its request."""

    __tablename__ = "item"
    request_id: int = Field(foreign_key="request.id", primary_key=True)
    number: int = Field(primary_key=True)
    volume: str = ""
    due_date: date | None = None
    patron_due_date: date | None = None
    place: str = ""


class ItemCodeRow(SQLModel, table=True):
    """A barcode or other id of an item; `place` 0 is the main one."""

    __tablename__ = "item_code"
    request_id: int = Field(foreign_key="request.id", primary_key=True)
    number: int = Field(primary_key=True)
    place: int = Field(primary_key=True)
    code: str = Field(index=True)


class AttemptRow(SQLModel, table=True):
    """One supplier asked; `number` counts from 1 within its request."""

    __tablename__ = "attempt"
    request_id: int = Field(foreign_key="request.id", primary_key=True)
    number: int = Field(primary_key=True)
    partner_id: int = Field(foreign_key="partner.id", index=True)
    status: str = ""
    asked_at: datetime | None = None
    chased_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str = ""
    reason: str = ""
    supplier_ref: str = Field(default="", index=True)
    conditions: list[str] = Field(default_factory=list, sa_type=JSON)
    expected_date: date | None = None
    cost_cents: int | None = None
    cost_currency: str = ""


class ChargeRow(SQLModel, table=True):
    """A price or fee on a request."""

    __tablename__ = "charge"
    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    partner_id: int | None = Field(default=None, foreign_key="partner.id")
    kind: str
    payer: str
    payment: str = "money"
    cents: int  # of IFLA vouchers: hundredths
    currency: str
    vat: str = ""
    noted_at: datetime
    settled_at: datetime | None = None  # invoiced and paid, or let off: until then nothing is erased


class InboxRow(SQLModel, table=True):
    """A mail that was taken, once, however often it was delivered. `raw` is never changed."""

    __tablename__ = "inbox"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    size: int
    stamp: bytes = Field(default=b"", sa_type=LargeBinary)  # its Authentication-Results fields
    received_at: datetime  # the moment by which its days are counted
    kept_at: datetime
    state: str = Field(default="waiting", index=True)  # waiting, claimed, done, aside
    claimed_until: datetime | None = None
    tries: int = 0
    traceback: str = Field(default="", sa_type=Text)
    judge: int | None = None  # the sighting to judge by; null = the mail's own bytes
    acted: bool = False  # a decision about it was carried out with no human
    filing: str = ""  # done, todo; "" = not known yet
    kind: str = ""
    numbers: list[str] = Field(default_factory=list, sa_type=JSON)
    why: str = Field(default="", sa_type=Text)
    done_at: datetime | None = None
    raw: bytes = Field(sa_type=LargeBinary)


class SightingRow(SQLModel, table=True):
    """One delivery of a mail. `raw` only where its authentication headers differ from the first one's."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("mailbox", "uidvalidity", "uid"),)
    id: int | None = Field(default=None, primary_key=True)
    mail_id: int = Field(foreign_key="inbox.id", index=True)
    door: str
    envelope_from: str | None = None
    recipients: list[str] = Field(default_factory=list, sa_type=JSON)
    mailbox: str = ""
    uidvalidity: int | None = Field(default=None, sa_type=BigInteger)  # unsigned 32 bits (RFC 3501 2.3.1.1)
    uid: int | None = Field(default=None, sa_type=BigInteger)
    received_at: datetime
    filed: bool = False
    judged: bool = False
    raw: bytes | None = Field(default=None, sa_type=LargeBinary)


class InputRow(SQLModel, table=True):
    """Everything that was ever decided on, with what it was decided by: enough to decide it again."""

    __tablename__ = "input"
    id: int | None = Field(default=None, primary_key=True)
    kind: str  # mail, command, notice, import
    source_id: str = Field(index=True)
    mail_id: int | None = Field(default=None, foreign_key="inbox.id", index=True)
    at: datetime
    actor: str = ""
    rules_digest: str = ""
    auto: bool = False
    why: str = Field(default="", sa_type=Text)
    input: str = Field(default="", sa_type=Text)  # JSON of the command or notice; of a mail how it was opened and read
    context: str = Field(default="", sa_type=Text)  # JSON, without the keys of our reply addresses
    decision: str = Field(default="", sa_type=Text)  # JSON


class RulebookRow(SQLModel, table=True):
    """Rules that something was decided by, whole: enough to decide it again."""

    __tablename__ = "rulebook"
    digest: str = Field(primary_key=True)
    first_used_at: datetime
    content: str = Field(sa_type=Text)


class InputRequestRow(SQLModel, table=True):
    """Which requests an input was about."""

    __tablename__ = "input_request"
    input_id: int = Field(foreign_key="input.id", primary_key=True)
    request_id: int = Field(foreign_key="request.id", primary_key=True, index=True)
    undone_by: int | None = None  # id of the input that took it back


class HistoryRow(SQLModel, table=True):
    """A step of a request: who, when, because of what, from where to where."""

    __tablename__ = "history"
    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id", index=True)
    input_id: int = Field(foreign_key="input.id", index=True)
    mail_id: int | None = Field(default=None, foreign_key="inbox.id")
    at: datetime
    who: str = ""
    from_status: str = ""
    to_status: str
    flags_added: list[str] = Field(default_factory=list, sa_type=JSON)
    flags_removed: list[str] = Field(default_factory=list, sa_type=JSON)
    event: JSONValue = Field(default_factory=dict, sa_type=JSON)
    why: str = Field(default="", sa_type=Text)


class OutboxRow(SQLModel, table=True):
    """A letter of ours: its bytes and Message-ID stand from the start, so that every try sends the same."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state_next", "state", "next_try_at"),)
    id: int | None = Field(default=None, primary_key=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    input_id: int | None = Field(default=None, foreign_key="input.id")
    letter: str
    audience: str
    to: str = Field(index=True)
    message_id: str = Field(unique=True)
    envelope_from: str
    language: str = ""
    cause: str = ""
    subject: str = ""
    says: JSONValue = Field(default_factory=dict, sa_type=JSON)  # what it tells of the request (core/truth.py)
    withdrawn_at: datetime | None = None  # what it was sent for was taken back
    state: str = "waiting"  # waiting, shadow, held, sent, failed, dropped
    tries: int = 0
    next_try_at: datetime
    last_error: str = Field(default="", sa_type=Text)
    created_at: datetime
    sent_at: datetime | None = None
    raw: bytes = Field(sa_type=LargeBinary)


class LetterMarkRow(SQLModel, table=True):
    """What a mail system reported of a letter: failed for good, or late."""

    __tablename__ = "letter_mark"
    id: int | None = Field(default=None, primary_key=True)
    letter_id: int = Field(foreign_key="outbox.id", index=True)
    input_id: int = Field(foreign_key="input.id")
    at: datetime
    failed: bool
    recipient: str
    diagnostic: str = Field(default="", sa_type=Text)


class NoticeRow(SQLModel, table=True):
    """A notice that falls due once for each date that it is anchored at."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("request_id", "notice", "anchor"),
        Index("ix_notice_state_due", "state", "due"),
        # Without it SQLite looks for a request's planned notices among all that are planned.
        Index("ix_notice_request_id_state", "request_id", "state"),
    )
    id: int | None = Field(default=None, primary_key=True)
    request_id: int = Field(foreign_key="request.id")
    notice: str
    anchor: date
    due: datetime
    item_id: int = 0
    series: str = ""
    state: str = "planned"  # planned, sent, dropped, missed


class TaskRow(SQLModel, table=True):
    """Something that a human must settle, with the reason and the commands that would settle it."""

    __tablename__ = "task"
    id: int | None = Field(default=None, primary_key=True)
    request_id: int | None = Field(default=None, foreign_key="request.id", index=True)
    mail_id: int | None = Field(default=None, foreign_key="inbox.id", index=True)
    reason: str
    text: str = Field(sa_type=Text)
    passage: str = Field(default="", sa_type=Text)
    commands: list[str] = Field(default_factory=list, sa_type=JSON)
    notice: str = ""  # that asked, where one did: it is done when that notice's reason is gone
    created_at: datetime
    done_at: datetime | None = Field(default=None, index=True)
    done_by: str = ""


class ReportedRow(SQLModel, table=True):
    """A line of the library system's that was dealt with: the same line in another file is no news."""

    __tablename__ = "reported"
    key: str = Field(primary_key=True)  # core.library_system.Line.key
    taken_at: datetime


class CounterRow(SQLModel, table=True):
    """The last request number drawn."""

    __tablename__ = "counter"
    prefix: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    last: int = 0


class TickRow(SQLModel, table=True):
    """The last moment at which the clock was believed; one row."""

    __tablename__ = "tick"
    id: int = Field(primary_key=True)
    at: datetime


class MailboxRow(SQLModel, table=True):
    """How far a mailbox was read."""

    __tablename__ = "mailbox"
    name: str = Field(primary_key=True)
    uidvalidity: int = Field(sa_type=BigInteger)
    last_uid: int = Field(sa_type=BigInteger)
    left_alone_below: int = Field(sa_type=BigInteger)
    first_seen_at: datetime
