"""Answers to the question about a work, as mail programs write them beneath our letter."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from maild.core.reading import Citation, Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Role, ServiceType, Status
from maild.reading import rules as reading_rules
from maild.reading.opening import open_mail
from maild.reading.read import read_mail
from maild.registry import load_parsers
from maild.rulebook import read_files

NUMBER = "KP-2026-000123"
OURS = ("ill@library.example",)
PATRON = "aino@student.example"
RULES, _ = reading_rules.load(read_files()[0], prefixes=("KP",), zone="Europe/Helsinki", our_addresses=OURS)
PARSERS = load_parsers()
WHOLE = {"article_title": "Hanki ja jää", "year": "2001"}
LETTER = """
> Vastaa tähän viestiin ja kirjoita kukin vastaus numeronsa perään:
>
>   1. Artikkelin tai luvun nimi:
>   2. Julkaisuvuosi:
"""


def read(text: str, *, sender: str = PATRON, asked: tuple[str, ...] = ("part", "year")) -> Reading:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = f"Aino Aalto <{sender}>", OURS[0]
    message["Subject"], message["Message-ID"] = f"VS: Tarvitsemme lisätietoja [{NUMBER}]", "<1@student.example>"
    message.set_content(text)
    assert RULES is not None
    mail = open_mail(
        message.as_bytes(), received_at=datetime(2026, 11, 22, 9, tzinfo=UTC), our_addresses=OURS, quotes=RULES.quotes
    )
    request = Request(
        number=NUMBER,
        role=Role.BORROWING,
        service_type=ServiceType.COPY,
        status=Status.NEW,
        citation=Citation(title="Talvilehti"),
        patron_email=PATRON,
        language="fi",
        asked_for=asked,
    )
    return read_mail(mail, Context(our_addresses=OURS, requests=(request,)), RULES, PARSERS)


def told(reading: Reading) -> dict[str, str]:
    """The fields that the mail tells without doubt; nothing where it is for staff or says something else."""
    names = [event.event for event in reading.events]
    citation = reading.events[0].citation if names == [EventName.DETAILS] and not reading.doubts else None
    return {f: v for f in Citation.__dataclass_fields__ if citation is not None and (v := getattr(citation, f))}


@pytest.mark.parametrize(
    "text",
    [
        "1. Hanki ja jää\n2. 2001\n",
        "1) Hanki ja jää\n2) 2001\n",
        "1: Hanki ja jää\n\n2: vuosi 2001\n",
        "1. Artikkelin tai luvun nimi: Hanki ja jää\n2. Julkaisuvuosi: 2001\n",
        "1. Artikelns eller kapitlets titel: Hanki ja jää\n2. Utgivningsår: 2001",
        "Artikkelin tai luvun nimi: Hanki ja jää\nJulkaisuvuosi: 2001\n",
        "Artikkelin otsikko: Hanki ja jää\nVuosi: 2001\n",
        "Hei!\n\n1. Hanki ja jää\n2. 2001\n\nTerveisin\nAino Aalto\n",
        "Hej,\n\n1. Hanki ja jää\n2. 2001\n\nTack på förhand!\nMvh Aino\n",
        f"1. Hanki ja jää\n2. 2001\n\nOn 20.11.2026 ill@library.example wrote:\n{LETTER}",
    ],
)
def test_answers_behind_numbers_or_labels_are_read(text: str) -> None:
    assert told(read(text)) == WHOLE


def test_answers_between_the_lines_of_our_letter_are_read() -> None:
    text = """\
> Vastaa tähän viestiin ja kirjoita kukin vastaus numeronsa perään:
>
>   1. Artikkelin tai luvun nimi:
Hanki ja jää
>   2. Julkaisuvuosi:
2001
"""
    assert told(read(text)) == WHOLE


def test_a_number_of_the_work_is_put_where_it_belongs() -> None:
    assert told(read("1. https://doi.org/10.1000/182\n")) == {"doi": "10.1000/182"}


def test_what_was_left_open_is_left_open() -> None:
    assert told(read("1. Hanki ja jää\n2. en tiedä\n")) == {"article_title": "Hanki ja jää"}
    assert told(read("1. Hanki ja jää\n2.\n")) == {"article_title": "Hanki ja jää"}


@pytest.mark.parametrize(
    "text",
    [
        "1. Hanki ja jää?\n2. 2001\n",
        "1. Hanki ja jää\n2. 2001\n\nMutta en ole varma, onko tämä oikea artikkeli.\n",
        "1. Hanki ja jää\n2. 2001\n\nOikeastaan haluaisin perua koko tilauksen.\n",
        "1. Hanki ja jää\n2. 2001\n\nI no longer need the article, please cancel.\n",
        "1. Hanki ja jää\n1. Toinen artikkeli\n",
        "1. Julkaisuvuosi: 2001\n",
        "1. " + "x" * 400 + "\n",
        "2. viime vuosituhannella\n",
        "Se on se artikkeli jäästä, vuodelta 2001.\n",
        "3. Hanki\n",
    ],
)
def test_what_is_not_plain_is_for_staff(text: str) -> None:
    assert told(read(text)) == {}


def test_a_wish_to_cancel_stays_one() -> None:
    assert [e.event for e in read("En tarvitse artikkelia enää, voitte perua tilauksen.").events] == [EventName.CANCEL]


def test_nobody_else_is_asked() -> None:
    assert told(read("1. Hanki ja jää\n2. 2001\n", asked=())) == {}


def test_a_partner_answers_no_question_to_a_patron() -> None:
    assert RULES is not None
    assert told(read("Titel: Hanki\nVuosi: 2001\n", sender="ill@alder.example", asked=())) == {}
