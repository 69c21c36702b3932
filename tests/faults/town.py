"""A running `maild run` with everything around it: an IMAP server, a relay and a database that can be taken away."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory

from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient

from maild.demo.imap_server import free_port
from maild.store.database import Database
from tests.databases import MEMORY, Postgres, postgres_server
from tests.desk_parts import ROTA, database_of, settings_in
from tests.servers import SBIN, Dovecot
from tests.test_kill import US

ROOT = Path(__file__).parent.parent.parent
CARELESS = """\
from tests.faults.life import answer_before_keeping
from maild.cli import app
answer_before_keeping()
app()
"""
CONFIG = """\
data = "{folder}"
[site]
pickup = {{ "Pääkirjasto" = "ma-pe 8-20" }}
[automation]
mode = "auto"
[trust]
authserv_id = "mx.library.example"
internal_forms = ["webform@library.example"]
[desk]
staff = ["desk@library.example"]
[database]
url = "{url}"
[smtp]
listen = "127.0.0.1:{smtp}"
mails_a_minute = 1000000
[lmtp]
listen = "127.0.0.1:{lmtp}"
mails_a_minute = 1000000
[[imap]]
host = "127.0.0.1"
port = {imap}
tls = "none"
user = "{user}"
password_file = "{folder}/password"
since = "2020-01-01"
poll_seconds = 10
[post]
host = "127.0.0.1"
port = {relay}
tls = "none"
letters_a_minute = 1000000
[own]
rules = "{folder}/rules"
"""


class Relay:
    """Takes letters and remembers their Message-IDs; can be taken away and put back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.taken: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """A letter."""
        assert isinstance(envelope.content, bytes)
        self.taken[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 2.0.0 taken"

    def start(self) -> None:
        """Open."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def kill(self) -> None:
        """Gone, with every connection."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)

    async def _start(self) -> None:
        relay = self

        class Conversation(SMTP):  # type: ignore[misc]  # aiosmtpd is untyped
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                relay._open.add(transport)
                super().connection_made(transport)

        def conversation() -> Conversation:
            return Conversation(relay, loop=relay._loop, hostname="relay.example", enable_SMTPUTF8=True)

        self._server = await self._loop.create_server(conversation, "127.0.0.1", self.port)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for transport in self._open:
            transport.abort()  # type: ignore[attr-defined]  # a socket's transport
        self._open.clear()


class Town:
    """The servers, the configuration, and the daemon; a careless daemon says 250 before it keeps a mail."""

    def __init__(self, folder: Path, imap: Dovecot, relay: Relay, postgres: Postgres | None, careless: bool) -> None:
        self.folder, self.imap, self.relay, self.postgres = folder, imap, relay, postgres
        self._program = ("-c", CARELESS) if careless else ("-m", "maild")
        self.smtp, self.lmtp = free_port(), free_port()
        self.url = postgres.url if postgres else f"sqlite:///{folder}/maild.db"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._tells = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._tells.bind(str(folder / "notify"))
        self.starts: list[float] = []  # seconds until ready
        (folder / "rules/rotas").mkdir(parents=True)
        (folder / "rules/rotas/default.toml").write_text(ROTA)
        (folder / "password").touch(mode=0o600)
        (folder / "password").write_text(imap.password)
        self.configure()
        with database_of(settings_in(folder, database={"url": self.url})):
            """Its people are in it."""

    def configure(self, **ports: int) -> None:
        """Writes maild.toml; `imap`, `relay` where another port stands for the server's."""
        given = {"imap": self.imap.port, "relay": self.relay.port, "smtp": self.smtp, "lmtp": self.lmtp} | ports
        text = CONFIG.format(folder=self.folder, url=self.url, user=self.imap.user, **given)
        (self.folder / "maild.toml").write_text(text)

    def command(self, *words: str) -> list[str]:
        """A verb of maild on this configuration."""
        return [sys.executable, *self._program, "--config", str(self.folder / "maild.toml"), *words]

    def start(self) -> None:
        """The daemon, without waiting for it."""
        self._tells.setblocking(False)  # a flag alone would wait: the last timeout stands
        with suppress(BlockingIOError):  # what a former life told no longer counts
            while self._tells.recv(100):
                pass
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")}
        with (self.folder / "journal").open("ab") as journal:
            self._daemon = subprocess.Popen(self.command("run"), env=environment, cwd=ROOT, stderr=journal)
        self._started = time.monotonic()

    def await_told(self, what: bytes, seconds: float) -> bool:
        """Whether the daemon tells systemd this within the time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tells.settimeout(max(0.01, until - time.monotonic()))
            with suppress(TimeoutError):
                if what in self._tells.recv(1000):
                    return True
        return False

    def await_ready(self, seconds: float = 60) -> bool:
        """Whether the daemon is ready in time."""
        ready = self.await_told(b"READY=1", seconds)
        self.starts.append(time.monotonic() - self._started)
        return ready

    def end(self, by: signal.Signals = signal.SIGKILL) -> int:
        """The daemon's end."""
        if self._daemon is None:
            return 0
        self._daemon.send_signal(by)
        try:
            return self._daemon.wait(30)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            return self._daemon.wait()

    @property
    def runs(self) -> bool:
        """Whether it does."""
        return self._daemon is not None and self._daemon.poll() is None

    @contextmanager
    def mailbox(self) -> Iterator[IMAPClient]:
        """Somebody else's session in the mailbox."""
        with IMAPClient("127.0.0.1", port=self.imap.port, ssl=False, timeout=20) as client:
            client.login(self.imap.user, self.imap.password)
            yield client

    def waits_in_mailbox(self) -> int:
        """Mails that lie in the inbox folder."""
        with self.mailbox() as client:
            client.select_folder("INBOX", readonly=True)
            return len(client.search())

    def database(self) -> Database:
        """The daemon's database."""
        return Database(self.url)

    def close(self) -> None:
        """The daemon is gone."""
        self.end()
        self._tells.close()


@contextmanager
def town(*, postgres: bool, careless: bool = False, disk: Path = MEMORY) -> Iterator[Town]:
    """A town whose daemon is not started yet. PostgreSQL has its files on `disk`."""
    program = shutil.which("dovecot", path=SBIN)
    if program is None:
        raise LookupError("no Dovecot here: apt-get install dovecot-imapd")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="imap-", dir="/tmp", ignore_cleanup_errors=True)))
        place = Path(stack.enter_context(TemporaryDirectory(prefix="town-", dir="/tmp", ignore_cleanup_errors=True)))
        server = stack.enter_context(postgres_server(disk)) if postgres else None
        imap, relay = Dovecot(program, folder), Relay()
        imap.start()
        stack.callback(imap.kill)
        relay.start()
        stack.callback(relay.kill)
        made = Town(place, imap, relay, server, careless)
        stack.callback(made.close)
        yield made


def until(seconds: float, condition: Callable[[], bool]) -> float | None:
    """After how many seconds the condition held, looked at four times a second; None where it did not."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        with suppress(Exception):  # a server that is away just now
            if condition():
                return time.monotonic() - began
        time.sleep(0.25)
    return None


RECIPIENT = US
