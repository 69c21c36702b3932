"""The reader process: what it reads, and what becomes of a batch when one of its mails kills it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reader import Failed, Opened, Part, Reader, ReaderFailed, ToOpen
from maild.reader.wire import ORDER, Order, send
from maild.reader.within import InProcessReader
from maild.reading import rules as reading_rules
from maild.reading.rules import ReadingRules
from maild.rulebook import policy_of, read_files
from maild.settings import Settings

SETTINGS = Settings()
POLICY = policy_of(SETTINGS)
MAILS = Path(__file__).parent / "mails/opening"


def _mail(subject: str) -> ToOpen:
    return ToOpen(raw=f"From: a@partner.example\nTo: ill@library.example\nSubject: {subject}\n\nHei {subject}".encode())


@pytest.fixture(scope="module")
def rules() -> ReadingRules:
    loaded, problems = reading_rules.load(
        read_files()[0], prefixes=("KP",), zone="Europe/Helsinki", our_addresses=SETTINGS.our_addresses
    )
    assert loaded is not None, problems
    return loaded


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """A child that obeys the subjects of mails (reader_child.py), with two seconds a mail."""
    child = Path(__file__).parent / "reader_child.py"
    made = Reader(
        read_files()[0], POLICY, SETTINGS.our_addresses, command=(sys.executable, str(child)), wall_seconds=2.0
    )
    yield made
    made.close()


def _subjects(opened: list[Opened | Failed]) -> list[str]:
    return [one.mail.subject if isinstance(one, Opened) else one.why for one in opened]


def test_batch_is_opened_and_read_in_order(reader: Reader) -> None:
    opened = reader.open([_mail("one"), _mail("two"), _mail("three")])
    assert _subjects(opened) == ["one", "two", "three"]
    readings = reader.read([Context(), None, Context()])
    assert readings[1] is None
    texts = [r.doubts[0].passage if isinstance(r, Reading) else "" for r in readings]
    assert texts == ["Hei one", "", "Hei three"]


def test_process_knows_no_keys_and_no_environment_of_ours(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILD_SECRET", "x")
    reader.close()
    reader.open([_mail("one")])
    (reading,) = reader.read([Context(reply_key="c0ffee", old_reply_keys=("beef",))])
    assert isinstance(reading, Reading)
    assert "c0ffee" not in reading.doubts[0].text
    assert "MAILD_SECRET" not in reading.doubts[0].text


@pytest.mark.parametrize(
    ("fault", "why"), [("die", "died"), ("hang", "more than 2 seconds"), ("eat", "MemoryError"), ("raise", "by order")]
)
def test_only_the_mail_at_fault_fails(reader: Reader, fault: str, why: str) -> None:
    reader.open([_mail("one"), _mail(fault), _mail("three")])
    first, failed, last = reader.read([Context()] * 3)
    assert isinstance(failed, Failed)
    assert why in failed.why
    assert failed.trace
    assert isinstance(first, Reading)
    assert isinstance(last, Reading)
    assert last.doubts[0].passage == "Hei three"
    assert (first.language == last.language) is (fault in {"eat", "raise"})  # the others cost the child its life


def test_mail_of_the_batch_can_be_read_again_after_the_child_died(reader: Reader) -> None:
    reader.open([_mail("one"), _mail("die")])
    reader.read([None, Context()])
    (reading, _) = reader.read([Context(), None])
    assert isinstance(reading, Reading)
    assert reading.doubts[0].passage == "Hei one"


def test_files_come_out_as_they_are(reader: Reader) -> None:
    raw = (MAILS / "copy-with-logo-and-winmail.eml").read_bytes()
    assert reader.parts(raw, [2, 99]) == [Part(name="särtryck.pdf", type="application/pdf", data=b"%PDF-1.4\nkopio\n")]
    assert _subjects(reader.open([_mail("after")])) == ["after"]


def test_reader_that_cannot_start_says_why() -> None:
    with pytest.raises(ReaderFailed, match=r"quotes\.toml"):
        Reader({}, POLICY, ()).open([_mail("one")])
    with pytest.raises(ReaderFailed, match="did not start"):
        Reader({}, POLICY, (), command=(sys.executable, "-c", "pass")).open([_mail("one")])


def test_process_whose_parent_was_killed_ends_without_a_word() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "maild.reader", str(theirs.fileno())]
    with theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE) as child:
        send(ours, ORDER.dump_json(Order(do="start")))
        ours.close()  # before it can answer: it has not even been imported yet
        theirs.close()
        _, told = child.communicate(timeout=50)
    assert (told.decode(), child.returncode) == ("", 0)


def test_shipped_process_reads_as_the_one_within(rules: ReadingRules) -> None:
    shipped = Reader(read_files()[0], POLICY, SETTINGS.our_addresses)
    within = InProcessReader(rules)
    mails = [ToOpen(raw=p.read_bytes(), return_path="") for p in sorted(MAILS.glob("*.eml"))]
    try:
        assert shipped.open(mails) == within.open(mails)
        contexts = [Context(our_addresses=SETTINGS.our_addresses)] * len(mails)
        assert shipped.read(contexts) == within.read(contexts)
    finally:
        shipped.close()


def test_reader_within_fails_one_mail_and_reads_the_others(rules: ReadingRules) -> None:
    class Raising:
        name = "raising"

        def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
            if mail.subject == "raise":
                raise KeyError("by order")
            return Reading(kind=Kind.UNKNOWN)

    within = InProcessReader(rules, [Raising()])
    within.open([_mail("raise"), _mail("one")])
    failed, reading = within.read([Context(), Context()])
    assert isinstance(failed, Failed)
    assert "KeyError" in failed.trace
    assert isinstance(reading, Reading)
