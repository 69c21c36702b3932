"""Cheap looks at raw mail bytes, before any parser: is it too much, what are its header fields, which mail is it.

Source of the limits: mails that cost Python's readers gigabytes or minutes (thousands of nested parts, a header of a
megabyte). Everything here is linear in the bytes and takes any bytes.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MAIL_BYTES = 25 * 2**20
MAX_HEADER_BYTES = 128 * 2**10  # the whole header block
MAX_HEADER_LINES = 1_000
MAX_FIELD_BYTES = 16 * 2**10  # one field with its folded lines
MAX_ADDRESS_FIELD_BYTES = 998  # From, Sender, Reply-To
MAX_PARTS = 1_000
MAX_BLOCKS = 20_000  # blank lines in a mail with a delivery report, where Python makes each block of fields a part
MAX_DEPTH = 30  # containers within containers
MAX_LINES = 600_000  # 25 MiB of base64 has 340,000
NOT_WHOLE = b"X-Maild-Not-Whole:"  # first of all fields where a door could keep only a part of the mail

_BLANK_LINE = re.compile(rb"\n\r\n|\n\n|\n\r|\r\r")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FIELD_NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
_CONTENT_FIELD = re.compile(rb"[\r\n]content-(?:type|disposition):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*")
_BOUNDARY = re.compile(rb'boundary(?:\*0?\*?)?[ \t]*=[ \t]*"?([^"\r\n;]{1,200})', re.IGNORECASE)
_ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to"})
_KEY_FIELDS = frozenset(
    {"from", "to", "cc", "date", "message-id", "subject", "in-reply-to", "references", "mime-version"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A mail cut at its blank line. `fields` are those of the header, and of a mail without a blank line all of it."""

    raw: bytes
    header: bytes
    body: bytes
    fields: tuple[tuple[str, bytes], ...]


def cut(raw: bytes) -> Cut:
    """The mail cut in two, its fields found: once for all that look at them."""
    header, body = split(raw)
    return Cut(raw=raw, header=header, body=body, fields=tuple(fields(header)))


def check(raw: bytes) -> str | None:
    """None, or the word for what is too much: size, lines, header-block, header-lines, field, parts or depth."""
    return check_cut(cut(raw))


def check_cut(mail: Cut) -> str | None:
    """The same for a mail that was cut."""
    if len(mail.raw) > MAX_MAIL_BYTES or mail.raw.startswith(NOT_WHOLE):
        return "size"
    if len(mail.raw) > MAX_LINES and _lines(mail.raw) > MAX_LINES:
        return "lines"
    if len(mail.header) > MAX_HEADER_BYTES:
        return "header-block"
    if _lines(mail.header) > MAX_HEADER_LINES:
        return "header-lines"
    if any(len(value) > _limit(name) for name, value in mail.fields):
        return "field"
    return _check_parts(mail.raw)


def _lines(raw: bytes) -> int:
    """How many line ends there are, of whatever kind."""
    return raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")


def _limit(name: str) -> int:
    return MAX_ADDRESS_FIELD_BYTES if name in _ADDRESS_FIELDS else MAX_FIELD_BYTES


def _check_parts(raw: bytes) -> str | None:
    """Upper bounds first; only a mail above those is walked line by line."""
    lower = raw.lower()
    if len(raw) > MAX_FIELD_BYTES and any(
        m.end() - m.start() > MAX_FIELD_BYTES for m in _CONTENT_FIELD.finditer(lower)
    ):
        return "field"
    if b"delivery-status" in lower and sum(map(raw.count, (b"\n\n", b"\n\r\n", b"\r\r"))) > MAX_BLOCKS:
        return "parts"
    delimiters = raw.count(b"\n--") + raw.count(b"\r--")
    containers = lower.count(b"multipart/") + lower.count(b"message/")
    if delimiters <= MAX_PARTS and containers <= MAX_DEPTH:
        return None
    return _walk(raw)


def _walk(raw: bytes) -> str | None:
    """Counts lines that delimit parts and containers open at once; text that quotes such headers counts too."""
    parts = 0
    open_now: list[bytes] = []
    for line in _LINE_END.split(raw):
        if line.startswith(b"--"):
            parts += _close(open_now, line[2:].rstrip())
        elif found := _BOUNDARY.search(line[:MAX_FIELD_BYTES]):
            open_now.append(found[1].rstrip())
        elif line[:13].lower() == b"content-type:" and b"message/" in line.lower():
            open_now.append(b"")
        if parts > MAX_PARTS:
            return "parts"
        if len(open_now) > MAX_DEPTH:
            return "depth"
    return None


def _close(open_now: list[bytes], delimiter: bytes) -> int:
    """1 where the line delimits a part of an open container, whose inner containers end with it."""
    for name, ends in ((delimiter, 0), (delimiter.removesuffix(b"--"), 1)):
        if name and name in open_now:
            del open_now[open_now.index(name) + 1 - ends :]
            return 1
    return 0


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the body, without the blank line between them."""
    if first := _LINE_END.match(raw):
        return b"", raw[first.end() :]
    found = _BLANK_LINE.search(raw, 0, MAX_HEADER_BYTES + 2)
    if found is None:
        return raw, b""
    return raw[: found.start()].rstrip(b"\r"), raw[found.end() :]


def fields(header: bytes) -> Iterator[tuple[str, bytes]]:
    """The fields in order: lower-case name and unfolded value. Lines that are no field are left out."""
    name, parts = "", [b""]
    for line in _LINE_END.split(header):
        if line[:1] in {b" ", b"\t"}:
            parts.append(line)
        elif found := _FIELD_NAME.match(line):
            if name:
                yield name, b"".join(parts).strip()
            name, parts = found[1].decode("ascii").lower(), [line[found.end() :]]
    if name:
        yield name, b"".join(parts).strip()


def mail_key(raw: bytes) -> str:
    """Hex SHA-256 by which the same mail is known however it came: its own fields and its body, line ends alike.

    Trace fields (Received, Authentication-Results, Delivered-To …) differ by sighting and are left out.
    """
    return key_of_cut(cut(raw))


def key_of_cut(mail: Cut) -> str:
    """The same for a mail that was cut."""
    digest = hashlib.sha256()
    for name, value in mail.fields:
        if name in _KEY_FIELDS or name.startswith("content-"):
            digest.update(name.encode("ascii") + b":" + b" ".join(value.split()) + b"\n")
    digest.update(b"\n")
    digest.update(mail.body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n"))
    return digest.hexdigest()
