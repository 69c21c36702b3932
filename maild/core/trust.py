"""Who is believed: the table of the same name, one function a row. A name on a mail proves nothing by itself."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maild.core.authentication import authenticate, domain_of, was_stamped
from maild.core.look_alikes import looked_like
from maild.core.mail import Mail
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind, Party, Role

TOKEN_CHARACTERS = 16  # of base32, 5 bits each: 80 bits
MIN_KEY_BYTES = 16
TOKEN_MAY = frozenset({EventName.RENEW, EventName.CANCEL})  # never accept a cost or change data

_REPLY_ADDRESS = re.compile(
    r"(?P<local>[^@+]{1,64})\+(?P<number>[a-z][a-z0-9]{0,7}-[0-9]{4}-[0-9]{6,9})"
    r"\.(?P<party>[srpt])\.(?P<token>[a-z2-7]{16})@(?P<domain>[^@]{1,255})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Whether a mail comes from whom it claims, with the sentence that tells staff which check passed or failed.

    `party` is None for a form and a mail system. `by` is what convinced us: dmarc, dkim, spf, token, inside (a form on
    our own hosts), letter (a report about a letter of ours). `only` are the events believed; None = every one.
    """

    party: Party | None = None
    ok: bool
    why: str
    address: str = ""
    by: str = ""
    only: frozenset[EventName] | None = None

    def covers(self, event: EventName) -> bool:
        """Whether this party may bring that event about by itself."""
        return self.ok and (self.only is None or event in self.only)


def sign(key_hex: str, number: str, party: Party, address: str) -> str:
    """The token of a reply address for the mailbox `address`. Raises ValueError for a key under 16 bytes."""
    key = bytes.fromhex(key_hex)
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"the key of the reply addresses has {len(key)} bytes; it needs {MIN_KEY_BYTES}")
    signed = f"{number.lower()}|{party.value}|{address.lower()}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:TOKEN_CHARACTERS]


def reply_address(base: str, key_hex: str, number: str, party: Party, address: str) -> str:
    """Where an answer to our letter to `address` shall go: `base` with number, party and token in it."""
    local, _, domain = base.rpartition("@")
    return f"{local}+{number.lower()}.{party.value}.{sign(key_hex, number, party, address)}@{domain}"


def token_ok(keys: Sequence[str], number: str, party: Party, address: str, token: str) -> bool:
    """Whether one of our keys (hex; empty ones count for nothing) gave this token. Takes as long for no as for yes."""
    given = token.lower().encode("utf-8", "replace")
    found = False
    for key in filter(None, keys):
        found |= hmac.compare_digest(sign(key, number, party, address).encode("ascii"), given)
    return found and bool(address)


def who_speaks(
    mail: Mail, context: Context, kind: Kind, request: Request | None, recipients: Sequence[str] = ()
) -> Belief:
    """Who wrote this mail as far as `request` is concerned (None: it is about no request of ours yet).

    `recipients` are those that a bounce names, as its reader found them; without them its report fields count.
    """
    if kind in {Kind.PARTNER_REPLY, Kind.PARTNER_REQUEST}:
        return _partner(mail, context, kind, request)
    if kind is Kind.PATRON_MESSAGE:
        return _patron(mail, context, request)
    if kind is Kind.WEB_FORM:
        return _form(mail, context)
    if kind is Kind.LIBRARY_SYSTEM:
        return _robot(mail, context, context.library_systems, "library system")
    if kind is Kind.STAFF_COMMAND:
        return _staff(mail, context, request)
    if kind is Kind.BOUNCE:
        return _mail_system(mail, request, recipients)
    return _anybody(mail, context, request)


def _partner(mail: Mail, context: Context, kind: Kind, request: Request | None) -> Belief:
    party = Party.SUPPLIER if kind is Kind.PARTNER_REPLY else Party.REQUESTER
    domain = domain_of(mail.from_address)
    if request is not None and (request.role is Role.BORROWING) != (party is Party.SUPPLIER):
        other = "the supplier" if request.role is Role.BORROWING else "the requester"
        return _no(party, mail, f"the partner of {request.number} is {other}, and this mail speaks as the other side")
    lists = _partner_lists(context, request)
    own = next((names for names in lists if domain in names), None)
    if domain and own is None:
        return _no(party, mail, _stranger(context, request, domain))
    stamp = authenticate(mail, context, own or ())
    if not stamp.by:
        return _no(party, mail, f"it claims to come from a partner, but {stamp.why}")
    return Belief(party=party, ok=True, why=f"a partner, {stamp.why}", address=mail.from_address, by=stamp.by)


def _partner_lists(context: Context, request: Request | None) -> list[tuple[str, ...]]:
    """The accepted sender domains, a tuple a partner: of those that the request was placed with, else of all."""
    if request is None:
        lists = [partner.domains for partner in context.partners if partner.active]
        lists += [(domain,) for domain in context.partner_domains]
    else:
        lists = [request.partner_domains, *(attempt.partner_domains for attempt in request.attempts)]
    return [tuple(name.lower() for name in names) for names in lists]


def _stranger(context: Context, request: Request | None, domain: str) -> str:
    known = domain in {name.lower() for name in context.partner_domains}
    if known and request is not None:
        return f"{domain} belongs to a partner, but not to the one that {request.number} was placed with"
    told = "any partner on record" if request is None else f"the partner of {request.number}"
    alike = looked_like(domain, context.partner_domains)
    warning = f", though it looks like {alike}, which is one: somebody may pretend" if alike else ""
    return f"{domain} is no domain of {told}{warning}"


def _patron(mail: Mail, context: Context, request: Request | None) -> Belief:
    if request is None:
        return _known_patron(mail, context)
    if request.role is not Role.BORROWING or not request.patron_email:
        return _no(Party.PATRON, mail, f"no patron's address is on record for {request.number}")
    is_theirs = _same(mail.from_address, request.patron_email)
    stamp = authenticate(mail, context)
    if is_theirs and stamp.by:
        why = f"the patron's own address, {stamp.why}"
        return Belief(party=Party.PATRON, ok=True, why=why, address=mail.from_address, by=stamp.by)
    if _bears_token(mail, context, request, Party.PATRON, request.patron_email):
        return Belief(
            party=Party.PATRON,
            ok=True,
            why=f"the reply address carries the patron's own token of {request.number}: it may renew and cancel",
            address=mail.from_address,
            by="token",
            only=TOKEN_MAY,
        )
    told = stamp.why if is_theirs else f"{_shown(mail)} is not the patron's address on {request.number}"
    return _no(Party.PATRON, mail, f"{told}, and {_token_told(mail, context)}")


def _known_patron(mail: Mail, context: Context) -> Belief:
    if not any(_same(mail.from_address, patron.email) for patron in context.patrons):
        return _no(Party.PATRON, mail, f"{_shown(mail)} is no address of a patron on record")
    stamp = authenticate(mail, context)
    return Belief(
        party=Party.PATRON,
        ok=bool(stamp.by),
        why=f"a patron's address: {stamp.why}",
        address=mail.from_address,
        by=stamp.by,
    )


def _form(mail: Mail, context: Context) -> Belief:
    return _robot(mail, context, (*context.trusted_form_senders, *context.internal_forms), "form")


def _robot(mail: Mail, context: Context, listed: Sequence[str], what: str) -> Belief:
    """A machine that the site lists: aligned, or one of our own hosts whose mail has no stamp of our mail server."""
    address = mail.from_address.lower()
    if address not in {name.lower() for name in listed}:
        return _no(None, mail, f"{_shown(mail)} is no {what} on record")
    inside = address in {name.lower() for name in context.internal_forms}
    if inside and context.authserv_id and not was_stamped(mail, context):
        why = f"a {what} on our own hosts, with no stamp of our mail server, which marks every mail from outside"
        return Belief(ok=True, why=why, address=address, by="inside")
    stamp = authenticate(mail, context)
    if not stamp.by:
        return _no(None, mail, f"it claims to be a {what}, but {stamp.why}")
    return Belief(ok=True, why=f"a {what} on record, {stamp.why}", address=address, by=stamp.by)


def _staff(mail: Mail, context: Context, request: Request | None) -> Belief:
    if not any(_same(mail.from_address, address) for address in context.staff_addresses):
        return _no(Party.STAFF, mail, f"{_shown(mail)} is no address of staff")
    stamp = authenticate(mail, context)
    if not stamp.by:
        return _no(Party.STAFF, mail, f"it claims to come from staff, but {stamp.why}")
    if request is None:
        return _no(Party.STAFF, mail, "it is about no request, so no staff token can be checked")
    tokened = _bears_token(mail, context, request, Party.STAFF, mail.from_address)
    if not tokened and not _answers_letter_to(mail, request, mail.from_address):
        return _no(Party.STAFF, mail, "it carries no valid staff token and answers no letter that went to that address")
    by = "token" if tokened else "letter"
    return Belief(party=Party.STAFF, ok=True, why=f"staff, {stamp.why}", address=mail.from_address, by=by)


def _answers_letter_to(mail: Mail, request: Request, address: str) -> bool:
    mailed = any(_same(address, other) for other in request.mailed)
    return mailed and not set(mail.in_reply_to).isdisjoint(request.letters)


def _mail_system(mail: Mail, request: Request | None, recipients: Sequence[str]) -> Belief:
    if request is None:
        return _no(None, mail, "it is about no letter of ours that we know of")
    named = {name.lower() for name in (recipients or [delivery.recipient for delivery in mail.deliveries])}
    mailed = {name.lower() for name in request.mailed}
    if not named or not named <= mailed:
        strange = ", ".join(sorted(named - mailed)) or "nobody"
        return _no(None, mail, f"it is about a letter to {strange}, whom we did not write to on {request.number}")
    why = f"a report about our letter to {', '.join(sorted(named))} on {request.number}"
    return Belief(ok=True, why=why, address=mail.from_address, by="letter")


def _anybody(mail: Mail, context: Context, request: Request | None) -> Belief:
    """The party that an automatic or unread mail comes from, if any is believed."""
    kind = Kind.PARTNER_REQUEST if request is not None and request.role is Role.LENDING else Kind.PARTNER_REPLY
    partner = _partner(mail, context, kind, request)
    if partner.ok:
        return partner
    patron = _patron(mail, context, request)
    return patron if patron.ok and patron.by != "token" else partner


def _bears_token(mail: Mail, context: Context, request: Request, party: Party, address: str) -> bool:
    keys = (context.reply_key, *context.old_reply_keys)
    return any(
        number == request.number.lower() and letter == party.value and token_ok(keys, number, party, address, token)
        for number, letter, token in _tokens(mail.recipients, context)
    )


def _tokens(recipients: Iterable[str], context: Context) -> Iterable[tuple[str, str, str]]:
    """(number, party letter, token) of every signed reply address of ours among the recipients, all lower case."""
    ours = {address.lower() for address in context.our_addresses}
    for recipient in recipients:
        found = _REPLY_ADDRESS.fullmatch(recipient.lower())
        if found and f"{found['local']}@{found['domain']}" in ours:
            yield found["number"], found["party"], found["token"]


def _token_told(mail: Mail, context: Context) -> str:
    if any(True for _ in _tokens(mail.recipients, context)):
        return "the token in its reply address was not given to this patron for this request"
    return "it came to no signed reply address"


def _no(party: Party | None, mail: Mail, why: str) -> Belief:
    return Belief(party=party, ok=False, why=why, address=mail.from_address)


def _shown(mail: Mail) -> str:
    return mail.from_address or "an unreadable sender"


def _same(one: str, other: str) -> bool:
    return bool(one) and one.lower() == other.lower()
