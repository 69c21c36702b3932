"""A letter taken apart: what is new, quoted, signed, or put around it."""

import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import shipped
from maild.core.problems import RuleFile
from maild.reading import quote_rules
from maild.reading.html import QUOTE_CLOSE, QUOTE_OPEN, QUOTE_REST
from maild.reading.quote_rules import QuoteRules
from maild.reading.quotes import take_apart

OURS = ("ill@library.example",)


def _data() -> dict[str, object]:
    data = tomllib.loads((shipped("rules") / "quotes.toml").read_text("utf-8"))
    del data["schema"]
    return data


@pytest.fixture(scope="module")
def rules() -> QuoteRules:
    loaded, problems = quote_rules.load({"quotes.toml": RuleFile(name="quotes.toml", data=_data())})
    assert problems == []
    return loaded


HEADINGS: dict[str, str] = {
    **tomllib.loads((Path(__file__).parent / "mails/opening/headings.toml").read_text("utf-8")),
    "html": QUOTE_REST,
}


@pytest.mark.parametrize("heading", HEADINGS.values(), ids=HEADINGS.keys())
def test_unmarked_letter_under_a_heading_is_quoted(rules: QuoteRules, heading: str) -> None:
    letter = "Hyvät kollegat,\n\npyydämme lainaksi teosta. Eräpäivä 1.1.2026.\n\nTerveisin\nEsimerkki"
    parts = take_apart(f"Hei,\n\nkirja on lainassa.\n\n{heading}\n\n{letter}", rules, is_answer=True, ours=OURS)
    assert parts.new_text == "Hei,\n\nkirja on lainassa."
    assert "Eräpäivä 1.1.2026" in parts.quoted
    assert not parts.forwarded


ATTRIBUTIONS = [
    "Esimerkin kirjasto, kaukopalvelu kirjoitti 11.2.2026 klo 15.40:",
    "Esimerkin kirjasto, kaukopalvelu kirjoitti 11.2.2026 klo \n15.40:",
    "Esimerkki <ill@library.example> kirjoitti 17.6.2026 kello 12.00:",
    "On Tue, Aug 25, 2026 at 10:00 AM Esimerkin kirjasto, kaukopalvelu\n<ill@library.example> wrote:",
    "On Mon Nov 16 16:02:11 2026, ill@library.example wrote:",
    "2026-11-16 07:40 skrev Exempelbiblioteket:",
    "Den tis 7 apr. 2026 kl 12:00 skrev Exempel <ill@library.example>:",
    "Am 17.11.2026 um 09:00 schrieb Beispiel <ill@library.example>:",
    "Am 31.08.2026 um 08:00 schrieb Beispielbibliothek, \nFernleihe:",
    "Kuupäeval 3. november 2026 kell 10:00 Näide <ill@library.example> kirjutas:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_line_that_names_the_writer_goes_with_the_quote(rules: QuoteRules, attribution: str) -> None:
    parts = take_apart(f"Kirja on lainassa.\n\n{attribution}\n> Hei,\n> eräpäivä 1.1.2026", rules, is_answer=True)
    assert parts.new_text == "Kirja on lainassa."
    assert attribution.split("\n")[0].strip() in parts.quoted


def test_a_writers_own_sentence_with_wrote_stays(rules: QuoteRules) -> None:
    text = "Kuten Anna kirjoitti:\nkirja on lainassa."
    assert take_apart(text, rules).new_text == text


def test_answer_below_the_quote_is_new(rules: QuoteRules) -> None:
    text = "On 3 Nov 2026, ill@library.example wrote:\n> one\n> two\n> three\n> four\n> five\n\nIt is on loan."
    parts = take_apart(text, rules, is_answer=True)
    assert [(line.text, line.answers) for line in parts.lines] == [("It is on loan.", "")]


def test_interleaved_answers_keep_what_they_answer(rules: QuoteRules) -> None:
    text = "> Hyväksyttekö hinnan\n> 20 EUR?\n\nKyllä.\n\n> Saako kirjan\n> kotilainaksi?\n\nEi saa.\n\nTerv. Anna"
    parts = take_apart(text, rules)
    assert [(line.text, line.answers) for line in parts.lines if line.text] == [
        ("Kyllä.", "Hyväksyttekö hinnan 20 EUR?"),
        ("Ei saa.", "Saako kirjan kotilainaksi?"),
    ]
    assert parts.signature == "Terv. Anna"


def test_interleaved_answers_between_html_quotes(rules: QuoteRules) -> None:
    text = f"{QUOTE_OPEN}\nMilloin?\n{QUOTE_CLOSE}\nEnsi viikolla.\n{QUOTE_OPEN}\nPaljonko?\n{QUOTE_CLOSE}\n8 €"
    assert [(line.text, line.answers) for line in take_apart(text, rules).lines] == [
        ("Ensi viikolla.", "Milloin?"),
        ("8 €", "Paljonko?"),
    ]


def test_end_of_a_broken_quoted_line_is_no_answer(rules: QuoteRules) -> None:
    quoted = "> pyydämme kaukolainaksi seuraavaa teosta, jonka asiakas tarvitsee\nviimeistään 3.12.2026\n> kiitos"
    assert take_apart(f"Lainassa.\n\n{quoted}", rules).new_text == "Lainassa."


SIGN_OFFS = [
    "Terv.", "Terv. Anna", "t. anna", "T: Riitta H.", "Ystävällisin terveisin", "Ystävällisin terveisin / Kind regards",
    "Syysterveisin Jonna", "Mvh", "mvh Lovisa", "Med vänlig hälsning", "Hälsningar Lovisa", "Kind regards,", "Best",
    "Best, Kadri", "Regards, Geraldine", "Yours faithfully", "Mit freundlichen Grüßen", "MfG", "Vennlig hilsen",
    "Med venlig hilsen", "Lugupidamisega", "*Terveisin*", "BR, Anna Maria Meikäläinen",
]  # fmt: skip


@pytest.mark.parametrize("sign_off", SIGN_OFFS)
def test_sign_off_and_what_follows_is_the_signature(rules: QuoteRules, sign_off: str) -> None:
    parts = take_apart(f"Kirja on lainassa.\n\n{sign_off}\nRiitta Haapala\nkirjastosihteeri\np. 0294 000 000", rules)
    assert parts.new_text == "Kirja on lainassa."
    assert parts.signature.startswith(sign_off)


@pytest.mark.parametrize(
    "line",
    [
        "Best available copy is on loan until 3.12.",
        "T Kirja palautui tänään hyllyyn.",
        "Terveisin odotamme kirjaa takaisin.",
        "Regards the loan: it is lost.",
        "Tack, boken är utlånad.",
        "Hälsningarna framfördes, boken kommer.",
        "Yours is overdue since 12.11.",
    ],
)
def test_sentence_that_begins_like_a_sign_off_is_text(rules: QuoteRules, line: str) -> None:
    assert take_apart(f"Hei,\n\n{line}\n\nloppu", rules).new_text == f"Hei,\n\n{line}\n\nloppu"


@pytest.mark.parametrize(
    "last",
    [
        "PS. Eräpäivä on 3.12.",
        "P.S. The book is for use in the library only",
        "ps: kirja on lainassa",
        "Huom! Uusinta ei ole mahdollinen",
        "Eräpäivä 3.12.2026",
        "Due date: 2026-12-03",
        "KP-2026-000124 ei löydy",
        "Emme voi uusia tätä lainaa enää kertaakaan.",
        "Voitteko vielä vahvistaa tämän meille?",
    ],
)
def test_facts_after_the_signature_are_not_lost(rules: QuoteRules, last: str) -> None:
    parts = take_apart(f"Kirja on lähetetty.\n\nTerv.\nAnna\n\n{last}", rules)
    assert parts.new_text.startswith("Kirja on lähetetty.")
    assert last in parts.new_text
    assert parts.signature == "Terv.\nAnna"


@pytest.mark.parametrize(
    "line",
    [
        "Lähetetty iPhonesta", "Lähetetty Galaxy-älypuhelimesta", "Hanki Outlook for Android<https://aka.example/x>",
        "Skickat från min iPhone", "Skaffa Outlook för Android<https://aka.example/x>", "Sent from my iPad",
        "Get Outlook for iOS<https://aka.example/x>", "Von meinem iPhone gesendet", "Sendt fra min iPhone",
    ],
)  # fmt: skip
def test_mobile_line_is_signature_and_what_follows_is_not(rules: QuoteRules, line: str) -> None:
    parts = take_apart(f"Kyllä.\n\n{line}\n\nLisäksi: kirja on lainassa", rules)
    assert parts.signature == line
    assert parts.new_text.replace("\n", "") == "Kyllä.Lisäksi: kirja on lainassa"


@pytest.mark.parametrize("line", ["Lähetetty tänään postissa.", "Skickat idag med posten.", "Sent today by airmail."])
def test_word_that_a_book_was_sent_is_no_mobile_line(rules: QuoteRules, line: str) -> None:
    assert take_apart(f"Hei\n\n{line}", rules).new_text.endswith(line)


BANNERS = [
    "CAUTION: This email originated from outside of the organisation. Do not click links.",
    "VAROITUS: Tämä viesti on tullut organisaation ulkopuolelta. Älä avaa linkkejä.",
    "[EXTERNAL]",
    "[EXTERNAL EMAIL] Do not open links or attachments unless you know the sender.",
    "[EXTERNAL] This message came from outside the college. Do not open attachments unless you trust the sender.",
    "Öppna inte bilagor om du är osäker på avsändaren.",
    "EXTERNAL SENDER: this mail did not come from within the college. Take care with links and files.",
    "WARNUNG: Unbekannter Absender, bitte keine Anhänge öffnen.",
    "External e-mail - be careful with what it links to.",
    "The sender of this message is from outside of your organisation.",
    "Do not open attachments unless you recognise the sender.",
    "Lähettäjä ei kuulu kaupungin organisaatioon. Harkitse, ennen kuin avaat linkin tai liitteen.",
    "Ole varovainen linkkien ja liitteiden kanssa.",
    "Avsändaren finns utanför vår organisation.",
    "Var försiktig med länkar och bilagor.",
    "Diese Nachricht kommt von außerhalb der Universität.",
    "You don't often get email from a@partner.example. Learn why this is important",
]


@pytest.mark.parametrize("banner", BANNERS)
def test_banner_is_boilerplate(rules: QuoteRules, banner: str) -> None:
    parts = take_apart(f"{banner}\n\nKirja on lainassa.", rules)
    assert (parts.new_text, parts.boilerplate) == ("Kirja on lainassa.", banner)


def test_legal_text_is_boilerplate_to_its_end(rules: QuoteRules) -> None:
    legal = "This e-mail is confidential. If you have received it in error\nplease return it to the sender."
    parts = take_apart(f"On loan until Friday.\n\n{legal}\n\nDue back soon.", rules)
    assert parts.boilerplate == legal
    assert parts.new_text.startswith("On loan")
    assert "Due back" in parts.new_text


@pytest.mark.parametrize(
    "text",
    [
        "Huom: laina-aikaa ei voi jatkaa.",
        "Huom: artikkeli on liitteenä.",
        "Warning: the spine is weak, do not copy it.",
        "Do not open the parcel before the patron is there.",
        "Lähettäjä maksaa postikulut.",
        "This message is about the loan from your university.",
    ],
)
def test_notice_of_a_library_is_no_banner(rules: QuoteRules, text: str) -> None:
    assert take_apart(text, rules).new_text == text


FOREIGN = (
    "Lähettäjä: Tuuli <tuuli@partner.example>\nLähetetty: torstai 9. lokakuuta\nVastaanottaja: X\nAihe: Y\n\nlähetetty!"
)


@pytest.mark.parametrize(
    ("text", "subject", "forwarded"),
    [
        (f"Ks. alla.\n\n{FOREIGN}", "VS: kirja", True),
        (FOREIGN, "VL: kirja", True),
        (FOREIGN, "VS: kirja", True),
        (f"---------- Forwarded message ---------\n{FOREIGN}", "Fwd: kirja", True),
        ("Begin forwarded message:\n\nFrom: x\nSubject: y\n\nsent", "Fwd: y", True),
        (f"Kiitos.\n\n{HEADINGS['outlook-fi']}\n\nHei", "VS: kirja", False),
        (f"Kiitos.\n\n{HEADINGS['outlook-fi']}\n\nHei", "FW: kirja", False),  # ours come back, whatever the prefix
        (FOREIGN.replace("tuuli@", "writer@") + "", "VS: kirja", False),
    ],
)
def test_somebody_elses_letter_is_a_forward(rules: QuoteRules, text: str, subject: str, forwarded: bool) -> None:
    parts = take_apart(text, rules, subject=subject, is_answer=True, ours=OURS, writer="writer@partner.example")
    assert parts.forwarded is forwarded


def test_form_that_begins_with_such_labels_is_kept_whole(rules: QuoteRules) -> None:
    text = "From: Aino <aino@student.example>\nDate: 3.12.2026\nSubject: Kirja\n\nMessage Body:\nEsimerkki"
    assert take_apart(text, rules, subject="Website form").new_text == text


def test_minimal_rules_know_marks_and_the_dashes() -> None:
    parts = take_apart("Kyllä.\n> Hei\n-- \nAnna", QuoteRules())
    assert (parts.new_text, parts.quoted, parts.signature) == ("Kyllä.", "> Hei", "-- \nAnna")


@pytest.mark.parametrize(
    ("table", "key", "value", "word"),
    [
        ("mobile", "patterns", ["(?=x)y"], "no RE2 pattern"),
        ("separator", "rule", ["x*"], "matches an empty line"),
        ("sign_off", "phrases", "terv", "list"),
        ("banner", "unknown", ["x"], "not permitted"),
    ],
)
def test_mistakes_in_the_file_are_told_with_their_place(table: str, key: str, value: object, word: str) -> None:
    data = _data()
    section = data[table]
    assert isinstance(section, dict)
    section[key] = value
    loaded, problems = quote_rules.load({"quotes.toml": RuleFile(name="quotes.toml", data=data)})
    assert [p.place for p in problems] == [f"{table}.{key}"]
    assert word in problems[0].what
    assert loaded == QuoteRules()


def test_missing_file_is_a_problem() -> None:
    assert quote_rules.load({})[1][0].file == "quotes.toml"


@pytest.mark.parametrize(
    "line", ["> ", "on 3.3. x wrote\n", "From: a\nx\n\n", "Terv.\n", "caution: outside\n", "-", ">>> a\n", "a: "]
)
def test_time_grows_with_the_length_only(rules: QuoteRules, line: str) -> None:
    def took_of(text: str) -> float:
        start = time.thread_time()
        take_apart(text, rules, is_answer=True, ours=OURS)
        return time.thread_time() - start

    texts = [(line * count)[: count * 8] for count in (5_000, 20_000)]
    took = [
        min(took_of(text) for _round in range(3)) for text in texts
    ]  # the best: the machine may be at something else
    assert took[1] < max(16 * took[0], 1.0)  # four times the text; quadratic work would take sixteen times and more


LINES = [
    "", "> q", "-- ", "Terv.", "Anna", "PS. x", "On 3.3. a@b.fi wrote:", "From: a@b.fi", "Sent: x", "To: y",
    "Subject: z", "uusi rivi 3.12.", "CAUTION: outside", QUOTE_OPEN, QUOTE_CLOSE, QUOTE_REST, ">>> a >>>",
    "This e-mail is confidential.", "Lähetetty iPhonesta", "________________",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=25), st.booleans())
def test_every_line_is_in_exactly_one_part(rules: QuoteRules, lines: list[str], is_answer: bool) -> None:
    parts = take_apart("\n".join(lines), rules, is_answer=is_answer, ours=OURS)
    said = [line.rstrip() for line in lines if line.strip() and line not in {QUOTE_OPEN, QUOTE_CLOSE, QUOTE_REST}]
    pieces = [parts.new_text, parts.quoted, parts.signature, parts.boilerplate]
    kept = [line.rstrip() for piece in pieces for line in piece.split("\n") if line.strip()]
    assert sorted(kept) == sorted(said)
