"""Whether what is stored names a person: texts, JSON, and mails through their encodings. Every step is linear."""

import base64
import binascii
import html
import json
import quopri
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from maild.store.statements import table_of
from maild.store.tables import InboxRow, OutboxRow, PatronRow, SightingRow

MIN_WORD = 4  # shorter names and cards stand in too many texts
MAX_PARTS = 5  # of a name
PAGE = 100  # rows read together
MAX_HEADER = 128 * 2**10
_MESSAGE_ID = re.compile(rb"(?im)^message-id:[ \t\r\n]{0,4}(<[!-;=?-~]{1,250}>)")
_LINE_ENDS = re.compile(r"(?:\n|\\n)[>\s]*")  # in a text, and in JSON
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*")
_ENCODED_WORD = re.compile(rb"=\?[\w-]{2,40}\?([BbQq])\?([^?\s]{1,200})\?=")


def names_of(patron: PatronRow) -> tuple[str, ...]:
    """What names the patron in a text: address, card, and the name in each order of its parts (Meikäläinen, Maija)."""
    parts = patron.name.split()[:MAX_PARTS]
    turned = [(" ".join(parts[i:]), " ".join(parts[:i])) for i in range(1, len(parts))]
    orders = [order for last, first in turned for order in (f"{last}, {first}", f"{last} {first}")]
    return tuple(word for word in (patron.name, patron.email, patron.card, *orders) if len(word) >= MIN_WORD)


def message_id_of(raw: bytes) -> str:
    """The mail's Message-ID, "" where none is seen at once."""
    found = _MESSAGE_ID.search(raw[:MAX_HEADER])
    return found[1].decode("ascii", "replace") if found else ""


def rows_of_text(session: Session, table: type[SQLModel], columns: Sequence[Any], words: Collection[str]) -> list[int]:
    """Rows whose texts, or what stands in JSON, name one of the words."""
    # Not by SQL: SQLite's lower() knows only ASCII, and a name may be broken over two lines.
    folded = [_folded(word) for word in words]
    found: list[int] = []
    key = table_of(table).c.id
    page, last = select(key, *columns).order_by(key).limit(PAGE), 0
    while rows := session.exec(page.where(key > last)).all() if words else ():
        for number, *texts in rows:
            told = _folded(" ".join(t if isinstance(t, str) else json.dumps(t, ensure_ascii=False) for t in texts))
            found += [number] if any(word in told for word in folded) else []
        last = rows[-1][0]
    return found


def _folded(text: str) -> str:
    """In lower case, with one blank where there are line ends, a quotation's marks or blanks."""
    return " ".join(_LINE_ENDS.sub(" ", text.casefold()).split())


def rows_of_mail(
    session: Session, table: type[InboxRow | SightingRow | OutboxRow], words: Collection[str]
) -> list[int]:
    """Rows whose bytes, a mail's, name one of the words through the encodings of mail."""
    found: list[int] = []
    folded = [_folded(word) for word in words]
    page = select(table.id, table.raw).where(col(table.raw).is_not(None), table.raw != b"").order_by(col(table.id))
    last = 0
    while rows := session.exec(page.where(col(table.id) > last).limit(PAGE)).all() if words else ():
        found += [one or 0 for one, raw in rows if raw and mentions(raw, folded)]
        last = rows[-1][0] or 0
    return found


def mentions(raw: bytes, words: Collection[str]) -> bool:
    """Whether a mail names one of the words (in lower case): plain, quoted-printable, base64 or in encoded words.

    No mail parser is used on these bytes: every step is linear.
    """
    for layer in _layers(raw):
        for codec in ("utf-8", "latin-1"):
            text = _folded(html.unescape(layer.decode(codec, "replace")))
            if any(word in text for word in words):
                return True
    return False


def _layers(raw: bytes) -> Iterator[bytes]:
    yield raw
    yield quopri.decodestring(raw)
    for is_base64, lines in groupby(raw.splitlines(), key=lambda line: bool(_BASE64_LINE.fullmatch(line))):
        if is_base64:
            yield _unbase64(b"".join(lines))
    words = [
        _unbase64(text) if kind in b"Bb" else quopri.decodestring(text, header=True)
        for kind, text in _ENCODED_WORD.findall(raw)
    ]
    yield b"".join(words)


def _unbase64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
