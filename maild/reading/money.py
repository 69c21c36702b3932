"""Prices that a text names, with their currency; and the words that say that nothing is to be paid."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from maild.core.reading import Money

_CENT = Decimal("0.01")
_MOST = Decimal(100_000)  # a price above this is a number that only stands beside a currency


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMoney:
    """A price at text[start:end]; kind free: "maksuton", with no money.

    problem: range (5-10 €), about (noin 10 €), limit (enintään 15 €), per-unit (0,50 €/sivu), plus (8 € + postage),
    currency ("180 kr" where the language does not tell whose). `money` is None where there is a problem.
    """

    money: Money | None
    start: int
    end: int
    text: str
    problem: str = ""
    kind: str = "price"


_CURRENCIES = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "euroa": "EUR", "euron": "EUR", "euroja": "EUR",
    "e": "EUR",
    "£": "GBP", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "puntaa": "GBP", "pund": "GBP",
    "$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "dollaria": "USD",
    "sek": "SEK", "skr": "SEK", "nok": "NOK", "nkr": "NOK", "dkk": "DKK", "dkr": "DKK", "isk": "ISK",
    "chf": "CHF", "sfr": "CHF", "fr.": "CHF", "franken": "CHF", "pln": "PLN", "czk": "CZK", "jpy": "JPY",
    "cad": "CAD", "aud": "AUD", "a$": "AUD", "c$": "CAD", "nzd": "NZD", "nz$": "NZD", "hkd": "HKD", "sgd": "SGD",
    "zar": "ZAR", "inr": "INR", "krw": "KRW", "cny": "CNY", "huf": "HUF", "ron": "RON", "ils": "ILS", "uah": "UAH",
}  # fmt: skip
_CROWNS = frozenset({"kr", "kr.", "kronor", "kronaa", "kruunua", "kroner", "krona", ":-", ",-"})
_CROWNS_AT = {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"}  # by the last part of a domain
_CROWNS_OF = {"sv": "SEK", "no": "NOK", "nb": "NOK", "nn": "NOK", "da": "DKK"}

_AMOUNT = (
    r"(?P<{0}>\d{{1,3}}(?:[ \xa0\u202f.,'’]\d{{3}}){{1,2}}(?:[.,]\d{{2}}|[.,]-{{1,2}}|[.,]–)?(?![\d])"
    r"|\d{{1,6}}(?:[.,]\d{{1,2}})?(?!\d)(?:[.,](?:--?|–|—))?)"
)
_WORDS = (
    r"(?:US|NZ)\$|[AC]\$|[€£$]|(?:EUR|USD|GBP|SEK|SKR|NOK|NKR|DKK|DKR|ISK|CHF|SFR|PLN|CZK|JPY|CAD|AUD"
    r"|NZD|HKD|SGD|ZAR|INR|KRW|CNY|HUF|RON|ILS|UAH"
    r"|euro(?:a|n|ja|s)?|dollar(?:s|ia)?|pounds?|puntaa|pund|kronor|kronaa|kruunua|kroner|krona|kr|Franken)(?![^\W_])"
)
# The currency first, or last. "e" alone is a euro only behind its number, ":-" and ",-" only in the North.
_BEFORE = re.compile(rf"(?P<unit>{_WORDS})[.:]?[ \xa0]{{0,2}}{_AMOUNT.format('amount')}", re.IGNORECASE)
_AFTER = re.compile(
    rf"{_AMOUNT.format('amount')}[ \xa0]{{0,2}}"
    rf"(?P<unit>{_WORDS}|e(?![\w'’-])|:-|(?<=[.,]-)(?![ \xa0]?\d))(?::\w{{1,3}})?",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\d{{1,6}}(?:[.,]\d{{1,2}})?[ \xa0]?[-–—][ \xa0]?(?!0\d){_AMOUNT.format('amount')}[ \xa0]?"
    rf"(?P<unit>{_WORDS}|e(?![\w'’-]))",
    re.IGNORECASE,
)
# "12 e" is a price; "3 e kirjaa" and "040 123 4567 e" are not.
_PRICE_BEFORE = re.compile(
    r"(?:hin\w{2,6}|maks\w{1,6}|kul\w{1,6}|kustan\w{1,8}|perimme|velo\w{1,8}|lasku\w{0,6})(?:\son)?[: ]\s?$",
    re.IGNORECASE,
)
_NOT_EURO_AFTER = re.compile(r"\s[^\W\d_A-ZÅÄÖ]{2}")
_DIGIT = re.compile(r"\d")
_START = re.compile(r"\d|[€£$]|[^\W\d_]+\$?")
_UNIT_STARTS = ("eur", "usd", "gbp", "sek", "skr", "nok", "nkr", "dkk", "dkr", "isk", "chf", "sfr", "pln", "czk", "jpy",
                "cad", "aud", "us$", "a$", "c$", "nz$", "nzd", "hkd", "sgd", "zar", "inr", "krw", "cny", "huf", "ron",
                "ils", "uah", "kr", "dollar", "pound", "pund")  # fmt: skip

_LOW_END = re.compile(r"\d[ \xa0]?(?:[€£$]\s?)?(?:[-–—/]|tai|or|eller|oder|to|till|bis)[ \xa0]?$")
_HIGH_END = re.compile(r"[ \xa0]?[-–—][ \xa0]?(?:€|£|\$)?\d")
_ABOUT = re.compile(
    r"\b(?:noin|n|suunnilleen|arviolta|ca|cirka|omkring|ungefär|about|around|approx\w{0,9}|roughly|etwa|ungefähr|rund|circa)[.:]?\s$",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:enintään|korkeintaan|max|maksimi|maks|alle|yli|vähintään|alkaen|högst|maximalt|minst|från|under|över|up to"
    r"|at most|maximum|at least|from|over|höchstens|bis zu|mindestens|ab"
    # our own limit, which they tell us: "160 kr, which is more than the 15 euros that you named"
    r"|(?:more than|mer än|mere end|mer enn|enemmän kuin|mehr als|rohkem kui)(?: (?:de|the|your|er|die|ihre|teidän))?)"
    r"[.:]?\s$",
    re.IGNORECASE,
)
# What one request asks for is a single loan, book, article or order: "20 euro per lån" is its whole price.
_WHOLE = (
    r"(?:/ ?|per |pro )"
    r"(?:(?:fjärr|ut)?lån|loan|laina|bok|book|kirja|article|artikel|artikkeli|tilaus|order|request)\b"
)
_PER_UNIT = re.compile(
    rf"(?!\s?{_WHOLE})\s?(?:/|per\b|à|pro\b|kpl\b|a piece\b|each\b|/?sivulta\b|sidan\b|je\b)\s?\w?", re.IGNORECASE
)
_PLUS = re.compile(
    r",?\s?\(?(?:\+|(?:plus|lisäksi|zzgl|zuzüglich|excl|exkl|exklusive|excluding|ilman alv|alv 0|ynnä|jämte)\b|ex\. )",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"\b(?:ilmai(?:nen|sen|set|seksi|sena|selta)|maksut(?:on|to)\w{0,5}|veloituksett?[ao]\w{0,5}|(?:kostnadsfri|avgiftsfri|kostenlos|kostenfrei|gebührenfrei)\w{0,3}|gratis"
    r"|free of charge|no charge|without charge|ei veloitusta|ei maksua|utan kostnad|utan avgift|ingen avgift"
    r"|ohne kosten|keine kosten|vederlagsfrit|gebyrfri\w{0,2})\b",
    re.IGNORECASE,
)
_NOT_FREE_BEFORE = re.compile(r"\b(?:ei ole|eivät ole|not|inte|nicht|ikke)\s$", re.IGNORECASE)
_CONTEXT_CHARS = 24


def find_money(text: str, language: str = "", sender: str = "") -> tuple[FoundMoney, ...]:
    """Every price and every "free of charge" that the text names, in order. `sender` is an address or domain.

    "kr" is the crown of the sender's country where the domain tells it: a Norwegian library may write Swedish.
    """
    free = [
        FoundMoney(money=None, start=m.start(), end=m.end(), text=m[0], kind="free")
        for m in _FREE.finditer(text)
        if not _NOT_FREE_BEFORE.search(text[max(0, m.start() - _CONTEXT_CHARS) : m.start()])
    ]
    crowns = _CROWNS_AT.get(sender.lower().rpartition(".")[2]) or _CROWNS_OF.get(language)
    return tuple(sorted([*_prices(text, language, crowns), *free], key=lambda f: f.start))


def _prices(text: str, language: str, crowns: str | None) -> Iterator[FoundMoney]:
    at = 0 if _DIGIT.search(text) else len(text)  # most clauses have no number, and no price is without one
    while (token := _START.search(text, at)) is not None:
        found = _price(text, token, language, crowns)
        if found is not None:
            yield found
            at = found.end
        elif token[0].isdigit():
            at = _number_end(text, token.start())
        else:
            at = token.end()


_NUMBER = re.compile(r"\d[\d.,:/-]*")


def _number_end(text: str, start: int) -> int:
    """Past the whole number, so that no tail of a telephone number or a date is read as a price."""
    m = _NUMBER.match(text, start)
    return m.end() if m is not None else start + 1


def _price(text: str, token: re.Match[str], language: str, crowns: str | None) -> FoundMoney | None:
    start = token.start()
    if token[0].isdigit():
        if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
            return None
        if (m := _RANGE.match(text, start)) is not None:
            return FoundMoney(money=None, start=start, end=m.end(), text=m[0], problem="range")
        m = _AFTER.match(text, start)
    elif token[0] in "€£$" or token[0].lower().startswith(_UNIT_STARTS):
        m = _BEFORE.match(text, start)
    else:
        return None
    if m is None or (amount := _amount(m["amount"])) is None or not amount <= _MOST:
        return None
    unit = (m["unit"] or ",-").lower()
    if unit == "e" and not _is_euro(text, m, language):
        return None
    end = m.end()
    if m.re is _BEFORE and (again := _US_AFTER.match(text, end)) is not None:  # "$25.00 US"
        end = again.end()
    found = FoundMoney(money=None, start=start, end=end, text=text[start:end])
    currency = crowns if unit in _CROWNS else _CURRENCIES.get(unit)
    if problem := _problem(text, found) or ("" if currency else "currency"):
        return replace(found, problem=problem)
    return replace(found, money=Money(amount=amount, currency=currency or ""))


def _is_euro(text: str, m: re.Match[str], language: str) -> bool:
    """Whether the bare "e" behind a number is Finnish short for euro; Swedish "3 e upplagan" is an edition."""
    before = text[max(0, m.start() - _CONTEXT_CHARS) : m.start()]
    if language not in {"fi", ""} or re.search(r"\d[ \xa0]$", before):
        return False
    decimals = any(mark in m["amount"] for mark in ".,")
    return decimals or bool(_PRICE_BEFORE.search(before)) or not _NOT_EURO_AFTER.match(text, m.end())


_US_AFTER = re.compile(r"\s(?:USD|US)\b")


def _amount(written: str) -> Decimal | None:
    """The number with two decimals; the last mark is the decimal one where one or two digits (or a dash) follow it."""
    plain = re.sub(r"[ \xa0\u202f'’]", "", written)
    m = re.fullmatch(r"([\d.,]*\d)[.,](?:--?|–|—)|(\d[\d.,]*?)(?:[.,](\d{1,2}))?", plain)
    if m is None:
        return None
    whole = re.sub(r"[.,]", "", m[1] or m[2])
    return Decimal(f"{whole}.{m[3] or '0'}").quantize(_CENT)


def _problem(text: str, found: FoundMoney) -> str:
    before = text[max(0, found.start - _CONTEXT_CHARS) : found.start]
    if _LOW_END.search(before) or _HIGH_END.match(text, found.end):
        return "range"
    if _ABOUT.search(before):
        return "about"
    if _LIMIT.search(before):
        return "limit"
    if _PER_UNIT.match(text, found.end):
        return "per-unit"
    return "plus" if _PLUS.match(text, found.end) else ""
