"""Strikes a worker at a chosen system call on the database's files, and counts what was lost or doubled."""

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select

from maild.store.database import Database
from maild.store.tables import HistoryRow, InboxRow, InputRow, OutboxRow, RequestRow

CALLS = ("pwrite64", "fdatasync", "unlink")
MAX_POINT = 400
SECONDS = 120
BUGS = ("NameError", "TypeError", "AttributeError")  # of the harness itself: a strike that fails so proves nothing


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one kind of fault did. `struck`: runs that did not come through."""

    fault: str
    points: int = 0
    struck: int = 0
    lost: int = 0
    doubled: int = 0
    damaged: int = 0

    def line(self) -> str:
        """One line of the table."""
        return f"{self.fault:<34} {self.points:>6} {self.struck:>6} {self.lost:>6} {self.doubled:>8} {self.damaged:>8}"


HEAD = f"{'fault':<34} {'points':>6} {'struck':>6} {'lost':>6} {'doubled':>8} {'damaged':>8}"


class Bench:
    """A database in a folder, and the file of what was told."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'maild.db'}"
        self.told = folder / "told"
        self.told.touch()
        database = Database(self.url)
        database.upgrade()
        database.close()
        self._files = [folder / f"maild.db{end}" for end in ("", "-wal", "-journal", "-shm")]

    def strike(self, call: str, what: str, turn: int, how: str = "") -> bool:
        """One run of the worker with this fault; whether it came through."""
        paths = [word for file in self._files for word in ("-P", str(file))]
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:{what}"]
        worker = [sys.executable, "-m", "tests.faults.worker", self.url, str(self.told), str(turn), how]
        command = ["strace", "-f", "-qq", "-o", "/dev/null", *paths, *inject, *worker]
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False, text=True)
        if any(bug in done.stderr for bug in BUGS):
            raise AssertionError(done.stderr)
        return done.returncode == 0

    def run(self, turn: int) -> None:
        """One run without a fault: everything that waits is dealt with in the end."""
        worker = [sys.executable, "-m", "tests.faults.worker", self.url, str(self.told), str(turn)]
        subprocess.run(worker, check=True, timeout=SECONDS)

    def count(self, tally: Tally) -> Tally:
        """What was told and is not there; what is there twice; what the database finds wrong with itself."""
        told = {line.split()[1] for line in self.told.read_text().splitlines() if line.startswith("kept")}
        database = Database(self.url)
        with database.read() as session:
            kept = set(session.exec(select(InboxRow.key)).all())
            done = session.exec(select(InboxRow.key).where(InboxRow.state == "done")).all()
            sources = Counter(session.exec(select(InputRow.source_id)).all())
            letters = Counter(session.exec(select(OutboxRow.cause)).all())
            requests, steps = (
                len(session.exec(select(RequestRow.id)).all()),
                len(session.exec(select(HistoryRow.id)).all()),
            )
        tally.lost = len(told - kept) + len(set(done) - sources.keys())
        tally.doubled = sum(n - 1 for n in (*sources.values(), *letters.values())) + abs(requests - len(done))
        tally.doubled += abs(steps - requests)
        tally.damaged = len(database.check())
        database.close()
        return tally


def strike_at(bench: Bench, call: str, what: str, tally: Tally, points: range, how: str = "") -> None:
    """Strikes at these calls in turn until a run comes through before its point; `what` has {n} for the number."""
    for n in points:
        tally.points += 1
        if bench.strike(call, what.format(n=n), n, how):
            return
        tally.struck += 1
