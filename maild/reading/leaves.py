"""The MIME leaves of a mail: in which order, with which bytes, text, name and true type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from maild.core.mail import Attachment
from maild.reading import charsets, fields

MAX_LEAVES = 1_000
MAX_NAME_CHARS = 200
MAX_NAMED_CHARS = 4_096  # of the fields that may hold a name: one in hundreds of pieces is none
MAX_PART_CHARS = 2_000_000  # of one text part

_CHARSET = re.compile(r"charset\*?\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_FLOWED = re.compile(r"format\s{0,9}=\s{0,9}\"?flowed", re.IGNORECASE)
_DELSP = re.compile(r"delsp\s{0,9}=\s{0,9}\"?yes", re.IGNORECASE)
_SNIFFS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (b"Rar!", "application/vnd.rar"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS", "application/postscript"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"<?xml", "application/xml"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
)
_HTML_BEGINNING = re.compile(rb"\s{0,100}(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A part without parts. A message within the mail is a leaf too. `within` is the type of what holds it."""

    index: int
    part: Message
    type: str
    within: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is a text to read, not a file."""
        return self.type in {"text/plain", "text/html"} and not self.is_file

    @property
    def is_file(self) -> bool:
        """Whether it calls itself a file."""
        return header(self.part, "content-disposition").lower().startswith("attachment") or bool(file_name(self.part))


def leaves(message: Message) -> Iterator[Leaf]:
    """All leaves in walk order. The reader of the tree has bounded its depth."""
    waiting = [(message, "")]
    index = 0
    while waiting and index < MAX_LEAVES:
        part, within = waiting.pop()
        kind = content_type(part)
        inner = parts_of(part)
        if kind.startswith("multipart/") and inner:
            waiting += [(p, kind) for p in reversed(inner)]
        else:
            yield Leaf(index=index, part=part, type=kind, within=within)
            index += 1


def parts_of(part: Message) -> list[Message]:
    """The parts of a multipart, or the one message within a message part."""
    inner = part.get_payload() if part.is_multipart() else []
    return [p for p in inner if isinstance(p, Message)] if isinstance(inner, list) else []


def encoded_text(part: Message) -> str:
    """The body of a leaf as it came, still encoded for transfer."""
    try:
        payload = part.get_payload()
    except (ValueError, LookupError):  # a charset that Python cannot even look up
        return ""
    return payload if isinstance(payload, str) else ""


def header(part: Message, name: str) -> str:
    """The first value of a field, or ""; raw 8-bit letters replaced."""
    return str(part.get(name, ""))[: 16 * 2**10]


def content_type(part: Message) -> str:
    """The declared type in lower case; text/plain where there is none or nonsense."""
    kind = header(part, "content-type").partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else "text/plain"


def leaf_bytes(part: Message) -> bytes:
    """The decoded bytes; b"" for a message or what cannot be decoded."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return data if isinstance(data, bytes) else b""


def leaf_text(part: Message) -> tuple[str, str]:
    """The text with plain line ends, format=flowed joined, not yet cleaned; and a defect or ""."""
    declared = header(part, "content-type")
    found = _CHARSET.search(declared)
    text, defect = charsets.decode(leaf_bytes(part), found[1] if found else "")
    if len(text) > MAX_PART_CHARS:
        text, defect = text[:MAX_PART_CHARS], "cut"
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _FLOWED.search(declared):
        text = unflow(text, delsp=bool(_DELSP.search(declared)))
    return text, defect


def unflow(text: str, *, delsp: bool) -> str:
    """RFC 3676: lines that end in a blank go on in the next one of the same quote depth."""
    out: list[str] = []
    open_depth = -1
    for raw in text.split("\n"):
        bare = raw.lstrip(">")
        depth = len(raw) - len(bare)
        bare = bare.removeprefix(" ")
        flows = bare.endswith(" ") and bare != "-- "
        content = bare[:-1] if flows and delsp else bare
        if open_depth == depth and bare != "-- ":
            out[-1] += content
        else:
            out.append(f"{'>' * depth} {content}" if depth else content)
        open_depth = depth if flows else -1
    return "\n".join(out)


def file_name(part: Message) -> str:
    """What the part calls itself, without path, control or bidi characters; only ever shown."""
    declared = header(part, "content-disposition") + header(part, "content-type")
    if "name" not in declared.lower() or len(declared) > MAX_NAMED_CHARS:
        return ""
    try:
        name = part.get_filename("")
    except (ValueError, LookupError, TypeError, IndexError):
        return ""
    name = fields.clean(fields.decode_words(str(name)))
    return re.sub(r'.*[/\\]|[<>:"|?*]', "", name)[:MAX_NAME_CHARS].strip(". ")


def attachment(leaf: Leaf) -> Attachment:
    """What is to be known of a file."""
    data = leaf_bytes(leaf.part)
    return Attachment(
        index=leaf.index,
        name=file_name(leaf.part),
        declared=leaf.type,
        sniffed=sniff(data),
        size=len(data),
        inline=header(leaf.part, "content-disposition").lower().startswith("inline")
        or (leaf.within == "multipart/related" and bool(leaf.part.get("content-id"))),
        content_id=fields.clean(header(leaf.part, "content-id")).strip("<> ")[:MAX_NAME_CHARS],
    )


def sniff(data: bytes) -> str:
    """The type that the first bytes give, or ""."""
    # A byte order mark or blank lines before %PDF- are common in files out of scanners.
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t \x00")[:256]
    known = next((kind for mark, kind in _SNIFFS if start.startswith(mark)), "")
    return known or ("text/html" if _HTML_BEGINNING.match(start) else "")
