"""A notice's decision, whole: what it says of itself, what is planned again, which items and libraries it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime

from maild.core.effects import AskStaff, Decision, Move, PlanNotice, PutAttempt, SendLetter
from maild.core.request import Item, Request
from maild.core.terms import EventName, Flag, Status
from tests.house import ALDER, NUMBER, PATRON, lending, on_loan, request
from tests.test_notices import PATRON_DATE, account_ends, fired

LATER = date(2027, 1, 5)
TWO = (
    Item(id=1, item_ids=("1300", "1300-B"), due_date=date(2026, 12, 18), patron_due_date=PATRON_DATE),
    Item(id=2, item_ids=("1301",), due_date=date(2027, 1, 8), patron_due_date=LATER),
)


def letter_of(decision: Decision) -> SendLetter:
    return next(effect for effect in decision.effects if isinstance(effect, SendLetter))


def told_of(*requests: Request, notice: str = "overdue_1", anchor: date = PATRON_DATE) -> object:
    return letter_of(fired(notice, anchor, *requests)).facts.get("item_id")


def test_a_notice_says_why_it_went_and_why_it_did_not() -> None:
    assert fired("overdue_1", PATRON_DATE, on_loan()).why == "overdue_1 fell due on 2026-11-23"
    back = fired("overdue_1", PATRON_DATE, on_loan(Status.SHIPPED_RETURN))
    assert back == Decision(why=f"overdue_1: {NUMBER} stands at ShippedReturn, so nothing is sent", auto=True)
    assert fired("overdue_1", PATRON_DATE) == Decision(why="the request is no longer there", auto=True)
    assert fired("overdue_1", PATRON_DATE, on_loan(), days=1).why == "overdue_1: its date has moved to 2026-12-16"


def test_a_notice_that_comes_too_early_is_planned_again_as_it_was() -> None:
    decision = fired("overdue_1", LATER, on_loan(items=TWO), days=1)
    assert decision.effects == (
        PlanNotice(
            number=NUMBER,
            notice="overdue_1",
            anchor=LATER,
            due=datetime(2027, 1, 6, 7, tzinfo=UTC),
            item_id=0,
            series="overdue",
        ),
    )
    assert decision.auto


def test_only_the_volume_that_falls_due_is_named_and_all_where_all_do() -> None:
    assert told_of(on_loan(items=TWO)) == ("1300",)
    both = replace(TWO[1], patron_due_date=PATRON_DATE)
    assert told_of(on_loan(items=(TWO[0], both))) is None
    nameless = replace(TWO[0], item_ids=())
    assert told_of(on_loan(items=(nameless, TWO[1]))) is None


def test_a_volume_that_is_back_is_not_named_beside_the_one_that_is_out() -> None:
    back = replace(TWO[1], patron_due_date=PATRON_DATE, place=str(Status.SHIPPED_RETURN))
    assert told_of(on_loan(items=(TWO[0], back))) == ("1300",)


def test_of_what_we_lent_the_suppliers_date_counts() -> None:
    items = (Item(id=1, item_ids=("77",), due_date=date(2026, 12, 1)), Item(id=2, item_ids=("78",), due_date=LATER))
    assert told_of(lending(items=items), notice="lending_overdue_1", anchor=date(2026, 12, 1)) == ("77",)


def test_the_letter_of_an_overdue_loan_flags_it_and_its_event_names_request_and_notice() -> None:
    decision = fired("overdue_1", PATRON_DATE, on_loan())
    move = next(effect for effect in decision.effects if isinstance(effect, Move))
    assert (move.number, move.to, move.add) == (NUMBER, Status.WITH_PATRON, frozenset({Flag.OVERDUE}))
    assert (move.event.event, move.event.request, move.event.note) == (EventName.OVERDUE, NUMBER, "overdue_1")
    assert letter_of(decision).to == PATRON.email


def test_a_reminder_that_is_no_overdue_is_only_noted_and_goes_once_by_its_date() -> None:
    decision = fired("request_reminder", date(2026, 11, 18), request())
    move = next(effect for effect in decision.effects if isinstance(effect, Move))
    assert (move.event.event, move.event.note, move.add) == (EventName.NOTE, "request_reminder", frozenset())
    again = fired("request_reminder", date(2026, 11, 18), request())
    assert letter_of(decision) == letter_of(again)
    (put,) = (effect for effect in decision.effects if isinstance(effect, PutAttempt))
    assert (put.number, put.attempt.partner_id, put.attempt.id) == (NUMBER, ALDER.id, 1)


def test_letters_of_one_notice_for_two_dates_have_two_causes() -> None:
    first = letter_of(fired("overdue_1", PATRON_DATE, on_loan(items=TWO)))
    second = letter_of(fired("overdue_1", LATER, on_loan(items=TWO)))
    assert first.cause != second.cause


def test_a_question_to_staff_names_request_and_what_stands_in_the_way() -> None:
    need = date(2026, 12, 1)
    asked = [e for e in fired("need_before", need, request(need_before=need)).effects if isinstance(e, AskStaff)]
    assert [(e.number, e.reason) for e in asked] == [(NUMBER, "policy")]
    assert asked[0].text.startswith(f"{NUMBER}: ")
    assert len(asked[0].text) > len(f"{NUMBER}: ")


def test_an_account_that_ends_is_told_of_by_the_lowest_number_whatever_the_order() -> None:
    loans = [replace(on_loan(), number=f"KP-2026-00000{n}") for n in (3, 1, 2)]
    day = datetime(2026, 12, 8, 9, tzinfo=UTC)
    assert isinstance(letter_of(account_ends("KP-2026-000001", *loans, on=day)), SendLetter)
    for number in ("KP-2026-000002", "KP-2026-000003"):
        silent = account_ends(number, *loans, on=day)
        assert silent == Decision(why="account_ending: the patron is told with KP-2026-000001", auto=True)


def test_another_patrons_loans_are_not_told_with_ones_own() -> None:
    other = replace(on_loan(), number="KP-2026-000001", patron_id=8)
    second = replace(on_loan(), number="KP-2026-000999")
    told = letter_of(account_ends(NUMBER, other, on_loan(), second, on=datetime(2026, 12, 8, 9, tzinfo=UTC)))
    rows = told.facts["rows"]
    assert isinstance(rows, tuple)
    assert [row["number"] for row in rows] == [NUMBER, "KP-2026-000999"]
