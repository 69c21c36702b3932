"""What our own mail server vouches for: the From domain, by its Authentication-Results (RFC 8601) and no other's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile

from maild.core.mail import AuthResult, Mail
from maild.core.request import Context

LONGEST_ON_THE_WAY = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What our own MX says of the From domain: the method that vouches for it ("" = none does), and the sentence."""

    by: str = ""
    why: str


def authenticate(mail: Mail, context: Context, domains: Sequence[str] = ()) -> Stamp:
    """What our own MX vouches for: the From domain, by a signature of it or of a relative among `domains`."""
    domain = domain_of(mail.from_address)
    if not context.authserv_id:
        return Stamp(why="trust.authserv_id is not set, so no sender is believed")
    if not domain:
        problem = mail.from_problem or "it names nobody"
        return Stamp(why=f"the From field gives no identity: {problem}")
    ours = _our_results(mail, context)
    if not ours:
        return Stamp(why=f"our own mail server ({context.authserv_id}) put no Authentication-Results on it")
    refused = _contradiction(ours, domain) or _replayed(mail, context)
    if refused:
        return Stamp(why=refused)
    return _vouching(ours, domain, domains, accept_spf=_spf_is_enough(context, domain))


def domain_of(address: str) -> str:
    """The domain of an address, lower case."""
    return address.rpartition("@")[2].lower()


def was_stamped(mail: Mail, context: Context) -> bool:
    """Whether our MX marked the mail at all, which it does with every mail from outside.

    A field that could not be read (no name) may be ours: an odd envelope sender must not make it look unmarked.
    """
    ours = {context.authserv_id.casefold(), ""}
    return any(result.authserv_id.casefold() in ours for result in mail.auth_results)


def _our_results(mail: Mail, context: Context) -> list[AuthResult]:
    """The topmost results under our own name. One of ours below a foreign one was there before our MX saw the mail."""
    name = context.authserv_id.casefold()
    return list(takewhile(lambda result: result.authserv_id.casefold() == name, mail.auth_results))


def _contradiction(ours: Sequence[AuthResult], domain: str) -> str:
    """Why these results are not to be believed at all, or "".

    A second field under our name that our MX failed to remove (RFC 8601 section 5) disagrees with the true one.
    """
    dmarc = [result for result in ours if result.method == "dmarc"]
    if any(result.result == "fail" for result in dmarc):
        return f"our mail server says dmarc=fail for {domain}"
    if len({result.result for result in dmarc}) > 1:
        return "two Authentication-Results under our name contradict each other on dmarc"
    if {"none", "pass"} <= {result.result for result in ours if result.method == "dkim"}:
        return "two Authentication-Results under our name contradict each other on dkim"
    other = next((r.domain for r in dmarc if r.result == "pass" and r.domain and r.domain.lower() != domain), "")
    if other:
        return f"our mail server judged the sender to be of {other}, but the From field says {domain}"
    return ""


def _replayed(mail: Mail, context: Context) -> str:
    """Why it may be an old mail sent once more by somebody who got hold of it: its signature still passes (T5)."""
    taken = context.received_at or mail.received_at
    if taken is None or mail.date is None or abs(taken - mail.date) <= LONGEST_ON_THE_WAY:
        return ""
    return f"its Date is {abs(taken - mail.date).days} days off the day it came: an old mail may have been sent again"


def _vouching(ours: Sequence[AuthResult], domain: str, domains: Sequence[str], *, accept_spf: bool) -> Stamp:
    passed = [result for result in ours if result.result == "pass"]
    for result in passed:
        if result.method == "dmarc" and result.domain.lower() == domain:
            return Stamp(by="dmarc", why=f"dmarc=pass for {domain}")
    for result in passed:
        if result.method == "dkim" and _aligned(result.domain.lower(), domain, domains):
            return Stamp(by="dkim", why=f"dkim=pass by {result.domain.lower()}, aligned with {domain}")
    spf = [result for result in ours if result.method == "spf"]
    if accept_spf and spf and all(r.result == "pass" and _aligned(r.domain.lower(), domain, domains) for r in spf):
        return Stamp(by="spf", why=f"spf=pass for {domain}, which is enough for this sender")
    told = ", ".join(dict.fromkeys(f"{r.method}={r.result} {r.domain}".strip() for r in ours))
    return Stamp(why=f"nothing vouches for {domain}; our mail server says {told}")


def _aligned(signer: str, domain: str, domains: Sequence[str]) -> bool:
    """Whether `signer` speaks for `domain`: the same, or a relative where both lie in a domain that the partner lists.

    DMARC's relaxed alignment (RFC 7489 3.1.1) goes by the organisational domain; the partner's list takes its place.
    """
    if signer == domain:
        return bool(signer)
    related = _lies_in(signer, domain) or _lies_in(domain, signer)
    return related and any(_lies_in(signer, own.lower()) and _lies_in(domain, own.lower()) for own in domains)


def _lies_in(domain: str, parent: str) -> bool:
    return bool(parent) and (domain == parent or domain.endswith(f".{parent}"))


def _spf_is_enough(context: Context, domain: str) -> bool:
    listed = {name.lower() for name in context.accept_spf}
    listed.update(name.lower() for partner in context.partners if partner.accept_spf for name in partner.domains)
    return domain in listed
