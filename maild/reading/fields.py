"""Strict and tolerant readers of single header fields. Every one takes any bytes or text and raises nothing."""

import base64
import binascii
import quopri
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import authres
import idna

from maild.core.mail import AuthResult
from maild.reading import charsets

MAX_TEXT_CHARS = 998  # a decoded field: what is longer is cut
MAX_ADDRESSES = 500
MAX_IDS = 100  # of References, the last ones
MAX_AUTH_FIELDS = 20

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\r\n]*)\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_UNSEEN = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ue000-\uf8ff\U000e0000-\U000e0fff]"
)
_HIDDEN = re.compile(_UNSEEN)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_ENDS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"<[^<>\s]{1,998}>")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_LOOSELY_QUOTED = re.compile(r'"[^"]*"')  # without backslashes, which make a long field of them quadratic
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_NEVER = {'"': "quotes", "\\": "quotes", "(": "comment", ")": "comment", ":": "group", ";": "group", ",": "list"}
_DOMAIN_PROPERTIES = (
    ("header", "d"), ("header", "from"), ("header", "i"), ("smtp", "mailfrom"), ("smtp", "mail"), ("smtp", "helo"),
)  # fmt: skip
_PLAIN_AUTH = re.compile(
    r"[a-z0-9.-]++(?:;[ \t]*+(?:spf|dkim|dmarc|arc)=[a-z]++"
    r"(?:[ \t]++(?:smtp|header|policy)\.[a-z]++=[A-Za-z0-9.@_+-]++)*+)++;?"
)
_LOOSE = re.compile(r"[^\s<>,;:\"()\[\]\\@]{1,250}@[^\s<>,;:\"()\[\]\\@]{1,250}")


def clean(text: str) -> str:
    """One line of NFC text: line ends and tabs become blanks, control, bidi and zero-width characters go."""
    if text.isascii() and text.isprintable():
        return text
    return clean_text(text).replace("\n", " ").strip()


def clean_text(text: str) -> str:
    """NFC text with plain line ends; tabs become four blanks, exotic blanks one."""
    # Some of what nobody sees counts as printable all the same; it is outside of ASCII.
    tidy = text.replace("\n", "").isprintable() and (text.isascii() or _HIDDEN.search(text) is None)
    if not tidy:
        text = _LINE_ENDS.sub("\n", text)
        text = _CONTROLS.sub("", _HIDDEN.sub("", text)).replace("\t", "    ")
        text = _SURROGATES.sub("\ufffd", _BLANKS.sub(" ", text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def decoded(value: bytes) -> str:
    """The field as people see it: encoded words decoded, raw 8-bit text read as UTF-8 or windows-1252, cleaned, cut."""
    text, _defect = charsets.decode(value[: MAX_TEXT_CHARS * 16])
    return clean(decode_words(text))[:MAX_TEXT_CHARS].strip()


def decode_words(text: str) -> str:
    """Text with its RFC 2047 encoded words decoded; a character split over two words of one charset is whole again."""
    if "=?" not in text:
        return text
    out: list[str] = []
    waiting, charset, position = b"", "", 0
    text = _BETWEEN_WORDS.sub(r"\1", text)
    for found in _WORD.finditer(text):
        named = found[1].partition("*")[0].lower()  # RFC 2231 5: a language may follow the charset
        if waiting and (found.start() != position or named != charset):
            out.append(charsets.decode(waiting, charset)[0])
            waiting = b""
        out.append(text[position : found.start()])
        waiting, charset, position = waiting + _word_bytes(found[2], found[3]), named, found.end()
    out += [charsets.decode(waiting, charset)[0] if waiting else "", text[position:]]
    return "".join(out)


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("ascii", "replace")
    if encoding in "qQ":
        return quopri.decodestring(data, header=True)
    return base64_bytes(data)


def base64_bytes(data: bytes) -> bytes:
    """What can be decoded of base64 with wrong or missing padding."""
    data = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    data = data[: len(data) - 1] if len(data) % 4 == 1 else data
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return b""


def read_from(values: Sequence[bytes]) -> tuple[str, str, str]:
    """Address (lower case, domain as A-label), display name, and "" or the word why there is no identity.

    Two readers must not be able to see two senders: exactly one field with exactly one addr-spec, no comment, group,
    route, list, encoded address, nor an '@' in an unquoted name. The words: none, several, control, comment, group,
    list, name, quotes, address, domain.
    """
    if len(values) != 1:
        return "", decoded(values[0]) if values else "", "several" if values else "none"
    text, _defect = charsets.decode(values[0])
    address, name, problem = _one_address(text)
    if problem:
        return "", decoded(values[0]), problem
    return address, clean(decode_words(name)).strip(), ""


def _one_address(text: str) -> tuple[str, str, str]:
    """Address, name, problem."""
    if any(ord(c) < 0x20 and c != "\t" for c in text) or "\x7f" in text:
        return "", "", "control"
    bare = _QUOTED.sub("\x00", text)
    for mark, problem in _NEVER.items():
        if mark in bare:
            return "", "", problem
    if "<" not in bare and ">" not in bare:
        address, problem = _address(bare.strip())
        return address, "", problem
    if (bare.count("<"), bare.count(">")) != (1, 1):
        return "", "", "address"
    name, _, rest = bare.partition("<")
    spec, _, after = rest.partition(">")
    if "@" in name:
        return "", "", "name"
    if after.strip():
        return "", "", "address"
    address, problem = _address(spec)
    return address, _unquoted(text.rpartition("<")[0].strip()), problem


def _unquoted(name: str) -> str:
    whole = len(name) > 1 and name[0] == name[-1] == '"'
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if whole else name.replace('"', "")


def _address(spec: str) -> tuple[str, str]:
    """The address in lower case with an A-label domain, or "" and why not."""
    local, at, domain = spec.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or "=?" in local:
        return "", "address"
    ascii_domain = a_label(domain)
    return (f"{local.lower()}@{ascii_domain}", "") if ascii_domain else ("", "domain")


def a_label(domain: str) -> str:
    """The domain in lower-case ASCII (IDNA 2008), or "" where it is none."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError, IndexError):
            return ""
    domain = domain.lower()
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else ""


def addresses(values: Iterable[bytes]) -> tuple[str, ...]:
    """Every address of tolerant fields (To, Cc, Delivered-To), lower case, once each, in order."""
    found: dict[str, None] = {}
    for value in values:
        text = _LOOSELY_QUOTED.sub(" ", charsets.decode(value)[0])
        spans = re.findall(r"<([^<>]*)>", text) if "<" in text else [text]
        bare = re.sub(r"<[^<>]*>", " ", text) if "<" in text else ""
        for span in (*spans, *(s for s in bare.split(",") if s.strip().count(" ") == 0)):
            for match in _LOOSE.finditer(span):
                local, _, domain = match[0].rpartition("@")
                known = a_label(domain.rstrip("."))
                if known and clean(local) == local:
                    found[f"{local.lower()}@{known}"] = None
        if len(found) > MAX_ADDRESSES:
            break
    return tuple(found)[:MAX_ADDRESSES]


def path(value: bytes) -> str | None:
    """The Return-Path: an address, "" for the empty path, None for what is neither."""
    if value.strip() in {b"<>", b""}:
        return ""
    return next(iter(addresses([value])), None)


def message_ids(values: Iterable[bytes]) -> tuple[str, ...]:
    """Every `<…>` of Message-ID, In-Reply-To or References, once each, the last ones where there are many."""
    text = " ".join(charsets.decode(value)[0] for value in values)
    found = dict.fromkeys(clean(i) for i in _ID.findall(text))
    return tuple(found)[-MAX_IDS:]


def read_date(value: str) -> datetime | None:
    """An aware time from a Date field, UTC where it names no zone; None where it is none or absurd."""
    try:
        when = parsedate_to_datetime(value[:100])
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        return when if 1980 <= when.astimezone(UTC).year < 2200 else None
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def received_date(value: str) -> datetime | None:
    """The time of a Received field: what follows its last semicolon."""
    return read_date(value.rpartition(";")[2].strip())


def auth_results(values: Sequence[bytes]) -> tuple[AuthResult, ...]:
    """The results of the topmost Authentication-Results field of each authserv-id, fields in order from the top.

    A border MX puts its field above everything that the sender wrote, so a second field with the same name is either
    the sender's or an older hop's, and is left out (RFC 8601 5). A field that states nothing, cannot be read or has
    no authserv-id (Microsoft 365) gives one result "none", so that the mail is not taken for one without a stamp.
    """
    out: list[AuthResult] = []
    seen: set[str] = set()
    for value in values[:MAX_AUTH_FIELDS]:
        server, results = _one_auth(charsets.decode(value)[0])
        if server not in seen:
            seen.add(server)
            out += results or [AuthResult(authserv_id=server, method="none", result="none")]
    return tuple(out)


def _one_auth(value: str) -> tuple[str, list[AuthResult]]:
    if _PLAIN_AUTH.fullmatch(value):
        return _plain_auth(value)
    try:
        field = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        server = clean(str(field.authserv_id or "")).lower()
        return server, [
            AuthResult(
                authserv_id=server, method=str(r.method).lower(), result=str(r.result).lower(), domain=_domain_of(r)
            )
            for r in field.results
        ]
    except Exception:  # authres raises more kinds than its own on malformed fields; any failure means: no result
        return "", []


def _plain_auth(value: str) -> tuple[str, list[AuthResult]]:
    """The same for a field without comments, quotes and versions, for which authres takes a third of all our time."""
    server, *clauses = (clause.split() for clause in value.rstrip("; \t").split(";"))
    results = []
    for said, *properties in clauses:
        method, _, result = said.lower().partition("=")
        pairs = (p.partition("=") for p in properties)
        domain = _about({tuple(name.lower().split(".")): value for name, _, value in pairs})
        results.append(AuthResult(authserv_id=server[0].lower(), method=method, result=result, domain=domain))
    return server[0].lower(), results


def _domain_of(result: "authres.AuthenticationResult") -> str:
    return _about({(p.type.lower(), p.name.lower()): str(p.value) for p in result.properties})


def _about(said: dict[tuple[str, ...], str]) -> str:
    """The domain that a result is about: header.d or header.from, else smtp.mailfrom or smtp.helo."""
    for key in _DOMAIN_PROPERTIES:
        if value := said.get(key):
            return a_label(value.strip().strip("<>").rpartition("@")[2])
    return ""
