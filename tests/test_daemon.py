"""The daemon as systemd runs it: ready, watched, stopped, one at a time, on sockets that were opened for it."""

import asyncio
import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.clock import SystemClock, WoundClock
from maild.core.effects import AskStaff
from maild.daemon.lifecycle import Daemon
from maild.demo.imap_server import free_port
from maild.process import Desk
from maild.settings import Listener, Settings
from maild.store.database import Database, Locked
from maild.store.tables import InboxRow, NoticeRow, OutboxRow, RequestRow
from tests.databases import url_in
from tests.desk_parts import NOW, Signal, database_of, desk_of, form, keep, rows, settings_in
from tests.desks import do

CONFIG = """\
data = "{folder}"
[database]
url = "{url}"
[smtp]
listen = "127.0.0.1:{port}"
[post]
maildir = "{folder}/letters"
[own]
rules = "{folder}/rules"
"""
# What systemd does with a socket that it opened: it becomes number 3 of the process that it names.
GIVE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}
os.execv(sys.argv[2], sys.argv[2:])
"""
CHECKOUT = Path(__file__).parent.parent
STOP_SECONDS = 30  # that systemd grants: TimeoutStopSec of systemd/maild.service


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A maild.toml."""
    with database_of(settings_in(tmp_path)):
        pass
    path = tmp_path / "maild.toml"
    path.write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path), port=free_port()))
    return path


@contextmanager
def started(config: Path, *before: str, **options: object) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    """`maild run`, ready, with the socket that it tells systemd by."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as tells:
        tells.bind(str(config.with_name("notify")))
        tells.settimeout(40)
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "maild", "--config", str(config), "run"],
            stderr=subprocess.PIPE,
            env={**os.environ, "NOTIFY_SOCKET": str(tells.getsockname())},
            cwd=CHECKOUT,
            **options,  # type: ignore[call-overload]  # a test's own
        )
        try:
            assert tells.recv(100) == b"READY=1"
            yield process, tells
        finally:
            process.kill()
            process.communicate()


async def test_asked_to_stop_while_it_starts_it_ends_as_always(tmp_path: Path) -> None:
    def missed(*_: object) -> None:
        raise AssertionError("nobody listened for SIGTERM yet")

    before = signal.signal(signal.SIGTERM, missed)
    try:
        daemon = Daemon(settings_in(tmp_path), SystemClock())
        running = asyncio.create_task(daemon.run())
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 30)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)
    with database_of(settings_in(tmp_path)) as database, database.lock():
        pass  # it is free


def test_daemon_tells_systemd_and_stops_in_time_when_asked(config: Path) -> None:
    with started(config) as (process, tells):
        assert tells.recv(100) == b"WATCHDOG=1"
        process.send_signal(signal.SIGTERM)
        assert tells.recv(100) == b"STOPPING=1"
        assert process.wait(5) == 0


def test_second_daemon_on_the_database_says_so_and_ends(config: Path) -> None:
    with started(config):
        command = [sys.executable, "-m", "maild", "--config", str(config), "run"]
        second = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False, cwd=CHECKOUT)
    assert second.returncode == 75
    assert "another maild works on it" in second.stderr
    assert "Traceback" not in second.stderr


def test_daemon_whose_database_another_one_took_says_so_in_a_line_and_ends(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(self: Database) -> None:
        raise Locked("postgresql://desk: another maild works on it; stop that one first")

    monkeypatch.setattr(Database, "keep_lock", taken)
    ended = CliRunner().invoke(app, ["--config", str(config), "run"])
    assert ended.exit_code == 75
    assert ended.stderr.splitlines()[-1] == "postgresql://desk: another maild works on it; stop that one first"
    assert "daemon.stopped" in ended.stderr  # the doors were closed, not torn
    assert "Traceback" not in ended.stderr
    assert "ExceptionGroup" not in ended.stderr


def test_daemon_takes_mail_on_a_socket_that_systemd_opened(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        given = listening.fileno()
        with started(config, sys.executable, "-c", GIVE, str(given), pass_fds=[given]) as (process, _):
            with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=10) as client:
                client.sendmail("a@b.example", ["ill@library.example"], b"From: a@b.example\r\n\r\nHei\r\n")
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)  # the mail that just came is decided first, by a reader that has yet to start
            with socket.create_connection(("127.0.0.1", port), 5):  # the port stays open: whoever comes now waits
                pass
    with database_of(settings_in(config.parent)) as database, database.read() as session:
        assert len(rows(session, InboxRow)) == 1


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path, smtp=Listener.model_validate({"listen": "127.0.0.1:0", "hostname": "mx.example"}))
    with database_of(made):
        return made


async def test_tick_decides_what_is_due_and_once_only(settings: Settings) -> None:
    clock = WoundClock(NOW)
    with database_of(settings) as database:
        keep(database, form())
        desk_of(settings, database, clock).work()
        with database.read() as session:
            planned = [row.due for row in rows(session, NoticeRow)]
    due = min(planned)
    together = planned.count(due)
    daemon = Daemon(settings, clock)
    async with daemon.opened():
        before, second = due - NOW - timedelta(seconds=1), timedelta(seconds=1)
        for by, decided in ((before, 0), (second, together), (timedelta(0), together)):
            clock.wind(by)
            await daemon.tick()
            with daemon.database.read() as session:
                assert sum(row.state == "sent" for row in rows(session, NoticeRow)) == decided


async def test_the_first_tick_after_the_hour_writes_to_staff_and_a_restart_does_not_again(settings: Settings) -> None:
    clock = WoundClock(NOW - timedelta(hours=3))  # 7:00 in Helsinki
    with database_of(settings) as database, database.write() as session:
        do(session, AskStaff(number="", reason="policy", text="Look at it."))
    told: list[list[str]] = []
    for wound in (timedelta(), timedelta(minutes=30), timedelta(minutes=1)):
        clock.wind(wound)
        daemon = Daemon(settings, clock)
        async with daemon.opened():
            await daemon.tick()
            await daemon.tick()
            with daemon.database.read() as session:
                told.append([row.letter for row in rows(session, OutboxRow)])
    assert told == [[], ["worklist"], ["worklist"]]


async def test_notice_that_fails_holds_up_no_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = WoundClock(NOW)
    with database_of(settings) as database:
        keep(database, form(1), form(2, "Toinen kirja"))
        desk_of(settings, database, clock).work()
    notice = Desk.notice

    def broken(self: Desk, due: object) -> object:
        if due.number == "KP-2026-000001":  # type: ignore[attr-defined]  # a DueNotice
            raise ZeroDivisionError
        return notice(self, due)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(Desk, "notice", broken)
    clock.wind(timedelta(days=30))
    daemon = Daemon(settings, clock)
    async with daemon.opened():
        await daemon.tick()
        with daemon.database.read() as session:
            numbers = {row.id: row.number for row in rows(session, RequestRow)}
            planned = {numbers[row.request_id] for row in rows(session, NoticeRow) if row.state == "planned"}
            decided = {numbers[row.request_id] for row in rows(session, NoticeRow) if row.state != "planned"}
    assert "KP-2026-000001" in planned - decided
    assert "KP-2026-000002" in decided


async def test_daemon_reads_decides_and_sends_by_itself(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = Daemon(settings, SystemClock())
    sent = Signal()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon.run())
        await asyncio.wait_for(daemon.ready.wait(), 40)
        sender = daemon.parts.sender
        note = sender._note
        monkeypatch.setattr(sender, "_note", lambda *args: (note(*args), sent())[0])  # to hear of it
        await asyncio.to_thread(_send, daemon.ports["smtp"], form())
        await asyncio.to_thread(sent.wait_for, lambda: sent.count >= 2)
        daemon.stop()
    with database_of(settings) as database, database.read() as session:
        assert [row.status for row in rows(session, RequestRow)] == ["Requested"]
        assert {row.state for row in rows(session, OutboxRow)} == {"sent"}


def _send(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, "mx.example", timeout=10) as client:
        client.sendmail("webform@library.example", ["ill@library.example"], raw)


async def test_work_that_breaks_off_is_taken_up_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maild.daemon.lifecycle.PAUSE_SECONDS", 0.05)
    deal = Desk._deal_with
    broke = Signal()

    def breaks_once(self: Desk, claimed: object) -> None:
        broke()
        if broke.count == 1:
            raise OSError("no space left on device")
        deal(self, claimed)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(Desk, "_deal_with", breaks_once)
    with database_of(settings) as database:
        keep(database, form())
    daemon = Daemon(settings, SystemClock())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon.run())
        await asyncio.wait_for(daemon.ready.wait(), 40)
        await asyncio.to_thread(broke.wait_for, lambda: broke.count >= 2)
        daemon.stop()
    with database_of(settings) as database, database.read() as session:
        assert [row.state for row in rows(session, InboxRow)] == ["done"]


async def test_second_daemon_in_one_process_is_refused(settings: Settings) -> None:
    first, second = Daemon(settings, SystemClock()), Daemon(settings, SystemClock())
    async with first.opened():
        with pytest.raises(Locked):
            async with second.opened():
                raise AssertionError("it must not open")
