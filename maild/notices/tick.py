"""APScheduler only ticks; what is due stands in the database, so a day of downtime loses no notice (P30)."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from maild.clock import Clock
from maild.core import reminders
from maild.core.effects import DueNotice
from maild.process import Desk
from maild.store import notices
from maild.store.database import Database

log = structlog.get_logger()

TICK_SECONDS = 60
BATCH = 200  # notices looked at in one round


def send_due_notices(desk: Desk, database: Database, clock: Clock) -> int:
    """Decides about every notice that is due now; how many. One that fails stays due and holds up no other."""
    done = 0
    failed: set[str] = set()
    while True:
        with database.read() as session:
            found = notices.due(session, clock.now(), BATCH + len(failed))
        due = [notice for notice in found if notice.id not in failed]
        told: set[str] = set()  # with another one
        for notice in due:
            if notice.id in told:
                continue
            try:
                whole = _with_others(desk, database, notice, failed)
                desk.notice(whole)
            except Exception:  # ours: the next tick tries it again
                failed.add(notice.id)
                log.exception("notice.failed", id=notice.id, number=notice.number, notice=notice.notice)
            else:
                told |= {one.id for one in whole.beside}
                done += 1 + len(whole.beside)
        if len(due) < BATCH:
            return done


def _with_others(desk: Desk, database: Database, notice: DueNotice, failed: Collection[str]) -> DueNotice:
    """The notice with the patron's others of the hour, where the site wants one letter a day (notices.toml).

    One that failed is left out, so that it holds up no other.
    """
    joining = [one for one in desk.rules.notices.values() if one.together]
    names = {one.name for one in joining}
    if notice.notice not in names:
        return notice
    letters = {reminders.LETTER, *(one.letter for one in joining)}
    with database.read() as session:
        others = notices.beside(session, notice, names, desk.now())
        told_at = notices.told_at(session, notice.number, letters)
    return replace(notice, beside=tuple(one for one in others if one.id not in failed), told_at=told_at)


def ticking(tick: Callable[[], Awaitable[None]], zone: str) -> AsyncIOScheduler:
    """A scheduler that calls `tick` every minute, one at a time; start it inside the running loop."""
    scheduler = AsyncIOScheduler(
        timezone=ZoneInfo(zone), job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, id="notices")
    return scheduler
