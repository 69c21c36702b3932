"""A house for tests of the core: the shipped rules, two libraries, a patron, and requests at any status."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from maild.core import rules as core_rules
from maild.core.effects import Effect, Move, ReadMail, SendLetter
from maild.core.mail import AuthResult, Mail
from maild.core.reading import Citation, Event, Reading
from maild.core.request import Attempt, Context, Item, Partner, Patron, Request
from maild.core.rules import Rules, SitePolicy
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.rulebook import read_files

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday, 10:00 in Helsinki
TODAY = date(2026, 11, 23)
NUMBER = "KP-2026-000123"

ALDER = Partner(
    id=1, symbol="FI-ALDER", name="Alder", email="ill@alder.example", domains=("alder.example",), languages=("en",)
)
BIRCH = Partner(
    id=2, symbol="FI-BIRCH", name="Birch", email="ill@birch.example", domains=("birch.example",), languages=("sv",)
)
PATRON = Patron(id=7, name="Aino Aalto", email="aino@student.example", card="2900", language="sv", approved=True)


def shipped_rules(site: SitePolicy | None = None) -> Rules:
    """The rules as they are shipped."""
    files, problems = read_files()
    letters = files["letters.toml"].data["letters"]
    assert isinstance(letters, dict)
    rules, wrong = core_rules.load(files, site or SitePolicy(), letters.keys())
    assert rules is not None, [str(p) for p in (*problems, *wrong)]
    return rules


def request(status: Status = Status.REQUESTED, **values: Any) -> Request:
    """A loan that we asked Alder for, five days ago, for Aino."""
    defaults: dict[str, Any] = {
        "number": NUMBER,
        "role": Role.BORROWING,
        "service_type": ServiceType.LOAN,
        "status": status,
        "citation": Citation(title="Talvi", isbn="9789510000000"),
        "partner_id": ALDER.id,
        "partner_domains": ALDER.domains,
        "partner_address": ALDER.email,
        "patron_id": PATRON.id,
        "patron_email": PATRON.email,
        "mailed": (ALDER.email, PATRON.email),
        "letters": ("<kp-2026-000123.1.aa@library.example>",),
        "attempts": (
            Attempt(
                id=1,
                partner_id=ALDER.id,
                partner_domains=ALDER.domains,
                status="Requested",
                asked_at=datetime(2026, 11, 18, 8, 0, tzinfo=UTC),
            ),
        ),
    }
    return Request(**(defaults | values))


def on_loan(status: Status = Status.WITH_PATRON, due: date = date(2026, 12, 18), **values: Any) -> Request:
    """The same loan here, due back at Alder on `due`, three days earlier from the patron."""
    item = Item(id=1, item_ids=("1300",), due_date=due, patron_due_date=due.replace(day=due.day - 3))
    return request(status, **({"items": (item,), "loaned_on": date(2026, 11, 20)} | values))


def lending(status: Status = Status.LOANED, **values: Any) -> Request:
    """A loan of ours that Birch has."""
    defaults: dict[str, Any] = {
        "number": NUMBER,
        "role": Role.LENDING,
        "service_type": ServiceType.LOAN,
        "status": status,
        "partner_id": BIRCH.id,
        "partner_domains": BIRCH.domains,
        "partner_address": BIRCH.email,
        "items": (Item(id=1, item_ids=("77",), due_date=date(2026, 12, 1)),),
    }
    return Request(**(defaults | values))


def context(*requests: Request, **values: Any) -> Context:
    """What the house knows: both libraries, Aino, and these requests."""
    defaults: dict[str, Any] = {
        "received_at": NOW,
        "our_addresses": ("ill@library.example",),
        "authserv_id": "mx.library.example",
        "partner_domains": ("alder.example", "birch.example"),
        "trusted_form_senders": ("form@forms.example",),
        "requests": requests,
        "partners": (ALDER, BIRCH),
        "patrons": (PATRON,),
    }
    return Context(**(defaults | values))


def mail(sender: str, **values: Any) -> Mail:
    """A mail that our own mail server found to be truly from `sender`."""
    domain = sender.rpartition("@")[2]
    stamp = AuthResult(authserv_id="mx.library.example", method="dmarc", result="pass", domain=domain)
    return Mail(**({"message_id": "<m1@x>", "from_address": sender, "auth_results": (stamp,)} | values))


def said(kind: Kind, sender: str, *events: Event, **values: Any) -> ReadMail:
    """A mail of one request that says these events."""
    reading = Reading(kind=kind, requests=(NUMBER,), events=events)
    return ReadMail(mail=mail(sender), reading=replace(reading, **values), id="mail-1")


def by_supplier(name: EventName, **facts: Any) -> ReadMail:
    """Alder says it."""
    return said(Kind.PARTNER_REPLY, "ill@alder.example", Event(event=name, **facts))


def by_patron(name: EventName, **facts: Any) -> ReadMail:
    """Aino says it."""
    return said(Kind.PATRON_MESSAGE, PATRON.email, Event(event=name, **facts))


def by_requester(name: EventName, **facts: Any) -> ReadMail:
    """Birch says it."""
    return said(Kind.PARTNER_REQUEST, "ill@birch.example", Event(event=name, **facts))


def letters(effects: tuple[Effect, ...]) -> list[tuple[str, str]]:
    """The letters among them: name and recipient."""
    return [(e.letter, e.to) for e in effects if isinstance(e, SendLetter)]


def statuses(effects: tuple[Effect, ...]) -> list[Status]:
    """The statuses that they move to, in order."""
    return [e.to for e in effects if isinstance(e, Move)]
