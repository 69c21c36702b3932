"""A small desk in a database: partners, a patron, requests; made by the same commit as in real life."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count

from sqlmodel import Session

from maild.core.effects import Audience, Composed, Decision, Effect, OpenRequest, PutAttempt, PutItem, SendLetter
from maild.core.reading import Citation, NewRequest, Person
from maild.core.request import Attempt, Context, Item, Partner, Patron
from maild.core.terms import Role, ServiceType, Status
from maild.store import decisions
from maild.store.context import Identity, context_of
from maild.store.decisions import Outcome
from maild.store.rows import partner_columns, patron_columns
from maild.store.tables import PartnerDomainRow, PartnerRow, PatronRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NUMBER = "KP-2026-000001"
US = Identity(
    our_addresses=("ill@library.example",), authserv_id="mx.library.example", reply_key="aa", old_reply_keys=("bb",)
)
PARTNER = Partner(
    symbol="FI-Partner", name="Esimerkkilän kirjasto", email="ill@partner.example", domains=("partner.example",)
)
PATRON = Patron(name="Aino Esimerkki", email="aino@home.example", card="2001", approved=True)
DUE = date(2026, 12, 20)
_ids = count(1)


def add_partner(session: Session, partner: Partner = PARTNER) -> int:
    row = PartnerRow(**partner_columns(partner, NOW))
    session.add(row)
    session.flush()
    session.add_all(
        PartnerDomainRow(partner_id=row.id or 0, domain=domain, place=place)
        for place, domain in enumerate(partner.domains)
    )
    session.flush()
    return row.id or 0


def add_patron(session: Session, patron: Patron = PATRON) -> int:
    row = PatronRow(**patron_columns(patron, NOW))
    session.add(row)
    session.flush()
    return row.id or 0


def context(session: Session, *numbers: str) -> Context:
    return context_of(session, numbers or (NUMBER,), US, NOW)


def outcome(session: Session, *effects: Effect, letters: Sequence[Composed] = (), **values: object) -> Outcome:
    """A command's decision on the requests as they stand now."""
    numbers = {effect.number for effect in effects if hasattr(effect, "number")} - {""}
    standing = context_of(session, sorted(numbers), US, NOW).requests
    given = {
        "kind": "command",
        "source_id": f"command-{next(_ids)}",
        "actor": "staff@library.example",
        "at": NOW,
        "decision": Decision(effects=effects, why="a test says so", auto=True),
        "context_json": "{}",
        "rules_digest": "digest",
        "letters": tuple(letters),
        "versions": {request.number: request.version for request in standing},
    }
    return Outcome(**(given | values))  # type: ignore[arg-type]  # a test's own values


def do(session: Session, *effects: Effect, **values: object) -> None:
    decisions.commit(session, outcome(session, *effects, **values))  # type: ignore[arg-type]


def new_request(*, number: str = NUMBER, patron_id: int | None = None, **values: object) -> OpenRequest:
    given = {
        "role": Role.BORROWING,
        "new": NewRequest(
            service_type=ServiceType.LOAN,
            citation=Citation(title="Seitsemän veljestä", author="Kivi, Aleksis"),
            patron=Person(name="Aino Esimerkki", email="aino@home.example", id="2001"),
        ),
        "profile": "borrowing-loan",
        "status": Status.NEW,
        "number": number,
        "suppliers": ("FI-Partner",),
        "patron_id": patron_id,
        "language": "fi",
    }
    return OpenRequest(**(given | values))  # type: ignore[arg-type]


def furnish(session: Session) -> tuple[int, int]:
    """One partner, one patron, and one request with an attempt and an item; the partner's and the patron's ids."""
    partner_id, patron_id = add_partner(session), add_patron(session)
    do(
        session,
        new_request(patron_id=patron_id, partner_id=partner_id),
        PutAttempt(number=NUMBER, attempt=Attempt(partner_id=partner_id, asked_at=NOW, supplier_ref="S-77")),
        PutItem(number=NUMBER, item=Item(item_ids=("B100", "B101"), due_date=DUE)),
    )
    return partner_id, patron_id


def letter(
    cause: str,
    *,
    number: str = NUMBER,
    to: str = "ill@partner.example",
    audience: Audience = Audience.PARTNER,
    **values: object,
) -> Composed:
    effect = SendLetter(number=number, letter="request", audience=audience, to=to, cause=cause)
    given = {
        "effect": effect,
        "message_id": f"<{cause}@library.example>",
        "envelope_from": "ill@library.example",
        "raw": f"Subject: {cause}\r\n\r\n".encode(),
    }
    return Composed(**(given | values))  # type: ignore[arg-type]
