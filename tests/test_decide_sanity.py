"""Which facts of an event can be true: how far off a day may be, what a price and an address must look like."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from maild.core.decide_sanity import doubts
from maild.core.reading import Citation, Doubt, Event, Money, NewRequest
from maild.core.terms import EventName, ServiceType
from tests.house import TODAY

ONE_DAY = timedelta(days=1)
FAR = timedelta(days=400)
YESTERDAY, TOMORROW = TODAY - ONE_DAY, TODAY + ONE_DAY


def told(event: EventName, **facts: Any) -> list[tuple[str, str]]:
    """The reason and the text of each doubt."""
    return [(d.reason, d.text) for d in doubts(Event(event=event, **facts), TODAY)]


def wish(**values: Any) -> NewRequest:
    return NewRequest(service_type=ServiceType.LOAN, citation=Citation(title="Talvi"), **values)


@pytest.mark.parametrize(
    ("event", "first", "last"),
    [
        (EventName.LOANED, TOMORROW, TODAY + FAR),
        (EventName.RENEW_ACCEPTED, TOMORROW, TODAY + FAR),
        (EventName.DUE_DATE_CHANGED, TOMORROW, TODAY + FAR),
        (EventName.RECALLED, TODAY, TODAY + FAR),
        (EventName.OVERDUE, TODAY - FAR, TODAY),
        (EventName.RENEW_REFUSED, TODAY - FAR, TODAY + FAR),
    ],
)
def test_a_due_date_lies_between_the_first_and_the_last_day_that_its_event_can_name(
    event: EventName, first: date, last: date
) -> None:
    assert told(event, due_date=first) == []
    assert told(event, due_date=last) == []
    for beyond in (first - ONE_DAY, last + ONE_DAY):
        ((reason, text),) = told(event, due_date=beyond)
        assert reason == "date"
        assert str(beyond) in text


def test_an_odd_due_date_is_told_as_what_it_was_said_to_be() -> None:
    past = date(2020, 1, 1)
    assert told(EventName.LOANED, due_date=past) == [
        ("date", "Loaned states the due date 2020-01-01, which is past or far off (today is 2026-11-23).")
    ]
    assert told(EventName.RECALLED, due_date=past) == [
        ("date", "It is recalled by 2020-01-01, which is past or far off (today is 2026-11-23).")
    ]
    assert told(EventName.OVERDUE, due_date=TOMORROW) == [
        ("date", "It is called overdue since 2026-11-24, which does not lie before today, 2026-11-23.")
    ]
    assert told(EventName.RENEW_REFUSED, due_date=past) == [
        ("date", "RenewRefused states the due date 2020-01-01, which is far off (today is 2026-11-23).")
    ]


@pytest.mark.parametrize("name", ["expected_date", "retry_after", "expiry"])
def test_a_day_that_is_still_to_come_is_today_or_within_four_hundred_days(name: str) -> None:
    for day in (TODAY, TODAY + FAR):
        assert told(EventName.RETRY_POSSIBLE, **{name: day}) == []
    for day in (YESTERDAY, TODAY + FAR + ONE_DAY):
        assert told(EventName.RETRY_POSSIBLE, **{name: day}) == [
            ("date", f"RetryPossible states {name} {day}, which is past or far off (today is 2026-11-23).")
        ]


def test_a_work_that_is_needed_today_can_still_come_and_one_that_was_needed_yesterday_cannot() -> None:
    assert told(EventName.REQUEST, new_request=wish(need_before=TODAY)) == []
    assert told(EventName.REQUEST, new_request=wish(need_before=YESTERDAY)) == [
        ("date", "It is needed before 2026-11-22, which has passed.")
    ]


@pytest.mark.parametrize(("amount", "currency"), [("0", "EUR"), ("0.01", "SEK"), ("1250.00", "EUR")])
def test_a_price_of_nothing_or_more_in_a_currency_is_a_price(amount: str, currency: str) -> None:
    assert told(EventName.WILL_SUPPLY, cost=Money(amount=Decimal(amount), currency=currency)) == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("-0.01", "EUR"), ("NaN", "EUR"), ("Infinity", "EUR"), ("8", ""), ("8", "eur"), ("8", "EURO")],
)
def test_a_price_without_a_currency_below_nothing_or_without_end_is_none(amount: str, currency: str) -> None:
    price = Money(amount=Decimal(amount), currency=currency)
    said = [("cost", f"The price {amount} {currency} has no currency or makes no sense.")]
    assert told(EventName.WILL_SUPPLY, cost=price) == said
    assert told(EventName.REQUEST, new_request=wish(max_cost=price)) == said


@pytest.mark.parametrize("url", ["https://files.example/1", "http://files.example/1", "HTTPS://FILES.example/1"])
def test_an_address_that_a_browser_opens_is_one(url: str) -> None:
    assert told(EventName.COPY_COMPLETED, url=url) == []


def test_any_other_address_is_told() -> None:
    assert told(EventName.COPY_COMPLETED, url="ftp://files.example/1") == [
        ("attachment", "The address ftp://files.example/1 is none that a reader can open.")
    ]


def test_a_reason_is_one_that_its_event_can_have() -> None:
    assert told(EventName.UNFILLED, reason="NotHeld") == []
    assert told(EventName.RETRY_POSSIBLE, reason="OnLoan") == []
    assert told(EventName.UNFILLED) == []
    assert told(EventName.WILL_SUPPLY, reason="Whatever") == []
    assert told(EventName.UNFILLED, reason="OnLoan") == [
        ("unclear", "'OnLoan' is no reason that Unfilled can have."),
    ]


def test_loan_conditions_are_those_of_the_standard() -> None:
    assert told(EventName.LOANED, loan_condition=("LibraryUseOnly", "NoReproduction")) == []
    assert told(EventName.LOANED, loan_condition=("LibraryUseOnly", "Whatever")) == [
        ("unclear", "Unknown loan condition among LibraryUseOnly, Whatever.")
    ]


def test_every_odd_fact_is_told_with_the_passage_that_it_was_read_from() -> None:
    event = Event(
        event=EventName.LOANED,
        due_date=date(2020, 1, 1),
        cost=Money(amount=Decimal(8), currency=""),
        passage="eräpäivä 1.1.2020, 8",
    )
    found = doubts(event, TODAY)
    assert [doubt.reason for doubt in found] == ["date", "cost"]
    assert all(isinstance(doubt, Doubt) and doubt.passage == "eräpäivä 1.1.2020, 8" for doubt in found)
