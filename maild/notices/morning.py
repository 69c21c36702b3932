"""The letters that staff get of themselves: each open morning the work of the day, each month its figures.

A letter's Message-ID is reckoned from its day, so that the outbox takes it once however often the daemon starts.
"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import structlog

from maild.core.figures import rows
from maild.core.rules import Rules
from maild.core.shadow import report
from maild.core.workdays import ONE_DAY
from maild.core.worklist import Row, worklist
from maild.process import Desk
from maild.store import morning, outbox
from maild.store.database import Database
from maild.store.figures import figures

log = structlog.get_logger()


def has_come(now: datetime, at: time, rules: Rules) -> date | None:
    """The day whose morning letters are due, or None: before the hour, and on days when the house is closed."""
    local = now.astimezone(ZoneInfo(rules.site.zone))
    return local.date() if local.time() >= at and rules.calendar.is_open(local.date()) else None


def send_morning_letter(desk: Desk, database: Database, day: date) -> None:
    """The letter of that day: what is to do, or in shadow what maild would have done since the last open day."""
    letter = "shadow_report" if desk.rules.site.mode == "shadow" else "worklist"
    cause = f"{letter}:{day}"
    if _is_told(desk.rules, database, letter, cause):
        return
    told = _would_have_done(desk.rules, database, day) if letter == "shadow_report" else _to_do(desk, database)
    if told:
        desk.tell_staff(letter, cause, {"rows": told})
        log.info("morning.letter", letter=letter, cause=cause)


def send_month(desk: Desk, database: Database, day: date) -> None:
    """The figures of the month before that day's, with the first morning of a month."""
    month = (day.replace(day=1) - ONE_DAY).replace(day=1)
    cause = f"month:{month:%Y-%m}"
    if _is_told(desk.rules, database, "month", cause):
        return
    with database.read() as session:
        found = figures(session, midnight(month, desk.rules), midnight(day.replace(day=1), desk.rules))
    if told := rows(found):
        desk.tell_staff("month", cause, {"month": month, "figures": told})
        log.info("morning.letter", letter="month", cause=cause)


def _is_told(rules: Rules, database: Database, letter: str, cause: str) -> bool:
    with database.read() as session:
        return outbox.is_told(session, rules.site.attention_to, letter, cause)


def _to_do(desk: Desk, database: Database) -> tuple[Row, ...]:
    with database.read() as session:
        found = morning.standing(session)
    return worklist(found, desk.rules, desk.now())


def _would_have_done(rules: Rules, database: Database, day: date) -> tuple[Row, ...]:
    since = midnight(rules.calendar.last_open_on_or_before(day - ONE_DAY), rules)
    until = midnight(day, rules)
    with database.read() as session:
        return report(morning.acted_on(session, since, until), morning.kept_letters(session, since, until))


def midnight(day: date, rules: Rules) -> datetime:
    """The moment at which the day begins where we are."""
    return datetime.combine(day, time(), ZoneInfo(rules.site.zone))
