"""The daemon is killed twenty times during a stream of five hundred mails; nothing is lost, doubled or different."""

import mailbox
import os
import queue
import random
import select
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlmodel import Session

from maild.clock import SystemClock
from maild.demo.imap_server import free_port
from maild.post.sender import Sender
from maild.post.transport import ToMaildir
from maild.settings import Settings
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import AttemptRow, HistoryRow, InboxRow, ItemRow, NoticeRow, OutboxRow, RequestRow, TaskRow
from tests.databases import url_in
from tests.desk_parts import LOANED, database_of, desk_of, form, reply, rows, settings_in

KILLS = 20
REAL_EVERY = 7  # so many are forked, the others are `maild run` with its reader process
STANDING, NEW, JUNK = 80, 80, 340  # requests that partners answer, forms, mails about nothing
UNFILLED = "Hei,\n\nvalitettavasti meillä ei ole tätä teosta kokoelmissa.\n\nTerveisin\nRitva"
MORNING = ("worklist", "month")
SECONDS = 900  # a minute on two free cores

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
attention_to = "desk@library.example"
[database]
url = "{url}"
[smtp]
listen = "127.0.0.1:{port}"
mails_a_minute = 100000
[post]
maildir = "{folder}/letters"
letters_a_minute = 100000
[own]
rules = "{folder}/rules"
"""


def write_config(folder: Path, port: int) -> Path:
    """The maild.toml of a site in `folder`, which takes mail at `port`."""
    path = folder / "maild.toml"
    path.write_text(CONFIG.format(folder=folder, url=url_in(folder), port=port))
    return path


def work_off(settings: Settings, database: Database) -> None:
    """Everything that waits, in this process."""
    desk = desk_of(settings, database, SystemClock())
    while desk.work():
        pass


def keep(database: Database, mails: list[bytes]) -> None:
    with database.write() as session:
        now = SystemClock().now()
        arrivals = [
            Arrival(raw=raw, door="smtp", received_at=now, envelope_from="a@b.example", recipients=(US,))
            for raw in mails
        ]
        inbox.keep(session, arrivals, now)


US = "ill@library.example"


def stream(database: Database, chance: random.Random) -> list[bytes]:
    """The mails to come: answers to what was asked, new forms, and others, in any order."""
    with database.read() as session:
        asked = [row for row in rows(session, OutboxRow) if row.audience == "partner"]
    mails = [form(STANDING + n, f"Uusi kirja {n}") for n in range(NEW)]
    due = f"{SystemClock().now() + timedelta(days=50):%d.%m.%Y}"  # no notice of it comes while the test runs
    for number, row in enumerate(asked):
        to = str(message_from_bytes(row.raw)["Reply-To"])
        # Each thing has a barcode of its own: with one for all, a mail that comes while a single loan has it names two.
        loaned = LOANED.replace("30120001234567", f"{30120001234567 + number}").replace("15.1.2027", due)
        text = loaned if number % 3 else UNFILLED
        mails.append(reply(text, to=to, answers=row.message_id, number=number))
    mails += [
        f"From: x{n}@shop.example\r\nMessage-ID: <junk-{n}@shop.example>\r\n\r\nHello {n}\r\n".encode()
        for n in range(JUNK)
    ]
    chance.shuffle(mails)
    return mails


class Sending(threading.Thread):
    """An MTA: sends mail after mail, each until it has its 250."""

    def __init__(self, port: int, mails: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._mails = mails
        self._pause = threading.Event()

    def run(self) -> None:
        for raw in self._mails:
            while not self._accepted(raw):
                self._pause.wait(0.05)

    def _accepted(self, raw: bytes) -> bool:
        with suppress(OSError, smtplib.SMTPException):
            with smtplib.SMTP("127.0.0.1", self._port, "mx.partner.example", timeout=10) as client:
                client.sendmail("a@b.example", [US], raw)
            return True
        return False


class Process:
    """A program whose journal is listened to."""

    def __init__(self, tells: socket.socket, *command: str) -> None:
        self._tells = tells
        self.popen = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "NOTIFY_SOCKET": str(tells.getsockname())},
            cwd=Path(__file__).parent.parent,
        )
        self._decided: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.journal: deque[bytes] = deque(maxlen=30)
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()

    def _hear(self) -> None:
        for line in self.popen.stderr or ():
            self.journal.append(line)
            if b"input.decided" in line:
                self._decided.put(line)

    def forget(self) -> None:
        """What a former life told no longer counts."""
        while select.select([self._tells], [], [], 0)[0]:
            self._tells.recv(1000)

    def await_ready(self) -> None:
        try:
            while b"READY=1" not in self._tells.recv(1000):
                pass
        except TimeoutError:
            pytest.fail(f"never ready: {self.popen.poll()} {list(self.journal)}")

    def await_decided(self, count: int) -> None:
        """Until so many more inputs were decided, or nothing more comes."""
        with suppress(queue.Empty):
            while True:
                self._decided.get_nowait()
        with suppress(queue.Empty):
            for _ in range(count):
                self._decided.get(timeout=5)

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self._hearing.join(10)
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if pipe is not None:
                pipe.close()


class Run(Process):
    """`maild run`."""

    def start(self) -> None:
        """It has begun."""

    def end(self, by: signal.Signals) -> int:
        self.popen.send_signal(by)
        return self.popen.wait(60)


class Forked(Process):
    """Daemons out of tests/nursery.py, one after another."""

    def start(self) -> None:
        assert self.popen.stdin
        assert self.popen.stdout
        self.popen.stdin.write(b"\n")
        self.popen.stdin.flush()
        self._pid = int(self.popen.stdout.readline())

    def end(self, by: signal.Signals) -> int:
        assert self.popen.stdout
        os.kill(self._pid, by)
        return int(self.popen.stdout.readline())


@contextmanager
def told(folder: Path) -> Iterator[socket.socket]:
    """Where systemd would be told."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as tells:
        tells.bind(str(folder / "notify"))
        tells.settimeout(40)
        yield tells


def normal(session: Session) -> dict[str, object]:
    """Each request by its title, without numbers and moments; what waits for staff; the mails by their fate."""
    requests = {row.id: row for row in rows(session, RequestRow)}
    titles = {row.id: str(row.citation["title"]) for row in requests.values()}
    found: dict[str, list[object]] = {title: [] for title in titles.values()}

    def note(request_id: int | None, *facts: object) -> None:
        found[titles[request_id]].append(facts)

    for row in requests.values():
        note(row.id, "status", row.status, sorted(row.flags), row.version)
    for history in rows(session, HistoryRow):
        note(history.request_id, "history", history.from_status, history.to_status, history.event.get("event"))
    for notice in rows(session, NoticeRow):
        note(notice.request_id, "notice", notice.notice, notice.anchor, notice.item_id, notice.state)
    for item in rows(session, ItemRow):
        note(item.request_id, "item", item.number, item.due_date, item.place)
    for attempt in rows(session, AttemptRow):
        note(attempt.request_id, "attempt", attempt.number, attempt.partner_id, attempt.status)
    for letter in rows(session, OutboxRow):
        if letter.request_id is not None:
            note(letter.request_id, "letter", letter.letter, letter.to, letter.state)
    # What the clock sends of itself comes to the disturbed daemon alone, and only in an open morning.
    alone = Counter(
        (row.letter, row.to, row.state)
        for row in rows(session, OutboxRow)
        if row.request_id is None and row.letter not in MORNING
    )
    return {
        "requests": {title: sorted(map(repr, facts)) for title, facts in found.items()},
        "alone": alone,
        "tasks": Counter((row.reason, row.text) for row in rows(session, TaskRow)),
        "mails": {row.key: (row.state, row.filing, row.kind, row.acted) for row in rows(session, InboxRow)},
    }


@pytest.fixture
def standing(tmp_path: Path) -> Path:
    """A folder with a desk whose requests wait for their partners' answers."""
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    settings = settings_in(folder)
    with database_of(settings) as database:
        keep(database, [form(n, f"Vanha kirja {n}") for n in range(STANDING)])
        work_off(settings, database)
    return folder


async def _undisturbed(folder: Path, mails: list[bytes]) -> dict[str, object]:
    settings = settings_in(folder)
    with database_of(settings) as database:
        keep(database, mails)
        work_off(settings, database)
        sender = Sender(database, ToMaildir(folder / "letters"), SystemClock(), 10**6)
        while await sender.send_due():
            pass
        with database.read() as session:
            return normal(session)


@pytest.mark.timeout(SECONDS)
async def test_daemon_killed_twenty_times_loses_and_doubles_nothing(standing: Path, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    disturbed = tmp_path / "disturbed"
    shutil.copytree(standing, disturbed)
    url_in(disturbed, like=standing)
    with database_of(settings_in(standing)) as database:
        mails = stream(database, chance)
    assert len(mails) == STANDING + NEW + JUNK
    port = free_port()
    _disturb(disturbed, port, mails, chance)
    expected = await _undisturbed(standing, mails)
    with database_of(settings_in(disturbed)) as database, database.read() as session:
        found = normal(session)
        letters = {row.message_id: row.raw for row in rows(session, OutboxRow) if row.state == "sent"}
    assert found["mails"] == expected["mails"]
    assert {state for state, *_ in found["mails"].values()} == {"done"}  # type: ignore[attr-defined]  # a dict
    assert found == expected
    delivered = [m.as_bytes().replace(b"\n", b"\r\n") for m in mailbox.Maildir(disturbed / "letters").values()]
    assert set(delivered) == set(letters.values())
    assert len(delivered) <= len(letters) + KILLS  # one may go out again where we died before noting it (P26)


def _disturb(folder: Path, port: int, mails: list[bytes], chance: random.Random) -> None:
    config = str(write_config(folder, port))
    sending = Sending(port, mails)
    with told(folder) as tells, closing(Forked(tells, "tests.nursery", config)) as forked:
        sending.start()
        for number in range(KILLS):
            if number % REAL_EVERY:
                _live_and_die(forked, chance)
            else:
                with closing(Run(tells, "maild", "--config", config, "run")) as real:
                    _live_and_die(real, chance)
        with closing(Run(tells, "maild", "--config", config, "run")) as last:
            last.forget()
            last.await_ready()
            sending.join(200)
            assert not sending.is_alive()
            assert last.end(signal.SIGTERM) == 0, last.journal
        with closing(Process(tells, "maild", "--config", config, "once")) as once:
            assert once.popen.wait(200) == 0, once.journal


def _live_and_die(life: Run | Forked, chance: random.Random) -> None:
    life.forget()
    life.start()
    if chance.random() < 0.2:  # while it starts
        time.sleep(chance.uniform(0, 0.5))  # the moment is what is tested
    else:
        life.await_ready()
        life.await_decided(chance.randrange(1, 30))
        time.sleep(chance.uniform(0, 0.2))
    assert life.end(signal.SIGKILL) == -signal.SIGKILL, life.journal
