"""What the clock brings: due notices, the library system's files, the letters of the morning, the daily erasing."""

from datetime import date, time

import structlog

from maild.clock import Clock
from maild.daemon.parts import Parts
from maild.daemon.rounds import Worker
from maild.intake.library_system import take_files
from maild.notices.morning import has_come, send_month, send_morning_letter
from maild.notices.retention import erase_what_is_old
from maild.notices.tick import send_due_notices
from maild.settings import Settings

log = structlog.get_logger()


class Ticks:
    """Each in the worker, as the other changes are."""

    def __init__(self, settings: Settings, parts: Parts, worker: Worker, clock: Clock) -> None:
        self._settings = settings
        self._parts = parts
        self._worker = worker
        self._clock = clock
        self._erased_on: date | None = None
        self._told_on: date | None = None

    async def tick(self) -> None:
        """Decides about what is due now; once a day it erases what is older than it may be, and writes to staff.

        By a clock that leapt it does none of that.
        """
        try:
            if not await self._worker.do(self._parts.is_sure_of_time):
                return
            await self.take_reports()
            await self.notices()
            await self.erase()
            await self.morning()
        except Exception:  # the next tick tries again; a bug in one notice must not end the daemon
            log.exception("tick.failed")

    async def notices(self) -> int:
        """Decides about the notices whose hour has come; how many."""
        return await self._worker.do(lambda: send_due_notices(self._parts.desk, self._parts.database, self._clock))

    async def take_reports(self) -> None:
        """The library system's files; what is wrong with them holds up nothing else."""
        folder = self._settings.library_system.folder
        if folder is None:
            return
        try:
            await self._worker.do(lambda: take_files(self._parts.desk, self._parts.database, folder))
        except Exception:  # a folder that is away, a file that nobody may move: the next tick tries again
            log.exception("library_system.failed")

    async def morning(self) -> None:
        """The letters of the morning, once a day; the outbox knows of those that went before a restart."""
        await self._worker.do(self._morning)

    def _morning(self) -> None:
        desk, database = self._parts.desk, self._parts.database
        day = has_come(self._clock.now(), time.fromisoformat(self._settings.desk.worklist_at), desk.rules)
        if day is not None and self._told_on != day:
            send_morning_letter(desk, database, day)
            send_month(desk, database, day)
            self._told_on = day

    async def erase(self) -> None:
        """What is older than it may be, once a day."""
        today = self._clock.now().date()
        if self._erased_on != today:
            privacy = self._settings.privacy
            await self._worker.do(lambda: erase_what_is_old(self._parts.database, privacy, self._clock))
            self._erased_on = today
