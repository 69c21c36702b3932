"""The cheap look at raw bytes before any parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.reading import guard

HEAD = b"From: a@partner.example\nSubject: x\n"


def _multiparts(depth: int) -> bytes:
    return b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth))


@pytest.mark.parametrize(
    ("word", "raw"),
    [
        ("size", b"x" * (guard.MAX_MAIL_BYTES + 1)),
        ("lines", HEAD + b"\n" * (guard.MAX_LINES + 1)),
        ("header-block", (b"X-Long: " + b"x" * 1000 + b"\n") * 140 + b"\nbody"),
        ("header-lines", b"A: b\n" * 1002 + b"\nbody"),
        ("field", b"Subject: " + b"=?utf-8?q?a?= " * 1200 + b"\n\nbody"),
        ("field", b"From: " + b"a" * 999 + b"@partner.example\n\nbody"),
        ("field", HEAD + b"\n--b\nContent-Type: text/plain;" + b" a*0=x;" * 4000 + b"\n\nbody"),
        ("parts", HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 1001),
        ("parts", HEAD + b"Content-Type: message/delivery-status\r\n" + b"\r\n" * 50_000),
        ("depth", HEAD + _multiparts(31)),
        ("depth", HEAD + b"Content-Type: message/rfc822\n\n" * 40),
    ],
)
def test_what_is_too_much_has_its_word(word: str, raw: bytes) -> None:
    assert guard.check(raw) == word


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        HEAD + b"\nbody",
        HEAD + _multiparts(29),
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 900,
        HEAD + b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@b.example\n\n" * 1000,
        HEAD + b"\n" + b"-- a list with dashes\n" * 3000,  # not parts: no boundary names them
        HEAD + b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\nContent-Type: message/rfc822\n\nx\n" * 100,
    ],
)
def test_ordinary_mails_pass(raw: bytes) -> None:
    assert guard.check(raw) is None


def test_fields_are_unfolded_and_named_in_lower_case() -> None:
    header = b"Subject: one\r\n two\r\nno field\r\nX-A : b\r\n"
    assert list(guard.fields(header)) == [("subject", b"one two"), ("x-a", b"b")]


def test_key_is_the_same_however_the_mail_came() -> None:
    mail = HEAD + b"Date: Wed, 04 Nov 2026 13:02:49 +0200\n\nHei\nkirja\n"
    by_smtp = b"Return-Path: <a@partner.example>\r\nReceived: from x\r\n\tby y\r\n" + mail.replace(b"\n", b"\r\n")
    assert guard.mail_key(by_smtp) == guard.mail_key(mail) == guard.mail_key(mail.rstrip(b"\n"))


@pytest.mark.parametrize("change", [(b"Subject: x", b"Subject: y"), (b"kirja", b"kirjat"), (b"a@p", b"b@p")])
def test_key_differs_with_every_field_of_its_own_and_the_body(change: tuple[bytes, bytes]) -> None:
    mail = HEAD + b"\nHei\nkirja\n"
    assert guard.mail_key(mail) != guard.mail_key(mail.replace(*change))


@pytest.mark.parametrize(
    "name",
    ["From", "To", "Cc", "Date", "Message-ID", "Subject", "In-Reply-To", "References", "MIME-Version", "Content-Type"],
)
def test_key_differs_with_each_field_that_its_writer_gave_it(name: str) -> None:
    one, other = (f"{name}: {value}\r\n\r\nHei\r\n".encode() for value in ("a@b.example", "c@d.example"))
    assert guard.mail_key(one) != guard.mail_key(other)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_nothing_raises_for_any_bytes(raw: bytes) -> None:
    guard.check(raw)
    assert len(guard.mail_key(raw)) == 64
