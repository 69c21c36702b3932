"""What most verbs begin with: the settings, and the parts of the house that they need."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from maild import house
from maild.clock import SystemClock
from maild.configuration import find, load
from maild.core.rules import Refused
from maild.process import Desk
from maild.reader import InProcessReader
from maild.settings import Settings
from maild.store.database import Database
from maild.verbs.failures import NoConfiguration


def settings_of(config: Path | None) -> Settings:
    """The Settings of the configuration file. Raises NoConfiguration where there is none."""
    path = find(config)
    if path is None:
        raise NoConfiguration(
            "no configuration: give --config FILE, set $MAILD_CONFIG or write /etc/maild/maild.toml; "
            "`maild config example` prints one, and `maild demo` needs none"
        )
    return load(path)


def settings_or_defaults(config: Path | None) -> Settings:
    """The same, or the built-in defaults for verbs that change nothing."""
    path = find(config)
    return load(path) if path is not None else Settings()


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database, closed afterwards."""
    database = Database(settings.database.url.get_secret_value())
    try:
        yield database
    finally:
        database.close()


@contextmanager
def desk_of(settings: Settings, database: Database) -> Iterator[Desk]:
    """A Desk for commands by hand: it reads no foreign mail, so it needs no reader process."""
    paper = house.paper_of(settings)
    keys = house.reply_keys(settings)
    desk = Desk(
        database=database,
        reader=InProcessReader(paper.rulebook.reading),
        rulebook=paper.rulebook,
        composer=house.composer_of(settings, paper.letters, keys),
        identity=house.identity_of(settings, keys),
        clock=SystemClock(),
    )
    with _warnings_only():
        yield desk


@contextmanager
def _warnings_only() -> Iterator[None]:
    """Whoever types a command is told what it did; the daemon's journal is not for them."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(**before)


def midnight_of(day: str, zone: ZoneInfo) -> datetime:
    """The moment at which a day as people write it begins. Raises Refused for what is none."""
    try:
        return datetime.combine(date.fromisoformat(day), time(), zone)
    except ValueError as err:
        raise Refused(f"{day!r} is no day; write it like 2026-11-01") from err
