"""Dated prices: the one in force on a day, and the words in which people write them (domain.md, rules 1 and 8)."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from maild.core.reading import IFLA_VOUCHER, Money
from maild.core.request import Price
from maild.core.terms import Payment, ServiceType

PRICED = (ServiceType.LOAN, ServiceType.COPY)  # what is sent in the end; a wish for either has no price of its own
HALF = Decimal("0.5")
EXAMPLE = "Loan 2026-01-01 10.00 EUR / Copy 2026-01-01 6.00 EUR"

_AMOUNT = re.compile(r"\d{1,6}(?:[.,]\d{1,2})?")
_CURRENCY = re.compile(rf"[A-Z]{{3}}|{IFLA_VOUCHER}")
_VAT = re.compile(r"[A-Za-z0-9.,%-]{1,12}")


def in_force(prices: Iterable[Price], service_type: ServiceType, day: date, payment: Payment) -> Price | None:
    """The price of that service on that day, in vouchers or in money as `payment` says, or None."""
    vouchers = payment is Payment.VOUCHERS
    begun = [
        price
        for price in prices
        if price.service_type is service_type and price.since <= day and in_vouchers(price.money) is vouchers
    ]
    return max(begun, key=lambda price: price.since, default=None)


def in_vouchers(money: Money) -> bool:
    """Whether it counts IFLA vouchers."""
    return money.currency == IFLA_VOUCHER


def read_money(text: str) -> Money:
    """The money of "12.50 EUR" or the vouchers of "1.5 IFLA". Raises ValueError."""
    amount, _, currency = text.strip().partition(" ")
    currency = currency.strip().upper()
    if not _AMOUNT.fullmatch(amount) or not _CURRENCY.fullmatch(currency):
        raise ValueError(f"{text!r} is no price; write it like 12.50 EUR or 1.5 {IFLA_VOUCHER}")
    money = Money(amount=Decimal(amount.replace(",", ".")), currency=currency)
    if in_vouchers(money) and money.amount % HALF:
        raise ValueError(f"{text!r}: there are only whole and half vouchers")
    return money


def read_prices(text: str) -> tuple[Price, ...]:
    """The prices of a cell, parted by line breaks or " / " and each a service, a day, a price and maybe a VAT code.

    Raises ValueError that names the wrong one.
    """
    prices = tuple(_price(line) for line in text.replace(" / ", "\n").splitlines() if line.strip())
    seen: set[tuple[ServiceType, date, bool]] = set()
    for price in prices:
        key = (price.service_type, price.since, in_vouchers(price.money))
        if key in seen:
            raise ValueError(f"two prices of a {price.service_type} begin on {price.since}")
        seen.add(key)
    return prices


def write_prices(prices: Iterable[Price]) -> str:
    """The cell that read_prices takes back."""
    return " / ".join(
        f"{p.service_type} {p.since} {p.money.amount} {p.money.currency} {p.vat}".rstrip() for p in prices
    )


def read_vat(text: str) -> str:
    """A VAT code. Raises ValueError for what bookkeeping could not take."""
    if not _VAT.fullmatch(text):
        raise ValueError(f"{text!r} is no VAT code: at most 12 letters, digits or .,%-")
    return text


def _price(line: str) -> Price:
    words = line.split()
    if len(words) not in {4, 5} or words[0].capitalize() not in PRICED:
        raise ValueError(f"{line.strip()!r} is no dated price; write it like {EXAMPLE}")
    try:
        since = date.fromisoformat(words[1])
    except ValueError:
        raise ValueError(f"{words[1]!r} is no day; write it like 2026-01-01") from None
    return Price(
        service_type=ServiceType(words[0].capitalize()),
        since=since,
        money=read_money(f"{words[2]} {words[3]}"),
        vat=read_vat(words[4]) if len(words) == 5 else "",
    )
