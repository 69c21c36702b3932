"""Partner and patron records: taken in whole or not at all, given out, shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import Session, col, or_, select

from maild.core.partner_names import is_called
from maild.core.request import Partner, Patron, Request
from maild.store import notices
from maild.store.context import load_partners
from maild.store.record_lines import Cells, PartnerLine, PatronLine, cells_of, read_lines
from maild.store.rows import partner_columns, patron_columns, to_patron
from maild.store.tables import PartnerDomainRow, PartnerRow, PatronRow

ACCOUNT_NOTICE = "account_ending"  # rules/notices.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an import did: `problems` as "line 3: …", and then nothing was taken in.

    `lacking`, as "line 3: …": what was taken in, and cannot do all that its reader may expect of it.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    lacking: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def import_partners(session: Session, lines: Sequence[Cells], now: datetime) -> Report:
    """Add partners, or replace those of the same symbol; what only mails tell (absent_until) stays."""
    read, problems = read_lines(PartnerLine, lines, lambda line: line.symbol)
    if problems:
        return Report(problems=tuple(problems))
    symbols = [line.symbol for line in read]
    there = {row.symbol: row for row in session.exec(select(PartnerRow).where(col(PartnerRow.symbol).in_(symbols)))}
    known = {one.symbol: one for one in load_partners(session, ids=[row.id or 0 for row in there.values()])}
    changing = [line for line in read if line.symbol not in known or _differs(line.partner(), known[line.symbol])]
    for line in changing:
        put_partner(session, line.partner(), now, there.get(line.symbol))
    added, unchanged = len(read) - len(there), len(read) - len(changing)
    lacking = tuple(f"line {number}: {what}" for number, line in enumerate(read, start=2) for what in line.lacking())
    return Report(added=added, changed=len(changing) - added, unchanged=unchanged, lacking=lacking)


def add_partner(session: Session, cells: Cells, now: datetime) -> Report:
    """Add one partner, by the headings of the partners' file; a symbol that is there in any case is a problem."""
    symbol = (cells.get("symbol") or "").strip()
    there = session.exec(select(PartnerRow.symbol).where(func.lower(PartnerRow.symbol) == symbol.lower())).first()
    if symbol and there:
        way_out = "maild partner export writes a file that you can change and import"
        return Report(problems=(f"{there} is on record: {way_out}",))
    return _of_one(import_partners(session, [cells], now))


def _of_one(report: Report) -> Report:
    """The report without lines: there was one, and in no file."""
    problems, lacking = (
        tuple(one.removeprefix("line 2: ") for one in told) for told in (report.problems, report.lacking)
    )
    return replace(report, problems=problems, lacking=lacking)


def _differs(new: Partner, old: Partner) -> bool:
    """Whether the line says something else than the record, apart from what only mails and requests tell."""
    told = ("id", "absent_since", "absent_until", "open_with", "lent_to")
    return replace(new, **{name: getattr(old, name) for name in told}) != old


def put_partner(session: Session, partner: Partner, now: datetime, row: PartnerRow | None = None) -> int:
    """Add the partner, or give `row` its values; its id."""
    columns = partner_columns(partner, now)
    if row is None:
        row = PartnerRow(**columns)
    else:
        row.sqlmodel_update(columns | {"absent_since": row.absent_since, "absent_until": row.absent_until})
    session.add(row)
    session.flush()
    session.exec(delete(PartnerDomainRow).where(col(PartnerDomainRow.partner_id) == row.id))
    session.add_all(
        PartnerDomainRow(partner_id=row.id or 0, domain=domain, place=place)
        for place, domain in enumerate(partner.domains)
    )
    session.flush()
    return row.id or 0


def export_partners(session: Session) -> list[dict[str, str]]:
    """Every partner as a line that import_partners takes back."""
    return [cells_of(partner) for partner in partners(session)]


def partners(session: Session) -> list[Partner]:
    """Every partner, by symbol."""
    ids = session.exec(select(PartnerRow.id).order_by(PartnerRow.symbol)).all()
    found = {partner.id: partner for partner in load_partners(session, ids=[one for one in ids if one])}
    return [found[one] for one in ids if one]


def partner_of(session: Session, request: Request) -> Partner | None:
    """The library that the request is borrowed from or lent to, or None."""
    return next(iter(load_partners(session, ids=[request.partner_id])), None) if request.partner_id else None


def patron_of(session: Session, request: Request) -> Patron | None:
    """The patron whom the request is for, or None."""
    row = session.get(PatronRow, request.patron_id) if request.patron_id else None
    return to_patron(row) if row is not None else None


def edit_partner(session: Session, word: str, cells: Cells, now: datetime) -> Report:
    """Change some cells of the partner that is meant; an empty cell is the default again, and `symbol` stays."""
    partner = one_partner(session, word)
    if partner is None:
        return Report(problems=(f"no partner {word}, or more than one; see maild partner list",))
    if "symbol" in cells:
        return Report(problems=("a symbol stays as it is: rotas and requests name it",))
    return _of_one(import_partners(session, [{**cells_of(partner), **cells}], now))


def one_partner(session: Session, word: str) -> Partner | None:
    """The partner with this symbol in any case, or the only one with this name, address or domain."""
    every = partners(session)
    same = [one for one in every if one.symbol.casefold() == word.casefold()]
    found = same or [one for one in every if is_called(one, word)] or find_partners(session, word)
    return found[0] if len(found) == 1 else None


def symbols_called(session: Session, names: Collection[str]) -> list[str]:
    """Symbols of the partners that have one of these names."""
    if not names:
        return []
    return [one.symbol for one in partners(session) if one.symbol and any(is_called(one, name) for name in names)]


def find_partners(session: Session, word: str) -> list[Partner]:
    """Partners with this symbol, address or sender domain, or with the word in their name."""
    of_domain = select(PartnerDomainRow.partner_id).where(PartnerDomainRow.domain == word.lower())
    which = or_(
        col(PartnerRow.symbol) == word,
        col(PartnerRow.email) == word.lower(),
        col(PartnerRow.id).in_(of_domain),
        col(PartnerRow.name).icontains(word, autoescape=True),
    )
    ids = session.exec(select(PartnerRow.id).where(which)).all()
    return load_partners(session, ids=[one for one in ids if one])


def import_patrons(session: Session, lines: Sequence[Cells], now: datetime) -> Report:
    """Add patrons, or replace those of the same card."""
    read, problems = read_lines(PatronLine, lines, lambda line: line.card)
    if problems:
        return Report(problems=tuple(problems))
    cards = [line.card for line in read]
    there = {row.card: row for row in session.exec(select(PatronRow).where(col(PatronRow.card).in_(cards)))}
    moved: list[PatronRow] = []
    unchanged = 0
    for line in read:
        patron = Patron(**line.model_dump())
        columns = patron_columns(patron, now)
        row = there.get(line.card)
        unchanged += row is not None and replace(to_patron(row), id=0) == patron
        row = row or PatronRow(**columns)
        if row.account_ends != line.account_ends:
            moved.append(row)
        row.sqlmodel_update(columns)  # one that stays as it is too: who stands in the file is not idle (erasing.py)
        session.add(row)
    session.flush()
    notices.look_again(session, [row.id or 0 for row in moved], ACCOUNT_NOTICE, now)
    return Report(added=len(read) - len(there), changed=len(there) - unchanged, unchanged=unchanged)


def patrons(session: Session) -> list[Patron]:
    """Every patron, by name."""
    return [to_patron(row) for row in session.exec(select(PatronRow).order_by(PatronRow.name, col(PatronRow.id)))]


def find_patron(session: Session, word: str) -> Patron | None:
    """The patron with this card or address; None where there is none or more than one."""
    which = or_(col(PatronRow.card) == word, col(PatronRow.email) == word.lower())
    found = session.exec(select(PatronRow).where(which).limit(2)).all()
    return to_patron(found[0]) if len(found) == 1 else None
