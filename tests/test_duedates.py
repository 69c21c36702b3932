from datetime import date

from maild.core.duedates import assumed_date, lending_date, patron_date
from maild.core.request import Partner
from maild.core.workdays import Calendar, Closure
from maild.core.workflow import LoanTerms

PARTNER = Partner(postal_delay_days=3, loan_days=30)
TERMS = LoanTerms(min_patron_days=7, long_closure_days=7)
OPEN = Calendar()
SUMMER = Calendar(closures=(Closure(first=date(2026, 7, 6), last=date(2026, 7, 31), name="Summer"),))
READY = date(2026, 5, 4)


def test_the_patron_gets_the_suppliers_date_less_the_way_back() -> None:
    assert patron_date(date(2026, 6, 4), READY, PARTNER, TERMS, OPEN).day == date(2026, 6, 1)


def test_a_date_on_a_holiday_or_its_eve_moves_to_the_last_open_day_before() -> None:
    assert patron_date(date(2026, 12, 29), READY, PARTNER, TERMS, OPEN).day == date(2026, 12, 23)


def test_the_patron_keeps_it_a_week_at_least_or_staff_ask_for_more_time() -> None:
    found = patron_date(date(2026, 5, 11), READY, PARTNER, TERMS, OPEN)
    assert found.day == date(2026, 5, 8)
    assert "more" in found.ask


def test_a_date_is_not_moved_to_before_a_closure_of_more_than_a_week() -> None:
    found = patron_date(date(2026, 7, 20), READY, PARTNER, TERMS, SUMMER)
    assert found.day == date(2026, 7, 17)
    assert "Summer" in found.ask


def test_the_sunday_after_a_long_closure_is_not_moved_over_it_either() -> None:
    found = patron_date(date(2026, 8, 5), READY, PARTNER, TERMS, SUMMER)  # less three days: Sunday 2.8.
    assert found.day == date(2026, 8, 2)
    assert found.ask


def test_a_short_closure_moves_the_date_to_before_it() -> None:
    short = Calendar(closures=(Closure(first=date(2026, 6, 1), last=date(2026, 6, 3)),))
    found = patron_date(date(2026, 6, 5), READY, PARTNER, TERMS, short)
    assert (found.day, found.ask) == (date(2026, 5, 29), "")


def test_a_date_before_it_can_be_fetched_is_never_after_the_suppliers_own() -> None:
    found = patron_date(date(2026, 5, 5), READY, PARTNER, TERMS, OPEN)
    assert READY <= found.day <= date(2026, 5, 5)
    assert found.ask


def test_a_missing_date_is_the_partners_usual_loan_time_else_the_profiles() -> None:
    assert assumed_date(READY, PARTNER, TERMS) == date(2026, 6, 3)
    assert assumed_date(READY, None, TERMS) == date(2026, 6, 1)


def test_our_own_loans_end_on_an_open_day_after_the_way_there() -> None:
    assert lending_date(date(2026, 11, 23), PARTNER, TERMS, OPEN) == date(2026, 12, 28)  # 24.12. is closed, and so on
