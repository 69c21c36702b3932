"""Reading a mail whole: the first parser that knows it, the request, and what makes any reading doubtful."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Parser, Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.reading.read import read_alone, read_mail
from maild.registry import GROUP, load_parsers
from tests.readings import shipped_reading_rules

NUMBER = "KP-2026-000001"
KNOWN = Context(
    our_addresses=("ill@library.test",),
    requests=(
        Request(
            number=NUMBER,
            role=Role.BORROWING,
            service_type=ServiceType.LOAN,
            status=Status.REQUESTED,
            partner_domains=("univ.test",),
        ),
    ),
)
LOANED = Reading(kind=Kind.PARTNER_REPLY, events=(Event(event=EventName.LOANED),))


class Knows:
    """A parser that reads every mail the same way, and keeps the mail that it was given."""

    def __init__(self, name: str, reading: Reading | None) -> None:
        self.name = name
        self.reading = reading
        self.seen: list[Mail] = []

    def read(self, mail: Mail, context: Context, rules: Any) -> Reading | None:
        self.seen.append(mail)
        return self.reading


def letter(**more: Any) -> Mail:
    return Mail(**{"subject": f"[{NUMBER}]", "new_text": "Kirja lähti tänään.", **more})


def read(mail: Mail, *parsers: Parser, context: Context = KNOWN) -> Reading:
    return read_mail(mail, context, shipped_reading_rules(), parsers)


def test_the_first_parser_that_knows_the_mail_reads_it_and_is_named() -> None:
    last = Knows("third", replace(LOANED, kind=Kind.WEB_FORM))
    reading = read(letter(), Knows("first", None), Knows("second", LOANED), last)
    assert (reading.by, reading.kind, reading.requests, reading.doubts) == (
        "second",
        Kind.PARTNER_REPLY,
        (NUMBER,),
        (),
    )
    assert last.seen == []


def test_a_mail_that_no_parser_knows_is_for_a_human() -> None:
    reading = read(letter(), Knows("first", None))
    assert (reading.kind, reading.events, reading.by, reading.language) == (Kind.UNKNOWN, (), "", "fi")
    assert [(doubt.reason, doubt.passage) for doubt in reading.doubts] == [("unclear", "Kirja lähti tänään.")]


@pytest.mark.parametrize(
    ("mail", "word"),
    [
        (letter(ambiguous=("from",)), "ambiguous"),
        (letter(defects=("guard:parts",)), "unreadable"),
        (letter(defects=("unreadable:LookupError",)), "unreadable"),
        (letter(defects=("cut",)), "cut"),
        (letter(forwarded=True), "forwarded"),
        (letter(headers=(("auto-submitted", "auto-replied"),)), "contradictory"),
        (letter(subject="[KP-2026-000002]"), "no-request"),
    ],
)
def test_what_is_odd_in_a_mail_makes_the_clearest_reading_doubtful(mail: Mail, word: str) -> None:
    assert [doubt.reason for doubt in read(mail, Knows("sure", LOANED)).doubts] == [word]


@pytest.mark.parametrize(
    "mail", [letter(defects=("charset",)), letter(headers=(("auto-submitted", "auto-generated"),))]
)
def test_what_is_common_in_mails_is_no_doubt(mail: Mail) -> None:
    assert read(mail, Knows("sure", LOANED)).doubts == ()


def test_a_form_or_report_may_be_passed_on() -> None:
    form = Reading(kind=Kind.WEB_FORM, events=(Event(event=EventName.REQUEST),))
    assert read(letter(forwarded=True), Knows("form", form)).doubts == ()


def test_the_parsers_own_doubts_come_first() -> None:
    hedged = replace(LOANED, doubts=(Doubt(reason="hedged", text="perhaps"),))
    assert [doubt.reason for doubt in read(letter(forwarded=True), Knows("sure", hedged)).doubts] == [
        "hedged",
        "forwarded",
    ]


def test_parsers_see_the_moment_at_which_we_took_the_mail() -> None:
    taken, stamped = datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 20, 8, tzinfo=UTC)
    parser = Knows("sure", LOANED)
    read(letter(received_at=stamped), parser, context=replace(KNOWN, received_at=taken))
    read(letter(received_at=stamped), parser)
    assert [mail.received_at for mail in parser.seen] == [taken, stamped]


def test_alone_a_mails_number_is_taken_at_its_word() -> None:
    reading = read_alone(letter(subject="[KP-2019-000777]"), shipped_reading_rules(), (Knows("sure", LOANED),))
    assert (reading.requests, reading.doubts) == (("KP-2019-000777",), ())


def test_the_shipped_parsers_stand_from_the_most_certain_to_the_least() -> None:
    assert [parser.name for parser in load_parsers()] == [
        "bounce",
        "library_system",
        "dialect",
        "auto_reply",
        "our_answers",
        "patron_details",
        "web_form",
        "partner_request",
        "partner_reply",
        "partner_action",
        "patron_message",
    ]


def test_an_installed_parser_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    class Point:
        name = "zine"

        def load(self) -> type[Knows]:
            return type("Zine", (Knows,), {"__init__": lambda self: Knows.__init__(self, "zine", None)})

    def points(*, group: str) -> list[Point]:
        return [Point()] if group == GROUP else []

    monkeypatch.setattr("maild.registry.entry_points", points)
    assert load_parsers()[-1].name == "zine"
