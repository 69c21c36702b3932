"""Whatever was decided is decided alike again: mails, commands and notices, under the rules of then (P22)."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select, update
from typer.testing import CliRunner

from maild import house
from maild.cli import app
from maild.clock import WoundClock
from maild.core.effects import Command
from maild.core.reading import Event
from maild.core.terms import EventName
from maild.notices.tick import send_due_notices
from maild.reader.within import InProcessReader
from maild.replay import Replay, Verdict
from maild.rulebook import as_text, from_text
from maild.settings import Automation, Settings
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.statements import table_of
from maild.store.tables import InboxRow, InputRow, OutboxRow, RulebookRow, TaskRow
from tests.databases import url_in
from tests.desk_parts import LOANED, NOW, database_of, desk_of, form, reading_of, reply, settings_in


def verdicts(settings: Settings, database: Database) -> list[Verdict]:
    """Of every input, by the rules of these settings and those that were stored."""
    identity = house.identity_of(settings, house.reply_keys(settings))
    present = house.paper_of(settings).rulebook
    return list(Replay(database, present, identity, lambda rulebook: InProcessReader(reading_of(rulebook))).verdicts())


def a_month(settings: Settings, database: Database) -> None:
    """A form, the supplier's answer, its arrival by command, and the notices of a month."""
    clock = WoundClock(NOW)
    desk = desk_of(settings, database, clock)
    take(database, form(), clock)
    desk.work()
    with database.read() as session:
        letter = session.exec(select(OutboxRow).where(OutboxRow.audience == "partner")).one()
    number = letter.message_id[1:].partition(".")[0].upper()
    reply_to = next(line for line in letter.raw.decode("latin-1").splitlines() if line.startswith("Reply-To"))
    address = reply_to.rpartition("<")[2].rstrip(">") if "<" in reply_to else reply_to.partition(": ")[2]
    take(database, reply(LOANED, to=address, answers=letter.message_id), clock)
    desk.work()
    for event in (EventName.RECEIVED, EventName.READY_FOR_PICKUP, EventName.CHECKED_OUT):
        desk.command(Command(number=number, event=Event(event=event), actor="aino", id=event.value))
    clock.wind(timedelta(days=60))
    send_due_notices(desk, database, clock)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk after that month."""
    folder = tmp_path_factory.mktemp("month")
    settings = settings_in(folder)
    with database_of(settings) as database:
        a_month(settings, database)
    return folder


@pytest.fixture
def settings(month: Path, tmp_path: Path) -> Settings:
    """A desk with a copy of that month."""
    shutil.copytree(month, tmp_path, dirs_exist_ok=True)
    url_in(tmp_path, like=month)
    return settings_in(tmp_path)


def take(database: Database, raw: bytes, clock: WoundClock) -> None:
    arrival = Arrival(raw=raw, door="smtp", received_at=clock.now(), recipients=("ill@library.example",))
    with database.write() as session:
        inbox.keep(session, [arrival], clock.now())


def test_everything_of_a_month_is_decided_alike(settings: Settings) -> None:
    with database_of(settings) as database:
        found = verdicts(settings, database)
    assert {one.kind for one in found} == {"mail", "command", "notice"}
    assert [one for one in found if one.what != "same"] == []


def test_a_changed_decision_a_changed_reading_and_erased_bytes_are_told(settings: Settings) -> None:
    with database_of(settings) as database:
        with database.write() as session:
            first, second, third, *_ = session.exec(select(InputRow).order_by(col(InputRow.id))).all()
            first.decision = first.decision.replace('"service_type":"Loan"', '"service_type":"Copy"')
            second.input = second.input.replace("30120001234567", "30120001234568")
            third.decision = ""
            session.add_all([first, second, third])
        assert [one.what for one in verdicts(settings, database)][:3] == ["differs", "differs", "erased"]
        with database.write() as session:
            session.exec(update(table_of(InboxRow)).values(raw=b""))
        assert [one.what for one in verdicts(settings, database)][:2] == ["unknown", "unknown"]


def test_an_old_decision_is_judged_by_the_rules_of_its_day(settings: Settings, tmp_path: Path) -> None:
    with database_of(settings) as database:
        stricter = settings.model_copy(update={"automation": Automation(mode="auto", max_events=1)})
        (tmp_path / "rules/rotas/default.toml").write_text("schema = 1\n")  # no supplier is left
        found = verdicts(stricter, database)
        assert {one.what for one in found} == {"same"}
        with database.write() as session:  # had they been decided by the rules of today, they would differ
            digest = house.paper_of(stricter).rulebook.digest
            session.exec(update(table_of(InputRow)).values(rules_digest=digest))
        assert "differs" in {one.what for one in verdicts(stricter, database)}


def test_a_stored_rulebook_is_the_same_rulebook(tmp_path: Path) -> None:
    rulebook = house.paper_of(settings_in(tmp_path)).rulebook
    again = from_text(as_text(rulebook))
    assert again.digest == rulebook.digest
    assert again.rules == rulebook.rules


def test_a_judge_that_is_trained_anew_changes_the_digest(settings: Settings, tmp_path: Path) -> None:
    present = house.paper_of(settings).rulebook
    older = json.dumps({**json.loads(as_text(present)), "judge": "of other weights"})
    assert from_text(older).digest == present.digest  # the weights of then are not kept
    with database_of(settings) as database:
        with database.write() as session:
            session.exec(update(table_of(InputRow)).values(rules_digest="old"))
            session.add(RulebookRow(digest="old", content=older, first_used_at=NOW))
        assert {one.what for one in verdicts(settings, database)} == {"same"}  # nothing is read otherwise
        with database.write() as session:
            for row in session.exec(select(InputRow)).all():
                row.input = row.input.replace("30120001234567", "30120001234568")
                session.add(row)
        assert "trained anew" in " ".join(one.text for one in verdicts(settings, database))


def test_the_verb_says_how_many_are_the_same_and_fails_where_one_differs(settings: Settings, tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(
        f'data = "{tmp_path}"\n[database]\nurl = "{url_in(tmp_path)}"\n'
        f'[own]\nrules = "{tmp_path}/rules"\n[automation]\nmode = "auto"\n'
    )
    with database_of(settings) as database:
        good = CliRunner().invoke(app, ["--config", str(config), "replay", "--verify"])
        assert good.exit_code == 0, good.output
        assert "0 differs" in good.output
        with database.write() as session:
            row = session.exec(select(InputRow)).first()
            assert row is not None
            row.decision = row.decision.replace('"service_type":"Loan"', '"service_type":"Copy"')
            session.add(row)
    assert CliRunner().invoke(app, ["--config", str(config), "replay", "--verify"]).exit_code == 1


def test_a_decision_whose_letter_was_doubted_is_decided_alike_again(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        clock = WoundClock(NOW)
        desk = desk_of(settings, database, clock)
        take(database, form(), clock)
        desk.work()
        values = {"letter": "message", "whom": "partner", "text": "Aino Esimerkki is waiting for it."}
        note = Event(event=EventName.NOTE)
        desk.command(Command(number="KP-2026-000001", event=note, actor="anna", values=values, id="c"))
        with database.read() as session:
            reasons = {task.reason for task in session.exec(select(TaskRow))}
        found = verdicts(settings, database)
    assert "doubted" in reasons
    assert {one.what for one in found} == {"same"}, found
