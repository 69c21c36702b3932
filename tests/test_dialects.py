"""Letters of library systems: one mail of each in tests/mails/dialects, with the expected reading beside it."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.dialect import DialectParser

from maild.core.mail import Mail
from maild.core.problems import RuleFile
from maild.core.reading import Reading
from maild.core.request import Context, Item, Request
from maild.core.terms import Role, ServiceType, Status
from maild.reading import rules as reading_rules
from maild.reading.dialects import load
from maild.reading.opening import open_mail
from maild.reading.phrase_files import load as load_phrases
from maild.reading.rules import ReadingRules
from maild.rulebook import read_files

ROOT = Path(__file__).parent.parent
MAILS = sorted((ROOT / "tests/mails/dialects").glob("*.eml"))


def shipped() -> dict[str, RuleFile]:
    """The shipped rules without phrases: a system's letter must be known by its table alone."""
    files = {}
    for path in (p for p in (ROOT / "rules").rglob("*.toml") if p.parent.name != "phrases"):
        name = path.relative_to(ROOT / "rules").as_posix()
        data = tomllib.loads(path.read_text("utf-8"))
        data.pop("schema", None)
        files[name] = RuleFile(name=name, data=data)
    return files


@pytest.fixture(scope="module")
def rules() -> ReadingRules:
    loaded, problems = reading_rules.load(
        shipped(), prefixes=("KP",), zone="Europe/Helsinki", our_addresses=("ill@library.example",)
    )
    assert loaded is not None, problems
    return loaded


@pytest.fixture(scope="module")
def reading_rules_whole() -> ReadingRules:
    """The shipped rules with their phrases."""
    files, _ = read_files()
    loaded, problems = reading_rules.load(
        files, prefixes=("KP",), zone="Europe/Helsinki", our_addresses=("ill@library.example",)
    )
    assert loaded is not None, problems
    return loaded


def read(mail: Mail, rules: ReadingRules, *requests: Request) -> Reading | None:
    return DialectParser().read(mail, Context(requests=requests, our_addresses=("ill@library.example",)), rules)


def as_json(reading: Reading | None) -> object:
    """What the .json beside a mail says: kind, doubts' words, and the facts that are set."""
    if reading is None:
        return None
    events = []
    for event in reading.events:
        facts = {name: getattr(event, name) for name in event.__slots__ if name not in {"passage", "attachment"}}
        events.append(
            {k: str(v) if k != "item_id" else list(v) for k, v in facts.items() if v not in (None, (), False)}
        )
        if event.cost is not None:
            events[-1]["cost"] = f"{event.cost.amount} {event.cost.currency}"
        if event.loan_condition:
            events[-1]["loan_condition"] = list(event.loan_condition)
    return {"kind": reading.kind, "doubts": [d.reason for d in reading.doubts], "events": events}


@pytest.mark.parametrize("path", MAILS, ids=[path.stem for path in MAILS])
def test_each_systems_letter_is_read_as_written_beside_it(path: Path, rules: ReadingRules) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert as_json(read(open_mail(path.read_bytes()), rules)) == expected["reading"], expected["why"]


def test_every_event_of_a_letter_has_a_mail_that_shows_it() -> None:
    readings = [json.loads(p.with_suffix(".json").read_text("utf-8"))["reading"] for p in MAILS]
    shown = {event["event"] for reading in readings if reading for event in reading["events"]}
    wanted = {
        "WillSupply", "ExpectToSupply", "Unfilled", "RetryPossible", "Loaned", "CopyCompleted", "RenewAccepted",
        "Recalled", "RenewRefused", "Overdue", "LoanCompleted", "Received", "ShippedReturn", "Renew", "Cancel", "Lost",
    }  # fmt: skip
    assert wanted <= shown


def plain(rules: ReadingRules, text: str, subject: str = "") -> Reading | None:
    raw = f"From: a@partner.example\nSubject: {subject}\nDate: Tue, 10 Nov 2026 05:30:40 +0200\n\n{text}"
    return read(open_mail(raw.encode(), quotes=rules.quotes), rules)


NOTICE = """PALAUTUSKEHOTUS

Lainaaja: Esimerkin kirjasto
Viite: KP-2026-000588
Teos: Rannat
Nide: 13000219876
Eräpäivä: 2.11.2026
"""


def test_a_persons_question_in_it_makes_it_no_systems_letter(rules: ReadingRules) -> None:
    assert plain(rules, NOTICE) is not None
    assert plain(rules, NOTICE + "\nLiittyykö tämä teihin?\n") is None


def test_an_answer_that_quotes_such_a_letter_is_not_one(rules: ReadingRules) -> None:
    quoted = "\n".join(f"> {line}" for line in NOTICE.splitlines())
    assert (
        plain(
            rules, f"Hei, kirja on jo palautettu.\n\nPohjola kirjoitti 10.11.2026:\n{quoted}\n", "Re: Palautuskehotus"
        )
        is None
    )


def test_our_own_letter_under_an_answer_is_never_read_as_theirs(rules: ReadingRules) -> None:
    ours = "Ok!\n\nHei, olemme lähettäneet lainan.\nTilausnumero: KP-2026-000291\nEräpäivä / Due date: 22.12.2026\n"
    title = "Kaukolaina lähetetty / Interlibrary loan shipped"
    assert plain(rules, ours, title) is not None
    for prefix in ("Re: ", "VS: ", "Ang.: ", "AW: ", "Antwort: "):
        assert plain(rules, ours, prefix + title) is None


def threaded(rules: ReadingRules, subject: str, text: str) -> Reading | None:
    head = f"From: a@partner.example\nSubject: {subject}\nDate: Tue, 10 Nov 2026 05:30:40 +0200"
    return read(open_mail(f"{head}\nIn-Reply-To: <1@library.example>\n\n{text}".encode(), quotes=rules.quotes), rules)


def test_a_system_may_thread_its_letter_to_ours(rules: ReadingRules) -> None:
    assert threaded(rules, "Palautuskehotus", NOTICE) is not None
    assert threaded(rules, "[KP-2026-000588] Lainatilaus / Loan order", NOTICE) is None
    assert threaded(rules, "Palautuskehotus", f"Hei!\n\n> {NOTICE.splitlines()[0]}\n> Hei\n") is None


def test_our_own_letter_pasted_into_an_answer_is_never_read_as_theirs(rules: ReadingRules) -> None:
    """Without a quote and under a new subject only our address tells whose letter it is."""
    ours = "Hei, olemme lähettäneet lainan.\nTilausnumero: KP-2026-000291\nEräpäivä / Due date: 22.12.2026\n"
    title = "Kaukolaina lähetetty / Interlibrary loan shipped"
    assert threaded(rules, title, f"Ok!\n\n{ours}") is not None
    assert threaded(rules, title, f"Ok!\n\n{ours}\nEsimerkin kirjasto\nILL@library.example\n") is None


PLAIN_LETTERS = {
    "Loaned": "ITEM SENT\nBorrower request #: KP-2026-000123\nTitle: Grain Barges\nItem barcode: 38210016554402\n"
    "Due: 14 January 2027\nQuestions? Call the lending desk, Mon-Fri 8-4.",
    "CopyCompleted": "Order complete\nYour order number: KP-2026-000123\nYour article can be fetched here:\n"
    "https://files.partner.example/g/Lw81\nDid something go wrong? Visit our support pages.",
    "Overdue": "TOINEN PALAUTUSPYYNTÖ\nViitteenne ..... KP-2026-000123\nNiteen numero .. 60010077342\n"
    "Palautettava ... 2.11.2026",
    "Renew": "ILL RENEWAL\nBorrower no.: SC-22\nLender no.: KP-2026-000123\nNow due: 20 Nov 2026",
    "RetryPossible": "Response to your request\nYour number: KP-2026-000123\nReason: Lainassa / On loan",
}


@pytest.mark.parametrize(("event", "text"), PLAIN_LETTERS.items())
def test_a_letter_of_a_system_that_no_file_knows_is_read_by_its_headline(
    reading_rules_whole: ReadingRules, event: str, text: str
) -> None:
    reading = plain(reading_rules_whole, text, text.splitlines()[0])
    assert reading is not None
    assert ([e.event.value for e in reading.events], reading.doubts) == ([event], ())


@pytest.mark.parametrize(("event", "text"), PLAIN_LETTERS.items())
def test_one_more_sentence_leaves_it_to_others(reading_rules_whole: ReadingRules, event: str, text: str) -> None:
    for more in ("Would another edition do?", "Unfortunately the second volume cannot be found at the moment."):
        assert plain(reading_rules_whole, f"{text}\n\n{more}", text.splitlines()[0]) is None, event


def test_prose_that_tells_of_another_outcome_leaves_the_letter_to_others(rules: ReadingRules) -> None:
    phrases: dict[str, object] = {
        "says": {"Unfilled": {"phrases": ["cannot supply"]}, "Loaned": {"phrases": ["has been shipped"]}},
        "staff": {"damaged": {"phrases": ["is damaged"]}},
    }
    lexicons, problems = load_phrases({"phrases/en.toml": RuleFile(name="phrases/en.toml", data=phrases)})
    assert problems == []
    with_words = replace(rules, lexicons=lexicons)
    letter = "Resource sharing item shipped\n{}" + SHIPPED
    assert plain(with_words, letter.format("The item has been shipped to you.")) is not None
    assert plain(with_words, letter.format("We cannot supply this.")) is None
    assert plain(with_words, letter.format("The item has been shipped but is damaged.")) is None


SHIPPED = "\n\nExternal ID: KP-2026-000123\nTitle: Salt roads\nDue date: 15 Dec 2026\n"


@pytest.mark.parametrize(
    ("headline", "is_letter"),
    [
        ("Resource sharing item shipped", True),
        ("Your interlibrary loan has not been shipped", False),
        ("Interlibrary loan will be shipped tomorrow", False),
        ("If the interlibrary loan is shipped", False),
        ("Interlibrary loan shipped back", False),
    ],
)
def test_a_headline_that_says_otherwise_is_no_banner(rules: ReadingRules, headline: str, is_letter: bool) -> None:
    assert (plain(rules, headline + SHIPPED) is not None) is is_letter


@pytest.mark.parametrize(
    "headline", ["Renewal request accepted", "Renewal request rejected", "Uusintapyyntö hyväksytty"]
)
def test_an_answer_to_a_request_is_not_the_request(rules: ReadingRules, headline: str) -> None:
    assert plain(rules, headline + SHIPPED) is None


def test_a_letter_of_two_meanings_is_left_to_others(rules: ReadingRules) -> None:
    assert plain(rules, NOTICE, "Lainat uusittu") is None


def test_a_note_that_somebody_wrote_goes_to_staff(rules: ReadingRules) -> None:
    reading = plain(rules, NOTICE + "Huomautus: palauttakaa pääkirjastoon, kiitos\n")
    assert reading is not None
    assert [d.reason for d in reading.doubts] == ["unclear"]


def test_a_day_that_cannot_be_goes_to_staff(rules: ReadingRules) -> None:
    reading = plain(rules, NOTICE.replace("2.11.2026", "31.11.2026"))
    assert reading is not None
    assert [d.reason for d in reading.doubts] == ["date"]
    assert reading.events[0].due_date is None


def test_a_number_of_theirs_beside_ours_is_no_second_thing(rules: ReadingRules) -> None:
    text = "RENEWAL REQUEST\n\nRequest number: 4471902\nLender's number: KP-2026-000123\nTitle: Rannat\n"
    raw = f"From: a@partner.example\nSubject: Renewal request 4471902\nDate: Tue, 10 Nov 2026 05:30:40 +0200\n\n{text}"
    reading = read(open_mail(raw.encode()), rules)
    assert reading is not None
    assert [event.event.value for event in reading.events] == ["Renew"]


def test_more_numbers_than_theirs_and_ours_are_as_many_things(rules: ReadingRules) -> None:
    numbers = (
        "Request number: 4471902\nLender's number: 8873111\nRequest number: 4471903\nLender's number: KP-2026-000123"
    )
    text = f"RENEWAL REQUEST\n\n{numbers}\nTitle: Rannat\n"
    raw = f"From: a@partner.example\nSubject: Renewal request 4471902\nDate: Tue, 10 Nov 2026 05:30:40 +0200\n\n{text}"
    reading = read(open_mail(raw.encode()), rules)
    assert reading is not None
    assert len(reading.events) > 1


def test_each_title_of_a_card_notice_is_tied_to_the_request_that_has_its_barcode(rules: ReadingRules) -> None:
    text = """Palautuskehotus

Teos: Rannat
Viivakoodi: 13000219876
Eräpäivä: 2.11.2026

Teos: Luodot
Viivakoodi: 13000219877
Eräpäivä: 3.11.2026
"""
    raw = f"From: a@partner.example\nSubject: Palautuskehotus\nDate: Tue, 10 Nov 2026 05:30:40 +0200\n\n{text}"
    requests = [
        Request(
            number=f"KP-2026-00000{n}", role=Role.BORROWING, service_type=ServiceType.LOAN, status=Status.WITH_PATRON,
            items=(Item(item_ids=(f"1300021987{5 + n}",)),),
        )
        for n in (1, 2)
    ]  # fmt: skip
    reading = read(open_mail(raw.encode()), rules, *requests)
    assert reading is not None
    assert [(e.request, str(e.due_date)) for e in reading.events] == [
        ("KP-2026-000001", "2026-11-02"),
        ("KP-2026-000002", "2026-11-03"),
    ]


def test_every_mistake_in_a_dialect_is_told_with_a_way_out() -> None:
    data: dict[str, object] = {
        "labels": {"colour": ["väri"]},
        "conditions": {"NoDogs": ["koira"]},
        "letters": [{"event": "Loaned"}, {"event": "Unfilled", "banner": ["(a"], "needs": ["smell"]}],
        "answers": [{"event": "Unfilled", "reason": "OnLoan", "says": ["x"]}],
        "lines": ["(?P<colour>x)", "("],
    }
    rules, problems = load({"dialects/own.toml": RuleFile(name="dialects/own.toml", data=data)})
    assert rules.dialects == ()
    assert {p.place for p in problems} == {"colour", "smell", "conditions.NoDogs", "letters", "answers", "(a", "lines"}
    assert all(p.file == "dialects/own.toml" and p.way_out for p in problems)


def test_an_unknown_key_in_a_dialect_is_told() -> None:
    _, problems = load({"dialects/own.toml": RuleFile(name="dialects/own.toml", data={"letter": []})})
    assert [p.place for p in problems] == ["letter"]


def test_a_site_adds_a_system_with_one_file(rules: ReadingRules) -> None:
    own: dict[str, object] = {
        "labels": {"answer": ["tilanne"]},
        "letters": [
            {
                "event": "LoanCompleted",
                "banner": ["kirjastojärjestelmä ilmoittaa"],
                "when": {"answer": ["^ palautunut $"]},
            }
        ],
    }
    files = {**shipped(), "dialects/own.toml": RuleFile(name="dialects/own.toml", data=own)}
    dialects, problems = load(files)
    assert problems == []
    reading = plain(replace(rules, dialects=dialects), "Kirjastojärjestelmä ilmoittaa\n\nTilanne: Palautunut\n")
    assert reading is not None
    assert [e.event for e in reading.events] == ["LoanCompleted"]


PIECES = [
    "Eräpäivä: ", "Due date", ": ", "2.11.2026", "99.99.", "\n", "Palautuskehotus", "Viite: ", "  ", "\t",
    "KP-2026-000123", "Nide: ", "13000219876", " / ", "Title: x", "....", "€", "Svar: 1", "\u2028", "?",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40),
    st.sampled_from(["", "Palautuskehotus", "Loan shipped", "Libris: svar"]),
)
def test_any_letter_made_of_their_pieces_is_read_without_an_error(
    rules: ReadingRules, pieces: list[str], subject: str
) -> None:
    reading = read(Mail(subject=subject, new_text="".join(pieces)), rules)
    assert reading is None or all(event.passage for event in reading.events)


@pytest.mark.parametrize(
    "line", ["." * 200, "a " * 100, "a. " * 60 + ":", "\t" * 100 + "x", "Due date " + " ." * 90, ": " * 90]
)
def test_hostile_lines_take_no_time(rules: ReadingRules, line: str) -> None:
    start = thread_time()
    read(Mail(new_text="\n".join([line] * 5_000)), rules)
    assert thread_time() - start < 3  # 0.3 s on the slowest machine seen; without the bounds it is minutes


LIBRIS = """\
From: Libris <noreply@partner.example>
Subject: Libris: status för KP-2026-000123
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

Beställningsnummer: KP-2026-000123
Svarskod: 7
Svarstext: Reserverad för er
Meddelande: {note}
"""


@pytest.mark.parametrize(
    ("note", "acts"),
    [
        ("KP-2026-000123", True),
        ("Tack för er beställning", True),
        ("Kanske hinner den inte fram till er i tid", False),
        ("Går det bra med den engelska upplagan?", False),
        ("Kommer 14.12.", False),
        ("Gäller också KP-2026-000124", False),
    ],
)
def test_a_note_in_a_systems_letter_is_read_like_any_free_text(
    note: str, acts: bool, reading_rules_whole: ReadingRules
) -> None:
    reading = read(open_mail(LIBRIS.format(note=note).encode()), reading_rules_whole)
    assert reading is not None
    assert [event.event for event in reading.events] == ["ExpectToSupply"]
    assert (not reading.doubts) is acts
