"""Partners and patrons as lines of CSV files: which headings there are, and what a cell may hold."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from maild.core.channels import BY_HAND
from maild.core.cleaning import clean_line
from maild.core.prices import in_vouchers, read_prices, write_prices
from maild.core.request import Partner, Price
from maild.core.terms import Payment

_CARD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 -]{0,38}[A-Za-z0-9])?")
Cells = Mapping[str, str | None]  # a line of a CSV file, by its heading
Line = TypeVar("Line", bound="RecordLine")
MAX_ADDRESS_LINES = 8
MAX_ADDRESS_LINE = 80  # characters; a label of A6 holds no more
MAX_ALIASES = 20
MAX_WEB_ADDRESS = 200


def _words(cell: object) -> object:
    return tuple(cell.split()) if isinstance(cell, str) else cell


def _parted(cell: object) -> object:
    """Names parted as the lines of an address are: " / " or line breaks, each once."""
    if not isinstance(cell, str):
        return cell
    names = (clean_line(name, MAX_ADDRESS_LINE + 1) for name in cell.replace(" / ", "\n").splitlines())
    return tuple(dict.fromkeys(name for name in names if name))


def _few_and_short(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MAX_ALIASES or any(len(name) > MAX_ADDRESS_LINE for name in names):
        raise ValueError(f"at most {MAX_ALIASES} names of {MAX_ADDRESS_LINE} characters, parted by ' / '")
    return names


def _web_address(cell: str) -> str:
    """An address that staff can open as it stands in a task."""
    if not cell:
        return ""
    try:
        parts = urlsplit(cell)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_whole = False
    if not is_whole or not cell.isprintable() or len(cell.split()) != 1 or len(cell) > MAX_WEB_ADDRESS:
        raise ValueError(
            f"{cell[:40]!r} is no web address; write the whole of it, https://…, at most {MAX_WEB_ADDRESS} characters"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("a web address holds no name or password here; every mail about an order would show them")
    return cell


def _card(cell: str) -> str:
    if cell and _CARD.fullmatch(cell) is None:
        raise ValueError("a card number has letters, digits, blanks and dashes, at most 40 characters")
    return cell


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
Aliases = Annotated[tuple[str, ...], BeforeValidator(_parted), AfterValidator(_few_and_short)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Card = Annotated[str, AfterValidator(_card)]
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
    aliases: Aliases = ()
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
    web_address: WebAddress = ""
    service: str = Field("", max_length=40)
    our_card: Card = ""
    their_card: Card = ""
    max_open: int | None = Field(None, ge=0)
    max_lent: int | None = Field(None, ge=0)
    accept_spf: bool = False
    mode: Literal["", "off", "shadow", "auto"] = ""
    paused_from: date | None = None
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

    @model_validator(mode="after")
    def _pauses_forwards(self) -> Self:
        """A pause that ends before it begins would never be one."""
        if self.paused_from and self.paused_until and self.paused_until < self.paused_from:
            raise ValueError(
                f"paused_until {self.paused_until} is before paused_from {self.paused_from}; "
                "both days belong to the pause, and paused_until may stay empty"
            )
        return self

    def lacking(self) -> Iterator[str]:
        """What an active partner cannot do for want of a cell, in sentences."""
        if not self.active:
            return
        if not self.email:
            asked = "it is asked by hand" if self.order_channel in BY_HAND else "it is never asked"
            yield f"{self.symbol} has no email: {asked}, and no letter goes there"
        if not self.domains:
            yield f"{self.symbol} has no domains: no mail of it is believed, each is left to staff"
        if "web" in (self.order_channel, self.renew_channel) and not self.web_address:
            yield f"{self.symbol} has no web_address: who orders or renews on its web pages is not told where they are"

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


def cells_of(partner: Partner) -> dict[str, str]:
    names = {f"name_{code}": (partner.names or {}).get(code, "") for code in ("fi", "sv", "en")}
    names["aliases"] = " / ".join(partner.aliases)
    return {name: names[name] if name in names else _cell(getattr(partner, name)) for name in PartnerLine.model_fields}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return write_prices(value) if value and isinstance(value[0], Price) else " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
