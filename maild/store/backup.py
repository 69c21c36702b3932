"""Consistent copies of an SQLite database, taken while the daemon works; PostgreSQL has pg_dump and pg_restore."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from maild.store import outbox
from maild.store.database import Database


class NotHere(Exception):
    """This database is not copied by maild."""


def backup(database: Database, path: Path) -> None:
    """Copy the database to `path`, readable by its owner only; it appears there whole or not at all."""
    if not database.is_sqlite:
        raise NotHere("a PostgreSQL database is copied with pg_dump, not with maild backup")
    with closing(sqlite3.connect(f"file:{database.file}?mode=ro", uri=True)) as source:
        part = _copied(source, path)
    part.replace(path)
    _sync(path.parent)


def restore(database: Database, path: Path) -> int:
    """Put the copy in the database's place, at the present schema; how many letters are held.

    What waited when the copy was made may have gone out since, so nothing goes until somebody releases it.
    Raises Locked while a daemon works on the database.
    """
    if not database.is_sqlite:
        raise NotHere("a PostgreSQL database is restored with pg_restore, not with maild restore")
    with database.lock():
        database.close()
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source:
            part = _copied(source, database.file)
        held = _held(part)  # before it stands in the database's place: no kill may leave a copy there that sends
        for leftover in ("-wal", "-shm"):  # of the database that goes: played onto the copy they would ruin it
            database.file.with_name(database.file.name + leftover).unlink(missing_ok=True)
        part.replace(database.file)
        _sync(database.file.parent)
        return held


def _held(part: Path) -> int:
    """The copy at the present schema and with its letters held, in one file; how many those are."""
    with closing(Database(f"sqlite:///{part}")) as copy:
        copy.upgrade()
        with copy.write() as session:
            held = outbox.hold_all(session)
        copy.compact()
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
    _sync(part)
    return held


def _copied(source: sqlite3.Connection, path: Path) -> Path:
    """A checked and synced copy beside `path`, as one file without a log."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(part)) as copy:
        source.backup(copy)  # in one step: WAL lets the writer go on, and a second step would begin anew after a write
        copy.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        part.unlink()
        raise OSError(f"{path}: the copy is damaged ({verdict}); nothing was left there")
    _sync(part)
    return part


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
