"""The database: one writer and many readers, on SQLite or PostgreSQL, by URL alone.

SQLite is set so that what was committed is on the disk: with synchronous=NORMAL a power cut lost mail that had got its
250. Writing transactions begin with BEGIN IMMEDIATE, so that a claim is exact and schema changes roll back whole.
"""

import fcntl
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from maild.store import migrations
from maild.store.statements import new_row, run, table_of

BUSY_MILLISECONDS = 10_000  # how long SQLite waits for another process's writer; a door's client waits with it
LOOK_AGAIN_SECONDS = 0.05  # at a lock that another one has
FULL = 2  # PRAGMA synchronous; EXTRA is 3
WRITING = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
READING = ("query_only=ON",)
ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # what WAL gives on SQLite
# A server that is gone without a word is noticed: the kernel's own two hours would be too long to wait (libpq, 34.1.2).
NOTICED = {
    "connect_timeout": 10,  # seconds, as are the next two
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}

SchemaState = Literal["current", "old", "missing", "newer"]
Insert = sqlite.Insert | postgresql.Insert


class Locked(Exception):
    """Another process holds the database's lock."""


class Missing(Exception):
    """There is no database where the settings say."""


class Unsafe(Exception):
    """The database would lose what it is given, or is damaged; the text says how."""


class Database:
    """Sessions on one database. One writer at a time in this process; readers never wait for it."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and not self.url.database:
            raise ValueError(f"{url}: an SQLite database needs a file, like sqlite:////var/lib/maild/maild.db")
        self._one_writer = threading.RLock()
        self._advisory: _AdvisoryLock | None = None
        self._writer = self._engine(WRITING, begin="BEGIN IMMEDIATE")
        self._reader = self._engine(READING, begin="BEGIN").execution_options(**({} if self.is_sqlite else ONE_MOMENT))

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.url.database or "")

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed and synced on leaving, or rolled back when an error leaves it."""
        self._must_be_there()
        with self._one_writer, Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database and cannot change it."""
        self._must_be_there()
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def upgrade(self) -> None:
        """Create the schema or bring it to the present one, in one transaction: the old or the new, never between."""
        if self.is_sqlite and not self.file.exists():
            os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))  # loans are nobody else's business
        # SQLite alters a table by copying it, which foreign keys would forbid.
        engine = self._engine(("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"), begin="BEGIN IMMEDIATE")
        try:
            with self._one_writer, engine.begin() as connection:
                if not self.is_sqlite:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_lock_key('upgrade')})"))
                migrations.upgrade(connection)
        finally:
            engine.dispose()

    def schema_state(self) -> SchemaState:
        """Whether the schema is the one that this version works with."""
        if self.is_sqlite and not self.file.exists():
            return "missing"
        with self._reader.connect() as connection:
            return migrations.state(connection)

    def check(self) -> list[str]:
        """What is wrong with the database, as sentences; [] where all is well."""
        if self.is_sqlite and not self.file.exists():
            return [f"{self.file}: no database there; run maild db upgrade"]
        with self._writer.connect() as connection:
            found = _sqlite_problems(connection) if self.is_sqlite else _postgresql_problems(connection)
        if self.is_sqlite and self.file.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            found.append(f"{self.file} can be read by everybody; chmod 600 {self.file}")
        state = self.schema_state()
        if state != "current":
            found.append(f"the schema is {state}; run maild db upgrade" + (" of that version" * (state == "newer")))
        return found

    def compact(self) -> None:
        """What was erased is in no page, log or dead row any more."""
        if not self.is_sqlite:
            with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM"))
            return
        # The pages were overwritten (secure_delete); the log may still hold them as they were.
        with self._one_writer, closing(sqlite3.connect(f"file:{self.file}?mode=rw", uri=True)) as file:
            file.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def must_be_safe(self) -> None:
        """Raises Unsafe with everything that `check` finds (P34)."""
        if problems := self.check():
            raise Unsafe("; ".join(problems))

    @contextmanager
    def lock(self, name: str = "run", *, patience: float = 0.0) -> Iterator[None]:
        """Hold the database for one process; raises Locked where another one has it. The dead hold nothing.

        PostgreSQL takes a moment to see that a process was killed: so many seconds are waited for that.
        """
        holder = self._lock_file(name) if self.is_sqlite else self._advisory_lock(name, patience)
        with holder:
            yield

    def keep_lock(self) -> None:
        """The lock that `lock` took is still ours, or again: a server that was restarted knows of no locks.

        Raises Locked where another process has it meanwhile.
        """
        if self._advisory is not None:
            self._advisory.keep()

    def close(self) -> None:
        """Let go of every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _engine(self, pragmas: tuple[str, ...], *, begin: str) -> Engine:
        if not self.is_sqlite:
            return create_engine(self.url, pool_pre_ping=True, connect_args=dict(NOTICED))
        # mode=rw: a mistyped path is an error, not a new and empty database
        url = self.url.set(database=f"file:{self.url.database}", query={"mode": "rw", "uri": "true"})
        engine = create_engine(url)

        @event.listens_for(engine, "connect")
        def _set(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # the driver begins nothing by itself: BEGIN is ours
            for pragma in (f"busy_timeout={BUSY_MILLISECONDS}", *pragmas):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    def _must_be_there(self) -> None:
        if self.is_sqlite and not self.file.exists():
            raise Missing(f"{self.file}: no database there; run maild db upgrade")

    @contextmanager
    def _lock_file(self, name: str) -> Iterator[None]:
        path = self.file.with_name(f"{self.file.name}.{name}.lock")
        with path.open("a+") as holder:
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                raise Locked(f"{self.file}: another maild works on it (lock {path}); stop that one first") from err
            yield  # closing lets go; the file stays, for removing it would race with the next holder

    @contextmanager
    def _advisory_lock(self, name: str, patience: float) -> Iterator[None]:
        self._advisory = _AdvisoryLock(self._reader, name)
        self._advisory.take(patience)
        try:
            yield
        finally:
            self._advisory.let_go()
            self._advisory = None


class _AdvisoryLock:
    """A lock of PostgreSQL's, which belongs to a connection."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._connection: Connection | None = None

    def take(self, patience: float = 0.0) -> None:
        """Raises Locked where another process has it, after so many seconds."""
        connection = self._engine.connect()
        until = time.monotonic() + patience
        while not connection.scalar(text(f"SELECT pg_try_advisory_lock({_lock_key(self._name)})")):
            connection.rollback()
            if time.monotonic() >= until:
                connection.close()
                where = self._engine.url.render_as_string(hide_password=True)
                raise Locked(f"{where}: another maild works on it (advisory lock {self._name}); stop that one first")
            time.sleep(LOOK_AGAIN_SECONDS)
        connection.commit()  # a transaction left open would hold back vacuum
        self._connection = connection

    def keep(self) -> None:
        """Takes it again where the connection was lost; raises Locked where another process was quicker."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                self._connection.commit()
                return
        except DBAPIError:
            self.let_go()
        try:
            self.take()
        except Locked as err:
            raise Locked(f"the connection that held our lock was lost, and meanwhile {err}") from err

    def let_go(self) -> None:
        """Leaves it to others; with a lost connection the server has done so."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError), connection:
                connection.rollback()  # of what a lost connection was doing
                connection.execute(text(f"SELECT pg_advisory_unlock({_lock_key(self._name)})"))


def insert(session: Session, table: type[SQLModel]) -> Insert:
    """An INSERT that knows ON CONFLICT, in the words of the session's database."""
    return _insert(table, session.get_bind().dialect.name)


def put_new(session: Session, table: type[SQLModel], columns: Mapping[str, Any]) -> int:
    """Writes a row, with the defaults of the columns that are not named; its id."""
    new = _telling_id(table, session.get_bind().dialect.name)
    return int(run(session, new, new_row(table, columns)).scalar_one())


@cache
def _telling_id(table: type[SQLModel], dialect: str) -> Any:
    return _insert(table, dialect).returning(table_of(table).c.id)


@cache
def _insert(table: type[SQLModel], dialect: str) -> Insert:
    statement: Insert = (sqlite if dialect == "sqlite" else postgresql).insert(table_of(table))
    return statement


def _lock_key(name: str) -> str:
    """One lock a desk: each has a schema of its own."""
    return f"hashtextextended('maild.' || current_schema() || '.{name}', 0)"


def _sqlite_problems(connection: Connection) -> list[str]:
    found = [
        f"integrity check: {line}" for (line,) in connection.execute(text("PRAGMA integrity_check")) if line != "ok"
    ]
    found += [f"foreign keys: {tuple(row)}" for row in connection.execute(text("PRAGMA foreign_key_check"))]
    if (level := connection.scalar(text("PRAGMA synchronous"))) < FULL:
        found.append(f"synchronous is {level}, below FULL: a power cut would lose mail that we said we have")
    if (mode := connection.scalar(text("PRAGMA journal_mode"))) != "wal":
        found.append(f"journal_mode is {mode}, not wal: readers would stop the writer; is it on a network disk?")
    return found


def _postgresql_problems(connection: Connection) -> list[str]:
    settings = ("fsync", "synchronous_commit", "full_page_writes")
    off = [name for name in settings if connection.scalar(text(f"SHOW {name}")) == "off"]
    return [f"{name} is off: a power cut would lose mail that we said we have" for name in off]
