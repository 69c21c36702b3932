"""What the faults strike: one process that keeps a mail, says so, and deals with what waits.

    python -m tests.faults.worker URL FILE TURN [careless]

`careless` is the control: it says that a mail is kept before the database has it.
"""

import sys
from pathlib import Path

from maild.core.effects import Decision, FileMail, Folder
from maild.store import inbox, numbers
from maild.store.database import Database
from tests import desks
from tests.desks import NOW


def main(url: str, file: str, turn: str, how: str = "") -> None:
    """One mail in, and those that wait longest dealt with."""
    told = Path(file)
    raw = f"From: a@b.example\r\nMessage-ID: <{turn}@b.example>\r\n\r\nx\r\n".encode()
    arrival = inbox.Arrival(raw=raw, door="smtp", received_at=NOW)
    database = Database(url)
    if how == "careless":
        tell(told, f"kept {arrival.key}")
    with database.write() as session:
        inbox.keep(session, [arrival], NOW)
    if how != "careless":
        tell(told, f"kept {arrival.key}")
    with database.write() as session:
        inbox.release_claims(session)
        claimed = inbox.claim(session, 2, NOW)
    for mail in claimed:
        with database.write() as session:
            number = numbers.draw(session, "KP", 2026)
            effects = (desks.new_request(number=number), FileMail(folder=Folder.DONE))
            letters = [desks.letter(mail.key, number=number)]
            decision = Decision(effects=effects, auto=True)
            desks.do(session, *effects, kind="mail", source_id=mail.key, decision=decision, letters=letters)
        tell(told, f"done {mail.key}")


def tell(file: Path, line: str) -> None:
    """One line: what the world was told."""
    with file.open("a") as out:
        out.write(line + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
