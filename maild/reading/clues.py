"""What the store needs to find the requests, partners and patrons that a mail could mean."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maild.core.mail import Clues, Mail

MAX_CLUES = 200  # of each kind
MAX_SEARCHED_CHARS = 256 * 2**10

_DASH = r"(?:\s{0,2}[-‐‑‒–—−]\s{0,2}|[ ])"
_REPLY_ADDRESS = re.compile(r"\+([a-z][a-z0-9]{0,7}-[0-9]{4}-[0-9]{6})(?:\.([srpt])\.([a-z2-7]{1,40}))?$")
_LONG_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[A-Z]{0,4}[0-9][0-9A-Z]{5,24}|[0-9]{2,6}[ .-][0-9]{3,12})(?![0-9A-Za-z])"
)
_REFERENCE = re.compile(r"(?<![\w.@/-])(?=[\w./:-]{0,30}[0-9])[A-Za-z0-9][A-Za-z0-9./:_-]{3,30}(?![\w@])")
# What may not stand before it is asked behind its first sign: so only places with such a sign are looked at.
_CARD = re.compile(r"[0-9A-Z](?<![0-9A-Za-z].)[0-9]{5,17}[0-9A-Z]?(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """One of our addresses with a request in it. `party` and `token` are "" where it is unsigned."""

    number: str
    party: str = ""
    token: str = ""
    address: str = ""


def clues_of(mail: Mail, prefixes: Sequence[str], our_addresses: Sequence[str]) -> Clues:
    """Everything in the mail that the store can look up; more than is meant, for the store only finds candidates."""
    addresses = tuple(dict.fromkeys(_addresses(mail, our_addresses)))[:MAX_CLUES]
    returned = dict(mail.returned_headers)
    return Clues(
        addresses=addresses,
        domains=tuple(dict.fromkeys(a.rpartition("@")[2] for a in addresses)),
        message_ids=tuple(dict.fromkeys(_message_ids(mail, returned)))[:MAX_CLUES],
        numbers=tuple(dict.fromkeys(_numbers(mail, prefixes, our_addresses, returned)))[:MAX_CLUES],
        item_ids=_found(_LONG_NUMBER, mail.new_text),
        references=_found(_REFERENCE, f"{mail.subject}\n{mail.new_text}"),
        patron_ids=_found(_CARD, f"{mail.text}\n" + "\n".join(value for _label, value in mail.rows)),
    )


def _addresses(mail: Mail, our_addresses: Sequence[str]) -> Iterator[str]:
    ours = set(our_addresses)
    candidates = [mail.from_address, mail.reply_to, mail.return_path or "", *(d.recipient for d in mail.deliveries)]
    candidates += [a for name, value in mail.returned_headers if name == "to" for a in _addresses_in(value)]
    candidates += _addresses_in(mail.header("x-failed-recipients"))
    candidates += [a for _label, value in mail.rows for a in _addresses_in(value)]
    candidates += _addresses_in(mail.text[:MAX_SEARCHED_CHARS])[:MAX_CLUES]
    yield from (a for a in candidates if "@" in a and _without_tag(a) not in ours)


def _addresses_in(text: str) -> list[str]:
    """The addresses of a text in lower case; only the lines that can have one are looked through."""
    if "@" not in text:
        return []
    return [a for line in text.lower().split("\n") if "@" in line for a in _ADDRESS.findall(line)]


_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+=-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")


def _without_tag(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _message_ids(mail: Mail, returned: dict[str, str]) -> Iterator[str]:
    yield from mail.in_reply_to
    yield from mail.references
    yield from _ID.findall(" ".join(returned.get(name, "") for name in ("message-id", "in-reply-to", "references")))
    if mail.deliveries or mail.report_type or mail.return_path == "":
        # A bounce in free text shows our letter's header within its own text.
        yield from _ID.findall(mail.text[:MAX_SEARCHED_CHARS])


_ID = re.compile(r"<[^<>\s]{3,250}@[^<>\s]{1,250}>")


def _numbers(
    mail: Mail, prefixes: Sequence[str], our_addresses: Sequence[str], returned: dict[str, str]
) -> Iterator[str]:
    yield from (a.number for a in reply_addresses(mail, our_addresses, prefixes))
    yield from numbers_in(mail.subject, prefixes)
    yield from numbers_in(mail.text[:MAX_SEARCHED_CHARS], prefixes)
    for text in (*returned.values(), *(value for _label, value in mail.rows), *(a.name for a in mail.attachments)):
        yield from numbers_in(text, prefixes)
    yield from numbers_in(" ".join((*mail.in_reply_to, *mail.references)), prefixes)


def numbers_in(text: str, prefixes: Sequence[str]) -> tuple[str, ...]:
    """Request numbers in a text, upper case, in order, once each; blanks and odd dashes in them are borne."""
    return _numbers_in(text, tuple(prefixes))


@lru_cache(maxsize=16)
def _numbers_in(text: str, prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """The same, remembered: every parser that is asked about a mail looks for them in its subject and text."""
    folded = text.casefold()
    if not any(prefix.casefold() in folded for prefix in prefixes):
        return ()  # most texts have none, and the pattern looks at every letter of them
    pattern = _number_pattern(prefixes)
    return tuple(dict.fromkeys(f"{m[1].upper()}-{m[2]}-{m[3]}" for m in pattern.finditer(text)))


@lru_cache(maxsize=16)
def _number_pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(re.escape(p) for p in prefixes) or r"(?!)"
    return re.compile(rf"(?<![^\W_])({either}){_DASH}([0-9]{{4}}){_DASH}([0-9]{{6}})(?![0-9])", re.IGNORECASE)


def reply_addresses(mail: Mail, our_addresses: Sequence[str], prefixes: Sequence[str]) -> tuple[ReplyAddress, ...]:
    """Our own addresses among the recipients that name a request: ill+kp-2026-000123[.s.TOKEN]@ours."""
    return _reply_addresses(mail.recipients, tuple(our_addresses), tuple(prefixes))


@lru_cache(maxsize=16)
def _reply_addresses(
    recipients: tuple[str, ...], our_addresses: tuple[str, ...], prefixes: tuple[str, ...]
) -> tuple[ReplyAddress, ...]:
    """The same, remembered: every parser that is asked about a mail asks for them."""
    ours = {a.lower() for a in our_addresses}
    known = {p.upper() for p in prefixes}
    out: dict[str, ReplyAddress] = {}
    for address in recipients:
        local, _, _domain = address.rpartition("@")
        found = _REPLY_ADDRESS.search(local)
        if found and _without_tag(address) in ours and found[1].upper().partition("-")[0] in known:
            out[address] = ReplyAddress(
                number=found[1].upper(), party=found[2] or "", token=found[3] or "", address=address
            )
    return tuple(out.values())


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern.findall(text[:MAX_SEARCHED_CHARS])))[:MAX_CLUES]
