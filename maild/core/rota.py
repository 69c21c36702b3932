"""Which supplier is asked next: one at a time, and by itself only one that is known to hold the work."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from maild.core import channels
from maild.core.partner_names import by_name
from maild.core.request import Context, Partner, Request
from maild.core.rota_rules import Rota
from maild.core.terms import ServiceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The next supplier, those that could be asked at another time or after a yes, and why others are passed over."""

    partner: Partner | None = None
    resting: tuple[str, ...] = ()
    dear: tuple[str, ...] = ()  # "FI-ALDER: The price of 30.00 EUR is above …"
    passed: tuple[str, ...] = ()  # "FI-ALDER (no copies)"


def next_supplier(
    request: Request, context: Context, rota: Rota, today: date, stops: Callable[[Partner], str] = lambda _: ""
) -> Choice:
    """The next one of the marked holders and of the rota's entries that say `assume_holds`, if any fits.

    `stops` is why what is known of a supplier's price needs a yes first, or "".
    """
    resting: list[str] = []
    dear: list[str] = []
    passed: list[str] = []
    ready: list[Partner] = []
    for symbol in candidates(request, rota):
        partner = _with_symbol(context, symbol)
        hindrance = _hindrance(partner, request, rota)
        if partner is None or hindrance:
            passed.append(f"{symbol} ({hindrance})")
        elif is_resting(partner, today):
            resting.append(symbol)
        elif stop := stops(partner):
            dear.append(f"{symbol}: {stop}")
        else:
            ready.append(partner)
    chosen = min(ready, key=is_overloaded, default=None)  # stable: else as they stand
    return Choice(partner=chosen, resting=tuple(resting), dear=tuple(dear), passed=tuple(passed))


def candidates(request: Request, rota: Rota) -> tuple[str, ...]:
    """Symbols that may be asked by themselves, in order: the marked holders, then what the rota assumes."""
    skipped = {symbol.casefold() for symbol in request.skipped}
    every = unique([*request.suppliers, *assumed(request, rota)])
    return tuple(symbol for symbol in every if symbol.casefold() not in skipped)


def assumed(request: Request, rota: Rota) -> tuple[str, ...]:
    """Symbols of suppliers that the rota takes to hold whatever is asked of this kind."""
    return tuple(e.symbol for e in rota.entries if e.assume_holds and request.service_type in e.services)


def in_order(symbols: Iterable[str], rota: Rota) -> tuple[str, ...]:
    """Marked holders in the rota's order; those that it does not name come last, as they stood."""
    ranks = {entry.symbol.casefold(): entry.rank for entry in rota.entries}
    last = max(ranks.values(), default=0) + 1
    return tuple(sorted(unique(symbols), key=lambda symbol: ranks.get(symbol.casefold(), last)))


def by_symbol(context: Context, symbol: str) -> Partner | None:
    """The partner of that symbol, upper or lower case, else the only one with that name, or None."""
    return _with_symbol(context, symbol) or by_name(context.partners, symbol)


def _with_symbol(context: Context, symbol: str) -> Partner | None:
    """Nobody by a name is asked by itself: whom staff skipped is skipped by symbol."""
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
    return _is_paused(partner, today) or (partner.absent_until is not None and partner.absent_until >= today)


def _is_paused(partner: Partner, today: date) -> bool:
    """Whether today is of our pause; its first and its last day are, and either may be open."""
    begins, ends = partner.paused_from, partner.paused_until
    if begins is None and ends is None:
        return False
    return (begins or date.min) <= today <= (ends or date.max)


def _hindrance(partner: Partner | None, request: Request, rota: Rota) -> str:
    """Why this one is never asked by itself for this request, in a few words; "" where it may be."""
    if partner is None:
        return "not on record"
    if partner.id in _tried(request):
        return "asked before"
    if not serves(partner, request.service_type):
        return f"not active, without an address, or does not do {request.service_type}"
    if request.abroad_ok is False and partner.country != "domestic":
        return "abroad, which the patron does not want"
    if rota.countries and partner.country not in rota.countries:
        return f"{partner.country}, where the rota {rota.name} does not ask"
    return ""


def _tried(request: Request) -> set[int]:
    return {attempt.partner_id for attempt in request.attempts if attempt.partner_id} | {request.partner_id or -1}


def unique(symbols: Iterable[str]) -> list[str]:
    """The symbols, each once, upper or lower case, where and as it stands first."""
    first: dict[str, str] = {}
    for symbol in symbols:
        first.setdefault(symbol.casefold(), symbol)
    return list(first.values())
