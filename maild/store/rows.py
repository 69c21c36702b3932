"""Rows ↔ core values: one function each way, and the only place where a column's name meets a field's.

A row is an object of the table's class or a plain row of its columns: both have the columns by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from maild.core.reading import Citation, Money
from maild.core.request import Attempt, Charge, Item, Partner, Patron, Price, Request
from maild.core.terms import Flag, Payment, Role, ServiceType, Status
from maild.store.plain import plain
from maild.store.tables import (
    AttemptRow,
    ChargeRow,
    ItemCodeRow,
    ItemRow,
    JSONValue,
    PartnerRow,
    PatronRow,
    RequestRow,
)

CENTS = Decimal(100)
_CITATION = TypeAdapter(Citation)
_PRICES = TypeAdapter(tuple[Price, ...])
_PRICE_LISTS = ("prices", "our_prices")
# What other tables give; a decision may name them beside the field that they hang on (partner_id, patron_id).
DERIVED = frozenset({"partner_domains", "partner_address", "patron_email", "mailed", "letters"})
_COST_COLUMNS = ("cost_cents", "cost_currency")
# What a row gives its core value as it is.
_PARTNER_FIELDS = tuple(
    PartnerRow.model_fields.keys() - {"id", "symbol", "aliases", "languages", "changed_at", "payment", *_PRICE_LISTS}
)
_PATRON_FIELDS = tuple(PatronRow.model_fields.keys() - {"id", "changed_at"})
_ATTEMPT_FIELDS = tuple(AttemptRow.model_fields.keys() - {"request_id", "number", "conditions", *_COST_COLUMNS})
_REQUEST_COLUMNS = frozenset(RequestRow.model_fields) - {"id", "number", "version", "erased_at"}
_REQUEST_LISTS = ("suppliers", "skipped", "asked_for", "conditions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What belongs to one request, in other tables; letters are (to, Message-ID), oldest first."""

    attempts: Sequence[AttemptRow] = ()
    items: Sequence[ItemRow] = ()
    codes: Sequence[ItemCodeRow] = ()
    charges: Sequence[ChargeRow] = ()
    letters: Sequence[tuple[str, str]] = ()


def cents(money: Money) -> int:
    """The amount in hundredths; raises ValueError where it is finer than that."""
    scaled = money.amount * CENTS
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{money.amount} {money.currency}: finer than a cent")
    return int(scaled)


def to_money(amount: int | None, currency: str) -> Money | None:
    """The money of two columns."""
    return None if amount is None else Money(amount=Decimal(amount) / CENTS, currency=currency)


def to_partner(row: PartnerRow, domains: Sequence[str]) -> Partner:
    """The partner of a row and its domains."""
    values = _taken(row, _PARTNER_FIELDS)
    return Partner(
        id=row.id or 0,
        symbol=row.symbol or "",
        domains=tuple(domains),
        aliases=tuple(row.aliases),
        languages=tuple(row.languages),
        payment=Payment(row.payment),
        prices=_to_prices(row.prices),
        our_prices=_to_prices(row.our_prices),
        **values,
    )


def _to_prices(listed: Sequence[JSONValue]) -> tuple[Price, ...]:
    return _PRICES.validate_python(listed) if listed else ()  # most have none, and every Context reads partners


def partner_columns(partner: Partner, now: datetime) -> dict[str, Any]:
    """The row of a partner, without its id; domains have a table of their own."""
    names = set(PartnerRow.model_fields) - {"id", "symbol", "changed_at"}
    values = {name: getattr(partner, name) for name in names}
    listed = {name: plain(values[name]) for name in (*_PRICE_LISTS, "payment", "languages", "aliases")}
    return values | listed | {"symbol": partner.symbol or None, "changed_at": now}


def to_patron(row: PatronRow) -> Patron:
    """The patron of a row."""
    return Patron(id=row.id or 0, **_taken(row, _PATRON_FIELDS))


def patron_columns(patron: Patron, now: datetime) -> dict[str, Any]:
    """The row of a patron, without its id."""
    names = set(PatronRow.model_fields) - {"id", "changed_at"}
    return {name: getattr(patron, name) for name in names} | {"email": patron.email.lower(), "changed_at": now}


def to_attempt(row: AttemptRow, partners: Mapping[int, Partner]) -> Attempt:
    """The attempt of a row."""
    values = _taken(row, _ATTEMPT_FIELDS)
    partner = partners.get(row.partner_id)
    return Attempt(
        id=row.number,
        partner_domains=partner.domains if partner else (),
        conditions=tuple(row.conditions),
        cost=to_money(row.cost_cents, row.cost_currency),
        **values,
    )


def attempt_columns(attempt: Attempt) -> dict[str, Any]:
    """The row of an attempt, without its request and number."""
    names = set(AttemptRow.model_fields) - {"request_id", "number", *_COST_COLUMNS}
    cost = attempt.cost
    return {name: getattr(attempt, name) for name in names} | {
        "conditions": list(attempt.conditions),
        "cost_cents": cents(cost) if cost else None,
        "cost_currency": cost.currency if cost else "",
    }


def to_item(row: ItemRow, codes: Sequence[ItemCodeRow]) -> Item:
    """The item of a row and its codes."""
    own = [code for code in codes if code.number == row.number]
    return Item(
        id=row.number,
        item_ids=tuple(code.code for code in sorted(own, key=lambda code: code.place)),
        volume=row.volume,
        due_date=row.due_date,
        patron_due_date=row.patron_due_date,
        place=row.place,
    )


def item_columns(item: Item) -> dict[str, Any]:
    """The row of an item, without its request, number and codes."""
    return {name: getattr(item, name) for name in set(ItemRow.model_fields) - {"request_id", "number"}}


def to_charge(row: ChargeRow) -> Charge:
    """The charge of a row."""
    return Charge(
        kind=row.kind,
        payer=row.payer,
        money=Money(amount=Decimal(row.cents) / CENTS, currency=row.currency),
        payment=Payment(row.payment),
        vat=row.vat,
        partner_id=row.partner_id,
        settled=row.settled_at is not None,
    )


def charge_columns(charge: Charge) -> dict[str, Any]:
    """The row of a charge, without its request and moments."""
    return {
        "partner_id": charge.partner_id,
        "kind": charge.kind,
        "payer": charge.payer,
        "payment": charge.payment.value,
        "cents": cents(charge.money),
        "currency": charge.money.currency,
        "vat": charge.vat,
    }


def to_request(
    row: RequestRow, parts: Parts, partners: Mapping[int, Partner], patrons: Mapping[int, Patron]
) -> Request:
    """The request of a row, with all that other tables hold of it."""
    partner = partners.get(row.partner_id or 0)
    patron = patrons.get(row.patron_id or 0)
    flags = frozenset(Flag(flag) for flag in row.flags)
    return Request(
        id=row.id or 0,
        number=row.number,
        version=row.version,
        role=Role(row.role),
        service_type=ServiceType(row.service_type),
        status=Status(row.status),
        profile=row.profile,
        flags=flags,
        citation=_CITATION.validate_python(row.citation),
        partner_id=row.partner_id,
        partner_domains=partner.domains if partner else (),
        partner_address=_partner_address(row, partner),
        patron_id=row.patron_id,
        patron_email=(patron.email or None) if patron else None,
        requester_ref=row.requester_ref,
        supplier_ref=row.supplier_ref,
        mailed=tuple(dict.fromkeys(to for to, _ in parts.letters if to)),  # none of a letter that was erased
        letters=tuple(message_id for _, message_id in parts.letters),
        last_partner_message_id=row.last_partner_message_id,
        last_patron_message_id=row.last_patron_message_id,
        renewal_pending=Flag.RENEWAL_PENDING in flags,
        renewals=row.renewals,
        attempts=tuple(to_attempt(attempt, partners) for attempt in parts.attempts),
        items=tuple(to_item(item, parts.codes) for item in parts.items),
        charges=tuple(to_charge(charge) for charge in parts.charges),
        suppliers=tuple(row.suppliers),
        skipped=tuple(row.skipped),
        asked_for=tuple(row.asked_for),
        conditions=tuple(row.conditions),
        language=row.language,
        pickup=row.pickup,
        delivery=row.delivery,
        note=row.note,
        need_before=row.need_before,
        max_cost=to_money(row.max_cost_cents, row.max_cost_currency),
        abroad_ok=row.abroad_ok,
        created_at=row.created_at,
        loaned_on=row.loaned_on,
        closed_at=row.closed_at,
    )


def request_columns(values: Mapping[str, object]) -> dict[str, Any]:
    """Fields of core.request.Request as columns; raises ValueError for a name that no column keeps."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        if name in DERIVED:
            continue
        if name == "max_cost":
            columns |= max_cost_columns(value if isinstance(value, Money) else None)
        elif name in _REQUEST_LISTS or name in {"citation", "flags"}:
            columns[name] = plain(value)
        elif name in _REQUEST_COLUMNS:
            columns[name] = str(value) if isinstance(value, Role | ServiceType | Status) else value
        else:
            raise ValueError(f"a request has no field {name!r} that can be changed")
    return columns


def max_cost_columns(money: Money | None) -> dict[str, Any]:
    """The two columns of the highest price."""
    if money is None:
        return {"max_cost_cents": None, "max_cost_currency": ""}
    return {"max_cost_cents": cents(money), "max_cost_currency": money.currency}


def _taken(row: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _partner_address(row: RequestRow, partner: Partner | None) -> str | None:
    """Where the partner in hand is written to: a requester at the address it asked from, if that is a known domain."""
    if partner is None:
        return row.requester_email or None
    if row.role == Role.LENDING and row.requester_email.rpartition("@")[2] in partner.domains:
        return row.requester_email
    return partner.email or None
