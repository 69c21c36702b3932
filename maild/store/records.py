"""Partner and patron records: taken in whole or not at all, given out, shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import delete, func
from sqlmodel import Session, col, or_, select

from maild.core.cleaning import clean_line
from maild.core.prices import in_vouchers, read_prices, write_prices
from maild.core.request import Partner, Patron, Price, Request
from maild.core.terms import Payment
from maild.store import notices
from maild.store.context import load_partners
from maild.store.rows import partner_columns, patron_columns, to_patron
from maild.store.tables import PartnerDomainRow, PartnerRow, PatronRow

Cells = Mapping[str, str | None]  # a line of a CSV file, by its heading
Line = TypeVar("Line", bound="RecordLine")
ACCOUNT_NOTICE = "account_ending"  # rules/notices.toml
MAX_ADDRESS_LINES = 8
MAX_ADDRESS_LINE = 80  # characters; a label of A6 holds no more


def _words(cell: object) -> object:
    return tuple(cell.split()) if isinstance(cell, str) else cell


def _prices(cell: object) -> object:
    return read_prices(cell) if isinstance(cell, str) else cell


def _a_label(domain: str) -> str:
    """The domain as mail headers carry it: ä and ö as xn--."""
    return idna.encode(domain, uts46=True).decode()


def _address_lines(cell: str) -> str:
    """The address with its lines as on a label: parted by line breaks within the cell, or by " / " in one line."""
    lines = [clean_line(line, MAX_ADDRESS_LINE + 1) for line in cell.replace(" / ", "\n").splitlines()]
    kept = [line for line in lines if line]
    if len(kept) > MAX_ADDRESS_LINES or any(len(line) > MAX_ADDRESS_LINE for line in kept):
        raise ValueError(f"an address has at most {MAX_ADDRESS_LINES} lines of {MAX_ADDRESS_LINE} characters")
    return "\n".join(kept)


Language = Literal["fi", "sv", "en"]
Languages = Annotated[tuple[Language, ...], BeforeValidator(_words)]
Domains = Annotated[tuple[Annotated[str, AfterValidator(_a_label)], ...], BeforeValidator(_words)]
Prices = Annotated[tuple[Price, ...], BeforeValidator(_prices)]
PostalAddress = Annotated[str, AfterValidator(_address_lines)]
InvoicingCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9:._ -]{0,40}$")]  # business ids, OVT, IBAN, operators' codes
Telephone = Annotated[str, Field(pattern=r"^[0-9+() .\-/,a-zA-Z]{0,60}$")]
Address = Annotated[str, Field(pattern=r"^[^\s@<>\"(),:;\\]+@[^\s@<>\"(),:;\\]+$"), BeforeValidator(str.lower)]


class RecordLine(BaseModel):
    """A line of a file that people write: an unknown heading is a mistake, an empty cell is the default."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class PartnerLine(RecordLine):
    """Headings of the partners' file. Words within a cell are parted by blanks."""

    symbol: str = Field(min_length=1)
    name: str = Field(min_length=1)
    name_fi: str = ""
    name_sv: str = ""
    name_en: str = ""
    email: Address | Literal[""] = ""
    postal_address: PostalAddress = ""
    phone: Telephone = ""
    domains: Domains = ()
    country: Literal["domestic", "nordic", "other"] = "domestic"
    languages: Languages = ("fi", "en")
    profile_borrowing: str = "borrowing"
    profile_lending: str = "lending"
    loans: bool = True
    copies: bool = True
    copy_release: Literal["auto", "staff", "paper"] = "staff"
    postal_delay_days: int = Field(3, ge=0, le=60)
    loan_days: int | None = Field(None, ge=1, le=365)
    business_id: InvoicingCode = ""
    e_invoice: InvoicingCode = ""
    e_invoice_operator: InvoicingCode = ""
    order_reference: str = Field("", max_length=70)
    invoicing: Literal["each", "month", "quarter", "year"] = "each"
    payment: Payment = Payment.MONEY
    payer: Literal["us", "patron"] = "us"
    prices: Prices = ()
    our_prices: Prices = ()
    order_channel: Literal["mail", "web", "phone", "service"] = "mail"
    renew_channel: Literal["mail", "web", "phone", "service", "automatic"] = "mail"
    max_open: int | None = Field(None, ge=0)
    max_lent: int | None = Field(None, ge=0)
    accept_spf: bool = False
    mode: Literal["", "off", "shadow", "auto"] = ""
    paused_until: date | None = None
    active: bool = True
    notes: str = ""

    @model_validator(mode="after")
    def _has_prices_that_are_paid_so(self) -> Self:
        """A list without a price in its partner's way of paying would never be used."""
        if self.payment is Payment.LET_OFF:
            raise ValueError(
                f"payment is {self.payment}, as only a charge can be; write money, vouchers or reciprocity"
            )
        vouchers = self.payment is Payment.VOUCHERS
        for name, listed in (("prices", self.prices), ("our_prices", self.our_prices)):
            used = [price for price in listed if in_vouchers(price.money) is vouchers]
            if listed and not used and self.payment is not Payment.RECIPROCITY:
                raise ValueError(f"payment is {self.payment}, and no price in {name} is; vouchers are written 1 IFLA")
        return self

    def partner(self) -> Partner:
        """The partner that the line describes."""
        names = {code: name for code in ("fi", "sv", "en") if (name := getattr(self, f"name_{code}"))}
        values = {name: getattr(self, name) for name in PartnerLine.model_fields if not name.startswith("name_")}
        domains = tuple(dict.fromkeys(self.domains))
        return Partner(**values | {"names": names or None, "domains": domains})


class PatronLine(RecordLine):
    """Headings of the patrons' file; a patron is known by the card."""

    card: str = Field(min_length=1)
    name: str = ""
    email: Address | Literal[""] = ""
    language: Language = "fi"
    group: str = ""
    phone: str = ""
    approved: bool = True
    blocked: bool = False
    account_ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an import did: `problems` as "line 3: …", and then nothing was taken in."""

    added: int = 0
    changed: int = 0
    problems: tuple[str, ...] = ()


def import_partners(session: Session, lines: Sequence[Cells], now: datetime) -> Report:
    """Add partners, or replace those of the same symbol; what only mails tell (absent_until) stays."""
    read, problems = read_lines(PartnerLine, lines, lambda line: line.symbol)
    if problems:
        return Report(problems=tuple(problems))
    symbols = [line.symbol for line in read]
    there = {row.symbol: row for row in session.exec(select(PartnerRow).where(col(PartnerRow.symbol).in_(symbols)))}
    for line in read:
        put_partner(session, line.partner(), now, there.get(line.symbol))
    return Report(added=len(read) - len(there), changed=len(there))


def add_partner(session: Session, cells: Cells, now: datetime) -> Report:
    """Add one partner, by the headings of the partners' file; a symbol that is there in any case is a problem."""
    symbol = (cells.get("symbol") or "").strip()
    there = session.exec(select(PartnerRow.symbol).where(func.lower(PartnerRow.symbol) == symbol.lower())).first()
    if symbol and there:
        way_out = "maild partner export writes a file that you can change and import"
        return Report(problems=(f"{there} is on record: {way_out}",))
    report = import_partners(session, [cells], now)
    return replace(report, problems=tuple(problem.removeprefix("line 2: ") for problem in report.problems))


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
    return [_cells(partner) for partner in partners(session)]


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
    for line in read:
        columns = patron_columns(Patron(**line.model_dump()), now)
        row = there.get(line.card) or PatronRow(**columns)
        if row.account_ends != line.account_ends:
            moved.append(row)
        row.sqlmodel_update(columns)
        session.add(row)
    session.flush()
    notices.look_again(session, [row.id or 0 for row in moved], ACCOUNT_NOTICE, now)
    return Report(added=len(read) - len(there), changed=len(there))


def patrons(session: Session) -> list[Patron]:
    """Every patron, by name."""
    return [to_patron(row) for row in session.exec(select(PatronRow).order_by(PatronRow.name, col(PatronRow.id)))]


def find_patron(session: Session, word: str) -> Patron | None:
    """The patron with this card or address; None where there is none or more than one."""
    which = or_(col(PatronRow.card) == word, col(PatronRow.email) == word.lower())
    found = session.exec(select(PatronRow).where(which).limit(2)).all()
    return to_patron(found[0]) if len(found) == 1 else None


def read_lines(kind: type[Line], lines: Sequence[Cells], key: Callable[[Line], str]) -> tuple[list[Line], list[str]]:
    """The lines, and every mistake in them; the first line of a file is its headings, so counting starts at 2."""
    read: list[Line] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(lines, start=2):
        try:
            line = kind.model_validate({name: cell for name, cell in cells.items() if cell not in (None, "")})
        except ValidationError as err:
            problems += [f"line {number}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in err.errors()]
            continue
        if key(line) in seen:
            problems.append(f"line {number}: {key(line)} stands in line {seen[key(line)]} too")
        seen.setdefault(key(line), number)
        read.append(line)
    return read, problems


def _cells(partner: Partner) -> dict[str, str]:
    names = {f"name_{code}": (partner.names or {}).get(code, "") for code in ("fi", "sv", "en")}
    return {name: names[name] if name in names else _cell(getattr(partner, name)) for name in PartnerLine.model_fields}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return write_prices(value) if value and isinstance(value[0], Price) else " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
