"""The IMAP door, against a real Dovecot and against pymap, which like Exchange knows no keywords."""

import imaplib
import json
import re
import socket
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from imapclient import IMAPClient

from maild.clock import WoundClock
from maild.demo.imap_server import ImapServer, free_port
from maild.intake import imap, imap_session
from maild.intake.accept import Acceptance
from maild.intake.imap import MailboxDoor
from maild.intake.imap_session import ImapSession
from maild.settings import Mailbox
from maild.store import inbox, settling
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.settling import Finding
from maild.store.tables import InboxRow, RequestRow, SightingRow, TaskRow
from tests.desk_parts import Signal, database_of, desk_of, form, rows, settings_in
from tests.proxy import before
from tests.servers import Dovecot

pytestmark = pytest.mark.needs_dovecot
# Every line that we may say: commands with our own folders, numbers and words.
OURS = re.compile(
    rb"[A-Z]+\d+ (CAPABILITY|LOGOUT|NOOP|ENABLE \S+|LOGIN \S+ \S+|LIST \"\" \S+( \S+)?"
    rb"|(CREATE|SUBSCRIBE|SELECT) [\w\" /]+"
    rb"|UID (SEARCH UID \d+:\*|FETCH [\d,:]+ \([A-Z0-9. \[\]]+\)|MOVE [\d,:]+ [\w\" /]+))"
)
START = datetime.now(UTC) - timedelta(days=1)  # Dovecot takes no mail from the future


def later(minutes: float) -> datetime:
    """So long after the first sight of the mailbox."""
    return START + timedelta(minutes=minutes)


def mail(number: int, text: str = "Hei", **fields: str) -> bytes:
    headers = {"From": "a@partner.example", "Message-ID": f"<{number}@partner.example>"} | fields
    return "".join(f"{n}: {v}\r\n" for n, v in headers.items()).encode() + f"\r\n{text} {number}\r\n".encode()


@pytest.fixture(params=["dovecot", "pymap"])
def server(request: pytest.FixtureRequest) -> ImapServer:
    """Each of the two servers."""
    return request.getfixturevalue(str(request.param))  # type: ignore[no-any-return]  # pytest's


class House:
    """A database with one mailbox at its door."""

    def __init__(self, folder: Path, server: ImapServer | Dovecot, database: Database) -> None:
        self.database = database
        self.clock = WoundClock(START)
        self.kept_some = Signal()
        self.polled = Signal()
        self._folder = folder
        self._server = server

    def mailbox(self, **options: object) -> Mailbox:
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._server.password)
        given = {"host": "127.0.0.1", "port": self._server.port, "tls": "none", "user": self._server.user}
        ways = {} if "token_command" in options else {"password_file": password}
        return Mailbox.model_validate(given | ways | options)

    def door(self, **options: object) -> MailboxDoor:
        mailbox, polled = self.mailbox(**options), self.polled

        class Watched(MailboxDoor):
            def poll(self, session: ImapSession) -> None:
                super().poll(session)
                polled()

        return Watched(
            mailbox,
            max_bytes=mailbox.max_bytes,
            filing=True,
            database=self.database,
            acceptance=Acceptance(self.database, self.clock, self.kept_some),
            clock=self.clock,
        )

    @contextmanager
    def running(self, **options: object) -> Iterator[MailboxDoor]:
        """A door in its thread, after its first poll."""
        door = self.door(**options)
        door.start()
        try:
            self.polled.wait_for(lambda: self.polled.count > 0)
            yield door
        finally:
            door.stop()
            door.end(3)
            assert not door.is_alive()

    @contextmanager
    def client(self) -> Iterator[IMAPClient]:
        with IMAPClient("127.0.0.1", port=self._server.port, ssl=False, timeout=10) as client:
            client.login(self._server.user, self._server.password)
            yield client

    def append(self, *raws: bytes, came: datetime | None = None) -> None:
        with self.client() as client:
            for raw in raws:
                client.append("INBOX", raw, msg_time=came)

    def kept(self) -> list[bytes]:
        with self.database.read() as session:
            return [row.raw for row in rows(session, InboxRow)]

    def await_kept(self, count: int) -> None:
        self.kept_some.wait_for(lambda: len(self.kept()) >= count)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with database_of(settings_in(tmp_path)) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, server: ImapServer, database: Database) -> House:
    return House(tmp_path, server, database)


@pytest.fixture
def host(tmp_path: Path, mailhost: Dovecot, database: Database) -> House:
    """The same on a Dovecot that can be killed."""
    return House(tmp_path, mailhost, database)


def test_old_mail_is_left_alone_and_new_mail_is_kept(desk: House) -> None:
    desk.append(mail(1), mail(2))
    door = desk.door()
    door.once()
    assert desk.kept() == []
    desk.append(mail(3))
    door.once()
    desk.door().once()  # another process later
    assert desk.kept() == [mail(3)]


def test_with_since_older_mail_from_that_day_on_is_kept(desk: House) -> None:
    desk.append(mail(1), came=later(-60 * 24 * 10))
    desk.append(mail(2), came=later(-60 * 24))
    desk.door(since=f"{later(-60 * 24 * 3):%Y-%m-%d}").once()
    assert desk.kept() == [mail(2)]


def test_mail_stays_unseen(desk: House) -> None:
    door = desk.door()
    door.once()
    desk.append(mail(1))
    door.once()
    with desk.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert b"\\Seen" not in client.get_flags([client.search()[0]]).popitem()[1]


def test_decided_mail_is_moved_with_its_flags(desk: House) -> None:
    door = desk.door()
    door.once()
    desk.append(mail(1), mail(2), mail(3))
    with desk.client() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(), [b"\\Flagged"])
    door.once()
    with desk.database.write() as session:
        for number, folder in ((1, "done"), (2, "todo")):
            settling.finish(session, number, START, Finding(acted=True, filing=folder, kind="", numbers=(), why=""))
    door.file_once()
    with desk.client() as client:
        for folder, number in (("INBOX", 3), ("maild/Done", 1), ("maild/To do", 2)):
            client.select_folder(folder, readonly=True)
            (uid,) = client.search()
            found = client.fetch([uid], ["BODY.PEEK[]", "FLAGS"])[uid]
            assert found[b"BODY[]"] == mail(number)
            assert b"\\Flagged" in found[b"FLAGS"]
            assert b"\\Seen" not in found[b"FLAGS"]


def test_new_mail_is_kept_while_the_door_polls(desk: House) -> None:
    with desk.running(idle=False, poll_seconds=1):
        desk.append(mail(1))
        desk.await_kept(1)


def test_idle_wakes_the_door(host: House) -> None:
    with host.running(poll_seconds=3600):
        for number in (1, 2, 3):
            host.append(mail(number))
            host.await_kept(number)


def test_mail_that_comes_between_poll_and_idle_is_seen(host: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server tells a client of new mail once: during the FETCH or MOVE of another mail it is lost in the answers."""
    file = MailboxDoor._file
    appended = threading.Event()

    def append_meanwhile(self: MailboxDoor, *args: object) -> None:
        file(self, *args)  # type: ignore[arg-type]  # passed on as it came
        if not appended.is_set():
            appended.set()
            host.append(mail(1))
            args[0]._client.noop()  # type: ignore[attr-defined]  # the server tells, and nobody listens

    monkeypatch.setattr(MailboxDoor, "_file", append_meanwhile)
    with host.running(poll_seconds=3600):
        host.await_kept(1)


def test_decision_wakes_the_door_to_file(host: House) -> None:
    with host.running(poll_seconds=3600) as door:
        host.append(mail(1))
        host.await_kept(1)
        with host.database.write() as session:
            settling.finish(session, 1, START, Finding(acted=True, filing="done", kind="", numbers=(), why=""))
        before = host.polled.count
        door.file_now()
        host.polled.wait_for(lambda: host.polled.count > before + 1 or _filed(host.database))


def _filed(database: Database) -> bool:
    with database.read() as session:
        return all(row.filed for row in rows(session, SightingRow))


def test_new_uidvalidity_repeats_nothing_and_skips_nothing(host: House, mailhost: Dovecot) -> None:
    host.append(mail(1), mail(2), came=later(-60))
    door = host.door()
    door.once()
    host.append(mail(3), came=later(1))
    door.once()
    mailhost.kill()
    mailhost.renumber()
    mailhost.start()
    host.append(mail(4), came=later(2))
    door.once()
    assert host.kept() == [mail(3), mail(4)]
    host.append(mail(5), came=later(-60))  # its date lies, but by then the mailbox is settled
    door.once()
    assert host.kept() == [mail(3), mail(4), mail(5)]
    with host.database.read() as session:
        assert len({row.uidvalidity for row in rows(session, SightingRow)}) == 2


def test_server_that_dies_is_found_again(host: House, mailhost: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "FIRST_PAUSE_SECONDS", 0.1)
    with host.running(poll_seconds=3600):
        mailhost.kill()
        mailhost.start()
        host.append(mail(1))
        host.await_kept(1)


@pytest.mark.parametrize("idle", [True, False])
def test_server_that_went_silent_in_an_open_connection_is_called_again(
    tmp_path: Path, database: Database, mailhost: Dovecot, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    monkeypatch.setattr(imap_session, "ANSWER_SECONDS", 1.0)
    for pause in ("FIRST_PAUSE_SECONDS", "ASK_SECONDS", "IDLE_SLICE_SECONDS"):
        monkeypatch.setattr(imap, pause, 0.1)
    with before(mailhost.port) as proxy:
        house = House(tmp_path, ImapServer(port=proxy.port, software="dovecot"), database)
        with house.running(idle=idle, poll_seconds=3600) as door:
            proxy.swallows = True
            House(tmp_path, mailhost, database).append(mail(1))
            _wait_until(lambda: "timed out" in door.problem)
            assert house.kept() == []
            proxy.swallows = False
            house.await_kept(1)


def test_a_server_that_is_back_is_found_again_within_a_minute() -> None:
    """The longest waits that can lie between its return and our next command, one after the other."""
    begun = max(imap.ASK_SECONDS, imap.IDLE_SLICE_SECONDS) + imap.FIRST_PAUSE_SECONDS
    assert imap_session.ANSWER_SECONDS + max(begun, imap.MAX_PAUSE_SECONDS) < 55  # and some seconds to do it


def test_pauses_grow_while_the_server_is_away(host: House, mailhost: Dovecot) -> None:
    class Impatient(threading.Event):
        pauses: ClassVar[list[float]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.pauses.append(timeout or 0)
            if len(self.pauses) == 4:
                self.set()
            return self.is_set()

    mailhost.kill()
    door = host.door()
    door._ending = Impatient()
    door.run()
    assert Impatient.pauses == [2, 4, 8, 16]
    assert "refused" in door.problem


def test_mail_that_is_gone_between_search_and_fetch_is_left_out(desk: House) -> None:
    desk.append(mail(1), mail(2))
    mailbox = desk.mailbox()
    with ImapSession(mailbox, imap.credential_of(mailbox)) as session:
        session.select("INBOX")
        uids = session.uids_after(0)
        with desk.client() as client:
            client.select_folder("INBOX")
            client.delete_messages(uids[:1])
            client.expunge()
        assert [m.raw for m in session.fetch(uids, 10_000, lambda _uid, _came: True)] == [mail(2)]


def test_nobody_acts_on_the_header_of_a_large_mail(desk: House, tmp_path: Path) -> None:
    door = desk.door(max_bytes=2048)
    door.once()
    desk.append(form(1), form(2) + b"x" * 70 * 50 + b"\r\n")
    door.once()
    desk_of(settings_in(tmp_path), desk.database, desk.clock).work()
    with desk.database.read() as session:
        assert len(rows(session, RequestRow)) == 1
        (task,) = rows(session, TaskRow)
        whole, cut = rows(session, InboxRow)
    assert (whole.filing, cut.filing, task.mail_id) == ("done", "todo", cut.id)
    assert "could not be read whole" in task.text
    assert b"Verkkolomake" in cut.raw
    assert len(cut.raw) < 2048


def test_mail_that_the_server_does_not_give_out_holds_up_no_other(
    host: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(imap, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(imap, "MAX_PAUSE_SECONDS", 0.01)
    fetch = ImapSession.fetch

    def broken(self: ImapSession, uids: list[int], *args: object) -> object:
        if 2 in uids:
            raise ImapSession.Error("FETCH command error: [SERVERBUG] Internal error occurred")
        return fetch(self, uids, *args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(ImapSession, "fetch", broken)
    with host.running(idle=False, poll_seconds=1):
        host.append(mail(1), mail(2), mail(3))
        host.await_kept(3)
    desk_of(settings_in(tmp_path), host.database, host.clock).work()
    with host.database.read() as session:
        assert [(row.id, row.filing) for row in rows(session, InboxRow) if b"Not-Whole" in row.raw] == [(2, "todo")]


def test_wrong_password_is_a_problem_and_no_crash(desk: House, tmp_path: Path) -> None:
    door = desk.door()
    (tmp_path / "password").write_text("wrong")
    door.start()
    _wait_until(lambda: door.problem != "not polled yet")
    assert "LoginError" in door.problem
    assert "wrong" not in door.problem
    assert door.is_alive()
    door.stop()
    door.end(3)
    assert not door.is_alive()


def test_refused_login_is_tried_ever_more_seldom(desk: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers lock an account after some wrong passwords; one that is only away is asked far more often."""

    class Impatient(threading.Event):
        pauses: ClassVar[list[float]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.pauses.append(timeout or 0)
            if len(self.pauses) == 2:
                self.set()
            return self.is_set()

    monkeypatch.setattr(imap, "FIRST_PAUSE_SECONDS", imap.REFUSED_PAUSE_SECONDS / 3)
    door = desk.door()
    (tmp_path / "password").write_text("wrong")
    door._ending = Impatient()
    door.run()
    assert Impatient.pauses == [imap.REFUSED_PAUSE_SECONDS * 2 / 3, imap.REFUSED_PAUSE_SECONDS]


def _wait_until(condition: Callable[[], bool]) -> None:
    never = threading.Event()
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until
        never.wait(0.02)


def test_token_logs_in(stopped_dovecot: Dovecot, tmp_path: Path, database: Database) -> None:
    class Introspection(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = self.headers["Authorization"] == "Bearer good-token"
            body = json.dumps({"active": True, "email": stopped_dovecot.user} if good else {"active": False}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with HTTPServer(("127.0.0.1", 0), Introspection) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        stopped_dovecot.with_oauth2(web.server_port)
        stopped_dovecot.start()
        house = House(tmp_path, stopped_dovecot, database)
        good, bad = (house.door(token_command=("/bin/echo", token)) for token in ("good-token", "bad-token"))
        good.once()
        bad.once()
        web.shutdown()
    assert good.problem == ""
    assert "LoginError" in bad.problem


def test_no_byte_of_a_mail_gets_into_a_command(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bytes] = []
    send = imaplib.IMAP4.send

    def overheard(self: imaplib.IMAP4, data: bytes) -> None:
        said.append(bytes(data))
        send(self, data)

    payloads = tomllib.loads((Path(__file__).parent / "injections.toml").read_text("utf-8")).values()
    hostile = ['<x"\r\n X1 STORE 1:* +FLAGS (\\Deleted)\r\n X2 EXPUNGE {3}@evil.example>', *payloads]
    door = desk.door()
    door.once()
    mails = [dict.fromkeys(("Message-ID", "Subject", "In-Reply-To"), one.replace("\0", "")) for one in hostile]
    desk.append(*(mail(number, **fields) for number, fields in enumerate(mails)))
    monkeypatch.setattr(imaplib.IMAP4, "send", overheard)
    door.once()
    with desk.database.write() as session:
        for number in range(1, len(mails) + 1):
            settling.finish(session, number, START, Finding(acted=True, filing="done", kind="", numbers=(), why=""))
    door.file_once()
    monkeypatch.undo()
    assert len(desk.kept()) == len(mails)
    assert any(b"MOVE" in line for line in said)
    assert [line for line in b"".join(said).splitlines() if not OURS.fullmatch(line)] == []


def test_door_stops_promptly_in_idle(host: House) -> None:
    with host.running(poll_seconds=3600) as door:
        begun = time.monotonic()
        door.stop()
        door.end(3)
        assert time.monotonic() - begun < 3


def test_door_is_cut_off_from_a_server_that_went_silent(tmp_path: Path, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        silent = ImapServer(port=listening.getsockname()[1], software="silent")
        door = House(tmp_path, silent, database).door()
        door.start()
        talk, _ = listening.accept()
        with talk:
            talk.sendall(b"* OK ready\r\n")
            while b"LIST" not in (said := talk.recv(1000)):
                talk.sendall(b"* CAPABILITY IMAP4rev1\r\n" + said.split()[0] + b" OK done\r\n")
            begun = time.monotonic()
            door.stop()
            door.end(1)
    assert time.monotonic() - begun < 3


def test_same_mail_by_two_doors_is_one_mail(desk: House) -> None:
    door = desk.door()
    door.once()
    desk.append(mail(1))
    door.once()
    with desk.database.write() as session:
        inbox.keep(session, [Arrival(raw=b"Received: by mx\r\n" + mail(1), door="smtp", received_at=START)], START)
    assert desk.kept() == [mail(1)]


def test_mailbox_that_cannot_be_reached_does_not_end_a_single_round(tmp_path: Path, database: Database) -> None:
    door = House(tmp_path, ImapServer(port=free_port(), software="none"), database).door()
    door.once()
    assert "refused" in door.problem
