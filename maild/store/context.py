"""The Context of a mail, a command or a notice: the requests that it could be about, with their people and partners."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from maild.core.mail import Clues
from maild.core.request import Context, Partner, Patron, Request
from maild.store import counting
from maild.store.finding import find_requests
from maild.store.plain import plain
from maild.store.rows import Parts, to_partner, to_patron, to_request
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
) -> Context:
    """The Context of these requests, for a command or a notice."""
    ids = session.exec(select(RequestRow.id).where(col(RequestRow.number).in_(numbers))).all()
    return _context(session, [one for one in ids if one], None, identity, now, extra_symbols)


def context_json(context: Context) -> str:
    """The Context as it is stored with a decision: the keys of our reply addresses stay out."""
    told = plain(replace(context, reply_key="", old_reply_keys=()))
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load_requests(session: Session, ids: Sequence[int]) -> tuple[tuple[Request, ...], list[Partner], list[Patron]]:
    """The requests in the order of their ids, with the partners and patrons that they name."""
    rows = {row.id or 0: row for row in _rows(session, RequestRow, RequestRow.id, ids)}
    parts = _parts(session, ids)
    asked = {attempt.partner_id for part in parts.values() for attempt in part.attempts}
    partners = load_partners(session, ids=asked | {row.partner_id for row in rows.values() if row.partner_id})
    patrons = _rows(session, PatronRow, PatronRow.id, {row.patron_id for row in rows.values() if row.patron_id})
    by_partner = {partner.id: partner for partner in partners}
    by_patron = {row.id or 0: to_patron(row) for row in patrons}
    requests = tuple(to_request(rows[one], parts[one], by_partner, by_patron) for one in ids if one in rows)
    return requests, partners, list(by_patron.values())


def load_partners(
    session: Session, *, ids: Collection[int] = (), domains: Collection[str] = (), symbols: Collection[str] = ()
) -> list[Partner]:
    """The partners of any of these ids, sender domains and symbols."""
    if not ids and not domains and not symbols:
        return []
    of_domains = select(PartnerDomainRow.partner_id).where(col(PartnerDomainRow.domain).in_(domains))
    rows = session.exec(
        select(PartnerRow)
        .where(
            or_(
                col(PartnerRow.id).in_(ids),
                col(PartnerRow.id).in_(of_domains),
                col(PartnerRow.symbol).in_(symbols),
            )
        )
        .order_by(col(PartnerRow.id))
        .execution_options(populate_existing=True)
    ).all()
    own: dict[int, list[str]] = {row.id or 0: [] for row in rows}
    listed = select(PartnerDomainRow.partner_id, PartnerDomainRow.domain).order_by(col(PartnerDomainRow.place))
    for partner_id, domain in session.exec(listed.where(col(PartnerDomainRow.partner_id).in_(own))):
        own[partner_id].append(domain)
    return [to_partner(row, own[row.id or 0]) for row in rows]


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
    people = [*patrons, *_people(session, clues)] if clues else patrons
    return Context(
        received_at=at,
        our_addresses=identity.our_addresses,
        authserv_id=identity.authserv_id,
        reply_key=identity.reply_key,
        old_reply_keys=identity.old_reply_keys,
        accept_spf=identity.accept_spf,
        partner_domains=_all_domains(session) if clues else (),
        trusted_form_senders=identity.form_senders,
        internal_forms=identity.internal_forms,
        staff_addresses=identity.staff_addresses,
        requests=requests,
        partners=counting.counted_partners(session, _once([*partners, *others])),
        patrons=counting.counted_patrons(session, _once(people)) if clues else _once(people),
        open_lending=counting.open_lending(session) if clues else 0,
    )


def _all_domains(session: Session) -> tuple[str, ...]:
    return tuple(session.exec(select(PartnerDomainRow.domain).distinct().order_by(PartnerDomainRow.domain)))


def _people(session: Session, clues: Clues) -> list[Patron]:
    """Patrons with one of the addresses or cards: of a web form, say, the one who asks."""
    addresses = [address.lower() for address in clues.addresses]
    if not addresses and not clues.patron_ids:
        return []
    who = or_(
        col(PatronRow.email).in_([a for a in addresses if a]),
        col(PatronRow.card).in_([c for c in clues.patron_ids if c]),
    )
    return [to_patron(row) for row in session.exec(select(PatronRow).where(who).limit(MAX_PEOPLE))]


def _parts(session: Session, ids: Sequence[int]) -> dict[int, Parts]:
    attempts = _by_request(_rows(session, AttemptRow, AttemptRow.request_id, ids, AttemptRow.number), ids)
    items = _by_request(_rows(session, ItemRow, ItemRow.request_id, ids, ItemRow.number), ids)
    codes = _by_request(_rows(session, ItemCodeRow, ItemCodeRow.request_id, ids, ItemCodeRow.place), ids)
    charges = _by_request(_rows(session, ChargeRow, ChargeRow.request_id, ids, ChargeRow.id), ids)
    letters: dict[int, list[tuple[str, str]]] = {one: [] for one in ids}
    gone = select(OutboxRow.request_id, OutboxRow.to, OutboxRow.message_id).order_by(col(OutboxRow.id))
    gone = gone.where(col(OutboxRow.request_id).in_(ids), col(OutboxRow.state).in_(LEFT_US))
    for request_id, to, message_id in session.exec(gone):
        letters[request_id or 0].append((to, message_id))
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


def _rows(session: Session, table: Any, column: Any, ids: Collection[int], *order: Any) -> list[Any]:
    if not ids:
        return []
    statement = select(table).where(col(column).in_(ids)).order_by(*map(col, order))
    return list(session.exec(statement.execution_options(populate_existing=True)))


def _by_request(rows: Iterable[Any], ids: Sequence[int]) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = {one: [] for one in ids}
    for row in rows:
        groups[row.request_id].append(row)
    return groups


def _once(people: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({one.id: one for one in people}.values())
