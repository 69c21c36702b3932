from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from maild.core.decide import decide
from maild.core.decide_mail import command
from maild.core.effects import (
    AddCharge,
    AskStaff,
    Decision,
    FileMail,
    Folder,
    MarkLetter,
    Move,
    PartnerAbsent,
    PlanNotice,
    PutAttempt,
    PutItem,
    ReadMail,
)
from maild.core.mail import Attachment, Mail
from maild.core.reading import Doubt, Event, Money, Reading
from maild.core.request import Attempt, Request
from maild.core.rules import SitePolicy
from maild.core.terms import ALWAYS_FOR_STAFF, EventName, Flag, Kind, Role, ServiceType, Status
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
    said,
    shipped_rules,
    statuses,
)

RULES = shipped_rules()
DUE = date(2026, 12, 18)


def decided(happening: ReadMail, *requests: Request, **known: object) -> Decision:
    return decide(happening, context(*requests, **known), RULES, NOW)


def reason(decision: Decision) -> str:
    """Why it was left to staff; and nothing changes then."""
    assert not decision.auto
    ask, filed = decision.effects
    assert isinstance(ask, AskStaff)
    assert filed == FileMail(folder=Folder.TODO)
    assert decision.reading is not None
    assert decision.reading.doubts
    return ask.reason


def asks(decision: Decision) -> list[str]:
    return [e.text for e in decision.effects if isinstance(e, AskStaff)]


def test_sent_with_a_due_date_puts_the_item_and_both_dates_on_the_request() -> None:
    decision = decided(by_supplier(EventName.LOANED, due_date=DUE, item_id=("1300",)), request())
    assert decision.auto
    assert statuses(decision.effects) == [Status.LOANED]
    (item,) = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert (item.item_ids, item.due_date, item.patron_due_date) == (("1300",), DUE, date(2026, 12, 15))
    assert decision.effects[-1] == FileMail(folder=Folder.DONE)


def test_sent_without_a_due_date_gets_the_partners_usual_one_marked_as_ours() -> None:
    decision = decided(by_supplier(EventName.LOANED), request())
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert Flag.DUE_DATE_ASSUMED in move.add
    (item,) = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert item.due_date == date(2026, 12, 21)


def test_two_volumes_are_two_things_on_loan() -> None:
    decision = decided(by_supplier(EventName.LOANED, due_date=DUE, item_id=("1", "2")), request())
    assert [e.item.item_ids for e in decision.effects if isinstance(e, PutItem)] == [("1",), ("2",)]


def test_a_doubt_of_the_reader_stops_everything() -> None:
    doubt = Doubt(reason="hedged", text="Perhaps.", passage="ehkä")
    decision = decided(replace_reading(by_supplier(EventName.LOANED, due_date=DUE), doubts=(doubt,)), request())
    assert reason(decision) == "hedged"


def replace_reading(happening: ReadMail, **values: object) -> ReadMail:
    return replace(happening, reading=replace(happening.reading, **values))  # type: ignore[arg-type]


@pytest.mark.parametrize("due", [date(2025, 12, 21), date(2026, 11, 23), date(2028, 1, 1)])
def test_a_due_date_that_is_past_or_far_off_is_for_staff(due: date) -> None:
    assert reason(decided(by_supplier(EventName.LOANED, due_date=due), request())) == "date"


@pytest.mark.parametrize("url", ["ftp://files.example/1", "files.example/1", "javascript:alert(1)"])
def test_a_copy_at_an_address_that_no_reader_can_open_is_for_staff(url: str) -> None:
    copy = request(service_type=ServiceType.COPY, profile="borrowing-copy")
    assert reason(decided(by_supplier(EventName.COPY_COMPLETED, url=url), copy)) == "attachment"


def test_a_price_without_a_currency_is_for_staff() -> None:
    cost = Money(amount=Decimal("8.00"), currency="")
    assert reason(decided(by_supplier(EventName.WILL_SUPPLY, cost=cost), request())) == "cost"


def test_a_price_above_the_patrons_ceiling_stops_and_one_below_goes_on() -> None:
    cost = Money(amount=Decimal("8.00"), currency="EUR")
    for ceiling, leads_to in (("7.99", Status.RETRY_POSSIBLE), ("8.00", Status.WILL_SUPPLY)):
        wish = request(max_cost=Money(amount=Decimal(ceiling), currency="EUR"))
        assert statuses(decided(by_supplier(EventName.WILL_SUPPLY, cost=cost), wish).effects) == [leads_to]


def test_a_promise_at_a_price_that_the_patron_is_asked_about_stays_a_promise_of_its_supplier() -> None:
    wish = request(max_cost=Money(amount=Decimal("5"), currency="EUR"))
    cost = Money(amount=Decimal("8.00"), currency="EUR")
    effects = decided(by_supplier(EventName.WILL_SUPPLY, cost=cost), wish).effects
    assert letters(effects) == [("cost_approval", PATRON.email)]
    (attempt,) = [e.attempt for e in effects if isinstance(e, PutAttempt)]
    assert (attempt.status, attempt.reason, attempt.cost) == ("WillSupply", "CostExceedsMaxCost", cost)
    assert not [e for e in effects if isinstance(e, AddCharge)]


def test_no_promise_passes_for_a_yes_while_the_patron_is_asked_about_the_price() -> None:
    asked = replace(request().attempts[0], reason="CostExceedsMaxCost", cost=Money(amount=Decimal(25), currency="EUR"))
    waits = request(Status.RETRY_POSSIBLE, attempts=(asked,))
    for event, left in ((EventName.WILL_SUPPLY, True), (EventName.EXPECT_TO_SUPPLY, True), (EventName.LOANED, False)):
        decision = decided(by_supplier(event), waits)
        assert (reason(decision) == "cost") if left else decision.auto
    dearer = by_supplier(EventName.WILL_SUPPLY, cost=Money(amount=Decimal(30), currency="EUR"))
    for ceiling, left in ((20, True), (40, False)):
        limited = replace(waits, max_cost=Money(amount=Decimal(ceiling), currency="EUR"))
        assert decided(dearer, limited).auto is not left


def test_a_price_in_another_currency_than_the_ceilings_is_for_staff() -> None:
    wish = request(max_cost=Money(amount=Decimal(100), currency="EUR"))
    cost = Money(amount=Decimal(90), currency="SEK")
    assert reason(decided(by_supplier(EventName.WILL_SUPPLY, cost=cost), wish)) == "cost"


@pytest.mark.parametrize("event", sorted(ALWAYS_FOR_STAFF))
def test_some_events_are_always_for_staff(event: EventName) -> None:
    assert reason(decided(by_supplier(event, due_date=DUE), on_loan())) == "special-event"


def test_another_library_cannot_answer_for_the_one_that_was_asked() -> None:
    happening = said(Kind.PARTNER_REPLY, "ill@birch.example", Event(event=EventName.LOANED, due_date=DUE))
    assert reason(decided(happening, request())) == "sender"


def test_a_mail_without_a_stamp_of_ours_changes_nothing() -> None:
    happening = replace(by_supplier(EventName.UNFILLED), mail=mail("ill@alder.example", auth_results=()))
    assert reason(decided(happening, request())) == "sender"


def test_an_ambiguous_mail_is_for_staff() -> None:
    happening = replace(by_supplier(EventName.UNFILLED), mail=mail("ill@alder.example", ambiguous=("two-bodies",)))
    assert reason(decided(happening, request())) == "ambiguous"


def test_a_request_that_we_do_not_have_is_for_staff() -> None:
    decision = decided(by_supplier(EventName.UNFILLED))
    assert reason(decision) == "no-request"
    assert decision.effects[0].number == ""  # type: ignore[union-attr]


def test_a_mail_of_two_requests_must_say_which_event_is_whose() -> None:
    both = ("KP-2026-000123", "KP-2026-000124")
    happening = replace_reading(by_supplier(EventName.UNFILLED), requests=both)
    other = request(number="KP-2026-000124")
    assert reason(decided(happening, request(), other)) == "several-requests"
    events = (
        Event(event=EventName.UNFILLED, request="KP-2026-000123"),
        Event(event=EventName.LOANED, request="KP-2026-000124", due_date=DUE),
    )
    decision = decided(replace_reading(happening, events=events), request(), other)
    assert decision.auto
    assert statuses(decision.effects) == [Status.UNFILLED, Status.LOANED]


def test_one_doubtful_event_stops_the_good_one_beside_it() -> None:
    events = (Event(event=EventName.RECEIVED), Event(event=EventName.LOST))
    assert reason(decided(said(Kind.PARTNER_REQUEST, "ill@birch.example", *events), lending())) == "special-event"


def test_events_of_one_mail_are_taken_each_after_the_former() -> None:
    events = (Event(event=EventName.CANCEL_REFUSED), Event(event=EventName.LOANED, due_date=DUE))
    decision = decided(said(Kind.PARTNER_REPLY, "ill@alder.example", *events), request(Status.CANCEL_PENDING))
    assert statuses(decision.effects) == [Status.WILL_SUPPLY, Status.LOANED]


def test_what_the_profile_does_not_allow_is_for_staff() -> None:
    assert reason(decided(by_supplier(EventName.LOAN_COMPLETED), request())) == "workflow"
    assert reason(decided(by_supplier(EventName.LOANED, due_date=DUE), request(Status.UNFILLED))) == "workflow"


def test_a_list_of_thousands_is_for_staff() -> None:
    events = tuple(Event(event=EventName.NOTIFICATION) for _ in range(SitePolicy().max_events + 1))
    assert reason(decided(said(Kind.PARTNER_REPLY, "ill@alder.example", *events), request())) == "too-many"


def test_unfilled_asks_the_next_marked_supplier_and_tells_the_patron_nothing() -> None:
    decision = decided(by_supplier(EventName.UNFILLED, reason="NotHeld"), request(suppliers=("FI-BIRCH",)))
    assert statuses(decision.effects) == [Status.UNFILLED, Status.REQUESTED]
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]
    answered, asked = [e.attempt for e in decision.effects if isinstance(e, PutAttempt)]
    assert (answered.id, answered.status, answered.reason) == (1, "Unfilled", "NotHeld")
    assert (asked.id, asked.partner_id, asked.status) == (0, BIRCH.id, "Requested")


def test_unfilled_by_the_last_one_tells_the_patron_in_his_language() -> None:
    decision = decided(by_supplier(EventName.UNFILLED, reason="NotHeld"), request())
    assert statuses(decision.effects) == [Status.UNFILLED]
    assert letters(decision.effects) == [("unfilled", PATRON.email)]
    (letter,) = [e for e in decision.effects if getattr(e, "letter", "") == "unfilled"]
    assert letter.languages == ("sv",)  # type: ignore[union-attr]


def test_on_loan_asks_other_holders_first() -> None:
    decision = decided(by_supplier(EventName.RETRY_POSSIBLE, reason="OnLoan"), request(suppliers=("FI-BIRCH",)))
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]
    decision = decided(by_supplier(EventName.RETRY_POSSIBLE, reason="OnLoan"), request())
    assert statuses(decision.effects) == [Status.RETRY_POSSIBLE]
    assert asks(decision)


def test_a_price_to_decide_on_is_put_to_the_patron() -> None:
    cost = Money(amount=Decimal(18), currency="EUR")
    decision = decided(by_supplier(EventName.RETRY_POSSIBLE, reason="CostExceedsMaxCost", cost=cost), request())
    assert letters(decision.effects) == [("cost_approval", PATRON.email)]


def test_a_late_no_of_an_earlier_supplier_touches_its_own_attempt_only() -> None:
    earlier = Attempt(id=1, partner_id=BIRCH.id, partner_domains=BIRCH.domains, status="CancelPending")
    now = Attempt(id=2, partner_id=ALDER.id, partner_domains=ALDER.domains, status="Requested")
    asked = request(attempts=(earlier, now))
    happening = said(Kind.PARTNER_REPLY, "ill@birch.example", Event(event=EventName.UNFILLED, reason="NotHeld"))
    decision = decided(happening, asked)
    assert decision.auto
    assert statuses(decision.effects) == [Status.REQUESTED]
    assert [e.attempt.id for e in decision.effects if isinstance(e, PutAttempt)] == [1]
    assert letters(decision.effects) == []


def test_two_suppliers_that_both_send_are_for_staff() -> None:
    earlier = Attempt(id=1, partner_id=BIRCH.id, partner_domains=BIRCH.domains, status="CancelPending")
    now = Attempt(id=2, partner_id=ALDER.id, partner_domains=ALDER.domains, status="Requested")
    happening = said(Kind.PARTNER_REPLY, "ill@birch.example", Event(event=EventName.LOANED, due_date=DUE))
    assert reason(decided(happening, request(attempts=(earlier, now)))) == "status"


def test_a_renewal_goes_to_the_supplier_in_the_last_week() -> None:
    decision = decided(by_patron(EventName.RENEW), on_loan(due=date(2026, 11, 30)))
    assert letters(decision.effects) == [("renew_request", ALDER.email), ("renewal_pending", PATRON.email)]
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert move.add == {Flag.RENEWAL_PENDING}


def test_a_renewal_asked_too_early_is_answered_with_the_day() -> None:
    decision = decided(by_patron(EventName.RENEW), on_loan(due=DUE))
    assert decision.auto
    (letter,) = [e for e in decision.effects if getattr(e, "letter", "")]
    assert (letter.letter, letter.facts) == ("renewal_not_yet", {"renew_from": date(2026, 12, 8)})  # type: ignore[union-attr]


def test_a_recalled_loan_is_not_renewed() -> None:
    decision = decided(by_patron(EventName.RENEW), on_loan(flags=frozenset({Flag.RECALLED})))
    assert letters(decision.effects) == [("renewal_refused", PATRON.email)]


def test_a_granted_renewal_moves_both_dates_and_tells_the_patron_the_new_one() -> None:
    decision = decided(by_supplier(EventName.RENEW_ACCEPTED, due_date=date(2027, 1, 15)), on_loan(renewal_pending=True))
    (item,) = [e.item for e in decision.effects if isinstance(e, PutItem)]
    assert (item.id, item.due_date, item.patron_due_date) == (1, date(2027, 1, 15), date(2027, 1, 12))
    assert letters(decision.effects) == [("renewal_granted", PATRON.email)]
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert Flag.RENEWAL_PENDING in move.remove


def test_a_renewal_that_nobody_asked_for_is_for_staff() -> None:
    assert reason(decided(by_supplier(EventName.RENEW_ACCEPTED, due_date=date(2027, 1, 15)), on_loan())) == "status"


def test_a_renewal_to_an_earlier_day_than_the_present_one_is_for_staff() -> None:
    earlier = by_supplier(EventName.RENEW_ACCEPTED, due_date=date(2026, 12, 17))
    assert reason(decided(earlier, on_loan(renewal_pending=True))) == "date"


def test_a_renewal_answered_after_the_return_changes_no_date() -> None:
    late = by_supplier(EventName.RENEW_REFUSED)
    decision = decided(late, on_loan(Status.SHIPPED_RETURN))
    assert decision.auto
    assert letters(decision.effects) == []


def test_a_recall_tells_the_patron_only_who_has_it() -> None:
    recalled = by_supplier(EventName.RECALLED, due_date=date(2026, 12, 1))
    assert letters(decided(recalled, on_loan()).effects) == [("recalled", PATRON.email)]
    on_the_shelf = decided(recalled, on_loan(Status.AWAITING_PICKUP))
    assert letters(on_the_shelf.effects) == []
    assert asks(on_the_shelf)


def test_a_copy_goes_to_the_patron_with_its_file() -> None:
    pdf = Attachment(index=2, name="a.pdf", sniffed="application/pdf")
    logo = Attachment(index=3, name="logo.png", sniffed="image/png", inline=True)
    happening = by_supplier(EventName.COPY_COMPLETED, attachment=True)
    happening = replace(happening, mail=mail("ill@alder.example", attachments=(pdf, logo)))
    decision = decided(happening, request(service_type=ServiceType.COPY))
    assert statuses(decision.effects) == [Status.COPY_COMPLETED]
    (letter,) = [e for e in decision.effects if getattr(e, "letter", "")]
    assert letter.attach == (2,)  # type: ignore[union-attr]


def test_a_copy_with_neither_file_nor_link_is_for_staff() -> None:
    assert (
        reason(decided(by_supplier(EventName.COPY_COMPLETED), request(service_type=ServiceType.COPY))) == "incomplete"
    )


def test_a_patron_cancels_and_the_supplier_is_asked_to() -> None:
    decision = decided(by_patron(EventName.CANCEL), request())
    assert statuses(decision.effects) == [Status.CANCEL_PENDING]
    assert letters(decision.effects) == [("cancel_request", ALDER.email)]


def test_a_patron_cannot_cancel_what_has_come() -> None:
    assert reason(decided(by_patron(EventName.CANCEL), on_loan(Status.AWAITING_PICKUP))) == "workflow"


def test_a_library_that_returns_our_loan_is_noted_but_the_desk_ends_it() -> None:
    assert statuses(decided(by_requester(EventName.SHIPPED_RETURN), lending()).effects) == [Status.SHIPPED_RETURN]


def test_a_library_that_asks_how_it_stands_is_told() -> None:
    decision = decided(by_requester(EventName.STATUS_REQUEST), lending(Status.REQUEST_RECEIVED))
    assert letters(decision.effects) == [("lending_status", BIRCH.email)]


def test_a_request_without_any_record_behind_it_is_decided_all_the_same() -> None:
    bare = Request(
        number=NUMBER,
        role=Role.BORROWING,
        service_type=ServiceType.LOAN,
        status=Status.REQUESTED,
        partner_domains=("alder.example",),
    )
    decision = decided(by_supplier(EventName.UNFILLED, reason="NotHeld"), bare, partners=(), patrons=())
    assert decision.auto
    assert asks(decision) == [f"The letter unfilled for {NUMBER} could not go out: the patron has no e-mail address."]


def test_nothing_understood_is_for_staff() -> None:
    assert reason(decided(replace_reading(by_supplier(EventName.UNFILLED), events=()), request())) == "unclear"
    nothing = ReadMail(mail=Mail(), reading=Reading())
    assert reason(decided(nothing)) == "unclear"


def test_a_bounce_marks_the_letter_and_asks_staff() -> None:
    failed = Event(event=EventName.DELIVERY_FAILED, recipient=ALDER.email)
    bounce = said(Kind.BOUNCE, "postmaster@mx.example", failed)
    bounce = replace(
        bounce, mail=mail("postmaster@mx.example", returned_headers=(("message-id", request().letters[0]),))
    )
    decision = decided(bounce, request())
    assert decision.auto
    mark = decision.effects[0]
    assert isinstance(mark, MarkLetter)
    assert (mark.recipient, mark.failed, mark.message_id) == (ALDER.email, True, request().letters[0])
    assert asks(decision)
    assert statuses(decision.effects) == []


def test_a_bounce_of_a_letter_that_we_did_not_write_is_for_staff() -> None:
    failed = Event(event=EventName.DELIVERY_FAILED, recipient="sales@firm.example")
    assert reason(decided(said(Kind.BOUNCE, "postmaster@mx.example", failed), request())) == "sender"


def test_an_absent_partner_stops_its_clock_and_nothing_else() -> None:
    reading = Reading(kind=Kind.AUTO_REPLY, requests=(NUMBER,), absent_until=date(2026, 12, 7))
    decision = decided(ReadMail(mail=mail("ill@alder.example"), reading=reading), request())
    assert decision.auto
    assert PartnerAbsent(partner_id=ALDER.id, until=date(2026, 12, 7), since=TODAY) in decision.effects
    assert statuses(decision.effects) == []
    forged = ReadMail(mail=mail("ill@alder.example", auth_results=()), reading=reading)
    assert decided(forged, request()).effects == (FileMail(folder=Folder.DONE),)


def test_every_request_of_an_absent_partner_is_chased_later() -> None:
    reading = Reading(kind=Kind.AUTO_REPLY, requests=(NUMBER,), absent_until=date(2026, 12, 7))
    other = request(number="KP-2026-000124")
    decision = decided(ReadMail(mail=mail("ill@alder.example"), reading=reading), request(), other)
    reminders = [e for e in decision.effects if isinstance(e, PlanNotice) and e.notice == "request_reminder"]
    assert [e.number for e in reminders] == [NUMBER, "KP-2026-000124"]
    assert all(e.due.date() > date(2026, 12, 7) for e in reminders)


def test_thanks_are_filed_away() -> None:
    decision = decided(by_patron(EventName.NOTIFICATION), on_loan())
    assert decision.auto
    assert statuses(decision.effects) == [Status.WITH_PATRON]


def test_no_letter_goes_to_a_patron_whom_staff_have_not_approved() -> None:
    new = request(Status.NEW, partner_id=None, attempts=())
    assert letters(decided(by_patron(EventName.CANCEL), new).effects) == [("cancelled", PATRON.email)]
    unknown = decided(by_patron(EventName.CANCEL), new, patrons=(replace(PATRON, approved=False),))
    assert statuses(unknown.effects) == [Status.CANCELLED]
    assert letters(unknown.effects) == []


def test_a_yes_of_a_patron_who_was_asked_about_two_prices_is_left_to_staff() -> None:
    asked = tuple(f"<{NUMBER.lower()}.cost_approval.{mark}@library.example>" for mark in ("a" * 12, "b" * 12))
    for told, left in ((asked[:1], False), (asked, True)):
        copy = request(Status.RETRY_POSSIBLE, service_type=ServiceType.COPY, letters=told)
        decision = decided(by_patron(EventName.CONDITIONS_ACCEPTED), copy)
        if left:
            assert reason(decision) == "cost"
        else:
            assert statuses(decision.effects) == [Status.REQUESTED]


def test_the_command_that_staff_are_offered_says_what_the_mail_said() -> None:
    read = Event(
        event=EventName.LOANED, due_date=date(2026, 12, 18), item_id=("1300", "13 01"), request="KP-2026-000124"
    )
    assert command(read, NUMBER) == "maild request do KP-2026-000124 Loaned due_date=2026-12-18 'item_id=1300,13 01'"
    bare = Event(event=EventName.UNFILLED, reason="NotHeld")
    assert command(bare, NUMBER) == f"maild request do {NUMBER} Unfilled reason=NotHeld"
    link = Event(event=EventName.COPY_COMPLETED, url="https://x.example/a?b=1&c")
    assert command(link, NUMBER) == f"maild request do {NUMBER} CopyCompleted 'url=https://x.example/a?b=1&c'"
    priced = Event(event=EventName.WILL_SUPPLY, cost=Money(amount=Decimal("32.50"), currency="EUR"))
    assert command(priced, NUMBER) == f"maild request do {NUMBER} WillSupply 'cost=32.50 EUR'"
    wish = replace(priced, event=EventName.CONDITIONS_ACCEPTED)
    assert command(wish, NUMBER) == f"maild request do {NUMBER} ConditionsAccepted"


def test_an_attempt_keeps_which_mail_brought_its_answer() -> None:
    decision = decide(by_supplier(EventName.UNFILLED, reason="NotHeld"), context(request()), RULES, NOW)
    (told,) = (e.attempt for e in decision.effects if isinstance(e, PutAttempt) and e.attempt.id == 1)
    assert (told.answer, told.reason, told.answered_at) == ("mail-1", "NotHeld", NOW)
