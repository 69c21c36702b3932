"""What letters tell of prices: what the reader pays us, and nothing else. What is noted: tests/scenarios/costs.toml."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from maild.core.decide import decide
from maild.core.effects import AddCharge, Command, Move, PutAttempt, SendLetter
from maild.core.prices import read_money, read_prices
from maild.core.reading import Event
from maild.core.request import Charge, Partner, Request
from maild.core.terms import EventName, Payment, ServiceType, Status
from tests.house import ALDER, BIRCH, NOW, NUMBER, by_supplier, context, lending, on_loan, request, shipped_rules

RULES = shipped_rules()
EIGHT = read_money("8.00 EUR")
FEE = Charge(kind="patron's fee", payer="patron", money=EIGHT, partner_id=ALDER.id)
COPY = request(service_type=ServiceType.COPY, profile="borrowing-copy")


def told(given: Request, event: EventName, *partners: Partner, **values: str) -> object:
    """The price in the letter that a command of staff sends."""
    command = Command(number=NUMBER, event=Event(event=event), actor="anna", values=values, id="command-1")
    known = context(given, partners=partners or (ALDER, BIRCH))
    (letter,) = [e for e in decide(command, known, RULES, NOW).effects if isinstance(e, SendLetter)]
    return letter.facts.get("cost")


def test_the_suppliers_price_is_no_fee_of_the_patrons() -> None:
    copied = by_supplier(EventName.COPY_COMPLETED, url="https://files.example/1", cost=EIGHT)
    for payer, fee in (("us", None), ("patron", EIGHT)):
        known = context(COPY, partners=(replace(ALDER, payer=payer), BIRCH))
        (letter,) = [e for e in decide(copied, known, RULES, NOW).effects if isinstance(e, SendLetter)]
        assert (letter.letter, letter.facts.get("cost")) == ("copy_delivered", fee)


def test_who_fetches_a_loan_is_told_what_there_is_to_pay() -> None:
    here = on_loan(Status.RECEIVED)
    assert told(here, EventName.READY_FOR_PICKUP) is None
    assert told(replace(here, charges=(FEE,)), EventName.READY_FOR_PICKUP) == EIGHT
    assert told(replace(here, charges=(replace(FEE, settled=True),)), EventName.READY_FOR_PICKUP) is None
    assert told(here, EventName.READY_FOR_PICKUP, cost="8 EUR") == read_money("8 EUR")


def test_a_library_is_told_what_the_loan_costs_it_and_of_a_free_one_nothing() -> None:
    asked = lending(Status.WILL_SUPPLY, items=(), created_at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    listed = replace(BIRCH, our_prices=read_prices("Loan 2026-01-01 8.00 EUR / Loan 2026-01-01 1.5 IFLA"))
    assert told(asked, EventName.LOANED, listed) == EIGHT
    assert told(asked, EventName.LOANED, listed, cost="3 EUR") == read_money("3 EUR")
    assert told(asked, EventName.LOANED, replace(listed, payment=Payment.VOUCHERS)) == read_money("1.5 IFLA")
    assert told(asked, EventName.LOANED, replace(listed, payment=Payment.RECIPROCITY)) is None
    assert told(asked, EventName.LOANED, BIRCH) is None


def test_a_price_that_is_paid_already_is_not_noted_again() -> None:
    said = by_supplier(EventName.LOANED, cost=EIGHT)
    price = Charge(kind="supplier's price", payer="us", money=EIGHT, partner_id=ALDER.id)
    for line, noted in ((price, 0), (replace(price, settled=True), 0), (replace(price, partner_id=BIRCH.id), 1)):
        effects = decide(said, context(request(charges=(line,))), RULES, NOW).effects
        assert sum(isinstance(effect, AddCharge) for effect in effects) == noted


def test_a_price_that_the_patron_said_yes_to_stops_nothing_when_the_supplier_says_it_again() -> None:
    asked = request(max_cost=read_money("5 EUR"))
    yes = Charge(kind="supplier's price", payer="us", money=EIGHT, partner_id=ALDER.id)
    for given, cost, leads_to in (
        (asked, "8 EUR", Status.RETRY_POSSIBLE),
        (replace(asked, charges=(yes,)), "8 EUR", Status.WILL_SUPPLY),
        (replace(asked, charges=(yes,)), "9 EUR", Status.RETRY_POSSIBLE),
        (replace(asked, charges=(replace(yes, partner_id=BIRCH.id),)), "8 EUR", Status.RETRY_POSSIBLE),
    ):
        said = by_supplier(EventName.WILL_SUPPLY, cost=read_money(cost))
        assert [e.to for e in decide(said, context(given), RULES, NOW).effects if isinstance(e, Move)] == [leads_to]


def test_a_yes_to_a_price_gives_the_supplier_its_time_anew() -> None:
    asked = request(Status.RETRY_POSSIBLE)
    long_ago = replace(asked.attempts[-1], asked_at=NOW - timedelta(days=40), chased_at=NOW, cost=EIGHT)
    yes = Command(number=NUMBER, event=Event(event=EventName.CONDITIONS_ACCEPTED), actor="anna", id="command-1")
    given = context(replace(asked, attempts=(*asked.attempts[:-1], long_ago)))
    (put,) = [e for e in decide(yes, given, RULES, NOW).effects if isinstance(e, PutAttempt)]
    assert put.attempt == replace(long_ago, asked_at=NOW, chased_at=None)
