"""The two rounds that never end: kept mails are dealt with in the one worker thread, letters that wait are sent."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from maild.clock import Clock
from maild.daemon.parts import Parts
from maild.daemon.signals import IDLE_SECONDS, Signals, wait

T = TypeVar("T")


class Worker:
    """The one thread in which requests change."""

    def __init__(self) -> None:
        self._thread: Executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")

    async def do(self, work: Callable[[], T]) -> T:
        """What the work gives, once everything before it is done."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def end(self) -> None:
        """Waits for what is under way."""
        self._thread.shutdown(wait=True)


class MailRound:
    """Deals with the mails that the doors have kept. `worked_at` is when it last came round."""

    def __init__(self, parts: Parts, worker: Worker, signals: Signals, clock: Clock) -> None:
        self._parts = parts
        self._worker = worker
        self._signals = signals
        self._clock = clock
        self.worked_at: datetime = clock.now()

    async def go_round(self) -> None:
        """Until we stop. Raises Locked where another daemon has the database."""
        database, desk = self._parts.database, self._parts.desk
        await self._worker.do(database.keep_lock)
        await self._worker.do(desk.recover)  # we hold the lock, so nobody works on what is claimed
        while not self._signals.is_over:
            await self._worker.do(database.keep_lock)
            self._signals.mail.clear()
            while await self._worker.do(self.work_some) and not self._signals.is_over:
                self.worked_at = self._clock.now()
            self.worked_at = self._clock.now()
            await wait(self._signals.mail, IDLE_SECONDS)

    def work_some(self) -> int:
        """How many mails were dealt with; by a clock that leapt, none: a date would be read a year off."""
        return self._parts.desk.work() if self._parts.is_sure_of_time() else 0


class PostRound:
    """Sends the letters whose time has come."""

    def __init__(self, parts: Parts, signals: Signals) -> None:
        self._parts = parts
        self._signals = signals

    async def go_round(self) -> None:
        """Until we stop."""
        while not self._signals.is_over:
            self._signals.letters.clear()
            while await self._parts.sender.send_due() and not self._signals.is_over:
                pass
            await wait(self._signals.letters, IDLE_SECONDS)
