"""Whose a new request is: the patron of a form, the open request that it repeats, the library that asks."""

from dataclasses import replace

import pytest

from maild.core.decide_request import known_patron
from maild.core.effects import AskStaff
from maild.core.reading import Citation, Person, Requester
from maild.core.request import Partner, Patron
from tests.house import ALDER, BIRCH, NOW, NUMBER, PATRON, context, lending, letters, mail, request
from tests.test_decide_request import AINO, WINTER, decided, form, from_library, left, opened, wish

ALIKE = Patron(id=8, name="Aino Aalto", email="aino.a@student.example", card="2901", approved=True)


def known(patron: Person | None, *patrons: Patron) -> int | None:
    found = known_patron(wish(patron=patron), context(patrons=patrons or (PATRON, ALIKE)))
    return found.id if found is not None else None


@pytest.mark.parametrize(
    ("person", "of"),
    [
        (Person(email=PATRON.email), PATRON.id),
        (Person(email=PATRON.email.upper()), PATRON.id),
        (Person(email=PATRON.email, id=PATRON.card), PATRON.id),
        (Person(email=PATRON.email, id=ALIKE.card), None),
        (Person(email="aino@home.example", id=PATRON.card), None),
        (Person(id=PATRON.card), PATRON.id),
        (Person(id=ALIKE.card), ALIKE.id),
        (Person(id="29"), None),
        (Person(name=PATRON.name), None),
        (Person(), None),
        (None, None),
    ],
    ids=[
        "own address",
        "own address in capitals",
        "own address and card",
        "own address, another's card",
        "own card, an address that nobody knows",
        "card alone",
        "another's card alone",
        "a card that nobody has",
        "a name alone",
        "nothing",
        "nobody",
    ],
)
def test_a_form_is_of_the_patron_whose_address_it_gives_or_without_one_whose_card(
    person: Person | None, of: int | None
) -> None:
    assert known(person) == of


def test_a_patron_without_a_card_on_record_is_known_by_the_address_whatever_card_the_form_gives() -> None:
    assert known(Person(email=PATRON.email, id="777"), replace(PATRON, card="")) == PATRON.id
    assert known(Person(id="777"), replace(PATRON, card="")) is None


def test_a_patron_on_record_without_an_address_is_not_anybody_without_one() -> None:
    assert known(Person(), replace(PATRON, email="", card="")) is None


def test_the_wish_of_a_patron_under_another_address_is_a_duplicate_by_the_record_and_by_the_address() -> None:
    old = request(patron_email="old@student.example")
    assert left(decided(form(wish()), old)) == "duplicate"
    stranger = wish(patron=Person(name="X", email="X@student.example"))
    theirs = request(patron_id=None, patron_email="x@Student.example")
    assert left(decided(form(stranger), theirs)) == "duplicate"
    assert decided(form(stranger), replace(theirs, patron_email=None)).auto
    nameless = wish(patron=Person(id="888"))
    assert decided(form(nameless), replace(theirs, patron_email="")).auto


def test_what_is_told_of_a_duplicate_names_the_open_request() -> None:
    (ask, *_) = decided(form(wish()), request()).effects
    assert isinstance(ask, AskStaff)
    assert ask.text == f"{NUMBER} is open for the same patron and the same work."


def test_the_same_work_that_we_lend_or_that_another_patron_wants_is_no_duplicate() -> None:
    assert decided(form(wish()), lending(citation=WINTER)).auto
    assert decided(form(wish()), request(patron_id=ALIKE.id, patron_email=ALIKE.email)).auto


@pytest.mark.parametrize(
    ("requester", "of"),
    [
        (Requester(symbol="fi-birch"), BIRCH.id),
        (Requester(symbol="FI-BIRCH", email=ALDER.email), BIRCH.id),
        (Requester(symbol="FI-NOBODY", email=ALDER.email.upper()), ALDER.id),
        (Requester(email=ALDER.email), ALDER.id),
        (Requester(name="Alder", email="x@alder.example"), None),
        (Requester(name="Alder"), None),
    ],
)
def test_a_library_that_fills_in_our_form_is_known_by_symbol_or_by_its_own_address(
    requester: Requester, of: int | None
) -> None:
    assert opened(decided(form(wish(patron=None, requester=requester)))).partner_id == of


def test_a_partner_on_record_without_an_address_is_not_a_library_that_gives_none() -> None:
    bare = Partner(id=3, symbol="FI-BARE", name="Bare", email="", domains=("bare.example",))
    asked = form(wish(patron=None, requester=Requester(name="Somebody")))
    assert opened(decided(asked, partners=(bare,))).partner_id is None


def test_a_library_is_answered_at_the_address_in_its_text_only_under_its_own_domain() -> None:
    def answered(email: str | None) -> str | None:
        asked = wish(patron=None, requester=Requester(ref="B-1", email=email))
        requester = opened(decided(from_library(asked))).new.requester
        assert requester is not None
        assert requester.ref == "B-1"
        return requester.email

    assert answered("desk@birch.example") == "desk@birch.example"
    assert answered("desk@mail.birch.example") == "anna@birch.example"
    assert answered(None) == "anna@birch.example"


def test_a_library_that_gives_no_name_of_its_own_is_the_one_that_wrote() -> None:
    opening = opened(decided(from_library(wish(patron=None, requester=None))))
    assert opening.partner_id == BIRCH.id
    assert opening.new.requester == Requester(email="anna@birch.example")


def test_a_domain_of_a_partner_counts_in_any_case() -> None:
    upper = replace(BIRCH, domains=("Birch.Example",))
    happening = from_library(wish(patron=None))
    happening = replace(happening, mail=mail("anna@birch.example", message_id="<q1@birch>"))
    assert opened(decided(happening, partners=(upper,))).partner_id == BIRCH.id


def test_a_blocked_patron_and_a_new_one_are_told_apart_to_staff() -> None:
    def told(*patrons: Patron) -> list[str]:
        return [e.text for e in decided(form(wish()), patrons=patrons).effects if isinstance(e, AskStaff)]

    (new,), (blocked,) = told(), told(replace(PATRON, blocked=True))
    assert new != blocked
    assert "blocked" in blocked
    assert letters(decided(form(wish()), patrons=()).effects) == []


def test_a_work_is_named_by_any_of_its_ids_or_titles() -> None:
    for citation in (
        Citation(title="T"),
        Citation(article_title="A"),
        Citation(isbn="9789510000000"),
        Citation(issn="1234-5679"),
        Citation(doi="10.1/x"),
        Citation(pmid="1"),
        Citation(record_id="r"),
    ):
        assert opened(decided(form(wish(citation=citation, patron=AINO)))).new.citation == citation
    assert left(decided(form(wish(citation=Citation(author="A", publisher="P"))))) == "incomplete"


def test_what_closed_long_ago_is_wanted_anew() -> None:
    assert opened(decided(form(wish()), request(closed_at=NOW))).patron_id == PATRON.id
