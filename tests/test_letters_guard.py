"""However a patron writes the own name, card, address or telephone into a title, no partner is told unlooked at."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from maild.core.effects import Audience, Composed
from maild.core.reading import Citation
from maild.core.request import Patron
from maild.letters.guard import tells
from maild.letters.render import LANGUAGES, LetterError
from maild.store.tables import OutboxRow, TaskRow
from tests.desk_parts import PATRON, database_of, desk_of, form, settings_in
from tests.letter_house import NOW, composer, in_languages, letter_rules, sample
from tests.test_abuse import keep

SOMEBODY = Patron(
    id=1,
    name="Aino Kyllikki Mäkelä-Ståhl",
    email="aino.makela7@patron.example",
    card="2100123456",
    phone="+358 40 765 4321",
)
TELLING = {
    "name": [
        "Mäkelä, Aino",
        "MÄKELÄ AINO",
        "aino mäkelä",
        "Aino Makela",
        "Maekelae, Aino",
        "Aino Mäkelä-Ståhl",
        "Ståhl, Aino",
        "STAHL AINO",
        "Aino K. Mäkelä",
        "Kyllikki Mäkelä",
        "Aino  -  Mäkelä",
        "Aino_Mäkelä",
        "aino.makela",
        "AinoMäkelä",
        "mäkeläaino",
        "A i n o  M ä k e l ä",
        "Aino\u00a0Mäkelä",
        "Ai\u00adno Mä\u200bkelä",
        "Aıno Makela".replace("ı", "i"),
        "Ａｉｎｏ Ｍäｋｅｌä",
        "Ma\u0308kela\u0308, Aino",
        "Teoksen pyytää Aino Mäkelä",
        "Nouda Ainolle Mäkelälle",
        "Mäkelän Ainon kirja",
        "(Aino) [Mäkelä]",
        "Aino / Mäkelä",
        "Aino & Mäkelä",
        "sukunimi Mäkelä, etunimi Aino",
    ],
    "card number": [
        "2100 123 456",
        "2100-123-456",
        "2100.123.456",
        "2100 / 123 / 456",
        "(2100) 123456",
        "nro 2 1 0 0 1 2 3 4 5 6",
        "２１００１２３４５６",
        "٢١٠٠١٢٣٤٥٦",
        "2100\u00a0123\u2009456",
        "21 00 12 34 56",
    ],
    "telephone number": [
        "040 765 4321",
        "0407654321",
        "+358407654321",
        "00358 40 765 43 21",
        "040-7654321",
        "(040) 765 4321",
        "p. 40 7654321",
    ],
    "e-mail address": [
        "aino.makela7 @ patron.example",
        "aino.makela7(at)patron.example",
        "aino.makela7 [at] patron [dot] example",
        "AINO.MAKELA7 ÄT PATRON PISTE EXAMPLE",
        "aino makela7 miukumauku patron.example",
        "tunnus aino.makela7",
        "aino.makela7 / patron.example",
    ],
    "postal address": [
        "Esimerkkikatu 5 A 3, 00100 Helsinki",
        "esimerkkikatu 5 00100 HELSINKI",
        "Mallitie 12 b 4, FI-90001 Mallila",
        "Exempelvägen 3, 20100 Åbo",
    ],
}
ORDINARY = [
    "Mäkelä, Kalle: Kylän historia",
    "Aino",
    "Ainoa mahdollisuus",
    "Aino Ackté ja hänen aikansa",
    "Mäkelän suku",
    "Ståhl, Pentti: Muistelmat",
    "Kyllikki ja muita runoja",
    "Kalevala",
    "Ainola: Jean ja Aino Sibeliuksen koti",
    "Aineisto mäkelästä mereen",
    "Mäkelä & Kyllönen: Tilastotiede",
    "Johdatus tilastotieteeseen, 3. painos",
    "978-952-0000-00-0",
    "0355-1792",
    "Historiallinen aikakauskirja 2100 (123), s. 456–470",
    "Helsingin Sanomat 21.12.2021",
    "Mannerheimintie 5: talon vaiheet",
    "Katu 00100: lähiön tarina",
    "Rautatie 1862–1917 ja sen rakentajat",
    "10.1000/182.40",
    "PubMed 21001234",
    "Kortti 210012",
    "Puhelinluettelo 1940, 765 sivua",
    "Patron and example: a study",
    "At the dot: a novel",
    "Stahl und Eisen",
    "Räksmörgås",
    "Sota ja rauha I–IV",
    "Уроки русского языка",
    "源氏物語",
    "Éléments de mathématique",
    "El niño y la mar",
    "O'Brien's Atlas",
    "C++ Primer, 5th ed.",
    "1984",
    "Mäki, Laura: Kelan historia",
    "Suomen kartasto 2100 m mpy",
    "Nainen ja mäkelä: paikannimistä",
    "Acta Universitatis 40:7, 65–81",
    "Ai no korrida",
]


def _written(
    title: str, *, patron: Patron = SOMEBODY, field: str = "title", languages: tuple[str, ...] = ("fi",)
) -> Composed:
    """The request for a loan of that title, as its supplier would get it."""
    found = sample("request_loan")
    citation = Citation(**{"title": "Kaukana kotoa", field: title})
    request = replace(found.context.requests[0], citation=citation, patron_email=patron.email)
    context = replace(found.context, requests=(request,), patrons=(patron,))
    return composer().compose(in_languages(found.effect, *languages), context, now=NOW)


@pytest.mark.parametrize(("what", "title"), [(what, title) for what, titles in TELLING.items() for title in titles])
def test_what_tells_who_the_patron_is_is_held_with_the_reason(what: str, title: str) -> None:
    assert sum(map(len, TELLING.values())) >= 40
    letter = _written(title)
    assert letter.state == "held"
    assert letter.doubt == f"letter request_loan on KP-2026-000123 may tell a partner the patron's {what}"


@pytest.mark.parametrize("field", ["author", "article_author", "volume", "pages", "series", "publisher", "edition"])
def test_every_field_of_the_work_is_looked_at(field: str) -> None:
    assert _written("Mäkelä, Aino", field=field).state == "held"


@pytest.mark.parametrize(
    "title", ["kortti2100123456", "02100123456", "aino.makela7@PATRON.example", "+358 40 765 4321"]
)
def test_what_stands_there_just_as_we_have_it_is_not_written_at_all(title: str) -> None:
    with pytest.raises(LetterError, match="patron's data"):
        _written(title)


@pytest.mark.parametrize("phone", ["-", "0", "ei", "ei ole", "040", "e"])
def test_a_telephone_field_that_holds_no_number_stops_no_letter(phone: str) -> None:
    found = sample("request_loan")
    context = replace(found.context, patrons=tuple(replace(one, phone=phone) for one in found.context.patrons))
    assert composer().compose(found.effect, context, now=NOW).state == "waiting"


@pytest.mark.parametrize("title", ORDINARY)
def test_an_ordinary_title_goes_out(title: str) -> None:
    for languages in (("fi",), ("sv",), ("en",), ("fi", "en")):
        letter = _written(title, languages=languages)
        assert (letter.state, letter.doubt) == ("waiting", "")


@pytest.mark.parametrize(
    ("name", "title", "told"),
    [
        ("Virtanen, Matti", "Matille Virtaselle", True),
        ("Matti Virtanen", "VIRTANEN MATTI", True),
        ("Matti Virtanen", "Virtanen, M.", False),
        ("Matti Virtanen", "Virtaset: suvun tarina", False),
        ("Carl von Ungern", "von Ungern, Carl", True),
        ("Carl von Ungern", "Carl von Linné", False),
        ("Øyvind Sørensen", "Soerensen, Oeyvind", True),
        ("Øyvind Sørensen", "sorensen oyvind", True),
        ("Li Na", "Na, Li", True),
        ("Cher", "Cher", False),
        ("", "Kalevala", False),
    ],
)
def test_names_of_every_kind_are_known_in_any_order(name: str, title: str, *, told: bool) -> None:
    assert (tells(Patron(name=name), title) == "name") is told


def test_a_note_of_staff_is_looked_at_too_and_a_patrons_own_letter_is_not() -> None:
    for audience, state in ((Audience.PARTNER, "held"), (Audience.PATRON, "waiting")):
        found = sample("message", audience=audience, text="Lainaaja:\nMäkelä\nAino\nkortti 2100 123 456")
        context = replace(found.context, patrons=(SOMEBODY,))
        assert composer().compose(found.effect, context, now=NOW).state == state


def test_a_letter_in_shadow_is_doubted_and_stays_in_shadow() -> None:
    found = sample("message", audience=Audience.PARTNER, text="Mäkelä, Aino")
    letter = composer().compose(found.effect, replace(found.context, patrons=(SOMEBODY,)), now=NOW, state="shadow")
    assert (letter.state, bool(letter.doubt)) == ("shadow", True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_to_a_partner_is_doubted_for_its_own_words(language: str) -> None:
    for name in sorted(letter_rules().for_audience(Audience.PARTNER)):
        for case in ("usual", "copy", "long", "bare"):
            found = sample(name, case, Audience.PARTNER)
            assert composer().compose(in_languages(found.effect, language), found.context, now=NOW).doubt == ""


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=30), st.text(max_size=30), st.text(max_size=20))
def test_whatever_is_written_the_guard_answers(text: str, name: str, card: str, phone: str) -> None:
    assert tells(Patron(name=name, card=card, phone=phone, email=f"{card}@{name}"), text) in {"", *TELLING}


def test_staff_are_told_of_a_doubted_letter_and_the_request_goes_on(tmp_path: Path) -> None:
    last, first = PATRON.name.split()[-1], PATRON.name.split()[0]
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        keep(database, form(1, f"Teos, tilaaja {last.upper()}, {first.lower()}"))
        desk_of(settings, database).work()
        with database.read() as session:
            states = session.exec(select(OutboxRow.state).where(OutboxRow.audience == "partner")).all()
            tasks = session.exec(select(TaskRow.reason, TaskRow.text)).all()
    assert set(states) == {"held"}
    assert [reason for reason, _ in tasks] == ["doubted"]
    assert "may tell a partner the patron's name, and is held" in tasks[0][1]
