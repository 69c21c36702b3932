"""Killed within `db upgrade`, from every released schema, and within `restore`: the old or the new, never between."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, inspect, text

from maild.store import backup, migrations, outbox
from maild.store.database import Database
from tests.databases import postgres_server
from tests.desks import NUMBER, do, furnish, letter
from tests.faults.child import KILL, Strike, work_struck
from tests.faults.points import Sample, strikes_at
from tests.faults.table import Row

FILES = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename")
WIRE = ("sendto",)
MAILS = 3  # in the inbox, a table that every schema has
Schema = tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]  # revision; tables with their columns


def upgrades(kind: str, *, every: int = 1, earlier: int | None = None) -> Row:
    """Killed at every call of an upgrade, and beside it one that is no transaction; only so many earlier schemas."""
    froms = revisions()[:-1][:earlier]
    with TemporaryDirectory() as folder, _places(kind, Path(folder)) as place:
        tried, wrong, bad, controls = 0, [], 0, 0
        for revision in froms:
            points, found = _from(revision, place, Path(folder) / "log", _upgrade, every)
            tried += points
            wrong += found
        if kind == "SQLite":
            controls, found = _from(revisions()[0], place, Path(folder) / "log", _upgrade_by_steps, every)
            bad = len(found)
    return Row(
        claim=f"kill -9 at every call of `db upgrade` on {kind}, from each of {len(froms)} earlier schemas",
        control=f"each statement its own transaction: a schema in between at {bad} of {controls} points"
        if kind == "SQLite"
        else "as on SQLite",
        figure=f"{tried} points, {len(wrong)} that were neither the old schema nor the new one, or had lost a row"
        + "".join(f"; {one}" for one in wrong[:3]),
        held=tried > 0 and not wrong and (bad > 0 or kind != "SQLite"),
    )


def restores(*, every: int = 1) -> Row:
    """Killed at every call of a restore, and beside it one that holds no letters."""
    points, wrong = _restored(lambda: None, every)
    controls, bad = _restored(_hold_nothing, every)
    return Row(
        claim="kill -9 at every call of `restore`: the database as it was, or the copy with its letters held",
        control=f"a restore that holds no letters: {len(bad)} of {controls} points with letters to go out again",
        figure=f"{points} points, {len(wrong)} otherwise" + "".join(f"; {one}" for one in wrong[:3]),
        held=points > 0 and not wrong and bool(bad),
    )


def revisions() -> list[str]:
    """The released schemas, oldest first."""
    scripts = ScriptDirectory(str(migrations.HERE))
    return [script.revision for script in scripts.walk_revisions()][::-1]


# Upgrades


@contextmanager
def _places(kind: str, folder: Path) -> Iterator[Callable[[str, str], str]]:
    """Makes a place of that name, a copy of another one unless that is "", and gives its URL."""
    if kind == "SQLite":
        yield lambda name, of: _file(folder, name, of)
        return
    with postgres_server() as server:
        if server is None:
            raise LookupError("no PostgreSQL here: apt-get install postgresql")
        engine = create_engine(server.url, isolation_level="AUTOCOMMIT")

        def make(name: str, of: str) -> str:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {of or 'template0'}"))
            return server.url.replace("/postgres", f"/{name}")

        yield make
        engine.dispose()


def _file(folder: Path, name: str, of: str) -> str:
    for old in folder.glob(f"{name}.db*"):
        old.unlink()
    if of:
        shutil.copy(folder / f"{of}.db", folder / f"{name}.db")
    else:
        (folder / f"{name}.db").touch(mode=0o600)
    return f"sqlite:///{folder}/{name}.db"


def _from(
    revision: str, place: Callable[[str, str], str], log: Path, upgrade: Callable[[str], None], every: int
) -> tuple[int, list[str]]:
    """How many points of an upgrade from that schema were struck, and what was wrong afterwards."""
    old = _schema(_furnished(place("old", ""), revision))
    whole = place("new", "old")
    calls = FILES if whole.startswith("sqlite") else WIRE
    work_struck(lambda: upgrade(whole), Strike(call=",".join(calls)), log)
    new = _schema(whole)
    wrong: list[str] = []
    strikes = list(strikes_at(Sample(all=True, every=every).points(log.read_text(), calls), KILL))
    for strike in strikes:
        url = place("struck", "old")
        work_struck(lambda at=url: upgrade(at), strike, log)  # type: ignore[misc]  # bound now, called at once
        found = _schema(url)
        if found not in {old, new}:
            wrong.append(f"{revision}, {strike.text} of {strike.call}: schema {found[0]} with other tables")
        else:
            _upgrade(url)
            wrong += _problems(url, new, f"{revision}, {strike.text} of {strike.call}")
    return len(strikes), wrong


def _furnished(url: str, revision: str) -> str:
    """The URL, with that schema and some mails in it."""
    database = Database(url)
    engine = database._engine(("journal_mode=WAL", "foreign_keys=OFF"), begin="BEGIN IMMEDIATE")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        columns = {c["name"]: c for c in inspect(connection).get_columns("inbox")}
        for n in range(MAILS):
            values = {
                "key": f"k{n}",
                "raw": b"x",
                "stamp": b"",
                "state": "waiting",
                "numbers": "[]",
                "received_at": now,
            }
            values |= {"kept_at": now, "size": 1, "tries": 0, "acted": False}
            needed = {name: values.get(name, "") for name, c in columns.items() if not c["nullable"] and name != "id"}
            names, marks = ", ".join(needed), ", ".join(f":{name}" for name in needed)
            connection.execute(text(f"INSERT INTO inbox ({names}) VALUES ({marks})"), needed)  # noqa: S608  # our own columns
    engine.dispose()
    database.close()
    return url


def _schema(url: str) -> Schema:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = inspect(connection)
        tables = tuple(
            (table, tuple(f"{c['name']} {c['type']} {c['nullable']}" for c in found.get_columns(table)))
            for table in sorted(found.get_table_names())
        )
        revision = str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    engine.dispose()
    return revision, tables


def _problems(url: str, new: Schema, where: str) -> Iterator[str]:
    """What is wrong once the upgrade was done again."""
    with closing(Database(url)) as database:
        found = database.check()
        with database.read() as session:
            mails = session.connection().scalar(text("SELECT count(*) FROM inbox"))
    if found or mails != MAILS or _schema(url) != new:
        yield f"{where}: {found or f'{mails} mails of {MAILS}'}"


def _upgrade(url: str) -> None:
    with closing(Database(url)) as database:
        database.upgrade()


def _upgrade_by_steps(url: str) -> None:
    """The control: each statement is committed by itself."""
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _alone(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's

    with engine.begin() as connection:
        migrations.upgrade(connection)
    engine.dispose()


# Restores


def _restored(change: Callable[[], None], every: int) -> tuple[int, list[str]]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        _desk(folder)
        _, log = _restore_struck(folder, Strike(call=",".join(FILES)), change)
        strikes = list(strikes_at(Sample(all=True, every=every).points(log, FILES), KILL))
        return len(strikes), [wrong for one in strikes for wrong in _restore_struck(folder, one, change)[0]]


def _desk(folder: Path) -> None:
    """A database whose one letter went out after the copy was made, and one that waits."""
    with closing(Database(f"sqlite:///{folder}/was.db")) as database:
        database.upgrade()
        with database.write() as session:
            furnish(session)
            do(session, letters=[letter("n1")], versions={NUMBER: 1})
        backup.backup(database, folder / "copy.db")
        with database.write() as session:
            do(session, letters=[letter("n2")], versions={NUMBER: 2})
            for one in outbox.due(session, datetime(2027, 1, 1, tzinfo=UTC), 1):
                outbox.sent(session, one.id, datetime(2027, 1, 1, tzinfo=UTC))


def _restore_struck(folder: Path, strike: Strike, change: Callable[[], None]) -> tuple[list[str], str]:
    """What is wrong after a restore under this strike, and strace's log."""
    shutil.copy(folder / "was.db", folder / "maild.db")
    for leftover in ("maild.db-wal", "maild.db-shm", "maild.db.part"):
        (folder / leftover).unlink(missing_ok=True)
    url = f"sqlite:///{folder}/maild.db"

    def restore() -> None:
        change()
        with closing(Database(url)) as database:
            backup.restore(database, folder / "copy.db")

    work_struck(restore, strike, folder / "log")
    with closing(Database(url)) as database:
        found = database.check()
        with database.read() as session:
            letters = outbox.counts(session)
    if not found and letters in ({"sent": 1, "waiting": 1}, {"held": 1}):
        return [], (folder / "log").read_text()
    return [f"{strike.text} of {strike.call}: {found or letters}"], (folder / "log").read_text()


def _hold_nothing() -> None:
    outbox.hold_all = lambda _: 0  # type: ignore[assignment]  # the control
