"""Days in letters: what each language writes, what only looks like a day, and what cannot be told."""

from datetime import UTC, date, datetime, timedelta
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.mail import Mail, Today
from maild.core.request import Context
from maild.reading.dates import FoundDate, compact_day, due_date_of, find_dates, past_day_of
from maild.reading.today import today_of

SUNDAY = Today(day=date(2026, 11, 22), sent=date(2026, 11, 22))
NOT_TRUSTED = Today(day=date(2026, 11, 22), sent=date(2024, 11, 1), trusted=False)


def one(text: str, language: str = "", today: Today = SUNDAY) -> FoundDate:
    found = find_dates(text, today, language)
    assert len(found) == 1, found
    return found[0]


FINNISH = [
    ("Eräpäivä 3.12.", "2026-12-03"),
    ("palautus 3.12.2026", "2026-12-03"),
    ("03.12.26", "2026-12-03"),
    ("3.12.2026 mennessä", "2026-12-03"),
    ("viim. 15.1.", "2027-01-15"),
    ("viimeistään 15.01.", "2027-01-15"),
    ("lainassa 15.1. asti", "2027-01-15"),
    ("15.1. saakka", "2027-01-15"),
    ("15.1 saakka", "2027-01-15"),
    ("3.12 mennessä", "2026-12-03"),
    ("eräpäivä: 3.12", "2026-12-03"),
    ("3. 12. 2026", "2026-12-03"),
    ("3.12. 2026", "2026-12-03"),
    ("joulukuun 3. päivä", "2026-12-03"),
    ("joulukuun 3. päivään mennessä", "2026-12-03"),
    ("tammikuun 8. p:nä", "2027-01-08"),
    ("joulukuun 3. 2026", "2026-12-03"),
    ("3. joulukuuta", "2026-12-03"),
    ("kuni 6. detsembrini 2026", "2026-12-06"),
    ("7. detsembril", "2026-12-07"),
    ("3. joulukuuta 2026", "2026-12-03"),
    ("3. p:nä joulukuuta", "2026-12-03"),
    ("3. päivänä joulukuuta", "2026-12-03"),
    ("pe 4.12.", "2026-12-04"),
    ("perjantaina 4.12.", "2026-12-04"),
    ("perjantaihin 4.12. mennessä", "2026-12-04"),
    ("4.12.2026 (pe)", "2026-12-04"),
    ("ke 9.12. klo 16", "2026-12-09"),
    ("15.1. ensi vuonna", "2027-01-15"),
    ("Eräpäivä: 2026-12-03", "2026-12-03"),
    ("kirja tulee huomenna", "2026-11-23"),
    ("ylihuomenna", "2026-11-24"),
    ("lähetetty tänään", "2026-11-22"),
]
SWEDISH = [
    ("den 3 december", "2026-12-03"),
    ("den 3 december 2026", "2026-12-03"),
    ("den 3:e december", "2026-12-03"),
    ("senast den 3 december", "2026-12-03"),
    ("Lånetid till 3/12", "2026-12-03"),
    ("förfallodag: 3/12 2026", "2026-12-03"),
    ("förfallodatum 3/12-26", "2026-12-03"),
    ("till den 15/1 nästa år", "2027-01-15"),
    ("fredag 4/12", "2026-12-04"),
    ("torsdag den 26 november", "2026-11-26"),
    ("fredagen den 4 december", "2026-12-04"),
    ("t.o.m. 18 maj", "2027-05-18"),
    ("3 dec", "2026-12-03"),
    ("3 dec.", "2026-12-03"),
    ("återlämnas senast 2026-12-03", "2026-12-03"),
    ("03.12.2026", "2026-12-03"),
    ("skickas i morgon", "2026-11-23"),
    ("skickas imorgon", "2026-11-23"),
    ("skickat idag", "2026-11-22"),
    ("skickat i dag", "2026-11-22"),
    ("i övermorgon", "2026-11-24"),
]
ENGLISH = [
    ("by 3 Dec", "2026-12-03"),
    ("3 December 2026", "2026-12-03"),
    ("3rd of December", "2026-12-03"),
    ("the 3rd December, 2026", "2026-12-03"),
    ("December 3rd, 2026", "2026-12-03"),
    ("December 3, 2026", "2026-12-03"),
    ("Dec. 3", "2026-12-03"),
    ("Oct 12, 2026", "2026-10-12"),
    ("Fri, Nov 27th (short week)", "2026-11-27"),
    ("Friday 4th December", "2026-12-04"),
    ("2026-12-03", "2026-12-03"),
    ("2026/12/03", "2026-12-03"),
    ("03-Dec-2026", "2026-12-03"),
    ("03-DEC-26", "2026-12-03"),
    ("31/12/2026", "2026-12-31"),
    ("12/31/2026", "2026-12-31"),
    ("link open until 16.03", "2027-03-16"),
    ("due May 5", "2027-05-05"),
    ("5 May 2027", "2027-05-05"),
    ("it goes tomorrow", "2026-11-23"),
    ("the day after tomorrow", "2026-11-24"),
    ("sent today", "2026-11-22"),
]
GERMAN = [
    ("zum 3. Dezember", "2026-12-03"),
    ("bis 3.12.2026", "2026-12-03"),
    ("bis zum 30.11.", "2026-11-30"),
    ("bis zum 30.11", "2026-11-30"),
    ("Leihfrist bis 29. Januar 2027", "2027-01-29"),
    ("am 29. Jan. 2027", "2027-01-29"),
    ("verlängert bis 12.01.27", "2027-01-12"),
    ("Freitag, den 4.12.2026", "2026-12-04"),
    ("Fr., 4.12.", "2026-12-04"),
    ("5. März 2027", "2027-03-05"),
    ("kommt morgen", "2026-11-23"),
    ("ging heute ab", "2026-11-22"),
]
OTHERS = [
    ("no", "forfallsdato 3. desember", "2026-12-03"),
    ("no", "i morgen", "2026-11-23"),
    ("da", "senest den 3. december", "2026-12-03"),
    ("da", "afleveres 3. marts 2027", "2027-03-03"),
    ("et", "kuni 3. detsember 2026", "2026-12-03"),
]
ALL = [
    *(("fi", *row) for row in FINNISH),
    *(("sv", *row) for row in SWEDISH),
    *(("en", *row) for row in ENGLISH),
    *(("de", *row) for row in GERMAN),
    *OTHERS,
]


@pytest.mark.parametrize(("language", "text", "day"), ALL)
def test_a_day_is_read_as_its_language_writes_it(language: str, text: str, day: str) -> None:
    found = one(text, language)
    assert (found.day, found.problem) == (date.fromisoformat(day), "")


@pytest.mark.parametrize(("language", "text", "day"), [row for row in ALL if "/" not in row[1]])
def test_the_same_day_is_read_where_the_language_is_not_known(language: str, text: str, day: str) -> None:
    found = one(text)
    assert found.day == date.fromisoformat(day)


@pytest.mark.parametrize(
    "text",
    [
        "klo 12.50",
        "klo 16.00",
        "klo 12.10.",
        "avoinna klo 9.00-12.10.",
        "kl. 12.10.",
        "until 16:03",
        "hinta 12,50 e",
        "12.50 €",
        "8.12. €",
        "€ 8.12.",
        "EUR 8.12.",
        "puh. 040 123 4567",
        "+358 2 941 22 722",
        "09-1234 5678",
        "ISBN 951-99-4005-7",
        "ISBN 978-952-99-1412-8",
        "ISSN 1234-5678",
        "12(3)",
        "12(3), s. 12-15",
        "s. 201-233",
        "84.2 KIR",
        "hyllyluokka 78.891",
        "192.0.2.7",
        "10.12.26.3",
        "versio 1.12.3",
        "v 3.12.",
        "versio 3.12.",
        "luku 3.12. alkaa",
        "KP-2026-000123",
        "kp-2026-000123.s.abcdefgh2345@library.example",
        "NVK-260914-0007",
        "1. 2. painos",
        "2. p. 1998",
        "volume 12/3 (1998)",
        "nr 3/12",
        "Muistutus: 1/3",
        "Reminder 1/3",
        "you may 3 times",
        "max 3 may be lent",
        "Guten Morgen",
        "guten morgen",
        "god morgen",
        "am Morgen",
        "12.12.1955",
        "3.12.1889",
        "1889-12-03",
        "3.12.2101",
        "12345678901234",
        "20261203",
        "doi:10.1000/12.3.2026x",
    ],
)
def test_what_only_looks_like_a_day_is_left_alone(text: str) -> None:
    assert find_dates(text, SUNDAY) == ()


@pytest.mark.parametrize("language", ["", "en"])
def test_slashes_in_english_are_unclear_where_both_readings_are_days(language: str) -> None:
    found = one("Due date: 12/03/2026", language)
    assert (found.day, found.problem) == (None, "day-or-month")
    assert set(found.candidates) == {date(2026, 3, 12), date(2026, 12, 3)}


def test_slashes_with_equal_halves_are_clear() -> None:
    assert one("Due date: 12/12/2026", "en").day == date(2026, 12, 12)


def test_a_weekday_settles_the_order_of_slashes() -> None:
    assert one("Friday 4/12/2026", "en").day == date(2026, 12, 4)
    assert one("Friday 12/4/2026", "en").day == date(2026, 12, 4)


def test_an_american_due_date_is_the_one_that_is_a_usual_loan() -> None:
    assert due_date_of(one("Due date: 01/11/2027", "en"), SUNDAY) == date(2027, 1, 11)
    assert due_date_of(one("Due back by 08/01/2027", "en"), SUNDAY) == date(2027, 1, 8)


def test_a_due_date_stays_unclear_where_both_readings_are_usual_loans() -> None:
    assert due_date_of(one("Due: 01/02/2027", "en"), SUNDAY) is None


def test_a_due_date_with_its_year_is_taken_as_written_even_if_past_or_far() -> None:
    assert due_date_of(one("eräpäivä 8.1.2026", "fi"), SUNDAY) == date(2026, 1, 8)
    assert due_date_of(one("eräpäivä 8.1.2028", "fi"), SUNDAY) == date(2028, 1, 8)


def test_a_due_date_without_a_year_is_never_nearly_a_year_away() -> None:
    assert due_date_of(one("eräpäivä 20.11.", "fi"), SUNDAY) is None


def test_a_day_gone_by_is_found_where_only_the_past_makes_sense() -> None:
    assert past_day_of(one("eräpäivä oli 2.11.", "fi"), SUNDAY) == date(2026, 11, 2)
    assert past_day_of(one("was due 05/10/2026", "en"), SUNDAY, max_days=210) is None  # 5 October or 10 May
    assert past_day_of(one("was due 11/05/2026", "en"), SUNDAY, max_days=100) == date(2026, 11, 5)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fi", "pe 3.12."),
        ("fi", "to 4.12."),  # a year earlier it was a Thursday
        ("fi", "perjantaina 3.12.2026"),
        ("sv", "fredag den 3 december 2026"),
        ("en", "Fri 3 Dec 2026"),
    ],
)
def test_a_weekday_that_disagrees_makes_the_day_unclear(language: str, text: str) -> None:
    found = one(text, language)
    assert (found.day, found.problem) == (None, "weekday")
    assert due_date_of(found, SUNDAY) is None


def test_a_weekday_that_agrees_with_a_day_just_gone_keeps_it_in_the_past() -> None:
    assert one("lähti pe 20.11.", "fi").day == date(2026, 11, 20)


def test_the_english_word_to_is_no_thursday() -> None:
    assert one("extended to 4.12.", "en").day == date(2026, 12, 4)
    assert one("extended to 4.12.").day == date(2026, 12, 4)
    assert one("to 4.12.", "fi").problem == "weekday"


@pytest.mark.parametrize("text", ["31.2.", "31.2.2026", "30. helmikuuta", "2026-02-30", "31 April 2027", "12.13.2026"])
def test_an_impossible_day_is_a_problem_not_another_day(text: str) -> None:
    found = one(text)
    assert (found.day, found.problem) == (None, "impossible")


def test_a_leap_day_without_a_year_is_the_next_one() -> None:
    assert one("29.2.").day == date(2028, 2, 29)


@pytest.mark.parametrize("text", ["eräpäivä 3.12.", "by 3 Dec", "huomenna", "i morgon"])
def test_without_a_trusted_date_header_there_is_no_year_and_no_tomorrow(text: str) -> None:
    found = one(text, today=NOT_TRUSTED)
    assert (found.day, found.problem) == (None, "no-year")


def test_a_written_year_needs_no_trusted_date_header() -> None:
    assert one("3.12.2026", today=NOT_TRUSTED).day == date(2026, 12, 3)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("3.12.–5.12.", "2026-12-03", "2026-12-05"),
        ("1.12.–31.12.2026", "2026-12-01", "2026-12-31"),
        ("3.–5.12.", "2026-12-03", "2026-12-05"),
        ("3-5.12.2026", "2026-12-03", "2026-12-05"),
        ("suljettu 24.12.-6.1.", "2026-12-24", "2027-01-06"),
        ("3-5 December", "2026-12-03", "2026-12-05"),
        ("3–5 december 2026", "2026-12-03", "2026-12-05"),
        ("December 3-5, 2026", "2026-12-03", "2026-12-05"),
        ("2026-12-03 – 2026-12-05", "2026-12-03", "2026-12-05"),
    ],
)
def test_a_range_is_no_single_day(text: str, first: str, last: str) -> None:
    found = one(text)
    assert (found.kind, found.day) == ("range", None)
    assert found.candidates == (date.fromisoformat(first), date.fromisoformat(last))
    assert due_date_of(found, SUNDAY) is None


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("fi", "viikolla 50", "week"),
        ("fi", "vkolla 5", "week"),
        ("fi", "v. 5", "week"),
        ("sv", "vecka 50", "week"),
        ("sv", "v. 5", "week"),
        ("en", "week 50", "week"),
        ("de", "KW 5", "week"),
        ("en", "late September", "month"),
        ("fi", "syyskuussa", "month"),
        ("sv", "i december", "month"),
        ("de", "im Dezember", "month"),
        ("fi", "kahden viikon kuluttua", "relative"),
        ("fi", "2 viikon päästä", "relative"),
        ("sv", "om två veckor", "relative"),
        ("en", "in two weeks", "relative"),
        ("de", "in zwei Wochen", "relative"),
        ("fi", "ensi maanantaina", "relative"),
        ("sv", "på torsdag", "relative"),
        ("en", "next Monday", "relative"),
        ("de", "am Montag", "relative"),
    ],
)
def test_weeks_months_and_lone_weekdays_give_no_day(language: str, text: str, kind: str) -> None:
    found = one(text, language)
    assert (found.kind, found.day) == (kind, None)


def test_several_days_keep_their_order_and_places() -> None:
    text = "Eräpäivä siirtyy: vanha 14.12., uusi 1.12."
    found = find_dates(text, SUNDAY, "fi")
    assert [f.day for f in found] == [date(2026, 12, 14), date(2026, 12, 1)]
    assert [text[f.start : f.end] for f in found] == ["14.12.", "1.12."]


def test_compact_days_are_read_only_when_asked_for() -> None:
    assert compact_day("20261203") == date(2026, 12, 3)
    assert compact_day("20261203164501") == date(2026, 12, 3)
    assert compact_day("20261303") is None
    assert compact_day("2026120") is None


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="0123456789./-– ,:()'\nabcdekuvnmMatoJDé€", max_size=120),
    st.sampled_from(["", "fi", "sv", "en", "de"]),
)
def test_any_text_gives_spans_within_it_and_never_an_error(text: str, language: str) -> None:
    end = 0
    for found in find_dates(text, SUNDAY, language):
        assert end <= found.start < found.end <= len(text)
        assert found.text == text[found.start : found.end]
        due_date_of(found, SUNDAY)
        end = found.end


@pytest.mark.parametrize(
    "piece", ["1", "1.", "12.1", "3/", "den ", "i ", "3. ", "maanantai ", "v. ", "Dec ", "1-", "in ", "a ", " "]
)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = thread_time()
        find_dates(text, SUNDAY, "fi")
        return thread_time() - start

    short = min(seconds(10_000) for _ in range(3))
    long = min(seconds(40_000) for _ in range(3))
    assert long < 12 * short + 0.05  # four times the text; a quadratic reader takes sixteen times as long


def test_a_mails_own_day_is_counted_in_the_sites_zone() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # 1.30 on Sunday in Helsinki
    assert today_of(Mail(date=late, received_at=late), Context(), "Europe/Helsinki") == SUNDAY


def test_a_date_more_than_three_days_off_is_not_trusted() -> None:
    taken = datetime(2026, 11, 22, 12, tzinfo=UTC)
    wrong = Mail(date=taken - timedelta(days=4), received_at=taken)
    sent = date(2026, 11, 18)
    assert today_of(wrong, Context(), "Europe/Helsinki") == Today(day=date(2026, 11, 22), sent=sent, trusted=False)
