"""The databases that tests run on: a fresh SQLite file, or a fresh place on a PostgreSQL of the session's own.

`pytest --postgresql` puts every test's database there: `url_in` is what tests write into their settings. What is about
SQLite's files by its nature has the marker `about_sqlite` with the reason, and is left out of such a run.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from maild.store.database import Database

BINARIES = Path("/usr/lib/postgresql")
MEMORY = Path("/dev/shm")  # noqa: S108  # syncs are free there, and every setting can stay as in real life
SECONDS_TO_START = 30
SERVER = "MAILD_TEST_POSTGRESQL"  # where `url_in` finds the server: fixtures and plain helpers alike
TEMPLATE = "upgraded"  # a database at the present schema, which every other one is a copy of


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch."""
    parser.addoption("--postgresql", action="store_true", help="every test's database on PostgreSQL, and not on SQLite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A run on PostgreSQL leaves out what is about SQLite."""
    if not config.getoption("--postgresql"):
        return
    left_out = [item for item in items if _is_about_sqlite(item)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _is_about_sqlite(item: pytest.Item) -> bool:
    given = getattr(item, "callspec", None)
    return item.get_closest_marker("about_sqlite") is not None or (
        given is not None and given.params.get("database_url") == "sqlite"
    )


def url_in(folder: Path, like: Path | None = None) -> str:
    """Where a test's database is: a file of the folder, or with --postgresql the folder's database on the server.

    On the server it begins as a copy of that of the folder `like`; a file is copied with its folder.
    """
    server = os.environ.get(SERVER)
    if server is None:
        return f"sqlite:///{folder}/maild.db"
    name, template = _name(folder), _name(like) if like is not None else TEMPLATE
    with _administering(server) as connection, suppress(ProgrammingError):  # it is there
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


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

    @property
    def postmaster(self) -> int:
        """The process that all others of the server come from; 0 where it does not run."""
        with suppress(FileNotFoundError):
            pid = int((self._data / "postmaster.pid").read_text().split("\n")[0])
            return pid if Path(f"/proc/{pid}").exists() else 0
        return 0

    def start(self) -> None:
        """Up and answering."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self._folder} -c shared_buffers=32MB -c max_connections=60"
        _run(self._control, "start", "-w", "-t", SECONDS_TO_START, "-D", self._data, "-l", self._log, "-o", options)

    def kill(self) -> None:
        """Gone at once, as after a crash."""
        if self.postmaster:
            _run(self._control, "stop", "-m", "immediate", "-D", self._data)


@contextmanager
def postgres_server(place: Path = MEMORY) -> Iterator[Postgres | None]:
    """A running server with its files in a new folder of that place, or None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        yield None
        return
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else None, ignore_cleanup_errors=True) as folder:
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


@pytest.fixture(scope="session", autouse=True)
def everything_on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --postgresql: the server for `url_in`."""
    if not request.config.getoption("--postgresql"):
        yield
        return
    server = request.getfixturevalue("postgres_url")
    with _administering(server) as connection:
        connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    made = Database(make_url(server).set(database=TEMPLATE).render_as_string(hide_password=False))
    made.upgrade()
    made.close()
    os.environ[SERVER] = server
    yield
    del os.environ[SERVER]


@pytest.fixture(autouse=True)
def databases_of_the_test_are_gone(everything_on_postgres: None) -> Iterator[None]:
    """With --postgresql: what a test made on the server goes with it; what a module shares stays."""
    server = os.environ.get(SERVER)
    if server is None:
        yield
        return
    with _administering(server) as connection:
        before = _names(connection)
    yield
    with _administering(server) as connection:
        for name in _names(connection) - before:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _administering(server: str) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _name(folder: Path) -> str:
    return f"t{sha256(str(folder).encode()).hexdigest()[:24]}"


def _names(connection: Connection) -> set[str]:
    return set(connection.scalars(text("SELECT datname FROM pg_database")))


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
