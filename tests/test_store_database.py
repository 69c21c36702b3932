"""The database itself: its schema, its lock, what a write and a read may do."""

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel, select

from maild.store import tables
from maild.store.database import Database, Locked, Missing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def a_counter(prefix: str = "KP") -> tables.CounterRow:
    return tables.CounterRow(prefix=prefix, year=2026, last=1)


def counters(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(tables.CounterRow.prefix)).all())


def test_the_migrations_end_in_the_schema_of_the_tables(database: Database) -> None:
    with database.write() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_fresh_database_is_current_and_has_no_problems(database: Database) -> None:
    assert database.schema_state() == "current"
    assert database.check() == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(a_counter())
    database.upgrade()
    assert counters(database) == ["KP"]


def test_a_place_without_a_schema_is_missing(database_url: str) -> None:
    database = Database(database_url)
    assert database.schema_state() == "missing"
    database.close()


def test_a_schema_of_a_later_version_is_newer(database: Database) -> None:
    with database.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert database.schema_state() == "newer"
    assert any("newer" in problem for problem in database.check())


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as session:
            session.add(a_counter())
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert counters(database) == []


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.read() as session:
        session.add(a_counter())
        with pytest.raises(DBAPIError):
            session.flush()


def test_a_reader_sees_one_moment_while_a_writer_commits(database: Database) -> None:
    with database.read() as session:
        before = session.exec(select(tables.CounterRow)).all()
        with database.write() as other:
            other.add(a_counter())
        assert session.exec(select(tables.CounterRow)).all() == before == []
    assert counters(database) == ["KP"]


def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    with database.write() as session:
        session.add(tables.PartnerRow(name="Esimerkki", changed_at=NOW))
    with database.read() as session:
        assert session.exec(select(tables.PartnerRow.changed_at)).one() == NOW


def test_the_second_process_is_told_who_holds_the_lock(database: Database) -> None:
    other = Database(database.url.render_as_string(hide_password=False))
    with database.lock(), pytest.raises(Locked, match="another maild works on it"), other.lock():
        pass
    with other.lock():  # let go, it is free
        pass
    other.close()


def test_only_an_upgrade_creates_a_file(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with pytest.raises(Missing), database.read():
        pass
    with pytest.raises(Missing), database.write():
        pass
    assert not database.file.exists()
    assert database.check() == [f"{database.file}: no database there; run maild db upgrade"]


def test_a_new_file_is_nobody_elses_to_read(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    database.upgrade()
    assert database.file.stat().st_mode & 0o077 == 0


def test_a_file_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database("sqlite://")


def test_a_damaged_file_is_found(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    database.upgrade()
    database.close()
    with sqlite3.connect(tmp_path / "maild.db") as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("INSERT INTO item_code (request_id, number, place, code) VALUES (99, 1, 0, 'x')")
    raw.close()
    assert any("foreign keys" in problem for problem in database.check())


@pytest.mark.needs_postgres
def test_a_lock_that_the_server_forgot_is_taken_again(postgres_schema_url: str) -> None:
    first, second = Database(postgres_schema_url), Database(postgres_schema_url)
    with first.lock():
        _forget_locks(second)
        first.keep_lock()
        with pytest.raises(Locked), second.lock():
            pytest.fail("two hold it")
        _forget_locks(second)
        with second.lock(), pytest.raises(Locked, match=r"was lost, and meanwhile .* another maild works on it"):
            first.keep_lock()
    first.close()
    second.close()


def _forget_locks(by: Database) -> None:
    """As after a restart of the server: every connection that holds a lock is gone."""
    with by._writer.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        )


@pytest.mark.needs_postgres
def test_a_lock_that_a_dying_process_holds_for_a_moment_is_waited_for(postgres_schema_url: str) -> None:
    dying, next_one = Database(postgres_schema_url), Database(postgres_schema_url)
    held = dying.lock()
    held.__enter__()
    threading.Timer(0.3, held.__exit__, (None, None, None)).start()
    with next_one.lock(patience=20):
        pass
    dying.close()
    next_one.close()
