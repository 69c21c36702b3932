"""Who holds the work: marks by staff or by the site's holdings command, and whom staff want skipped or asked first."""

from collections.abc import Iterable

from maild.core import rota
from maild.core.decide_supplier import ask_next
from maild.core.effects import AskStaff, ChangeRequest, Effect, Move
from maild.core.occasion import Occasion, seen_after
from maild.core.reading import Event
from maild.core.request import Patron
from maild.core.rota_rules import Rota
from maild.core.rules import Refused, Rules
from maild.core.terms import EventName, Flag, Status

BY_STAFF = ("hold", "skip", "order", "lookup")
ANSWER, FAILED = "answer", "failed"  # what the holdings command says: symbols, or why it could not
VALUES = frozenset({*BY_STAFF, ANSWER, FAILED})
PENDING = frozenset({Flag.HOLDINGS_PENDING})


def symbols_in(text: str) -> tuple[str, ...]:
    """The symbols of a value, parted by commas or blanks, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def taken(o: Occasion) -> tuple[Effect, ...]:
    """What staff or the holdings command say of suppliers. Raises Refused for what cannot be."""
    if FAILED in o.values:
        return _failed(o)
    if ANSWER in o.values:
        return _answered(o)
    return _by_staff(o)


def onward(o: Occasion) -> tuple[Effect, ...]:
    """The first supplier of a request that came in, or the task to choose one; first the holdings command is asked."""
    if o.rules.site.holdings:
        return (_look_up(o),)
    return ask_next(o, by_staff=False) or (_choose(o, "No supplier is marked as holding it: choose one."),)


def _look_up(o: Occasion) -> Move:
    """The daemon sees by the flag that the holdings command is to be asked, outside of any transaction."""
    asked = Event(event=EventName.SUPPLIER_INFO, request=o.request.number, note="the holdings command is asked")
    return Move(number=o.request.number, to=o.request.status, event=asked, add=PENDING)


# By staff


def _by_staff(o: Occasion) -> tuple[Effect, ...]:
    named = {key: symbols_in(o.values.get(key, "")) for key in BY_STAFF}
    if not any(named.values()):
        raise Refused("say hold=, skip= or order= with symbols of libraries, or lookup=yes; see docs/rotas.md")
    if named["lookup"]:
        return _lookup(o)
    held = _on_record(o, named["hold"])
    skipped = _on_record(o, named["skip"])
    first = _known_to_hold(o, named["order"], held)
    marked = rota.unique([*first, *o.request.suppliers, *held])
    values: dict[str, object] = {
        "suppliers": _without(marked, skipped),
        "skipped": tuple(rota.unique([*_without(o.request.skipped, (*held, *first)), *skipped])),
    }
    told = "; ".join(f"{key} {', '.join(symbols)}" for key, symbols in named.items() if symbols)
    return (_noted(o, told), ChangeRequest(number=o.request.number, values=values))


def _lookup(o: Occasion) -> tuple[Effect, ...]:
    if not o.rules.site.holdings:
        raise Refused("lookup=yes needs a holdings command ([holdings] command in maild.toml); there is none")
    if o.request.status is not Status.NEW:
        raise Refused(f"lookup=yes is for a request that no library was asked for; it stands at {o.request.status}")
    return (_look_up(o),)


def _on_record(o: Occasion, symbols: Iterable[str]) -> tuple[str, ...]:
    """The symbols as the records write them. Raises Refused for one that is not there or does not do this."""
    out = []
    for symbol in symbols:
        partner = rota.by_symbol(o.context, symbol)
        if partner is None:
            raise Refused(f"{symbol} is not on record; see maild partner list")
        if not rota.serves(partner, o.request.service_type):
            raise Refused(f"{symbol} is not active, has no address, or does not do {o.request.service_type}")
        out.append(partner.symbol)
    return tuple(out)


def _known_to_hold(o: Occasion, symbols: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """The symbols to be asked first. Raises Refused for one that nobody said holds it: order is no mark."""
    order = _on_record(o, symbols)
    known = {s.casefold() for s in (*o.request.suppliers, *rota.assumed(o.request, _rota(o)), *held)}
    for symbol in order:
        if symbol.casefold() not in known:
            raise Refused(f"{symbol} is not marked as holding it; write hold={symbol} too if it does")
    return order


# By the holdings command


def _answered(o: Occasion) -> tuple[Effect, ...]:
    """Marks behind those of staff, in the rota's order; then the first supplier is asked, if nothing stands against."""
    symbols = symbols_in(o.values[ANSWER])
    known = [partner.symbol for one in symbols if (partner := rota.by_symbol(o.context, one)) is not None]
    strange = [one for one in symbols if rota.by_symbol(o.context, one) is None]
    by_rank = rota.in_order([*known, *rota.assumed(o.request, _rota(o))], _rota(o)) if known else ()
    marked = rota.unique([*o.request.suppliers, *_without(by_rank, o.request.skipped)])
    told = f"held by {', '.join(known) or 'nobody that is on record'}"
    told += f"; not on record: {', '.join(strange)}" if strange else ""
    done = (_noted(o, told, PENDING), ChangeRequest(number=o.request.number, values={"suppliers": tuple(marked)}))
    return (*done, *_sent_on(seen_after(o, done), f"The holdings command says: {told}."))


def _sent_on(o: Occasion, told: str) -> tuple[Effect, ...]:
    """The first supplier is asked, or staff hear why none is; nothing where staff were quicker."""
    if o.request.status is not Status.NEW:
        return ()
    hindrance = patron_hindrance(o.patron)
    if hindrance:
        return (_choose(o, f"{told} {hindrance}"),)
    return ask_next(o, by_staff=False) or (_choose(o, f"{told} No supplier can be asked by itself: choose one."),)


def _failed(o: Occasion) -> tuple[Effect, ...]:
    """Nothing is lost: the request stands where it stood, and staff choose, or have the command asked again."""
    text = f"{o.request.number}: the holdings command failed: {o.values[FAILED]}. Nobody was asked."
    again = (*_commands(o), f"maild request do {o.request.number} {EventName.SUPPLIER_INFO} lookup=yes")
    return (
        _noted(o, "the holdings command failed", PENDING),
        AskStaff(number=o.request.number, reason="holdings", text=text, commands=again),
    )


def patron_hindrance(patron: Patron | None) -> str:
    """Why nothing goes out for this patron before staff have looked, as a sentence, or ""."""
    if patron is not None and patron.blocked:
        return "The patron is blocked: nothing was sent."
    if patron is None or not patron.approved:
        return "The patron is not known to us yet: nothing was sent."
    return ""


def limit_hindrance(patron: Patron, others: int, rules: Rules) -> str:
    """Why another request of a patron with so many open ones waits for staff, as a sentence, or ""."""
    limit = rules.limits.of_patron(patron)
    if not limit or others < limit:
        return ""
    return f"The patron has {others} open requests already: send this one on, or turn it down."


def _noted(o: Occasion, told: str, remove: frozenset[Flag] = frozenset()) -> Move:
    event = Event(event=EventName.SUPPLIER_INFO, request=o.request.number, note=told)
    return Move(number=o.request.number, to=o.request.status, event=event, remove=remove)


def _choose(o: Occasion, text: str) -> AskStaff:
    return AskStaff(number=o.request.number, reason="policy", text=text, commands=_commands(o))


def _commands(o: Occasion) -> tuple[str, ...]:
    """None for a request that has no number yet."""
    return (f"maild request do {o.request.number} NextSupplier partner=SYMBOL",) if o.request.number else ()


def _rota(o: Occasion) -> Rota:
    return o.rules.rota(o.request, o.patron)


def _without(symbols: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    gone = {symbol.casefold() for symbol in others}
    return tuple(symbol for symbol in symbols if symbol.casefold() not in gone)
