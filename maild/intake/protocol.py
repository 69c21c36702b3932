"""aiosmtpd's SMTP and LMTP with their traps cured (docs/decisions/004)."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from typing import Protocol, cast

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from maild.settings import Listener

# RFC 3461: parameters that a sending MTA may add; aiosmtpd answers 555 to them, and the mail would bounce.
DSN_PARAMETERS = frozenset({"RET", "ENVID", "NOTIFY", "ORCPT"})
COMMANDS_A_CONNECTION = 5000
LINES_A_TURN = 1000  # of one mail, before other connections have theirs


class Handler(Protocol):
    """What the cures need of a door."""

    connections: int
    listener: Listener

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keeps the mail; the answer, without its line end."""


class SmtpProtocol(SMTP):
    """SMTP with the traps cured: parameters of RFC 3461 taken and left alone, a limit on connections, lean DATA."""

    event_handler: Handler
    envelope: Envelope
    session: Session
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    _taken: bool

    def __init__(
        self, door: Handler, *, loop: asyncio.AbstractEventLoop, tls_context: ssl.SSLContext | None = None
    ) -> None:
        listener = door.listener
        self._max_bytes = listener.max_bytes
        # Real HTML mail has lines of any length; with a limit aiosmtpd answers a permanent 500 to them.
        self.line_length_limit = listener.max_bytes
        super().__init__(
            door,
            loop=loop,
            hostname=listener.hostname or socket.getfqdn(),
            ident="maild",
            data_size_limit=listener.max_bytes,
            enable_SMTPUTF8=True,
            tls_context=tls_context,
            require_starttls=listener.require_tls,
            timeout=listener.idle_seconds,
            command_call_limit=COMMANDS_A_CONNECTION,
        )

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        kept = [p for p in params if p.partition("=")[0] not in DSN_PARAMETERS]
        return super()._getparams(kept)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if getattr(self, "_original_transport", None) is not None:  # the same connection, now with TLS
            super().connection_made(transport)
            return
        door = self.event_handler
        self._taken = door.connections < door.listener.max_connections
        if not self._taken:
            client = cast("asyncio.Transport", transport)  # of a stream, as every listener here has it
            client.write(b"421 4.3.2 too many connections, come again later\r\n")
            transport.close()
            return
        door.connections += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._taken:  # aiosmtpd has no session to end
            return
        self.event_handler.connections -= 1
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:
        """Takes a mail into one array: aiosmtpd keeps each line as an object, 470 MB for 12 MB of bare line ends."""
        if await self.check_helo_needed():
            return
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._content()
        if content is None:
            answer = "552 5.3.4 too much mail data"
        else:
            self.envelope.content = self.envelope.original_content = content
            answer = await self.event_handler.handle_DATA(self, self.session, self.envelope)
        self.envelope = self._create_envelope()
        await self.push(answer)

    async def _content(self) -> bytes | None:
        """The bytes up to the lone dot, its transparency taken away (RFC 5321 4.5.2); None for more than we take."""
        content = bytearray()
        size = lines = 0
        begins = True  # a piece in the middle of a line is no lone dot, whatever it looks like
        while not ((line := await self._line()) == b".\r\n" and begins):
            begins = line.endswith(b"\r\n")
            size += len(line)
            if size <= self._max_bytes:
                content += line.removeprefix(b".")
            else:
                content.clear()
            lines += 1
            if lines % LINES_A_TURN == 0:
                await asyncio.sleep(0)
        return bytes(content) if size <= self._max_bytes else None

    async def _line(self) -> bytes:
        """A line with its end, or a piece of one that is longer than any mail we take."""
        try:
            return await self._reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as err:
            return await self._reader.readexactly(err.consumed)
        except asyncio.CancelledError:  # the connection was lost
            self._writer.close()
            raise


class LmtpProtocol(SmtpProtocol, LMTP):
    """LMTP with the same cures."""
