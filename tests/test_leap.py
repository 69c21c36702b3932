"""A clock that leaps: no year's worth of notices, nothing erased, no mail decided, until it is right or confirmed."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.clock import WoundClock
from maild.daemon.lifecycle import Daemon
from maild.health import health
from maild.notices.leap import COMMAND, is_sure_of_time
from maild.settings import Settings
from maild.store import ticks
from maild.store.database import Database
from maild.store.tables import InboxRow, NoticeRow, OutboxRow
from tests.desk_parts import NOW, database_of, desk_of, form, keep, rows, settings_in

A_YEAR, A_DAY = timedelta(days=365), timedelta(days=1)
QUESTION = b"From: a@b.example\r\nMessage-ID: <q@b.example>\r\nSubject: Moi\r\n\r\nMilloin olette auki?\r\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A desk with a request at a supplier's and a mail about nothing, and the clock believed."""
    made = settings_in(tmp_path)
    with database_of(made) as database:
        keep(database, form(1), QUESTION)
        desk_of(made, database).work()
        with database.write() as session:
            ticks.note(session, NOW)
    return made


def done(database: Database) -> tuple[int, int, int]:
    """How many notices were decided about, mails dealt with, and mails erased."""
    with database.read() as session:
        noticed = sum(row.state != "planned" for row in rows(session, NoticeRow))
        mails = rows(session, InboxRow)
        return noticed, sum(row.state == "done" for row in mails), sum(row.raw == b"" for row in mails)


def told(database: Database) -> list[bytes]:
    """The letters to staff that name the command."""
    with database.read() as session:
        return [row.raw for row in rows(session, OutboxRow) if COMMAND.encode() in row.raw]


async def test_by_a_clock_that_leapt_nothing_is_sent_erased_or_decided(settings: Settings) -> None:
    clock = WoundClock(NOW)
    daemon = Daemon(settings, clock)
    async with daemon.opened():
        before = done(daemon.database)
        assert before == (0, 2, 0)
        clock.wind(A_YEAR)
        keep(daemon.database, form(2, "Toinen kirja"))
        for _ in range(2):
            await daemon.tick()
            assert daemon.rounds.mail.work_some() == 0
        assert done(daemon.database) == before
        assert len(told(daemon.database)) == 1
        clock.wind(A_DAY - A_YEAR)  # set right: it goes on by itself
        assert daemon.rounds.mail.work_some() == 1
        clock.wind(A_YEAR)
        with daemon.database.write() as session:  # confirmed: a year went by
            ticks.note(session, clock.now())
        await daemon.tick()
        noticed, _, erased = done(daemon.database)
        assert noticed > 0
        assert erased > 0


async def test_a_single_round_decides_nothing_by_such_a_clock(settings: Settings) -> None:
    await Daemon(settings, WoundClock(NOW + A_YEAR)).once()
    with database_of(settings) as database:
        assert done(database) == (0, 2, 0)
        assert len(told(database)) == 1


def test_staff_hear_of_a_leap_once_a_day(settings: Settings) -> None:
    clock = WoundClock(NOW + A_YEAR)
    with database_of(settings) as database:
        desk = desk_of(settings, database, clock)
        for days, letters in ((0, 1), (0, 1), (1, 2)):
            clock.wind(days * A_DAY)
            assert not is_sure_of_time(desk, database)
            assert len(told(database)) == letters
        assert b"the clock is wrong" in told(database)[0]


@pytest.mark.parametrize(
    ("by", "sure"), [(ticks.MAX_LEAP, True), (ticks.MAX_LEAP + A_DAY, False), (-A_DAY, True), (-A_YEAR, False)]
)
def test_a_fortnight_without_a_daemon_needs_nobody(settings: Settings, by: timedelta, sure: bool) -> None:
    with database_of(settings) as database:
        desk = desk_of(settings, database, WoundClock(NOW + by))
        assert is_sure_of_time(desk, database) is sure
        with database.read() as session:
            assert ticks.last(session) == (NOW + by if sure else NOW)


def test_the_first_clock_of_a_desk_is_believed(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        assert is_sure_of_time(desk_of(settings, database), database)


def test_status_and_the_command_tell_of_it_and_confirm_it(settings: Settings, tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{settings.database.url.get_secret_value()}"\n')
    with database_of(settings) as database:
        assert not any("clock" in problem for problem in health(database, None, NOW).problems)
        assert any("clock" in problem for problem in health(database, None, NOW + A_YEAR).problems)
        with database.write() as session:
            ticks.note(session, NOW - A_YEAR)
        for words, code in ((["clock"], 1), (["clock", "--confirm"], 0), (["clock"], 0)):
            ended = CliRunner().invoke(app, ["--config", str(config), *words])
            assert ended.exit_code == code, ended.output
            assert (COMMAND in ended.output) == (code == 1)
