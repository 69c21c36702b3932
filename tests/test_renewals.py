from dataclasses import replace
from datetime import date

import pytest

from maild.core.renewals import Answer, answer
from maild.core.terms import Flag
from maild.core.workflow import LoanTerms
from tests.house import on_loan, request

TERMS = LoanTerms(renewal_window_days=7, max_renewals=2, max_total_days=60, overdue_grace_days=5)
LOAN = on_loan(due=date(2026, 12, 18))  # the patron's date is 15.12.


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 12, 7), Answer.NOT_YET),
        (date(2026, 12, 8), Answer.ASK),
        (date(2026, 12, 15), Answer.ASK),
        (date(2026, 12, 20), Answer.ASK),
        (date(2026, 12, 21), Answer.NO),
    ],
)
def test_a_wish_goes_on_only_in_the_last_week_and_a_short_grace_after_it(day: date, expected: Answer) -> None:
    assert answer(LOAN, day, TERMS).answer is expected


def test_the_answer_to_an_early_wish_says_from_which_day() -> None:
    assert answer(LOAN, date(2026, 12, 1), TERMS).since == date(2026, 12, 8)


@pytest.mark.parametrize("flag", [Flag.RECALLED, Flag.NO_RENEWAL, Flag.LIBRARY_USE_ONLY, Flag.DISPUTE])
def test_some_loans_are_never_renewed(flag: Flag) -> None:
    assert answer(replace(LOAN, flags=frozenset({flag})), date(2026, 12, 14), TERMS).answer is Answer.NO


def test_renewals_are_counted() -> None:
    assert answer(replace(LOAN, renewals=1), date(2026, 12, 14), TERMS).answer is Answer.ASK
    assert answer(replace(LOAN, renewals=2), date(2026, 12, 14), TERMS).answer is Answer.NO


def test_the_days_of_the_whole_loan_are_counted() -> None:
    long_ago = replace(LOAN, loaned_on=date(2026, 10, 10))
    assert answer(long_ago, date(2026, 12, 14), TERMS).reason == "at most 60 days in all"


def test_a_pending_question_is_not_asked_twice() -> None:
    assert answer(replace(LOAN, renewal_pending=True), date(2026, 12, 14), TERMS).answer is Answer.ASKED_ALREADY


def test_without_a_due_date_only_flags_and_counts_speak() -> None:
    assert answer(request(), date(2026, 12, 14), TERMS).answer is Answer.ASK
