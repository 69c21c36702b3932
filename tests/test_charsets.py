"""Bytes become text whatever charset they claim."""

import pytest

from maild.reading.charsets import decode


@pytest.mark.parametrize(
    ("data", "charset", "text", "defect"),
    [
        ("Eräpäivä".encode(), "utf-8", "Eräpäivä", ""),
        (b"Er\xe4p\xe4iv\xe4", "ISO-8859-1", "Eräpäivä", ""),
        (b"10 \x80", "iso-8859-1", "10 €", ""),  # windows-1252 under a wrong name
        (b"10 \xa4", "iso-8859-15", "10 €", ""),
        ("Eräpäivä".encode(), "iso-8859-1", "Eräpäivä", "charset"),  # UTF-8 under a wrong name
        ("Eräpäivä".encode(), "us-ascii", "Eräpäivä", "charset"),
        (b"Er\xe4p\xe4iv\xe4", "us-ascii", "Eräpäivä", "charset"),
        (b"Er\xe4p\xe4iv\xe4", "utf-8", "Eräpäivä", "charset"),
        ("Eräpäivä".encode(), "", "Eräpäivä", ""),
        (b"Er\xe4p\xe4iv\xe4", "x-unknown", "Eräpäivä", "charset"),
        (b"+AOQ-", "utf-7", "+AOQ-", "charset"),  # never decoded: it hides text from every other reader
        (b"x", "a\x00b", "x", "charset"),
        ("ä".encode("utf-16"), "utf-16", "ä", ""),
    ],
)
def test_declared_else_utf8_else_windows_1252(data: bytes, charset: str, text: str, defect: str) -> None:
    assert decode(data, charset) == (text, defect)
