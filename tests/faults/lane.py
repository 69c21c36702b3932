"""One lane of strikes: a prepared desk, copied for each point; a life on the copy, struck there; then what came of it.

Every point begins alike: two requests wait for their suppliers' answers, two mails lie in a mailbox, two come by SMTP.
"""

import mailbox
import os
import random
import shutil
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

from imapclient import IMAPClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from maild.clock import SystemClock, WoundClock
from maild.demo.imap_server import ImapServer, free_port, imap_server
from maild.settings import Automation, Listener, Mailbox, Settings
from maild.settings import Database as DatabaseAt
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import OutboxRow
from tests.databases import postgres_server
from tests.desk_parts import database_of, desk_of, form, rows, settings_in
from tests.faults import life
from tests.faults.child import GO, INJECTED, SECONDS, Ended, Strike, struck_by
from tests.test_kill import US, normal, stream

MAX_LIVES = 4
DAYS_AGO = timedelta(days=2)  # a patron's letters of one day are limited, and which one is held depends on the order
STANDING, NEW = 2, 2  # requests that partners answer, and forms: half of them by SMTP, half in the mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of one point. `wrong` says what was lost, doubled or damaged; `codes` are the answers a sender saw."""

    struck: bool = False
    wrong: str = ""
    twice: int = 0  # letters that went out again, where we died before noting that they had (P26)
    codes: frozenset[int] = frozenset()
    lives: int = 1
    mended: bool = False  # the database server had given up, and was started again as by an administrator


class Lane:
    """A place to strike in: a mail server, a database server where one is needed, and the prepared desk."""

    def __init__(self, *, postgres: bool = False) -> None:
        self._stack = ExitStack()
        self.folder = Path(mkdtemp(prefix="faults-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._imap: ImapServer = self._stack.enter_context(imap_server())
        self._server = self._stack.enter_context(postgres_server()) if postgres else None
        if postgres and self._server is None:
            raise LookupError("no PostgreSQL here: apt-get install postgresql")
        self._gave_up = False
        self._point = 0
        self._log = self.folder / "calls"
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._imap.password)
        self._prepare()
        self._ready = life.ready(self._settings(self.prepared))
        self.expected = self._undisturbed()

    def close(self) -> None:
        """Servers down, folders gone."""
        self._stack.close()

    def _prepare(self) -> None:
        folder = self.prepared
        folder.mkdir()
        self._create_database("prepared", "template0")
        settings = self._settings(folder)
        with database_of(settings) as database:
            clock = WoundClock(SystemClock().now() - DAYS_AGO)
            desk = desk_of(settings, database, clock)
            with database.write() as session:
                forms = [form(n, f"Vanha kirja {n}") for n in range(STANDING)]
                inbox.keep(
                    session, [Arrival(raw=raw, door="smtp", received_at=clock.now()) for raw in forms], clock.now()
                )
            while desk.work():
                pass
            mails = [m for m in stream(database, random.Random(1)) if b"junk-" not in m]
        forms = [m for m in mails if b"Submitted values" in m][:NEW]
        answers = [m for m in mails if b"Submitted values" not in m][:STANDING]
        self.pushed = [forms[0], answers[0]]
        self.pulled = [forms[1], answers[1]]

    def _undisturbed(self) -> dict[str, object]:
        with self._copied() as place:
            status, _ = self.live(place, list(self.pushed), Strike())
            if status:
                raise RuntimeError("the round does not come through even without a strike")
            return self._normal(place)

    # One point

    def strike(self, strike: Strike, change: life.Change | None = None) -> Found:
        """A life under this strike, then as many without as it takes until all is done."""
        with self._copied() as place:
            left = list(self.pushed)
            self._gave_up = False
            code, codes = self.live(place, left, strike, change)
            struck = code < 0 or INJECTED in self._log.read_text()
            lives = 1
            self._mend()
            while (code or left) and lives < MAX_LIVES:
                code, more = self.live(place, left, Strike())
                codes |= more
                lives += 1
            return replace(self._judged(place, left, codes), struck=struck, lives=lives, mended=self._gave_up)

    def live(
        self, place: "Place", left: list[bytes], strike: Strike, change: life.Change | None = None
    ) -> tuple[int, set[int]]:
        """How one life ended, and what the sender was answered. What got its 250 leaves `left`."""
        go_read, go_write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go_write)
            life.live(place.settings, go_read, self._ready, change)
        os.close(go_read)
        codes: set[int] = set()
        ended = Ended(child)
        with struck_by(self._postmaster if strike.at_server else child, strike, self._log, self._mend):
            os.write(go_write, GO)
            while left and not ended():
                codes.add(code := _send(place.port, left[0], ended))
                if code == OK:
                    left.pop(0)
                else:
                    time.sleep(0.02)
            with suppress(BrokenPipeError):
                os.write(go_write, GO)
            os.close(go_write)
            status = ended.wait()
        return status, codes - {NOBODY}

    def calls(self, kinds: Sequence[str]) -> str:
        """strace's log of these calls in an undisturbed life."""
        return self.record(Strike(call=",".join(kinds)))

    def record(self, strike: Strike, change: life.Change | None = None) -> str:
        """strace's log of one life."""
        with self._copied() as place:
            self.live(place, list(self.pushed), strike, change)
        return self._log.read_text()

    @property
    def prepared(self) -> Path:
        """The desk that every life begins with."""
        return self.folder / "prepared"

    # What came of it

    def _judged(self, place: "Place", left: list[bytes], codes: set[int]) -> Found:
        wrong = [] if not left else [f"{len(left)} mails were never taken"]
        found = self._normal(place)
        wrong += [
            f"{name}: {_difference(found[name], was)}" for name, was in self.expected.items() if found[name] != was
        ]
        database = Database(place.url)
        wrong += database.check()
        with database.read() as session:
            letters = {row.message_id: row.raw for row in rows(session, OutboxRow) if row.state == "sent"}
        database.close()
        delivered = Counter(m.as_bytes().replace(b"\n", b"\r\n") for m in _letters(place.folder / "letters"))
        if set(delivered) != set(letters.values()):
            wrong.append(f"{len(delivered)} letters went out, {len(letters)} are noted as sent")
        if self._inbox(place):
            wrong.append("mails were not moved out of the mailbox")
        twice = delivered.total() - len(delivered)
        return Found(wrong="; ".join(wrong), twice=twice, codes=frozenset(codes - {OK}))

    def _normal(self, place: "Place") -> dict[str, object]:
        database = Database(place.url)
        with database.read() as session:
            found = normal(session)
        database.close()
        return found

    def _inbox(self, place: "Place") -> list[int]:
        with self._client() as client:
            client.select_folder(place.name, readonly=True)
            return list(client.search())

    # The database server

    @property
    def _postmaster(self) -> int:
        if self._server is None:
            raise LookupError("this lane has no server to strike")
        return self._server.postmaster

    def _mend(self) -> None:
        """The server answers, also where it had given up."""
        while self._server is not None:
            if not self._server.postmaster:
                self._gave_up = True
                self._server.start()
            try:
                self._administer("SELECT 1")
            except OperationalError:  # it is still reading its log
                time.sleep(0.05)
            else:
                return

    # Places

    @contextmanager
    def _copied(self) -> Iterator["Place"]:
        """The prepared desk once more, with its mailbox."""
        self._point += 1
        name = f"p{self._point}"
        folder = self.folder / name
        shutil.copytree(self.prepared, folder)
        self._create_database(name, "prepared")
        with self._client() as client:
            for one in (name, f"{name}-done", f"{name}-todo"):
                client.create_folder(one)
            for raw in self.pulled:
                client.append(name, raw)
        port = free_port()
        yield Place(name=name, folder=folder, port=port, settings=self._settings(folder, port))
        with self._client() as client:
            for one in (name, f"{name}-done", f"{name}-todo"):
                client.delete_folder(one)
        shutil.rmtree(folder)
        self._drop_database(name)

    @contextmanager
    def _client(self) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", port=self._imap.port, ssl=False, timeout=20) as client:
            client.login(self._imap.user, self._imap.password)
            yield client

    def _settings(self, folder: Path, port: int = 0) -> Settings:
        name = folder.name
        at = Mailbox(
            host="127.0.0.1",
            port=self._imap.port,
            tls="none",
            user=self._imap.user,
            password_file=self.folder / "password",
            folder=name,
            done_folder=f"{name}-done",
            todo_folder=f"{name}-todo",
            since="2020-01-01",
            poll_seconds=1,
            idle=False,
        )
        url = self._url(name) if self._server is not None else f"sqlite:///{folder}/maild.db"
        return settings_in(
            folder,
            imap=(at,),
            smtp=Listener(listen=f"127.0.0.1:{port}", mails_a_minute=10**6),
            database=DatabaseAt.model_validate({"url": url}),
            automation=Automation(mode="auto", letters={"worklist": "off"}),  # it would depend on the hour of the run
        )

    def _url(self, name: str) -> str:
        return self._server.url.replace("/postgres", f"/{name}") if self._server is not None else ""

    def _create_database(self, name: str, template: str) -> None:
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        # Else a copy's sequences go back at a crash: nextval logs ahead only where its page is older than a checkpoint.
        self._administer("CHECKPOINT")

    def _drop_database(self, name: str) -> None:
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        if self._server is None:
            return
        engine = create_engine(self._server.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A copy of the prepared desk."""

    name: str
    folder: Path
    port: int
    settings: Settings

    @property
    def url(self) -> str:
        """Its database."""
        return self.settings.database.url.get_secret_value()


OK, NOBODY = 250, 0


def _letters(folder: Path) -> list[mailbox.MaildirMessage]:
    """What lies in a Maildir; one that is not whole has none."""
    return list(mailbox.Maildir(folder).values()) if all((folder / part).is_dir() for part in ("new", "cur")) else []


def _send(port: int, raw: bytes, ended: Callable[[], bool]) -> int:
    """What the door answered to the mail: 250, another code, or 0 where nobody answered to the end."""
    while not ended():
        try:
            with smtplib.SMTP("127.0.0.1", port, "mx.partner.example", timeout=SECONDS) as client:
                client.sendmail("a@b.example", [US], raw)
        except ConnectionRefusedError:  # not open yet
            time.sleep(0.01)
        except smtplib.SMTPResponseException as err:
            return err.smtp_code
        except smtplib.SMTPRecipientsRefused as err:
            return err.recipients[US][0]
        except (OSError, smtplib.SMTPException):
            return NOBODY
        else:
            return OK
    return NOBODY


def _difference(found: object, expected: object) -> str:
    """What is there and should not be, or should be and is not, for a human."""
    ours, theirs = (dict(one) if isinstance(one, dict) else {} for one in (found, expected))
    keys = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
    return "; ".join(f"{key}: {ours.get(key)} and not {theirs.get(key)}" for key in keys)[:500]
