import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import AddCharge, AskStaff, ChangeRequest, Command, Decision, Move, PutAttempt, PutItem
from maild.core.reading import Event
from maild.core.request import Request
from maild.core.rules import Refused, SitePolicy
from maild.core.terms import EventName, Flag, Status
from maild.verbs.requests import values_of
from tests.house import (
    ALDER,
    BIRCH,
    NOW,
    NUMBER,
    PATRON,
    context,
    lending,
    letters,
    on_loan,
    request,
    shipped_rules,
    statuses,
)

RULES = shipped_rules(SitePolicy(pickup=("Main",)))


def done(request_: Request, event: EventName, notify: bool = True, **values: str) -> Decision:
    command = Command(
        number=NUMBER, event=Event(event=event), actor="anna", values=values, notify=notify, id="command-1"
    )
    return decide(command, context(request_), RULES, NOW)


def test_staff_who_send_a_new_request_on_know_its_patron_from_then_on() -> None:
    new = request(Status.NEW, partner_id=None, attempts=(), suppliers=("FI-ALDER",))
    command = Command(number=NUMBER, event=Event(event=EventName.NEXT_SUPPLIER), actor="anna", id="command-1")
    unknown = context(new, patrons=(replace(PATRON, approved=False),))
    after = apply(unknown, decide(command, unknown, RULES, NOW).effects)
    assert after.patron(PATRON.id) == PATRON


def test_received_takes_the_date_and_barcode_of_the_slip() -> None:
    decision = done(request(), EventName.RECEIVED, due_date="2026-12-18", item_id="1300, 1301")
    assert statuses(decision.effects) == [Status.RECEIVED]
    items = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert [i.item_ids for i in items] == [("1300",), ("1301",)]
    assert {i.due_date for i in items} == {date(2026, 12, 18)}


def test_the_slips_date_takes_the_place_of_the_assumed_one() -> None:
    loan = on_loan(Status.LOANED, flags=frozenset({Flag.DUE_DATE_ASSUMED}))
    decision = done(loan, EventName.RECEIVED, due_date="2026-12-28")
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert Flag.DUE_DATE_ASSUMED in move.remove
    assert [e.item.id for e in decision.effects if isinstance(e, PutItem)] == [1]


def test_a_barcode_that_comes_after_the_date_is_kept() -> None:
    loan = on_loan(Status.LOANED)
    loan = replace(loan, items=(replace(loan.items[0], item_ids=()),))
    items = [e.item for e in done(loan, EventName.RECEIVED, item_id="1300").effects if isinstance(e, PutItem)]
    assert [i.item_ids for i in items] == [("1300",)]


def test_staff_are_told_with_the_parcel_that_it_goes_to_an_office() -> None:
    wished = request(delivery="office")
    assert done(wished, EventName.RECEIVED, item_id="1300").why == "anna: Received, for the patron's office"
    assert done(request(), EventName.RECEIVED, item_id="1300").why == "anna: Received"
    blocked = context(wished, patrons=(replace(PATRON, blocked=True),))
    command = Command(number=NUMBER, event=Event(event=EventName.RECEIVED), actor="anna", id="command-1")
    assert decide(command, blocked, RULES, NOW).why == "anna: Received"


def test_the_patron_hears_of_it_when_the_desk_has_it() -> None:
    decision = done(on_loan(Status.RECEIVED), EventName.READY_FOR_PICKUP, pickup="Main")
    assert decision.why == "anna: ReadyForPickup, to the desk"
    (letter,) = [e for e in decision.effects if getattr(e, "letter", "")]
    assert (letter.letter, letter.to) == ("ready_for_pickup", PATRON.email)  # type: ignore[union-attr]
    assert letter.facts["pickup_until"] == date(2026, 12, 7)  # type: ignore[union-attr]
    assert ChangeRequest(number=NUMBER, values={"pickup": "Main"}) in decision.effects


def test_what_may_not_leave_the_house_is_read_in_the_reading_room() -> None:
    here = on_loan(Status.RECEIVED, flags=frozenset({Flag.LIBRARY_USE_ONLY}))
    assert letters(done(here, EventName.READY_FOR_PICKUP).effects) == [("reading_room_ready", PATRON.email)]
    for event in (EventName.CHECKED_OUT, EventName.SENT_TO_OFFICE):
        with pytest.raises(Refused, match="library only"):
            done(here, event)


def test_a_blocked_patrons_loan_waits_at_the_desk() -> None:
    known = context(on_loan(Status.RECEIVED), patrons=(replace(PATRON, blocked=True),))
    command = Command(number=NUMBER, event=Event(event=EventName.SENT_TO_OFFICE), actor="anna")
    with pytest.raises(Refused, match="blocked"):
        decide(command, known, RULES, NOW)


def test_no_letter_goes_out_where_staff_say_so() -> None:
    assert letters(done(on_loan(Status.RECEIVED), EventName.READY_FOR_PICKUP, notify=False).effects) == []


def test_staff_send_a_new_request_to_the_library_that_they_choose() -> None:
    new = request(Status.NEW, partner_id=None, attempts=(), partner_domains=(), partner_address=None)
    decision = done(new, EventName.NEXT_SUPPLIER, partner="fi-birch")
    assert statuses(decision.effects) == [Status.REQUESTED]
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]


def test_the_supplier_that_has_not_answered_is_told_when_another_one_is_asked() -> None:
    decision = done(request(), EventName.NEXT_SUPPLIER, partner="FI-BIRCH")
    assert letters(decision.effects) == [("cancel_request", ALDER.email), ("request_loan", BIRCH.email)]
    assert [e.attempt.status for e in decision.effects if isinstance(e, PutAttempt)] == ["CancelPending", "Requested"]


def test_where_nobody_is_marked_staff_are_told_and_nothing_moves() -> None:
    decision = done(request(), EventName.NEXT_SUPPLIER)
    assert statuses(decision.effects) == []
    assert any(isinstance(e, AskStaff) for e in decision.effects)


def test_a_price_is_noted_with_its_currency() -> None:
    decision = done(on_loan(), EventName.INVOICE, cost="12,50 eur")
    (charge,) = [e.charge for e in decision.effects if isinstance(e, AddCharge)]
    assert (charge.money.amount, charge.money.currency) == (Decimal("12.50"), "EUR")


def test_closing_and_opening_again_keep_the_day_of_closing() -> None:
    closed = done(request(), EventName.CLOSE, to="FoundOnline")
    assert statuses(closed.effects) == [Status.FOUND_ONLINE]
    assert ChangeRequest(number=NUMBER, values={"closed_at": NOW}) in closed.effects
    opened = done(request(Status.FOUND_ONLINE, closed_at=NOW), EventName.REOPEN)
    assert ChangeRequest(number=NUMBER, values={"closed_at": None}) in opened.effects


def test_undo_sets_the_status_right_and_writes_to_nobody() -> None:
    decision = done(on_loan(Status.RETURNED_BY_PATRON), EventName.UNDO, to="WithPatron")
    assert statuses(decision.effects) == [Status.WITH_PATRON]
    assert letters(decision.effects) == []


def test_we_lend_with_a_date_of_our_own_rule() -> None:
    decision = done(lending(Status.WILL_SUPPLY, items=()), EventName.LOANED, item_id="77")
    assert letters(decision.effects) == [("lending_shipped", BIRCH.email)]
    (item,) = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert (item.due_date, item.patron_due_date) == (date(2026, 12, 28), None)


def test_our_loan_is_renewed_by_staff_and_the_library_is_told() -> None:
    decision = done(lending(), EventName.RENEW_ACCEPTED, due_date="2026-12-29")
    assert letters(decision.effects) == [("lending_renewal_granted", BIRCH.email)]


@pytest.mark.parametrize(
    ("event", "values", "told"),
    [
        (EventName.LOANED, {"due_date": "18.12.2026"}, "write it like 2026"),
        (EventName.LOANED, {"due_date": "2062-12-18"}, "years off"),
        (EventName.LOANED, {"due": "2026-12-18"}, "due= is no value"),
        (EventName.LOANED, {"cost": "12.50"}, "12.50 EUR"),
        (EventName.COPY_COMPLETED, {"url": "files.example/1"}, "write the whole of it, https://"),
        (EventName.RECALLED, {"due_date": "2026-11-01"}, "has passed"),
        (EventName.LOANED, {"item_id": "3000\x00"}, "a control character"),
        (EventName.NEXT_SUPPLIER, {"partner": ALDER.symbol}, "at work on it already"),
        (EventName.CLOSE, {"to": "FoundOnlin"}, "did you mean FoundOnline"),
        (EventName.NEXT_SUPPLIER, {"partner": "FI-X"}, "not on record"),
        (EventName.CHECKED_OUT, {}, "It can take: "),
        (EventName.RECEIVED, {"pickup": "Moon"}, "there are: Main"),
        (EventName.UNDO, {}, "to=STATUS"),
    ],
)
def test_a_wrong_command_is_refused_with_what_would_be_right(
    event: EventName, values: dict[str, str], told: str
) -> None:
    with pytest.raises(Refused, match=re.escape(told)):
        done(request(), event, **values)


@pytest.mark.parametrize(
    ("event", "values"),
    [
        (EventName.RENEW_ACCEPTED, {}),
        (EventName.RETURNED_BY_PATRON, {"item_id": "9999"}),
        (EventName.RECALLED, {"due_date": "soon"}),
        (EventName.RECALLED, {"colour": "red"}),
    ],
)
def test_where_the_event_fits_no_other_is_named(event: EventName, values: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        done(on_loan(), event, **values)
    assert "It can take" not in str(refused.value)


def test_a_place_is_none_while_the_site_has_named_none() -> None:
    received = Command(number=NUMBER, event=Event(event=EventName.RECEIVED), actor="anna", values={"pickup": "Main"})
    with pytest.raises(Refused, match=re.escape("none yet, write them in pickup of [site] in maild.toml")):
        decide(received, context(request()), shipped_rules(), NOW)


def test_a_request_that_is_not_there_is_refused() -> None:
    command = Command(number="KP-2026-000999", event=Event(event=EventName.NOTE), actor="anna")
    with pytest.raises(Refused, match="there is no request"):
        decide(command, context(), RULES, NOW)


def test_a_value_that_is_typed_twice_is_refused() -> None:
    with pytest.raises(Refused, match="note= is given twice"):
        values_of(["note=a", "note=b"])
