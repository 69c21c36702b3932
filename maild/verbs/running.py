"""run, once, clock, db upgrade."""

import logging
import sys
from pathlib import Path

import structlog
import typer

from maild import daemon
from maild.clock import SystemClock
from maild.notices.leap import COMMAND, told
from maild.store import ticks
from maild.verbs.failures import PROBLEMS
from maild.verbs.opening import database_of, settings_of


def run(config: Path | None) -> None:
    """The daemon, until it is told to stop."""
    log_to_stderr()
    daemon.run(settings_of(config), SystemClock())


def once(config: Path | None) -> None:
    """Whatever there is to do now."""
    log_to_stderr()
    daemon.once(settings_of(config), SystemClock())


def clock(config: Path | None, *, confirm: bool) -> int:
    """Says whether the clock leapt, 1 where it did; or that it is right all the same."""
    now = SystemClock().now()
    with database_of(settings_of(config)) as database:
        with database.read() as session:
            leapt = ticks.leap(session, now)
        if leapt is not None and not confirm:
            typer.echo(f"{told(leapt, now)}\n{COMMAND}")
            return PROBLEMS
        with database.write() as session:
            ticks.note(session, now)
    typer.echo(f"{now:%Y-%m-%d %H:%M} UTC it is")
    return 0


def upgrade(config: Path | None) -> None:
    """The database at this version's schema."""
    with database_of(settings_of(config)) as database:
        database.upgrade()


def log_to_stderr() -> None:
    """One JSON object a line for the journal. aiosmtpd logs addresses and, at debug, whole mails: not below warning."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # aiosmtpd logs unknown commands as they were said, at warning: a stranger's words have no place in the journal.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
