"""Prices in letters: every way to write them, and what must not be taken for one."""

from decimal import Decimal
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.reading.money import find_money


@pytest.mark.parametrize(
    ("language", "text", "amount", "currency"),
    [
        ("fi", "12,50 e", "12.50", "EUR"),
        ("fi", "hinta 12 e sisältäen postikulut", "12.00", "EUR"),
        ("fi", "Hinta on 8 e kuten ennenkin", "8.00", "EUR"),
        ("fi", "12.50 €", "12.50", "EUR"),
        ("fi", "EUR 12", "12.00", "EUR"),
        ("fi", "8 euroa", "8.00", "EUR"),
        ("fi", "8 €:n maksu", "8.00", "EUR"),
        ("fi", "1 234,50 €", "1234.50", "EUR"),
        ("fi", "3.12.2026 12 €", "12.00", "EUR"),
        ("fi", "maksu 12€.", "12.00", "EUR"),
        ("sv", "180 kr", "180.00", "SEK"),
        ("sv", "180 kronor.", "180.00", "SEK"),
        ("sv", "SEK 180", "180.00", "SEK"),
        ("sv", "180:-", "180.00", "SEK"),
        ("no", "kr 180,-", "180.00", "NOK"),
        ("no", "NOK 80", "80.00", "NOK"),
        ("da", "kr. 120,00", "120.00", "DKK"),
        ("", "DKK 120", "120.00", "DKK"),
        ("en", "£18.00, invoice will follow", "18.00", "GBP"),
        ("en", "GBP 14.50", "14.50", "GBP"),
        ("en", "$25.00 US", "25.00", "USD"),
        ("en", "USD 25", "25.00", "USD"),
        ("en", "US$ 25", "25.00", "USD"),
        ("en", "€1,234.50", "1234.50", "EUR"),
        ("de", "8,- EUR", "8.00", "EUR"),
        ("de", "1.234,50 EUR", "1234.50", "EUR"),
        ("de", "8 Euro", "8.00", "EUR"),
        ("de", "CHF 20.-", "20.00", "CHF"),
        ("sv", "en avgift om 20 euro per lån", "20.00", "EUR"),
        ("en", "£18 per loan", "18.00", "GBP"),
        ("fi", "12 €/laina", "12.00", "EUR"),
    ],
)
def test_a_price_gives_its_amount_with_two_decimals_and_its_currency(
    language: str, text: str, amount: str, currency: str
) -> None:
    (found,) = find_money(text, language)
    assert found.problem == ""
    assert found.money is not None
    assert (str(found.money.amount), found.money.currency) == (amount, currency)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("5-10 €", "range"),
        ("maksaa 12–15 e", "range"),
        ("£5 - £10", "range"),
        ("noin 10 €", "about"),
        ("approximately £10", "about"),
        ("enintään 15 e", "limit"),
        ("up to $25", "limit"),
        ("vilket är mer än de 15 euro", "limit"),
        ("more than 20 EUR", "limit"),
        ("0,50 €/sivu", "per-unit"),
        ("£1 per page", "per-unit"),
        ("8 € + alv", "plus"),
        ("8 € plus postage", "plus"),
        ("180 kr", "currency"),
    ],
)
def test_a_price_that_is_not_the_whole_price_is_a_problem(text: str, problem: str) -> None:
    found = find_money(text)
    assert problem in {f.problem for f in found}
    assert all(f.money is None for f in found if f.problem)


@pytest.mark.parametrize(
    "text",
    ["Kopio on maksuton.", "toimitus on ilmainen", "ilmaiseksi", "gratis", "Free of charge", "No charge", "kostenlos",
     "utan kostnad", "avgiftsfritt", "veloituksetta"],
)  # fmt: skip
def test_free_of_charge_is_found_and_is_no_price(text: str) -> None:
    (found,) = find_money(text)
    assert (found.kind, found.money) == ("free", None)


@pytest.mark.parametrize(
    "text",
    [
        "040 123 4567 e",
        "ISBN 951-99-4005-7 e",
        "25 e-kirjaa",
        "3 e kirjaa",
        "KP-2026-000123 e",
        "1998 ex",
        "s. 12-15, 3.12.2026",
        "12 copies",
        "vol. 12 kreditt",
        "fifteen euros",
        "freedom of speech",
        "Kopio ei ole maksuton",
        "The copy is not free of charge",
        "ilmaista mielipide",
    ],
)
def test_what_is_no_price_is_left_alone(text: str) -> None:
    assert find_money(text) == ()


def test_an_edition_in_swedish_is_no_price() -> None:
    assert find_money("3 e upplagan", "sv") == ()


def test_prices_keep_their_order_and_places() -> None:
    text = "Kopio 8 €, postitus 4,50 e."
    found = find_money(text, "fi")
    assert [f.money.amount for f in found if f.money] == [Decimal("8.00"), Decimal("4.50")]
    assert [text[f.start : f.end] for f in found] == ["8 €", "4,50 e"]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789.,:- \n€£$ekrsEURSKper/+noi", max_size=100), st.sampled_from(["", "fi", "sv"]))
def test_any_text_gives_spans_within_it_and_never_an_error(text: str, language: str) -> None:
    for found in find_money(text, language):
        assert 0 <= found.start < found.end <= len(text)
        assert found.text == text[found.start : found.end]
        assert found.money is None or found.money.amount >= 0


@pytest.mark.parametrize("piece", ["1", "1 ", "1,", "12 345 ", "EUR ", "1-", "€", "kr "])
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = thread_time()
        find_money(text, "sv")
        return thread_time() - start

    short = min(seconds(10_000) for _ in range(3))
    long = min(seconds(40_000) for _ in range(3))
    assert long < 12 * short + 0.05  # four times the text; a quadratic reader takes sixteen times as long


@pytest.mark.parametrize(
    ("language", "sender", "currency"),
    [
        ("en", "ill@library.no", "NOK"),
        ("sv", "ill@library.no", "NOK"),
        ("sv", "ill@bibliotek.dk", "DKK"),
        ("da", "fjarrlan@bibliotek.se", "SEK"),
        ("sv", "fjarrlan@library.example", "SEK"),
    ],
)
def test_kr_is_the_crown_of_the_senders_country(language: str, sender: str, currency: str) -> None:
    (found,) = find_money("Price: 150 kr", language, sender)
    assert found.money is not None
    assert found.money.currency == currency


def test_kr_of_nobody_knows_whom_is_a_doubt() -> None:
    assert [found.problem for found in find_money("Price: 150 kr", "en", "ill@library.com")] == ["currency"]
