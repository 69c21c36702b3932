"""What a partner's library system writes to our card there, where no table of its letters fits."""

import pytest

from maild.core.terms import EventName as E
from tests.free_text import read


@pytest.mark.parametrize(
    "text",
    [
        "Följande reservation finns att hämta: Barnmorskan i byn. Hämtas senast 27.11.2026",
        "Ihre Vormerkung liegt zur Abholung bereit.",
        "Your hold is available for pickup until 27 November.",
        "Varaamanne teos on noudettavissa 27.11. asti.",
        "Reserveringen din er klar til henting.",
        "Din reservering er klar til afhentning.",
    ],
)
def test_a_thing_that_waits_at_a_partners_desk_is_for_staff(text: str) -> None:
    assert read("s", text).doubts


@pytest.mark.parametrize(
    "text",
    [
        "The following items have been checked out to you, due 8 January 2027.",
        "Sie haben folgende Medien ausgeliehen, Leihfrist 8.1.2027",
        "In transit to borrower, due 8 January 2027.",
    ],
)
def test_what_is_lent_to_us_is_not_on_loan_to_somebody_else(text: str) -> None:
    reading = read("s", text)
    assert E.LOANED in {event.event for event in reading.events}
    assert reading.doubts or E.RETRY_POSSIBLE not in {event.event for event in reading.events}


def test_what_is_merely_in_transit_may_be_on_its_way_to_us() -> None:
    assert read("s", "It is in transit.").doubts


def test_terms_of_use_are_known_whichever_word_comes_first() -> None:
    (event,) = read("s", "Boken skickades i dag, åter 15.1.2027. Endast för läsning i biblioteket.").events
    assert (event.event, event.loan_condition) == (E.LOANED, ("LibraryUseOnly",))
