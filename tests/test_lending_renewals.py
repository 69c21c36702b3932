from dataclasses import replace
from datetime import date

import pytest

from maild.core.lending_renewals import command, ruling
from maild.core.reading import Event
from maild.core.request import Item, Request
from maild.core.terms import EventName, Flag
from maild.core.workflow import LoanTerms
from tests.house import NUMBER, lending, shipped_rules

TERMS = LoanTerms(
    renewal_days=28,
    renewal_window_days=14,
    max_renewals=2,
    max_total_days=90,
    renews_by_itself=True,
    renewals_to_staff=("overdue",),
)
LENT = lending(items=(Item(id=1, item_ids=("77",), due_date=date(2026, 12, 15)),), loaned_on=date(2026, 11, 17))
DAY = date(2026, 12, 7)
CALENDAR = shipped_rules().calendar
WISH = Event(event=EventName.RENEW, request=NUMBER)


def answered(loan: Request = LENT, day: date = DAY, wish: Event = WISH, terms: LoanTerms = TERMS) -> Event | None:
    found = ruling(loan, wish, day, terms, CALENDAR)
    return found.answer if found.by_itself else None


def test_a_renewal_lasts_until_an_open_day() -> None:
    assert answered() == Event(event=EventName.RENEW_ACCEPTED, request=NUMBER, due_date=date(2027, 1, 12))
    sunday = replace(LENT, items=(Item(id=1, due_date=date(2026, 12, 13)),))
    assert answered(sunday) == Event(event=EventName.RENEW_ACCEPTED, request=NUMBER, due_date=date(2027, 1, 11))


def test_no_longer_than_they_wish() -> None:
    granted = answered(wish=replace(WISH, due_date=date(2026, 12, 22)))
    assert granted is not None
    assert granted.due_date == date(2026, 12, 22)


def test_a_wish_that_ends_before_the_loan_does_is_for_staff() -> None:
    assert answered(wish=replace(WISH, due_date=date(2026, 12, 10))) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"flags": frozenset({Flag.WAITED_FOR})}, "OnLoan"),
        ({"flags": frozenset({Flag.RECALLED})}, "recalled"),
        ({"flags": frozenset({Flag.LIBRARY_USE_ONLY})}, "library use only"),
        ({"renewals": 2}, "at most 2 renewals"),
        ({"loaned_on": date(2026, 9, 1)}, "at most 90 days in all"),
    ],
)
def test_each_rule_says_no_with_its_reason(changed: dict[str, object], reason: str) -> None:
    refused = answered(replace(LENT, **changed))  # type: ignore[arg-type]  # fields of a request
    assert refused == Event(event=EventName.RENEW_REFUSED, request=NUMBER, reason=reason)


def test_what_a_rule_leaves_to_staff_is_not_said_by_itself() -> None:
    overdue = ruling(LENT, WISH, date(2026, 12, 30), TERMS, CALENDAR)
    assert (overdue.by_itself, overdue.answer) == (
        False,
        Event(event=EventName.RENEW_REFUSED, request=NUMBER, reason="overdue"),
    )
    counted = replace(TERMS, renewals_to_staff=("at most",))
    assert answered(replace(LENT, renewals=2), terms=counted) is None


@pytest.mark.parametrize(
    "loan",
    [
        replace(LENT, items=(*LENT.items, Item(id=2, due_date=date(2027, 1, 4)))),
        replace(LENT, items=()),
        replace(LENT, renewal_pending=True),
    ],
)
def test_where_no_rule_can_tell_staff_do(loan: Request) -> None:
    assert ruling(loan, WISH, DAY, TERMS, CALENDAR).answer is None


def test_a_second_wish_does_not_make_the_loan_longer_again() -> None:
    granted = replace(LENT, items=(Item(id=1, due_date=date(2027, 1, 12)),), renewals=1)
    assert answered(granted) is None


def test_staff_get_the_command_that_says_the_same() -> None:
    granted = answered()
    assert granted is not None
    assert command(granted) == f"maild request do {NUMBER} RenewAccepted due_date=2027-01-12"


def test_only_the_items_that_they_ask_for_are_renewed() -> None:
    two = replace(LENT, items=(*LENT.items, Item(id=2, item_ids=("78",), due_date=date(2026, 12, 15))))
    granted = answered(two, wish=replace(WISH, item_id=("77",)))
    assert granted is not None
    assert (granted.item_id, granted.due_date) == (("77",), date(2027, 1, 12))
    assert command(granted).endswith("due_date=2027-01-12 item_id=77")
    moved = replace(two, items=(replace(LENT.items[0], due_date=date(2027, 1, 12)), two.items[1]))
    assert answered(moved) is None  # each has its own date now
    assert answered(moved, wish=replace(WISH, item_id=("78",))) is not None


def test_an_item_that_they_do_not_have_from_us_is_for_staff() -> None:
    assert answered(wish=replace(WISH, item_id=("99",))) is None
