"""The reader process dies, hangs or starves on purpose: the daemon's work goes on, and staff are told once (P19)."""

import os
import signal
import sys
import threading
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from maild.clock import SystemClock
from maild.process import Desk
from maild.reader import Reader
from maild.rulebook import policy_of, read_files
from maild.settings import Settings
from maild.store import inbox, settling
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.settling import MAX_TRIES
from maild.store.tables import InboxRow, OutboxRow, TaskRow
from tests.desk_parts import database_of, desk_of, rows, settings_in
from tests.faults.table import Row

POISONS = ("die", "hang", "eat")
OTHERS = 30
OBEDIENT = Path(__file__).parent.parent / "reader_child.py"
WALL_SECONDS = 3.0
KILLS, KILL_SECONDS = 2, 0.02  # a third one could hit the same mail, which is then set aside as it must be


def row() -> Row:
    """Mails that bring their reader down, among others; then a reader that is killed from outside."""
    states, tries, told = _poisoned(POISONS, MAX_TRIES)
    aside = [number for number, state in states.items() if state == "aside"]
    others = sum(state == "done" for state in states.values())
    killed, left = _killed_from_outside()
    _, without, _ = _poisoned(POISONS[:1], 10**6)
    return Row(
        claim="a reader that dies, hangs or starves at a mail; one that is killed from outside",
        control=f"no limit of tries: the mail was tried {max(without.values())} times, and would be for ever",
        figure=f"{len(aside)} of {len(POISONS)} mails aside after {MAX_TRIES} tries, staff told"
        f" {max(told.values())} time of each, {others} of {OTHERS} others done; killed {killed} times:"
        f" {left} of {OTHERS} mails not done",
        held=len(aside) == len(POISONS)
        and all(tries[number] == MAX_TRIES for number in aside)
        and set(told.values()) == {1}
        and others == OTHERS
        and left == 0
        and killed > 0
        and max(without.values()) > MAX_TRIES,
    )


def _poisoned(poisons: tuple[str, ...], max_tries: int) -> tuple[dict[int, str], dict[int, int], Counter[int]]:
    """States and tries of mails, and how often staff were told of each."""
    with TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        command = (sys.executable, str(OBEDIENT))
        with closing(_reader(settings, command)) as reader, database_of(settings) as database:
            subjects = [f"good {n}" for n in range(OTHERS)]
            subjects[5:5] = poisons
            _keep(database, subjects)
            desk = desk_of(settings, database, SystemClock(), reader)
            limit, settling.MAX_TRIES = settling.MAX_TRIES, max_tries
            try:
                _work(desk, rounds=MAX_TRIES + 1)
            finally:
                settling.MAX_TRIES = limit
            with database.read() as session:
                mails = rows(session, InboxRow)
                told = Counter(task.mail_id for task in rows(session, TaskRow) if task.reason == "unreadable")
                letters = Counter(o.cause for o in rows(session, OutboxRow) if "aside:" in o.cause)
            told.update({-n: times for n, times in enumerate(letters.values(), 1)})
            return {m.id: m.state for m in mails}, {m.id: m.tries for m in mails}, told  # type: ignore[misc]  # rows


def _killed_from_outside() -> tuple[int, int]:
    """How often the real reader was killed while it worked, and how many mails were not done in the end."""
    with TemporaryDirectory() as folder:
        settings = settings_in(Path(folder))
        reader = Reader(read_files()[0], policy_of(settings), settings.our_addresses)
        ending, killed = threading.Event(), Counter[str]()

        def kill() -> None:
            while killed["reader"] < KILLS and not ending.wait(KILL_SECONDS):
                child = reader._child
                if child is not None:
                    with suppress(ProcessLookupError):
                        os.kill(child.pid, signal.SIGKILL)
                        killed["reader"] += 1

        with closing(reader), database_of(settings) as database:
            _keep(database, [f"good {n}" for n in range(OTHERS)])
            desk = desk_of(settings, database, SystemClock(), reader)
            desk.warm_up()
            killer = threading.Thread(target=kill)
            killer.start()
            _work(desk, rounds=10**3)
            ending.set()
            killer.join()
            with database.read() as session:
                left = sum(row.state != "done" for row in rows(session, InboxRow))
        return killed["reader"], left


def _work(desk: Desk, rounds: int) -> None:
    """Rounds of work, taken up again where a reader could not be started."""
    for _ in range(rounds):
        try:
            if not desk.work():
                return
        except Exception:  # the daemon says so and goes on
            desk.recover()


def _reader(settings: Settings, command: tuple[str, ...]) -> Reader:
    files = read_files()[0]
    return Reader(files, policy_of(settings), settings.our_addresses, command=command, wall_seconds=WALL_SECONDS)


def _keep(database: Database, subjects: list[str]) -> None:
    now = SystemClock().now()
    raws = [
        f"Message-ID: <{n}@x.example>\r\nFrom: a@b.example\r\nSubject: {s}\r\n\r\n{n}\r\n"
        for n, s in enumerate(subjects)
    ]
    with database.write() as session:
        inbox.keep(session, [Arrival(raw=raw.encode(), door="smtp", received_at=now) for raw in raws], now)
