"""What patrons write."""

import pytest
from maild.parsers.patron_message import PatronMessage

from maild.core.request import Context
from maild.core.terms import EventName as E
from maild.core.terms import Kind
from tests.free_text import mail, read, rows, told
from tests.lexicons import reading_rules

CLEAR = [row for row in rows("act.toml") if row[1] == "p"]
FOR_STAFF = [row for row in rows("staff.toml") if row[1] == "p"]


@pytest.mark.parametrize(("language", "side", "text", "want"), CLEAR)
def test_a_clear_wish_is_read(language: str, side: str, text: str, want: str) -> None:
    reading = read(side, text)
    assert (told(reading), reading.doubts) == (want, ())
    assert (reading.kind, reading.language) == (Kind.PATRON_MESSAGE, language)


@pytest.mark.parametrize(("language", "side", "text", "why"), FOR_STAFF)
def test_what_is_not_certain_goes_to_staff(language: str, side: str, text: str, why: str) -> None:
    reading = read(side, text)
    assert reading.kind is Kind.PATRON_MESSAGE
    assert reading.doubts, (why, told(reading))


def test_who_says_it_was_returned_is_never_taken_at_the_word() -> None:
    reading = read("p", "Palautin kirjan jo viime viikolla.")
    assert [event.event for event in reading.events] == [E.CLAIMS_RETURNED]
    assert reading.doubts


@pytest.mark.parametrize("text", ["Huomenta kaikille! Kuka ehtii tiskille?", "Buy cheap watches now!", ""])
def test_chatter_from_a_stranger_is_no_message_of_a_patron(text: str) -> None:
    sent = mail(text, "someone@elsewhere.example", subject="hei")
    assert PatronMessage().read(sent, Context(our_addresses=("ill@library.example",)), reading_rules()) is None
