"""Which party a free text comes from, by what we know of the sender; whether it is believed is for trust."""

from maild.core.mail import Mail
from maild.core.request import Context, Request
from maild.core.terms import Kind, Party, Role
from maild.reading.clues import numbers_in, reply_addresses
from maild.reading.rules import ReadingRules


def requests_meant(mail: Mail, context: Context, rules: ReadingRules) -> tuple[Request, ...]:
    """The requests of the context that the mail names or answers; all of the context where it names none."""
    if not context.requests:
        return ()
    ours = context.our_addresses or rules.our_addresses
    named = {*numbers_in(mail.subject, rules.prefixes), *numbers_in(mail.text, rules.prefixes)}
    named |= {address.number for address in reply_addresses(mail, ours, rules.prefixes)}
    answered = set(mail.in_reply_to) | set(mail.references)
    found = tuple(r for r in context.requests if r.number in named or answered & set(r.letters))
    return found or context.requests


def domain_of(address: str) -> str:
    """What stands after the @."""
    return address.rpartition("@")[2].lower()


def is_at(domain: str, domains: tuple[str, ...]) -> bool:
    """Whether the domain is one of these or below one."""
    return any(domain == d or domain.endswith(f".{d}") for d in domains)


def family_of(mail: Mail, context: Context, rules: ReadingRules) -> Kind | None:
    """The kind by the sender alone, or None where sender and request do not tell."""
    sender, domain = mail.from_address.lower(), domain_of(mail.from_address)
    requests = requests_meant(mail, context, rules)
    if any(r.patron_email and r.patron_email.lower() == sender for r in requests):
        return Kind.PATRON_MESSAGE
    for request in requests:
        attempts = tuple(d for attempt in request.attempts for d in attempt.partner_domains)
        if is_at(domain, (*request.partner_domains, *attempts)):
            return Kind.PARTNER_REPLY if request.role is Role.BORROWING else Kind.PARTNER_REQUEST
    parties = {a.party for a in reply_addresses(mail, context.our_addresses or rules.our_addresses, rules.prefixes)}
    if Party.PATRON in parties:
        return Kind.PATRON_MESSAGE
    if Party.SUPPLIER in parties:
        return Kind.PARTNER_REPLY
    if Party.REQUESTER in parties:
        return Kind.PARTNER_REQUEST
    if requests and all(r.role is Role.LENDING for r in requests):
        return Kind.PARTNER_REQUEST
    return None


def names_ours(mail: Mail, context: Context, rules: ReadingRules) -> bool:
    """Whether anything in the mail points to a request of ours."""
    ours = context.our_addresses or rules.our_addresses
    answered = set(mail.in_reply_to) | set(mail.references)
    return bool(
        numbers_in(mail.subject, rules.prefixes)
        or numbers_in(mail.text, rules.prefixes)
        or reply_addresses(mail, ours, rules.prefixes)
        or any(answered & set(r.letters) for r in context.requests)
    )
