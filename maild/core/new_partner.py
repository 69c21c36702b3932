"""A record for a library that writes and is not on record: offered to staff as a command, and never made by itself.

Every word in it is a stranger's: kept to letters, digits and a few marks, and quoted for the shell.
"""

import re
import shlex
from collections.abc import Iterator

from maild.core.authentication import domain_of
from maild.core.cleaning import clean_line, without_numbers
from maild.core.letters import MAX_FIELD
from maild.core.look_alikes import looked_like
from maild.core.mail import Mail
from maild.core.partner_rules import PartnerRules
from maild.core.reading import Reading, Requester
from maild.core.request import Context
from maild.core.terms import Kind, Role

MAX_NAME = 60
REQUIRED = ("symbol", "name", "email")
LANGUAGES = {"fi": "fi en", "sv": "sv en"}  # of our letters, by that of theirs; any other gets English

_SYMBOL = re.compile(r"[A-Za-z]{1,4}-[A-Za-z0-9/:-]{1,11}")  # ISO 15511
_ISIL = re.compile(rf"\bISIL\b[\s:=-]{{0,3}}({_SYMBOL.pattern})\b")
_ADDRESS = re.compile(r"[A-Za-z0-9._+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
_ODD = re.compile(r"[^\w .,&()/-]")  # a name has none of these, a shell's command may


HOW = (
    "If you know the library, the last command puts it on record; whoever writes from its domains is then believed. "
    "Then maild queue retry, with the number that maild queue list shows, reads this mail again."
)


def offer(mail: Mail, reading: Reading, context: Context, rules: PartnerRules) -> str:
    """The command that would put the library on record, or "" where no library that we do not know writes."""
    asker = _asker(mail, reading)
    domain = domain_of(asker.email or "")
    if not _is_stranger(mail, reading, context, domain) or not _ADDRESS.fullmatch(asker.email or ""):
        return ""
    command = "maild partner add"
    for name, value in _values(mail, reading, asker, domain, rules):
        longer = f"{command} {name}={shlex.quote(value)}"
        if len(longer) <= MAX_FIELD:  # a letter shows no more of a command
            command = longer
        elif name in REQUIRED:
            return ""
    return command


def _is_stranger(mail: Mail, reading: Reading, context: Context, domain: str) -> bool:
    """Whether a library that nobody knows writes of its own accord, and does not pretend to be another."""
    known = {name.lower() for name in (*context.partner_domains, *(d for p in context.partners for d in p.domains))}
    ours = {domain_of(address) for address in (*context.our_addresses, *context.staff_addresses)}
    answers = any(r.role is Role.BORROWING for number in reading.requests if (r := context.request(number)) is not None)
    writes = reading.kind in {Kind.PARTNER_REQUEST, Kind.PARTNER_REPLY} or bool(_requester(reading))
    return (
        writes and not answers and not mail.ambiguous and domain not in known | ours and not looked_like(domain, known)
    )


def _requester(reading: Reading) -> Requester | None:
    return next((e.new_request.requester for e in reading.events if e.new_request and e.new_request.requester), None)


def _asker(mail: Mail, reading: Reading) -> Requester:
    """Who asks: as a form names it, or as its own mail does."""
    given = _requester(reading) or Requester()
    email = given.email if reading.kind is Kind.WEB_FORM else mail.from_address
    own_name = "" if reading.kind is Kind.WEB_FORM else mail.from_name
    return Requester(name=given.name or own_name, symbol=given.symbol, email=(email or "").lower())


def _values(
    mail: Mail, reading: Reading, asker: Requester, domain: str, rules: PartnerRules
) -> Iterator[tuple[str, str]]:
    """The cells of the record, those that it cannot do without first."""
    symbol = _symbol(mail, asker)
    anybodys = domain in rules.mailbox_providers
    yield "symbol", symbol or (asker.email or "" if anybodys else domain)
    yield "name", _name(asker.name or "") or domain
    yield "email", asker.email or ""
    if not anybodys:
        yield "domains", domain
    if country := rules.country_of(symbol.partition("-")[0]) or rules.country_of(domain.rpartition(".")[2]):
        yield "country", country
    if reading.language:
        yield "languages", LANGUAGES.get(reading.language, "en")


def _symbol(mail: Mail, asker: Requester) -> str:
    """The symbol that the mail gives, or ""."""
    if asker.symbol and _SYMBOL.fullmatch(asker.symbol):
        return asker.symbol
    found = _ISIL.search(mail.signature) or _ISIL.search(mail.new_text)
    return found[1] if found else ""


def _name(name: str) -> str:
    return " ".join(_ODD.sub(" ", without_numbers(clean_line(name, MAX_NAME))).split())
