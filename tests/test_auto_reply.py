"""Automatic answers: filed away where they are nothing else, never taken from a person or a library system."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.auto_reply import AutoReplyParser

from maild.core.mail import Mail, Today
from maild.core.problems import RuleFile
from maild.core.request import Context
from maild.reading.auto_replies import FILE, absent_until, load_auto_replies
from tests.readings import expected, mails_of, opened, shipped_reading_rules, shown

JULY = Today(day=date(2026, 7, 7), sent=date(2026, 7, 7))


@pytest.mark.parametrize("path", mails_of("auto-reply"), ids=lambda path: path.stem)
def test_an_answer_is_read_as_its_label_says(path: Path) -> None:
    want = expected(path)
    reading = AutoReplyParser().read(opened(path), Context(), shipped_reading_rules())
    assert shown(reading, want or ()) == want


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("Olen vuosilomalla 6.7.-2.8.2026.", date(2026, 8, 3)),
        ("Palaan töihin ma 3.8.", date(2026, 8, 3)),
        ("Olen poissa 1.8. saakka.", date(2026, 8, 2)),
        ("Tavoitettavissa 3.8. alkaen.", date(2026, 8, 3)),
        ("Jag är tillbaka den 17 augusti.", date(2026, 8, 17)),
        ("Jag är ledig till och med 16 augusti.", date(2026, 8, 17)),
        ("I am out of the office until Monday 17 August.", date(2026, 8, 17)),
        ("I am away through August 16.", date(2026, 8, 17)),
        ("Ich bin bis 16.8.2026 im Urlaub.", date(2026, 8, 17)),
        ("Jeg er tilbake 17. august.", date(2026, 8, 17)),
        ("Olen poissa 2.8. asti. / I am away through 2 August.", date(2026, 8, 3)),
    ],
)
def test_the_day_back_is_read_from_ways_to_say_it(text: str, back: date) -> None:
    assert absent_until(text, JULY, shipped_reading_rules().auto_replies) == back


@pytest.mark.parametrize(
    "text",
    [
        "Olen lomalla.",
        "Palaan elokuussa.",
        "Palaan 3.8. Pirjo palaa 10.8.",
        "I was back on 3 June 2026.",
        "Back in 2031, on 3 June 2031.",
        "Order of 3 August: please write to ill@univ.test.",
        "",
    ],
)
def test_no_day_or_several_are_no_day_back(text: str) -> None:
    assert absent_until(text, JULY, shipped_reading_rules().auto_replies) is None


def answer(subject: str = "Vs: [KP-2026-000123]", text: str = "Kiitos!", **headers: str) -> Mail:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Mail(subject=subject, text=text, new_text=text, headers=fields, received_at=datetime(2026, 7, 7, tzinfo=UTC))


def is_automatic(mail: Mail) -> bool:
    return AutoReplyParser().read(mail, Context(), shipped_reading_rules()) is not None


@pytest.mark.parametrize(
    "mail",
    [
        answer(auto_submitted="auto-replied"),
        answer(auto_submitted="Auto-Replied (vacation)"),
        answer(x_autoreply="yes"),
        answer(x_autorespond="Re: request"),
        answer(precedence="auto_reply"),
        answer(subject="Automatic reply: [KP-2026-000123] Request"),
        answer(subject="Autosvar: Re: [KP-2026-000123]"),
        answer(subject="[#4711] Automaattivastaus: VS: [KP-2026-000123]"),
        answer(text="Tämä on automaattinen vastaus."),
        answer(text="Olen lomalla.", precedence="bulk"),
        answer(text="Pyyntösi on vastaanotettu.", auto_submitted="auto-generated"),
        replace(answer(text="I am out of the office."), return_path=""),
    ],
)
def test_a_header_a_subject_or_the_words_show_an_automatic_answer(mail: Mail) -> None:
    assert is_automatic(mail)


@pytest.mark.parametrize(
    "mail",
    [
        answer(),
        answer(auto_submitted="no", text="Olen lomalla."),
        answer(x_autoreply="no"),
        answer(text="Pyyntönne on vastaanotettu, palaamme asiaan."),
        answer(text="Kirja lähti tänään.", auto_submitted="auto-generated", precedence="bulk"),
        answer(text="Item shipped, due 14 December.", x_auto_response_suppress="All"),
        answer(subject="Re: Autosvar: [KP-2026-000123]", text="Boken skickades idag."),
        answer(subject="VS: Automaattinen vastaus: [KP-2026-000123]", text="Kirja on postissa."),
    ],
)
def test_a_persons_answer_and_a_systems_letter_are_left_alone(mail: Mail) -> None:
    assert not is_automatic(mail)


@pytest.mark.parametrize(
    "text",
    [
        "I'm on annual leave and back on 12 December. For urgent loans please contact ill@other.example.",
        "Thank you for your message. We answer within two working days. Opening hours: Mon-Fri 9-16.",
        "Kaukopalvelu on suljettu itsenäisyyspäivän ajan ja palvelee taas 7.12. Lainoja ei tarvitse palauttaa silloin.",
        "Olen lomalla ja luen postia satunnaisesti. Kiireelliset: kaukopalvelu@toinen.example.",
        "Tack för ditt mejl! Jag är föräldraledig till 31 mars. Kontakta fjarrlan@annat.example i brådskande fall.",
        "Vielen Dank für Ihre Nachricht. Ich bin bis 5.12.2026 nicht im Büro. Ihre E-Mail wird nicht weitergeleitet.",
        "The library is closed for stocktaking this week. Requests will be processed in order of arrival from Monday.",
        "Viestisi on vastaanotettu ja saanut numeron 55121. Palaamme asiaan mahdollisimman pian.",
        "Biblioteket har julstängt 23.12-7.1. Beställningar expedieras efter det. God jul!",
        "I only work Tuesdays and Thursdays and will get back to you then.",
        "Our university is closed on Thursday 26 November (Thanksgiving). We will respond when we return on Friday.",
        "Järjestelmän vaihdon vuoksi kaukopalvelu on tauolla 30.11. saakka. Eräpäivät siirretään automaattisesti.",
    ],
)
def test_an_absence_or_a_receipt_is_filed_away(text: str) -> None:
    reading = AutoReplyParser().read(
        answer(text=text, auto_submitted="auto-replied"), Context(), shipped_reading_rules()
    )
    assert reading is not None
    assert reading.doubts == ()


@pytest.mark.parametrize(
    "text",
    [
        "Hilltop Library closed on 2 June 2026.",
        "Hilltop Library has merged with Valley Library. Please send all requests to ill@valley.example.",
        "Tämä sähköpostiosoite poistuu käytöstä vuoden lopussa. Käytä jatkossa lomaketta.",
        "Our library shut its doors in June. The collection went to the county archive.",
        "Fjärrlåneverksamheten har upphört vid vårt bibliotek.",
        "Kaukopalvelumme on lakkautettu 1.9.2026 alkaen.",
        "Jane Doe no longer works here. Please contact ill@hill.example instead.",
        "Die Bibliothek ist dauerhaft geschlossen. Ihre Bestellung kann nicht bearbeitet werden.",
        "Thank you for your request. Unfortunately we no longer lend to libraries abroad.",
        "Thank you for your message. Your request KP-2026-000123 has been cancelled.",
        "Kiitos viestistänne. Pyyntöänne ei voida toteuttaa, koska teos on kadonnut.",
        "I have retired. The interlibrary loan desk is now run by Mark, mark@hill.example.",
        "Kirjastomme on suljettu. Kirjat on luovutettu Pohjolan yliopistolle.",
        "We are closed due to fire damage. All loans are suspended.",
        "Vi har bytt e-postadress. Den nya är ill@nyttbibliotek.example.",
        "To make sure your message reaches us please confirm you are human by clicking the link below.",
    ],
)
def test_a_closure_without_end_a_change_and_bad_news_go_to_staff(text: str) -> None:
    reading = AutoReplyParser().read(
        answer(text=text, auto_submitted="auto-replied"), Context(), shipped_reading_rules()
    )
    assert reading is not None
    assert reading.doubts


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=60))
def test_no_text_raises_and_no_event_comes_of_it(text: str, subject: str) -> None:
    reading = AutoReplyParser().read(
        answer(subject=subject, text=text, auto_submitted="auto-replied"), Context(), shipped_reading_rules()
    )
    assert reading is not None
    assert reading.events == ()


def loaded(data: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in load_auto_replies({FILE: RuleFile(name=FILE, data=data)})[1]]


def test_every_mistake_in_the_rules_is_told_with_its_place() -> None:
    mistakes = loaded({"fi": {"subjekt": ["x"], "absent": "lomalla"}, "sv": ["x"], "en": {"back_before": ["(back"]}})
    assert [mistake.split(":")[1].strip() for mistake in mistakes] == [
        "fi.subjekt",
        "fi.absent",
        "sv",
        "en.back_before",
    ]


def test_the_shipped_rules_have_every_list_in_finnish_swedish_and_english() -> None:
    patterns = shipped_reading_rules().auto_replies.patterns
    for name in ("subject", "automatic", "absent", "received", "read", "staff", "back_before"):
        assert {"fi", "sv", "en"} <= set(patterns[name])
