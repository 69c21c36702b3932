"""Run by test_store_crash.py as a process of its own: works on a mail and is killed at every statement in turn.

    python -m tests.store_crash URL FILE STRIDE

One child for each statement, or each STRIDE-th: it keeps a mail, claims what waits, decides on it, and dies with
SIGKILL when it has come to its statement. After each commit it writes a line to FILE: "kept KEY" or "done NUMBER".
Ends when a child comes through.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from maild.core.effects import Decision, FileMail, Folder
from maild.store import claiming, inbox, numbers
from maild.store.database import Database
from tests import desks
from tests.desks import NOW


def main(url: str, file: str, stride: str) -> None:
    """Kill a child at its first statement, one at its next, and so on."""
    for turn in count(1, int(stride)):
        if (child := os.fork()) == 0:
            die_at(turn)
            work(url, Path(file), turn)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


def die_at(turn: int) -> None:
    """SIGKILL at that statement or commit, before the database hears of it."""
    left = [turn]

    def step(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def work(url: str, file: Path, turn: int) -> None:
    """Keep one mail, then deal with those that wait longest."""
    database = Database(url)
    raw = f"From: a@b.example\r\nMessage-ID: <{turn}@b.example>\r\n\r\nx\r\n".encode()
    arrival = inbox.Arrival(raw=raw, door="smtp", received_at=NOW)
    with database.write() as session:
        inbox.keep(session, [arrival], NOW)
    tell(file, f"kept {arrival.key}")
    with database.write() as session:
        claiming.release_claims(session)
        claimed = claiming.claim(session, 2, NOW)
    for mail in claimed:
        with database.write() as session:
            number = numbers.draw(session, "KP", 2026)
            effects = (desks.new_request(number=number), FileMail(folder=Folder.DONE))
            decision = Decision(effects=effects, auto=True)
            letters = [desks.letter(mail.key, number=number)]
            desks.do(session, *effects, kind="mail", source_id=mail.key, decision=decision, letters=letters)
        tell(file, f"done {number}")


def tell(file: Path, line: str) -> None:
    """One line, written at once: what we told the world."""
    with file.open("a") as out:
        out.write(line + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
