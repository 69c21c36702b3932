"""What an event costs, whom, and how it is paid (domain.md, rule 8)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from maild.core.apply import noted_beside
from maild.core.effects import Audience
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion
from maild.core.prices import in_vouchers, read_money
from maild.core.reading import Money
from maild.core.request import Charge, Price, Request
from maild.core.rules import Refused
from maild.core.terms import EventName, Flag, Payment, Role, ServiceType, Status
from maild.core.workdays import day_in

# Kinds of charge lines
SUPPLIER_PRICE = "supplier's price"
FEE = "patron's fee"
LENDING_PRICE = "lending charge"
COMPENSATION = "compensation"
INVOICE = "invoice"
CUSTOMS = "customs"

SUPPLIED = {  # by which events the material leaves its library, or shows that it did
    Role.BORROWING: frozenset({EventName.LOANED, EventName.COPY_COMPLETED, EventName.RECEIVED}),
    Role.LENDING: frozenset({EventName.LOANED, EventName.COPY_COMPLETED}),
}
LOSS = frozenset({EventName.LOST, EventName.DAMAGED, EventName.COMPLETED_WITHOUT_RETURN})
IN_HOUSE = frozenset(
    {
        EventName.READY_FOR_PICKUP,
        EventName.SENT_TO_DESK,
        EventName.SENT_TO_OFFICE,
        EventName.CHECKED_OUT,
        EventName.RETURNED_BY_PATRON,
    }
)
TELLS_FEE = frozenset({EventName.READY_FOR_PICKUP, EventName.COPY_COMPLETED})
WITHOUT_MATERIAL = frozenset(
    {
        Status.UNFILLED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.FILLED_LOCALLY,
        Status.FOUND_ONLINE,
        Status.FORWARDED_TO_PURCHASE,
    }
)


def charges(o: Occasion, to: Status) -> tuple[Charge, ...]:
    """The lines that the event brings on a request that it takes to `to`: new ones, or others in their places."""
    if to in WITHOUT_MATERIAL and to is not o.request.status:
        return let_off(o.request, o.request.partner_id)
    if "let_off" in o.values:
        return _let_off_by_hand(o)
    there = {replace(line, settled=False) for line in o.request.charges}
    return tuple(line for line in _by_kind(o) if line not in there)


def let_off(request: Request, partner_id: int | None) -> tuple[Charge, ...]:
    """The prices of a library that sends nothing after all, as nothing."""
    prices = {SUPPLIER_PRICE, FEE, LENDING_PRICE}
    return tuple(_as_nothing(line) for line in _open(request) if line.kind in prices and line.partner_id == partner_id)


def _let_off_by_hand(o: Occasion) -> tuple[Charge, ...]:
    """The lines of the kind that staff let off, as nothing. Raises Refused where there is none that could be."""
    kind = o.values["let_off"]
    lines = tuple(_as_nothing(line) for line in _open(o.request) if line.kind == kind)
    if o.event.event is not EventName.NOTE or not lines:
        known = (
            ", ".join(sorted({f'"{line.kind}"' for line in _open(o.request)})) or "none; what is settled is credited"
        )
        raise Refused(f"let_off={kind} goes with Note, and with a kind of charge that is open: {known}")
    return lines


def _open(request: Request) -> Iterator[Charge]:
    """The lines by which something is owed."""
    return (line for line in request.charges if line.money.amount and not line.settled)


def _as_nothing(line: Charge) -> Charge:
    return replace(line, money=replace(line.money, amount=Decimal(0)), payment=Payment.LET_OFF)


def facts(o: Occasion, noted: Iterable[Charge]) -> dict[str, object]:
    """The price that the letters of this occasion tell: what the reader pays us, and nothing else."""
    lines = noted_beside(o.request.charges, noted)
    if o.request.role is Role.LENDING and o.event.event in SUPPLIED[Role.LENDING]:
        return {"cost": _sum(line.money for line in lines if line.kind == LENDING_PRICE)}
    if o.request.role is Role.BORROWING and o.event.event in TELLS_FEE:
        return {"cost": _sum(line.money for line in lines if line.kind == FEE and not line.settled)}
    return {}


def doubt(o: Occasion) -> str:
    """What staff must hear of a price that goes against our agreement, or that a closed request has lost, or ""."""
    if _goes_for_nothing(o):
        return "The price that was named before it was closed no longer stands: name it by cost= if it has one."
    cost, partner = o.event.cost, o.partner
    if partner is None or cost is None or not cost.amount or o.by == "staff":
        return ""
    if partner.payment is not Payment.RECIPROCITY:
        return ""
    return (
        f"{partner.name or partner.symbol} names a price of {_told(cost)}, and by our agreement it is free both ways."
    )


def stands_though_back(o: Occasion, to: Status) -> str:
    """What staff must hear of charges for what was lost or damaged, and is back now; or ""."""
    if to is not Status.LOAN_COMPLETED or o.request.status is to:
        return ""
    kinds = {COMPENSATION} | ({INVOICE} if Flag.ATTENTION in o.request.flags else set())
    lines = [line for line in o.request.charges if line.kind in kinds and line.money.amount]
    if not lines:
        return ""
    told = ", ".join(f"{line.kind} of {_told(line.money)} ({line.payer})" for line in lines)
    return (
        f"It is back, and charged for still: {told}. If nothing is owed, let it off (Note let_off={lines[0].kind}), "
        "or credit what is paid; and tell whoever was billed."
    )


def replaced(o: Occasion) -> str:
    """What staff must hear where a price typed with a parcel stands in the place of the library's own, or ""."""
    cost = o.event.cost
    if o.event.event is not EventName.RECEIVED or cost is None or o.request.role is Role.LENDING:
        return ""
    old = next((line.money for line in _prices(o) if line.money != cost and line in set(_open(o.request))), None)
    if old is None:
        return ""
    return (
        f"The supplier's price was {_told(old)} and is {_told(cost)} now. If that is customs or another cost of the "
        f'parcel, Undo it and type customs="{_told(cost)}" instead of cost=.'
    )


def _by_kind(o: Occasion) -> Iterator[Charge]:
    """What is to be paid, by what happened."""
    if "customs" in o.values and o.request.role is Role.BORROWING:
        customs = _line(o, CUSTOMS, "us", read_money(o.values["customs"]))
        yield replace(customs, partner_id=None)  # the library that sent it gets nothing of it
    cost, event = o.event.cost, o.event.event
    lending = o.request.role is Role.LENDING
    if _is_patrons(o):
        if cost is not None:
            yield _line(o, FEE if event in IN_HOUSE else COMPENSATION, "patron", cost)
    elif event in LOSS:
        if cost is not None:
            yield _line(o, COMPENSATION, "partner" if lending else "us", cost)
    elif event is EventName.INVOICE:
        if cost is not None and not _is_noted(o, cost):
            yield _line(o, INVOICE, "partner" if lending else "us", cost)
    else:
        yield from _price(o)


def _is_patrons(o: Occasion) -> bool:
    """Whether a price typed beside it is what the patron pays us: in our own house, or billed by a letter by hand."""
    if o.request.role is Role.LENDING:
        return False
    letter = o.rules.by_hand.get(o.values.get("letter", ""))
    billed = letter is not None and letter.audiences == {Audience.PATRON} and "cost" in letter.facts
    return billed or o.event.event in IN_HOUSE


def _is_noted(o: Occasion, cost: Money) -> bool:
    """Whether an invoice is of what we know already."""
    return any(
        line.money == cost and line.payer != "patron" and line.partner_id == o.request.partner_id
        for line in o.request.charges
    )


def _price(o: Occasion) -> Iterator[Charge]:
    """The price of the loan or copy: stated, agreed on, or by the list where nothing was ever stated."""
    lending = o.request.role is Role.LENDING
    listed = _listed(o)
    money = _stated(o)
    if money is None:
        if listed is None or o.event.event not in SUPPLIED[o.request.role] or _has_price(o):
            return
        money = listed.money
    kind, payer = (LENDING_PRICE, "partner") if lending else (SUPPLIER_PRICE, "us")
    vat = o.values.get("vat") or (listed.vat if listed is not None else "")
    yield _line(o, kind, payer, money, vat)
    if not lending and _patron_bears(o) and money.amount and not in_vouchers(money):
        yield _line(o, FEE, "patron", money)


def _stated(o: Occasion) -> Money | None:
    """The price that the event states or agrees to, where it is said by whoever is paid, or by staff.

    An offer of a supplier's is none before somebody said yes.
    """
    if o.request.role is Role.LENDING:
        return o.event.cost if o.by in {"staff", "house"} else None
    if o.event.event is EventName.CONDITIONS_ACCEPTED:
        in_hand = attempt_in_hand(o.request)
        return in_hand.cost if in_hand is not None else None
    offered = o.event.event is EventName.RETRY_POSSIBLE
    return None if offered or o.by == "patron" else o.event.cost


def _patron_bears(o: Occasion) -> bool:
    """Whether the patron pays us what the library takes: who said yes to a price does."""
    asked = o.event.event is EventName.CONDITIONS_ACCEPTED and o.by == "patron"
    return asked or (o.partner is not None and o.partner.payer == "patron")


def _listed(o: Occasion) -> Price | None:
    """The price in force on the day of the request: when we asked this supplier, or the library asked us."""
    if o.partner is None:
        return None
    return o.rules.partners.price(o.partner, o.request.role, _service(o), _asked_on(o))


def _service(o: Occasion) -> ServiceType:
    """What is sent in the end."""
    copied = o.event.event is EventName.COPY_COMPLETED or o.request.service_type is ServiceType.COPY
    return ServiceType.COPY if copied else ServiceType.LOAN


def _asked_on(o: Occasion) -> date:
    in_hand = attempt_in_hand(o.request)
    asked = in_hand.asked_at if in_hand is not None else None
    began = asked or o.request.created_at
    return day_in(began, o.rules.site.zone) if began is not None else o.today


def _has_price(o: Occasion) -> bool:
    """Whether a price stands, a stated nothing too; one that was let off does not."""
    return any(line.payment is not Payment.LET_OFF for line in _prices(o))


def _goes_for_nothing(o: Occasion) -> bool:
    """Whether we send what had a price before it was closed, and nobody names one now."""
    sends = o.request.role is Role.LENDING and o.event.event in SUPPLIED[Role.LENDING]
    return sends and bool(_prices(o)) and not _has_price(o) and _stated(o) is None and _listed(o) is None


def _prices(o: Occasion) -> tuple[Charge, ...]:
    """What the library in hand takes, or is to pay."""
    kinds = {SUPPLIER_PRICE, LENDING_PRICE}
    return tuple(x for x in o.request.charges if x.kind in kinds and x.partner_id == o.request.partner_id)


def _line(o: Occasion, kind: str, payer: str, money: Money, vat: str = "") -> Charge:
    return Charge(
        kind=kind,
        payer=payer,
        money=money,
        payment=_payment(o, money),
        vat=vat or o.values.get("vat", ""),
        partner_id=o.request.partner_id,
    )


def _payment(o: Occasion, money: Money) -> Payment:
    """How it is paid: what the unit and an agreement say."""
    if in_vouchers(money):
        return Payment.VOUCHERS
    agreed = o.partner is not None and o.partner.payment is Payment.RECIPROCITY
    return Payment.RECIPROCITY if agreed and not money.amount else Payment.MONEY


def _sum(moneys: Iterable[Money]) -> Money | None:
    """All of it in one currency; None where it is nothing, or not to be added."""
    parts = [money for money in moneys if money.amount]
    if len({money.currency for money in parts}) != 1:
        return None
    return replace(parts[0], amount=sum((money.amount for money in parts), Decimal(0)))


def _told(money: Money) -> str:
    return f"{money.amount} {money.currency}"
