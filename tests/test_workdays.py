from datetime import UTC, date, datetime

import pytest

from maild.core import workdays
from maild.core.problems import RuleFile
from maild.core.workdays import Calendar, Closure, at, day_in

HELSINKI = "Europe/Helsinki"
SUMMER = Closure(first=date(2026, 7, 6), last=date(2026, 7, 31), name="Summer")


def load(**data: object) -> tuple[Calendar, list[str]]:
    file = RuleFile(name=workdays.FILE, data=dict(data))
    calendar, problems = workdays.load({workdays.FILE: file})
    return calendar, [f"{p.place}: {p.what}" for p in problems]


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 11, 23), True),  # a plain Monday
        (date(2026, 11, 22), False),  # Sunday
        (date(2026, 12, 23), True),  # Christmas Eve is a holiday, and has no eve of its own
        (date(2026, 12, 24), False),
        (date(2026, 12, 31), False),  # New Year's Eve
        (date(2027, 1, 5), False),  # the eve of Epiphany
        (date(2027, 1, 6), False),
        (date(2027, 1, 7), True),
        (date(2026, 4, 30), False),  # vappuaatto
    ],
)
def test_finnish_holidays_and_their_eves_are_closed(day: date, is_open: bool) -> None:
    assert Calendar().is_open(day) is is_open


def test_eves_are_open_where_the_site_says_so() -> None:
    assert Calendar(eves=False).is_open(date(2026, 4, 30))


def test_a_closure_is_closed_from_its_first_to_its_last_day() -> None:
    calendar = Calendar(closures=(SUMMER,))
    assert calendar.next_open(date(2026, 7, 6)) == date(2026, 8, 3)
    assert calendar.last_open_on_or_before(date(2026, 7, 31)) == date(2026, 7, 3)


def test_working_days_are_counted_over_new_year() -> None:
    # 29.12. and 30.12. are open, 31.12. to 3.1. are not, then 4.1., and Epiphany with its eve is closed
    assert Calendar().add_working_days(date(2026, 12, 28), 4) == date(2027, 1, 7)
    assert Calendar().add_working_days(date(2027, 1, 7), -4) == date(2026, 12, 28)
    assert Calendar().add_working_days(date(2026, 12, 26), 0) == date(2026, 12, 26)


def test_nine_in_the_morning_is_nine_in_helsinki_on_both_sides_of_both_clock_changes() -> None:
    assert at(date(2026, 3, 28), 9, HELSINKI) == datetime(2026, 3, 28, 7, tzinfo=UTC)
    assert at(date(2026, 3, 29), 9, HELSINKI) == datetime(2026, 3, 29, 6, tzinfo=UTC)
    assert at(date(2026, 10, 24), 9, HELSINKI) == datetime(2026, 10, 24, 6, tzinfo=UTC)
    assert at(date(2026, 10, 25), 9, HELSINKI) == datetime(2026, 10, 25, 7, tzinfo=UTC)


def test_the_hour_that_spring_leaves_out_is_the_one_after_it() -> None:
    assert at(date(2026, 3, 29), 3, HELSINKI) == datetime(2026, 3, 29, 1, tzinfo=UTC)  # 4:00 there


def test_late_evening_in_utc_is_the_next_day_in_helsinki() -> None:
    assert day_in(datetime(2026, 12, 31, 22, 30, tzinfo=UTC), HELSINKI) == date(2027, 1, 1)


def test_a_calendar_file_tells_all_its_mistakes() -> None:
    _, problems = load(
        holidays="XX",
        closed_weekdays=list(workdays.WEEKDAYS),
        closures={"summer": {"first": date(2027, 7, 30), "last": date(2027, 7, 5)}},
    )
    assert [p.split(":")[0] for p in problems] == ["holidays", "closed_weekdays", "closures.summer"]


def test_an_unknown_key_and_a_wrong_weekday_are_told_with_their_places() -> None:
    _, problems = load(holydays="FI", closed_weekdays=["Sonntag"])
    assert sorted(p.split(":")[0] for p in problems) == ["closed_weekdays.0", "holydays"]


def test_closures_of_the_file_are_kept_with_their_names() -> None:
    calendar, problems = load(closures={"s": {"first": SUMMER.first, "last": SUMMER.last, "name": "Summer"}})
    assert not problems
    assert calendar.closures == (SUMMER,)
