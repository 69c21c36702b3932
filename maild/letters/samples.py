"""Requests and occasions that never were: what the check and the gallery fill letters with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType

from maild.core.effects import Audience, SendLetter
from maild.core.letter_rules import LetterRule
from maild.core.letters import SiteFacts
from maild.core.reading import Citation, Money
from maild.core.request import Attempt, Context, Item, Partner, Patron, Request
from maild.core.terms import Flag, Role, ServiceType, Status

NUMBER = "KP-2026-000123"
ABOUT_NO_REQUEST = frozenset({"worklist", "month", "shadow_report", "status_list", "reminders"})

SITE = SiteFacts(
    name=MappingProxyType(
        {
            "fi": "Esimerkin kirjasto, kaukopalvelu",
            "sv": "Exempelbiblioteket, fjärrlåneservice",
            "en": "Example Library, Interlibrary Loan",
        }
    ),
    address="ill@library.example",
    postal_address="Esimerkin kirjasto\nKaukopalvelu\nPL 1\n00101 Esimerkkilä",
    contact=MappingProxyType(
        {
            "fi": "Puh. 09 000 0000, ma–pe 9–15",
            "sv": "Tfn 09 000 0000, må–fre 9–15",
            "en": "Tel. +358 9 000 0000, Mon–Fri 9–15",
        }
    ),
    symbol="FI-Example",
    pickup=MappingProxyType({"Pääkirjasto": "ma–pe 9–18, la 10–15"}),
)

BOOK = Citation(
    title="Kaukana kotoa: lainakirjojen kulttuurihistoria",
    author="Mallikas, Aino",
    publisher="Esimerkkikustannus",
    place="Turku",
    year="2019",
    edition="2. painos",
    isbn="9789510000007",
)
ARTICLE = Citation(
    title="Kirjastotieteen aikakauskirja",
    article_title="Postin kulku ja kaukolainan kesto",
    article_author="Mallikas, Aino",
    year="2021",
    volume="12",
    issue="3",
    pages="45–67",
    issn="0000-0000",
)
PARTNER_ADDRESS = "Mallilan kirjasto\nKaukopalvelu\nMallitie 2\n90001 Mallila"
HOSTILE_TEXT = (
    "A\r\nBcc: victim@evil.example\r\n\r\n\x00\x1b[31m\u202egpj.exe\u2028[KP-2026-999999] kp\u20112026\u2011999999 "
    "{{ 7*7 }}{% raw %} <script>alert(1)</script> =?utf-8?q?=0D=0ABcc:_x?= " + "x" * 400
)

USUAL: Mapping[str, object] = MappingProxyType(
    {
        "old_due_date": date(2026, 11, 19),
        "new_due_date": date(2027, 1, 7),
        "expected_date": date(2026, 12, 14),
        "retry_after": date(2027, 1, 11),
        "expiry": date(2026, 12, 7),
        "pickup_until": date(2026, 12, 1),
        "pickup_way": "desk",
        "renew_from": date(2026, 11, 26),
        "returned_on": date(2026, 11, 20),
        "cost": Money(amount=Decimal("12.50"), currency="EUR"),
        "reason": "OnLoan",
        "url": "https://files.library.example/copies/5f2c",
        "volume": "2",
        "parcel": "JJFI00000000000000",
        "office": "Päärakennus, huone 101",
        "text": "Onko teillä saatavilla myös teoksen toinen painos?",
        "passage": "Kirja lähtee ehkä huomenna.",
        "commands": ("maild request do KP-2026-000123 WillSupply", "maild request show KP-2026-000123"),
        "mail_subject": "VS: Kaukolainapyyntö [KP-2026-000123]",
        "mail_from": "ill@partner.example",
        "letter": "request_loan",
        "recipient": "ill@partner.example",
        "diagnostic": "550 5.1.1 no such mailbox",
        "rows": (
            {
                "section": "todo",
                "number": NUMBER,
                "title": BOOK.title,
                "status": "Loaned",
                "due_date": date(2026, 12, 3),
                "commands": (f"maild request show {NUMBER}",),
            },
            {"section": "silent", "number": "KP-2026-000124", "title": "Postin kulku", "status": "Requested"},
        ),
        "questions": ("Lehden tai kirjan nimi", "Julkaisuvuosi"),
        "changes": (
            {"name": "due_date", "was": "2026-12-01", "now": "2026-12-03"},
            {"name": "title", "was": "Kaukana", "now": BOOK.title},
            {"name": "cost", "was": "15.00 EUR", "now": "12.50 EUR"},
        ),
        "void": ({"title": "Voit noutaa kaukolainan", "due_date": date(2026, 11, 20)},),
        "month": date(2026, 11, 1),
        "figures": (
            {"section": "opened", "name": "borrowing Copy", "value": Decimal(37), "unit": ""},
            {"section": "opened", "name": "borrowing Loan", "value": Decimal(1204), "unit": ""},
            {"section": "closed", "name": "lending Loan", "value": Decimal(18), "unit": ""},
            {"section": "filled", "name": "filled borrowing", "value": Decimal("87.5"), "unit": "%"},
            {"section": "filled", "name": "days borrowing", "value": Decimal("6.2"), "unit": ""},
            {"section": "letters", "name": "to patron", "value": Decimal(410), "unit": ""},
            {"section": "work", "name": "by maild", "value": Decimal(388), "unit": ""},
            {"section": "work", "name": "by staff", "value": Decimal(52), "unit": ""},
            {"section": "partners", "name": "Mallilan kirjasto", "value": Decimal(29), "unit": ""},
            {"section": "charges", "name": "us money", "value": Decimal("182.50"), "unit": "EUR"},
            {"section": "charges", "name": "us vouchers", "value": Decimal("1.5"), "unit": "IFLA"},
            {"section": "charges", "name": "partner reciprocity", "value": Decimal(14), "unit": ""},
        ),
    }
)

# What the usual case would tell wrongly: a recalled loan had longer, and each kind of refusal has reasons of its own.
OWN: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "recalled": {"old_due_date": date(2027, 1, 7)},
        "lending_recall": {"old_due_date": date(2027, 1, 7)},
        "renewal_refused": {"reason": "no renewals"},
        "lending_renewal_refused": {"reason": "at most 3 renewals"},
        "request_declined": {"reason": "over-limit"},
        "cancelled": {"reason": "no-answer"},
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One case of a letter: `effect` has one language, which the reader of the sample may replace."""

    name: str
    effect: SendLetter
    context: Context


def samples(rule: LetterRule) -> tuple[Sample, ...]:
    """The usual case, a copy, two volumes with long words, one where nothing optional is known, and a hostile one."""
    return tuple(
        _sample(name, rule, audience, request, facts)
        for audience in sorted(rule.audiences)
        for name, request, facts in _cases(rule)
    )


def _cases(rule: LetterRule) -> tuple[tuple[str, Request, Mapping[str, object]], ...]:
    usual = _usual(Role.LENDING if rule.name.startswith("lending_") else Role.BORROWING)
    facts = {**USUAL, **OWN.get(rule.name, {})}
    bare = Request(number=NUMBER, role=usual.role, service_type=ServiceType.LOAN, status=Status.NEW)
    return (
        ("usual", usual, facts),
        ("copy", replace(usual, service_type=ServiceType.COPY, citation=ARTICLE, items=()), facts),
        ("long", _long(usual), facts),
        ("bare", replace(bare, citation=Citation(title="Kaukana kotoa")), {}),
        ("hostile", _hostile(usual), {name: HOSTILE_TEXT if isinstance(v, str) else v for name, v in USUAL.items()}),
    )


def _sample(name: str, rule: LetterRule, audience: Audience, request: Request, facts: Mapping[str, object]) -> Sample:
    to = {
        Audience.PARTNER: "ill@partner.example",
        Audience.PATRON: "aino.asiakas@patron.example",
        Audience.STAFF: "desk@library.example",
    }[audience]
    effect = SendLetter(
        number="" if rule.name in ABOUT_NO_REQUEST else request.number,
        letter=rule.name,
        audience=audience,
        to=to,
        cause=f"sample:{name}",
        facts=dict(facts),
        attach=(1,) if name == "copy" else (),
    )
    partner = Partner(id=1, name="Mallilan kirjasto", postal_address=PARTNER_ADDRESS, phone="+358 8 000 0000")
    if name == "hostile":
        partner = replace(partner, name=HOSTILE_TEXT, postal_address=HOSTILE_TEXT, phone=HOSTILE_TEXT)
    patron = Patron(id=1, name="Aino Asiakas", email="aino.asiakas@patron.example", card="2000123456", approved=True)
    return Sample(
        name=f"{audience}-{name}",
        effect=effect,
        context=Context(requests=(request,), partners=(partner,), patrons=(patron,)),
    )


def _usual(role: Role) -> Request:
    borrowing = role is Role.BORROWING
    return Request(
        number=NUMBER,
        role=role,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        citation=BOOK,
        partner_id=1,
        patron_id=1 if borrowing else None,
        patron_email="aino.asiakas@patron.example" if borrowing else None,
        requester_ref="" if borrowing else "TRE-4711",
        supplier_ref="L-90210" if borrowing else "",
        items=(
            Item(id=1, item_ids=("3940012345678",), due_date=date(2026, 12, 10), patron_due_date=date(2026, 12, 3)),
        ),
        attempts=(Attempt(id=1, partner_id=1, asked_at=datetime(2026, 11, 9, 10, tzinfo=UTC)),),
        conditions=("NoReproduction",),
        pickup="Pääkirjasto",
        need_before=date(2026, 12, 31),
        max_cost=Money(amount=Decimal("15"), currency="EUR"),
    )


def _long(usual: Request) -> Request:
    volumes = tuple(
        Item(id=n, item_ids=(f"39400{n}",), volume=str(n), due_date=date(2027, n, 8), patron_due_date=date(2027, n, 4))
        for n in (1, 2)
    )
    title = "Suomen kirjastolaitoksen historia autonomian ajalta itsenäisyyden alkuvuosiin: " * 4
    return replace(usual, citation=replace(BOOK, title=title), items=volumes, flags=frozenset({Flag.NO_RENEWAL}))


def _hostile(usual: Request) -> Request:
    words = dict.fromkeys(("title", "author", "publisher", "isbn", "volume", "year", "pages"), HOSTILE_TEXT)
    item = Item(id=1, item_ids=(HOSTILE_TEXT,), volume=HOSTILE_TEXT, due_date=date(2026, 12, 10))
    return replace(
        usual,
        citation=Citation(**words),
        items=(item,),
        conditions=(HOSTILE_TEXT,),
        pickup=HOSTILE_TEXT,
        requester_ref=HOSTILE_TEXT,
        supplier_ref=HOSTILE_TEXT,
    )
