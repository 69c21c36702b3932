"""Reports about letters that did not arrive: every recipient, failed or only late, and no mail that is no report."""

import json
from dataclasses import replace
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.bounce import BounceParser

from maild.core.mail import DeliveryStatus, Mail
from maild.core.request import Context
from maild.reading.bounces import failures, is_report
from maild.reading.opening import open_mail
from tests.readings import OURS, expected, mails_of, opened, shipped_reading_rules, shown


@pytest.mark.parametrize("path", mails_of("bounce"), ids=lambda path: path.stem)
def test_a_report_is_read_as_its_label_says(path: Path) -> None:
    want = expected(path)
    reading = BounceParser().read(opened(path), Context(our_addresses=OURS), shipped_reading_rules())
    assert shown(reading, want or ()) == want


def test_the_recipient_of_an_event_is_told_with_the_code_and_words_of_the_report() -> None:
    path = next(path for path in mails_of("bounce") if path.stem == "gmx-quoted-en")
    reading = BounceParser().read(opened(path), Context(), shipped_reading_rules())
    assert reading is not None
    assert reading.events[0].note is not None
    assert reading.events[0].note.startswith("5.1.1 ")
    assert "User Unknown" in reading.events[0].passage


def report(text: str, **more: object) -> Mail:
    values: dict[str, object] = {
        "return_path": "",
        "from_address": "mailer-daemon@mx.test",
        "subject": "failure notice",
    }
    return Mail(text=text, **{**values, **more})  # type: ignore[arg-type]  # the fields of Mail, by name


def test_our_own_address_in_the_words_of_a_report_is_no_recipient() -> None:
    text = "Delivery to the following recipients failed:\n\n  loans@one.test\n  ill@library.test (sender)\n"
    found = failures(report(text), OURS)
    assert [status.recipient for status in found] == ["loans@one.test"]


def test_addresses_of_the_returned_letter_are_no_recipients() -> None:
    text = (
        "Your message could not be delivered.\n\n--- Below this line is a copy of the message.\n\n<a@b.test>:\nhello\n"
    )
    assert failures(report(text)) == ()


def test_a_report_that_names_nobody_is_about_whom_the_returned_letter_went_to() -> None:
    found = failures(report("Delivery failed.", returned_headers=(("to", "Loans <loans@one.test>"),)))
    assert [status.recipient for status in found] == ["loans@one.test"]


def test_fields_that_name_no_address_give_way_to_the_text() -> None:
    mail = report(
        "could not be delivered to:\n  loans@one.test\n",
        deliveries=(DeliveryStatus(recipient="|/usr/bin/procmail"), DeliveryStatus(recipient="@one.test:loans@server")),
        report_type="delivery-status",
    )
    assert [status.recipient for status in failures(mail)] == ["loans@one.test"]


def test_an_action_of_failure_stands_whatever_the_text_says() -> None:
    mail = report(
        "The mailbox is full. Try again later. This is a warning only.",
        deliveries=(DeliveryStatus(recipient="Loans@One.test", action="failed"),),
    )
    assert failures(mail) == (DeliveryStatus(recipient="loans@one.test", action="failed"),)


def test_a_mail_with_a_senders_name_is_a_report_only_by_a_mail_systems() -> None:
    person = report("could not be delivered to: loans@one.test", return_path="a@univ.test", from_address="a@univ.test")
    assert not is_report(person)
    assert is_report(replace(person, return_path=""))
    assert is_report(replace(person, headers=(("x-failed-recipients", "loans@one.test"),)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_of_a_report_raises(text: str, subject: str) -> None:
    failures(report(text, subject=subject))
    BounceParser().read(report(text, subject=subject), Context(), shipped_reading_rules())


@pytest.mark.parametrize(
    "piece", ["a@", "<", "-" * 30, " ", "following recipients ", "a.", "550 5.1.1 <", "delivery to ", "received"]
)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        mail = report("could not be delivered\n" + piece * (length // len(piece)))
        start = thread_time()
        failures(mail)
        return thread_time() - start

    short = min(seconds(4_000) for _ in range(3))
    long = min(seconds(16_000) for _ in range(3))
    assert long < 12 * short + 0.05  # four times the text


def test_recipients_of_foreign_reports_are_found(shared: Path) -> None:
    folder = shared / "foreign" / "bounces"
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines()]
    labels = [label for label in labels if label["reason"] not in {"feedback", "delivered", "vacation"}]
    right = 0
    for label in labels:
        mail = open_mail((folder / label["file"]).read_bytes())
        found = failures(mail) if is_report(mail) else ()
        right += {status.recipient for status in found} == {recipient.lower() for recipient in label["recipients"]}
    assert right / len(labels) >= 0.93


def test_no_report_is_seen_in_foreign_mails_that_are_none(shared: Path) -> None:
    rules = shipped_reading_rules()
    paths = [*(shared / "foreign" / "not-bounces").glob("*.eml"), *(shared / "corpus").glob("*.eml")]
    read = [path.name for path in paths if BounceParser().read(open_mail(path.read_bytes()), Context(), rules)]
    assert all("-bounce-" in name for name in read)
    assert read
