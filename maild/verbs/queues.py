"""queue list, show, retry, drop."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from maild.clock import SystemClock
from maild.store import inbox, outbox, requests
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of, settings_of


def show_list(config: Path | None, *, as_json: bool) -> None:
    """Mails set aside, letters that wait or failed, and what waits for staff."""
    with database_of(settings_of(config)) as database, database.read() as session:
        aside, letters, tasks = inbox.aside(session), outbox.unsent(session), requests.tasks(session)
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
        found, content = inbox.look(session, mail), inbox.raw_of(session, mail)
    if found is None or content is None:
        raise NotFound(f"no mail {mail}; see `maild queue list`")
    if raw:
        sys.stdout.buffer.write(content)
        return
    for key, value in asdict(found).items():
        typer.echo(f"{key}: {value}")


def retry(config: Path | None, mail: int) -> None:
    """The mail waits again. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.write() as session:
        if not inbox.retry(session, mail):
            raise NotFound(f"mail {mail} is not set aside; see `maild queue list`")
    typer.echo(f"mail {mail} is tried again")


def drop(config: Path | None, mail: int) -> None:
    """The mail is left alone for good. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.write() as session:
        if not inbox.drop(session, mail, SystemClock().now()):
            raise NotFound(f"mail {mail} is not set aside; see `maild queue list`")
    typer.echo(f"mail {mail} is left alone; its bytes are kept")
