"""Header fields of our letters, written so that no reader chokes and no stranger's word becomes a field."""

import re
import string
import textwrap
from collections.abc import Iterable, Iterator
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from functools import cache
from typing import Any

import idna

from maild.core.cleaning import clean_line

MAX_NAME = 80
MAX_PLAIN = 68  # characters of a subject in one line
MAX_ENCODED = 62  # characters within =?utf-8?q?…?=, with a blank before them
Q_PLAIN = frozenset(string.ascii_letters + string.digits + "!*+-/ ")  # RFC 2047 5 (3), the safest set
MAX_THREAD = 12  # ids in References; RFC 5322 3.6.4 has no limit, some gateways refuse long fields

MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,240}>")
ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,253}")


class OwnWords(UnstructuredHeader, BaseHeader):
    """A field of our own making, ASCII and short: there is nothing in it to take apart, and it goes out as it is."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Takes the value as it is."""
        kwds["decoded"], kwds["parse_tree"] = value, None

    def fold(self, *, policy: Policy) -> str:
        """The field on one line."""
        return f"{self.name}: {self}{policy.linesep}"


class MessageIds(OwnWords):
    """Message-ID, In-Reply-To and References: one id a line, the first on the field's own, never an encoded word.

    The standard library writes an id of over 76 characters (Exchange's are) as =?utf-8?q?…?=, and the thread is lost;
    and a Message-ID of over 65 it begins on the next line, with a blank that some programs take for a part of it.
    """

    def fold(self, *, policy: Policy) -> str:
        """The field with a line end after each id."""
        return f"{self.name}: {f'{policy.linesep} '.join(str(self).split())}{policy.linesep}"


class Mailbox(OwnWords):
    """One mailbox, as `mailbox` gives it. The standard library takes each apart, letter by letter, to fold it: only one
    that is not ASCII on one line needs that."""

    def fold(self, *, policy: Policy) -> str:
        """The field, on one line where it fits."""
        if self.isascii() and len(self.name) + len(": ") + len(self) <= (policy.max_line_length or 0):
            return super().fold(policy=policy)
        return str(HeaderRegistry()(self.name, str(self)).fold(policy=policy))


class Subject(UnstructuredHeader, BaseHeader):
    """A subject in ASCII as it is, any other as one run of encoded words.

    The standard library encodes word by word, and the blank between two encoded words is lost: "pitkään, että" arrives
    as "pitkään,että".
    """

    def fold(self, *, policy: Policy) -> str:
        """The field; email.header would take a seventh of a letter's time to count octets."""
        text = str(self)
        words = (
            textwrap.wrap(text, MAX_PLAIN, break_long_words=False, break_on_hyphens=False)
            if text.isascii()
            else _encoded_words(text)
        )
        return f"Subject: {f'{policy.linesep} '.join(words)}{policy.linesep}"


def _encoded_words(text: str) -> Iterator[str]:
    """The text as encoded words (RFC 2047 2: at most 75 characters, in lines of at most 76), no letter cut in two."""
    word, room = "", MAX_ENCODED - len("Subject: ")
    for char in text:
        octets = char if char in Q_PLAIN else "".join(f"={octet:02X}" for octet in char.encode())
        if len(word) + len(octets) > room:
            yield f"=?utf-8?q?{word}?="
            word, room = "", MAX_ENCODED
        word += "_" if char == " " else octets
    yield f"=?utf-8?q?{word}?="


class _Fields(HeaderRegistry):
    """A class for each field's name, made once: the standard library makes a new one for each field of each letter."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


@cache
def letter_policy(*, utf8: bool) -> "EmailPolicy[EmailMessage]":
    """How letters are written; `utf8` only for a recipient whose mailbox name is not ASCII (RFC 6532)."""
    registry = _Fields()
    registry.map_to_type("subject", Subject)
    for name in ("content-type", "content-language", "mime-version", "auto-submitted", "x-auto-response-suppress"):
        registry.map_to_type(name, OwnWords)
    for name in ("from", "to", "reply-to"):
        registry.map_to_type(name, Mailbox)
    for name in ("message-id", "in-reply-to", "references"):
        registry.map_to_type(name, MessageIds)
    return SMTP.clone(header_factory=registry, utf8=utf8)


def message_ids(found: Iterable[str]) -> list[str]:
    """Those that are ids, once each, in order, the last MAX_THREAD of them."""
    kept = dict.fromkeys(one for one in found if MESSAGE_ID.fullmatch(one))
    return list(kept)[-MAX_THREAD:]


def mailbox(address: str, name: str = "") -> Address:
    """One address with its name, the domain as A-labels. Raises ValueError where it is no address."""
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"{clean_line(address, MAX_NAME)!r} is no e-mail address")
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as err:
        raise ValueError(f"the domain of {clean_line(address, MAX_NAME)!r} is none: {err}") from err
    return Address(display_name=clean_line(name, MAX_NAME), username=local, domain=ascii_domain)
