from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.core.problems import RuleFile
from maild.reading.form_files import load
from maild.reading.form_shapes import read_answers
from maild.reading.forms import find_form, find_label, normal, split_label
from maild.reading.opening import open_mail
from maild.rulebook import read_files
from tests.requests_of import mail_of, rules


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("1. Teoksen nimi *", "title"),
        ("Nimeke / Title:", "title"),
        ("Lehti/julkaisu.......", "journal"),
        ("Maksan korkeintaan (euroa)", "max_cost"),
        ("E-mail (required)", "email"),
        ("book_title", "book"),
        ("Verfasser/Hrsg.", "author"),
        ("Vad vill du beställa?", "service"),
        ("Borrower's TN", "ref"),
        ("Hyväksyn käyttöehdot", "consent"),
        ("User-Agent (Browser/OS)", "ignore"),
        ("Milloin tarvitset kirjaa viimeistään?", "need_before"),
        ("Title of the article you would like", "article_title"),
        *((label, "card") for label in ("Korttinro", "Kirjastokortti nro", "Kortnr", "Kort nr.", "Card #", "Card no.")),
        *((label, "email") for label in ("Student e-mail", "Työsähköposti", "Universitetets e-post", "Studentmejl")),
        *((label, "group") for label in ("University status", "Asema yliopistossa", "Academic role")),
        *((label, "ignore") for label in ("View this ticket", "Avaa tiketti", "Visa ärendet")),
    ],
)
def test_label_gives_its_key(label: str, key: str) -> None:
    found = find_label(label, rules().forms)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize(
    "label",
    ["Korttinro", "University e-mail", "Opiskelijan sähköposti", "Universitetets e-post", "Studentens mejl", "Card ID"],
)
def test_whose_a_field_is_makes_no_other_label(label: str) -> None:
    assert find_label(label, rules().forms, guess=False) is not None


@pytest.mark.parametrize("label", ["School year", "Supervisor's e-mail", "Ohjaajan sähköposti"])
def test_what_is_of_others_is_not_the_patrons(label: str) -> None:
    found = find_label(label, rules().forms, guess=False)
    assert found is None or found.key == "contact"


@pytest.mark.parametrize("label", ["Kurssin nimi tähän", "Lempiväri", "", "x" * 200])
def test_unknown_labels_have_none(label: str) -> None:
    assert find_label(label, rules().forms, guess=False) is None


def test_one_label_may_ask_for_several_things() -> None:
    assert split_label("Year / volume / pages", rules().forms) == ("year", "volume", "pages")
    assert split_label("Efternamn, förnamn", rules().forms) == ("last_name", "first_name")


def test_a_sites_own_form_is_one_file() -> None:
    files, _ = read_files()
    own = RuleFile(
        name="forms/own.toml",
        data={"match": {"senders": ["f@site.example"]}, "service": "Copy", "labels": {"Mikä?": "article_title"}},
    )
    loaded, problems = load({**files, "forms/own.toml": own})
    assert problems == []
    form = find_form(loaded, "F@site.example", "anything", "")
    assert form is not None
    assert (form.name, form.service) == ("own", "Copy")
    found = find_label("Mikä?", loaded, form)
    assert found is not None
    assert found.key == "article_title"


@pytest.mark.parametrize(
    "data",
    [
        {"match": {"text": "("}},
        {"service": "Lend"},
        {"labels": {"Nimi": "nonsense"}},
    ],
)
def test_mistakes_in_a_form_are_told_with_file_and_way_out(data: dict[str, object]) -> None:
    _, problems = load({"forms/own.toml": RuleFile(name="forms/own.toml", data=data)})
    assert [p.file for p in problems] == ["forms/own.toml"]
    assert problems[0].way_out


def test_shipped_forms_have_no_mistakes() -> None:
    files, _ = read_files()
    assert load(files)[1] == []


def test_a_value_runs_to_the_next_known_label() -> None:
    text = "Viite:\nVoss, Irma:\nThe Lantern Road. -\nTurku, 1968\nLaji: laina"
    mail = open_mail(mail_of({"subject": "x", "text": text.replace("Viite", "Viitetiedot")}, "f@site.example"))
    answers = read_answers(mail, rules().forms)
    assert [(a.key, a.value) for a in answers] == [
        ("reference", "Voss, Irma:\nThe Lantern Road. -\nTurku, 1968"),
        ("service", "laina"),
    ]


def test_rows_of_a_table_are_answers() -> None:
    mail = replace(open_mail(b""), rows=(("Title", "Rivers"), ("Author", "Quill"), ("IP", "1")))
    assert [(a.key, a.value) for a in read_answers(mail, rules().forms)] == [
        ("title", "Rivers"),
        ("author", "Quill"),
        ("ignore", "1"),
    ]


@given(st.text(max_size=200))
def test_no_label_raises(label: str) -> None:
    assert normal(normal(label)) is not None
    find_label(label, rules().forms)
    split_label(label, rules().forms)
