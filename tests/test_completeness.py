"""What a citation must tell: the rules, the question to the patron, and the answer that comes back by mail."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from maild.core import completeness
from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import AskStaff, Command, Decision, OpenRequest, SendLetter
from maild.core.mail import Mail
from maild.core.problems import RuleFile
from maild.core.reading import Citation, Doubt, Event, Requester
from maild.core.request import Request
from maild.core.rota_rules import Rota, RotaEntry
from maild.core.rules import Refused, SitePolicy
from maild.core.terms import EventName, Flag, Party, ServiceType, Status
from maild.core.trust import reply_address
from tests.house import ALDER, NOW, NUMBER, PATRON, by_patron, context, letters, mail, request, shipped_rules, statuses
from tests.test_decide_request import form, opened, wish

RULES = replace(shipped_rules(), rotas={"default": Rota(entries=(RotaEntry(symbol="FI-ALDER", assume_holds=True),))})
JOURNAL = Citation(title="Talvilehti")
WAITING = request(
    Status.NEW,
    service_type=ServiceType.COPY,
    citation=JOURNAL,
    partner_id=None,
    attempts=(),
    asked_for=("part", "year"),
    flags=frozenset({Flag.INCOMPLETE}),
)
ANSWER = Citation(article_title="Hanki", year="2001")
KEY = "00112233445566778899aabbccddeeff"


def copy(**values: object):  # type: ignore[no-untyped-def]  # a test's short hand
    return form(wish(service_type=ServiceType.COPY, **({"citation": JOURNAL} | values)))


def tasks(decision: Decision) -> list[str]:
    return [e.text for e in decision.effects if isinstance(e, AskStaff)]


def after(decision: Decision, given: Request = WAITING) -> Request:
    return apply(context(given), decision.effects).requests[0]


def loaded(**needs: Mapping[str, object]) -> list[str]:
    files = {"completeness.toml": RuleFile(name="completeness.toml", data={"need": needs})}
    return [str(problem) for problem in completeness.load(files)[1]]


# The rules


@pytest.mark.parametrize(
    ("service", "citation", "lacks"),
    [
        (ServiceType.LOAN, Citation(title="Talvi"), []),
        (ServiceType.LOAN, Citation(isbn="9789510000000"), []),
        (ServiceType.LOAN, Citation(article_title="Hanki"), ["work"]),
        (ServiceType.COPY, Citation(doi="10.1000/x"), []),
        (ServiceType.COPY, Citation(title="Talvilehti"), ["part", "year"]),
        (ServiceType.COPY, Citation(article_title="Hanki"), ["journal", "year"]),
        (ServiceType.COPY, Citation(title="Talvikirja", isbn="9789510000000", pages="1-9"), []),
        (ServiceType.COPY_OR_LOAN, Citation(title="Talvi"), []),
    ],
)
def test_what_the_shipped_rules_want_of_each_service(
    service: ServiceType, citation: Citation, lacks: list[str]
) -> None:
    assert [need.name for need in completeness.missing(citation, service, RULES.needs)] == lacks


def test_mistakes_are_told_with_place_and_way_out() -> None:
    good = {"services": ["Copy"], "one_of": ["pages"], "ask": {"fi": "Sivut", "sv": "Sidor", "en": "Pages"}}
    assert loaded(pages=good) == []
    assert (
        "need.pages.one_of: no such field of a citation: 'page'; use some of"
        in loaded(pages=good | {"one_of": ["page"]})[0]
    )
    assert "need.pages.ask.sv: missing" in loaded(pages=good | {"ask": {"fi": "Sivut", "en": "Pages"}})[0]
    assert "without a colon" in loaded(pages=good | {"ask": {"fi": "Sivut:", "sv": "Sidor", "en": "Pages"}})[0]
    assert "10 needs for Copy; ask for 9" in loaded(**{f"n{n}": good for n in range(10)})[0]


def test_a_gap_is_filled_and_nothing_that_stands_is_changed() -> None:
    old = Citation(title="Talvi", year="1999")
    assert completeness.merged(old, Citation(title="Kesä", pages="1-9")) == Citation(
        title="Talvi", year="1999", pages="1-9"
    )
    assert completeness.contradicted(old, Citation(title="TALVI.", year="2000")) == ("year",)


# The question


def test_the_patron_is_asked_in_the_own_language_and_no_library_is() -> None:
    decision = decide(copy(), context(), RULES, NOW)
    assert opened(decision).status is Status.NEW
    (letter,) = (e for e in decision.effects if isinstance(e, SendLetter))
    assert (letter.letter, letter.to, letter.languages) == ("details_needed", PATRON.email, ("sv",))
    assert letter.facts["questions"] == ("Artikelns eller kapitlets titel", "Utgivningsår")
    assert tasks(decision) == []


def test_where_the_site_turned_the_question_off_staff_complete_it() -> None:
    off = replace(RULES, site=SitePolicy(letter_modes={"details_needed": "off"}))
    decision = decide(copy(), context(), off, NOW)
    assert isinstance(decision.effects[0], OpenRequest)
    assert letters(decision.effects) == []
    assert tasks(decision) == ["It lacks: Artikkelin tai luvun nimi, Julkaisuvuosi. Complete it."]


def test_a_patron_without_an_address_is_not_asked_and_staff_hear_both() -> None:
    known = replace(PATRON, email="")
    nobody = wish(service_type=ServiceType.COPY, citation=JOURNAL)
    assert nobody.patron is not None
    decision = decide(
        form(replace(nobody, patron=replace(nobody.patron, email=None))), context(patrons=(known,)), RULES, NOW
    )
    assert letters(decision.effects) == []
    assert len(tasks(decision)) == 2


def test_a_site_that_needs_nothing_asks_nothing() -> None:
    assert letters(decide(copy(), context(), replace(RULES, needs=()), NOW).effects)[0][0] == "request_confirmed"


def open_to_the_patron(**known: object) -> Decision:
    """A form that the reader doubts for want of the part, which is a question to the patron."""
    doubt = Doubt(reason="incomplete", text="A copy is asked for, but not of which part.", askable=True)
    given = copy()
    given = replace(given, reading=replace(given.reading, doubts=(doubt,)))
    return decide(given, context(**known), RULES, NOW)


def test_what_the_reader_misses_is_asked_of_a_known_patron_and_left_to_staff_for_any_other() -> None:
    assert letters(open_to_the_patron().effects) == [("details_needed", PATRON.email)]
    for other in (replace(PATRON, approved=False), replace(PATRON, blocked=True), replace(PATRON, email="x@y.example")):
        decision = open_to_the_patron(patrons=(other,))
        assert not decision.auto
        assert not any(isinstance(e, OpenRequest) for e in decision.effects)


def test_a_doubt_that_no_patron_can_lift_stays_with_staff() -> None:
    given = copy()
    doubts = tuple(Doubt(reason="incomplete", text="x", askable=askable) for askable in (True, False))
    decision = decide(replace(given, reading=replace(given.reading, doubts=doubts)), context(), RULES, NOW)
    assert not decision.auto


def test_a_library_whose_form_lacks_the_part_is_for_staff() -> None:
    asked = form(wish(patron=None, citation=JOURNAL, requester=Requester(symbol="FI-BIRCH", email="ill@birch.example")))
    doubt = Doubt(reason="incomplete", text="x", askable=True)
    decision = decide(replace(asked, reading=replace(asked.reading, doubts=(doubt,))), context(), RULES, NOW)
    assert not decision.auto


# The answer


def test_the_answer_goes_into_the_citation_and_the_request_goes_on() -> None:
    decision = decide(by_patron(EventName.DETAILS, citation=ANSWER), context(WAITING), RULES, NOW)
    assert letters(decision.effects) == [("request_confirmed", PATRON.email), ("request_copy", ALDER.email)]
    assert statuses(decision.effects) == [Status.NEW, Status.REQUESTED]
    now = after(decision)
    assert now.citation == Citation(title="Talvilehti", article_title="Hanki", year="2001")
    assert (now.asked_for, now.flags) == ((), frozenset())


def by_token(address: str) -> Decision:
    given = by_patron(EventName.DETAILS, citation=ANSWER)
    unsigned = Mail(message_id="<m@x>", from_address="aino@other.example", recipients=(address,))
    return decide(replace(given, mail=unsigned), context(WAITING, reply_key=KEY), RULES, NOW)


def test_an_answer_from_another_address_is_for_staff_though_it_bears_the_patrons_token() -> None:
    signed = reply_address("ill@library.example", KEY, NUMBER, Party.PATRON, PATRON.email)
    for address in (signed, f"ill+{NUMBER.lower()}.p.{'a' * 16}@library.example", "ill@library.example"):
        decision = by_token(address)
        assert not decision.auto
        assert after(decision) == WAITING


def test_what_was_not_asked_is_not_answered() -> None:
    nobody_asked = replace(WAITING, asked_for=())
    decision = decide(by_patron(EventName.DETAILS, citation=ANSWER), context(nobody_asked), RULES, NOW)
    assert not decision.auto


def test_an_answer_that_contradicts_the_form_is_for_staff() -> None:
    other = replace(ANSWER, title="Kesälehti")
    decision = decide(by_patron(EventName.DETAILS, citation=other), context(WAITING), RULES, NOW)
    assert not decision.auto
    assert after(decision) == WAITING


def test_an_answer_that_leaves_something_open_is_kept_and_staff_go_on() -> None:
    decision = decide(by_patron(EventName.DETAILS, citation=Citation(year="2001")), context(WAITING), RULES, NOW)
    assert letters(decision.effects) == []
    assert "it still lacks: Artikkelin tai luvun nimi" in tasks(decision)[0]
    assert after(decision).citation.year == "2001"
    assert Flag.INCOMPLETE not in after(decision).flags


def test_what_the_answer_shows_to_be_asked_for_already_is_for_staff() -> None:
    there = request(number="KP-2026-000007", citation=Citation(title="Talvilehti", article_title="Hanki"))
    decision = decide(by_patron(EventName.DETAILS, citation=ANSWER), context(WAITING, there), RULES, NOW)
    assert letters(decision.effects) == []
    assert "KP-2026-000007 is open for the same patron" in tasks(decision)[0]


def test_a_patron_who_was_blocked_meanwhile_gets_nothing_sent() -> None:
    blocked = context(WAITING, patrons=(replace(PATRON, blocked=True),))
    decision = decide(by_patron(EventName.DETAILS, citation=ANSWER), blocked, RULES, NOW)
    assert letters(decision.effects) == []
    assert "blocked" in tasks(decision)[0]


def test_staff_who_put_in_what_is_missing_end_the_question_and_send_it_on_themselves() -> None:
    def staff(event: EventName, **values: str) -> Decision:
        command = Command(number=NUMBER, event=Event(event=event), actor="anna", values=values, id="c1")
        return decide(command, context(WAITING), RULES, NOW)

    whole = after(staff(EventName.EDIT, article_title="Hanki", year="1999"))
    assert (whole.flags, whole.asked_for, whole.status) == (frozenset(), (), Status.NEW)
    part = after(staff(EventName.EDIT, year="1999"))
    assert (part.flags, part.asked_for) == (WAITING.flags, WAITING.asked_for)
    with pytest.raises(Refused, match="maild request edit"):
        staff(EventName.DETAILS)


def test_a_mail_of_the_patron_alone_is_no_signed_answer() -> None:
    forged = replace(by_patron(EventName.DETAILS, citation=ANSWER), mail=replace(mail(PATRON.email), auth_results=()))
    assert not decide(forged, context(WAITING), RULES, NOW).auto
