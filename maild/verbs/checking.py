"""check, status, rules check, rules show, letters check."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import aiosmtplib
import typer
from imapclient import IMAPClient
from sqlalchemy.exc import SQLAlchemyError

from maild import health, house, shipped
from maild.clock import SystemClock
from maild.configuration import WrongSettings, find, load
from maild.core import letter_rules
from maild.core.counted import counted
from maild.core.problems import Problem
from maild.credentials import NoCredential, credential_of
from maild.intake.imap_session import ImapSession
from maild.letters import check as letter_check
from maild.post.transport import ToSmarthost
from maild.reading.examples import failing_examples
from maild.rulebook import WrongRules, read_files
from maild.settings import Mailbox, Settings
from maild.verbs.configured import settings_of, settings_or_defaults
from maild.verbs.failures import CONFIGURATION, PROBLEMS, NoConfiguration, NotFound
from maild.verbs.opening import database_of


def check(config: Path | None, *, offline: bool, as_json: bool) -> int:
    """Everything that could stop maild from working, all at once. 78 for files, 1 for servers and the database."""
    path = find(config)
    if path is None:
        raise NoConfiguration("no configuration to check; `maild config example` prints one")
    try:
        settings = load(path)
    except WrongSettings as err:
        # The settings name the folders of the site's own rules: without them only the shipped rules could be checked.
        return _tell(err.problems, as_json, CONFIGURATION)
    wrong = [*_rules_problems(settings), *_letters_problems(settings), *house.secret_problems(settings, str(path))]
    wrong += _command_problems(settings, str(path))
    if wrong:
        return _tell(wrong, as_json, CONFIGURATION)
    failing = [*_database_problems(settings), *([] if offline else _server_problems(settings, str(path)))]
    return _tell(failing, as_json, PROBLEMS)


def rules_check(config: Path | None, *, as_json: bool) -> int:
    """Every mistake in every rule file."""
    return _tell(_rules_problems(settings_or_defaults(config)), as_json, PROBLEMS)


def letters_check(config: Path | None, *, as_json: bool) -> int:
    """Every mistake in every letter."""
    return _tell(_letters_problems(settings_or_defaults(config)), as_json, PROBLEMS)


def rules_show(config: Path | None, name: str, *, origin: bool) -> None:
    """A merged rule file as JSON, and with `origin` the files that it was merged from. Raises NotFound."""
    files, _ = read_files(settings_or_defaults(config).own.rules)
    file = files.get(f"{name.removesuffix('.toml')}.toml")
    if file is None:
        raise NotFound(f"no rule file {name}; there are: {', '.join(sorted(files))}")
    if origin:
        for path in file.origins:
            typer.echo(f"# {path}")
    typer.echo(json.dumps(file.data, ensure_ascii=False, indent=2, default=str))


def _tell(problems: Iterable[Problem], as_json: bool, code: int) -> int:
    found = list(dict.fromkeys(problems))
    if as_json:
        typer.echo(json.dumps({"problems": [asdict(p) for p in found]}, ensure_ascii=False))
    else:
        for problem in found:
            typer.echo(str(problem), err=True)
        typer.echo(counted(len(found), "problem") if found else "all is well")
    return code if found else 0


def _rules_problems(settings: Settings) -> list[Problem]:
    """Mistakes in the rules; where there are none, the examples of each lexicon that the site adds to are tried."""
    try:
        rulebook = house.paper_of(settings).rulebook
        lexicons = rulebook.reading.lexicons
    except WrongRules as err:
        return err.problems
    own = {
        name: file
        for name, file in rulebook.files.items()
        if not Path(file.origins[-1]).is_relative_to(shipped("rules"))
    }
    failing = failing_examples(own, lexicons)
    return [replace(problem, file=own[problem.file].origins[-1]) for problem in failing]


def _letters_problems(settings: Settings) -> list[Problem]:
    files, _ = read_files(settings.own.rules)
    rules, problems = letter_rules.load(files)
    if rules is None:
        return problems
    return letter_check.check(house.letters_of(settings, rules))


def _command_problems(settings: Settings, path: str) -> Iterator[Problem]:
    command = settings.holdings.command
    if command and shutil.which(command[0]) is None:
        what = f"{command[0]} is not there, or cannot be run"
        yield Problem(file=path, place="holdings.command", what=what, way_out="name a program by its whole path")


def _database_problems(settings: Settings) -> list[Problem]:
    with database_of(settings) as database:
        where = database.url.render_as_string(hide_password=True)
        try:
            found = database.check()
        except SQLAlchemyError as err:
            found = [f"cannot be reached: {err}"]
    return [
        Problem(file=where, place="database", what=what, way_out="see docs/operating.md, Database") for what in found
    ]


def _server_problems(settings: Settings, path: str) -> Iterator[Problem]:
    for i, mailbox in enumerate(settings.imap):
        if (wrong := _failure(partial(_log_in, mailbox))) is not None:
            yield Problem(
                file=path, place=f"imap.{i} ({mailbox.host})", what=wrong, way_out="mend host, port, tls or login"
            )
    if settings.post.host is not None and (wrong := _failure(lambda: asyncio.run(_greet(settings)))) is not None:
        yield Problem(
            file=path, place=f"post ({settings.post.host})", what=wrong, way_out="mend host, port, tls or login"
        )


def _failure(work: Callable[[], None]) -> str | None:
    try:
        work()
    except (OSError, NoCredential, IMAPClient.Error, aiosmtplib.SMTPException) as err:
        return f"{type(err).__name__}: {err}"[:300]
    return None


def _log_in(mailbox: Mailbox) -> None:
    with ImapSession(mailbox, credential_of(mailbox)) as session:
        session.select(mailbox.folder)


async def _greet(settings: Settings) -> None:
    transport = ToSmarthost(settings.post)
    try:
        await transport.connect()
    finally:
        await transport.close()


def status(config: Path | None, *, as_json: bool, as_metrics: bool = False) -> int:
    """What waits, what failed, what was set aside, what the daemon last did; 1 where somebody should look."""
    settings = settings_of(config)
    with database_of(settings) as database:
        found = health.health(database, health.read_pulse(settings.data), SystemClock().now())
    if as_json:
        typer.echo(health.as_json(found))
    elif as_metrics:
        typer.echo(health.as_metrics(found), nl=False)
    else:
        typer.echo(f"mails: {_counts(found.mails)}; letters: {_counts(found.letters)}; for staff: {found.tasks}")
        for name, seconds in found.ages.items():
            typer.echo(f"{name}: {seconds} s")
        for problem in found.problems:
            typer.echo(f"PROBLEM {problem}")
    return PROBLEMS if found.problems else 0


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {state}" for state, n in sorted(counts.items())) or "none"
