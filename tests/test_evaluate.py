"""parse, explain and eval without a database: the contract's object, the moment of a mail, and the scores."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.core.effects import Decision
from maild.core.mail import Mail
from maild.core.reading import Citation, Doubt, Event, Money, NewRequest, Person, Reading
from maild.core.request import Context
from maild.core.terms import EventName, Kind, ServiceType
from maild.evaluate import evaluate, explain, judge, load_contexts, now_of, parse_files, reading_json
from maild.reading.today import NO_TIME
from maild.scores import score
from tests.house import shipped_rules
from tests.readings import shipped_reading_rules

NUMBER = "KP-2026-000123"
MORNING, NOON, EVENING = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (8, 12, 18))
MAIL = Mail(message_id="<1@univ.test>")
KEYS = ["file", "message_id", "kind", "request", "language", "auto", "review", "absent_until", "events", "by"]


def shown(reading: Reading, *, auto: bool = True) -> dict[str, Any]:
    return reading_json("one.eml", MAIL, Decision(auto=auto, reading=reading, why="because"))


# The contract's object


def test_an_object_has_the_contracts_keys_and_an_event_only_what_was_stated() -> None:
    event = Event(
        event=EventName.LOANED,
        due_date=date(2026, 12, 14),
        item_id=("30123",),
        cost=Money(amount=Decimal("12.50"), currency="EUR"),
        passage="lähti tänään",
        supplier_ref="S-1",
        no_renewal=True,
        note="kiitos",
    )
    one = shown(
        Reading(kind=Kind.PARTNER_REPLY, requests=(NUMBER,), language="fi", events=(event,), by="partner_reply")
    )
    assert list(one) == KEYS
    assert one["request"] == NUMBER
    assert one["review"] is None
    assert one["events"] == [
        {
            "event": "Loaned",
            "due_date": "2026-12-14",
            "cost": {"amount": "12.50", "currency": "EUR"},
            "item_id": "30123",
        }
    ]
    json.dumps(one)


def test_several_requests_stand_with_their_events_and_not_above_them() -> None:
    events = tuple(
        Event(event=EventName.SHIPPED_RETURN, request=f"KP-2026-00000{n}", item_id=("a", "b")) for n in (1, 2)
    )
    one = shown(Reading(kind=Kind.PARTNER_REQUEST, requests=("KP-2026-000001", "KP-2026-000002"), events=events))
    assert one["request"] is None
    assert [event["request"] for event in one["events"]] == ["KP-2026-000001", "KP-2026-000002"]
    assert one["events"][0]["item_id"] == ["a", "b"]


def test_a_new_request_is_flat_with_its_people_as_tables() -> None:
    new = NewRequest(
        service_type=ServiceType.COPY,
        citation=Citation(title="Acta", article_title="On examples", doi="10.5555/1"),
        need_before=date(2026, 12, 1),
        max_cost=Money(amount=Decimal("10.00"), currency="EUR"),
        abroad_ok=True,
        language="fi",
        patron=Person(name="Aino", email="aino@students.test"),
    )
    one = shown(Reading(kind=Kind.WEB_FORM, events=(Event(event=EventName.REQUEST, new_request=new),)))
    assert one["events"][0]["new_request"] == {
        "service_type": "Copy",
        "title": "Acta",
        "article_title": "On examples",
        "doi": "10.5555/1",
        "need_before": "2026-12-01",
        "max_cost": {"amount": "10.00", "currency": "EUR"},
        "abroad_ok": True,
        "patron": {"name": "Aino", "email": "aino@students.test"},
    }


def test_what_is_left_to_staff_says_why_with_the_first_passage() -> None:
    doubts = (Doubt(reason="hedged", text="It hedges.", passage="ehkä"), Doubt(reason="date", text="No date."))
    left = shown(Reading(kind=Kind.PARTNER_REPLY, doubts=doubts), auto=False)
    assert left["review"] == {"reason": "hedged", "text": "It hedges. No date.", "passage": "ehkä"}
    assert shown(Reading(), auto=False)["review"] == {"reason": "unclear", "text": "because", "passage": ""}
    details = Event(event=EventName.DETAILS, citation=Citation(year="2001"))
    told = shown(Reading(kind=Kind.PATRON_MESSAGE, events=(details,)))["events"]
    assert told == [{"event": "Details", "citation": {"year": "2001"}}]
    back = shown(Reading(kind=Kind.AUTO_REPLY, absent_until=date(2026, 12, 1)))
    assert (back["absent_until"], back["events"]) == ("2026-12-01", [])


# The moment of a mail


def test_the_moment_is_the_override_then_the_contexts_then_the_mails_own_never_the_clocks() -> None:
    mail = replace(MAIL, received_at=NOON, date=MORNING)
    known = Context(received_at=EVENING)
    assert now_of(mail, known, MORNING) == MORNING
    assert now_of(mail, known, None) == EVENING
    assert now_of(mail, Context(), None) == NOON
    assert now_of(replace(mail, received_at=None), None, None) == MORNING
    assert now_of(MAIL, None, None) == NO_TIME


# A labelled folder

REPORT = """\
Return-Path: <>
Received: from mx.one.test by mx.library.test; Mon, 16 Nov 2026 09:00:00 +0200
From: MAILER-DAEMON@mx.one.test
To: ill@library.test
Subject: failure notice
Date: Mon, 16 Nov 2026 09:00:00 +0200
Content-Type: text/plain; charset=utf-8

Hi. This is the qmail-send program. I'm afraid I wasn't able to deliver your message.

<loans@one.test>:
Sorry, no mailbox here by that name.

--- Below this line is a copy of the message.

Subject: [KP-2026-000123] Interlibrary loan request
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A site's labelled mails: a report about a letter, and a mail that says nothing."""
    (tmp_path / "report.eml").write_text(REPORT, "utf-8")
    (tmp_path / "chat.eml").write_text("From: a@b.test\nSubject: Hei\n\nTavataan keskiviikkona.\n", "utf-8")
    labels = [
        {
            "file": "report.eml",
            "kind": "bounce",
            "request": NUMBER,
            "language": "en",
            "auto": True,
            "events": [{"event": "DeliveryFailed", "recipient": "loans@one.test"}],
        },
        {"file": "chat.eml", "kind": "unknown", "request": None, "language": "fi", "auto": False, "events": []},
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)), "utf-8")
    known = {
        "file": "report.eml",
        "received_at": "2026-11-16T09:00:02+02:00",
        "our_addresses": ["ill@library.test"],
        "authserv_id": "mx.library.test",
        "requests": [
            {
                "number": NUMBER,
                "role": "borrowing",
                "service_type": "Loan",
                "status": "Requested",
                "partner_domains": ["one.test"],
                "partner_address": None,
                "patron_email": "aino@students.test",
                "mailed": ["loans@one.test"],
                "letters": [],
                "renewal_pending": False,
            }
        ],
    }
    (tmp_path / "context.jsonl").write_text(json.dumps(known), "utf-8")
    return tmp_path


def rules() -> tuple[Any, Any, Any]:
    from maild.registry import load_parsers

    return shipped_rules(), shipped_reading_rules(), load_parsers()


def test_with_a_context_the_whole_road_is_taken_and_without_one_the_text_alone_is_judged(archive: Path) -> None:
    report = archive / "report.eml"
    contexts = load_contexts(archive / "context.jsonl")
    [known] = parse_files([report], contexts, *rules())
    [alone] = parse_files([report], None, *rules())
    assert known["auto"] is alone["auto"] is True
    assert known["request"] == alone["request"] == NUMBER
    stranger = {"report.eml": replace(contexts["report.eml"], requests=())}
    [unknown] = parse_files([report], stranger, *rules())
    assert unknown["auto"] is False


def test_the_same_files_give_the_same_objects(archive: Path) -> None:
    files = sorted(archive.glob("*.eml"))
    contexts = load_contexts(archive / "context.jsonl")
    assert list(parse_files(files, contexts, *rules())) == list(parse_files(files, contexts, *rules()))


def test_an_explanation_shows_parser_passage_and_what_is_done(archive: Path) -> None:
    told = explain(judge(archive / "report.eml", load_contexts(archive / "context.jsonl"), *rules()))
    assert "bounce, read by bounce" in told
    assert "DeliveryFailed: recipient loans@one.test" in told
    assert "acts" in told
    assert "files the mail under done" in told
    left = explain(judge(archive / "chat.eml", None, *rules()))
    assert "left to staff" in left
    assert "| Tavataan" in left or "> Tavataan" in left


def test_a_line_that_is_no_context_is_named(tmp_path: Path) -> None:
    path = tmp_path / "context.jsonl"
    path.write_text('{"file": "a.eml"}\n{"file": "b.eml", "requests": [{"role": "sideways"}]}\n', "utf-8")
    with pytest.raises(ValueError, match="line 2"):
        load_contexts(path)


def test_a_folder_is_scored_by_kind_language_and_event(archive: Path) -> None:
    scores = evaluate(archive, *rules())
    assert scores.total == {"right": 1, "left": 1}
    assert scores.by["kind"]["bounce"] == {"right": 1}
    assert scores.by["event"]["DeliveryFailed"] == {"right": 1}
    assert scores.failures == ()
    assert "no failures" in scores.text()


def test_the_scores_are_json_for_scripts(archive: Path) -> None:
    said = CliRunner().invoke(app, ["eval", str(archive), "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.output)
    assert told["total"] == {"right": 1, "left": 1}
    assert told["by"]["kind"]["bounce"] == {"right": 1}
    assert told["failures"] == []


@pytest.mark.timeout(180)
def test_the_readme_tells_what_is_read_of_the_labelled_mails(shared: Path) -> None:
    total = evaluate(shared / "corpus", *rules()).total
    readme = " ".join((Path(__file__).parent.parent / "README.md").read_text("utf-8").split())
    assert total["wrong"] == 0
    assert f"Of {total['right'] + total['missed']} labelled mails that a careful librarian" in readme
    assert f"act on, it acts on {total['right']} and on none wrongly" in readme


# The scores

STATED = {"event": "Loaned", "due_date": "2026-12-14", "item_id": "301"}
LABEL: dict[str, Any] = {
    "file": "a.eml",
    "kind": "partner-reply",
    "request": NUMBER,
    "language": "fi",
    "auto": True,
    "events": [STATED],
}


def verdict(reading: dict[str, Any], **label: Any) -> str:
    [only] = score([{**LABEL, **label}], [{**LABEL, **reading}]).total
    return only


@pytest.mark.parametrize(
    ("reading", "label", "word"),
    [
        ({}, {}, "right"),
        ({"events": [{"event": "Loaned", "due_date": "2026-12-14"}]}, {}, "right"),
        ({"events": [{"event": "Loaned", "due_date": "2026-12-15"}]}, {}, "wrong"),
        ({"events": [{"event": "Unfilled"}]}, {}, "wrong"),
        ({"events": [STATED, {"event": "Overdue"}]}, {}, "wrong"),
        ({"events": [STATED, {"event": "Notification"}]}, {}, "right"),
        ({"request": "KP-2026-000124"}, {}, "wrong"),
        ({"auto": False}, {}, "missed"),
        ({"events": []}, {}, "missed"),
        ({}, {"auto": False}, "wrong"),
        ({"events": []}, {"auto": False}, "wrong"),
        ({"auto": False}, {"auto": False}, "left"),
        ({"events": []}, {"events": []}, "quiet"),
        ({"auto": False, "events": []}, {"events": []}, "left"),
    ],
)  # fmt: skip
def test_a_wrong_act_is_told_from_one_left_to_staff(reading: dict[str, Any], label: dict[str, Any], word: str) -> None:
    assert verdict(reading, **label) == word


def new(**facts: Any) -> dict[str, Any]:
    work = {
        "service_type": "Loan",
        "title": "Talvi.",
        "isbn": "951-999-412-2",
        "patron": {"email": "A@b.test"},
        **facts,
    }
    return {"request": None, "events": [{"event": "Request", "new_request": work}]}


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"title": "talvi", "isbn": "9519994122"}, "right"),
        ({"publisher": "Kevät"}, "right"),
        ({"title": "Kesä"}, "wrong"),
        ({"service_type": "Copy"}, "wrong"),
        ({"patron": {"email": "c@d.test"}}, "wrong"),
    ],
)
def test_another_work_person_or_service_is_a_wrong_request(facts: dict[str, Any], word: str) -> None:
    assert verdict(new(**facts), **new()) == word


def test_a_labelled_mail_that_was_not_read_counts_as_left_to_staff() -> None:
    scores = score([LABEL], [])
    assert scores.total == {"missed": 1}
    assert [failure.verdict for failure in scores.failures] == ["kind", "missed"]
    assert "missed" in scores.text()


def test_terms_of_an_offer_must_agree() -> None:
    offer = {"event": "RetryPossible", "reason": "CostExceedsMaxCost", "cost": {"amount": "12,5", "currency": "eur"}}
    same = {**offer, "cost": {"amount": "12.50", "currency": "EUR"}}
    assert verdict({"events": [same]}, events=[offer]) == "right"
    assert verdict({"events": [{**same, "reason": "OnLoan"}]}, events=[offer]) == "wrong"
    assert verdict({"events": [{**same, "loan_condition": ["NoReproduction"]}]}, events=[offer]) == "wrong"
