"""The Context of a mail: what its clues find, and nothing that they do not."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite
from sqlmodel import Session

from maild.core.effects import AddCharge, ChangeRequest, PutItem
from maild.core.mail import Clues
from maild.core.reading import Money, NewRequest, Requester
from maild.core.request import Charge, Context, Item, Partner
from maild.core.terms import Flag, Role, ServiceType, Status
from maild.store import context, finding
from maild.store.context import context_json
from maild.store.database import Database
from tests import desks
from tests.desks import NOW, NUMBER, PARTNER, PATRON, US, do, furnish, letter

OTHER = "KP-2026-000002"
STRANGE = Partner(
    symbol="FI-Other", name="Toinen", email="ill@other.example", domains=("other.example", "xn--h-0fa.example")
)


@pytest.fixture
def desk(database: Database) -> Database:
    """Two requests: one of our patron at a partner, and one that another library asks of us."""
    new = NewRequest(service_type=ServiceType.COPY, requester=Requester(email="ill@other.example", ref="R-9"))
    with database.write() as session:
        furnish(session)
        other = desks.add_partner(session, STRANGE)
        do(session, desks.new_request(number=OTHER, role=Role.LENDING, new=new, partner_id=other))
        do(session, PutItem(number=NUMBER, item=Item(item_ids=("B900",))), letters=[letter("one")])
    return database


def find(session: Session, **clues: tuple[str, ...]) -> Context:
    return context.context_for(session, Clues(**clues), US, NOW)


def numbers(found: Context) -> set[str]:
    return {request.number for request in found.requests}


@pytest.mark.parametrize(
    ("clues", "expected"),
    [
        ({"numbers": (NUMBER,)}, {NUMBER}),
        ({"numbers": (NUMBER.lower(), OTHER)}, {NUMBER, OTHER}),
        ({"message_ids": ("<x@y>", "<one@library.example>")}, {NUMBER}),
        ({"item_ids": ("B101",)}, {NUMBER}),
        ({"references": ("R-9",)}, {OTHER}),
        ({"references": ("S-77",)}, {NUMBER}),
        ({"addresses": ("Aino@home.example",)}, {NUMBER}),
        ({"patron_ids": ("2001",)}, {NUMBER}),
        ({"addresses": ("ill@partner.example",)}, {NUMBER}),
        ({"numbers": (OTHER,), "addresses": ("aino@home.example",)}, {OTHER}),
        ({"numbers": ("KP-2026-999999",), "references": ("",), "item_ids": ("", "B1")}, set()),
        ({"domains": ("partner.example",)}, set()),
        ({}, set()),
    ],
)
def test_clues_find_the_requests_that_they_name(
    desk: Database, clues: dict[str, tuple[str, ...]], expected: set[str]
) -> None:
    with desk.read() as session:
        assert numbers(find(session, **clues)) == expected


def test_a_context_holds_everything_of_its_requests(desk: Database) -> None:
    charge = Charge(kind="loan", payer="us", money=Money(amount=8, currency="EUR"))  # type: ignore[arg-type]
    with desk.write() as session:
        do(session, AddCharge(number=NUMBER, charge=charge))
        do(session, ChangeRequest(number=NUMBER, values={"flags": frozenset({Flag.RENEWAL_PENDING})}))
        found = find(session, numbers=(NUMBER,))
    (request,) = found.requests
    assert [item.item_ids for item in request.items] == [("B100", "B101"), ("B900",)]
    assert request.charges == (charge,)
    assert request.renewal_pending
    assert (request.mailed, request.letters) == (("ill@partner.example",), ("<one@library.example>",))
    assert found.partners == (replace(PARTNER, id=request.partner_id or 0, open_with=1),)
    assert found.patrons == (replace(PATRON, id=request.patron_id or 0, open_requests=1),)
    assert (found.received_at, found.authserv_id) == (NOW, "mx.library.example")


def test_partners_come_by_sender_domain_by_rota_and_by_the_suppliers_still_to_ask(desk: Database) -> None:
    with desk.write() as session:
        by_domain = find(session, domains=("Other.example",))
        by_rota = context.context_for(session, Clues(), US, NOW, extra_symbols=("FI-Other",))
        do(session, ChangeRequest(number=NUMBER, values={"suppliers": ("FI-Other",)}))
        in_line = context.context_of(session, [NUMBER], US, NOW)
    assert [partner.symbol for partner in by_domain.partners] == ["FI-Other"]
    assert by_rota.partners == by_domain.partners
    assert {partner.symbol for partner in in_line.partners} == {"FI-Partner", "FI-Other"}
    assert by_domain.partners[0].domains == ("other.example", "xn--h-0fa.example")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Partner.example", "home.example"), ("partner.example",)),
        (("ill.lib.other.example", "xn--h-0fa.example"), ("other.example", "xn--h-0fa.example")),
        (("notother.example", "example"), ()),
    ],
)
def test_the_partner_domains_are_told_that_the_mails_addresses_are_at_or_below(
    desk: Database, given: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    with desk.read() as session:
        assert find(session, domains=given).partner_domains == expected


def test_a_partner_in_our_own_domain_is_told_of_a_mail_from_ourselves(desk: Database) -> None:
    with desk.write() as session:
        desks.add_partner(session, Partner(symbol="FI-Branch", domains=("library.example",)))
        assert find(session).partner_domains == ("library.example",)


def test_the_patron_of_a_form_is_found_by_card_or_address(desk: Database) -> None:
    with desk.read() as session:
        by_card, by_address = find(session, patron_ids=("2001",)), find(session, addresses=("AINO@home.example",))
        nobody = find(session, patron_ids=("",), addresses=("",))
    assert [patron.name for patron in by_card.patrons] == ["Aino Esimerkki"]
    assert by_address.patrons == by_card.patrons
    assert nobody.patrons == ()


def test_one_mail_never_brings_the_whole_house(database: Database) -> None:
    count = finding.MAX_REQUESTS + 5
    with database.write() as session:
        patron_id = desks.add_patron(session)
        for n in range(count):
            do(session, desks.new_request(number=f"KP-2026-{n:06}", patron_id=patron_id))
        do(session, ChangeRequest(number=f"KP-2026-{count - 1:06}", values={"closed_at": NOW}))
        found = find(session, addresses=("aino@home.example",))
        named = find(session, numbers=tuple(f"KP-2026-{n:06}" for n in range(count)))
    assert len(found.requests) == len(named.requests) == finding.MAX_REQUESTS
    assert f"KP-2026-{count - 1:06}" not in numbers(found)  # open ones come first
    assert f"KP-2026-{count - 2:06}" in numbers(found)


def test_a_mail_of_a_thousand_references_is_looked_up(desk: Database) -> None:
    with desk.read() as session:
        found = find(session, references=tuple(f"x{n}" for n in range(100_000)), numbers=(NUMBER,))
    assert numbers(found) == {NUMBER}


def test_the_stored_context_is_without_our_keys(desk: Database) -> None:
    with desk.read() as session:
        found = find(session, numbers=(NUMBER,))
    stored = json.loads(context_json(found))
    assert found.reply_key == "aa"
    assert "reply_key" not in stored
    assert "old_reply_keys" not in stored
    assert stored["requests"][0]["status"] == Status.NEW
    assert stored["requests"][0]["items"][0]["due_date"] == date(2026, 12, 20).isoformat()


@pytest.mark.parametrize(
    "statement", [context._LETTERS, context._ATTEMPTS, context._ITEMS, context._CODES, context._CHARGES]
)
@pytest.mark.parametrize("many", [1, 4, finding.MAX_REQUESTS])
def test_what_belongs_to_some_requests_is_found_by_them_however_many(
    sqlite_url: str, statement: Select[Any], many: int
) -> None:
    """Four requests of a patron took 111 ms after half a year: SQLite went through all letters, by their state.

    PostgreSQL counts its rows, and needs no hint.
    """
    database = Database(sqlite_url)
    database.upgrade()
    told = statement.params(ids=range(many)).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with database.read() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {told}")).all()
    looks = [row.detail for row in plan if not row.detail.startswith("USE TEMP B-TREE")]
    assert [look for look in looks if "(request_id=?)" not in look] == []
