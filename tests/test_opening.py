"""Raw bytes become a Mail: what the contract of core/mail.py says, and nothing ever raises."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.mail import Mail
from maild.reading import quote_rules
from maild.reading.opening import MAX_NEW_CHARS, MAX_TEXT_CHARS, open_mail, part_bytes
from maild.reading.quote_rules import QuoteRules
from maild.rulebook import read_files

MAILS = Path(__file__).parent / "mails"
WRITTEN = [p for kind in ("opening", "broken") for p in sorted((MAILS / kind).glob("*.eml"))]
OURS = ("ill@library.example",)
HEAD = b"From: a@partner.example\nTo: ill@library.example\nSubject: x\n"


@pytest.fixture(scope="module")
def rules() -> QuoteRules:
    return quote_rules.load(read_files()[0])[0]


def _open(raw: bytes, rules: QuoteRules) -> Mail:
    return open_mail(raw, our_addresses=OURS, quotes=rules)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: p.stem)
def test_written_mail_opens_as_its_json_says(path: Path, rules: QuoteRules) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    del expected["why"]
    opened = json.loads(json.dumps(asdict(_open(path.read_bytes(), rules)), default=str))
    assert {key: opened[key] for key in expected} == expected


def test_envelope_and_time_of_the_caller_come_first() -> None:
    when = datetime(2026, 11, 5, tzinfo=UTC)
    raw = (
        b"Return-Path: <x@y.example>\nDelivered-To: ill+kp-2026-000009.s.abc@library.example\nCc: z@y.example\n" + HEAD
    )
    mail = open_mail(raw + b"\nHei", received_at=when, recipients=["ILL@library.example"], return_path="")
    assert (mail.received_at, mail.return_path) == (when, "")
    assert mail.recipients == (
        "ill@library.example",
        "ill+kp-2026-000009.s.abc@library.example",
        "z@y.example",
    )


def test_received_counts_before_date() -> None:
    raw = b"Received: by x; Wed, 04 Nov 2026 13:02:49 +0200\nDate: Tue, 03 Nov 2026 13:00:00 +0200\n" + HEAD + b"\nHei"
    mail = open_mail(raw)
    assert mail.received_at == datetime(2026, 11, 4, 11, 2, 49, tzinfo=UTC)
    assert mail.date == datetime(2026, 11, 3, 11, 0, tzinfo=UTC)


def test_few_headers_are_kept_with_lower_case_names() -> None:
    mail = open_mail(HEAD + b"Auto-Submitted: auto-replied\nX-Secret: 1\nList-ID: <a.b>\n\nHei")
    assert mail.header("auto-submitted") == "auto-replied"
    assert mail.header("list-id") == "<a.b>"
    assert mail.header("x-secret") == ""


def test_no_rules_still_cut_marked_quotes() -> None:
    assert open_mail(HEAD + b"\nKyll\xe4.\n> Hei\n-- \nAnna").new_text == "Kyllä."


def test_mail_that_is_too_much_is_shown_but_not_parsed() -> None:
    mail = open_mail(HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1100)
    assert mail.defects == ("guard:parts",)
    assert mail.from_address == "a@partner.example"
    assert mail.text.startswith("--b")
    assert mail.new_text == ""


def test_what_the_writer_wrote_is_cut_where_it_is_no_letter_any_more(rules: QuoteRules) -> None:
    own, quoted = (
        b"a line of the writer's own that is very long and says nothing new\n",
        b"> as long a line of ours, and of those there may be more\n",
    )
    for body in (own * (MAX_NEW_CHARS // len(own) + 2), b"x" * (MAX_NEW_CHARS + 1)):
        mail = _open(HEAD + b"\n" + body, rules)
        assert mail.defects == ("cut",)
        assert MAX_NEW_CHARS - len(own) < len(mail.new_text) <= MAX_NEW_CHARS
        assert mail.new_text == "\n".join(line.text for line in mail.lines)
    mail = _open(HEAD + b"\n" + own + quoted * (MAX_NEW_CHARS // len(quoted)), rules)
    assert (mail.defects, mail.new_text) == ((), own.decode().strip())


def test_long_text_is_cut_and_says_so(rules: QuoteRules) -> None:
    for body in (b"x" * (MAX_TEXT_CHARS + 1), b"a\n" * 2_001):
        mail = _open(HEAD + b"\n" + body, rules)
        assert "cut" in mail.defects
        assert len(mail.text) <= MAX_TEXT_CHARS
        assert len(mail.lines) <= 2_000


def test_html_of_a_reply_is_not_read_where_the_plain_text_is_good() -> None:
    plain = b"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nKirja on lainassa.\n"
    both = plain + b"--b\nContent-Type: text/html\n\n%b\n--b--"
    table = b"<p>Kirja on lainassa.</p><table><tr><td>Nimi</td><td>Anna</td></tr></table>"
    assert open_mail(HEAD + b"In-Reply-To: <a@library.example>\n" + both % table).rows == ()
    assert open_mail(HEAD + both % table).rows == (("Nimi", "Anna"),)


def test_parts_can_be_fetched_by_their_index() -> None:
    raw = (MAILS / "opening/copy-with-logo-and-winmail.eml").read_bytes()
    found = {a.sniffed: part_bytes(raw, a.index) for a in open_mail(raw).attachments}
    assert found["application/pdf"] == b"%PDF-1.4\nkopio\n"
    assert part_bytes(raw, 99) == b""
    assert part_bytes(b"\xff", 0) == b"\xff"


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Type: text/html\n\n" + b"<div>" * 40_000 + b"x",
        b"Content-Type: text/html\n\n" + b"<" * 300_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 50_000,
        b"Content-Type: text/html\n\n<table>" + b"<tr>" + b"<td>x" * 30_000,
        b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 100_000,
        b"\n" + b"> " * 200_000,
        b"\n" + b"on 3 wrote wrote: " * 10_000,
        b"\n" + b"a@" * 100_000,
        b"To: " + b"<" * 8000 + b"\nCc: " + b'\\"' * 4000 + b"\n\nx",
        b"Content-Type: text/plain;" + b" a*0=x;" * 2000 + b"\n\nx",
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"=\n" * 100_000,
    ],
    ids=lambda b: b[:50].decode("latin-1"),
)
def test_hostile_bodies_take_a_moment_only(body: bytes, rules: QuoteRules) -> None:
    start = time.thread_time()
    mail = _open(HEAD + body, rules)
    assert time.thread_time() - start < 3
    assert not [d for d in mail.defects if d.startswith("unreadable")]


SEEDS = [p.read_bytes() for p in WRITTEN]


@st.composite
def _mangled(draw: st.DrawFn) -> bytes:
    raw = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 40))] = draw(st.one_of(st.binary(max_size=8), st.sampled_from(TOKENS)))
    return bytes(raw)


TOKENS = [b"\n", b"\r", b"\n\n", b"\x00", b"\xff", b"--b", b"=?utf-8?q?=0D?=", b"<", b'"', b"Content-Type: ", b"From: "]


@settings(max_examples=150, deadline=None)
@given(st.one_of(_mangled(), st.binary(max_size=300)))
def test_no_bytes_make_it_raise_or_let_controls_through(rules: QuoteRules, raw: bytes) -> None:
    mail = _open(raw, rules)
    assert not [d for d in mail.defects if d.startswith("unreadable")]
    json.dumps(asdict(mail), default=str, ensure_ascii=False).encode()  # no lone surrogate anywhere
    assert not [c for c in mail.text + mail.new_text if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0]
    assert not [c for c in mail.subject + mail.from_name if ord(c) < 0x20 or 0x202A <= ord(c) <= 0x202E]


def test_foreign_mails_open_without_an_exception_and_soon(shared: Path, rules: QuoteRules) -> None:
    wrong = []
    for path in sorted((shared / "foreign").rglob("*")):
        if path.is_file():
            start = time.thread_time()
            mail = _open(path.read_bytes(), rules)
            if time.thread_time() - start > 2 or any(d.startswith("unreadable") for d in mail.defects):
                wrong.append((path.name, mail.defects))
    assert wrong == []
