"""Mail by SMTP and LMTP: who may send, what is kept, what is answered.

Answers: 250 only for what is kept; 451 or 452 for whatever is our own failure; 5xx only for an unknown recipient, a
mail that is too large, or a client that breaks the protocol.
"""

import asyncio
import socket
import ssl
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from maild.clock import Clock
from maild.intake.accept import Acceptance
from maild.intake.listen import open_sockets
from maild.intake.protocol import LmtpProtocol, SmtpProtocol
from maild.settings import Listener
from maild.store.inbox import Arrival
from maild.store.outage import is_full

log = structlog.get_logger()

KNOWN_CLIENTS = 10_000  # whose rate is remembered


class Rate:
    """Counts mails of a client in the running minute."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Counts one more; False where the minute's share is used up."""
        minute = int(time.monotonic() // 60)
        then, count = self._seen.pop(client, (minute, 0))
        count = count + 1 if then == minute else 1
        self._seen[client] = (minute, count)
        if len(self._seen) > KNOWN_CLIENTS:
            self._seen.popitem(last=False)
        return count <= self._a_minute


class Door:
    """What aiosmtpd asks of us, for one listener."""

    def __init__(
        self, name: str, listener: Listener, addresses: Sequence[str], acceptance: Acceptance, clock: Clock
    ) -> None:
        self.name = name
        self.listener = listener
        self._addresses = frozenset(a.lower() for a in addresses)
        self._acceptance = acceptance
        self._clock = clock
        self._rate = Rate(listener.mails_a_minute)
        self.connections = 0

    def is_ours(self, address: str) -> bool:
        """Whether the address, with or without a plus-part, is one of ours (RFC 5233)."""
        local, _, domain = address.lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" in self._addresses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes the sender, unless this client has sent its share of the minute."""
        if not self._rate.allows(_client(session)):
            return "451 4.7.1 too many mails a minute from you, come again later"
        if not address.isascii() and "SMTPUTF8" not in options:
            return "553 5.6.7 address needs SMTPUTF8"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Takes a recipient of ours."""
        if not self.is_ours(address):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= self.listener.max_recipients:
            return "452 4.5.3 too many recipients, send the rest in another mail"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keeps the mail; one answer, or one a recipient in LMTP (RFC 2033 4.2)."""
        answer = await self._keep(envelope)
        if isinstance(server, LMTP):
            return "\r\n".join([answer] * len(envelope.rcpt_tos))
        return answer

    async def _keep(self, envelope: Envelope) -> str:
        raw = envelope.content
        if not isinstance(raw, bytes):  # aiosmtpd gives str only with decode_data, which we never set
            return "451 4.3.0 not understood, come again later"
        arrival = Arrival(
            raw=raw,
            door=self.name,
            envelope_from="" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from),
            recipients=tuple(envelope.rcpt_tos),
            received_at=self._clock.now(),
        )
        try:
            kept = await self._acceptance.keep(arrival)
        except Exception as err:  # a full disk, a locked or lost database: the sender keeps the mail and comes again
            log.error("mail.refused", via=self.name, size=len(raw), error=type(err).__name__, detail=str(err)[:200])
            return (
                "452 4.3.1 no room to keep it now, come again later"
                if is_full(err)
                else "451 4.3.0 cannot keep it now, come again later"
            )
        log.info("mail.accepted", id=kept.mail_id, via=self.name, size=len(raw), again=not kept.new)
        return "250 2.0.0 kept"

    async def handle_exception(self, error: Exception) -> str:
        """Our own bug must not make the sender's mail bounce: aiosmtpd would say 500."""
        log.error("door.exception", via=self.name, error=type(error).__name__, detail=str(error)[:200])
        return "451 4.3.0 something went wrong here, come again later"


def _client(session: Session) -> str:
    peer = session.peer
    return str(peer[0]) if isinstance(peer, tuple) else "local"


async def serve(door: Door, listener: Listener, *, lmtp: bool) -> list[asyncio.Server]:
    """Listening servers for a door; close them to stop."""
    loop = asyncio.get_running_loop()
    protocol = LmtpProtocol if lmtp else SmtpProtocol
    context = tls_context(listener.tls_certificate, listener.tls_key)

    def connection() -> SMTP:
        return protocol(door, loop=loop, tls_context=context)

    servers: list[asyncio.Server] = []
    for sock in open_sockets(door.name, listener.listen):
        create = loop.create_unix_server if sock.family == socket.AF_UNIX else loop.create_server
        servers.append(await create(connection, sock=sock))
    return servers


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The server's TLS, or None where no certificate is configured."""
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
