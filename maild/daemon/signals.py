"""What the rounds of the daemon wait for: mail that came, letters that were written, the end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")

IDLE_SECONDS = 5.0  # between looks where nobody wakes us


class Signals:
    """The events of one daemon, on its event loop."""

    def __init__(self) -> None:
        self.mail = asyncio.Event()
        self.letters = asyncio.Event()
        self.stop = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether we were asked to end."""
        return self.stop.is_set()

    def end(self) -> None:
        """Asks everything to end; what is under way is finished."""
        for event in (self.stop, self.mail, self.letters):
            event.set()


def waker(event: asyncio.Event) -> Callable[[], None]:
    """Sets an event of the running loop from any thread; nothing once the loop is closed."""
    loop = asyncio.get_running_loop()

    def wake() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(event.set)

    return wake


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event comes, or so long."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


async def unless(event: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """What the work gives, or None where the event came before; the work is then broken off."""
    doing, coming = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    await asyncio.wait({doing, coming}, return_when=asyncio.FIRST_COMPLETED)
    coming.cancel()
    if doing.done():
        return doing.result()
    doing.cancel()
    await asyncio.wait({doing})
    return None
