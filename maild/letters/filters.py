"""What templates may use: dates and money by Babel, codes in words, and the marks that document.py makes blocks of."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from maild.core.reading import IFLA_VOUCHER, Money
from maild.letters.document import CHOICE, FACT, GONE, HEADING, LINK, NEXT, QUOTE, VALUE
from maild.letters.words import Words

# Babel's own short date of sv is 2026-12-03, of en_GB 03/12/2026: neither is what readers here expect.
DATES = {"fi": "d.M.y", "sv": "d.M.y", "en": "d MMMM y"}
LONG_DATES = {"fi": "cccc d. MMMM y", "sv": "EEEE d MMMM y", "en": "EEEE d MMMM y"}
VOUCHERS = {  # one, and more or less than one
    "fi": ("IFLA-kuponki", "IFLA-kuponkia"),
    "sv": ("IFLA-kupong", "IFLA-kuponger"),
    "en": ("IFLA voucher", "IFLA vouchers"),
}
LOCALES = {"fi": "fi", "sv": "sv_FI", "en": "en_GB"}


def filters(language: str, words: Words) -> dict[str, Callable[..., Any]]:
    """What a template may write behind a bar: dates, money, codes in words."""
    return {
        "date": partial(_date, pattern=DATES[language], language=language),
        "long_date": partial(_date, pattern=LONG_DATES[language], language=language),
        "month": partial(_date, pattern="LLLL y", language=language),
        "money": partial(of_sum, language=language),
        "words": partial(_words, words),
        "quoted": _quoted,
        "heading": _heading,
    }


def helpers(language: str, words: Words) -> dict[str, Callable[..., Any]]:
    """What a template may call: labelled facts, figures, choices, shared words."""
    return {
        "fact": partial(_fact, words),
        "figure": partial(_figure, words, language),
        "choice": _choice,
        **{table: words[table].__getitem__ for table in ("label", "say")},
    }


@lru_cache(maxsize=4096)
def of_day(value: date, pattern: str, language: str) -> str:
    """The day as letters of that language write it."""
    return str(format_date(value, format=pattern, locale=LOCALES[language]))


def _date(value: date | None, *, pattern: str, language: str) -> str | None:
    return None if value is None else of_day(value, pattern, language)


def of_sum(value: Money | None, language: str) -> str | None:
    """12,50 € and 125,00 SEK; in English €12.50 and SEK 125.00; 1,5 IFLA-kuponkia. The blank inside does not break."""
    if value is None:
        return None
    if value.currency == IFLA_VOUCHER:
        one, more = VOUCHERS[language]
        told = format_decimal(value.amount, format="#,##0.#", locale=LOCALES[language])
        return f"{told}\xa0{one if value.amount == 1 else more}"
    amount = format_decimal(value.amount, format="#,##0.00", locale=LOCALES[language])
    if language == "en":
        return f"€{amount}" if value.currency == "EUR" else f"{value.currency}\xa0{amount}"
    return f"{amount}\xa0{'€' if value.currency == 'EUR' else value.currency}"


def _words(words: Words, codes: str | Sequence[str] | None, table: str) -> str | None:
    """The words of a table for one code or several, joined; a code that the table lacks is left out."""
    listed = [codes] if isinstance(codes, str) else list(codes or ())
    return "; ".join(filter(None, (_word(words[table], code) for code in listed))) or None


def _word(table: Mapping[str, str], code: str) -> str | None:
    """The words of a code; a number in it stands in the words as {n}: "at most 3 renewals"."""
    number = re.search(r"[0-9]+", code)
    if number is None:
        return table.get(code)
    text = table.get(code.replace(number[0], "{n}", 1))
    return text and text.replace("{n}", number[0])


def _quoted(text: str | None) -> str:
    """Somebody's own words, each line marked, so that they can pass for nothing of ours."""
    return "\n".join(f"{QUOTE}{line}" for line in text.splitlines()) if text else GONE


def _heading(text: str, level: int = 2) -> str:
    return f"{HEADING}{3 if level > 2 else 2}{text}" if text else GONE


def _figure(words: Words, language: str, name: str, value: Decimal, unit: str) -> str:
    """`Label: 1 234,5 %` or a price on one line; a name that the table lacks stands as it is."""
    amount = format_decimal(value, format="#,##0.#", locale=LOCALES[language])
    told = amount + ("%" if language == "en" else "\xa0%") if unit == "%" else amount
    if unit not in {"", "%"}:
        told = of_sum(Money(amount=value, currency=unit), language) or ""
    return f"{FACT}{words['figure'].get(name, name)}{VALUE}{told}"


def _choice(name: str) -> str:
    return f"{CHOICE}{name}"


def _fact(words: Words, label: str, *values: object) -> str:
    """`Label: value` on one line, longer ones hanging by two; nothing where no value is known."""
    name = words["label"][label]
    value = ", ".join(str(value) for value in values if value)
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if not lines:
        return GONE
    return f"{FACT}{name}{VALUE}{LINK if label == 'url' else ''}{NEXT.join(lines)}"
