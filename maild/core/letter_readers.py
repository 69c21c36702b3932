"""The values that an occasion adds to a letter, read: of the kind that the fact is, cleaned of a stranger's tricks."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from maild.core.cleaning import clean_line, clean_text, without_numbers
from maild.core.letters import DAYS, MAX_FIELD, MAX_TITLE, ChangeFacts, FigureFacts, RowFacts
from maild.core.reading import IFLA_VOUCHER, Money

MAX_TEXT = 4000
MAX_ROWS = 200
LABELS = {"article_title": "article", "year": "published"}  # where a label has another name than its fact
CURRENCY = re.compile(f"[A-Z]{{3}}|{IFLA_VOUCHER}")  # ISO 4217, or vouchers


def as_day(value: object) -> date | None:
    """The day, or None where it is none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _money(value: object) -> Money | None:
    if isinstance(value, Mapping):
        try:
            value = Money(amount=Decimal(str(value["amount"])), currency=str(value["currency"]))
        except (KeyError, InvalidOperation):
            return None
    if not isinstance(value, Money) or not value.amount.is_finite():
        return None
    return value if CURRENCY.fullmatch(value.currency) else None


def as_line(value: object) -> str | None:
    """The text as one line, with nothing in it that looks like a request number of ours."""
    return without_numbers(clean_line(value, MAX_FIELD)) or None if isinstance(value, str) else None


def _plain_line(value: object) -> str | None:
    """For staff, who need to see a number where a stranger wrote one."""
    return clean_line(value, MAX_FIELD) or None if isinstance(value, str) else None


def _url(value: object) -> str | None:
    """The address, where it is one that a reader may open; nothing else is ever shown as a link."""
    cleaned = clean_line(value, 2000) if isinstance(value, str) else ""
    return cleaned if cleaned.lower().startswith(("https://", "http://")) and " " not in cleaned else None


def _paragraphs(value: object) -> str | None:
    return clean_text(value, MAX_TEXT) or None if isinstance(value, str) else None


def as_address(value: str) -> str | None:
    """An address with its lines."""
    lines = (as_line(line) for line in value.splitlines())
    return "\n".join(line for line in lines if line) or None


def as_words(value: object) -> tuple[str, ...]:
    """The words, of one or of several; not cleaned."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(word) for word in value) if isinstance(value, Sequence) else ()


def _lines(value: object) -> tuple[str, ...]:
    return tuple(clean_line(word, MAX_FIELD) for word in as_words(value))


def _rows(value: object) -> tuple[RowFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_row(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _row(row: Mapping[str, object]) -> RowFacts:
    texts = {name: clean_line(str(row.get(name) or ""), MAX_TITLE) for name in ("section", "number", "status", "text")}
    return RowFacts(
        **texts,
        title=without_numbers(clean_line(str(row.get("title") or ""), MAX_TITLE)),
        due_date=as_day(row.get("due_date")),
        place=clean_line(str(row.get("place") or ""), MAX_FIELD),
        until=as_day(row.get("until")),
        commands=_lines(row.get("commands")),
    )


def _changes(value: object) -> tuple[ChangeFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_change(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _change(row: Mapping[str, object]) -> ChangeFacts:
    name, was, now = (without_numbers(clean_line(str(row.get(key) or ""), MAX_TITLE)) for key in ("name", "was", "now"))
    days = (as_day(was), as_day(now)) if name in DAYS else (None, None)
    sums = (_sum(was), _sum(now)) if name == "cost" else (None, None)
    return ChangeFacts(
        label=LABELS.get(name, name),
        was=was,
        now=now,
        was_day=days[0],
        now_day=days[1],
        was_sum=sums[0],
        now_sum=sums[1],
    )


def _sum(text: str) -> Money | None:
    """The money of core.truth.amount."""
    value, _, currency = text.partition(" ")
    return _money({"amount": value, "currency": currency})


def _figures(value: object) -> tuple[FigureFacts, ...]:
    rows = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return tuple(_figure(row) for row in rows[:MAX_ROWS] if isinstance(row, Mapping))


def _figure(row: Mapping[str, object]) -> FigureFacts:
    section, name, unit = (clean_line(str(row.get(key) or ""), MAX_FIELD) for key in ("section", "name", "unit"))
    value = row.get("value")
    return FigureFacts(section=section, name=name, value=value if isinstance(value, Decimal) else Decimal(0), unit=unit)


OCCASION_READERS: Mapping[str, Callable[[object], Any]] = MappingProxyType(
    {
        **dict.fromkeys(("old_due_date", "new_due_date", "expected_date", "retry_after", "expiry", "month"), as_day),
        **dict.fromkeys(("pickup_until", "renew_from", "returned_on"), as_day),
        **dict.fromkeys(("reason", "volume", "parcel", "office", "letter", "recipient", "diagnostic"), as_line),
        "pickup_way": as_line,
        **dict.fromkeys(("mail_subject", "mail_from"), _plain_line),
        **dict.fromkeys(("text", "passage"), _paragraphs),
        **dict.fromkeys(("commands", "questions"), _lines),
        "cost": _money,
        "url": _url,
        "rows": _rows,
        "void": _rows,
        "changes": _changes,
        "figures": _figures,
    }
)
