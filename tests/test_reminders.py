"""One letter a day to one patron, where several notices fall together."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.wound_desk import WoundDesk
from maild.clock import WoundClock
from maild.core.effects import Command
from maild.core.notices import plan
from maild.core.reading import Event
from maild.core.request import Context, Item, Patron, Request
from maild.core.terms import EventName, Flag, Status
from maild.notices.tick import send_due_notices
from maild.settings import Settings
from maild.store.database import Database
from maild.store.requests import timeline
from maild.store.tables import InputRow, NoticeRow, OutboxRow
from tests.desk_parts import NOW, database_of, desk_of, form, keep, rows, settings_in
from tests.house import PATRON, context, on_loan
from tests.playing import rules_with

ON = {"together": {"on": True}}
RULES = rules_with({"notices": ON})
OTHER = Patron(id=8, name="Bo B", email="bo@student.example", card="2901", approved=True, language="sv")
LETTERS = {"reminders", "due_soon", "overdue_1", "overdue_2", "overdue_3", "pickup_reminder"}
LOANS = ("KP-2026-000001", "KP-2026-000002")
ZONE = ZoneInfo("Europe/Helsinki")


def loans(dates: list[tuple[int, bool, bool]]) -> Context:
    """Loans of two patrons that fall due so many days from now, some of them still on the shelf."""
    made: list[Request] = []
    for n, (days, is_other, waits) in enumerate(dates, 1):
        due = NOW.date() + timedelta(days=days)
        item = Item(id=1, item_ids=(f"{n}",), due_date=due + timedelta(days=3), patron_due_date=due)
        patron = OTHER if is_other else PATRON
        status = Status.AWAITING_PICKUP if waits else Status.WITH_PATRON
        loan = on_loan(status, items=(item,), number=f"KP-2026-{n:06}", patron_id=patron.id, patron_email=patron.email)
        made.append(loan)
    return context(*made, patrons=(PATRON, OTHER))


def wound(known: Context) -> WoundDesk:
    desk = WoundDesk(rules=RULES, known=known, now=NOW)
    for request in known.requests:
        for effect in plan(request.number, Context(), known, RULES, NOW):
            desk.keep(effect)
    return desk


def numbers(desk: WoundDesk) -> list[tuple[str, str, str]]:
    """Everything that patrons were told: address, letter, request."""
    found: list[tuple[str, str, str]] = []
    for sent in desk.sent:
        if sent.letter.letter == "reminders":
            told = sent.letter.facts["rows"]
            assert isinstance(told, tuple)
            found += [(sent.letter.to, str(row["section"]), str(row["number"])) for row in told]
        elif sent.letter.letter in LETTERS:
            found.append((sent.letter.to, sent.letter.letter, sent.letter.number))
    return found


@settings(max_examples=60, deadline=None)
@given(
    dates=st.lists(st.tuples(st.integers(-3, 9), st.booleans(), st.booleans()), min_size=1, max_size=7),
    back=st.integers(0, 9),
    outage=st.booleans(),
)
def test_a_patron_gets_one_letter_a_day_with_all_that_is_due_and_nothing_of_others(
    dates: list[tuple[int, bool, bool]], back: int, outage: bool
) -> None:
    known = loans(dates)
    owner = {r.number: r.patron_email for r in known.requests}
    desk = wound(known)
    returned = known.requests[back % len(known.requests)].number
    command = Command(number=returned, event=Event(event=EventName.RETURNED_BY_PATRON), actor="a", id="r")
    desk.wind_to(NOW + timedelta(days=2, hours=5))
    desk.give(command)
    if outage:
        desk.now += timedelta(days=4)
        desk.tick()
    desk.wind_to(desk.now + timedelta(days=40))
    patrons = [s for s in desk.sent if s.letter.letter in LETTERS]
    a_day = Counter((s.letter.to, s.at.astimezone(ZONE).date()) for s in patrons)
    assert not [one for one, count in a_day.items() if count > 1]
    told = numbers(desk)
    assert all(owner[number] == to for to, _, number in told)
    assert len(told) == len(set(told))  # no notice twice
    assert not [s for s in patrons if s.at > NOW + timedelta(days=2, hours=5) and returned in str(s.letter)]


@settings(max_examples=30, deadline=None)
@given(dates=st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.just(False)), min_size=1, max_size=6))
def test_together_or_alone_patrons_are_told_the_same_things(dates: list[tuple[int, bool, bool]]) -> None:
    joined, alone = wound(loans(dates)), wound(loans(dates))
    alone.rules = rules_with({})
    for desk in (joined, alone):
        desk.wind_to(NOW + timedelta(days=60))
    assert sorted(numbers(joined)) == sorted(numbers(alone))


def test_what_comes_alone_keeps_its_own_letter() -> None:
    desk = wound(loans([(5, False, False)]))
    desk.wind_to(NOW + timedelta(days=3))
    assert [s.letter.letter for s in desk.sent] == ["due_soon"]


def test_a_letter_that_the_library_system_sends_itself_is_not_among_them() -> None:
    site = replace(RULES.site, mode="auto", letter_modes={"overdue_1": "off"})
    desk = wound(loans([(4, False, False), (4, False, False), (-1, False, False)]))
    desk.rules = replace(RULES, site=site)
    desk.wind_to(NOW + timedelta(days=2))
    assert {section for _, section, _ in numbers(desk)} == {"due_soon"}
    assert Flag.OVERDUE in desk.known.requests[2].flags


# On a database


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    made = settings_in(tmp_path)
    (tmp_path / "rules/notices.toml").write_text("schema = 1\n[together]\non = true\n")
    return made


@pytest.fixture
def database(site: Settings) -> Iterator[Database]:
    with database_of(site) as made:
        yield made


def test_two_loans_are_told_of_in_one_letter_and_both_notices_are_done(site: Settings, database: Database) -> None:
    clock = WoundClock(NOW)
    desk = desk_of(site, database, clock)
    keep(database, form(1), form(2, "Suolan tie sisämaahan"))
    desk.work()
    for number in LOANS:
        for event, values in (
            (EventName.RECEIVED, {"due_date": "2027-01-15"}),
            (EventName.READY_FOR_PICKUP, {}),
            (EventName.CHECKED_OUT, {}),
        ):
            command = Command(number=number, event=Event(event=event), actor="a", values=values, id=f"{number}{event}")
            desk.command(command)
    clock.wind(datetime(2027, 1, 10, 8, tzinfo=UTC) - NOW)
    send_due_notices(desk, database, clock)
    with database.read() as session:
        (letter,) = (row for row in rows(session, OutboxRow) if row.letter in LETTERS)
        sent = [row for row in rows(session, NoticeRow) if row.notice == "due_soon"]
        (given_,) = (row for row in rows(session, InputRow) if row.kind == "notice" and "reminders" in row.decision)
        lines = [[e.text for e in timeline(session, number) if e.what == "letter"][-1] for number in LOANS]
    assert (letter.letter, letter.request_id) == ("reminders", None)
    assert [(row.state, row.anchor) for row in sent] == [("sent", date(2027, 1, 12))] * 2
    assert len(json.loads(given_.input)["beside"]) == 1
    assert lines == [f"reminders to {letter.to}: waiting"] * 2
