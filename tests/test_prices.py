"""Dated prices: what people write, and which one holds on a day."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.core.prices import in_force, read_money, read_prices, read_vat, write_prices
from maild.core.reading import Money
from maild.core.request import Price
from maild.core.terms import Payment, ServiceType

LISTED = read_prices("loan 2026-01-01 10,00 EUR\nLoan 2027-01-01 12.00 EUR ALV255 / Copy 2026-01-01 6 EUR / ")
MONEYS = st.one_of(
    st.builds(
        lambda cents, currency: Money(amount=Decimal(cents) / 100, currency=currency),
        st.integers(0, 99_999_999),
        st.sampled_from(["EUR", "SEK", "USD"]),
    ),
    st.builds(lambda halves: Money(amount=Decimal(halves) / 2, currency="IFLA"), st.integers(0, 40)),
)
PRICES = st.lists(
    st.builds(
        Price,
        service_type=st.sampled_from([ServiceType.LOAN, ServiceType.COPY]),
        since=st.dates(),
        money=MONEYS,
        vat=st.from_regex(r"[A-Za-z0-9.,%-]{0,12}", fullmatch=True),
    ),
    unique_by=lambda price: (price.service_type, price.since, price.money.currency == "IFLA"),
    max_size=6,
).map(tuple)


@pytest.mark.parametrize(
    ("day", "amount"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "10.00"),
        (date(2026, 12, 31), "10.00"),
        (date(2027, 1, 1), "12.00"),
    ],
)
def test_a_price_holds_from_its_day_until_the_next_one_begins(day: date, amount: str | None) -> None:
    found = in_force(LISTED, ServiceType.LOAN, day, Payment.MONEY)
    assert (str(found.money.amount) if found else None) == amount


def test_each_service_and_way_of_payment_has_prices_of_its_own() -> None:
    both = (*LISTED, *read_prices("Loan 2026-01-01 1.5 IFLA"))
    copy = in_force(both, ServiceType.COPY, date(2026, 5, 1), Payment.MONEY)
    voucher = in_force(both, ServiceType.LOAN, date(2028, 1, 1), Payment.VOUCHERS)
    assert copy is not None
    assert copy.money == Money(amount=Decimal(6), currency="EUR")
    assert voucher is not None
    assert voucher.money == Money(amount=Decimal("1.5"), currency="IFLA")
    assert in_force(both, ServiceType.COPY, date(2028, 1, 1), Payment.VOUCHERS) is None


@given(PRICES)
def test_what_is_written_is_read_as_the_same(prices: tuple[Price, ...]) -> None:
    assert read_prices(write_prices(prices)) == prices


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Loan 10 EUR", "no dated price"),
        ("CopyOrLoan 2026-01-01 10 EUR", "no dated price"),
        ("Loan 1.1.2026 10 EUR", "no day"),
        ("Loan 2026-01-01 10 €", "no price"),
        ("Loan 2026-01-01 -1 EUR", "no price"),
        ("Loan 2026-01-01 1.3 IFLA", "half vouchers"),
        ("Loan 2026-01-01 10 EUR a/b", "no VAT code"),
        ("Loan 2026-01-01 10 EUR / loan 2026-01-01 12 EUR", "two prices of a Loan begin on 2026-01-01"),
    ],
)
def test_a_mistake_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_prices(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (read_prices, read_money, read_vat):
        with suppress(ValueError):
            reader(text)
