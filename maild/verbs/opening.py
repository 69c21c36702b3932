"""The parts of the house that most verbs need."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import structlog

from maild import house
from maild.clock import SystemClock
from maild.core.rules import Refused
from maild.process import Desk
from maild.reader import Reader
from maild.settings import Settings
from maild.store.database import Database


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
    """A Desk for commands by hand: its reader process only starts for one that sends on a file out of a mail."""
    paper = house.paper_of(settings)
    keys = house.reply_keys(settings)
    reader = Reader(paper.rulebook.files, paper.rulebook.rules.site, settings.our_addresses)
    desk = Desk(
        database=database,
        reader=reader,
        rulebook=paper.rulebook,
        composer=house.composer_of(settings, paper.letters, keys),
        identity=house.identity_of(settings, keys),
        clock=SystemClock(),
    )
    try:
        with _warnings_only():
            yield desk
    finally:
        reader.close()


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
