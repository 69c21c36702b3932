"""The one door in: a mail is kept durably before anybody is told that we have it.

Many mails that wait at the same moment share one commit: on a disk that syncs, the sync is what a mail costs.
"""

import asyncio
from collections.abc import Callable, Sequence

from maild.clock import Clock
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival, Kept

MAX_BATCH = 100  # mails in one commit


class Acceptance:
    """Keeps arrivals in the inbox and wakes the worker."""

    def __init__(self, database: Database, clock: Clock, wake: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._wake = wake
        self._waiting: list[tuple[Arrival, asyncio.Future[Kept]]] = []
        self._busy: asyncio.Task[None] | None = None

    def keep_now(self, arrivals: Sequence[Arrival]) -> list[Kept]:
        """The arrivals, committed and synced; raises what the database raises, and then nothing was kept."""
        with self._database.write() as session:
            kept = inbox.keep(session, arrivals, self._clock.now())
        self._wake()
        return kept

    async def keep(self, arrival: Arrival) -> Kept:
        """The arrival, committed and synced together with whatever else waits just now."""
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            try:
                kept = await asyncio.to_thread(self.keep_now, [arrival for arrival, _ in batch])
            except Exception as err:  # the door answers 451 to each, whatever it was
                for _, future in batch:
                    if not future.done():
                        future.set_exception(err)
            else:
                for (_, future), one in zip(batch, kept, strict=True):
                    if not future.done():  # a client that left in the meantime no longer waits
                        future.set_result(one)
