"""The figures of a month, as plain counts, and the rows in which a letter or a command shows them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from maild.core.terms import Payment, Role, Status

FILLED = frozenset({Status.LOAN_COMPLETED, Status.COPY_COMPLETED, Status.COMPLETED_WITHOUT_RETURN})
CAME = {  # where a request first stands once its material is there
    Role.BORROWING: (Status.RECEIVED, Status.COPY_COMPLETED),
    Role.LENDING: (Status.LOANED, Status.COPY_COMPLETED),
}
PAYERS = ("us", "partner", "patron")  # of charge lines
Row = dict[str, object]  # core/letters.py, FigureFacts
Kinds = Mapping[tuple[str, str], int]  # by role and service type


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Charge lines of one payer, way of payment and currency: how many, and all that they come to."""

    payer: str
    payment: Payment
    currency: str
    lines: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of a time. `endings` are closed requests by role and last status, `days` those each filled one took."""

    opened: Kinds = field(default_factory=dict)
    closed: Kinds = field(default_factory=dict)
    endings: Kinds = field(default_factory=dict)
    days: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # by role
    letters: Mapping[str, int] = field(default_factory=dict)  # sent, by audience
    by_maild: int = 0  # mails and notices that were acted on with no human
    by_staff: int = 0  # commands
    left: int = 0  # mails left to staff
    partners: tuple[tuple[str, int], ...] = ()  # with the most new requests, by name
    charges: tuple[Charged, ...] = ()


def rows(found: Figures) -> tuple[Row, ...]:
    """The figures by section, without those of what did not happen; () where nothing did."""
    return tuple(_rows(found))


def _rows(found: Figures) -> Iterator[Row]:
    for section, kinds in (("opened", found.opened), ("closed", found.closed)):
        yield from (_row(section, f"{role} {kind}", count) for (role, kind), count in sorted(kinds.items()))
    for role in Role:
        yield from _filled(found, role)
    yield from (_row("letters", f"to {audience}", count) for audience, count in sorted(found.letters.items()))
    acts = {"by maild": found.by_maild, "by staff": found.by_staff, "left to staff": found.left}
    yield from (_row("work", name, count) for name, count in acts.items() if count)
    yield from (_row("partners", name, count) for name, count in found.partners)
    yield from _charged(found.charges)


def _charged(charges: Iterable[Charged]) -> Iterator[Row]:
    """Money and vouchers by what they come to, reciprocity by how often; each payer's apart."""
    for one in sorted(charges, key=lambda one: (PAYERS.index(one.payer), one.payment, one.currency)):
        name = f"{one.payer} {one.payment}"
        if one.payment is Payment.RECIPROCITY:
            yield _row("charges", name, one.lines)
        elif one.amount:
            yield {"section": "charges", "name": name, "value": one.amount, "unit": one.currency}


def _filled(found: Figures, role: Role) -> Iterator[Row]:
    ended = {status: count for (of, status), count in found.endings.items() if of == role}
    if total := sum(ended.values()):
        filled = sum(count for status, count in ended.items() if status in FILLED)
        yield _row("filled", f"filled {role}", Decimal(100 * filled) / total, unit="%")
    if days := found.days.get(role, ()):
        yield _row("filled", f"days {role}", Decimal(sum(days)) / len(days))


def _row(section: str, name: str, value: int | Decimal, unit: str = "") -> Row:
    counted = Decimal(value) if isinstance(value, int) else round(value, 1)
    return {"section": section, "name": name, "value": counted, "unit": unit}
