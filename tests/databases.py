"""The databases that tests run on: a fresh SQLite file, and a fresh schema on a PostgreSQL of the session's own."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from maild.store.database import Database

BINARIES = Path("/usr/lib/postgresql")
SECONDS_TO_START = 30


class Postgres:
    """A PostgreSQL of our own on loopback that can be killed and started again."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._control = binaries / "pg_ctl"
        self._data, self._log, self._folder = folder / "data", folder / "log", folder
        self.port = _free_port()
        self.url = f"postgresql+psycopg://maild@127.0.0.1:{self.port}/postgres"
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")  # the server refuses to run as root
        initdb = binaries / "initdb"
        _run(initdb, "--auth=trust", "--username=maild", "--encoding=UTF8", "--locale=C", "-D", self._data)

    def start(self) -> None:
        """Up and answering."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c shared_buffers=32MB -c max_connections=60"
        _run(self._control, "start", "-w", "-t", SECONDS_TO_START, "-D", self._data, "-l", self._log, "-o", options)

    def kill(self) -> None:
        """Gone at once, as after a crash."""
        _run(self._control, "stop", "-m", "immediate", "-D", self._data)


@contextmanager
def postgres_server() -> Iterator[Postgres | None]:
    """A running server, or None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        yield None
        return
    memory = Path("/dev/shm")  # noqa: S108  # syncs are free there, and every setting can stay as in real life
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None, ignore_cleanup_errors=True) as folder:
        server = Postgres(binaries, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of the session's own."""
    with postgres_server() as server:
        if server is None:
            _missing("no PostgreSQL here: apt-get install postgresql")
        else:
            yield server.url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Where a SQLite database may be made."""
    return f"sqlite:///{tmp_path / 'maild.db'}"


@pytest.fixture
def postgres_schema_url(postgres_url: str) -> Iterator[str]:
    """A fresh schema on the session's PostgreSQL."""
    schema = f"t{uuid4().hex}"
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{postgres_url}?options=-csearch_path%3D{schema}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty place for a database, of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_schema_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An upgraded database of each kind."""
    made = Database(database_url)
    made.upgrade()
    yield made
    made.close()


def _binaries() -> Path | None:
    """The newest server's programs, in Debian's place or on the path."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else (Path(on_path).parent if on_path else None)


def _missing(why: str) -> None:
    """Skip with one line; where nothing may be skipped (MAILD_NO_SKIP=1), fail."""
    if os.environ.get("MAILD_NO_SKIP") == "1":
        pytest.fail(why)
    pytest.skip(why)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(program: Path, *arguments: object) -> None:
    as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    command = [*as_nobody, str(program), *map(str, arguments)]
    # pg_ctl's server keeps the pipe open, so its output is not waited for; what went wrong stands in the log
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
