"""Breaks mails in the ways in which mails break: bytes, fields, charsets, encodings, boundaries, nesting, length.

Everything comes from one random generator, so that the same seed gives the same bytes.
"""

import random
import re
from collections.abc import Callable, Sequence

MAX_BYTES = 2**20
MAX_CHANGES = 6
CHARSETS = (b"utf-7", b"utf-16", b"iso-2022-jp", b"idna", b"x-none", b"us-ascii", b"cp037", b"unicode_escape", b"")
ENCODINGS = (b"base64", b"quoted-printable", b"7bit", b"x-uuencode", b"uuencode", b"rot13", b"")
TYPES = (b"text/html", b"text/plain", b"message/rfc822", b"multipart/mixed", b"message/delivery-status", b"multipart/")
WORDS = (
    "=?utf-8?q?=C3?=", "=?utf-8?b?w6Q?= =?x?z?y?=", "filename*0*=utf-8''%41; filename*1=b", 'boundary="', "From: <@>",
    "KP-2026-000123", "KP - 2026 - 000123", "3.12.2026 mennessä", "31.2.", "99/99/9999", "12,50 €", "1e9 EUR", "0000",
    "> > > >", "-- \n", "<table><tr><td>", "<!--", "<p style='display:none'>", "&#x110000;", "\x00", "\udcff", "\u202e",
    "10.1234/" + "a" * 50, "ISBN 978", "https://" + "a." * 60, "emme voi lähettää", "due date: ", "-----Original",
    "Content-Type: multipart/mixed; boundary=a\n\n--a\n--a--", "On Mon, X wrote:", "lähetetty?", "\r", "\n\n",
)  # fmt: skip
RUNS = (
    b"(",
    b")",
    b"<",
    b">",
    b"a",
    b"1",
    b" ",
    b"\t",
    b",",
    b"=",
    b"\n",
    b"\r",
    b">\n",
    b"a.",
    b"a@",
    b"[",
    b"1.",
    b":",
)

Change = Callable[[random.Random, bytes], bytes]
Mixture = Callable[[random.Random, bytes, bytes], bytes]  # of a mail and another one


def mutate(seed: int, mails: Sequence[bytes]) -> bytes:
    """One broken mail, made of these by that seed."""
    chance = random.Random(seed)
    raw = chance.choice(mails)
    for _ in range(chance.randint(1, MAX_CHANGES)):
        number = chance.randrange(len(CHANGES) + len(MIXTURES))
        if number < len(CHANGES):
            raw = CHANGES[number](chance, raw)[:MAX_BYTES]
        else:
            raw = MIXTURES[number - len(CHANGES)](chance, raw, chance.choice(mails))[:MAX_BYTES]
    return raw


def _span(chance: random.Random, raw: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(raw))
    return start, min(len(raw), start + chance.choice((1, 8, 80, 800, 8000)))


def _flip(chance: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 30) if changed else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _drop(chance: random.Random, raw: bytes) -> bytes:
    start, end = _span(chance, raw)
    return raw[:start] + raw[end:]


def _repeat(chance: random.Random, raw: bytes) -> bytes:
    start, end = _span(chance, raw)
    times = chance.choice((2, 5, 50, 2000))
    return raw[:start] + (raw[start:end] * times)[:MAX_BYTES] + raw[end:]


def _splice(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    return raw[: chance.randint(0, len(raw))] + other[chance.randint(0, len(other)) :]


def _word(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randint(0, len(raw))
    charset = chance.choice(("utf-8", "latin-1", "utf-16-le"))
    word = chance.choice(WORDS).encode(charset, "replace" if charset != "utf-8" else "surrogatepass")
    return raw[:at] + word * chance.choice((1, 1, 3, 300)) + raw[at:]


def _run(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randint(0, len(raw))
    return raw[:at] + chance.choice(RUNS) * chance.choice((10, 1000, 15_000, 200_000)) + raw[at:]


def _field(chance: random.Random, raw: bytes, other: bytes) -> bytes:
    """A field of its own or of another mail once more, here or at the top."""
    fields = re.split(rb"\r?\n(?=[^ \t])", chance.choice((raw, other)).partition(b"\n\n")[0][:65536])
    field = chance.choice(fields)
    at = raw.find(b"\n", chance.randint(0, max(1, len(raw) // 4))) + 1 if chance.random() < 0.5 else 0
    return raw[:at] + (field.strip() + b"\n") * chance.choice((1, 1, 2, 500)) + raw[at:]


def _swap(pattern: bytes, choices: Sequence[bytes]) -> Change:
    """What the pattern's group 2 finds, exchanged."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def swap(chance: random.Random, raw: bytes) -> bytes:
        other = chance.choice(choices)
        return compiled.sub(lambda m: m[1] + other, raw, count=chance.choice((0, 1)))

    return swap


def _nest(chance: random.Random, raw: bytes) -> bytes:
    for level in range(chance.choice((1, 2, 5, 25, 40))):
        if chance.random() < 0.5:
            raw = b"Subject: Fwd\nContent-Type: message/rfc822\n\n" + raw
        else:
            edge = b"edge%d" % level
            raw = b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n%s\n--%s--\n" % (edge, edge, raw, edge)
        if len(raw) > MAX_BYTES:
            break
    return raw


def _line_ends(chance: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n", b"\n\r", b"\r\r\n")))


CHANGES: tuple[Change, ...] = (
    _flip, _drop, _repeat, _word, _word, _run, _nest, _line_ends,
    _swap(rb"(charset=\"?)([\w-]+)", CHARSETS),
    _swap(rb"(content-transfer-encoding:\s{0,9})([\w-]+)", ENCODINGS),
    _swap(rb"(content-type:\s{0,9})([\w/-]+)", TYPES),
)  # fmt: skip
MIXTURES: tuple[Mixture, ...] = (_splice, _field)
