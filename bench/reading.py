"""How fast mails are opened and read, against the standard library that only cuts them into parts.

Measured in one run on generated replies of about 5 kB with three Received fields and encoded headers: the ratio to
email.message_from_bytes (compat32), in this process and through the reader process in batches. Then whether time grows
in proportion to size and to the number of clauses, and the slowest of the ugliest mails of a megabyte; these times are
the processor's. Ends with 1 where a limit is broken.

    python bench/reading.py [mails]
"""

import email
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import partial

from maild import house
from maild.core.mail import Mail
from maild.core.reading import Parser
from maild.core.request import Context
from maild.reader import Reader, ToOpen
from maild.reading.clues import clues_of
from maild.reading.opening import open_mail
from maild.reading.read import read_mail
from maild.reading.rules import ReadingRules
from maild.registry import load_parsers
from maild.rulebook import policy_of, read_files
from maild.settings import Settings

OURS = ("ill@library.example",)
IN_PROCESS_LIMIT = 12.0  # times compat32
THROUGH_READER_LIMIT = 20.0
BATCH = 50
LINEAR_LIMIT = 2.0  # doubling the size may take so many times what doubling means
MEGABYTE_SECONDS = 1.0
MEGABYTE = 2**20
QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP
ROUNDS = 5  # the best of these counts: other work on the machine only ever makes one slower


def reply(number: int) -> bytes:
    """A reply as partners write it: some lines of their own over our quoted letter."""
    letter = [
        f"> Rivi {n}: pyydämme kaukolainaksi seuraavaa teosta, nide {n} / we ask to borrow this" for n in range(13)
    ]
    body = [
        "Hei,",
        "",
        f"kirja on lähetetty tänään postissa. Eräpäivä 15.1.2027, viivakoodi 1300{number:07d}.",
        "",
        "Terveisin",
        "Riitta Haapala",
        "",
        "Esimerkin kirjasto, kaukopalvelu kirjoitti 11.8.2026 klo 9.09:",
        *letter,
    ]
    lines = "".join(f"<p class=MsoNormal>{line}<o:p></o:p></p>\n" for line in body)
    mail = MIMEMultipart(
        "alternative", _subparts=[_part("\n".join(body), "plain"), _part(f"<html>{lines}</html>", "html")]
    )
    for hop in range(3):
        mail["Received"] = (
            f"from mail{hop}.partner.example (mail{hop}.partner.example [192.0.2.{hop}]) by mx{hop}.library.example "
            f"(Postfix) with ESMTPS id {number:08x}{hop} for <ill@library.example>; Wed, 04 Nov 2026 13:02:49 +0200"
        )
    mail["Authentication-Results"] = (
        "mx1.library.example; spf=pass smtp.mailfrom=partner.example; dkim=pass header.d=partner.example; "
        "dmarc=pass header.from=partner.example"
    )
    mail["From"] = f"{Header('Kivistö Riitta', 'utf-8').encode()} <riitta@partner.example>"
    mail["To"] = f"ill+kp-2026-{number:06d}@library.example"
    mail["Subject"] = Header(f"VS: [KP-2026-{number:06d}] Kaukolainapyyntö / Interlibrary loan request", "utf-8")
    mail["Date"] = "Wed, 04 Nov 2026 13:02:49 +0200"
    mail["Message-ID"] = f"<{number:020d}@partner.example>"
    mail["In-Reply-To"] = f"<kp-2026-{number:06d}.1@library.example>"
    return mail.as_bytes()


def _part(text: str, kind: str) -> MIMEText:
    return MIMEText(text, kind, QUOTED_PRINTABLE)


def _text(line: str, size: int, head: str = "") -> bytes:
    """A plain mail of that size, the same line again and again."""
    start = f"From: a@partner.example\nTo: {OURS[0]}\nSubject: Re: KP-2026-000123\n{head}\n".encode()
    body = line.encode()
    return start + body * ((size - len(start)) // len(body))


def _attached(size: int) -> bytes:
    """A reply with a file."""
    head = b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nHei, liite.\n--b\nContent-Type: application/pdf\n'
    return head + b"Content-Transfer-Encoding: base64\n\n" + b"QUFB" * 19 + (b"\n" + b"QUFB" * 19) * (size // 77 - 9)


def _html(piece: str, size: int) -> bytes:
    return _text(piece, size, "Content-Type: text/html; charset=utf-8\n")


def _headed(piece: str, size: int) -> bytes:
    """All of it in fields that are read, each within its own limit."""
    value = piece * (15_000 // len(piece))
    names = ("References", "To", "Subject", "Received", "Authentication-Results", "Cc", "Content-Type")
    head = "".join(f"{name}: {value.strip()}\n" for name in names)
    return _text("Hei\n", size, head)


HTML_HEAD = "Content-Type: text/html; charset=utf-8\n"
SHAPES: dict[str, Callable[[int], bytes]] = {
    "prose": lambda size: _text("Kirja on lähetetty tänään, eräpäivä 15.1.2027.\n", size),
    "quote": lambda size: _text("> Kirja on lähetetty tänään, eräpäivä 15.1.2027.\n", size),
    "file": _attached,
    "html": lambda size: _text("<p>Kirja on <b>lähetetty</b> tänään.</p>\n", size, HTML_HEAD),
}
PIECES = (
    "a",
    "1",
    " ",
    "\n",
    ">",
    "> \n",
    "(",
    "<",
    "@",
    "a@",
    "a.",
    "1.",
    "1-",
    "KP-",
    "KP-2026-0001",
    ":",
    "a: ",
    "\t",
    "On Mon, ",
    "wrote:\n",
    "a b ",
    "ei ",
    "3.12. ",
    "€1",
    "12,50 ",
    "10.1234/",
    "https://a",
    "978-",
    '"a',
    "“",
    "[",
    "-- \n",
    "*",
    "|",
    "Terveisin\n",
    "From: a\nSent: b\n",
    "a\r",
    "=?utf-8?q?a?= ",
    "ä",
    "\u202e",
    "?",
    "Title: a\n",
    "a\n\n",
    "a;",
    "_",
    "-",
    "Emme voi toimittaa. ",
    "KP-2026-000123 on lähetetty.\n",
    "+358 ",
    "a" * 300 + " ",
    # clauses of a word or two, of which many phrases begin
    "no? ",
    "ei, ",
    "not sent, ",
    "Ei, kiitos. ",
    "Renew? ",
)
DENSE = "Kirjaa ei löydy hyllystä, joten emme voi lähettää sitä. We regret, it is on loan. Boken är utlånad. "
TAGS = (
    "<",
    "<p>",
    "<table><tr><td>",
    "<td>a",
    "<blockquote>",
    "&amp;",
    "&#",
    "<!--",
    "<a href='",
    "<div>\n",
    "a",
    "<b>a",
)
UGLY: dict[str, Callable[[int], bytes]] = {
    **{f"{piece[:20]!r}": partial(_text, piece) for piece in PIECES},
    **{f"html {piece!r}": partial(_html, piece) for piece in TAGS},
    **{f"header {piece!r}": partial(_headed, piece) for piece in ("a", "=?utf-8?q?a?=\n ", "<a@b.c> ", ",", "(")},
}  # fmt: skip


def best(work: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    """Microseconds of the processor a mail in the fastest round."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for raw in mails:
            work(raw)
        rounds.append(time.process_time() - start)
    return min(rounds) / len(mails) * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured with."""

    reading: ReadingRules
    parsers: Sequence[Parser]

    def opened(self, raw: bytes) -> Mail:
        """Opened, and its clues found."""
        mail = open_mail(raw, our_addresses=OURS, quotes=self.reading.quotes)
        clues_of(mail, self.reading.prefixes, OURS)
        return mail

    def read(self, raw: bytes) -> object:
        """Opened and read."""
        return read_mail(self.opened(raw), Context(our_addresses=OURS), self.reading, self.parsers)


def through_reader(reader: Reader, mails: Sequence[bytes]) -> float:
    """Microseconds a mail through the reader process, in batches, in the fastest round."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for first in range(0, len(mails), BATCH):
            batch = [ToOpen(raw=raw) for raw in mails[first : first + BATCH]]
            reader.open(batch)
            reader.read([Context(our_addresses=OURS)] * len(batch))
        rounds.append(time.perf_counter() - start)
    return min(rounds) / len(mails) * 1e6


def doubtful(number: int) -> bytes:
    """A reply with a condition beside the sending, which is none: the third judge is asked."""
    return reply(number).replace(b"viivakoodi", b"kunhan se l=C3=B6ytyi kellarista hyllyn takaa, viivakoodi")


def ratios(bench: Bench, count: int) -> bool:
    """Prints the rates; whether they are good enough."""
    mails = [reply(n) for n in range(1, count + 1)]
    reader = Reader(read_files()[0], policy_of(Settings()), OURS)
    reader.open([ToOpen(raw=mails[0])])  # starts it
    baseline = best(email.message_from_bytes, mails)
    figures = (
        ("compat32", baseline, 0.0),
        ("open + clues", best(bench.opened, mails), 0.0),
        ("open + read", best(bench.read, mails), IN_PROCESS_LIMIT),
        ("in doubt", best(bench.read, [doubtful(n) for n in range(1, 21)]), 0.0),
        ("through reader", through_reader(reader, mails), THROUGH_READER_LIMIT),
    )
    reader.close()
    print(f"{count} mails of {sum(map(len, mails)) // count} bytes")
    for name, micros, limit in figures:
        told = f"limit {limit:g} x" if limit else ""
        print(f"{name:16} {micros:8.0f} µs a mail {micros / baseline:6.1f} x compat32  {told}")
    return all(not limit or micros / baseline <= limit for _name, micros, limit in figures)


def growth(bench: Bench) -> bool:
    """Prints seconds by size, up to the largest mail that is taken; whether they grow no faster than the size."""
    good = True
    for name, shape in SHAPES.items():
        seconds = [timed(bench, shape(size)) for size in (MEGABYTE, 5 * MEGABYTE, 25 * MEGABYTE - 10_000)]
        good = good and seconds[2] <= max(1.0, LINEAR_LIMIT * 25 * seconds[0])
        print(f"{name:16}" + "".join(f"{size:>6} MB {s:7.2f} s" for size, s in zip((1, 5, 25), seconds, strict=True)))
    return good


def clauses(bench: Bench) -> bool:
    """Prints seconds by number of clauses; whether they grow no faster than it."""
    counts = (40, 160, 320)  # of five in the text
    seconds = [timed(bench, _text(DENSE, 140 + len(DENSE.encode()) * count // 5)) for count in counts]
    print("dense text      " + "".join(f"{n:>6} clauses {s:6.3f} s" for n, s in zip(counts, seconds, strict=True)))
    return all(later <= LINEAR_LIMIT * n / counts[0] * seconds[0] for n, later in zip(counts, seconds, strict=True))


def timed(bench: Bench, raw: bytes) -> float:
    """Seconds of the processor to open and read it, the better of two."""
    rounds = []
    for _ in range(2):
        start = time.process_time()
        bench.read(raw)
        rounds.append(time.process_time() - start)
    return min(rounds)


def worst(bench: Bench) -> bool:
    """Prints the slowest of the ugly megabytes; whether all are within the limit."""
    times = {name: timed(bench, shape(MEGABYTE)) for name, shape in (SHAPES | UGLY).items()}
    for name, seconds in sorted(times.items(), key=lambda t: -t[1])[:8]:
        print(f"1 MB of {name:24} {seconds:6.3f} s")
    return max(times.values()) <= MEGABYTE_SECONDS


def main(count: int) -> int:
    """Measures and prints; 1 where a limit is broken."""
    bench = Bench(reading=house.paper_of(Settings()).rulebook.reading, parsers=load_parsers())
    good = [ratios(bench, count), growth(bench), clauses(bench), worst(bench)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
