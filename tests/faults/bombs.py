"""Mails that are made to cost: each through the real reader process, and ordinary mails behind them (T19, T20)."""

import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from maild.clock import SystemClock
from maild.process import Desk
from maild.reader import Reader
from maild.reading import guard
from maild.rulebook import policy_of, read_files
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import InboxRow
from tests.desk_parts import database_of, desk_of, form, rows, settings_in
from tests.faults.table import Row

BOMB_SECONDS, BEHIND, BEHIND_SECONDS = 5.0, 100, 60.0
MEGABYTES = 12 * 2**20
WORD = b"=?utf-8?q?=C3=A4?= "
PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"


def bombs() -> dict[str, bytes]:
    """Every kind, by name."""
    return {name: b"Message-ID: <bomb-%d@x.example>\r\nFrom: a@b.example\r\n" % n + raw for n, (name, raw) in _kinds()}


def _kinds() -> "enumerate[tuple[str, bytes]]":
    boundary = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    html = b"Content-Type: text/html\r\n\r\n"
    kinds = {
        "1,000 levels of multiparts": b"".join(_level(n) for n in range(1000)),
        "29 levels of multiparts with 900 parts": b"".join(_level(n) for n in range(29)) + b"--b28\r\n\r\nx\r\n" * 900,
        "100,000 parts": boundary + b"--b\r\n\r\n" * 100_000,
        "5,000 mails in one another": b"Content-Type: message/rfc822\r\n\r\n" * 5000,
        "500,000 blocks of a delivery report": b"Content-Type: message/delivery-status\r\n" + b"\n" * 500_000,
        "900 mails beside one another": boundary
        + b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n" * 900,
        "100,000 fields": b"X: y\r\n" * 100_000 + b"\r\nx",
        "a field of a megabyte": b"X: " + b"y" * 2**20 + b"\r\n\r\nx",
        "a From of a megabyte": b"From: " + b"a@b.example, " * 80_000 + b"\r\n\r\nx",
        "50,000 encoded words": b"Subject: " + WORD * 50_000 + b"\r\n\r\nx",
        "as many encoded words as pass": b"Subject: " + (WORD * 4 + b"\r\n ") * 190 + b"\r\n\r\nx",
        "20,000 pieces of a parameter": b"Content-Type: text/plain;" + b"".join(b" a*%d=x;" % n for n in range(20_000)),
        "a parameter of 0xFF": b"Content-Type: text/plain; " + b"\xff" * 67 + b"\r\n\r\nx",
        "12 MB of bare carriage returns": PLAIN + b"\r" * MEGABYTES,
        "12 MB of bare line feeds": PLAIN + b"\n" * MEGABYTES,
        "12 MB in one line": PLAIN + b"x" * MEGABYTES,
        "a megabyte of quote marks": PLAIN + b"> " * 2**19 + b"\r\n",
        "40,000 lines of quote marks": PLAIN + b">" * 20 + b"\r\n" + b">>>> x\r\n" * 40_000,
        "50,000 times a due date": PLAIN + "eräpäivä 1.1.2027 ".encode() * 50_000,
        "50,000 numbers of requests": PLAIN + b"KP-2026-000001 " * 50_000,
        "a megabyte of blanks before a full stop": PLAIN + b" " * 2**20 + b".",
        "200,000 open tags": html + b"<div>" * 200_000,
        "200,000 nested quotes in HTML": html + b"<blockquote>" * 200_000 + b"x",
        "100,000 entities": html + b"&nbsp;&#x41;" * 100_000,
        "base64 that decodes to 9 MB of zeros": b"Content-Transfer-Encoding: base64\r\n" + PLAIN + b"A" * MEGABYTES,
        "quoted-printable of 12 MB of equals signs": b"Content-Transfer-Encoding: quoted-printable\r\n"
        + PLAIN
        + b"=" * MEGABYTES,
        "XML that laughs a billion times": b"Content-Type: text/xml\r\n\r\n" + _laughs(),
        "just under the limit of size": PLAIN + b"sana " * ((guard.MAX_MAIL_BYTES - 300) // 5),
    }
    return enumerate(kinds.items())


def _level(n: int) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)


def _laughs() -> bytes:
    lines = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">' + lines + b"]><x>&l9;</x>"


def row() -> Row:
    """Each bomb alone, then all of them with ordinary mails behind."""
    with TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        reader = Reader(read_files()[0], policy_of(settings), settings.our_addresses)
        with closing(reader), database_of(settings) as database:
            desk = desk_of(settings, database, SystemClock(), reader)
            desk.warm_up()
            times = {name: _worked(desk, database, [raw]) for name, raw in bombs().items()}
            again = [raw.replace(b"<bomb-", b"<again-") for raw in bombs().values()]
            behind = _worked(desk, database, [*again, *(form(n, f"Kirja {n}") for n in range(BEHIND))])
            with database.read() as session:
                states = [row.state for row in rows(session, InboxRow)]
    slow = [name for name, seconds in times.items() if seconds > BOMB_SECONDS]
    slowest = max(times, key=lambda name: times[name])
    done = states.count("done")
    return Row(
        claim=f"{len(times)} mail bombs under {BOMB_SECONDS:g} s each, {BEHIND} good mails behind them all"
        f" within {BEHIND_SECONDS:g} s",
        control="Python's own reader on such mails: 25 s, 16.8 GB, or for ever (docs/decisions/010)",
        figure=f"slowest {times[slowest]:.1f} s ({slowest}), {len(slow)} over {BOMB_SECONDS:g} s; all of them"
        f" and the good mails {behind:.0f} s; {done} of {len(states)} mails done" + "".join(f"; {n}" for n in slow),
        held=not slow and behind < BEHIND_SECONDS and done >= len(states) - len(times),
    )


def _worked(desk: Desk, database: Database, raws: list[bytes]) -> float:
    """Seconds until nothing waits any more."""
    now = SystemClock().now()
    with database.write() as session:
        inbox.keep(session, [Arrival(raw=raw, door="smtp", received_at=now) for raw in raws], now)
    began = time.monotonic()
    while desk.work():
        pass
    return time.monotonic() - began
