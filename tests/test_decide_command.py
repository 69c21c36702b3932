import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.decide_command import as_wished, looks_back, notify_of
from maild.core.effects import (
    AddCharge,
    ApprovePatron,
    AskStaff,
    Audience,
    ChangeRequest,
    Command,
    Decision,
    Move,
    PlanNotice,
    PutAttempt,
    PutItem,
    SendLetter,
)
from maild.core.limit_rules import Limits
from maild.core.pickup_rules import PickupRules, Shelf
from maild.core.reading import Citation, Event
from maild.core.request import Patron, Request, Step, Told
from maild.core.rules import Refused, SitePolicy
from maild.core.terms import EventName, Flag, ServiceType, Status
from maild.verbs.requests import values_of
from tests.house import (
    ALDER,
    BIRCH,
    NOW,
    NUMBER,
    PATRON,
    TODAY,
    context,
    lending,
    letters,
    on_loan,
    request,
    shipped_rules,
    statuses,
)

RULES = shipped_rules(SitePolicy(pickup=("Main",)))


def done(request_: Request, event: EventName, notify: bool = True, **values: Any) -> Decision:
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
    full = replace(RULES, limits=Limits(patron_loans=2))
    for loans, why in ((2, "anna: Received"), (1, "anna: Received, for the patron's office")):
        known = context(wished, patrons=(replace(PATRON, loans=loans),))
        assert decide(command, known, full, NOW).why == why


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
    with pytest.raises(Refused) as refused:
        decide(received, context(request()), shipped_rules(), NOW)
    none = "there are: none yet, write them in pickup of [site] in maild.toml"
    assert str(refused.value) == f"pickup=Main is no place of ours; {none}"


def test_a_request_that_is_not_there_is_refused() -> None:
    command = Command(number="KP-2026-000999", event=Event(event=EventName.NOTE), actor="anna")
    with pytest.raises(Refused, match="there is no request"):
        decide(command, context(), RULES, NOW)


def test_a_value_that_is_typed_twice_is_refused() -> None:
    with pytest.raises(Refused, match="note= is given twice"):
        values_of(["note=a", "note=b"])


# The rule, word for word


def refusal(request_: Request, event: EventName, **values: str) -> str:
    with pytest.raises(Refused) as refused:
        done(request_, event, **values)
    return str(refused.value)


def test_a_command_that_does_not_fit_is_told_with_all_that_the_request_can_take() -> None:
    told = refusal(request(Status.CANCELLED), EventName.CHECKED_OUT)
    start, _, can = told.partition(" It can take: ")
    assert start == f"CheckedOut does not fit {NUMBER}, which stands at Cancelled (borrowing-loan)."
    edges = RULES.workflows["borrowing-loan"].edges(Status.CANCELLED)
    names = {f"{t.event} to={t.to}" if t.event is EventName.CLOSE else str(t.event) for t in edges}
    assert can == f"{', '.join(sorted(names))}."
    assert "Reopen" in can
    ways = refusal(request(), EventName.CHECKED_OUT)
    assert "Close to=FoundOnline" in ways
    assert "It can take: " in refusal(request(), EventName.CLOSE, to="CompletedWithoutReturn")


def test_a_status_that_is_none_is_told_with_the_one_that_was_meant() -> None:
    assert refusal(request(), EventName.CLOSE, to="FoundOnlin") == (
        "to=FoundOnlin is no status; did you mean FoundOnline?"
    )
    assert refusal(request(), EventName.CLOSE, to="xyz") == "to=xyz is no status"


def test_a_supplier_that_is_named_is_on_record_serves_this_and_is_not_at_work_on_it() -> None:
    assert refusal(request(), EventName.NEXT_SUPPLIER, partner="FI-X") == (
        "partner=FI-X is not on record; see maild partner list"
    )
    copies_only = context(request(), partners=(ALDER, replace(BIRCH, loans=False)))
    command = Command(
        number=NUMBER, event=Event(event=EventName.NEXT_SUPPLIER), actor="anna", values={"partner": "fi-birch"}
    )
    with pytest.raises(Refused) as refused:
        decide(command, copies_only, RULES, NOW)
    assert str(refused.value) == "fi-birch cannot be asked: it is not active, has no address, or does not do Loan"
    no_copies = context(request(service_type=ServiceType.COPY), partners=(ALDER, replace(BIRCH, copies=False)))
    with pytest.raises(Refused, match="does not do Copy"):
        decide(command, no_copies, RULES, NOW)
    at_work = "FI-ALDER is at work on it already; remind it with StatusRequest, or ask another one"
    for status in (Status.REQUESTED, Status.REQUEST_RECEIVED, Status.EXPECT_TO_SUPPLY, Status.WILL_SUPPLY):
        assert refusal(request(status), EventName.NEXT_SUPPLIER, partner="FI-ALDER") == at_work
    assert done(request(Status.UNFILLED), EventName.NEXT_SUPPLIER, partner="FI-ALDER").auto
    assert done(request(), EventName.RECEIVED, partner="FI-ALDER", item_id="1300").auto


def test_whether_letters_go_out_is_yes_no_or_ask_and_an_edit_asks_by_itself() -> None:
    here = on_loan(Status.RECEIVED)
    ready = typed(EventName.READY_FOR_PICKUP)

    def holds(command: Command) -> list[bool]:
        return [e.hold for e in decide(command, context(here), RULES, NOW).effects if isinstance(e, SendLetter)]

    assert (holds(ready), holds(replace(ready, notify=False))) == ([False], [])
    wished = [holds(replace(ready, values={"notify": wish})) for wish in ("yes", "ask", "no")]
    assert wished == [[False], [True], []]
    with pytest.raises(Refused, match=r"^notify=perhaps: write yes, no or ask$"):
        holds(replace(ready, values={"notify": "perhaps"}))
    assert notify_of(typed(EventName.EDIT)) == "ask"
    assert notify_of(typed(EventName.EDIT, notify="yes")) == "yes"
    assert notify_of(typed(EventName.NOTE)) == "yes"
    assert notify_of(replace(typed(EventName.EDIT), notify=False)) == "no"
    assert notify_of(replace(typed(EventName.NOTE, notify="yes"), notify=False)) == "yes"


def typed(event: EventName, **values: str) -> Command:
    return Command(number=NUMBER, event=Event(event=event), actor="anna", values=values, id="command-1")


def test_letters_to_staff_and_those_in_the_place_of_held_ones_go_whatever_is_wished() -> None:
    def letter(audience: Audience, *, again: bool = False) -> SendLetter:
        return SendLetter(number=NUMBER, letter="x", audience=audience, to="x@library.example", again=again)

    patron, partner = letter(Audience.PATRON), letter(Audience.PARTNER)
    staff, again = letter(Audience.STAFF), letter(Audience.PATRON, again=True)
    note = ChangeRequest(number=NUMBER, values={"note": "x"})
    every = (patron, note, partner, staff, again)
    assert as_wished(every, "yes") == every
    assert as_wished(every, "no") == (note, staff, again)
    held = (replace(patron, hold=True), note, replace(partner, hold=True), staff, again)
    assert as_wished(every, "ask") == held


def test_the_history_says_who_did_what_and_where_it_waits() -> None:
    assert done(request(), EventName.NOTE, note="Kysytty.").why == "anna: Note"
    shelf = PickupRules(shelves={"Main": Shelf(countries=frozenset({"domestic"}))})
    here = on_loan(Status.RECEIVED, pickup="Main")
    at_desk = decide(typed(EventName.READY_FOR_PICKUP), context(here), RULES, NOW)
    assert at_desk.why == "anna: ReadyForPickup, to the desk"
    on_shelf = decide(typed(EventName.READY_FOR_PICKUP), context(here), replace(RULES, pickup=shelf), NOW)
    assert on_shelf.why == "anna: ReadyForPickup, to the open shelf"
    assert (on_shelf.auto, on_shelf.reading) == (True, None)


def test_what_is_decided_by_hand_has_its_notices() -> None:
    here = done(on_loan(Status.RECEIVED), EventName.READY_FOR_PICKUP)
    assert "not_collected" in {e.notice for e in here.effects if isinstance(e, PlanNotice)}


def test_only_a_request_that_is_new_makes_its_patron_known() -> None:
    unknown = replace(PATRON, approved=False)

    def approved(of: Request, event: EventName = EventName.NEXT_SUPPLIER, patron: Patron = unknown) -> list[int]:
        values = {"partner": "FI-BIRCH"} if event is EventName.NEXT_SUPPLIER else {}
        known = context(of, patrons=(patron,))
        effects = decide(typed(event, **values), known, RULES, NOW).effects
        return [e.patron_id for e in effects if isinstance(e, ApprovePatron)]

    new = request(Status.NEW, partner_id=None, attempts=())
    assert approved(new) == [PATRON.id]
    assert approved(new, patron=PATRON) == []
    assert approved(new, EventName.NOTE) == []
    assert approved(request(Status.UNFILLED)) == []
    assert approved(replace(new, patron_id=None)) == []


def test_a_status_is_set_right_to_any_of_the_profile_and_to_no_other() -> None:
    back = done(on_loan(Status.RETURNED_BY_PATRON), EventName.UNDO, to="WithPatron")
    (move,) = [e for e in back.effects if isinstance(e, Move)]
    assert (move.number, move.to, move.event.event) == (NUMBER, Status.WITH_PATRON, EventName.UNDO)
    assert back.why == "anna: Undo"
    known = ", ".join(RULES.workflows["borrowing-loan"].states)
    told = f"Undo needs the status it stood at: to=STATUS, one of {known}"
    assert refusal(on_loan(), EventName.UNDO, to="Digitizing") == told


def test_an_undo_takes_the_last_event_back_and_counts_its_notices_from_the_day_that_came_before() -> None:
    shelf = on_loan(Status.AWAITING_PICKUP)
    step = Step(id=5, at=NOW, who="anna", what="CheckedOut", before=shelf, entered=date(2026, 11, 18))
    decision = decide(typed(EventName.UNDO), context(on_loan(), last=step), RULES, NOW)
    assert decision.why == "anna: Undo takes back CheckedOut of 2026-11-23 by anna"
    assert statuses(decision.effects) == [Status.AWAITING_PICKUP]
    anchors = {e.notice: e.anchor for e in decision.effects if isinstance(e, PlanNotice)}
    assert anchors["not_collected"] == date(2026, 11, 18)
    by_hand = decide(typed(EventName.UNDO, to="AwaitingPickup"), context(on_loan(), last=step), RULES, NOW)
    anchors = {e.notice: e.anchor for e in by_hand.effects if isinstance(e, PlanNotice)}
    assert (by_hand.why, anchors["not_collected"]) == ("anna: Undo", TODAY)


def test_what_looks_back_is_decided_with_what_was_before() -> None:
    for event in (EventName.EDIT, EventName.UNDO, EventName.REOPEN):
        assert looks_back(typed(event))
    assert not looks_back(typed(EventName.NOTE))
    assert not looks_back(typed(EventName.NOTE, letter="status"))
    assert looks_back(typed(EventName.NOTE, letter="correction"))


def test_a_letter_that_staff_name_goes_with_the_note() -> None:
    told = refusal(request(), EventName.NOTE, letter="no-such")
    assert told.startswith(f"letter=no-such is none that is sent by hand about {NUMBER}; use one of ")
    name = told.rpartition("; use one of ")[2].split(", ")[0]
    with pytest.raises(Refused, match="not with --no-notify"):
        decide(typed(EventName.NOTE, letter=name, notify="no"), context(request()), RULES, NOW)


def test_a_place_of_ours_is_noted_and_no_place_is_none() -> None:
    assert done(request(), EventName.RECEIVED, pickup="", item_id="1300").auto
    assert refusal(request(), EventName.RECEIVED, pickup="Moon") == "pickup=Moon is no place of ours; there are: Main"
    two = shipped_rules(SitePolicy(pickup=("Main", "Annex")))
    with pytest.raises(Refused, match=r"there are: Main, Annex$"):
        decide(typed(EventName.RECEIVED, pickup="Moon"), context(request()), two, NOW)


def test_a_request_that_nobody_has_is_told_with_where_to_look() -> None:
    with pytest.raises(Refused) as refused:
        decide(replace(typed(EventName.NOTE), number="KP-2026-000999"), context(request()), RULES, NOW)
    assert str(refused.value) == "there is no request KP-2026-000999; see maild request list"


def test_the_library_system_does_what_a_profile_lets_our_house_do_and_no_more() -> None:
    by_house = replace(typed(EventName.RETURNED_BY_PATRON), by="house")
    assert decide(by_house, context(on_loan()), RULES, NOW).auto
    with pytest.raises(Refused, match="does not fit"):
        decide(replace(typed(EventName.CLOSE, to="FoundOnline"), by="house"), context(request()), RULES, NOW)


def test_an_edit_offers_to_put_right_what_was_told_and_tells_staff_what_it_was() -> None:
    says = {"title": "Syksy"}
    told = Told(message_id="<1@x>", letter="x", audience="partner", to=ALDER.email, at=NOW, says=says)
    known = context(request(), told=(told,))
    effects = decide(typed(EventName.EDIT, title="Kevät"), known, RULES, NOW).effects
    (changed,) = [e.values for e in effects if isinstance(e, ChangeRequest)]
    assert changed["citation"] == replace(request().citation, title="Kevät")
    (letter,) = [e for e in effects if isinstance(e, SendLetter)]
    assert (letter.letter, letter.to, letter.hold) == ("correction", ALDER.email, True)
    (ask,) = [e for e in effects if isinstance(e, AskStaff)]
    assert "title Syksy → Kevät" in ask.text


def test_an_edit_that_completes_a_citation_ends_the_question_to_the_patron() -> None:
    lacking = request(
        Status.NEW, service_type=ServiceType.COPY, asked_for=("year",), flags=frozenset({Flag.INCOMPLETE})
    )
    lacking = replace(lacking, citation=Citation(title="Talvi", article_title="Lumi"))
    effects = done(lacking, EventName.EDIT, year="1987").effects
    assert ChangeRequest(number=NUMBER, values={"asked_for": ()}) in effects
    assert [e.remove for e in effects if isinstance(e, Move)][-1] == {Flag.INCOMPLETE}
    still = done(lacking, EventName.EDIT, author="Kerttu").effects
    assert ChangeRequest(number=NUMBER, values={"asked_for": ()}) not in still
