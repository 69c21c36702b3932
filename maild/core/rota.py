"""Which supplier is asked next: one at a time, and by itself only one that is known to hold the work."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from maild.core import channels
from maild.core.request import Context, Partner, Request
from maild.core.rota_rules import RotaEntry
from maild.core.terms import ServiceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The next supplier, those that stay marked after it, and those that could be asked at another time."""

    partner: Partner | None = None
    left: tuple[str, ...] = ()
    resting: tuple[str, ...] = ()


def next_supplier(request: Request, context: Context, rota: tuple[RotaEntry, ...], today: date) -> Choice:
    """The next one of the marked holders and of the rota's entries that say `assume_holds`, if any fits."""
    tried = _tried(request)
    resting: list[str] = []
    ready: list[Partner] = []
    for symbol in candidates(request, rota):
        partner = by_symbol(context, symbol)
        if partner is None or partner.id in tried or not serves(partner, request.service_type):
            continue
        if is_resting(partner, today):
            resting.append(symbol)
        else:
            ready.append(partner)
    chosen = min(ready, key=is_overloaded, default=None)  # stable: else as they stand
    left = tuple(s for s in request.suppliers if chosen is None or s.casefold() != chosen.symbol.casefold())
    return Choice(partner=chosen, left=left, resting=tuple(resting))


def candidates(request: Request, rota: tuple[RotaEntry, ...]) -> tuple[str, ...]:
    """Symbols that may be asked by themselves, in order: as staff marked them, then what the rota assumes."""
    assumed = [e.symbol for e in rota if e.assume_holds and request.service_type in e.services]
    return tuple(_unique([*request.suppliers, *assumed]))


def in_order(symbols: Iterable[str], rota: tuple[RotaEntry, ...]) -> tuple[str, ...]:
    """Marked holders in the rota's order; those that it does not name come last, as they stood."""
    ranks = {entry.symbol.casefold(): entry.rank for entry in rota}
    last = max(ranks.values(), default=0) + 1
    return tuple(sorted(_unique(symbols), key=lambda symbol: ranks.get(symbol.casefold(), last)))


def by_symbol(context: Context, symbol: str) -> Partner | None:
    """The partner of that symbol, upper or lower case, or None."""
    wanted = symbol.casefold()
    return next((p for p in context.partners if p.symbol and p.symbol.casefold() == wanted), None)


def serves(partner: Partner, service_type: ServiceType) -> bool:
    """Whether it supplies this at all: an active partner with an address, for this kind of service."""
    if not partner.active or not (partner.email or partner.order_channel in channels.BY_HAND):
        return False
    if service_type is ServiceType.COPY:
        return partner.copies
    return partner.loans or (service_type is ServiceType.COPY_OR_LOAN and partner.copies)


def is_overloaded(partner: Partner) -> bool:
    """Whether it has as many of our open requests as its record allows: then others come first."""
    return partner.max_open is not None and partner.open_with >= partner.max_open


def is_resting(partner: Partner, today: date) -> bool:
    """Whether nobody is there today: paused by us, or absent by its own word."""
    return any(until is not None and until >= today for until in (partner.paused_until, partner.absent_until))


def _tried(request: Request) -> set[int]:
    return {attempt.partner_id for attempt in request.attempts if attempt.partner_id} | {request.partner_id or -1}


def _unique(symbols: Iterable[str]) -> list[str]:
    return list({symbol.casefold(): symbol for symbol in reversed(list(symbols))}.values())[::-1]
