from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from maild.core.decide import decide
from maild.core.effects import (
    AskStaff,
    ChangeRequest,
    Command,
    Decision,
    DropNotices,
    DueNotice,
    Effect,
    Move,
    PlanNotice,
    PutAttempt,
    SendLetter,
)
from maild.core.notices import plan
from maild.core.reading import Event
from maild.core.request import Attempt, Item, Request
from maild.core.terms import EventName, Flag, Status
from tests.house import (
    ALDER,
    BIRCH,
    NOW,
    NUMBER,
    PATRON,
    by_supplier,
    context,
    lending,
    letters,
    on_loan,
    request,
    shipped_rules,
    statuses,
)

RULES = shipped_rules()
PATRON_DATE = date(2026, 12, 15)


def planned(effects: tuple[Effect, ...] | list[Effect]) -> dict[str, date]:
    """All but the one that every change puts off: that nothing happens any more."""
    plans = {e.notice: e.due.date() for e in effects if isinstance(e, PlanNotice)}
    plans.pop("nothing_happens", None)
    return plans


def dropped(effects: tuple[Effect, ...] | list[Effect]) -> set[str]:
    return {name for e in effects if isinstance(e, DropNotices) for name in e.notices} - {"nothing_happens"}


def between(before: Request, after: Request) -> list[Effect]:
    return plan(NUMBER, context(before), context(after), RULES, NOW)


def fired(notice: str, anchor: date, *requests: Request, days: int = 90) -> Decision:
    due = DueNotice(number=NUMBER, notice=notice, anchor=anchor, due=NOW, id="9")
    return decide(due, context(*requests), RULES, NOW + timedelta(days=days))


def test_a_loan_that_goes_to_the_patron_gets_a_courtesy_and_three_overdue_notices() -> None:
    effects = between(on_loan(Status.AWAITING_PICKUP), on_loan())
    assert planned(effects) == {
        "due_soon": date(2026, 12, 12),
        "overdue_1": date(2026, 12, 16),
        "overdue_2": date(2026, 12, 23),
        "overdue_3": date(2027, 1, 6),
        "supplier_date_passed": date(2026, 12, 19),
        "bill_it": date(2027, 1, 20),
    }
    assert dropped(effects) == {"not_collected", "pickup_reminder"}
    assert {e.series for e in effects if isinstance(e, PlanNotice)} == {"", "overdue"}


def test_nothing_is_planned_anew_where_nothing_changed() -> None:
    effects = between(on_loan(), replace(on_loan(), note="x"))
    assert (planned(effects), dropped(effects)) == ({}, set())


def test_a_changed_date_takes_the_old_notices_back_and_plans_new_ones() -> None:
    effects = between(on_loan(), on_loan(due=date(2026, 12, 28)))
    assert "overdue_1" in dropped(effects)
    assert planned(effects)["overdue_1"] == date(2026, 12, 26)


def test_a_pending_renewal_holds_back_overdue_notices_until_it_is_refused() -> None:
    asked = on_loan(flags=frozenset({Flag.RENEWAL_PENDING}), renewal_pending=True)
    effects = between(on_loan(), asked)
    assert dropped(effects) >= {"due_soon", "overdue_1", "overdue_2", "overdue_3"}
    assert planned(effects) == {
        "renewal_unanswered": date(2026, 12, 18),
        "renewal_forgotten": date(2026, 12, 21),
    }
    assert planned(between(asked, on_loan()))["overdue_1"] == date(2026, 12, 16)


def test_a_courtesy_whose_hour_is_past_is_not_sent_late_but_an_overdue_notice_is() -> None:
    effects = between(on_loan(Status.AWAITING_PICKUP), on_loan(due=date(2026, 11, 24)))
    assert "due_soon" not in planned(effects)
    assert planned(effects)["overdue_1"] == date(2026, 11, 22)


def test_every_date_of_several_volumes_has_its_own_notices() -> None:
    first = Item(id=1, due_date=date(2026, 12, 18), patron_due_date=PATRON_DATE)
    same = replace(first, id=2)
    later = Item(id=3, due_date=date(2027, 1, 8), patron_due_date=date(2027, 1, 5))
    effects = between(on_loan(Status.AWAITING_PICKUP), on_loan(items=(first, same, later)))
    found = {(e.anchor, e.item_id) for e in effects if isinstance(e, PlanNotice) and e.notice == "overdue_1"}
    assert found == {(PATRON_DATE, 0), (date(2027, 1, 5), 3)}


def test_notices_come_at_nine_in_helsinki_on_both_sides_of_the_spring_change() -> None:
    items = (Item(id=1, patron_due_date=date(2027, 3, 27)), Item(id=2, patron_due_date=date(2027, 3, 28)))
    effects = between(on_loan(Status.AWAITING_PICKUP), on_loan(items=items))
    dues = [e.due for e in effects if isinstance(e, PlanNotice) and e.notice == "due_soon"]
    assert dues == [datetime(2027, 3, 24, 7, tzinfo=UTC), datetime(2027, 3, 25, 7, tzinfo=UTC)]
    dues = [e.due for e in effects if isinstance(e, PlanNotice) and e.notice == "overdue_1"]
    assert dues == [datetime(2027, 3, 28, 6, tzinfo=UTC), datetime(2027, 3, 29, 6, tzinfo=UTC)]


def test_an_absent_supplier_is_reminded_later() -> None:
    new = request(Status.NEW, partner_id=None, attempts=())
    away = context(request(), partners=(replace(ALDER, absent_until=date(2026, 12, 7)), BIRCH))
    usual = planned(plan(NUMBER, context(new), context(request()), RULES, NOW))["request_reminder"]
    assert usual == date(2026, 12, 2)
    assert planned(plan(NUMBER, context(new), away, RULES, NOW))["request_reminder"] > date(2026, 12, 20)


@pytest.mark.parametrize(
    ("since", "until", "due"),
    [
        (date(2026, 11, 25), date(2026, 12, 4), date(2026, 12, 14)),  # four of ten days had gone
        (date(2026, 11, 18), date(2026, 12, 4), date(2026, 12, 18)),  # away from the first day on
        (date(2026, 12, 3), date(2026, 12, 31), date(2026, 12, 2)),  # away only after it
        (date(2026, 11, 2), date(2026, 11, 10), date(2026, 12, 2)),  # back before we asked
    ],
)
def test_the_clock_stands_while_a_supplier_is_away_and_goes_on_where_it_stood(
    since: date, until: date, due: date
) -> None:
    new = request(Status.NEW, partner_id=None, attempts=())
    away = context(request(), partners=(replace(ALDER, absent_since=since, absent_until=until), BIRCH))
    assert planned(plan(NUMBER, context(new), away, RULES, NOW))["request_reminder"] == due


def test_an_overdue_notice_goes_to_the_patron_and_flags_the_loan() -> None:
    decision = fired("overdue_1", PATRON_DATE, on_loan())
    assert letters(decision.effects) == [("overdue_1", PATRON.email)]
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert (move.to, move.add, move.event.event) == (Status.WITH_PATRON, {Flag.OVERDUE}, EventName.OVERDUE)


def test_what_came_back_meanwhile_is_not_chased() -> None:
    for status in (Status.RETURNED_BY_PATRON, Status.SHIPPED_RETURN, Status.LOAN_COMPLETED):
        decision = fired("overdue_1", PATRON_DATE, on_loan(status))
        assert decision.effects == ()
        assert decision.why


def test_a_notice_of_a_date_that_has_moved_is_not_sent() -> None:
    assert fired("overdue_1", PATRON_DATE, on_loan(due=date(2026, 12, 28))).effects == ()


def test_a_notice_that_comes_too_early_is_planned_again() -> None:
    decision = fired("overdue_1", PATRON_DATE, on_loan(), days=1)
    assert planned(decision.effects) == {"overdue_1": date(2026, 12, 16)}
    assert letters(decision.effects) == []


def test_a_silent_supplier_is_reminded_and_the_attempt_says_when() -> None:
    decision = fired("request_reminder", date(2026, 11, 18), request())
    assert letters(decision.effects) == [("request_reminder", ALDER.email)]
    assert [e.attempt.chased_at is not None for e in decision.effects if isinstance(e, PutAttempt)] == [True]


def test_after_a_longer_silence_the_next_marked_supplier_is_asked() -> None:
    decision = fired("next_supplier", date(2026, 11, 18), request(suppliers=("FI-BIRCH",)))
    assert letters(decision.effects) == [("cancel_request", ALDER.email), ("request_loan", BIRCH.email)]
    assert statuses(decision.effects)[-1] is Status.REQUESTED


def test_where_no_other_holder_is_known_staff_are_asked() -> None:
    decision = fired("next_supplier", date(2026, 11, 18), request())
    assert letters(decision.effects) == []
    assert [e.reason for e in decision.effects if isinstance(e, AskStaff)] == ["policy"]


def test_what_was_sent_back_closes_by_itself_after_a_while() -> None:
    decision = fired("close_returned", date(2026, 11, 23), on_loan(Status.SHIPPED_RETURN))
    assert statuses(decision.effects) == [Status.LOAN_COMPLETED]
    assert any(isinstance(e, ChangeRequest) and "closed_at" in e.values for e in decision.effects)


def test_a_wish_that_came_too_late_expires_only_while_nothing_is_under_way() -> None:
    need = date(2026, 12, 1)
    assert statuses(fired("expire", need, request(Status.NEW, need_before=need)).effects) == [Status.EXPIRED]
    asked = fired("need_before", need, request(need_before=need))
    assert statuses(asked.effects) == []
    assert any(isinstance(e, AskStaff) for e in asked.effects)


def test_a_renewal_without_an_answer_by_the_due_date_is_for_staff() -> None:
    pending = on_loan(flags=frozenset({Flag.RENEWAL_PENDING}))
    decision = fired("renewal_unanswered", date(2026, 12, 18), pending)
    assert [type(e) for e in decision.effects if not isinstance(e, PlanNotice | DropNotices)] == [AskStaff]


def test_a_library_that_keeps_our_loan_is_chased() -> None:
    decision = fired("lending_overdue_1", date(2026, 12, 1), lending())
    assert letters(decision.effects) == [("lending_overdue_1", BIRCH.email)]
    assert fired("lending_overdue_1", date(2026, 12, 1), lending(Status.SHIPPED_RETURN)).effects == ()


def test_due_today_is_off_until_a_site_turns_it_on() -> None:
    assert RULES.notices["due_today"].off
    assert fired("due_today", PATRON_DATE, on_loan()).effects == ()


def test_the_next_suppliers_clock_starts_when_it_is_asked() -> None:
    decision = decide(by_supplier(EventName.UNFILLED), context(request(suppliers=("FI-BIRCH",))), RULES, NOW)
    assert planned(decision.effects)["request_reminder"] == date(2026, 12, 7)


def test_what_counts_from_entering_a_status_starts_again_when_it_is_entered_again() -> None:
    back = Command(
        number=NUMBER, event=Event(event=EventName.UNDO), actor="anna", values={"to": "AwaitingPickup"}, id="c"
    )
    decision = decide(back, context(on_loan()), RULES, NOW)
    assert "not_collected" in planned(decision.effects)
    assert "overdue_1" in dropped(decision.effects)


def test_a_request_that_is_gone_is_left_alone() -> None:
    assert fired("overdue_1", PATRON_DATE).effects == ()


def test_an_attempt_without_a_day_plans_no_reminder() -> None:
    bare = request(attempts=(Attempt(id=1, partner_id=ALDER.id),))
    assert "request_reminder" not in planned(between(request(Status.NEW, attempts=()), bare))


LEAVING = replace(PATRON, account_ends=date(2026, 12, 17))


def account_ends(number: str, *loans: Request, anchor: date = date(2026, 12, 17), on: datetime) -> Decision:
    due = DueNotice(number=number, notice="account_ending", anchor=anchor, due=NOW, id="9")
    return decide(due, context(*loans, patrons=(LEAVING,)), RULES, on)


def test_one_letter_tells_a_patron_whose_account_ends_of_all_loans() -> None:
    first, second = on_loan(), replace(on_loan(), number="KP-2026-000999")
    back = replace(on_loan(Status.RETURNED_BY_PATRON), number="KP-2026-000001")
    day = datetime(2026, 12, 8, 9, tzinfo=UTC)
    told = next(e for e in account_ends(NUMBER, back, second, first, on=day).effects if isinstance(e, SendLetter))
    rows = told.facts["rows"]
    assert isinstance(rows, tuple)
    assert (told.letter, told.facts["expiry"]) == ("account_ending", date(2026, 12, 17))
    assert sorted(row["number"] for row in rows) == [NUMBER, "KP-2026-000999"]
    silent = account_ends("KP-2026-000999", back, second, first, on=day)
    assert (silent.effects, silent.why) == ((), f"account_ending: the patron is told with {NUMBER}")


def test_an_account_that_now_ends_later_is_told_of_when_its_own_day_comes() -> None:
    early = account_ends(NUMBER, on_loan(), on=NOW)
    (later,) = (e for e in early.effects if isinstance(e, PlanNotice))
    assert (later.notice, later.due.date()) == ("account_ending", date(2026, 12, 7))
    old_end = account_ends(NUMBER, on_loan(), anchor=date(2026, 11, 30), on=NOW)
    assert old_end.effects == ()


def test_the_end_of_an_account_does_not_keep_a_forgotten_loan_out_of_sight() -> None:
    far = replace(PATRON, account_ends=date(2030, 1, 1))
    at_rest = request(Status.WITH_PATRON, items=())
    due = DueNotice(number=NUMBER, notice="nothing_happens", anchor=NOW.date(), due=NOW, id="9")
    decision = decide(due, context(at_rest, patrons=(far,)), RULES, NOW + timedelta(days=61))
    assert any(isinstance(e, AskStaff) for e in decision.effects)


def test_a_closed_library_is_chased_once_it_is_open_again() -> None:
    lent = lending(items=(Item(id=1, item_ids=("77",), due_date=date(2026, 11, 16)),))
    due = DueNotice(number=NUMBER, notice="lending_overdue_1", anchor=date(2026, 11, 16), due=NOW)
    away = replace(BIRCH, absent_since=date(2026, 11, 20), absent_until=date(2026, 11, 27))
    rules = shipped_rules()
    for partner, sent in ((BIRCH, ["lending_overdue_1"]), (away, [])):
        decision = decide(due, context(lent, partners=(ALDER, partner)), rules, NOW)
        assert [e.letter for e in decision.effects if isinstance(e, SendLetter)] == sent
    (later,) = [e for e in decision.effects if isinstance(e, PlanNotice)]
    assert later.due == datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # the Monday after


def test_what_was_asked_is_over_with_the_status_or_the_date_that_asked_it() -> None:
    def over(before: Request, after: Request) -> set[str]:
        return {name for e in between(before, after) if isinstance(e, DropNotices) for name in e.settled} & {
            *("send_back", "supplier_date_passed", "rest_not_arrived", "overdue_1")
        }

    moved = replace(on_loan().items[0], due_date=date(2027, 2, 1))
    part = on_loan(Status.AWAITING_PICKUP, flags=frozenset({Flag.PARTS_OUT}))
    assert over(on_loan(), on_loan(Status.RETURNED_BY_PATRON)) == {"supplier_date_passed"}  # overdue_1 is a letter
    assert over(on_loan(Status.RETURNED_BY_PATRON), on_loan(Status.SHIPPED_RETURN)) == {"send_back"}
    assert over(on_loan(), on_loan(items=(moved,))) == {"supplier_date_passed"}
    assert over(on_loan(), on_loan(note="Asked.")) == set()
    assert over(part, replace(part, status=Status.WITH_PATRON)) == set()  # the rest is still out
    assert over(part, replace(part, flags=frozenset())) == {"rest_not_arrived"}
