"""The letters of the morning, from the tables to the outbox."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from maild.clock import WoundClock
from maild.core.effects import AskStaff
from maild.notices.morning import has_come, send_morning_letter
from maild.process import Desk
from maild.settings import Automation, Settings
from maild.store.database import Database
from maild.store.tables import OutboxRow
from tests.desk_parts import NOW, database_of, desk_of, form, keep, rows, settings_in
from tests.desks import NUMBER, do, new_request
from tests.house import shipped_rules

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with database_of(settings) as made:
        yield made


@pytest.fixture
def desk(settings: Settings, database: Database) -> Desk:
    return desk_of(settings, database)


def to_staff(database: Database) -> list[OutboxRow]:
    with database.read() as session:
        return [row for row in rows(session, OutboxRow) if row.letter in {"worklist", "shadow_report"}]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 23, 5, 29, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 5, 30, tzinfo=UTC), MONDAY),
        (datetime(2026, 6, 15, 4, 30, tzinfo=UTC), date(2026, 6, 15)),  # summer time
        (datetime(2026, 11, 22, 9, 0, tzinfo=UTC), None),  # Sunday
        (datetime(2026, 12, 24, 9, 0, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), None),  # Tuesday has begun
    ],
)
def test_the_morning_is_that_of_an_open_day_by_the_sites_clock(moment: datetime, day: date | None) -> None:
    assert has_come(moment, time(7, 30), shipped_rules()) == day


def test_the_work_of_a_day_is_told_once_however_often_the_daemon_starts(
    settings: Settings, desk: Desk, database: Database
) -> None:
    with database.write() as session:
        do(session, new_request())
        do(session, AskStaff(number=NUMBER, reason="policy", text="Bill the patron."))
    for one in (desk, desk, desk_of(settings, database)):
        send_morning_letter(one, database, MONDAY)
    (letter,) = to_staff(database)
    assert (letter.letter, letter.state, letter.to) == ("worklist", "waiting", "desk@library.example")
    text = letter.raw.decode()
    assert "Bill the patron." in text
    assert "maild queue settle 1" in text
    send_morning_letter(desk, database, TUESDAY)
    assert len(to_staff(database)) == 2


def test_on_a_day_without_work_nobody_is_written_to(desk: Desk, database: Database) -> None:
    send_morning_letter(desk, database, MONDAY)
    assert to_staff(database) == []


def test_in_shadow_the_morning_tells_what_maild_would_have_done_since_the_last_open_day(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, automation=Automation(mode="shadow"))
    with database_of(settings) as database:
        desk = desk_of(settings, database, WoundClock(NOW))
        keep(database, form())
        desk.work()
        send_morning_letter(desk, database, MONDAY)
        assert to_staff(database) == []
        send_morning_letter(desk, database, TUESDAY)
        (letter,) = to_staff(database)
    assert (letter.letter, letter.state) == ("shadow_report", "waiting")
    text = letter.raw.decode()
    assert "maild queue show 1" in text
    assert "request_confirmed" in text
