"""The folder in which the library system leaves its CSV files: each is checked whole, carried out once, moved aside.

A file with a mistake changes nothing. One that the end of the daemon broke off is taken up again: a line that was dealt
with is known by its key, so nothing is done twice, and the same file a second time does nothing.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import structlog

from maild.core import library_system as core
from maild.core.effects import Command
from maild.core.library_system import Cells, Kind, Line
from maild.core.rules import Refused
from maild.process import Desk
from maild.store import library_system as store
from maild.store import records
from maild.store.database import Database

log = structlog.get_logger()

DONE, REFUSED = "done", "refused"  # folders beside the files
MAX_BYTES = 20 * 2**20
WRITTEN = timedelta(seconds=30)  # a file that was changed since may not be whole yet
OF_PATRONS = frozenset({Kind.BLOCK, Kind.UNBLOCK})
ACTOR = "library system"


class NoFolder(Exception):
    """The folder is not there, or we may not write into it."""


def take_files(desk: Desk, database: Database, folder: Path) -> int:
    """Deals with every whole file in the folder, oldest name first; how many. Raises NoFolder."""
    if not folder.is_dir():
        raise NoFolder(f"{folder}: no such folder; make it, or unset library_system.folder")
    whole = [file for file in sorted(folder.glob("*.csv")) if file.is_file() and _is_whole(file, desk.now())]
    for file in whole:
        _move(file, take_file(desk, database, file))
    return len(whole)


def take_file(desk: Desk, database: Database, file: Path) -> tuple[str, ...]:
    """Carries out what the file reports, or nothing where it has mistakes: these."""
    try:
        rows = _rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        return _refused(desk, database, file, (f"{err}; save it as CSV in UTF-8, of at most {MAX_BYTES // 2**20} MB",))
    found, problems = core.lines(rows, desk.rules.reported, desk.rules.site.zone)
    if problems:
        return _refused(desk, database, file, tuple(problems))
    fates = Counter(_carry_out(desk, database, line, file.name) for line in found)
    log.info("library_system.taken", file=file.name, lines=len(found), **fates)
    return ()


def _carry_out(desk: Desk, database: Database, line: Line, name: str) -> str:
    """What became of the line: done, known, not_ours or asked. One that is not ours may be so tomorrow."""
    with database.read() as session:
        if store.is_known(session, line.key):
            return "known"
    fate = _of_patron(desk, database, line) if line.kind in OF_PATRONS else _of_loan(desk, database, line, name)
    if fate != "not_ours":
        with database.write() as session:
            store.note(session, line.key, desk.now())
    return fate


def _of_patron(desk: Desk, database: Database, line: Line) -> str:
    return block(desk, database, line.card, blocked=line.kind is Kind.BLOCK)


def _of_loan(desk: Desk, database: Database, line: Line, name: str) -> str:
    told = f"{name}, line {line.place}: {line.kind} of {line.item or line.number} at {line.at:%Y-%m-%d %H:%M}"
    with database.read() as session:
        found = store.open_requests(session, line.item, line.number)
        patron = records.patron_of(session, found[0]) if len(found) == 1 else None
        moved = store.moved_at(session, found[0].id, ACTOR) if len(found) == 1 else None
    if len(found) > 1:
        numbers = " and ".join(request.number for request in found)
        return _ask(desk, database, "", f"{told}: {numbers} have it; which is meant?")
    if not found or core.is_before(line, found[0], desk.rules.site.zone):
        return "not_ours"
    request = found[0]
    event = core.event_for(line.kind, line.item, request)
    if event is None:
        return "known"
    command = f"maild request do {request.number} {event.event}"
    if core.of_another(line, patron):
        return _ask(desk, database, request.number, f"{told}: to another card than its patron's.", command)
    if core.is_overtaken(line, moved, desk.rules.site.zone):
        return _ask(desk, database, request.number, f"{told}: it came to {request.status} only after that.", command)
    try:
        desk.command(Command(number=request.number, event=event, actor=ACTOR, by="house", id=line.key))
    except Refused as err:
        return _ask(desk, database, request.number, f"{told}: {err}", command)
    return "done"


def block(desk: Desk, database: Database, card: str, *, blocked: bool) -> str:
    """The patron of that card is blocked, or no longer; staff are told of loans that were to go to the office."""
    with database.write() as session:
        patron = store.block(session, card, desk.now(), blocked=blocked)
        if not patron:
            return "known" if store.has_card(session, card) else "not_ours"
        for request in store.open_of_patron(session, patron) if blocked else ():
            if core.waits_now(request):
                text = (
                    f"{request.number}: the patron is blocked now: it waits at the desk, and does not go to the office."
                )
                store.ask(session, request.number, text, (f"maild request show {request.number}",), desk.now())
    return "done"


def _ask(desk: Desk, database: Database, number: str, text: str, *commands: str) -> str:
    with database.write() as session:
        store.ask(session, number, text, commands, desk.now())
    return "asked"


def _refused(desk: Desk, database: Database, file: Path, problems: tuple[str, ...]) -> tuple[str, ...]:
    """Staff are told of every mistake; nothing of the file is done."""
    with database.write() as session:
        store.ask(session, "", f"{file.name}: nothing of it was taken in. {' '.join(problems[:20])}", (), desk.now())
    log.error("library_system.refused", file=file.name, problems=len(problems))
    return problems


def _rows(file: Path) -> Sequence[Cells]:
    """The lines of the file, comma or semicolon between cells."""
    if file.stat().st_size > MAX_BYTES:
        raise OSError(f"{file.stat().st_size} bytes")
    text = file.read_text("utf-8-sig")
    head = text.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="", strict=True))


def _is_whole(file: Path, now: datetime) -> bool:
    return now - datetime.fromtimestamp(file.stat().st_mtime, UTC) >= WRITTEN


def _move(file: Path, problems: Sequence[str]) -> None:
    """Aside, beside a list of its mistakes where there are any; one of the same name is not written over."""
    aside = file.parent / (REFUSED if problems else DONE)
    aside.mkdir(exist_ok=True)
    names = (aside / f"{file.stem}{f'-{n}' if n else ''}{file.suffix}" for n in count())
    place = next(name for name in names if not name.exists())
    file.rename(place)
    if problems:
        place.with_suffix(".txt").write_text("\n".join(problems) + "\n", "utf-8")
