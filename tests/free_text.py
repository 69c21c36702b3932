"""A free text sent to us, and what the parsers of plain language make of it."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

from maild.parsers.partner_action import PartnerAction
from maild.parsers.partner_reply import PartnerReply
from maild.parsers.patron_message import PatronMessage

from maild.core.mail import Attachment, Mail
from maild.core.reading import Reading
from maild.core.request import Context, Request
from maild.core.terms import Kind, Role, ServiceType, Status
from maild.reading.rules import ReadingRules
from tests.lexicons import reading_rules

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday
NUMBER = "KP-2026-000123"
PARTNER, PATRON = "ill@partner.example", "patron@home.example"
REPLIES = Path(__file__).parent / "replies"
PDF = Attachment(index=1, name="a.pdf", declared="application/pdf", sniffed="application/pdf", size=9_000)


def rows(name: str) -> list[list[str]]:
    """The rows of a table of texts in tests/replies."""
    table: list[list[str]] = tomllib.loads((REPLIES / name).read_text("utf-8"))["mails"]
    return table


def context(side: str, *, service: ServiceType = ServiceType.LOAN, renewal_pending: bool = False) -> Context:
    """One request; `side` s: a supplier writes, r: a borrowing library, p: our patron."""
    request = Request(
        number=NUMBER,
        role=Role.LENDING if side == "r" else Role.BORROWING,
        service_type=service,
        status=Status.REQUESTED,
        partner_domains=("partner.example",),
        patron_email=PATRON,
        renewal_pending=renewal_pending,
    )
    return Context(
        received_at=NOON,
        our_addresses=("ill@library.example",),
        partner_domains=("partner.example",),
        requests=(request,),
    )


def mail(text: str, sender: str = PARTNER, *attachments: Attachment, subject: str = f"Re: [{NUMBER}]") -> Mail:
    """A mail whose new text is that."""
    return Mail(
        from_address=sender,
        subject=subject,
        date=NOON,
        received_at=NOON,
        text=text,
        new_text=text,
        attachments=attachments,
    )


def read(
    side: str,
    text: str,
    *attachments: Attachment,
    about: Context | None = None,
    subject: str = f"Re: [{NUMBER}]",
    rules: ReadingRules | None = None,
) -> Reading:
    """The first Reading that a parser of plain language gives, or an empty one of kind unknown."""
    sent = mail(text, PATRON if side == "p" else PARTNER, *attachments, subject=subject)
    for parser in (PartnerReply(), PartnerAction(), PatronMessage()):
        reading = parser.read(sent, about or context(side), rules or reading_rules())
        if reading is not None:
            return reading
    return Reading(kind=Kind.UNKNOWN)


def told(reading: Reading) -> str:
    """The events as the tables write them: "RetryPossible/OnLoan", "Loaned 2027-01-15"."""
    out = []
    for event in reading.events:
        reason = f"/{event.reason}" if event.reason else ""
        due = f" {event.due_date}" if event.due_date else ""
        out.append(f"{event.event.value}{reason}{due}")
    return ", ".join(out)
