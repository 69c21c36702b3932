"""APScheduler only ticks; what is due stands in the database, so a day of downtime loses no notice (P30)."""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from maild.clock import Clock
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
        for notice in due:
            try:
                desk.notice(notice)
            except Exception:  # ours: the next tick tries it again
                failed.add(notice.id)
                log.exception("notice.failed", id=notice.id, number=notice.number, notice=notice.notice)
            else:
                done += 1
        if len(due) < BATCH:
            return done


def ticking(tick: Callable[[], Awaitable[None]], zone: str) -> AsyncIOScheduler:
    """A scheduler that calls `tick` every minute, one at a time; start it inside the running loop."""
    scheduler = AsyncIOScheduler(
        timezone=ZoneInfo(zone), job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, id="notices")
    return scheduler
