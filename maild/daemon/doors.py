"""The doors of the daemon: where pushed mail comes in, where metrics are read, and the mailboxes that are polled."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from maild.clock import Clock
from maild.daemon.parts import Parts
from maild.intake.imap import MailboxDoor
from maild.intake.smtp import Door, serve
from maild.metrics import serve_metrics
from maild.settings import Listener, Settings

JOIN_SECONDS = 2.5  # for a mailbox thread to end by itself


async def open_doors(
    settings: Settings, parts: Parts, clock: Clock, stack: AsyncExitStack, metrics: Callable[[], str]
) -> dict[str, int]:
    """The ports on which mail is taken, by protocol; what was opened is closed with the stack."""
    ports: dict[str, int] = {}
    for name, listener in (("smtp", settings.smtp), ("lmtp", settings.lmtp)):
        if listener is not None:
            door = Door(name, listener, settings.our_addresses, parts.acceptance, clock)
            ports |= await _open(door, name, listener, stack)
    if listen := settings.watch.metrics:
        server = await serve_metrics(listen, metrics)
        stack.callback(server.close)
    return ports


async def _open(door: Door, name: str, listener: Listener, stack: AsyncExitStack) -> dict[str, int]:
    """The port of the door, where it has one: a socket file has none."""
    ports: dict[str, int] = {}
    for server in await serve(door, listener, lmtp=name == "lmtp"):
        stack.callback(server.close)
        address = server.sockets[0].getsockname()
        if isinstance(address, tuple):
            ports[name] = int(address[1])
    return ports


async def close_mailboxes(mailboxes: Sequence[MailboxDoor]) -> None:
    """Each owner thread ends, all at the same time."""
    for mailbox in mailboxes:
        mailbox.stop()
    alive = [mailbox for mailbox in mailboxes if mailbox.is_alive()]
    await asyncio.gather(*(asyncio.to_thread(mailbox.end, JOIN_SECONDS) for mailbox in alive))
