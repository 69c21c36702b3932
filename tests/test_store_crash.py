"""Killed at every statement: what was told stands, and every mail was dealt with once, whole or not at all."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlmodel import select

from maild.store import backup, looking, outbox
from maild.store.database import Database
from maild.store.tables import HistoryRow, InboxRow, InputRow, OutboxRow, RequestRow
from tests.desks import NOW, NUMBER, do, furnish, letter


def test_kill_at_any_statement_loses_nothing_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    told = tmp_path / "told"
    url = database.url.render_as_string(hide_password=False)
    stride = "1" if database.is_sqlite else "5"  # a connection to PostgreSQL costs each child a good while
    subprocess.run([sys.executable, "-m", "tests.store_crash", url, str(told), stride], check=True, timeout=50)
    lines = [line.split() for line in told.read_text().splitlines()]
    with database.read() as session:
        kept = session.exec(select(InboxRow.key)).all()
        requests = session.exec(select(RequestRow.number)).all()
        done = session.exec(select(InboxRow.key).where(InboxRow.state == "done")).all()
        sources = session.exec(select(InputRow.source_id)).all()
        letters = session.exec(select(OutboxRow.message_id)).all()
        steps = session.exec(select(HistoryRow.id)).all()
        assert sum(looking.counts(session).values()) == len(kept)
    assert {key for what, key in lines if what == "kept"} <= set(kept)
    assert {number for what, number in lines if what == "done"} <= set(requests)
    assert sorted(done) == sorted(sources)
    assert sorted(letters) == sorted(f"<{key}@library.example>" for key in done)
    assert len(requests) == len(done) == len(steps) > 2
    assert database.check() == []


def test_a_backup_under_load_is_whole_and_its_letters_are_held(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    database.upgrade()
    with database.write() as session:
        furnish(session)
        do(session, letters=[letter("n1")], versions={NUMBER: 1})
    stop = threading.Event()

    def write() -> None:
        turn = 1
        while not stop.is_set():
            turn += 1
            with database.write() as session:
                do(session, letters=[letter(f"n{turn}")], versions={NUMBER: turn})

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copy-{n}.db" for n in range(3)]
    for copy in copies:
        backup.backup(database, copy)
    stop.set()
    writer.join()
    for path in copies:
        copy = Database(f"sqlite:///{path}")
        with copy.write() as session:
            request = session.exec(select(RequestRow)).one()
            waiting = outbox.counts(session).get("waiting", 0)
            assert request.version == 1 + waiting  # a letter and its version are one transaction
        assert copy.check() == []
        copy.close()
    held = backup.restore(database, copies[0])
    with database.read() as session:
        assert outbox.counts(session).get("held", 0) == held > 0
        assert outbox.due(session, NOW, 10) == []
    assert copies[0].stat().st_mode & 0o077 == 0
    database.close()


@pytest.mark.needs_postgres
def test_postgres_is_not_copied_by_us(postgres_schema_url: str, tmp_path: Path) -> None:
    database = Database(postgres_schema_url)
    with pytest.raises(backup.NotHere, match="pg_dump"):
        backup.backup(database, tmp_path / "copy.db")
    with pytest.raises(backup.NotHere, match="pg_restore"):
        backup.restore(database, tmp_path / "copy.db")
    database.close()
