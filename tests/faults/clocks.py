"""A year of a desk by a wound clock: both clock changes, three days without a daemon, a clock a year ahead (P30)."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from sqlmodel import select

from bench.year import Year
from maild.clock import Clock
from maild.notices.leap import is_sure_of_time
from maild.notices.tick import send_due_notices
from maild.process import Desk
from maild.store.database import Database
from maild.store.tables import NoticeRow, OutboxRow
from tests.faults.table import Row

HELSINKI = ZoneInfo("Europe/Helsinki")
REQUESTS, PARTNERS, SEED = 120, 20, 7
OUT = tuple(date(2026, 7, 27) + timedelta(days=n) for n in range(3))
WRONG_ON = date(2026, 8, 12)  # the clock is a year ahead for some hours
AN_HOUR, BETWEEN, A_YEAR = timedelta(hours=1), timedelta(hours=3), timedelta(days=365)
HOURS = {9, 17}  # at which notices come (rules/notices.toml)
Tick = Callable[[Desk, Database, Clock], int]


class Disturbed(Year):
    """The year with a tick every few hours, where there is a daemon."""

    def __init__(self, folder: Path, tick: Tick) -> None:
        super().__init__(folder, REQUESTS, PARTNERS, SEED)
        self._tick = tick
        self.by_wrong_clock = 0  # notices that were decided about in those hours

    def _day(self, day: date) -> None:
        if day in OUT:
            return
        super()._day(day)
        self._ticks(4)
        if day == WRONG_ON:
            self._clock.wind(A_YEAR)
            self.by_wrong_clock = self._ticks(2)
            self._clock.wind(-A_YEAR)

    def _ticks(self, count: int) -> int:
        """How many notices were decided about."""
        noticed = 0
        for _ in range(count):
            self._clock.wind(BETWEEN)
            noticed += self._tick(self._desk, self.database, self._clock)
            self._post()
        return noticed


def row() -> Row:
    """The year, and beside it one that believes any clock."""
    missed, doubled, odd, early, sent = _played(ticked)
    _, _, _, careless, _ = _played(send_due_notices)
    return Row(
        claim="a year of a desk: both clock changes, three days without a daemon, a clock a year ahead for some hours",
        control=f"a daemon that believes any clock: {careless} notices by the wrong one",
        figure=f"{sent} notices came: {missed} missed, {doubled} came twice, {odd} at another hour than theirs, "
        f"{early} by the wrong clock",
        held=not missed and not doubled and not odd and not early and careless > 0,
    )


def ticked(desk: Desk, database: Database, clock: Clock) -> int:
    """As the daemon ticks."""
    return send_due_notices(desk, database, clock) if is_sure_of_time(desk, database) else 0


def _played(tick: Tick) -> tuple[int, int, int, int, int]:
    """Notices missed, doubled, planned for an odd hour, decided about by the wrong clock, and sent."""
    with TemporaryDirectory() as folder:
        year = Disturbed(Path(folder), tick)
        year.play()
        now = year._clock.now()
        with year.database.read() as session:
            notices = session.exec(select(NoticeRow)).all()
            letters = Counter(session.exec(select(OutboxRow.message_id)).all())
        year.database.close()
    forgotten = [n for n in notices if n.state == "planned" and n.due < now - 24 * AN_HOUR]
    keys = Counter((n.request_id, n.notice, n.anchor, n.item_id) for n in notices)
    doubled = sum(times - 1 for times in (*keys.values(), *letters.values()))
    overtaken = sum(not _has_newer(n, notices) for n in notices if n.state == "missed")
    odd = sum(n.due.astimezone(HELSINKI).hour not in HOURS for n in notices)
    sent = sum(n.state == "sent" for n in notices)
    return len(forgotten) + overtaken, doubled, odd, year.by_wrong_clock, sent


def _has_newer(missed: NoticeRow, notices: list[NoticeRow]) -> bool:
    """Whether a later notice of the series came."""
    return any(
        n.request_id == missed.request_id and n.series == missed.series and n.due > missed.due and n.state == "sent"
        for n in notices
    )
