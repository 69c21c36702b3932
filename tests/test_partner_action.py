"""What borrowing libraries write about a running loan."""

import pytest

from maild.core.terms import Kind
from tests.free_text import context, read, rows, told

CLEAR = [row for row in rows("act.toml") if row[1] == "r"]
FOR_STAFF = [row for row in rows("staff.toml") if row[1] == "r"]


@pytest.mark.parametrize(("language", "side", "text", "want"), CLEAR)
def test_a_clear_wish_or_word_is_read(language: str, side: str, text: str, want: str) -> None:
    reading = read(side, text)
    assert (told(reading), reading.doubts) == (want, ())
    assert (reading.kind, reading.language) == (Kind.PARTNER_REQUEST, language)


@pytest.mark.parametrize(("language", "side", "text", "why"), FOR_STAFF)
def test_what_is_not_certain_goes_to_staff(language: str, side: str, text: str, why: str) -> None:
    reading = read(side, text)
    assert reading.kind is Kind.PARTNER_REQUEST
    assert reading.doubts, (why, told(reading))


def test_received_and_renew_go_together() -> None:
    reading = read("r", "The book arrived only today. Could you please renew it straight away?")
    assert (told(reading), reading.doubts) == ("Received, Renew", ())


def test_one_word_for_two_numbers_is_said_of_both() -> None:
    reading = read("r", "Palautettu tänään samassa paketissa.", subject="KP-2026-000464 ja KP-2026-000471")
    assert [event.request for event in reading.events] == ["KP-2026-000464", "KP-2026-000471"]


def test_a_supplier_is_no_requester() -> None:
    assert read("s", "Voisitteko uusia lainan?", about=context("s")).kind is Kind.PARTNER_REPLY
