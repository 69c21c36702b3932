"""The Context of a mail, a command or a notice: the requests that it could be about, with their people and partners."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, or_, select

from maild.core.mail import Clues
from maild.core.request import Context, Partner, Patron, Request
from maild.store import counting, past
from maild.store.finding import find_requests
from maild.store.plain import as_json
from maild.store.rows import Parts, to_partner, to_patron, to_request
from maild.store.statements import one_of, run, table_of
from maild.store.tables import (
    AttemptRow,
    ChargeRow,
    ItemCodeRow,
    ItemRow,
    OutboxRow,
    PartnerDomainRow,
    PartnerRow,
    PatronRow,
    RequestRow,
)

MAX_LETTERS = 100  # of one request, the newest
MAX_PEOPLE = 20
LEFT_US = ("waiting", "sent", "failed")  # a shadow or held letter reached nobody


def _of_requests(row: type[SQLModel], order: str) -> Any:
    """The rows that belong to some requests in another table."""
    table = table_of(row)
    return select(*table.c).where(table.c.request_id.in_(one_of("ids"))).order_by(table.c.request_id, table.c[order])


_REQUEST, _PATRON, _PARTNER = table_of(RequestRow).c, table_of(PatronRow).c, table_of(PartnerRow).c
_DOMAIN, _OUTBOX = table_of(PartnerDomainRow).c, table_of(OutboxRow).c
_REQUESTS = select(*_REQUEST).where(_REQUEST.id.in_(one_of("ids")))
_REQUEST_IDS = select(_REQUEST.id).where(_REQUEST.number.in_(one_of("numbers")))
_ATTEMPTS = _of_requests(AttemptRow, "number")
_ITEMS = _of_requests(ItemRow, "number")
_CODES = _of_requests(ItemCodeRow, "place")
_CHARGES = _of_requests(ChargeRow, "id")
_LETTERS = (  # not by their states: with some requests SQLite would go through all letters that were ever sent
    select(_OUTBOX.request_id, _OUTBOX.to, _OUTBOX.message_id, _OUTBOX.state)
    .where(_OUTBOX.request_id.in_(one_of("ids")))
    .order_by(_OUTBOX.request_id, _OUTBOX.id)
)
_PATRONS = select(*_PATRON).where(_PATRON.id.in_(one_of("ids")))
_PEOPLE = (
    select(*_PATRON)
    .where(or_(_PATRON.email.in_(one_of("addresses")), _PATRON.card.in_(one_of("cards"))))
    .limit(MAX_PEOPLE)
)
_PARTNERS = (
    select(*_PARTNER)
    .where(
        or_(
            _PARTNER.id.in_(one_of("ids")),
            _PARTNER.id.in_(select(_DOMAIN.partner_id).where(_DOMAIN.domain.in_(one_of("domains")))),
            _PARTNER.symbol.in_(one_of("symbols")),
        )
    )
    .order_by(_PARTNER.id)
)
_DOMAINS = (
    select(_DOMAIN.partner_id, _DOMAIN.domain).where(_DOMAIN.partner_id.in_(one_of("ids"))).order_by(_DOMAIN.place)
)
_KNOWN_DOMAINS = select(_DOMAIN.domain).where(_DOMAIN.domain.in_(one_of("domains"))).distinct().order_by(_DOMAIN.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are and whom we believe: what a Context takes from the settings."""

    our_addresses: tuple[str, ...]
    authserv_id: str = ""
    reply_key: str = ""
    old_reply_keys: tuple[str, ...] = ()
    accept_spf: tuple[str, ...] = ()
    form_senders: tuple[str, ...] = ()
    internal_forms: tuple[str, ...] = ()
    library_systems: tuple[str, ...] = ()
    staff_addresses: tuple[str, ...] = ()


def context_for(
    session: Session,
    clues: Clues,
    identity: Identity,
    received_at: datetime,
    extra_symbols: Collection[str] = (),
) -> Context:
    """What a mail with these clues could be about. `extra_symbols` are suppliers that a rota may put next."""
    return _context(session, find_requests(session, clues), clues, identity, received_at, extra_symbols)


def context_of(
    session: Session,
    numbers: Sequence[str],
    identity: Identity,
    now: datetime,
    extra_symbols: Collection[str] = (),
    patron: str = "",
) -> Context:
    """The Context of these requests, for a command or a notice. `patron`: the card or address of one who is named."""
    ids = run(session, _REQUEST_IDS, {"numbers": list(numbers)}).scalars().all()
    found = _context(session, ids, None, identity, now, extra_symbols)
    named = counting.counted_patrons(session, _people(session, [patron], [patron])) if patron else ()
    return replace(found, patrons=_once([*found.patrons, *named]))


def with_past(session: Session, context: Context, number: str, zone: str) -> Context:
    """The Context with what happened last to a request, and with what was said of it."""
    request = context.request(number)
    if request is None:
        return context
    return replace(context, last=past.last_step(session, request, zone), told=past.told(session, request.id))


def context_json(context: Context) -> str:
    """The Context as it is stored with a decision: the keys of our reply addresses stay out."""
    return as_json(replace(context, reply_key="", old_reply_keys=()))


def load_requests(session: Session, ids: Sequence[int]) -> tuple[tuple[Request, ...], list[Partner], list[Patron]]:
    """The requests in the order of their ids, with the partners and patrons that they name."""
    rows = {row.id: row for row in _rows(session, _REQUESTS, ids)}
    parts = _parts(session, ids)
    asked = {attempt.partner_id for part in parts.values() for attempt in part.attempts}
    partners = load_partners(session, ids=asked | {row.partner_id for row in rows.values() if row.partner_id})
    patrons = _rows(session, _PATRONS, {row.patron_id for row in rows.values() if row.patron_id})
    by_partner = {partner.id: partner for partner in partners}
    by_patron = {row.id: to_patron(row) for row in patrons}
    requests = tuple(to_request(rows[one], parts[one], by_partner, by_patron) for one in ids if one in rows)
    return requests, partners, list(by_patron.values())


def load_partners(
    session: Session, *, ids: Collection[int] = (), domains: Collection[str] = (), symbols: Collection[str] = ()
) -> list[Partner]:
    """The partners of any of these ids, sender domains and symbols."""
    if not ids and not domains and not symbols:
        return []
    found = {"ids": list(ids), "domains": list(domains), "symbols": list(symbols)}
    rows = run(session, _PARTNERS, found).all()
    own: dict[int, list[str]] = {row.id: [] for row in rows}
    for partner_id, domain in _rows(session, _DOMAINS, own):
        own[partner_id].append(domain)
    return [to_partner(row, own[row.id]) for row in rows]


def _context(
    session: Session,
    ids: Sequence[int],
    clues: Clues | None,
    identity: Identity,
    at: datetime,
    extra_symbols: Collection[str],
) -> Context:
    """Without clues there is no mail: then nobody need be believed, and nothing new is asked for."""
    requests, partners, patrons = load_requests(session, ids)
    symbols = {symbol for request in requests for symbol in request.suppliers} | set(extra_symbols)
    symbols -= {partner.symbol for partner in partners}
    domains = [domain.lower() for domain in clues.domains] if clues else []
    others = load_partners(session, domains=domains, symbols=symbols)
    people = [*patrons, *_people(session, clues.addresses, clues.patron_ids)] if clues else patrons
    return Context(
        received_at=at,
        our_addresses=identity.our_addresses,
        authserv_id=identity.authserv_id,
        reply_key=identity.reply_key,
        old_reply_keys=identity.old_reply_keys,
        accept_spf=identity.accept_spf,
        partner_domains=_known_domains(session, clues, identity) if clues else (),
        trusted_form_senders=identity.form_senders,
        internal_forms=identity.internal_forms,
        library_systems=identity.library_systems,
        staff_addresses=identity.staff_addresses,
        requests=requests,
        partners=counting.counted_partners(session, _once([*partners, *others])),
        patrons=counting.counted_patrons(session, _once(people)),
        open_lending=counting.open_lending(session) if clues else 0,
    )


def _known_domains(session: Session, clues: Clues, identity: Identity) -> tuple[str, ...]:
    """The partners' domains that an address of the mail, or our own, is at or below. Of a desk with 500 partners no
    mail needs more, and each decision keeps what it looked at."""
    given = [*clues.domains, *(address.rpartition("@")[2] for address in identity.our_addresses)]
    domains = {above for domain in given for above in _and_above(domain.lower())}
    return tuple(run(session, _KNOWN_DOMAINS, {"domains": sorted(domains)}).scalars())


def _and_above(domain: str) -> Iterator[str]:
    """The domain and those that it is below: "lib.uni.example", "uni.example", "example"."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def _people(session: Session, addresses: Collection[str], cards: Collection[str]) -> list[Patron]:
    """Patrons with one of the addresses or cards: of a web form, say, the one who asks."""
    if not addresses and not cards:
        return []
    given = {"addresses": [a.lower() for a in addresses if a], "cards": [c for c in cards if c]}
    return [to_patron(row) for row in run(session, _PEOPLE, given)]


def _parts(session: Session, ids: Sequence[int]) -> dict[int, Parts]:
    attempts, items, charges = (
        _by_request(_rows(session, statement, ids), ids) for statement in (_ATTEMPTS, _ITEMS, _CHARGES)
    )
    codes = _by_request(_rows(session, _CODES, [one for one in ids if items[one]]), ids)
    letters: dict[int, list[tuple[str, str]]] = {one: [] for one in ids}
    for request_id, to, message_id, state in _rows(session, _LETTERS, ids):
        if state in LEFT_US:
            letters[request_id].append((to, message_id))
    return {
        one: Parts(
            attempts=attempts[one],
            items=items[one],
            codes=codes[one],
            charges=charges[one],
            letters=letters[one][-MAX_LETTERS:],
        )
        for one in ids
    }


def _rows(session: Session, statement: Any, ids: Collection[int]) -> Sequence[Any]:
    """What the statement gives for these ids."""
    return run(session, statement, {"ids": list(ids)}).all() if ids else []


def _by_request(rows: Iterable[Any], ids: Sequence[int]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {one: [] for one in ids}
    for row in rows:
        groups[row.request_id].append(row)
    return groups


def _once(people: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({one.id: one for one in people}.values())
