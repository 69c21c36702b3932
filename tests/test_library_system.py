"""What the library system reports: its file is checked whole, carried out once, and moved aside."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maild.parsers.library_system import LibrarySystem
from typer.testing import CliRunner

from maild.cli import app
from maild.clock import WoundClock
from maild.core import library_system as core
from maild.core.decide import decide
from maild.core.effects import Command, Decision, ReadMail
from maild.core.library_system import Kind
from maild.core.mail import AuthResult, Mail
from maild.core.reading import Event, Reading
from maild.core.request import Request
from maild.core.terms import EventName, Status
from maild.intake import library_system as intake
from maild.process import Desk
from maild.settings import Settings
from maild.store.database import Database
from maild.store.requests import by_number
from maild.store.tables import HistoryRow, PatronRow, RequestRow, TaskRow
from tests.databases import url_in
from tests.desk_parts import CONFIG, NOW, PATRON, database_of, desk_of, form, keep, rows, settings_in
from tests.house import NUMBER, context, lending, on_loan, shipped_rules, statuses
from tests.requests_of import rules as reading_rules

WORDS = shipped_rules().reported
ZONE = "Europe/Helsinki"
THE_FIRST = "KP-2026-000001"
BARCODE = "30120001234567"
HEADINGS = ("Tapahtuma", "Aika", "Viivakoodi", "Kirjastokortti")


def read(*cells: tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> tuple[list[core.Line], list[str]]:
    return core.lines([dict(zip(headings, row, strict=True)) for row in cells], WORDS, ZONE)


def test_headings_and_words_are_those_of_the_table_in_any_capitals() -> None:
    found, problems = read(("LAINAUS", "2026-11-23 14:05", BARCODE, "2100"), (" Renew ", "", "", ""))
    assert problems == []
    (line,) = found
    assert (line.kind, line.item, line.card, line.place) == (Kind.CHECK_OUT, BARCODE, "2100", 2)
    assert line.at == datetime(2026, 11, 23, 12, 5, tzinfo=UTC)


def test_every_mistake_is_told_by_its_line() -> None:
    _, problems = read(
        ("vanished", "2026-11-23", BARCODE, ""),
        ("lainaus", "23.11.2026", BARCODE, ""),
        ("palautus", "2026-11-23", "", ""),
        ("lainauskielto", "2026-11-23", "", ""),
        ("lainaus", "2026-11-23", "x" * 300, ""),
    )
    told = "2: 'vanished' is no event|3: '23.11.2026' is no moment|4: a check-in without|5: a block without|6: item has"
    begins = [f"line {part}" for part in told.split("|")]
    assert [problem[: len(begin)] for problem, begin in zip(problems, begins, strict=True)] == begins
    assert read(("x", "y"), headings=("a", "b"))[1][0].startswith("line 1: no column for event: name it event or type")


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["event", "at", "item", "card", "odd", ""]), st.text(max_size=30)), max_size=5
    )
)
def test_a_strange_file_gives_lines_or_mistakes_and_never_an_error(cells: list[dict[str, str | None]]) -> None:
    found, problems = core.lines(cells, WORDS, ZONE)
    assert not (found and any(problem.startswith("line 1:") for problem in problems))


@pytest.mark.parametrize(
    ("request_", "kind", "event"),
    [
        (on_loan(Status.AWAITING_PICKUP), Kind.CHECK_OUT, EventName.CHECKED_OUT),
        (on_loan(Status.WITH_PATRON), Kind.CHECK_OUT, None),
        (on_loan(Status.WITH_PATRON), Kind.CHECK_IN, EventName.RETURNED_BY_PATRON),
        (on_loan(Status.SHIPPED_RETURN), Kind.CHECK_IN, None),
        (lending(), Kind.CHECK_IN, EventName.LOAN_COMPLETED),
        (lending(), Kind.CHECK_OUT, None),
    ],
)
def test_what_a_line_is_on_a_request_and_when_it_was_told_before(
    request_: Request, kind: Kind, event: EventName | None
) -> None:
    found = core.event_for(kind, "1300", request_)
    assert (found.event if found else None) is event


def test_one_of_several_things_comes_back_alone() -> None:
    loan = on_loan()
    two = replace(loan, items=(*loan.items, replace(loan.items[0], id=2, item_ids=("1301",))))
    found = core.event_for(Kind.CHECK_IN, "1301", two)
    assert found is not None
    assert found.item_id == ("1301",)


# By mail

ROBOT = "lms@library.example"
MAIL = Mail(
    message_id="<1@lms>",
    from_address=ROBOT,
    subject="Lainauskuitti 23.11.2026",
    text="Nimeke: Talvi\nViivakoodi: 1300\nEräpäivä: 15.12.2026\n\nViivakoodi: 999\n",
    auth_results=(
        AuthResult(authserv_id="mx.library.example", method="dmarc", result="pass", domain="library.example"),
    ),
)


def read_mail(
    mail: Mail, *loans: Request, systems: tuple[str, ...] = (ROBOT,)
) -> tuple[Reading | None, Decision | None]:
    known = context(*loans, library_systems=systems)
    reading = LibrarySystem().read(mail, known, reading_rules())
    happening = ReadMail(mail=mail, reading=reading, id="m") if reading is not None else None
    return reading, decide(happening, known, shipped_rules(), NOW) if happening is not None else None


def test_a_receipt_of_the_library_system_checks_the_loan_out() -> None:
    reading, decision = read_mail(MAIL, on_loan(Status.AWAITING_PICKUP))
    assert reading is not None
    assert [(e.event, e.request) for e in reading.events] == [(EventName.CHECKED_OUT, NUMBER)]
    assert decision is not None
    assert (statuses(decision.effects), decision.auto) == ([Status.WITH_PATRON], True)
    back, _ = read_mail(replace(MAIL, subject="Item returned"), on_loan())
    assert back is not None
    assert [e.event for e in back.events] == [EventName.RETURNED_BY_PATRON]


@pytest.mark.parametrize("loans", [(), (on_loan(),), (lending(),)])
def test_a_receipt_of_what_is_not_ours_or_known_is_filed_away(loans: tuple[Request, ...]) -> None:
    reading, decision = read_mail(MAIL, *loans)
    assert (reading and reading.events, decision and [type(e).__name__ for e in decision.effects]) == ((), ["FileMail"])


def test_what_is_checked_in_while_it_waits_on_the_shelf_is_for_staff() -> None:
    _, decision = read_mail(replace(MAIL, subject="Item returned"), on_loan(Status.AWAITING_PICKUP))
    assert decision is not None  # the desk scans it on arrival too: it has not come back
    assert (statuses(decision.effects), decision.auto) == ([], False)


def test_nobody_is_believed_who_only_says_that_he_is_the_library_system() -> None:
    _, decision = read_mail(replace(MAIL, auth_results=()), on_loan(Status.AWAITING_PICKUP))
    assert decision is not None
    assert (statuses(decision.effects), decision.auto) == ([], False)
    assert read_mail(MAIL, on_loan(), systems=()) == (None, None)
    assert read_mail(replace(MAIL, subject="Uutiskirje"), on_loan()) == (None, None)


def test_a_barcode_that_two_requests_have_is_left_to_staff() -> None:
    other = replace(on_loan(Status.AWAITING_PICKUP), number="KP-2026-000999")
    _, decision = read_mail(MAIL, on_loan(Status.AWAITING_PICKUP), other)
    assert decision is not None
    assert (statuses(decision.effects), decision.auto) == ([], False)


# On a database


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    (tmp_path / "maild.toml").write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    (tmp_path / "reports").mkdir()
    return settings_in(tmp_path)


@pytest.fixture
def database(site: Settings) -> Iterator[Database]:
    with database_of(site) as made:
        yield made


@pytest.fixture
def desk(site: Settings, database: Database) -> Desk:
    """A desk with one loan on its hold shelf."""
    found = desk_of(site, database, WoundClock(NOW))
    keep(database, form())
    found.work()
    for event, values in (
        (EventName.RECEIVED, {"item_id": BARCODE, "due_date": "2027-01-15"}),
        (EventName.READY_FOR_PICKUP, {}),
    ):
        found.command(Command(number=THE_FIRST, event=Event(event=event), actor="a", values=values, id=str(event)))
    return found


def leave(site: Settings, name: str, *lines: str) -> Path:
    """The library system leaves a file; some minutes later."""
    file = site.data / "reports" / name
    file.write_text("\n".join(("event;at;item;card", *lines)) + "\n", "utf-8")
    then = (NOW - timedelta(minutes=5)).timestamp()
    os.utime(file, (then, then))
    return file


def taken(desk: Desk, database: Database, site: Settings) -> int:
    return intake.take_files(desk, database, site.data / "reports")


def status(database: Database) -> Status:
    with database.read() as session:
        found = by_number(session, THE_FIRST)
    assert found is not None
    return found.status


def tasks(database: Database) -> list[str]:
    with database.read() as session:
        return [row.text for row in rows(session, TaskRow) if row.reason == "library-system"]


def steps(database: Database) -> int:
    with database.read() as session:
        return len(rows(session, HistoryRow))


CHECKED_OUT = f"issue;2026-11-23 09:30;{BARCODE};{PATRON.card}"


def test_a_check_out_and_a_check_in_move_the_loan_and_the_file_goes_aside(
    desk: Desk, database: Database, site: Settings
) -> None:
    file = leave(site, "a.csv", CHECKED_OUT, "issue;2026-11-23 09:31;999;1", f"renew;2026-11-23;{BARCODE};")
    assert taken(desk, database, site) == 1
    assert status(database) is Status.WITH_PATRON
    assert (file.exists(), (file.parent / "done/a.csv").exists()) == (False, True)
    leave(site, "b.csv", f"return;2026-11-24 10:00;{BARCODE};")
    taken(desk, database, site)
    assert status(database) is Status.RETURNED_BY_PATRON
    with database.read() as session:
        assert {row.who for row in rows(session, HistoryRow)[-2:]} == {"library system"}
    assert tasks(database) == []


def test_the_same_file_twice_changes_nothing(desk: Desk, database: Database, site: Settings) -> None:
    lines = (CHECKED_OUT, f"return;2026-11-24 10:00;{BARCODE};", f"block;2026-11-24;;{PATRON.card}")
    leave(site, "a.csv", *lines)
    taken(desk, database, site)
    with database.write() as session:
        row = rows(session, PatronRow)[0]
        row.blocked = False
        session.add(row)
    before = steps(database)
    leave(site, "a.csv", *lines)
    taken(desk, database, site)
    assert (status(database), steps(database), tasks(database)) == (Status.RETURNED_BY_PATRON, before, [])
    with database.read() as session:
        assert not rows(session, PatronRow)[0].blocked
    assert sorted(path.name for path in (site.data / "reports/done").iterdir()) == ["a-1.csv", "a.csv"]


def test_a_file_with_one_wrong_line_does_nothing_and_staff_get_every_mistake(
    desk: Desk, database: Database, site: Settings
) -> None:
    leave(site, "a.csv", CHECKED_OUT, f"issue;yesterday;{BARCODE};")
    taken(desk, database, site)
    assert status(database) is Status.AWAITING_PICKUP
    assert "line 3: 'yesterday' is no moment" in tasks(database)[0]
    told = (site.data / "reports/refused/a.txt").read_text("utf-8")
    assert told.startswith("line 3: 'yesterday' is no moment")


def test_a_file_that_is_broken_off_is_taken_up_where_it_ended(
    desk: Desk, database: Database, site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(site, "a.csv", CHECKED_OUT, f"return;2026-11-24 10:00;{BARCODE};")
    command, given = desk.command, []

    def breaking(one: Command) -> object:
        given.append(one.event.event)
        if len(given) == 2:
            raise OSError("the disk is full")
        return command(one)

    monkeypatch.setattr(desk, "command", breaking)
    with pytest.raises(OSError, match="full"):
        taken(desk, database, site)
    assert status(database) is Status.WITH_PATRON
    taken(desk, database, site)
    assert (status(database), given[1:]) == (Status.RETURNED_BY_PATRON, [EventName.RETURNED_BY_PATRON] * 2)


def test_what_does_not_fit_is_left_to_staff_with_the_command(desk: Desk, database: Database, site: Settings) -> None:
    leave(site, "a.csv", f"issue;2026-11-23 09:30;{BARCODE};777", f"return;2026-11-01;{BARCODE};")
    taken(desk, database, site)
    assert status(database) is Status.AWAITING_PICKUP
    (told,) = tasks(database)
    assert "a.csv, line 2: check-out of 30120001234567 at 2026-11-23 09:30: to another card" in told


def test_a_file_that_is_still_being_written_waits(desk: Desk, database: Database, site: Settings) -> None:
    file = leave(site, "a.csv", CHECKED_OUT)
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    assert taken(desk, database, site) == 0
    assert file.exists()


def test_a_blocked_patron_s_loan_that_was_to_go_to_the_office_waits_and_staff_are_told(
    desk: Desk, database: Database, site: Settings
) -> None:
    with database.write() as session:
        row = rows(session, RequestRow)[0]
        row.delivery = "office"
        session.add(row)
    blocked = CliRunner().invoke(app, ["--config", str(site.data / "maild.toml"), "patron", "block", PATRON.card])
    assert (blocked.exit_code, blocked.output) == (0, f"{PATRON.card} is blocked\n")
    assert tasks(database) == [
        f"{THE_FIRST}: the patron is blocked now: it waits at the desk, and does not go to the office."
    ]
    assert intake.block(desk, database, "1", blocked=False) == "not_ours"


def test_a_folder_that_is_not_there_is_said(desk: Desk, database: Database, tmp_path: Path) -> None:
    with pytest.raises(intake.NoFolder, match="no such folder"):
        intake.take_files(desk, database, tmp_path / "nowhere")


def test_a_check_in_from_before_it_was_handed_over_is_left_to_staff(
    desk: Desk, database: Database, site: Settings
) -> None:
    handed_over = desk.command(Command(number=THE_FIRST, event=Event(event=EventName.CHECKED_OUT), actor="a", id="c"))
    assert statuses(handed_over.effects) == [Status.WITH_PATRON]
    earlier = (desk.now() - timedelta(hours=2)).isoformat()
    leave(site, "a.csv", f"return;{earlier};{BARCODE};")
    taken(desk, database, site)
    assert status(database) is Status.WITH_PATRON
    (told,) = tasks(database)
    assert "it came to WithPatron only after that" in told
    later = (desk.now() + timedelta(hours=2)).isoformat()
    leave(site, "b.csv", f"return;{later};{BARCODE};")
    taken(desk, database, site)
    assert status(database) is Status.RETURNED_BY_PATRON
