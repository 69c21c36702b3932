"""A notice's decision, whole: what it says of itself, what is planned again, which items and libraries it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from maild.core.decide import decide
from maild.core.effects import AskStaff, Decision, DropNotices, DueNotice, Move, PlanNotice, PutAttempt, SendLetter
from maild.core.reading import Money
from maild.core.request import Item, Request
from maild.core.terms import EventName, Flag, Status
from tests.house import ALDER, NOW, NUMBER, PATRON, context, lending, on_loan, request
from tests.playing import rules_with
from tests.test_notices import PATRON_DATE, RULES, account_ends, fired

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


def test_a_loan_that_waits_while_its_patrons_account_ends_is_told_of_with_both() -> None:
    own = RULES.workflows["borrowing-loan"]
    shelf = replace(own.states[Status.AWAITING_PICKUP], notices=("account_ending",))
    loans = replace(own, states={**own.states, Status.AWAITING_PICKUP: shelf})
    rules = replace(RULES, workflows={**RULES.workflows, "borrowing-loan": loans})
    ends = date(2026, 12, 17)
    known = context(on_loan(Status.AWAITING_PICKUP), patrons=(replace(PATRON, account_ends=ends),))
    happening = due(notice="account_ending", anchor=ends)
    facts = letter_of(decide(happening, known, rules, EVENING)).facts
    assert (facts["expiry"], facts["pickup_way"]) == (ends, "desk")


def test_another_patrons_loans_are_not_told_with_ones_own() -> None:
    other = replace(on_loan(), number="KP-2026-000001", patron_id=8)
    second = replace(on_loan(), number="KP-2026-000999")
    told = letter_of(account_ends(NUMBER, other, on_loan(), second, on=datetime(2026, 12, 8, 9, tzinfo=UTC)))
    rows = told.facts["rows"]
    assert isinstance(rows, tuple)
    assert [row["number"] for row in rows] == [NUMBER, "KP-2026-000999"]


def joint(first: DueNotice, *beside: DueNotice, of: tuple[Request, ...], told_at: datetime | None = None) -> Decision:
    happening = replace(first, beside=beside, told_at=told_at)
    return decide(happening, context(*of), TOGETHER, EVENING)


SECOND = "KP-2026-000999"
EVENING = datetime(2026, 12, 16, 8, tzinfo=UTC)
TOGETHER = rules_with({"notices": {"together": {"on": True}}})


def due(number: str = NUMBER, notice: str = "overdue_1", **values: Any) -> DueNotice:
    given: dict[str, Any] = {"number": number, "notice": notice, "anchor": PATRON_DATE, "due": EVENING}
    given["id"] = f"{number}:{notice}"
    return DueNotice(**(given | values))


def test_two_loans_of_a_day_are_one_letter_and_each_says_why() -> None:
    both = (on_loan(), on_loan(number=SECOND))
    decision = joint(due(), due(SECOND), of=both)
    (letter,) = (e for e in decision.effects if isinstance(e, SendLetter))
    assert (letter.letter, letter.cause) == ("reminders", f"reminders:{NUMBER}:overdue_1,{SECOND}:overdue_1")
    assert decision.why == "overdue_1 fell due on 2026-12-16; overdue_1 fell due on 2026-12-16"
    assert decision.auto
    assert [e.number for e in decision.effects if isinstance(e, Move)] == [NUMBER, SECOND]


def test_a_second_notice_of_one_loan_sees_what_the_first_one_left() -> None:
    decision = joint(due(), due(notice="overdue_1"), of=(on_loan(),))
    assert all(isinstance(e, Move | SendLetter | PlanNotice | DropNotices) for e in decision.effects)
    assert len([e for e in decision.effects if isinstance(e, SendLetter)]) == 1


def test_what_comes_after_the_letter_of_the_day_waits_for_tomorrow() -> None:
    told = joint(due(), due(SECOND), of=(on_loan(), on_loan(number=SECOND)), told_at=EVENING)
    assert told.why == "; ".join(["overdue_1: the patron has had today's letter"] * 2)
    tomorrow = datetime(2026, 12, 17, 7, tzinfo=UTC)
    plans = [e for e in told.effects if isinstance(e, PlanNotice)]
    assert [(e.number, e.due, e.series) for e in plans] == [(n, tomorrow, "overdue") for n in (NUMBER, SECOND)]
    alone = decide(due(told_at=EVENING), context(on_loan()), TOGETHER, EVENING)
    assert (alone.why, alone.auto) == ("overdue_1: the patron has had today's letter", True)


def test_a_notice_that_brings_an_event_about_asks_staff_where_the_profile_does_not_let_it() -> None:
    own = RULES.workflows["borrowing-loan"]
    closed = tuple(replace(t, auto=False) if t.event is EventName.EXPIRED else t for t in own.transitions)
    rules = replace(RULES, workflows={**RULES.workflows, "borrowing-loan": replace(own, transitions=closed)})
    need = date(2026, 12, 1)
    wish = request(Status.NEW, need_before=need)
    happening = due(notice="expire", anchor=need)
    decision = decide(happening, context(wish), rules, EVENING)
    (ask,) = (e for e in decision.effects if isinstance(e, AskStaff))
    assert (ask.number, ask.reason, ask.notice) == (NUMBER, "policy", "expire")
    assert ask.text == (
        f"{NUMBER}: expire of {NUMBER}: Expired does not fit {NUMBER}, which stands at New (borrowing-loan). "
        "Staff decide what it means."
    )


def test_a_question_to_staff_is_the_notices_own_and_keeps_its_name() -> None:
    decision = fired("not_arrived", date(2026, 11, 23), on_loan(Status.LOANED))
    (ask,) = (e for e in decision.effects if isinstance(e, AskStaff))
    assert ask == AskStaff(
        number=NUMBER,
        reason="policy",
        text=f"{NUMBER}: {RULES.notices['not_arrived'].ask}",
        notice="not_arrived",
    )


def test_a_notice_that_was_done_is_decided_by_itself_and_what_comes_next_is_planned() -> None:
    decision = fired("next_supplier", date(2026, 11, 18), request(suppliers=("FI-BIRCH",)))
    assert decision.auto
    planned = [(e.number, e.notice) for e in decision.effects if isinstance(e, PlanNotice)]
    assert (NUMBER, "request_reminder") in planned


def test_a_notice_of_one_thing_stays_that_things_when_it_is_put_off() -> None:
    early = decide(due(anchor=LATER, item_id=2), context(on_loan(items=TWO)), RULES, EVENING)
    (plan,) = early.effects
    assert isinstance(plan, PlanNotice)
    assert (plan.anchor, plan.item_id) == (LATER, 2)


def test_what_waits_is_told_of_with_how_and_until_when() -> None:
    letter = letter_of(fired("pickup_reminder", date(2026, 11, 23), on_loan(Status.AWAITING_PICKUP)))
    assert (letter.letter, letter.to) == ("pickup_reminder", PATRON.email)
    assert letter.facts == {"pickup_way": "desk", "pickup_until": date(2026, 12, 7)}


def test_a_part_that_came_late_is_told_of_by_its_volume() -> None:
    waits = Item(id=2, item_ids=("1301",), volume="2", place=str(Status.AWAITING_PICKUP))
    theirs = on_loan(items=(on_loan().items[0], waits), flags=frozenset({Flag.PART_WAITING}))
    letter = letter_of(fired("part_reminder", date(2026, 11, 23), theirs))
    assert (letter.letter, letter.facts["volume"]) == ("pickup_reminder", "2")
    assert (letter.facts["pickup_way"], letter.facts["pickup_until"]) == ("desk", date(2026, 12, 7))


def test_a_price_is_told_again_with_until_when_its_answer_is_awaited() -> None:
    cost = Money(amount=Decimal(8), currency="EUR")
    asked = replace(request().attempts[0], reason="CostExceedsMaxCost", cost=cost)
    letter = letter_of(
        fired("approval_reminder", date(2026, 11, 23), request(Status.RETRY_POSSIBLE, attempts=(asked,)))
    )
    assert (letter.letter, letter.facts) == ("approval_reminder", {"cost": cost, "expiry": date(2026, 12, 7)})


def test_what_a_citation_lacks_is_asked_again_in_the_patrons_language() -> None:
    lacking = request(Status.NEW, asked_for=("year",), flags=frozenset({Flag.INCOMPLETE}))
    letter = letter_of(fired("details_reminder", date(2026, 11, 23), lacking))
    assert (letter.letter, letter.facts) == ("details_reminder", {"questions": ("Utgivningsår",)})


def test_only_a_reminder_of_the_supplier_is_noted_on_its_attempt() -> None:
    asked = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
    decision = fired("request_reminder", date(2026, 11, 18), request())
    (put,) = (e for e in decision.effects if isinstance(e, PutAttempt))
    assert put.attempt == replace(request().attempts[0], asked_at=asked, chased_at=NOW + timedelta(days=90))
    other = fired("overdue_1", PATRON_DATE, on_loan())
    assert not [e for e in other.effects if isinstance(e, PutAttempt)]


def test_a_patron_without_an_address_is_a_task_and_the_loan_is_overdue_all_the_same() -> None:
    happening = due()
    mute = on_loan(patron_email="")
    decision = decide(happening, context(mute, patrons=(replace(PATRON, email=""),)), RULES, EVENING)
    assert [type(e) for e in decision.effects][:2] == [Move, AskStaff]


def test_the_letter_of_one_notice_is_the_same_however_often_it_is_decided_and_another_by_its_date() -> None:
    assert letter_of(fired("overdue_1", PATRON_DATE, on_loan())).cause == "overdue_1:2026-12-15:Overdue"
    assert (
        letter_of(fired("request_reminder", date(2026, 11, 18), request())).cause == "request_reminder:2026-11-18:Note"
    )


def test_nothing_happens_is_asked_of_what_lies_and_not_of_what_something_else_will_wake() -> None:
    at_rest = fired("nothing_happens", date(2026, 11, 23), request(Status.WITH_PATRON, items=()), days=61)
    assert [e.notice for e in at_rest.effects if isinstance(e, AskStaff)] == ["nothing_happens"]
    far = on_loan(due=date(2027, 6, 18))
    later = fired("nothing_happens", date(2026, 11, 23), far, days=61)
    (plan,) = later.effects
    assert isinstance(plan, PlanNotice)
    assert (plan.notice, plan.anchor, plan.due) == (
        "nothing_happens",
        date(2026, 11, 23),
        datetime(2027, 6, 12, 6, tzinfo=UTC),
    )
    assert later.why == "nothing_happens: its date has moved to 2027-06-12"


def test_dates_count_for_the_side_that_they_are_for() -> None:
    lent = (
        Item(id=1, item_ids=("77",), due_date=date(2026, 12, 1), place=str(Status.LOAN_COMPLETED)),
        Item(id=2, item_ids=("78",), due_date=date(2026, 12, 1)),
        Item(id=3, item_ids=("79",), due_date=LATER),
    )
    assert told_of(lending(items=lent), notice="lending_overdue_1", anchor=date(2026, 12, 1)) == ("78",)
    sent = replace(lent[0], place=str(Status.SHIPPED_RETURN))  # they say so: until it has come it is ours to ask for
    told = told_of(lending(items=(sent, *lent[1:])), notice="lending_overdue_1", anchor=date(2026, 12, 1))
    assert told == ("77", "78")
    back = replace(TWO[0], id=3, item_ids=("1302",), place=str(Status.RETURNED_BY_PATRON))
    assert told_of(on_loan(items=(back, *TWO))) == ("1300",)
