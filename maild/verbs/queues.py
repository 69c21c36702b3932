"""queue list, show, retry, drop, settle, hold, release."""

import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer
from sqlmodel import Session

from maild.clock import SystemClock
from maild.core.counted import counted
from maild.store import looking, outbox, requests, settling
from maild.verbs.configured import settings_of
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of


def show_list(config: Path | None, *, as_json: bool) -> None:
    """Mails set aside, letters that wait or failed, and what waits for staff."""
    with database_of(settings_of(config)) as database, database.read() as session:
        aside, letters, tasks = looking.aside(session), outbox.unsent(session), requests.tasks(session)
    if as_json:
        told = {
            "aside": [asdict(one) for one in aside],
            "letters": [asdict(one) for one in letters],
            "tasks": [asdict(one) for one in tasks],
        }
        typer.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    for mail in aside:
        typer.echo(f"mail {mail.id}  set aside after {mail.tries} tries  {mail.trace.strip().rpartition(chr(10))[2]}")
    for letter in letters:
        typer.echo(f"letter {letter.id}  {letter.state}  {letter.letter} {letter.number}  {letter.last_error}".rstrip())
    for task in tasks:
        about = task.number or (f"mail {task.mail_id}" if task.mail_id else "")
        typer.echo(f"task {task.id}  {about}  {task.reason}: {task.text}")


def show(config: Path | None, mail: int, *, raw: bool) -> None:
    """One mail: its state and traceback, or its bytes. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.read() as session:
        found, content = looking.look(session, mail), looking.raw_of(session, mail)
    if found is None or content is None:
        raise NotFound(f"no mail {mail}; see `maild queue list`")
    if raw:
        sys.stdout.buffer.write(content)
        return
    for key, value in asdict(found).items():
        typer.echo(f"{key}: {value}")


def retry(config: Path | None, number: int, *, letter: bool) -> None:
    """The mail or letter waits again. Raises NotFound."""
    now = SystemClock().now()
    with database_of(settings_of(config)) as database, database.write() as session:
        if letter:
            done = outbox.retry(session, number, now)
        else:
            done = settling.retry(session, number) or settling.read_again(session, number, getpass.getuser(), now)
        if not done:
            raise _not_there(
                number, letter=letter, state="failed" if letter else "set aside, or left to staff and waits"
            )
    typer.echo(f"{_name(number, letter=letter)} is tried again")


def drop(config: Path | None, what: str, *, letter: bool) -> None:
    """The mail or letter, or the held letters of a request, are left alone for good. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.write() as session:
        if not what.isdecimal():
            for held in _held_letters(session, [what]):
                outbox.drop(session, held)
                typer.echo(f"{_name(held, letter=True)} is left alone; its bytes are kept")
            return
        number = int(what)
        done = outbox.drop(session, number) if letter else settling.drop(session, number, SystemClock().now())
        if not done:
            raise _not_there(number, letter=letter, state="waiting or held" if letter else "set aside")
    typer.echo(f"{_name(number, letter=letter)} is left alone; its bytes are kept")


def settle(config: Path | None, task: int) -> None:
    """The task waits no longer. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.write() as session:
        if not requests.settle(session, task, getpass.getuser(), SystemClock().now()):
            raise NotFound(f"no task {task} waits; see `maild queue list`")
    typer.echo(f"task {task} is settled")


def hold(config: Path | None) -> None:
    """Every letter that waits is held: after a restore that maild did not do itself, say."""
    with database_of(settings_of(config)) as database, database.write() as session:
        held = outbox.hold_all(session)
    typer.echo(f"{counted(held, 'letter')} held; `maild queue release` lets go what is held")


def release(config: Path | None, which: list[str]) -> None:
    """Held letters may go out: these, those of these requests, or all. Raises NotFound where one is not held."""
    with database_of(settings_of(config)) as database, database.write() as session:
        wanted = _held_letters(session, which)
        released = outbox.release(session, wanted, SystemClock().now())
        if released < len(set(wanted)):
            raise NotFound("not all of these letters are held, so none was released; see `maild queue list`")
    typer.echo(f"{counted(released, 'letter')} may go out")


def _held_letters(session: Session, which: list[str]) -> list[int]:
    """The held letters of these requests and those of these ids; all that are held where none is named.

    Raises NotFound for a request that has none.
    """
    held = [one for one in outbox.unsent(session) if one.state == "held"]
    if not which:
        return [one.id for one in held]
    found: list[int] = []
    for word in which:
        of_request = [one.id for one in held if one.number == word.upper()]
        if not word.isdecimal() and not of_request:
            raise NotFound(f"no letter of {word} is held; see `maild queue list`")
        found += of_request or [int(word)]
    return found


def _name(number: int, *, letter: bool) -> str:
    return f"letter {number}" if letter else f"mail {number}"


def _not_there(number: int, *, letter: bool, state: str) -> NotFound:
    return NotFound(f"{_name(number, letter=letter)} is not {state}; see `maild queue list`")
