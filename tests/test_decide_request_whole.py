"""A new request, whole: what is opened, what staff are told of it and in which words, what a library is answered."""

from dataclasses import replace
from datetime import date

import pytest

from maild.core.effects import AskStaff, ChangeRequest, Decision, Move, OpenRequest, ReadMail, SendLetter
from maild.core.limit_rules import Limits
from maild.core.reading import Citation, Doubt, Event, NewRequest, Person, Reading, Requester
from maild.core.request import Patron
from maild.core.terms import EventName, Kind, Party, Role, ServiceType, Status
from maild.core.workdays import Closure
from tests.house import ALDER, BIRCH, NOW, NUMBER, PATRON, TODAY, context, lending, letters, mail, statuses
from tests.test_decide_request import (
    AINO,
    REPOSITORY,
    RULES,
    WINTER,
    decided,
    form,
    from_library,
    left,
    opened,
    wish,
)
from tests.test_left_to_staff import left as task_of

FETCH = AskStaff(number="", reason="policy", text="A library asks for a work of ours: look for it and answer.")
FROM_BIRCH = wish(patron=None, requester=Requester(ref="B-1"))
ASKABLE = Doubt(reason="incomplete", text="Which volume?", passage="osa", askable=True)


def asks(decision: Decision) -> list[str]:
    return [e.text for e in decision.effects if isinstance(e, AskStaff)]


def doubted(happening: ReadMail, *doubts: Doubt) -> ReadMail:
    return replace(happening, reading=replace(happening.reading, doubts=doubts))


# What is opened


def test_the_wish_of_a_known_patron_is_opened_as_the_form_gives_it() -> None:
    new = wish(pickup="Main", language="en")
    assert opened(decided(form(new), rules=REPOSITORY)) == OpenRequest(
        role=Role.BORROWING,
        new=new,
        profile="borrowing-loan",
        status=Status.NEW,
        patron_id=PATRON.id,
        language="sv",
    )


def test_a_copy_has_the_profile_of_copies_and_a_form_without_a_language_none() -> None:
    citation = Citation(title="Talvi", article_title="Lumi", year="1987")
    new = wish(service_type=ServiceType.COPY, citation=citation, patron=Person(email="x@student.example"))
    opening = opened(decided(form(new)))
    assert (opening.profile, opening.patron_id, opening.language) == ("borrowing-copy", None, "")


def test_a_patron_without_a_language_reads_that_of_the_form() -> None:
    mute = replace(PATRON, language="")
    assert opened(decided(form(wish(language="en")), patrons=(mute,))).language == "en"


def test_the_receipt_is_the_patrons_and_goes_out_before_anybody_is_asked() -> None:
    decision = decided(form(wish()), rules=REPOSITORY)
    receipt = next(e for e in decision.effects if isinstance(e, SendLetter))
    assert (receipt.letter, receipt.to, receipt.party, receipt.number) == (
        "request_confirmed",
        PATRON.email,
        Party.PATRON,
        "",
    )
    assert receipt.cause == "mail-2:Request"
    assert (receipt.facts, receipt.languages) == ({}, ("sv",))


def test_a_known_patron_without_an_address_is_told_of_to_staff() -> None:
    mute = replace(PATRON, email="")
    (no_address, _) = asks(decided(form(wish(patron=Person(id=PATRON.card))), patrons=(mute,)))
    assert no_address == "The letter request_confirmed could not go out: the patron has no e-mail address."


# What staff are told of a patron's wish


@pytest.mark.parametrize(
    ("patron", "told"),
    [
        (None, "The patron is not known to us yet: nothing was sent."),
        (replace(PATRON, approved=False), "The patron is not known to us yet: nothing was sent."),
        (replace(PATRON, blocked=True), "The patron is blocked: nothing was sent."),
    ],
    ids=["nobody on record", "not approved", "blocked"],
)
def test_the_wish_of_a_patron_who_must_be_looked_at_waits_with_the_reason(patron: Patron | None, told: str) -> None:
    decision = decided(form(wish()), rules=REPOSITORY, patrons=(patron,) if patron else ())
    text = f"{told} Sending the request to a supplier approves the patron for this once."
    assert decision.effects[1] == AskStaff(number="", reason="policy", text=text)
    assert opened(decision).patron_id == (PATRON.id if patron else None)
    assert letters(decision.effects) == []


def test_what_the_citation_lacks_is_told_with_why_the_wish_waits() -> None:
    bare = wish(service_type=ServiceType.COPY, citation=Citation(title="Talvi"))
    lacks = " Its citation lacks: Artikkelin tai luvun nimi, Julkaisuvuosi."
    assert asks(decided(form(bare), patrons=()))[0].endswith(f"for this once.{lacks}")
    busy = replace(PATRON, open_requests=3)
    full = replace(RULES, limits=Limits(patron=3))
    limit = "The patron has 3 open requests already: send this one on, or turn it down."
    assert asks(decided(form(bare), rules=full, patrons=(busy,))) == [limit + lacks]
    assert asks(decided(form(wish()), rules=full, patrons=(busy,))) == [limit]
    assert letters(decided(form(wish()), rules=replace(REPOSITORY, limits=Limits(patron=4)), patrons=(busy,)).effects)


def test_a_patron_is_asked_for_what_the_citation_lacks_and_no_library_is() -> None:
    bare = wish(service_type=ServiceType.COPY, citation=Citation(title="Talvi"))
    decision = decided(form(bare), rules=REPOSITORY)
    assert letters(decision.effects) == [("details_needed", PATRON.email)]
    assert statuses(decision.effects) == [Status.NEW]


def test_an_open_question_of_the_form_is_asked_with_what_is_missing_or_left_to_staff() -> None:
    bare = wish(service_type=ServiceType.COPY, citation=Citation(title="Talvi"))
    asked = decided(doubted(form(bare), ASKABLE))
    assert letters(asked.effects) == [("details_needed", PATRON.email)]
    whole = decided(doubted(form(wish()), ASKABLE))
    assert task_of(whole).text == "Which volume?"
    nobody = decided(doubted(form(bare), ASKABLE), patrons=())
    assert task_of(nobody).text == "Which volume?"


def test_a_library_cannot_be_asked_what_its_request_leaves_open() -> None:
    assert task_of(decided(doubted(from_library(FROM_BIRCH), ASKABLE))).text == "Which volume?"
    by_form = wish(patron=None, requester=Requester(symbol="FI-BIRCH"))
    assert task_of(decided(doubted(form(by_form), ASKABLE))).text == "Which volume?"


# What stands against a request


@pytest.mark.parametrize(
    ("change", "text", "passage"),
    [
        ({"citation": Citation(year="1999")}, "It does not say which work is wanted.", ""),
        ({"delivery": "file"}, "It asks for a loan and for a file.", "Toivon lainaa"),
        ({"patron": None}, "It gives neither a patron nor a library to answer to.", ""),
        ({"patron": None, "requester": Requester()}, "It gives neither a patron nor a library to answer to.", ""),
    ],
    ids=["no work", "a loan as a file", "nobody", "a library without a name"],
)
def test_what_a_form_must_say_is_told_in_a_sentence(change: dict[str, object], text: str, passage: str) -> None:
    happening = form(wish(**change))
    event = replace(happening.reading.events[0], passage="Toivon lainaa")
    ask = task_of(decided(replace(happening, reading=replace(happening.reading, events=(event,)))))
    assert (ask.text, ask.passage) == (text, passage)


def test_a_copy_may_come_as_a_file() -> None:
    citation = Citation(title="Talvi", article_title="Lumi", year="1987")
    assert decided(form(wish(service_type=ServiceType.COPY, citation=citation, delivery="file"))).auto


def test_somebody_is_a_patron_with_an_address_or_a_card_or_a_library_with_any_name() -> None:
    for somebody in (Person(email="x@student.example"), Person(id="2900")):
        assert decided(form(wish(patron=somebody))).auto
    for library in (Requester(name="X"), Requester(symbol="X"), Requester(email="x@library.example")):
        assert decided(form(wish(patron=None, requester=library))).auto


def test_a_library_need_not_name_itself_in_a_mail_of_its_own() -> None:
    assert decided(from_library(wish(patron=None))).auto


def test_every_doubt_about_a_form_is_told_at_once() -> None:
    both = wish(citation=Citation(year="1999"), delivery="file", need_before=date(2026, 1, 1), patron=None)
    ask = task_of(decided(form(both, "form@evil.example")))
    assert ask.reason == "sender"
    assert ask.text == (
        "Not believed: form@evil.example is no form on record. It is needed before 2026-01-01, which has passed. "
        "It does not say which work is wanted. It asks for a loan and for a file. "
        "It gives neither a patron nor a library to answer to."
    )


def test_a_wish_outside_the_form_and_several_in_one_are_told_with_their_passage() -> None:
    wished = replace(form(wish()).reading.events[0], passage="Haluaisin")
    free = form(wish(), PATRON.email)
    free = replace(free, reading=replace(free.reading, kind=Kind.PATRON_MESSAGE, events=(wished,)))
    ask = task_of(decided(free))
    assert (ask.reason, ask.text, ask.passage) == ("policy", "A wish outside the form: staff enter it.", "Haluaisin")
    two = form(wish())
    ask = task_of(decided(replace(two, reading=replace(two.reading, events=(wished, wished)))))
    told = "It asks for more than one thing at a time: split it by hand."
    assert (ask.reason, ask.text, ask.passage) == ("several-requests", told, "Haluaisin")
    empty = Event(event=EventName.REQUEST, passage="Haluaisin")
    ask = task_of(decided(replace(two, reading=replace(two.reading, events=(empty,)))))
    assert (ask.reason, ask.text, ask.passage) == ("several-requests", told, "Haluaisin")


def test_a_wish_that_comes_again_is_told_with_its_passage() -> None:
    there = lending(Status.REQUEST_RECEIVED, citation=WINTER, requester_ref="b-1")
    again = from_library(FROM_BIRCH)
    again = replace(
        again, reading=replace(again.reading, events=(replace(again.reading.events[0], passage="Talvi, kiitos"),))
    )
    ask = task_of(decided(again, there))
    told = f"{NUMBER} is open for the same library, its number b-1 and the same work."
    assert (ask.text, ask.passage) == (told, "Talvi, kiitos")
    ours = replace(form(wish()), reading=replace(again.reading, kind=Kind.WEB_FORM))
    same = Event(event=EventName.REQUEST, new_request=wish(), passage="Talvi")
    ours = replace(ours, reading=replace(ours.reading, events=(same,)))
    mine = replace(there, role=Role.BORROWING, patron_id=PATRON.id)
    assert task_of(decided(ours, mine)).passage == "Talvi"


def test_a_library_that_gives_no_number_of_its_own_may_ask_twice() -> None:
    there = lending(Status.REQUEST_RECEIVED, citation=WINTER, requester_ref="")
    assert decided(from_library(wish(patron=None, requester=Requester(name="Birch"))), there).auto
    assert decided(from_library(wish(patron=None)), there).auto


def test_a_number_that_we_gave_it_as_a_borrower_is_no_request_of_the_library() -> None:
    ours = replace(lending(Status.REQUESTED, citation=WINTER, requester_ref="B-1"), role=Role.BORROWING)
    assert decided(from_library(FROM_BIRCH), ours).auto


# What a library is answered


def test_a_library_on_record_is_answered_and_its_mails_are_believed_from_then_on() -> None:
    decision = decided(from_library(FROM_BIRCH))
    opening, answers, *_ = decision.effects
    assert opening == OpenRequest(
        role=Role.LENDING,
        new=replace(FROM_BIRCH, requester=Requester(ref="B-1", email="anna@birch.example")),
        profile="lending-loan",
        status=Status.NEW,
        partner_id=BIRCH.id,
        language="",
    )
    assert answers == ChangeRequest(
        number="", values={"last_partner_message_id": "<m1@x>", "partner_domains": BIRCH.domains}
    )
    assert FETCH in decision.effects
    assert letters(decision.effects) == [("lending_acknowledged", BIRCH.email)]
    (letter,) = [e for e in decision.effects if isinstance(e, SendLetter)]
    assert letter.cause == "mail-2:Request"


def test_a_library_that_is_not_on_record_is_registered_and_staff_are_told_to_add_it() -> None:
    asked = form(wish(patron=None, language="en", requester=Requester(name="Elm", email="ill@elm.example")))
    decision = decided(asked)
    opening, answers, *_ = decision.effects
    assert isinstance(opening, OpenRequest)
    assert (opening.partner_id, opening.language) == (None, "en")
    assert answers == ChangeRequest(number="", values={"last_partner_message_id": "<m1@x>"})
    fetch, unknown = [e for e in decision.effects if isinstance(e, AskStaff)]
    assert fetch == FETCH
    assert unknown.text.startswith("The library is not on record. If you know the library, the last command")
    assert (unknown.number, unknown.reason) == ("", "policy")
    assert unknown.commands[0].startswith("maild partner add symbol=elm.example")


def test_a_library_whose_record_cannot_be_offered_is_added_by_hand() -> None:
    decision = decided(form(wish(patron=None, requester=Requester(name="Elm"))))
    *_, unknown = [e for e in decision.effects if isinstance(e, AskStaff)]
    assert unknown == AskStaff(number="", reason="policy", text="The library is not on record. Add it as a partner.")


def test_a_library_whose_domain_is_known_and_whose_record_is_not_at_hand_is_registered_all_the_same() -> None:
    assert opened(decided(from_library(FROM_BIRCH), partners=())).partner_id is None


def test_a_profile_of_its_own_is_that_of_the_library_which_asks() -> None:
    fast = replace(BIRCH, profile_lending="express")
    rules = replace(RULES, workflows={**RULES.workflows, "express-loan": RULES.workflows["lending-loan"]})
    assert opened(decided(from_library(FROM_BIRCH), rules=rules, partners=(fast,))).profile == "express-loan"


def test_while_we_do_not_lend_a_library_is_turned_down_with_the_day_and_nobody_is_sent_to_look() -> None:
    closed = Closure(first=TODAY, last=date(2026, 12, 4), name="move")
    decision = decided(from_library(FROM_BIRCH), rules=replace(RULES, limits=Limits(closed=(closed,))))
    assert statuses(decision.effects) == [Status.REQUEST_RECEIVED, Status.UNFILLED]
    refusal = [e.event for e in decision.effects if isinstance(e, Move)][-1]
    assert refusal == Event(event=EventName.UNFILLED, reason="PolicyProblem", retry_after=date(2026, 12, 7))
    assert letters(decision.effects) == [(n, BIRCH.email) for n in ("lending_acknowledged", "lending_overloaded")]
    assert FETCH not in decision.effects
    assert ChangeRequest(number="", values={"closed_at": NOW}) in decision.effects


def test_where_the_profile_does_not_let_our_house_refuse_staff_look_for_it_after_all() -> None:
    own = RULES.workflows["lending-loan"]
    edges = tuple(t for t in own.transitions if t.event is not EventName.UNFILLED)
    rules = replace(RULES, workflows={**RULES.workflows, "lending-loan": replace(own, transitions=edges)})
    closed = Closure(first=TODAY, last=date(2026, 12, 4), name="move")
    decision = decided(from_library(FROM_BIRCH), rules=replace(rules, limits=Limits(closed=(closed,))))
    assert statuses(decision.effects) == [Status.REQUEST_RECEIVED]
    assert FETCH in decision.effects


def test_a_library_with_too_much_open_is_turned_down_and_one_below_the_limit_is_not() -> None:
    rules = replace(RULES, limits=Limits(lending_of_one=2, retry_days=14))
    for lent, closing in ((2, Status.UNFILLED), (1, Status.REQUEST_RECEIVED)):
        partner = replace(BIRCH, lent_to=lent)
        decision = decided(from_library(FROM_BIRCH), rules=rules, partners=(ALDER, partner))
        assert statuses(decision.effects)[-1] is closing


def test_a_library_is_told_from_its_mail_and_not_from_what_its_text_says() -> None:
    pretends = wish(patron=None, requester=Requester(symbol="FI-ALDER", email=ALDER.email))
    assert opened(decided(from_library(pretends))).partner_id == BIRCH.id


def test_a_request_is_of_the_day_on_which_it_came() -> None:
    today = wish(need_before=TODAY)
    assert decided(form(today)).auto
    late = context(received_at=NOW.replace(day=24))
    assert late.received_at is not None
    assert left(decided(form(today), received_at=late.received_at)) == "date"


def test_what_a_form_names_may_be_anything_that_finds_the_work() -> None:
    nothing = NewRequest(service_type=ServiceType.LOAN, citation=Citation(), patron=AINO)
    reading = Reading(kind=Kind.WEB_FORM, events=(Event(event=EventName.REQUEST, new_request=nothing),))
    happening = replace(form(wish()), reading=reading, mail=mail("form@forms.example"))
    assert task_of(decided(happening)).text == "It does not say which work is wanted."
