"""maild runs on safe ground only, and says when somebody should look."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlmodel import select
from typer.testing import CliRunner

from maild import house
from maild.cli import app
from maild.clock import WoundClock
from maild.daemon.lifecycle import Daemon
from maild.health import Polled, Pulse, as_metrics, end_pulse, health, read_pulse, write_pulse
from maild.metrics import serve_metrics
from maild.rulebook import WrongRules
from maild.settings import Post, Settings
from maild.store import inbox, settling
from maild.store.database import Database, Unsafe
from maild.store.inbox import Arrival
from maild.store.tables import InboxRow
from tests.databases import url_in
from tests.desk_parts import NOW, database_of, form, later, settings_in


def damage(database: Database) -> None:
    """A row that hangs in the air; on PostgreSQL, where there is none, a commit that does not wait for the disk."""
    if not database.is_sqlite:
        with database.write() as session:
            name = session.connection().scalar(text("SELECT current_database()"))
            session.connection().execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
        database.close()
        return
    with closing(sqlite3.connect(database.file)) as raw:
        raw.execute("INSERT INTO item_code (request_id, number, place, code) VALUES (99, 1, 0, 'x')")
        raw.commit()


def open_to_all(database: Database) -> None:
    database.file.chmod(0o644)


def less_than_full(database: Database) -> None:
    """What a changed pragma would do to every connection."""
    event.listen(database._writer, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=NORMAL"))
    database.close()


@pytest.mark.about_sqlite("pragmas, and the rights of a file; on PostgreSQL the daemon's own test below")
@pytest.mark.parametrize(
    ("harm", "told"), [(damage, "foreign keys"), (open_to_all, "read by everybody"), (less_than_full, "below FULL")]
)
def test_nothing_starts_on_unsafe_ground(harm: object, told: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        house.must_be_safe(settings, database)
        harm(database)  # type: ignore[operator]  # one of the three above
        with pytest.raises(Unsafe, match=told):
            house.must_be_safe(settings, database)


def test_a_password_that_everybody_may_read_stops_the_start(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    post = Post(host="localhost", tls="none", user="u", password_file=secret)
    settings = settings_in(tmp_path, post=post)
    with database_of(settings) as database, pytest.raises(WrongRules, match="chmod 600"):
        house.must_be_safe(settings, database)


async def test_the_daemon_itself_refuses(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        damage(database)
    with pytest.raises(Unsafe):
        await Daemon(settings, WoundClock(NOW)).once()


def test_status_is_red_where_somebody_should_look(tmp_path: Path) -> None:
    settings: Settings = settings_in(tmp_path)
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{url_in(tmp_path)}"\n')
    with database_of(settings) as database:
        said = CliRunner().invoke(app, ["--config", str(config), "status"])
        assert said.exit_code == 0, said.output
        with database.write() as session:
            inbox.keep(session, [Arrival(raw=form(), door="smtp", received_at=NOW)], NOW)
            settling.set_aside(session, session.exec(select(InboxRow.id)).one() or 0, "a trace", NOW)
        assert CliRunner().invoke(app, ["--config", str(config), "status"]).exit_code == 1


def pulse(**values: object) -> Pulse:
    given = {"at": NOW, "started_at": NOW, "worked_at": NOW, "mailboxes": (Polled(name="ill@host/INBOX", at=NOW),)}
    return Pulse(**(given | values))  # type: ignore[arg-type]  # a test's own values


def test_a_mailbox_that_is_not_read_and_a_daemon_without_a_pulse_are_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        assert health(database, pulse(), NOW).problems == []
        assert health(database, None, NOW).problems == []  # a cron-style site has no pulse
        silent = health(database, pulse(at=later(6)), later(6)).problems
        assert silent == ["poll ill@host/INBOX: longer than 5 minutes ago"]
        dead = health(database, pulse(), later(3)).problems
        assert dead == ["pulse: longer than 2 minutes ago"]
        never = pulse(at=later(6), mailboxes=(Polled(name="x"),))
        assert health(database, never, later(6)).problems == ["poll x: longer than 5 minutes ago"]
        assert health(database, pulse(post_problem="refused"), NOW).problems == ["post: refused"]


def test_the_pulse_is_left_read_and_taken_away(tmp_path: Path) -> None:
    assert read_pulse(tmp_path) is None
    write_pulse(tmp_path, pulse(post_problem="ää"))
    assert read_pulse(tmp_path) == pulse(post_problem="ää")
    end_pulse(tmp_path)
    assert read_pulse(tmp_path) is None


async def test_the_page_for_prometheus_is_answered_to_whoever_asks(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        found = health(database, pulse(mailboxes=(Polled(name='a"\nb', at=NOW),)), later(1))
    server = await serve_metrics("127.0.0.1:0", lambda: as_metrics(found))
    async with server:
        port = server.sockets[0].getsockname()[1]
        for asked, answered in (("GET /metrics HTTP/1.1\r\n\r\n", True), ("\r\n", False)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(asked.encode())
            writer.write_eof()
            page = (await reader.read()).decode()
            writer.close()
            assert ("maild_ok 1" in page) is answered
            assert ('maild_age_seconds{of="poll a\\" b"} 60' in page) is answered
