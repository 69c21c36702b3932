"""Letters on their way out: into a Maildir, to a sink by SMTP, through a real Postfix."""

import asyncio
import mailbox
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from maild.clock import WoundClock
from maild.core.effects import Audience
from maild.daemon.signals import IDLE_SECONDS
from maild.demo.imap_server import free_port
from maild.post import transport
from maild.post.sender import GIVE_UP_AFTER, GIVE_UP_TRIES, PAUSES_MINUTES, Pace, Sender
from maild.post.transport import Fate, ToMaildir, ToSmarthost, transport_for
from maild.settings import Post
from maild.store import outbox
from maild.store.database import Database
from maild.store.outbox import Outgoing
from maild.store.tables import OutboxRow, TaskRow
from tests.desk_parts import NOW, database_of, rows, settings_in
from tests.desks import do, letter, new_request
from tests.proxy import before
from tests.servers import Postfix

FIELDS = b"From: ill@library.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0200\r\nMessage-ID: <1@library.example>\r\n"
RAW = FIELDS + b"Subject: =?utf-8?q?P=C3=A4?=\r\n\r\n.dot\r\nHei\r\n"


@dataclass
class Sink:
    """A relay that keeps what it gets and answers as told."""

    answers: list[str] = field(default_factory=list)  # to the next mails, after DATA; then 250
    refuses: dict[str, str] = field(default_factory=dict)  # recipients
    mails: list[Envelope] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    port: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope)
        self.came.set()
        return self.answers.pop(0) if self.answers else "250 2.0.0 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, who: object) -> AuthResult:
        good = isinstance(who, LoginPassword) and who.password == b"secret"
        if isinstance(who, LoginPassword):
            self.users.append(who.login.decode())
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def listening(sink: Sink, **options: object) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, loop=loop, hostname="relay.example", enable_SMTPUTF8=True, **options), "127.0.0.1", sink.port
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for _ in range(3):  # so that connections that ended are closed, too
            await asyncio.sleep(0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with database_of(settings_in(tmp_path)) as made:
        yield made


@pytest.fixture
def clock() -> WoundClock:
    return WoundClock(NOW)


def post(sink: Sink, **options: object) -> Post:
    return Post.model_validate({"host": "127.0.0.1", "port": sink.port, "tls": "none", **options})


def waiting(database: Database, *causes: str, to: str = "ill@varasto.example", number: str = "") -> None:
    """Letters in the outbox, written now."""
    letters = [letter(cause, number=number, to=to, raw=RAW.replace(b"<1@", f"<{cause}@".encode())) for cause in causes]
    with database.write() as session:
        outbox.put_alone(session, letters, NOW)


def states(database: Database) -> list[tuple[str, int]]:
    with database.read() as session:
        return [(row.state, row.tries) for row in rows(session, OutboxRow)]


def outgoing(**values: object) -> Outgoing:
    given = {
        "id": 1,
        "number": "",
        "letter": "request",
        "audience": "partner",
        "to": "ill@varasto.example",
        "envelope_from": "ill@library.example",
        "message_id": "<1@library.example>",
        "raw": RAW,
        "tries": 0,
        "created_at": NOW,
    }
    return Outgoing(**(given | values))  # type: ignore[arg-type]  # a test's own values


@asynccontextmanager
async def sending(database: Database, clock: WoundClock, settings: Post, a_minute: int = 1000) -> AsyncIterator[Sender]:
    sender = Sender(database, transport_for(settings), clock, a_minute)
    try:
        yield sender
    finally:
        await sender.close()


async def test_maildir_gets_the_letter_as_it_is(tmp_path: Path) -> None:
    attempt = await ToMaildir(tmp_path / "a/letters").send(outgoing())
    assert attempt.fate is Fate.SENT
    (kept,) = mailbox.Maildir(tmp_path / "a/letters").values()
    assert kept.as_bytes().replace(b"\n", b"\r\n") == RAW
    assert not list((tmp_path / "a/letters/tmp").iterdir())


async def test_a_letter_delivered_into_a_maildir_again_is_there_once(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    for _ in range(2):
        await ToMaildir(folder).send(outgoing())
    assert len(mailbox.Maildir(folder)) == 1
    (new,) = (folder / "new").iterdir()
    new.rename(folder / "cur" / f"{new.name}:2,S")
    await ToMaildir(folder).send(outgoing())
    await ToMaildir(folder).send(outgoing(message_id="<2@library.example>"))
    assert len(mailbox.Maildir(folder)) == 2


async def test_half_a_maildir_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "letters/tmp").mkdir(parents=True)
    assert (await ToMaildir(tmp_path / "letters").send(outgoing())).fate is Fate.SENT
    assert len(mailbox.Maildir(tmp_path / "letters")) == 1


async def test_a_letter_that_could_not_be_noted_does_not_go_out_again(
    database: Database, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = Sink()
    waiting(database, "one", "two")
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        with monkeypatch.context() as full:
            full.setattr(outbox, "sent", _no_room)
            for _ in range(3):
                with pytest.raises(OSError, match="no space"):
                    await sender.send_due()
        assert len(sink.mails) == 1
        assert await sender.send_due() == 2
    assert len(sink.mails) == 2
    assert states(database) == [("sent", 1), ("sent", 1)]


def _no_room(*_: object) -> None:
    raise OSError("no space left on device")


async def test_maildir_that_cannot_be_written_blames_no_letter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    attempt = await ToMaildir(tmp_path / "file/letters").send(outgoing())
    assert attempt.fate is Fate.AWAY


async def test_relay_gets_the_same_bytes_and_one_recipient(database: Database, clock: WoundClock) -> None:
    sink = Sink()
    waiting(database, "a")
    waiting(database, "b", to="aino@student.example")
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        assert await sender.send_due() == 2
        assert await sender.send_due() == 0
    assert [m.content for m in sink.mails] == [RAW.replace(b"<1@", b"<a@"), RAW.replace(b"<1@", b"<b@")]
    assert [m.rcpt_tos for m in sink.mails] == [["ill@varasto.example"], ["aino@student.example"]]
    assert {m.mail_from for m in sink.mails} == {"ill@library.example"}
    assert states(database) == [("sent", 1), ("sent", 1)]


async def test_letter_put_off_comes_again_after_growing_pauses(database: Database, clock: WoundClock) -> None:
    sink = Sink(answers=["451 4.3.0 not now"] * 3)
    waiting(database, "a")
    pauses: list[timedelta] = []
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        while states(database)[0][0] == "waiting":
            await sender.send_due()
            with database.read() as session:
                due = outbox.next_due(session)
            if due is not None:
                pauses.append(due - clock.now())
                clock.wind(pauses[-1] - timedelta(seconds=1))
                assert await sender.send_due() == 0
                clock.wind(timedelta(seconds=1))
    assert pauses == [timedelta(minutes=m) for m in PAUSES_MINUTES[:3]]
    assert states(database) == [("sent", 4)]
    assert len({m.content for m in sink.mails}) == 1
    assert len(sink.mails) == 4


async def test_letter_that_is_put_off_for_too_long_and_often_is_given_up(database: Database, clock: WoundClock) -> None:
    sink = Sink(answers=["451 4.3.0 not now"] * GIVE_UP_TRIES)
    waiting(database, "a")
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        for tries in range(1, GIVE_UP_TRIES):
            clock.wind(GIVE_UP_AFTER + timedelta(minutes=1))
            await sender.send_due()
            assert states(database) == [("waiting", tries)]  # a clock that leapt alone is no reason
        clock.wind(GIVE_UP_AFTER)
        await sender.send_due()
    assert states(database) == [("failed", GIVE_UP_TRIES)]


@pytest.mark.parametrize("where", ["RCPT", "DATA"])
async def test_refused_letter_fails_and_staff_have_a_task(database: Database, clock: WoundClock, where: str) -> None:
    sink = Sink(refuses={"ill@varasto.example": "550 5.1.1 nobody"}) if where == "RCPT" else Sink(["554 5.7.1 no"])
    waiting(database, "a")
    waiting(database, "b", to="aino@student.example")
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        await sender.send_due()
        await sender.send_due()
    assert states(database) == [("failed", 1), ("sent", 1)]
    with database.read() as session:
        (task,) = rows(session, TaskRow)
    assert task.reason == "letter"
    assert ("550" if where == "RCPT" else "554") in task.text


async def test_relay_that_is_away_counts_against_no_letter(database: Database, clock: WoundClock) -> None:
    sink = Sink(port=free_port())
    waiting(database, "a", "b")
    async with sending(database, clock, post(sink)) as sender:
        for _ in range(5):
            assert await sender.send_due() == 0
            clock.wind(timedelta(days=2))
        assert states(database) == [("waiting", 0), ("waiting", 0)]
        assert sender.problem
        async with listening(sink):
            assert await sender.send_due() == 2
            assert sender.problem == ""
    assert [m.content for m in sink.mails] == [RAW.replace(b"<1@", b"<a@"), RAW.replace(b"<1@", b"<b@")]


async def test_relay_that_hangs_up_is_called_again(database: Database, clock: WoundClock) -> None:
    sink = Sink(port=free_port())
    waiting(database, "a")
    async with sending(database, clock, post(sink)) as sender:
        async with listening(sink):
            await sender.send_due()
            await sender._transport._client.execute_command(b"QUIT")  # type: ignore[attr-defined]  # the relay hangs up
        waiting(database, "b")
        async with listening(sink):
            clock.wind(timedelta(minutes=2))
            while await sender.send_due() or states(database)[1][0] == "waiting":
                clock.wind(timedelta(minutes=2))
    assert [state for state, _ in states(database)] == ["sent", "sent"]


async def test_relay_that_went_silent_since_the_last_letter_is_called_again(
    database: Database, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ALIVE_SECONDS", 0.2)
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.5)
    sink = Sink()
    waiting(database, "a")
    async with listening(sink):
        with before(sink.port) as proxy:
            async with sending(database, clock, post(sink, port=proxy.port)) as sender:
                assert await sender.send_due() == 1
                proxy.swallows = True
                waiting(database, "b")
                assert await sender.send_due() == 0
                assert states(database) == [("sent", 1), ("waiting", 0)]  # the silence counts against no letter
                proxy.swallows = False
                assert await sender.send_due() == 1
    assert len(sink.mails) == 2


def test_a_relay_that_is_back_is_found_again_within_a_minute() -> None:
    assert transport.ALIVE_SECONDS + transport.CONNECT_SECONDS + IDLE_SECONDS < 55  # and some seconds to do it


async def test_letters_of_a_request_go_in_order(database: Database, clock: WoundClock) -> None:
    with database.write() as session:
        do(session, new_request())
    sink = Sink(answers=["451 4.3.0 not now"])
    waiting(database, "first", "second", number="KP-2026-000001")
    waiting(database, "other")
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        await sender.send_due()
        assert [state for state, _ in states(database)] == ["waiting", "waiting", "sent"]
        clock.wind(timedelta(minutes=1))
        while await sender.send_due():
            pass
    assert [m.content.split(b"<")[1].split(b"@")[0] for m in sink.mails] == [b"first", b"other", b"first", b"second"]


async def test_letter_to_staff_does_not_wait_for_others(database: Database, clock: WoundClock) -> None:
    with database.write() as session:
        do(session, new_request())
    sink = Sink(answers=["451 4.3.0 not now"])
    waiting(database, "first", number="KP-2026-000001")
    staff = letter("staff", number="KP-2026-000001", to="desk@library.example", audience=Audience.STAFF)
    with database.write() as session:
        outbox.put_alone(session, [staff], NOW)
    async with listening(sink), sending(database, clock, post(sink)) as sender:
        await sender.send_due()
    assert [state for state, _ in states(database)] == ["waiting", "sent"]


async def test_no_more_letters_a_minute_than_allowed(
    database: Database, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute = 0.0
    monkeypatch.setattr("maild.post.sender.time.monotonic", lambda: minute)
    sink = Sink()
    waiting(database, "a", "b", "c")
    async with listening(sink), sending(database, clock, post(sink), a_minute=2) as sender:
        assert [await sender.send_due(), await sender.send_due()] == [2, 0]
        minute = 60.0
        assert await sender.send_due() == 1


def test_pace_starts_anew_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    minute = 59.0
    monkeypatch.setattr("maild.post.sender.time.monotonic", lambda: minute)
    pace = Pace(1)
    assert pace.left() == 1
    pace.count()
    assert pace.left() == 0
    minute = 60.0
    assert pace.left() == 1


async def test_domain_outside_ascii_goes_out_in_a_labels(tmp_path: Path) -> None:
    sink = Sink()
    async with listening(sink):
        relay = ToSmarthost(post(sink))
        attempt = await relay.send(outgoing(to="ill@kirjastö.example"))
        await relay.close()
    assert attempt.fate is Fate.SENT
    assert [m.rcpt_tos for m in sink.mails] == [["ill@xn--kirjast-g1a.example"]]
    assert not sink.mails[0].smtp_utf8


@pytest.mark.parametrize("to", ["ill@-\ud800.example", "ill@" + "ä" * 80 + ".example", "a\r\nRSET@varasto.example"])
async def test_address_that_smtp_cannot_say_fails_for_good(to: str) -> None:
    sink = Sink()
    async with listening(sink):
        relay = ToSmarthost(post(sink))
        attempt = await relay.send(outgoing(to=to))
        await relay.close()
    assert attempt.fate is Fate.NEVER
    assert sink.mails == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost, its own authority; and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def test_login_goes_over_starttls_with_our_own_authority(
    certificate: tuple[Path, Path], server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    sink = Sink()
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text("secret\n")
    options = {"user": "maild", "password_file": password, "tls": "starttls", "ca_file": certificate[0]}
    async with listening(sink, tls_context=server_tls, require_starttls=True, authenticator=sink.authenticate):
        good = ToSmarthost(post(sink, **options))
        assert (await good.send(outgoing())).fate is Fate.SENT
        await good.close()
        password.write_text("wrong\n")
        bad = ToSmarthost(post(sink, **options))
        attempt = await bad.send(outgoing())
        await bad.close()
    assert sink.users[0] == "maild"
    assert len(sink.mails) == 1
    assert attempt.fate is Fate.AWAY  # our own login failed: no letter is to blame
    assert "wrong" not in attempt.answer


async def test_relay_with_a_stranger_s_certificate_gets_nothing(server_tls: ssl.SSLContext) -> None:
    sink = Sink()
    async with listening(sink, tls_context=server_tls):
        relay = ToSmarthost(post(sink, tls="starttls"))
        attempt = await relay.send(outgoing())
        await relay.close()
    assert (attempt.fate, sink.mails) == (Fate.AWAY, [])


async def test_relay_that_offers_no_tls_gets_nothing() -> None:
    sink = Sink()
    async with listening(sink):
        relay = ToSmarthost(post(sink, tls="starttls"))
        attempt = await relay.send(outgoing())
        await relay.close()
    assert (attempt.fate, sink.mails) == (Fate.AWAY, [])


async def test_relay_that_wants_a_login_blames_no_letter() -> None:
    sink = Sink(refuses={"ill@varasto.example": "530 5.7.0 Authentication required"})
    async with listening(sink):
        relay = ToSmarthost(post(sink))
        attempt = await relay.send(outgoing())
        await relay.close()
    assert (attempt.fate, sink.mails) == (Fate.AWAY, [])


@pytest.mark.needs_postfix
async def test_postfix_passes_the_letter_on(
    database: Database, clock: WoundClock, postfix: Callable[..., Postfix]
) -> None:
    sink = Sink()
    waiting(database, "a")
    async with listening(sink):
        relay = await asyncio.to_thread(postfix, lmtp=free_port(), relay=sink.port)
        through = Post.model_validate({"host": "127.0.0.1", "port": relay.port, "tls": "none"})
        async with sending(database, clock, through) as sender:
            assert await sender.send_due() == 1
        await asyncio.wait_for(sink.came.wait(), 20)
    assert sink.mails[0].content.endswith(RAW.replace(b"<1@", b"<a@"))
    assert b"\r\nMessage-ID: <a@library.example>\r\n" in sink.mails[0].content
