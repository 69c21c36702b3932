"""What came without a request of ours, taken on: the request that it becomes, whole, and what is refused, and how."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from maild.core.decide import decide
from maild.core.effects import (
    ApprovePatron,
    AskStaff,
    ChangeRequest,
    Command,
    Decision,
    Move,
    OpenRequest,
    PlanNotice,
    PutAttempt,
    PutItem,
    SendLetter,
)
from maild.core.reading import Citation, Event, NewRequest
from maild.core.request import Attempt, Item, Patron, Request
from maild.core.rules import Refused, SitePolicy
from maild.core.terms import EventName, Role, ServiceType, Status
from tests.house import ALDER, BIRCH, NOW, NUMBER, PATRON, context, lending, letters, on_loan, request, shipped_rules

RULES = shipped_rules(SitePolicy(pickup=("Main",)))
DUE = date(2026, 12, 18)
USUAL = {
    "partner": "FI-ALDER",
    "patron": "2900",
    "title": "Kesä",
    "item_id": "9,10",
    "main": "10",
    "due_date": str(DUE),
}


def adopted(*requests: Request, patrons: tuple[Patron, ...] = (PATRON,), **values: str | None) -> Decision:
    """The usual thing taken on, with other words; None takes one away."""
    words = {name: value for name, value in (USUAL | values).items() if value is not None}
    command = Command(number="", event=Event(event=EventName.ADOPT), actor="anna", values=words, id="command-1")
    return decide(command, context(*requests, patrons=patrons), RULES, NOW)


def refused(*requests: Request, patrons: tuple[Patron, ...] = (PATRON,), **values: str | None) -> str:
    with pytest.raises(Refused) as told:
        adopted(*requests, patrons=patrons, **values)
    return str(told.value)


def test_what_came_is_a_loan_from_that_library_for_that_patron() -> None:
    decision = adopted(author=" Kerttu ", year="", pickup="Main")
    opening, in_hand, move, *_ = decision.effects
    assert opening == OpenRequest(
        role=Role.BORROWING,
        new=NewRequest(service_type=ServiceType.LOAN, citation=Citation(title="Kesä", author="Kerttu"), pickup="Main"),
        profile="borrowing-loan",
        status=Status.REQUESTED,
        patron_id=PATRON.id,
        language="sv",
    )
    assert in_hand == ChangeRequest(
        number="",
        values={
            "partner_id": ALDER.id,
            "partner_domains": ALDER.domains,
            "partner_address": ALDER.email,
            "suppliers": (),
            "supplier_ref": "",
            "conditions": (),
            "last_partner_message_id": "",
            "closed_at": None,
        },
    )
    assert isinstance(move, Move)
    assert (move.number, move.to, move.event.event) == ("", Status.RECEIVED, EventName.RECEIVED)
    (item,) = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert item == Item(item_ids=("10", "9"), due_date=DUE, patron_due_date=date(2026, 12, 15))
    assert (decision.why, decision.auto) == ("anna: adopted from FI-ALDER, without a request of ours", True)
    assert letters(decision.effects) == [("received", ALDER.email)]


def test_the_library_is_in_the_history_as_one_that_sent_and_that_nobody_asked() -> None:
    (attempt,) = [e.attempt for e in adopted(supplier_ref="A-9").effects if isinstance(e, PutAttempt)]
    assert attempt == Attempt(
        partner_id=ALDER.id,
        partner_domains=ALDER.domains,
        status="Loaned",
        answered_at=NOW,
        supplier_ref="A-9",
    )
    (bare,) = [e.attempt for e in adopted().effects if isinstance(e, PutAttempt)]
    assert (bare.supplier_ref, bare.asked_at) == ("", None)


def test_what_is_still_on_its_way_is_a_loan_that_was_sent_and_tells_the_patron_where_staff_wish_it() -> None:
    coming = adopted(place="coming")
    (move,) = [e for e in coming.effects if isinstance(e, Move)]
    assert (move.to, move.event.event) == (Status.LOANED, EventName.LOANED)
    (letter,) = [e for e in coming.effects if isinstance(e, SendLetter)]
    assert (letter.letter, letter.to, letter.cause, letter.hold) == (
        "on_its_way",
        PATRON.email,
        "command-1:Loaned",
        False,
    )
    assert letters(adopted(place="coming", notify="no").effects) == []
    assert [e.hold for e in adopted(place="coming", notify="ask").effects if isinstance(e, SendLetter)] == [True]


def test_where_nobody_is_told_no_address_is_asked_for() -> None:
    mute = (replace(PATRON, email=""),)
    (ask,) = [e for e in adopted(patrons=mute, place="coming").effects if isinstance(e, AskStaff)]
    assert ask.reason == "no-address"
    assert not [e for e in adopted(patrons=mute, place="coming", notify="no").effects if isinstance(e, AskStaff)]


def test_its_dates_have_their_notices_from_the_first_day_on() -> None:
    def planned(decision: Decision) -> set[tuple[str, str]]:
        return {(e.number, e.notice) for e in decision.effects if isinstance(e, PlanNotice)}

    assert planned(adopted(place="coming")) == {("", "not_arrived"), ("", "nothing_happens")}
    assert planned(adopted()) == {("", "nothing_happens")}


def test_a_patron_whom_nobody_had_approved_is_known_by_it_and_a_blocked_one_is_told_of() -> None:
    unknown = replace(PATRON, approved=False)
    assert ApprovePatron(patron_id=PATRON.id) in adopted(patrons=(unknown,)).effects
    assert not [e for e in adopted().effects if isinstance(e, ApprovePatron | AskStaff)]
    blocked = adopted(patrons=(replace(PATRON, blocked=True),))
    told = "The patron of what was adopted is blocked: it waits at the desk."
    assert AskStaff(number="", reason="policy", text=told) in blocked.effects


def test_a_patron_is_named_by_card_or_by_address_in_any_case() -> None:
    for who in ("2900", "Aino@Student.Example"):
        opening = adopted(patron=who).effects[0]
        assert isinstance(opening, OpenRequest)
        assert opening.patron_id == PATRON.id


@pytest.mark.parametrize("who", ["77", "", "aino"])
def test_nobody_or_more_than_one_patron_is_refused(who: str) -> None:
    told = f"patron={who} is the card or address of no patron on record; see maild patron import"
    assert refused(patron=who) == told
    assert refused(patron=who, patrons=(replace(PATRON, card="", email=""), PATRON)) == told
    double = (PATRON, replace(PATRON, id=8, card="2901"))
    assert refused(patron=PATRON.email, patrons=double).startswith(
        f"patron={PATRON.email} is the card or address of no"
    )


def test_a_word_that_is_left_out_is_refused_like_an_empty_one() -> None:
    assert refused(patron=None).startswith("patron= is the card")
    assert refused(partner=None) == "partner= is not on record; see maild partner list"
    assert refused(partner="FI-NOBODY") == "partner=FI-NOBODY is not on record; see maild partner list"
    assert refused(title=None) == "Adopt needs the work: title=… or isbn=…"
    assert refused(title=" ", author="Kerttu") == "Adopt needs the work: title=… or isbn=…"
    assert refused(place="home") == "place=home: write here, or coming for what is on its way to us"
    assert refused(pickup="Moon") == "pickup=Moon is no place of ours; there are: Main"
    assert refused(notify="maybe") == "notify=maybe: write yes, no or ask"
    assert refused(colour="red").startswith("colour= is no value of a command; use ")
    assert refused(main="11") == "main=11 must be one of item_id=9,10."


def test_an_isbn_alone_names_the_work() -> None:
    opening = adopted(title=None, isbn=" 9789510000000 ").effects[0]
    assert isinstance(opening, OpenRequest)
    assert opening.new.citation == Citation(isbn="9789510000000")


def test_the_patrons_own_work_or_one_of_the_things_that_is_open_already_is_not_taken_on_again() -> None:
    told = f"it is {NUMBER}, which is open: maild request do {NUMBER} Received …"
    same_work = request(citation=Citation(title="KESÄ"))
    assert refused(same_work) == told
    same_thing = on_loan(patron_id=8, items=(Item(id=1, item_ids=("8", "9")),))
    assert refused(same_thing) == told
    assert refused(lending(number="KP-2026-000001"), request(number="KP-2026-000002"), same_work) == told


@pytest.mark.parametrize(
    "other",
    [
        request(citation=Citation(title="Kesä"), closed_at=NOW - timedelta(days=1)),
        request(citation=Citation(title="Kesä"), patron_id=8),
        request(citation=Citation(title="Talvi")),
        lending(citation=Citation(title="Kesä"), items=(Item(id=1, item_ids=("9",)),)),
        on_loan(items=(Item(id=1, item_ids=("90",)),)),
    ],
    ids=["closed", "another patron's", "another work", "what we lend", "another thing"],
)
def test_what_is_over_anothers_or_another_is_no_reason(other: Request) -> None:
    assert adopted(other, patrons=(PATRON,)).auto


def test_a_library_with_a_profile_of_its_own_brings_it() -> None:
    own = replace(RULES, workflows={**RULES.workflows, "depot-loan": RULES.workflows["borrowing-loan"]})
    depot = replace(ALDER, profile_borrowing="depot")
    command = Command(number="", event=Event(event=EventName.ADOPT), actor="anna", values=USUAL, id="command-1")
    opening = decide(command, context(partners=(depot, BIRCH)), own, NOW).effects[0]
    assert isinstance(opening, OpenRequest)
    assert opening.profile == "depot-loan"
