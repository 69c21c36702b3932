"""One event on one request: what stands in its way, in the words that staff read, and what it brings about, whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from maild.core.decide import decide
from maild.core.decide_event import take
from maild.core.effects import (
    AddCharge,
    AskStaff,
    Audience,
    ChangeRequest,
    Effect,
    Move,
    PutAttempt,
    PutItem,
    SendLetter,
)
from maild.core.limit_rules import Limits
from maild.core.mail import Attachment
from maild.core.occasion import Occasion
from maild.core.reading import Doubt, Event, Money
from maild.core.request import Charge, Item, Request
from maild.core.rules import Rules
from maild.core.terms import EventName, Flag, ServiceType, Status
from maild.core.workflow import By, Transition
from tests.house import (
    ALDER,
    BIRCH,
    NOW,
    NUMBER,
    PATRON,
    TODAY,
    by_patron,
    by_requester,
    by_supplier,
    context,
    lending,
    letters,
    mail,
    on_loan,
    request,
    shipped_rules,
    statuses,
)

RULES = shipped_rules()
DUE = date(2026, 12, 18)
TWO = (
    Item(id=1, item_ids=("1300",), due_date=DUE, patron_due_date=date(2026, 12, 15)),
    Item(id=2, item_ids=("1301",), due_date=DUE, patron_due_date=date(2026, 12, 15)),
)


def occasion(of: Request, name: EventName, by: By, **facts: Any) -> Occasion:
    rules = facts.pop("rules", RULES)
    own = {n: facts.pop(n) for n in ("values", "supplier", "choice", "notify", "patrons", "partners") if n in facts}
    known = {n: own.pop(n) for n in ("patrons", "partners") if n in own}
    return Occasion(
        event=Event(event=name, request=NUMBER, **facts),
        request=of,
        by=by,
        context=context(of, **known),
        rules=rules,
        now=NOW,
        cause="cause-1",
        **own,
    )


def doubt(of: Request, name: EventName, by: By = "supplier", **facts: Any) -> Doubt:
    found = take(occasion(of, name, by, **facts))
    assert isinstance(found, Doubt), found
    return found


def effects(of: Request, name: EventName, by: By = "supplier", **facts: Any) -> tuple[Effect, ...]:
    found = take(occasion(of, name, by, **facts))
    assert not isinstance(found, Doubt), found
    return found


def told(of: Request, name: EventName, by: By = "supplier", **facts: Any) -> tuple[str, str]:
    found = doubt(of, name, by, **facts)
    return found.reason, found.text


def moves(found: tuple[Effect, ...]) -> list[Move]:
    return [e for e in found if isinstance(e, Move)]


def asks(found: tuple[Effect, ...]) -> list[AskStaff]:
    return [e for e in found if isinstance(e, AskStaff)]


def written(found: tuple[Effect, ...]) -> list[SendLetter]:
    return [e for e in found if isinstance(e, SendLetter)]


# What stands in its way


def test_an_event_that_does_not_fit_is_told_with_where_the_request_stands_and_its_profile() -> None:
    at = f"does not fit {NUMBER}, which stands at Requested (borrowing-loan)."
    assert told(request(), EventName.LOAN_COMPLETED) == ("workflow", f"LoanCompleted {at}")


def test_what_a_mail_may_not_do_by_itself_is_left_to_staff_in_the_profiles_words_or_in_ours() -> None:
    late = request(Status.UNFILLED)
    edge = RULES.workflows["borrowing-loan"].edge(Status.UNFILLED, EventName.LOANED, "supplier")
    assert edge is not None
    assert edge.ask
    assert told(late, EventName.LOANED, due_date=DUE) == ("workflow", edge.ask)
    mute = [replace(t, ask="") if t is edge else t for t in RULES.workflows["borrowing-loan"].transitions]
    silent = replace(RULES.workflows["borrowing-loan"], transitions=tuple(mute))
    rules = replace(RULES, workflows={**RULES.workflows, "borrowing-loan": silent})
    at = f"Loaned does not fit {NUMBER}, which stands at Unfilled (borrowing-loan)."
    assert told(late, EventName.LOANED, due_date=DUE, rules=rules) == (
        "workflow",
        f"{at} Staff decide what it means.",
    )
    assert moves(effects(late, EventName.LOANED, "staff", due_date=DUE))


def test_a_fact_that_an_event_needs_is_named_where_it_lacks() -> None:
    copy = request(service_type=ServiceType.COPY)
    assert told(copy, EventName.COPY_COMPLETED) == (
        "incomplete",
        f"CopyCompleted of {NUMBER} lacks its attachment or url.",
    )


def test_a_renewal_is_granted_only_where_one_was_asked_for() -> None:
    asked = date(2027, 1, 15)
    assert told(on_loan(), EventName.RENEW_ACCEPTED, due_date=asked) == (
        "status",
        f"RenewAccepted of {NUMBER}: no renewal pending.",
    )
    flagged = on_loan(flags=frozenset({Flag.RENEWAL_PENDING}))
    for pending in (flagged, on_loan(renewal_pending=True)):
        assert moves(effects(pending, EventName.RENEW_ACCEPTED, due_date=asked))


def test_a_renewal_ends_later_than_the_loan_does_now() -> None:
    pending = on_loan(renewal_pending=True)
    assert told(pending, EventName.RENEW_ACCEPTED, due_date=DUE) == (
        "date",
        f"The renewal of {NUMBER} to 2026-12-18 would not be after 2026-12-18.",
    )
    assert moves(effects(pending, EventName.RENEW_ACCEPTED, due_date=date(2026, 12, 19)))


def test_a_refused_renewal_that_names_a_day_before_the_loans_own_may_be_a_recall() -> None:
    pending = on_loan(renewal_pending=True)
    assert told(pending, EventName.RENEW_REFUSED, due_date=date(2026, 12, 17)) == (
        "date",
        f"They want {NUMBER} by 2026-12-17, which is before 2026-12-18: a recall?",
    )
    assert moves(effects(pending, EventName.RENEW_REFUSED, due_date=DUE))


def test_of_several_things_the_first_due_date_counts() -> None:
    later = replace(TWO[1], due_date=date(2027, 1, 8))
    dateless = Item(id=3, item_ids=("1302",))
    several = on_loan(items=(later, TWO[0], dateless), renewal_pending=True)
    assert doubt(several, EventName.RENEW_ACCEPTED, due_date=DUE).reason == "date"
    assert moves(effects(several, EventName.RENEW_ACCEPTED, due_date=date(2026, 12, 19)))
    unknown = on_loan(items=(dateless,), renewal_pending=True)
    assert moves(effects(unknown, EventName.RENEW_ACCEPTED, due_date=date(2026, 12, 1)))


def test_a_recall_ends_no_later_than_the_loan_does_while_that_day_is_to_come() -> None:
    assert told(on_loan(), EventName.RECALLED, due_date=date(2026, 12, 19)) == (
        "date",
        f"The recall of {NUMBER} to 2026-12-19 would be after 2026-12-18.",
    )
    assert moves(effects(on_loan(), EventName.RECALLED, due_date=DUE))
    due_today = on_loan(items=(replace(TWO[0], due_date=TODAY),))
    assert doubt(due_today, EventName.RECALLED, due_date=date(2026, 11, 24)).reason == "date"
    overdue = on_loan(items=(replace(TWO[0], due_date=date(2026, 11, 22)),))
    assert moves(effects(overdue, EventName.RECALLED, due_date=date(2026, 12, 1)))


def test_a_loan_whose_date_lies_ahead_is_not_believed_to_be_overdue() -> None:
    assert told(on_loan(), EventName.OVERDUE) == (
        "date",
        f"{NUMBER} is called overdue, and by our records it is due on 2026-12-18.",
    )
    today = on_loan(items=(replace(TWO[0], due_date=TODAY),))
    assert moves(effects(today, EventName.OVERDUE))
    tomorrow = on_loan(items=(replace(TWO[0], due_date=date(2026, 11, 24)),))
    assert doubt(tomorrow, EventName.OVERDUE).reason == "date"
    assert moves(effects(on_loan(Status.SHIPPED_RETURN), EventName.OVERDUE))
    assert moves(effects(on_loan(items=(Item(id=1),)), EventName.OVERDUE))


def test_of_several_things_only_those_that_are_out_can_be_overdue() -> None:
    back = replace(TWO[0], due_date=date(2026, 11, 20), place=str(Status.SHIPPED_RETURN))
    assert told(on_loan(items=(back, TWO[1])), EventName.OVERDUE)[1].endswith("it is due on 2026-12-18.")
    out = replace(TWO[0], due_date=date(2026, 11, 20))
    assert moves(effects(on_loan(items=(out, TWO[1])), EventName.OVERDUE))


def test_staff_call_a_loan_overdue_whatever_the_record_says() -> None:
    assert moves(effects(on_loan(), EventName.OVERDUE, "staff"))


def test_what_is_for_use_in_the_library_only_stays_in_the_house() -> None:
    here = on_loan(Status.RECEIVED, flags=frozenset({Flag.LIBRARY_USE_ONLY}))
    stays = ("policy", f"{NUMBER} is for use in the library only: it stays in the house.")
    assert told(here, EventName.CHECKED_OUT, "staff") == stays
    assert told(here, EventName.SENT_TO_OFFICE, "staff") == stays
    assert moves(effects(here, EventName.READY_FOR_PICKUP, "staff"))


def test_a_blocked_patron_may_fetch_it_at_the_desk_and_is_sent_nothing_to_an_office() -> None:
    blocked = (replace(PATRON, blocked=True),)
    here = on_loan(Status.RECEIVED)
    reason, text = told(here, EventName.SENT_TO_OFFICE, "staff", patrons=blocked)
    assert (reason, "blocked" in text) == ("policy", True)
    assert moves(effects(here, EventName.READY_FOR_PICKUP, "staff", patrons=blocked))
    assert moves(effects(here, EventName.SENT_TO_OFFICE, "staff"))


def test_a_copy_on_paper_is_printed_by_staff() -> None:
    paper = (replace(ALDER, copy_release="paper"), BIRCH)
    copy = request(service_type=ServiceType.COPY)
    text = f"Copies from Alder are handed over on paper only: print {NUMBER}, then Received and ReadyForPickup."
    assert told(copy, EventName.COPY_COMPLETED, attachment=True, partners=paper) == ("policy", text)


def test_an_arrival_that_names_nothing_we_know_is_told_with_its_request() -> None:
    text = f"{NUMBER}: main=9 must be one of item_id=1300."
    found = told(on_loan(Status.LOANED), EventName.RECEIVED, "staff", item_id=("1300",), values={"main": "9"})
    assert found == ("incomplete", text)


def test_a_patron_is_told_once_of_what_waits_unless_it_waits_elsewhere_now() -> None:
    waits = on_loan(Status.AWAITING_PICKUP, pickup="Main")
    text = f"The patron was told of {NUMBER} already: nothing that came since has the id 1300."
    found = told(waits, EventName.READY_FOR_PICKUP, "staff", item_id=("1300",))
    assert found == ("status", text)
    again = {"item_id": ("1300",), "values": {"pickup": "Main"}}
    assert doubt(waits, EventName.READY_FOR_PICKUP, "staff", **again).reason == "status"
    elsewhere = {"item_id": ("1300",), "values": {"pickup": "Annex"}}
    assert moves(effects(waits, EventName.READY_FOR_PICKUP, "staff", **elsewhere))
    theirs = replace(waits, status=Status.WITH_PATRON)
    assert doubt(theirs, EventName.READY_FOR_PICKUP, "staff", **elsewhere).reason == "status"
    both = doubt(replace(waits, items=TWO), EventName.READY_FOR_PICKUP, "staff", item_id=("1300", "1301"))
    assert both.text.endswith("nothing that came since has the id 1300, 1301.")


def test_a_return_that_names_no_item_of_the_request_is_told_with_the_ids() -> None:
    assert told(on_loan(items=TWO), EventName.RETURNED_BY_PATRON, "house", item_id=("9", "10")) == (
        "incomplete",
        f"{NUMBER} has no item 9, 10.",
    )


# What it brings about


def test_of_several_things_one_comes_back_and_the_request_waits_for_the_rest() -> None:
    asked = Event(event=EventName.RETURNED_BY_PATRON, request=NUMBER, item_id=("1300",))
    found = effects(on_loan(items=TWO), EventName.RETURNED_BY_PATRON, "house", item_id=("1300",))
    assert found == (
        Move(number=NUMBER, to=Status.WITH_PATRON, event=asked),
        PutItem(number=NUMBER, item=replace(TWO[0], place="ReturnedByPatron")),
    )


def test_a_promise_above_the_ceiling_is_put_to_the_patron_and_staff_are_warned() -> None:
    eight = Money(amount=Decimal(8), currency="EUR")
    wish = request(max_cost=Money(amount=Decimal(5), currency="EUR"))
    found = effects(wish, EventName.WILL_SUPPLY, cost=eight)
    (move,) = moves(found)
    assert (move.to, move.event.event, move.event.reason) == (
        Status.RETRY_POSSIBLE,
        EventName.RETRY_POSSIBLE,
        "CostExceedsMaxCost",
    )
    (warning,) = asks(found)
    assert warning.text == (
        "The price of 8 EUR is above the ceiling of 5 EUR. "
        "The patron is asked. The supplier may send it before the answer: ask it to wait."
    )
    assert (warning.number, warning.reason) == (NUMBER, "policy")
    (attempt,) = [e.attempt for e in found if isinstance(e, PutAttempt)]
    assert (attempt.status, attempt.answer) == ("WillSupply", "cause-1")
    crowns = replace(wish, max_cost=Money(amount=Decimal(500), currency="SEK"))
    text = "The price of 8 EUR cannot be compared with the ceiling of 500 SEK."
    assert told(crowns, EventName.WILL_SUPPLY, cost=eight) == ("cost", text)


def test_an_edge_asks_staff_with_the_passage_that_was_read() -> None:
    waits = on_loan(Status.AWAITING_PICKUP)
    found = effects(waits, EventName.RECALLED, due_date=date(2026, 12, 1), passage="palautettava heti")
    (ask, *_) = asks(found)
    assert (ask.number, ask.reason, ask.passage) == (NUMBER, "policy", "palautettava heti")


def test_what_an_edge_marks_and_unmarks_joins_what_its_facts_do() -> None:
    assumed = on_loan(flags=frozenset({Flag.DUE_DATE_ASSUMED, Flag.RENEWAL_PENDING}))
    (move,) = moves(effects(assumed, EventName.RENEW_ACCEPTED, due_date=date(2027, 1, 15)))
    assert {Flag.RENEWAL_PENDING, Flag.DUE_DATE_ASSUMED, Flag.OVERDUE} <= move.remove
    assert (move.number, move.to, move.event.due_date) == (NUMBER, Status.WITH_PATRON, date(2027, 1, 15))
    found = effects(on_loan(), EventName.RECALLED, no_renewal=True)
    assert moves(found)[0].add == {Flag.RECALLED, Flag.NO_RENEWAL}


def test_a_renewal_is_counted_unless_it_is_granted_after_the_return() -> None:
    pending = on_loan(renewal_pending=True, renewals=1)
    found = effects(pending, EventName.RENEW_ACCEPTED, due_date=date(2027, 1, 15))
    assert ChangeRequest(number=NUMBER, values={"renewals": 2}) in found
    late = on_loan(Status.SHIPPED_RETURN, renewal_pending=True, renewals=1)
    gone = effects(late, EventName.RENEW_ACCEPTED, due_date=date(2027, 1, 15))
    assert not [e for e in gone if isinstance(e, ChangeRequest) and "renewals" in e.values]
    refused = effects(on_loan(renewal_pending=True), EventName.RENEW_REFUSED)
    assert not [e for e in refused if isinstance(e, ChangeRequest) and "renewals" in e.values]


def test_a_request_that_ends_keeps_when_and_one_that_goes_on_does_not() -> None:
    def closings(found: tuple[Effect, ...]) -> list[object]:
        return [e.values["closed_at"] for e in found if isinstance(e, ChangeRequest) and "closed_at" in e.values]

    assert closings(effects(request(), EventName.CANCEL, "patron")) == []
    assert closings(effects(request(), EventName.UNFILLED, reason="NotHeld")) == [NOW]
    assert closings(effects(request(Status.UNFILLED), EventName.REOPEN, "staff", choice=Status.NEW)) == [None]
    assert closings(effects(request(Status.UNFILLED), EventName.NOTE, "staff")) == []


def test_the_patron_hears_nothing_of_a_no_while_another_library_is_asked() -> None:
    other = request(suppliers=("FI-BIRCH",))
    assert letters(effects(other, EventName.UNFILLED, reason="NotHeld")) == [("request_loan", BIRCH.email)]
    assert asks(effects(other, EventName.RETRY_POSSIBLE, reason="OnLoan")) == []


def test_a_recall_is_news_once_and_again_with_another_date() -> None:
    first = date(2026, 12, 1)

    def letters_of(of: Request, due: date | None) -> list[str]:
        return [x.letter for x in written(effects(of, EventName.RECALLED, due_date=due))]

    known = on_loan(flags=frozenset({Flag.RECALLED}), items=(replace(TWO[0], due_date=first),))
    assert letters_of(on_loan(), first) == ["recalled"]
    assert letters_of(known, first) == []
    assert letters_of(known, None) == []
    assert letters_of(known, date(2026, 11, 30)) == ["recalled"]


def test_a_day_to_expect_it_is_news_once_and_again_when_it_moves() -> None:
    day = date(2026, 12, 4)
    named = replace(request().attempts[0], expected_date=day)

    def letters_of(of: Request, expected: date | None) -> list[str]:
        return [x.letter for x in written(effects(of, EventName.EXPECT_TO_SUPPLY, expected_date=expected))]

    known = request(Status.EXPECT_TO_SUPPLY, attempts=(named,))
    assert letters_of(request(), day) == ["expected"]
    assert letters_of(known, day) == []
    assert letters_of(known, date(2026, 12, 11)) == ["expected"]
    assert letters_of(replace(known, status=Status.REQUESTED), day) == ["expected"]


def test_a_copy_waits_for_staff_unless_the_suppliers_record_lets_it_go_on() -> None:
    copy = request(service_type=ServiceType.COPY)
    found = effects(copy, EventName.COPY_COMPLETED, url="https://files.example/1")
    (letter,) = written(found)
    assert (letter.letter, letter.hold, letter.audience) == ("copy_delivered", True, Audience.PATRON)
    assert asks(found) == [
        AskStaff(
            number=NUMBER,
            reason="release",
            text=f"{NUMBER}: the copy from Alder waits for you: look at it, then release its letter, or drop it.",
            commands=("maild queue list", "maild queue release LETTER", "maild queue drop --letter LETTER"),
        )
    ]
    trusted = (replace(ALDER, copy_release="auto"), BIRCH)
    free = effects(copy, EventName.COPY_COMPLETED, url="https://files.example/1", partners=trusted)
    assert [(x.letter, x.hold) for x in written(free)] == [("copy_delivered", False)]
    assert asks(free) == []
    silent = effects(copy, EventName.COPY_COMPLETED, url="https://files.example/1", notify=False)
    assert (written(silent), asks(silent)) == ([], [])


def test_a_copy_for_a_patron_without_an_address_waits_and_the_address_is_asked_for() -> None:
    copy = request(service_type=ServiceType.COPY, patron_email="")
    mute = (replace(PATRON, email=""),)
    found = effects(copy, EventName.COPY_COMPLETED, url="https://files.example/1", patrons=mute)
    assert (written(found), [ask.reason for ask in asks(found)]) == ([], ["no-address", "release"])


def test_a_letter_of_an_event_says_what_the_event_states() -> None:
    found = effects(request(), EventName.LOANED, due_date=DUE, item_id=("1300",))
    (letter,) = written(found)
    assert letter.letter == "on_its_way"
    assert letter.facts == {"due_date": DUE, "item_id": ("1300",), "patron_due_date": date(2026, 12, 15)}
    assert letter.cause == "cause-1:Loaned"


# A patron and a library that ask to renew


def renewal(of: Request, by: By = "patron", **facts: Any) -> tuple[Effect, ...]:
    return effects(of, EventName.RENEW, by, **facts)


def test_a_patron_who_asks_to_renew_is_answered_by_our_rules_without_the_supplier() -> None:
    early, recalled = on_loan(), on_loan(flags=frozenset({Flag.RECALLED}))
    asked = on_loan(renewal_pending=True)
    kept = date(2026, 12, 15)
    for of, letter, facts in (
        (early, "renewal_not_yet", {"renew_from": date(2026, 12, 8)}),
        (recalled, "renewal_refused", {"reason": "recalled", "patron_due_date": kept}),
        (asked, "renewal_pending", {"patron_due_date": kept}),
    ):
        move, sent = renewal(of)
        assert move == Move(number=NUMBER, to=Status.WITH_PATRON, event=Event(event=EventName.RENEW, request=NUMBER))
        assert isinstance(sent, SendLetter)
        assert (sent.letter, sent.facts, sent.to) == (letter, facts, PATRON.email)


def test_no_answer_is_written_where_nobody_is_told_and_none_where_the_clock_asked() -> None:
    assert [type(e) for e in renewal(on_loan(), notify=False)] == [Move]
    assert renewal(on_loan(), "clock") == ()


def test_the_supplier_is_asked_in_time() -> None:
    assert [x.letter for x in written(renewal(on_loan(due=date(2026, 11, 30))))] == ["renew_request", "renewal_pending"]


def with_terms(**terms: Any) -> Rules:
    own = RULES.workflows["lending-loan"]
    loan = replace(own.loan, **terms)
    return replace(RULES, workflows={**RULES.workflows, "lending-loan": replace(own, loan=loan)})


def test_a_library_that_asks_to_renew_is_answered_by_our_rules_where_the_site_lets_them() -> None:
    lent = lending(loaned_on=date(2026, 11, 3))
    granted = renewal(lent, "requester", rules=with_terms(renews_by_itself=True))
    asked, answered = moves(granted)
    assert asked == Move(number=NUMBER, to=Status.LOANED, event=Event(event=EventName.RENEW, request=NUMBER))
    assert (answered.event.event, answered.event.due_date) == (EventName.RENEW_ACCEPTED, date(2026, 12, 29))
    assert [x.letter for x in written(granted)] == ["lending_renewal_granted"]
    assert asks(granted) == []


def test_else_staff_are_asked_with_what_the_rules_say_and_the_command_that_says_it() -> None:
    lent = lending(loaned_on=date(2026, 11, 3))
    (ask,) = asks(renewal(lent, "requester"))
    assert ask.text.endswith("Our rule grants it until 2026-12-29.")
    assert ask.commands == (f"maild request do {NUMBER} RenewAccepted due_date=2026-12-29",)
    unknown = lending(items=(Item(id=1, item_ids=("77",)),))
    (ask,) = asks(renewal(unknown, "requester"))
    assert ask.text.endswith("No due date is known.")
    assert ask.commands == ()


def test_a_rule_that_says_no_is_left_to_staff_where_the_site_wants_it_so() -> None:
    recalled = lending(flags=frozenset({Flag.WAITED_FOR}))
    by_itself = renewal(recalled, "requester", rules=with_terms(renews_by_itself=True))
    assert [x.letter for x in written(by_itself)] == ["lending_renewal_refused"]
    staffs = with_terms(renews_by_itself=True, renewals_to_staff=("OnLoan",))
    (ask,) = asks(renewal(recalled, "requester", rules=staffs))
    assert ask.commands == (f'maild request do {NUMBER} RenewRefused reason="OnLoan"',)


# The parcel of a supplier that another one followed


def test_a_parcel_of_an_earlier_supplier_makes_it_the_one_in_hand_again() -> None:
    old = replace(request().attempts[0], partner_id=BIRCH.id, partner_domains=BIRCH.domains, status="CancelPending")
    now = replace(request().attempts[0], id=2)
    found = effects(request(attempts=(old, now)), EventName.RECEIVED, "staff", supplier=BIRCH.symbol, item_id=("9",))
    assert moves(found)[-1].to is Status.RECEIVED
    (changed, *_) = [e.values for e in found if isinstance(e, ChangeRequest) and "partner_id" in e.values]
    assert changed["partner_id"] == BIRCH.id
    assert letters(found) == [("cancel_request", ALDER.email), ("received", BIRCH.email)]
    assert told(request(), EventName.RECEIVED, "staff", supplier=BIRCH.symbol, item_id=("9",)) == (
        "status",
        f"{BIRCH.symbol} was never asked for {NUMBER}.",
    )
    both = on_loan(Status.LOANED, attempts=(old, now))
    text = f"{NUMBER} has the things of another library: two are sending, send that of one back."
    assert told(both, EventName.RECEIVED, "staff", supplier=BIRCH.symbol, item_id=("9",)) == ("status", text)


# Through the whole of decide


def test_a_mail_brings_its_files_along_and_a_command_its_place() -> None:
    pdf = Attachment(index=3, sniffed="application/pdf")
    happening = replace(
        by_supplier(EventName.COPY_COMPLETED, attachment=True), mail=mail(ALDER.email, attachments=(pdf,))
    )
    decision = decide(happening, context(request(service_type=ServiceType.COPY)), RULES, NOW)
    assert [x.attach for x in written(decision.effects)] == [(3,)]


def test_nothing_of_this_changes_where_a_mail_comes_from_whoever_may_not_say_it() -> None:
    for happening in (by_patron(EventName.LOANED), by_requester(EventName.UNFILLED)):
        decision = decide(happening, context(request()), RULES, NOW)
        assert not decision.auto
        assert statuses(decision.effects) == []


# Where a profile is another one than the shipped


def with_edges(change: Callable[[Transition], Transition | None]) -> Rules:
    """The rules with the edges of borrowed loans as `change` leaves them; None takes one away."""
    own = RULES.workflows["borrowing-loan"]
    edges = tuple(t for t in map(change, own.transitions) if t is not None)
    return replace(RULES, workflows={**RULES.workflows, "borrowing-loan": replace(own, transitions=edges)})


def test_a_price_that_the_profile_does_not_put_to_the_patron_is_for_staff() -> None:
    wish = request(max_cost=Money(amount=Decimal(5), currency="EUR"))
    offers = EventName.RETRY_POSSIBLE
    without = with_edges(lambda t: None if t.event is offers else t)
    by_staff = with_edges(lambda t: replace(t, auto=False) if t.event is offers else t)
    for rules in (without, by_staff):
        found = told(wish, EventName.WILL_SUPPLY, cost=Money(amount=Decimal(8), currency="EUR"), rules=rules)
        assert found == ("cost", "The price of 8 EUR is above the ceiling of 5 EUR.")


def test_all_facts_and_all_flags_that_are_lacking_are_named() -> None:
    def needy(edge: Transition) -> Transition:
        if edge.event is not EventName.WILL_SUPPLY:
            return edge
        return replace(
            edge, needs=("expected_date", "cost|reason"), needs_flags=frozenset({Flag.RECALLED, Flag.DISPUTE})
        )

    rules = with_edges(needy)
    assert told(request(), EventName.WILL_SUPPLY, rules=rules) == (
        "incomplete",
        f"WillSupply of {NUMBER} lacks its expected_date, cost or reason.",
    )
    facts: dict[str, Any] = {"expected_date": date(2026, 12, 4), "reason": "x"}
    assert told(request(), EventName.WILL_SUPPLY, rules=rules, **facts) == (
        "status",
        f"WillSupply of {NUMBER}: no dispute, recalled.",
    )


def test_a_patron_with_as_many_loans_as_there_may_be_fetches_the_next_one() -> None:
    rules = replace(RULES, limits=Limits(patron_loans=2))
    here = on_loan(Status.RECEIVED)
    many, few = (replace(PATRON, loans=2),), (replace(PATRON, loans=1),)
    text = f"The patron of {NUMBER} has 2 loans, which is the limit: it waits at the desk."
    assert told(here, EventName.SENT_TO_OFFICE, "staff", patrons=many, rules=rules) == ("policy", text)
    assert moves(effects(here, EventName.SENT_TO_OFFICE, "staff", patrons=few, rules=rules))


def test_a_late_volume_can_be_fetched_by_its_name() -> None:
    late = Item(id=2, volume="2", place="awaited")
    theirs = on_loan(items=(TWO[0], late), flags=frozenset({Flag.PARTS_OUT}))
    named = {"item_id": ("1301",), "values": {"volume": "2"}}
    (put,) = [e.item for e in effects(theirs, EventName.READY_FOR_PICKUP, "staff", **named) if isinstance(e, PutItem)]
    assert (put.id, put.item_ids, put.place) == (2, ("1301",), "AwaitingPickup")


def test_what_staff_say_of_suppliers_is_noted() -> None:
    found = effects(request(Status.NEW), EventName.SUPPLIER_INFO, "staff", values={"hold": "fi-birch"})
    assert ChangeRequest(number=NUMBER, values={"suppliers": ("FI-BIRCH",), "skipped": ()}) in found


def test_a_supplier_that_is_to_send_a_better_copy_has_its_time_anew() -> None:
    copied = replace(request().attempts[0], status="CopyCompleted", answered_at=NOW, answer="mail-1", reason="x")
    bad = request(Status.COPY_COMPLETED, service_type=ServiceType.COPY, attempts=(copied,), closed_at=NOW)
    found = effects(bad, EventName.REOPEN, "staff", choice=Status.REQUESTED)
    (attempt,) = [e.attempt for e in found if isinstance(e, PutAttempt)]
    assert (attempt.status, attempt.asked_at, attempt.answered_at, attempt.reason) == ("Requested", NOW, None, "")


def test_nobody_pays_for_what_does_not_come() -> None:
    eight = Money(amount=Decimal(8), currency="EUR")
    price = Charge(kind="supplier's price", payer="us", money=eight, partner_id=ALDER.id)
    found = effects(request(charges=(price,)), EventName.UNFILLED, reason="NotHeld")
    assert [e.charge.money.amount for e in found if isinstance(e, AddCharge)] == [Decimal(0)]


def test_the_patron_hears_of_another_due_date_where_the_own_one_moves() -> None:
    moved = effects(on_loan(), EventName.DUE_DATE_CHANGED, "staff", due_date=date(2026, 12, 28))
    assert [x.letter for x in written(moved)] == ["due_date_changed"]
    same = effects(on_loan(), EventName.DUE_DATE_CHANGED, "staff", due_date=DUE)
    assert written(same) == []


def test_a_day_to_expect_it_is_news_of_a_supplier_that_is_on_no_record() -> None:
    found = effects(request(attempts=()), EventName.EXPECT_TO_SUPPLY, expected_date=date(2026, 12, 4))
    assert [x.letter for x in written(found)] == ["expected"]
