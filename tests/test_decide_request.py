from dataclasses import replace
from datetime import date

import pytest

from maild.core.decide import decide
from maild.core.effects import AskStaff, Decision, Move, OpenRequest, PlanNotice, PutAttempt, ReadMail
from maild.core.reading import Citation, Event, NewRequest, Person, Reading, Requester
from maild.core.request import Request
from maild.core.rota_rules import Rota, RotaEntry
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from tests.house import ALDER, BIRCH, NOW, PATRON, context, lending, letters, mail, request, shipped_rules, statuses

RULES = shipped_rules()
REPOSITORY = replace(RULES, rotas={"default": Rota(entries=(RotaEntry(symbol="FI-ALDER", assume_holds=True),))})
WINTER = Citation(title="Talvi", isbn="9789510000000")
AINO = Person(name="Aino", email="Aino@student.example", id="2900")


def wish(**values: object) -> NewRequest:
    return NewRequest(**({"service_type": ServiceType.LOAN, "citation": WINTER, "patron": AINO} | values))  # type: ignore[arg-type]


def form(new: NewRequest, sender: str = "form@forms.example") -> ReadMail:
    event = Event(event=EventName.REQUEST, new_request=new)
    return ReadMail(mail=mail(sender), reading=Reading(kind=Kind.WEB_FORM, events=(event,)), id="mail-2")


def from_library(new: NewRequest, sender: str = "anna@birch.example") -> ReadMail:
    happening = form(new, sender)
    return replace(happening, reading=replace(happening.reading, kind=Kind.PARTNER_REQUEST))


def decided(happening: ReadMail, *requests: Request, rules=RULES, **known) -> Decision:  # type: ignore[no-untyped-def]
    return decide(happening, context(*requests, **known), rules, NOW)


def left(decision: Decision) -> str:
    assert not decision.auto
    ask = decision.effects[0]
    assert isinstance(ask, AskStaff)
    return ask.reason


def opened(decision: Decision) -> OpenRequest:
    assert decision.auto, decision.why
    first = decision.effects[0]
    assert isinstance(first, OpenRequest)
    return first


def test_a_known_patrons_wish_goes_to_the_repository_at_once_and_is_confirmed() -> None:
    decision = decided(form(wish()), rules=REPOSITORY)
    assert opened(decision).patron_id == PATRON.id
    assert statuses(decision.effects) == [Status.REQUESTED]
    assert letters(decision.effects) == [("request_confirmed", PATRON.email), ("request_loan", ALDER.email)]
    assert [e.attempt.partner_id for e in decision.effects if isinstance(e, PutAttempt)] == [ALDER.id]
    assert "request_reminder" in {e.notice for e in decision.effects if isinstance(e, PlanNotice)}


def test_letters_are_in_the_known_patrons_language_and_in_the_forms_for_a_new_one() -> None:
    assert opened(decided(form(wish(language="en")))).language == PATRON.language
    stranger = Person(name="X", email="x@student.example")
    assert opened(decided(form(wish(language="en", patron=stranger)))).language == "en"


def test_without_a_marked_holder_it_waits_for_staff_to_choose_one() -> None:
    decision = decided(form(wish()))
    assert opened(decision).status is Status.NEW
    assert statuses(decision.effects) == []
    assert [e.text for e in decision.effects if isinstance(e, AskStaff)] == [
        "No supplier is marked as holding it: choose one."
    ]


def test_nothing_is_sent_for_a_patron_whom_nobody_knows() -> None:
    stranger = wish(patron=Person(name="X", email="x@victim.example"))
    decision = decided(form(stranger), rules=REPOSITORY)
    assert opened(decision).patron_id is None
    assert letters(decision.effects) == []
    assert statuses(decision.effects) == []


@pytest.mark.parametrize("change", [{"approved": False}, {"blocked": True}])
def test_nothing_is_sent_for_a_patron_who_is_not_approved_or_blocked(change: dict[str, bool]) -> None:
    decision = decided(form(wish()), rules=REPOSITORY, patrons=(replace(PATRON, **change),))  # type: ignore[arg-type]
    assert letters(decision.effects) == []


def test_somebody_elses_card_with_ainos_address_is_not_aino() -> None:
    decision = decided(form(wish(patron=replace(AINO, id="666"))), rules=REPOSITORY)
    assert opened(decision).patron_id is None


def test_a_form_of_an_unknown_sender_opens_nothing() -> None:
    assert left(decided(form(wish(), "form@evil.example"))) == "sender"


def test_two_wishes_in_one_form_are_split_by_hand() -> None:
    happening = form(wish())
    both = happening.reading.events * 2
    assert left(decided(replace(happening, reading=replace(happening.reading, events=both)))) == "several-requests"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"need_before": date(2025, 12, 1)}, "date"),
        ({"patron": Person(name="Nobody")}, "incomplete"),
        ({"patron": None}, "incomplete"),
        ({"citation": Citation(year="1999")}, "incomplete"),
        ({"delivery": "file"}, "contradictory"),
    ],
)
def test_what_staff_must_complete_or_ask_about(change: dict[str, object], reason: str) -> None:
    assert left(decided(form(wish(**change)))) == reason


def test_the_same_wish_twice_is_for_staff() -> None:
    assert left(decided(form(wish()), request())) == "duplicate"
    assert decided(form(wish()), request(citation=Citation(title="Kesä"))).auto
    assert decided(form(wish()), request(closed_at=NOW)).auto
    assert decided(form(wish()), request(patron_id=8, patron_email="other@student.example")).auto


def test_a_library_that_asks_becomes_a_request_to_lend_with_a_task_for_staff() -> None:
    decision = decided(from_library(wish(patron=None, requester=Requester(ref="B-1"))))
    opening = opened(decision)
    assert (opening.role, opening.partner_id, opening.profile) == (Role.LENDING, BIRCH.id, "lending-loan")
    assert statuses(decision.effects) == [Status.REQUEST_RECEIVED]
    assert [e.event.event for e in decision.effects if isinstance(e, Move)] == [EventName.REQUEST]
    assert any(isinstance(e, AskStaff) for e in decision.effects)


def test_a_library_that_sends_its_request_again_opens_no_second_one() -> None:
    there = lending(Status.REQUEST_RECEIVED, citation=WINTER, requester_ref="b-1")
    asked = from_library(wish(patron=None, requester=Requester(ref="B-1")))
    assert left(decided(asked, there)) == "duplicate"
    for other in (
        replace(there, requester_ref="B-2"),
        replace(there, citation=Citation(title="Kesä")),
        replace(there, closed_at=NOW),
        replace(there, partner_id=ALDER.id),
    ):
        assert decided(asked, other).auto


def test_the_answer_goes_to_where_the_library_wrote_from_not_to_an_address_in_its_text() -> None:
    asked = wish(patron=None, requester=Requester(email="boss@victim.example"))
    requester = opened(decided(from_library(asked))).new.requester
    assert requester is not None
    assert requester.email == "anna@birch.example"


def test_a_library_that_is_not_on_record_opens_nothing() -> None:
    assert left(decided(from_library(wish(patron=None), "anna@freemail.example"))) == "sender"


def test_a_library_that_uses_our_form_is_answered_by_letter_only_if_it_is_on_record() -> None:
    asked = wish(patron=None, requester=Requester(name="X", email="x@victim.example"))
    decision = decided(form(asked))
    assert opened(decision).partner_id is None
    assert letters(decision.effects) == []
    known = wish(patron=None, requester=Requester(symbol="fi-birch", email="x@victim.example"))
    assert letters(decided(form(known)).effects) == [("lending_acknowledged", BIRCH.email)]


def test_a_wish_in_a_patrons_free_text_is_entered_by_staff() -> None:
    happening = form(wish(), PATRON.email)
    happening = replace(happening, reading=replace(happening.reading, kind=Kind.PATRON_MESSAGE))
    assert left(decided(happening)) == "policy"
