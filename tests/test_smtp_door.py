"""The SMTP and LMTP doors, through real sockets."""

import asyncio
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from maild.clock import WoundClock
from maild.intake.accept import Acceptance
from maild.intake.protocol import SmtpProtocol
from maild.intake.smtp import Door, serve
from maild.settings import Listener
from maild.store import inbox, looking
from maild.store.database import Database
from tests.databases import url_in

MAIL = b"From: a@partner.example\r\nTo: ill@library.example\r\nMessage-ID: <1@partner.example>\r\n\r\nHei\r\n"
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def database_file(tmp_path: Path) -> Iterator[Database]:
    """A database at the present schema."""
    database = Database(url_in(tmp_path))
    database.upgrade()
    yield database
    database.close()


@asynccontextmanager
async def door(database: Database, *, lmtp: bool = False, **options: object) -> AsyncIterator[int]:
    """A door on a free port; gives the port."""
    listener = Listener.model_validate({"listen": "127.0.0.1:0", "hostname": "mx.library.example", **options})
    clock = WoundClock(NOW)
    acceptance = Acceptance(database, clock, lambda: None)
    name = "lmtp" if lmtp else "smtp"
    servers = await serve(Door(name, listener, ["ill@library.example"], acceptance, clock), listener, lmtp=lmtp)
    try:
        yield servers[0].sockets[0].getsockname()[1]
    finally:
        for server in servers:
            server.close()


def send(port: int, raw: bytes = MAIL, to: str = "ill@library.example", sender: str = "a@partner.example") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.sendmail(sender, [to], raw)


def kept(database: Database) -> int:
    with database.read() as session:
        return sum(looking.counts(session).values())


class Talk:
    """A client that says just what it is told."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._file = self._socket.makefile("rb")

    def hear(self) -> str:
        """One answer, its last line."""
        while True:
            line = self._file.readline().decode()
            if line[3:4] != "-":
                return line.strip()

    def say(self, line: bytes) -> str:
        """One command and its answer."""
        self._socket.sendall(line + b"\r\n")
        return self.hear()

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Leaves without a word."""
        self._file.close()
        self._socket.close()


async def test_a_mail_for_us_is_kept_as_it_came(database_file: Database) -> None:
    async with door(database_file) as port:
        await asyncio.to_thread(send, port)
    with database_file.read() as session:
        assert looking.raw_of(session, 1) == MAIL


async def test_plus_addresses_are_ours_in_any_case(database_file: Database) -> None:
    async with door(database_file) as port:
        await asyncio.to_thread(send, port, MAIL, "ILL+kp-2026-000001.s.abc@Library.example")
    assert kept(database_file) == 1


async def test_a_stranger_s_mailbox_is_refused_for_good(database_file: Database) -> None:
    async with door(database_file) as port:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await asyncio.to_thread(send, port, MAIL, "other@library.example")
    assert refused.value.recipients["other@library.example"][0] == 550


async def test_a_bounce_with_its_empty_path_is_kept(database_file: Database) -> None:
    async with door(database_file) as port:
        await asyncio.to_thread(send, port, MAIL, "ill@library.example", "")
    assert kept(database_file) == 1


async def test_the_same_mail_twice_is_one_mail(database_file: Database) -> None:
    async with door(database_file) as port:
        await asyncio.to_thread(send, port)
        await asyncio.to_thread(send, port)
    assert kept(database_file) == 1


async def test_a_locked_database_means_come_again(database_file: Database, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    async with door(database_file) as port:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database_file, "write", refuse)
            with pytest.raises(smtplib.SMTPDataError) as refused:
                await asyncio.to_thread(send, port)
        assert refused.value.smtp_code == 451
        await asyncio.to_thread(send, port)
    assert kept(database_file) == 1


async def test_a_full_disk_says_so(database_file: Database) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async with door(database_file) as port:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(database_file, "write", refuse)
            with pytest.raises(smtplib.SMTPDataError) as refused:
                await asyncio.to_thread(send, port)
    assert refused.value.smtp_code == 452


async def test_a_line_of_a_megabyte_is_no_reason_to_bounce(database_file: Database) -> None:
    raw = MAIL + b"<p>" + b"x" * 2**20 + b"</p>\r\n"
    async with door(database_file) as port:
        await asyncio.to_thread(send, port, raw)
    with database_file.read() as session:
        assert looking.raw_of(session, 1) == raw


async def test_too_large_a_mail_is_refused_for_good(database_file: Database) -> None:
    async with door(database_file, max_bytes=2000) as port:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            await asyncio.to_thread(send, port, MAIL + b"x\r\n" * 2000)
    assert refused.value.smtp_code == 552
    assert kept(database_file) == 0


async def test_too_large_a_mail_whose_size_was_not_announced_is_refused_for_good(database_file: Database) -> None:
    def unannounced(port: int) -> str:
        client = Talk(port)
        client.hear()
        for line in (b"EHLO x", b"MAIL FROM:<a@partner.example>", b"RCPT TO:<ill@library.example>", b"DATA"):
            client.say(line)
        client.raw(MAIL + b"x\r\n" * 2000 + b".\r\n")
        answer = client.hear()
        client.close()
        return answer

    async with door(database_file, max_bytes=2000) as port:
        assert (await asyncio.to_thread(unannounced, port)).startswith("552")
    assert kept(database_file) == 0


async def test_a_dot_within_a_line_too_long_ends_no_mail(database_file: Database) -> None:
    smuggled = b"MAIL FROM:<b@evil.example>\r\nRCPT TO:<ill@library.example>\r\n.\r\n"
    listener = Listener.model_validate({"listen": "127.0.0.1:0", "max_bytes": 1024})
    acceptance = Acceptance(database_file, WoundClock(NOW), lambda: None)
    asked = Door("smtp", listener, [], acceptance, WoundClock(NOW))
    protocol = SmtpProtocol(asked, loop=asyncio.get_running_loop())
    protocol._reader = reader = asyncio.StreamReader(limit=1024)
    taken = asyncio.create_task(protocol._content())
    reader.feed_data(b"x" * 4000 + b".")  # asyncio leaves the last byte: the dot begins the next piece
    for _ in range(9):
        await asyncio.sleep(0)
    assert bytes(reader._buffer) == b"."
    reader.feed_data(b"\r\n" + smuggled)
    assert await taken is None
    assert not reader._buffer  # nothing of it is left to be taken for commands


async def test_bare_line_ends_take_no_more_memory_than_their_size(database_file: Database) -> None:
    raw = MAIL + b"\r\n" * 200_000
    async with door(database_file) as port:
        tracemalloc.start()
        try:
            await asyncio.to_thread(_dictate, port, raw + b".\r\n")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 12 * len(raw)  # with the sender's copies; a list of lines takes 40 times as much
    assert kept(database_file) == 1


async def test_parameters_of_delivery_reports_are_no_error(database_file: Database) -> None:
    def say(port: int) -> str:
        client = Talk(port)
        client.hear()
        client.say(b"EHLO mx.partner.example")
        client.say(b"MAIL FROM:<a@partner.example> RET=HDRS ENVID=abc")
        answer = client.say(b"RCPT TO:<ill@library.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ill@library.example")
        client.close()
        return answer

    async with door(database_file) as port:
        assert (await asyncio.to_thread(say, port)).startswith("250")


async def test_a_client_that_leaves_within_data_leaves_nothing(database_file: Database) -> None:
    def leave(port: int) -> None:
        client = Talk(port)
        client.hear()
        for line in (b"EHLO x", b"MAIL FROM:<a@partner.example>", b"RCPT TO:<ill@library.example>", b"DATA"):
            client.say(line)
        client.raw(MAIL)
        client.close()

    async with door(database_file) as port:
        await asyncio.to_thread(leave, port)
        await asyncio.to_thread(send, port, MAIL.replace(b"<1@", b"<2@"))
    assert kept(database_file) == 1


@pytest.mark.parametrize("ending", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n"])
async def test_only_crlf_dot_crlf_ends_a_mail(database_file: Database, ending: bytes) -> None:
    smuggled = b"MAIL FROM:<b@evil.example>\r\nRCPT TO:<ill@library.example>\r\nDATA\r\nSubject: two\r\n\r\nx"

    async with door(database_file) as port:
        await asyncio.to_thread(_dictate, port, MAIL + ending + smuggled + b"\r\n.\r\n")
    assert kept(database_file) == 1


def _dictate(port: int, data: bytes) -> None:
    client = Talk(port)
    client.hear()
    for line in (b"EHLO x", b"MAIL FROM:<a@partner.example>", b"RCPT TO:<ill@library.example>", b"DATA"):
        client.say(line)
    client.raw(data)
    assert client.hear().startswith("250")
    client.raw(b"QUIT\r\n")
    while not client.hear().startswith("221"):  # what was smuggled would be answered before
        pass
    client.close()


async def test_lmtp_answers_once_for_each_recipient(database_file: Database) -> None:
    def say(port: int) -> list[str]:
        client = Talk(port)
        client.hear()
        client.say(b"LHLO mx.library.example")
        client.say(b"MAIL FROM:<a@partner.example>")
        for one in (b"ill@library.example", b"ill+a@library.example", b"ill+b@library.example"):
            client.say(b"RCPT TO:<" + one + b">")
        client.say(b"DATA")
        client.raw(MAIL + b".\r\n")
        answers = [client.hear() for _ in range(3)]
        answers.append(client.say(b"NOOP"))
        client.close()
        return answers

    async with door(database_file, lmtp=True) as port:
        answers = await asyncio.to_thread(say, port)
    assert [a[:3] for a in answers] == ["250"] * 4
    assert kept(database_file) == 1


async def test_more_connections_than_allowed_are_asked_to_come_again(database_file: Database) -> None:
    def crowd(port: int) -> list[str]:
        first = [Talk(port) for _ in range(2)]
        greetings = [client.hear() for client in first]
        third = Talk(port)
        greetings.append(third.hear())
        third.close()
        for client in first:
            client.say(b"QUIT")
            client.close()
        return greetings

    async with door(database_file, max_connections=2) as port:
        greetings = await asyncio.to_thread(crowd, port)
        await asyncio.to_thread(send, port)  # they have left, so there is room again
    assert [g[:3] for g in greetings] == ["220", "220", "421"]
    assert kept(database_file) == 1


async def test_more_recipients_than_allowed_are_put_off(database_file: Database) -> None:
    async with door(database_file, max_recipients=2) as port:
        refused = await asyncio.to_thread(_send_to_many, port, [f"ill+{i}@library.example" for i in range(3)])
    assert [code for code, _ in refused.values()] == [452]


def _send_to_many(port: int, addresses: list[str]) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        return client.sendmail("a@partner.example", addresses, MAIL)


async def test_a_flood_from_one_client_is_put_off(database_file: Database) -> None:
    async with door(database_file, mails_a_minute=2) as port:
        for number in range(2):
            await asyncio.to_thread(send, port, MAIL.replace(b"<1@", b"<%d@" % number))
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            await asyncio.to_thread(send, port)
    assert refused.value.smtp_code == 451


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The settings of a listener with TLS; its certificate is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return {"tls_certificate": certificate, "tls_key": key}


async def test_what_was_said_before_tls_begins_is_not_said_within(
    database_file: Database, certificate: dict[str, Path]
) -> None:
    """CVE-2024-34083: commands that somebody on the way put behind STARTTLS were carried out as the client's own."""
    trusting = ssl.create_default_context(cafile=str(certificate["tls_certificate"]))

    def talk(port: int) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", port), 10) as plain:
            heard = plain.makefile("rb")
            heard.readline()
            plain.sendall(b"EHLO a.example\r\n")
            while heard.readline()[3:4] == b"-":
                pass
            plain.sendall(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@evil.example>\r\n")
            answers = [heard.readline()]
            with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as secret:
                secret.sendall(b"NOOP\r\nQUIT\r\n")
                return [*answers, *secret.makefile("rb")]

    async with door(database_file, **certificate) as port:
        said = [line[:3] for line in await asyncio.to_thread(talk, port)]
    assert said == [b"220", b"250", b"221"]


async def test_many_that_wait_share_one_commit(database_file: Database) -> None:
    commits = 0
    write = database_file.write

    def counting() -> object:
        nonlocal commits
        commits += 1
        return write()

    acceptance = Acceptance(database_file, WoundClock(NOW), lambda: None)
    arrivals = [inbox.Arrival(raw=MAIL.replace(b"<1@", b"<%d@" % i), door="smtp", received_at=NOW) for i in range(60)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_file, "write", counting)
        await asyncio.gather(*(acceptance.keep(a) for a in arrivals))
    assert kept(database_file) == 60
    assert commits <= 2
