"""A clock that leapt: by it nothing is decided, noticed or erased, until it is right or staff say that it is (P30)."""

from datetime import datetime

import structlog

from maild.process import Desk
from maild.store import outbox, ticks
from maild.store.database import Database

log = structlog.get_logger()
COMMAND = "maild clock --confirm"


def told(last: datetime, now: datetime) -> str:
    """What staff are told of a leap."""
    return (
        f"The clock says {now:%Y-%m-%d %H:%M} UTC, and when maild last looked it was {last:%Y-%m-%d %H:%M}. Either "
        "maild stood still for so long, or the clock is wrong. Mail is kept and waits, no notice goes out and nothing "
        "is erased. Set the clock right and all goes on by itself; if it is right, say so."
    )


def is_sure_of_time(desk: Desk, database: Database) -> bool:
    """Whether the clock went on as clocks do since it was last believed; if not, staff are told, once a day."""
    now = desk.now()
    with database.read() as session:
        before, leapt = ticks.last(session), ticks.leap(session, now)
    if leapt is not None:
        _tell(desk, database, leapt, now)
        return False
    if before is None or abs(now - before) >= ticks.EVERY:
        with database.write() as session:
            ticks.note(session, now)
    return True


def _tell(desk: Desk, database: Database, last: datetime, now: datetime) -> None:
    cause = f"clock:{last:%Y-%m-%d}:{now:%Y-%m-%d}"
    with database.read() as session:
        if outbox.is_told(session, desk.rules.site.attention_to, "attention", cause):
            return
    log.error("clock.leapt", last=last.isoformat(), now=now.isoformat())
    desk.tell_staff("attention", cause, {"reason": "policy", "text": told(last, now), "commands": (COMMAND,)})
