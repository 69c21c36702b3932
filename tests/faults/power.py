"""The power is cut between any two writes of a round: what was not synced is gone, or there in part (P3).

strace's log of the round is the disk's history. For each moment the database's files are made again as a disk may hold
them: what was synced, and of what was written since then nothing, all, or a random part, sector by sector.
"""

import codecs
import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from maild.reading.guard import mail_key
from maild.store import database
from maild.store.database import Database
from tests.faults.child import Strike
from tests.faults.lane import Lane
from tests.faults.life import Change
from tests.faults.table import Row

CALLS = "pwrite64,ftruncate,fsync,fdatasync,unlink,rename,sendto"
LINE = re.compile(r"^\d+ +(\w+)\((.*)\) = (-?\d+)", re.MULTILINE)
FILE = re.compile(r"\d+<([^>]*)>")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
KEPT = "250 2.0.0 kept"
SECTOR = 512
CHANCES = 3  # of each moment, with a random part of what was not synced
FILES = ("maild.db", "maild.db-wal")


@dataclass(slots=True, kw_only=True)
class File:
    """A file as the disk has it, and what was written to it since."""

    synced: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes]] = field(default_factory=list)  # an offset and bytes; no bytes: cut to that length

    def sync(self) -> None:
        """What was written is on the disk."""
        self.synced = self.after(1.0, random.Random(0))
        self.since = []

    def after(self, share: float, chance: random.Random) -> bytearray:
        """Its bytes where this share of the sectors written since then has reached the disk."""
        found = bytearray(self.synced)
        for offset, data in self.since:
            if not data:
                del found[offset:]
            for start in range(0, len(data), SECTOR):
                if chance.random() < share:
                    part = data[start : start + SECTOR]
                    found.extend(bytes(max(0, offset + start + len(part) - len(found))))
                    found[offset + start : offset + start + len(part)] = part
        return found


@dataclass(slots=True, kw_only=True)
class Disk:
    """The database's files, and what was told to the world: mails that got their 250, letters that went out."""

    files: dict[str, File]
    kept: int = 0
    sent: set[str] = field(default_factory=set)

    def happen(self, call: str, arguments: str) -> bool:
        """One call of the log; whether it changed anything that matters here."""
        where = FILE.search(arguments)
        name = Path(where[1]).name if where else ""
        texts = [codecs.escape_decode(text.encode())[0] for text in TEXT.findall(arguments)]
        if call == "sendto" and texts and texts[0].startswith(KEPT.encode()):
            self.kept += 1
        elif call == "rename" and texts[-1].endswith(b".maild"):
            self.sent.add(texts[-1].decode().split(".")[-2])
        elif call == "unlink" and Path(texts[0].decode()).name in self.files:
            self.files[Path(texts[0].decode()).name] = File()
        elif name not in self.files:
            return False
        elif call == "pwrite64":
            self.files[name].since.append((int(arguments.rpartition(", ")[2]), texts[0]))
        elif call == "ftruncate":
            self.files[name].since.append((int(arguments.rpartition(", ")[2]), b""))
        else:
            self.files[name].sync()
        return True


def row(lane: Lane, *, every: int = 1) -> Row:
    """Every moment of a round, and beside it a database that does not sync what it commits."""
    moments, lost = cut(lane, every=every)
    careless_moments, careless = cut(lane, do_not_sync, every=every)
    return Row(
        claim=f"power cut between any two writes of a round on SQLite, {CHANCES + 2} states of the disk each",
        control=f"synchronous=NORMAL: something lost at {len(careless)} of {careless_moments} moments",
        figure=f"{moments} moments, {len(lost)} at which the database was damaged, or a mail that got its 250 or a"
        " letter that went out was not in it" + "".join(f"; {one}" for one in lost[:3]),
        held=moments > 0 and not lost and bool(careless),
    )


def do_not_sync() -> None:
    """The control."""
    database.WRITING = tuple(p.replace("FULL", "NORMAL") for p in database.WRITING)
    Database.must_be_safe = lambda _: None  # type: ignore[method-assign]  # else it would not start


def cut(lane: Lane, change: Change | None = None, *, every: int = 1) -> tuple[int, list[str]]:
    """At how many moments of a round the power was cut, and what was lost then."""
    log = lane.record(Strike(call=CALLS, more=("-y", "-s", "200000")), change)
    keys = [mail_key(raw) for raw in lane.pushed]
    start = {name: lane.prepared / name for name in FILES}
    disk = Disk(files={n: File(synced=bytearray(p.read_bytes() if p.exists() else b"")) for n, p in start.items()})
    moments, tried, lost = 0, 0, list[str]()
    for call, arguments, result in LINE.findall(log):
        if int(result) < 0 or not disk.happen(call, arguments):
            continue
        moments += 1
        if moments % every:
            continue
        tried += 1
        wrong = [one for files in _states(disk, moments) for one in _missing(files, keys[: disk.kept], disk.sent)]
        lost += [f"moment {moments}, after {call}: {wrong[0]}"] if wrong else []
    return tried, lost


def _states(disk: Disk, seed: int) -> Iterator[dict[str, bytes]]:
    """The files as a disk may hold them at this moment."""
    for number, share in enumerate((0.0, 1.0, *[0.5] * CHANCES)):
        chance = random.Random(seed * 10 + number)
        yield {name: bytes(file.after(share, chance)) for name, file in disk.files.items()}


def _missing(files: dict[str, bytes], keys: list[str], letters: set[str]) -> list[str]:
    """What is wrong with a database that is opened again."""
    with TemporaryDirectory(dir="/dev/shm") as folder:
        for name, content in files.items():
            if content or name == FILES[0]:
                (Path(folder) / name).write_bytes(content)
        try:
            with closing(sqlite3.connect(Path(folder) / FILES[0])) as opened:
                found = [line for (line,) in opened.execute("PRAGMA quick_check") if line != "ok"]
                there = {key for (key,) in opened.execute("SELECT key FROM inbox")}
                known = {
                    sha256(one.encode()).hexdigest()[:32] for (one,) in opened.execute("SELECT message_id FROM outbox")
                }
        except sqlite3.DatabaseError as err:
            return [f"it does not open: {err}"]
    found += [f"mail {key[:8]} is not there" for key in keys if key not in there]
    return found + [f"letter {one[:8]} is not known" for one in letters - known]
