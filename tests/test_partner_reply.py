"""Suppliers' answers in their own words: what is acted on, and what a human must see."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from maild.core.reading import Citation, Money
from maild.core.terms import REASONS_RETRY, Kind, ServiceType
from maild.core.terms import EventName as E
from maild.reading.supplier import RETRY_ORDER
from maild.reading.supplier_doubts import OFFERS
from tests.free_text import PDF, context, read, rows, told
from tests.lexicons import phrases_alone

CLEAR = [row for row in rows("act.toml") if row[1] == "s"]
FOR_STAFF = [row for row in rows("staff.toml") if row[1] == "s"]
HEDGES = {
    "fi": "mahdollisesti",
    "sv": "möjligen",
    "en": "possibly",
    "de": "möglicherweise",
    "no": "kanskje",
    "da": "måske",
    "et": "võib-olla",
}
QUESTIONS = {
    "fi": "Onko tämä lainaaja opiskelija?",
    "sv": "Är låntagaren student?",
    "en": "Is your reader a student?",
    "de": "Ist der Leser Student?",
    "no": "Er låneren student?",
    "da": "Er låneren studerende?",
    "et": "Kas lugeja on üliõpilane?",
}
DENIALS = {
    "fi": "Ei kuitenkaan.",
    "sv": "Inte ändå.",
    "en": "Not so.",
    "de": "Nicht so.",
    "no": "Ikke så.",
    "da": "Ikke.",
    "et": "Ei siiski.",
}


@pytest.mark.parametrize(("language", "side", "text", "want"), CLEAR)
def test_a_clear_answer_is_read(language: str, side: str, text: str, want: str) -> None:
    reading = read(side, text)
    assert (told(reading), reading.doubts) == (want, ())
    assert (reading.kind, reading.language) == (Kind.PARTNER_REPLY, language)


@pytest.mark.parametrize(("language", "side", "text", "why"), FOR_STAFF)
def test_what_is_not_certain_goes_to_staff(language: str, side: str, text: str, why: str) -> None:
    reading = read(side, text)
    assert reading.kind is Kind.PARTNER_REPLY
    assert reading.doubts, (why, told(reading))


@pytest.mark.parametrize(("language", "side", "text", "_want"), CLEAR)
def test_a_hedge_anywhere_leaves_a_clear_answer_to_staff(language: str, side: str, text: str, _want: str) -> None:
    words = text.split(" ")
    for place in range(1, len(words)):
        hedged = " ".join([*words[:place], HEDGES[language], *words[place:]])
        assert read(side, hedged).doubts, hedged


@pytest.mark.parametrize(("language", "side", "text", "_want"), CLEAR)
def test_a_question_denial_or_second_number_leaves_it_to_staff(language: str, side: str, text: str, _want: str) -> None:
    for more in (HEDGES[language].capitalize() + ".", QUESTIONS[language], DENIALS[language]):
        assert read(side, f"{text}\n{more}").doubts, more
        assert read(side, f"{more}\n{text}").doubts, more


@pytest.mark.parametrize(("language", "side", "text", "want"), CLEAR)
def test_a_title_in_quotation_marks_says_nothing(language: str, side: str, text: str, want: str) -> None:
    reading = read(side, f"”{HEDGES[language].capitalize()} ei, not lost?”\n{text}", rules=phrases_alone())
    assert (told(reading), reading.doubts) == (want, ())


def test_every_reason_to_ask_again_has_its_place_among_the_others() -> None:
    assert {*RETRY_ORDER, *OFFERS} == REASONS_RETRY


def test_each_of_two_numbers_gets_its_own_answer() -> None:
    text = "KP-2026-000201: lähetetty tänään, eräpäivä 15.12.2026.\nKP-2026-000205: ei kuulu kokoelmiimme."
    reading = read("s", text, subject="vastaus")
    assert [(e.request, e.event, e.due_date) for e in reading.events] == [
        ("KP-2026-000201", E.LOANED, date(2026, 12, 15)),
        ("KP-2026-000205", E.UNFILLED, None),
    ]
    assert reading.doubts == ()


def test_an_answer_before_two_numbers_belongs_to_neither() -> None:
    reading = read("s", "Lähetetty tänään.\nKP-2026-000201 ensin.\nKP-2026-000205 sitten.")
    assert {doubt.reason for doubt in reading.doubts} >= {"several-requests"}


def test_a_copy_is_complete_only_when_it_came() -> None:
    copies = context("s", service=ServiceType.COPY)
    came = read("s", "Artikkeli liitteenä.", PDF, about=copies)
    assert (told(came), came.events[0].attachment, came.doubts) == ("CopyCompleted", True, ())
    assert [d.reason for d in read("s", "Artikkeli liitteenä.", about=copies).doubts] == ["attachment"]


def test_a_copy_that_went_by_post_is_no_loan() -> None:
    reading = read("s", "Kopiot on postitettu tänään.", about=context("s", service=ServiceType.COPY))
    assert (told(reading), [d.reason for d in reading.doubts]) == ("CopyCompleted", ["attachment"])


def test_a_link_is_the_copy_and_has_its_last_day() -> None:
    text = "Your article is ready: https://files.partner.example/d/abc123\nThe link expires on 2 December 2026."
    reading = read("s", text, about=context("s", service=ServiceType.COPY))
    assert [(e.event, e.url, e.expiry) for e in reading.events] == [
        (E.COPY_COMPLETED, "https://files.partner.example/d/abc123", date(2026, 12, 2))
    ]


def test_what_a_parcel_is_insured_for_is_no_price() -> None:
    (event,) = read("s", "Shipped today, due 15 January 2027. Insured for $75.").events
    assert (event.event, event.cost) == (E.LOANED, None)


def test_price_and_terms_stand_beside_the_promise() -> None:
    reading = read("s", "Lähetämme kirjan huomenna. Hinta 12,50 €. Vain lukusalikäyttöön.")
    (event,) = reading.events
    assert (event.event, event.cost) == (E.WILL_SUPPLY, Money(amount=Decimal("12.50"), currency="EUR"))
    assert event.loan_condition == ("LibraryUseOnly",)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        (
            "Uusinta painosta meillä on vain lukusalikappale, jota ei lainata. Kolmas painos olisi vapaana.",
            (),
        ),
        (
            "The sixth edition is for the reading room only and not lent. The fifth edition is here, if you want it.",
            (),
        ),
        (
            "Our copy of the 2nd edition may only be used in the library. The 1st is on the shelf; please re-request.",
            (),
        ),
        (
            "We only have the second edition, for use in the library only. Please re-request if that will do.",
            ("LibraryUseOnly",),
        ),
    ],
)
def test_the_terms_of_what_is_refused_are_not_those_of_the_offer(text: str, terms: tuple[str, ...]) -> None:
    (event,) = read("s", text).events
    assert (event.event, event.reason) == (E.RETRY_POSSIBLE, "ReqEditionNotPossible")
    assert event.loan_condition == terms


def test_no_renewals_is_a_term_beside_a_loan() -> None:
    reading = read("s", "Posted today, due 15 January 2027. Renewals are not possible on overseas loans.")
    assert (told(reading), reading.doubts) == ("Loaned 2027-01-15", ())
    assert reading.events[0].no_renewal


def test_a_new_due_date_answers_a_renewal_that_is_pending() -> None:
    pending = read("s", "Uusi eräpäivä on 15.1.2027.", about=context("s", renewal_pending=True))
    assert (told(pending), pending.doubts) == ("RenewAccepted 2027-01-15", ())
    assert E.RENEW_ACCEPTED not in {e.event for e in read("s", "Uusi eräpäivä on 15.1.2027.").events}


@pytest.mark.parametrize(
    "text",
    ["Tyvärr, boken är eftertraktad och vi har en kö här hemma.", "Nej, det kan vi tyvärr inte hjälpa er med."],
)
def test_a_plain_no_and_a_queue_refuse_a_renewal_that_is_pending(text: str) -> None:
    assert told(read("s", text, about=context("s", renewal_pending=True))) == "RenewRefused"
    assert told(read("s", text)) != "RenewRefused"


def test_the_name_of_another_work_beside_the_sending_is_for_staff() -> None:
    ours = context("s")
    named = replace(ours, requests=(replace(ours.requests[0], citation=Citation(title="Lanthandelns historia")),))
    for title, right in (
        ("Ortnamn i Hovby härad", False),
        ("Lanthandelns historia", True),
        ("Lanthandeln i dag", True),
    ):
        for sent in (f'Vi har skickat "{title}" i dag', f"Vi har skickat {title.title()} av Rut Ek i dag"):
            reading = read("s", f"{sent}, lånetid till 29.5.2027.", about=named)
            assert told(reading) == "Loaned 2027-05-29"
            assert (reading.doubts == ()) is right, sent


def test_who_carries_what_was_sent_wrote_no_other_work() -> None:
    ours = context("s")
    named = replace(ours, requests=(replace(ours.requests[0], citation=Citation(title="Lanthandelns historia")),))
    for way in ("from Otter Lake by Royal Mail", "to you by Royal Mail"):
        assert read("s", f"The book was sent {way} today, due 29 May 2027.", about=named).doubts == ()
