"""Another supplier is asked: the old one is told, what it never sent is off, and staff hear where nobody is left."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from maild.core.assignment import AssignmentRule
from maild.core.decide import decide
from maild.core.decide_supplier import attempt, in_hand, request_letter
from maild.core.effects import (
    AddCharge,
    AskStaff,
    Audience,
    ChangeRequest,
    Command,
    Decision,
    DueNotice,
    Move,
    PutAttempt,
    SendLetter,
    TakeBack,
)
from maild.core.prices import read_prices
from maild.core.reading import Event, Money
from maild.core.request import Attempt, Charge, Item, Partner, Request
from maild.core.rota_rules import Rota, RotaEntry
from maild.core.rules import Refused
from maild.core.terms import EventName, Flag, Party, ServiceType, Status
from tests.house import ALDER, BIRCH, NOW, NUMBER, PATRON, TODAY, context, letters, on_loan, request, shipped_rules

RULES = shipped_rules()
ASK = f"maild request do {NUMBER} NextSupplier partner=SYMBOL"
EIGHT = Money(amount=Decimal(8), currency="EUR")
NEW = request(Status.NEW, partner_id=None, attempts=(), partner_domains=(), partner_address=None)
CEDAR = Partner(id=3, symbol="FI-CEDAR", name="Cedar", email="ill@cedar.example", domains=("cedar.example",))


def next_one(of: Request, *partners: Partner, **values: str) -> Decision:
    event = Event(event=EventName.NEXT_SUPPLIER)
    command = Command(number=NUMBER, event=event, actor="anna", values=values, id="command-1")
    return decide(command, context(of, partners=partners or (ALDER, BIRCH)), RULES, NOW)


def asks(decision: Decision) -> list[AskStaff]:
    return [e for e in decision.effects if isinstance(e, AskStaff)]


def attempts(decision: Decision) -> list[Attempt]:
    return [e.attempt for e in decision.effects if isinstance(e, PutAttempt)]


def test_a_supplier_is_asked_whole() -> None:
    decision = next_one(replace(NEW, suppliers=("FI-BIRCH", "FI-CEDAR")), ALDER, BIRCH, CEDAR)
    told = Event(event=EventName.NEXT_SUPPLIER, request=NUMBER, note="FI-BIRCH")
    (move,) = [e for e in decision.effects if isinstance(e, Move)]
    assert (move.number, move.to, move.event) == (NUMBER, Status.REQUESTED, told)
    assert move.remove >= {Flag.LIBRARY_USE_ONLY, Flag.NO_RENEWAL, Flag.DUE_DATE_ASSUMED, Flag.OVERDUE}
    assert move.remove >= {Flag.RECALLED, Flag.ATTENTION, Flag.HOLDINGS_PENDING, Flag.INCOMPLETE}
    assert (
        ChangeRequest(
            number=NUMBER,
            values={
                "partner_id": BIRCH.id,
                "partner_domains": BIRCH.domains,
                "partner_address": BIRCH.email,
                "suppliers": ("FI-CEDAR",),
                "supplier_ref": "",
                "conditions": (),
                "last_partner_message_id": "",
                "closed_at": None,
                "profile": "borrowing-loan",
            },
        )
        in decision.effects
    )
    assert attempts(decision) == [
        Attempt(partner_id=BIRCH.id, partner_domains=BIRCH.domains, status="Requested", asked_at=NOW)
    ]
    assert [e for e in decision.effects if isinstance(e, SendLetter)] == [
        SendLetter(
            number=NUMBER,
            letter="request_loan",
            audience=Audience.PARTNER,
            to=BIRCH.email,
            party=Party.SUPPLIER,
            languages=BIRCH.languages,
            cause="command-1:NextSupplier:FI-BIRCH",
            partner_id=BIRCH.id,
        )
    ]


def test_a_copy_and_what_may_be_either_have_their_letters() -> None:
    for service, letter in (
        (ServiceType.COPY, "request_copy"),
        (ServiceType.LOAN, "request_loan"),
        (ServiceType.COPY_OR_LOAN, "request_loan"),
    ):
        assert request_letter(NUMBER, service, BIRCH, "c").letter == letter
    assert attempt(BIRCH, NOW).asked_at == NOW
    assert in_hand(BIRCH, ("x",))["suppliers"] == ("x",)


def test_a_supplier_that_is_asked_by_another_way_is_a_task_for_staff() -> None:
    by_web = replace(BIRCH, order_channel="web", web_address="https://birch.example/order", our_card="77")
    decision = next_one(replace(NEW, suppliers=("FI-BIRCH",)), ALDER, by_web)
    assert letters(decision.effects) == []
    way = "on its web pages https://birch.example/order (our card there: 77)"
    assert asks(decision) == [
        AskStaff(
            number=NUMBER,
            reason="channel",
            text=f"{NUMBER}: request_loan does not go to Birch by mail: say it {way}, then note it here.",
            commands=(f"maild request do {NUMBER} Note note=told",),
        )
    ]


def test_whom_staff_name_is_asked_and_is_no_longer_among_those_to_come() -> None:
    decision = next_one(replace(NEW, suppliers=("FI-ALDER", "fi-birch")), partner="fi-birch")
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]
    (values,) = [e.values for e in decision.effects if isinstance(e, ChangeRequest) and "partner_id" in e.values]
    assert values["suppliers"] == ("FI-ALDER",)


def test_a_supplier_that_takes_too_much_is_asked_after_a_yes() -> None:
    dear = replace(BIRCH, prices=read_prices("Loan 2026-01-01 30.00 EUR"))
    poor = replace(NEW, suppliers=("FI-BIRCH",), max_cost=EIGHT)
    (ask,) = asks(next_one(poor, ALDER, dear))
    assert ask == AskStaff(
        number=NUMBER,
        reason="cost",
        text=(
            f"{NUMBER}: a price needs a yes. FI-BIRCH: The price of 30.00 EUR is above the ceiling of 8 EUR. "
            "Ask whoever pays, then ask the library by hand."
        ),
        commands=(ASK,),
    )
    two = replace(poor, suppliers=("FI-BIRCH", "FI-CEDAR"))
    (ask,) = asks(next_one(two, dear, replace(CEDAR, prices=dear.prices)))
    assert "8 EUR. FI-CEDAR: The price of 30.00 EUR" in ask.text


def test_suppliers_that_rest_are_named_to_staff() -> None:
    away = [replace(p, paused_until=TODAY) for p in (BIRCH, CEDAR)]
    (ask,) = asks(next_one(replace(NEW, suppliers=("FI-BIRCH", "FI-CEDAR")), ALDER, *away))
    left = "the suppliers that are left (FI-BIRCH, FI-CEDAR) are paused or away; ask one by hand, or wait."
    assert ask == AskStaff(number=NUMBER, reason="policy", text=f"{NUMBER}: {left}", commands=(ASK,))


def test_where_nobody_is_left_staff_hear_it_with_whom_they_were_passed_over() -> None:
    nobody = f"{NUMBER}: no supplier is left that is marked as holding it. Mark one and ask it, or close."
    assert asks(next_one(NEW)) == [AskStaff(number=NUMBER, reason="policy", text=nobody, commands=(ASK,))]
    only_copies = replace(BIRCH, loans=False)
    (ask,) = asks(next_one(replace(NEW, suppliers=("FI-BIRCH", "FI-NOBODY")), ALDER, only_copies))
    unfit = "not active, without an address, or does not do Loan"
    assert ask.text == f"{nobody} Passed over: FI-BIRCH ({unfit}), FI-NOBODY (not on record)."


def test_after_a_no_of_the_last_one_staff_hear_nothing_more_and_after_its_silence_they_do() -> None:
    due = DueNotice(number=NUMBER, notice="next_supplier", anchor=date(2026, 11, 18), due=NOW, id="9")
    silent = decide(due, context(request()), RULES, datetime(2027, 2, 1, tzinfo=UTC))
    assert [a.text.partition(": ")[2] for a in asks(silent)] == [
        "no supplier is left that is marked as holding it. Mark one and ask it, or close."
    ]


# The one before


def test_a_silent_supplier_is_told_that_we_ask_elsewhere_and_keeps_it_on_its_attempt() -> None:
    old = request().attempts[0]
    for status in (Status.REQUESTED, Status.REQUEST_RECEIVED, Status.EXPECT_TO_SUPPLY, Status.WILL_SUPPLY):
        decision = next_one(request(status, suppliers=("FI-BIRCH",)))
        assert letters(decision.effects) == [("cancel_request", ALDER.email), ("request_loan", BIRCH.email)]
        assert attempts(decision)[0] == replace(old, status="CancelPending")


@pytest.mark.parametrize("word", ["Unfilled", "Cancelled", "CopyCompleted"])
def test_who_has_said_its_last_word_is_not_told(word: str) -> None:
    done = replace(request().attempts[0], status=word)
    decision = next_one(request(suppliers=("FI-BIRCH",), attempts=(done,)))
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]


def test_who_promised_at_a_price_that_nobody_said_yes_to_is_told_and_who_only_offered_is_not() -> None:
    for word, told in (("WillSupply", ["cancel_request", "request_loan"]), ("RetryPossible", ["request_loan"])):
        asked = replace(request().attempts[0], status=word)
        decision = next_one(request(Status.RETRY_POSSIBLE, suppliers=("FI-BIRCH",), attempts=(asked,)))
        assert [letter for letter, _ in letters(decision.effects)] == told


def test_what_was_sent_and_never_came_is_off_the_request_and_its_sender_is_told_once() -> None:
    items = (Item(id=4, item_ids=("1300", "1300-B")), Item(id=5, item_ids=("1301",)))
    lost = on_loan(Status.LOANED, items=items, suppliers=("FI-BIRCH",), supplier_ref="A-9")
    decision = next_one(lost)
    (missed, _) = [e for e in decision.effects if isinstance(e, SendLetter)]
    assert (missed.letter, missed.to, missed.facts) == (
        "not_received",
        ALDER.email,
        {"item_id": ("1300", "1300-B", "1301"), "supplier_ref": "A-9"},
    )
    assert attempts(decision)[0] == replace(request().attempts[0], status="NotReceived")
    assert TakeBack(number=NUMBER, items=(4, 5)) in decision.effects
    assert ChangeRequest(number=NUMBER, values={"loaned_on": None}) in decision.effects
    assert {getattr(e, "number", "") for e in decision.effects} == {NUMBER}
    known = next_one(replace(lost, flags=frozenset({Flag.ATTENTION})))
    assert [letter for letter, _ in letters(known.effects)] == ["request_loan"]


def test_items_of_a_request_that_never_was_on_loan_are_off_without_a_letter() -> None:
    odd = request(suppliers=("FI-BIRCH",), items=(Item(id=4),))
    decision = next_one(odd)
    assert TakeBack(number=NUMBER, items=(4,)) in decision.effects
    assert "not_received" not in [letter for letter, _ in letters(decision.effects)]
    assert not [e for e in next_one(request(suppliers=("FI-BIRCH",))).effects if isinstance(e, TakeBack)]


def test_nobody_pays_the_supplier_before_too() -> None:
    price = Charge(kind="supplier's price", payer="us", money=EIGHT, partner_id=ALDER.id)
    theirs = replace(price, partner_id=CEDAR.id)
    decision = next_one(request(suppliers=("FI-BIRCH",), charges=(price, theirs)))
    lines = [e.charge for e in decision.effects if isinstance(e, AddCharge)]
    assert [(line.partner_id, line.money.amount) for line in lines] == [(ALDER.id, Decimal(0))]
    assert {getattr(e, "number", "") for e in decision.effects} == {NUMBER}


# The parcel of one before


def received(of: Request, symbol: str) -> Decision:
    values = {"partner": symbol, "item_id": "9"}
    command = Command(number=NUMBER, event=Event(event=EventName.RECEIVED), actor="anna", values=values, id="command-1")
    return decide(command, context(of), RULES, NOW)


BIRCHES = Attempt(id=1, partner_id=BIRCH.id, partner_domains=BIRCH.domains, status="CancelPending", supplier_ref="B-1")
ALDERS = replace(request().attempts[0], id=2)


def test_who_sent_after_all_is_asked_again_in_the_history_and_the_others_are_told() -> None:
    decision = received(request(attempts=(BIRCHES, ALDERS), suppliers=("FI-CEDAR",)), "FI-BIRCH")
    cancelled, again, *_ = attempts(decision)
    assert cancelled == replace(ALDERS, status="CancelPending")
    assert again == replace(BIRCHES, id=0, status="Loaned")
    assert ChangeRequest(number=NUMBER, values=in_hand(BIRCH, ("FI-CEDAR",))) in decision.effects
    assert ("cancel_request", ALDER.email) in letters(decision.effects)


def test_the_newest_of_several_attempts_of_the_sender_counts() -> None:
    newer = replace(BIRCHES, id=3, supplier_ref="B-3")
    decision = received(request(attempts=(BIRCHES, newer, ALDERS)), "FI-BIRCH")
    assert "B-3" in [a.supplier_ref for a in attempts(decision) if a.id == 0]


def test_the_one_in_hand_is_no_other_one() -> None:
    decision = received(request(attempts=(BIRCHES, ALDERS)), "FI-ALDER")
    assert "cancel_request" not in [letter for letter, _ in letters(decision.effects)]


def test_two_that_send_and_one_that_was_never_asked_are_for_staff() -> None:
    both = on_loan(Status.LOANED, attempts=(BIRCHES, ALDERS))
    with pytest.raises(Refused) as refused:
        received(both, "FI-BIRCH")
    two = "has the things of another library: two are sending, send that of one back."
    assert str(refused.value) == f"{NUMBER} {two}"
    with pytest.raises(Refused, match=f"FI-BIRCH was never asked for {NUMBER}."):
        received(request(), "FI-BIRCH")


def test_the_rota_is_that_of_the_request_and_its_patron() -> None:
    def rota(symbol: str) -> Rota:
        return Rota(entries=(RotaEntry(symbol=symbol, assume_holds=True),))

    staff = replace(PATRON, group="staff")
    by_group = AssignmentRule(name="staff", rota="own", groups=frozenset({"staff"}))
    rules = replace(RULES, rotas={"default": rota("FI-ALDER"), "own": rota("FI-BIRCH")}, assignment=(by_group,))
    command = Command(number=NUMBER, event=Event(event=EventName.NEXT_SUPPLIER), actor="anna", id="command-1")
    for patron, asked in ((PATRON, ALDER), (staff, BIRCH)):
        decision = decide(command, context(NEW, patrons=(patron,)), rules, NOW)
        assert letters(decision.effects) == [("request_loan", asked.email)]


def test_a_repository_is_asked_for_a_new_request_without_a_mark() -> None:
    rota = {"default": Rota(entries=(RotaEntry(symbol="FI-BIRCH", assume_holds=True),))}
    command = Command(number=NUMBER, event=Event(event=EventName.NEXT_SUPPLIER), actor="anna", id="command-1")
    decision = decide(command, context(NEW), replace(RULES, rotas=rota), NOW)
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]
