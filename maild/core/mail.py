"""A mail as the house sees it: opened, decoded, bounded; never a library's object and never its raw bytes again."""

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One part that is not the text: what it calls itself and what its bytes are.

    `name` is cleaned (no path, no control or bidi characters) and only ever shown. `sniffed` is the type that the
    first bytes give ("application/pdf", "image/png", "application/ms-tnef", "" where unknown); `declared` is the
    Content-Type. `index` counts the MIME leaves in walk order, so that the bytes can be fetched from the raw mail.
    """

    index: int
    name: str = ""
    declared: str = ""
    sniffed: str = ""
    size: int = 0
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthResult:
    """One result of an Authentication-Results field (RFC 8601): dkim=pass header.d=partner.example."""

    authserv_id: str
    method: str
    result: str
    domain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """One recipient's group of a delivery status notification (RFC 3464 2.3), or what a free-text bounce gave."""

    recipient: str
    action: str = "failed"
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the body: its text, how deep it is quoted, and what it answers if it is an interleaved answer."""

    text: str
    answers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An opened mail. Every string is NFC, free of control and bidi characters, and bounded in length.

    `new_text` is what the writer wrote now: no quoted letter, signature, disclaimer or "external sender" banner;
    those are in `quoted`, `signature`, `boilerplate`. `lines` is `new_text` line by line, an interleaved answer with
    the line it answers. `rows` are label/value pairs of HTML tables. `defects` are fixed words of what was odd or cut;
    a word in `ambiguous` means that two readers could see two mails, so nobody may act on it.
    `tokens` are our reply addresses among the recipients: (number, party letter or "", token or "").
    """

    key: str = ""  # architecture, rules of the shell, 2; hex SHA-256
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    from_address: str = ""  # "" = no identity: the strict reader refused the field
    from_name: str = ""
    from_problem: str = ""  # why it refused
    reply_to: str = ""
    return_path: str | None = None  # "" = the empty path of a bounce; None = not known
    to: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()  # envelope, Delivered-To, X-Original-To, To, Cc: where it was sent to
    subject: str = ""
    date: datetime | None = None  # aware
    received_at: datetime | None = None  # aware; topmost Received where the caller did not say
    headers: tuple[tuple[str, str], ...] = ()  # the few that readers need, lower-case names, decoded
    auth_results: tuple[AuthResult, ...] = ()  # of every authserv-id; core/trust.py believes only our own
    text: str = ""  # the whole readable text, quotes and all
    new_text: str = ""
    lines: tuple[Line, ...] = ()
    quoted: str = ""
    signature: str = ""
    boilerplate: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    html_only: bool = False
    attachments: tuple[Attachment, ...] = ()
    forwarded: bool = False  # the text is somebody else's mail, passed on
    deliveries: tuple[DeliveryStatus, ...] = ()
    returned_headers: tuple[tuple[str, str], ...] = ()  # of the letter that a bounce or receipt returns
    report_type: str = ""  # delivery-status, disposition-notification, feedback-report
    mime_type: str = ""  # of the whole mail
    size: int = 0
    defects: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    xml: str = ""  # the text of an attached XML document (ISO 18626), decoded and bounded; never parsed on opening
    signed: str = ""  # "smime", "pgp": noted, never credited (T26)

    def header(self, name: str) -> str:
        """The first value of a kept header, or ""."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What the store needs to find the requests, partners and patrons that a mail could mean."""

    addresses: tuple[str, ...] = ()  # From, Reply-To, recipients named in bounces
    domains: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()  # In-Reply-To, References, the returned letter's
    numbers: tuple[str, ...] = ()  # request numbers anywhere, upper case
    item_ids: tuple[str, ...] = ()  # barcodes and the like in the new text
    references: tuple[str, ...] = ()  # words that could be the other library's own reference
    patron_ids: tuple[str, ...] = ()  # card numbers of a form


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The moment a mail was taken, in the site's zone, and whether its own Date may give years and "tomorrow"."""

    day: date
    sent: date | None = None
    trusted: bool = field(default=True)  # False: Date more than three days off, so no year and no "tomorrow"
