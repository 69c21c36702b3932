"""Whole small mails in English and German: the outcome is read beside what changes nothing, half ones are not."""

import tomllib

import pytest

from maild.core.reading import Reading
from maild.core.terms import ServiceType
from tests.free_text import PDF, REPLIES, context, read, told

MAILS: dict[str, list[list[str]]] = tomllib.loads((REPLIES / "small_mails.toml").read_text("utf-8"))
HEDGED = {"en": "At least I think so.", "de": "Das glaube ich jedenfalls."}


def reading_of(side: str, text: str) -> Reading:
    """The text read; `sc` is a supplier who sends a PDF."""
    if side == "sc":
        return read("s", text, PDF, about=context("s", service=ServiceType.COPY))
    return read(side, text)


@pytest.mark.parametrize(("language", "side", "text", "want"), MAILS["act"])
def test_the_outcome_is_read_beside_what_changes_nothing(language: str, side: str, text: str, want: str) -> None:
    reading = reading_of(side, text)
    assert (told(reading), reading.doubts, reading.language) == (want, (), language)


@pytest.mark.parametrize(("language", "side", "text", "_want"), MAILS["act"])
def test_one_hedge_after_it_leaves_it_to_staff(language: str, side: str, text: str, _want: str) -> None:
    assert reading_of(side, f"{text}\n{HEDGED[language]}").doubts


@pytest.mark.parametrize(("_language", "side", "text"), MAILS["staff"])
def test_half_an_outcome_or_another_ones_goes_to_staff(_language: str, side: str, text: str) -> None:
    reading = reading_of(side, text)
    assert reading.doubts, told(reading)
