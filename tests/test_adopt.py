"""request adopt: through the verb, on a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from maild.core.terms import Status
from maild.store import requests
from maild.store.database import Database
from maild.store.tables import NoticeRow, OutboxRow, TaskRow
from tests.databases import url_in
from tests.desk_parts import CONFIG, PATRON, database_of, desk_of, keep, reply, rows, settings_in
from tests.desks import add_patron, context

NUMBER = "KP-2026-000001"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    settings = settings_in(tmp_path)
    (tmp_path / "maild.toml").write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    with database_of(settings) as found:
        yield found


def request(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(folder / "maild.toml"), "request", *words])


def adopt(folder: Path, *words: str) -> Result:
    return request(folder, "adopt", "FI-VARASTO", "2100123456", *words)


def test_what_came_becomes_a_request_with_its_dates_and_notices(database: Database, tmp_path: Path) -> None:
    done = adopt(tmp_path, "title=Tervan tie merelle", "item_id=3012,9000", "main=9000", "due_date=2027-01-15")
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"{NUMBER}: ")
    with database.read() as session:
        found = requests.by_number(session, NUMBER)
        assert found is not None
        assert (found.status, found.partner_domains, found.patron_email) == (
            Status.RECEIVED,
            ("varasto.example",),
            "aino@student.example",
        )
        assert [item.item_ids for item in found.items] == [("9000", "3012")]
        assert [a.status for a in found.attempts] == ["Loaned"]
        assert {n.request_id for n in rows(session, NoticeRow)} == {found.id}
        assert rows(session, OutboxRow) == []
    shown = request(tmp_path, "show", NUMBER).output
    assert "item 1     main 9000, also 3012, due 2027-01-15" in shown
    assert request(tmp_path, "do", NUMBER, "ReadyForPickup").exit_code == 0
    with database.read() as session:
        assert [(row.letter, row.to) for row in rows(session, OutboxRow)] == [
            ("ready_for_pickup", "aino@student.example")
        ]


def test_loans_of_a_patron_are_counted_once_they_are_handed_over(database: Database, tmp_path: Path) -> None:
    adopt(tmp_path, "title=Tervan tie merelle", "item_id=3012")
    adopt(tmp_path, "title=Kivisillat", "item_id=3013")
    assert request(tmp_path, "do", NUMBER, "CheckedOut").exit_code == 0
    with database.read() as session:
        (patron,) = context(session, NUMBER).patrons
    assert (patron.open_requests, patron.loans) == (2, 1)


def test_what_is_ours_already_is_not_taken_on_again(database: Database, tmp_path: Path) -> None:
    adopt(tmp_path, "title=Tervan tie merelle", "item_id=3012")
    for again in (["title=TERVAN TIE MERELLE"], ["title=Kivisillat", "item_id=3012"]):
        refused = adopt(tmp_path, *again)
        assert refused.exit_code != 0
        assert NUMBER in refused.output
    with database.read() as session:
        assert requests.by_number(session, "KP-2026-000002") is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["adopt", "FI-NOWHERE", "2100123456", "title=x"], "partner=FI-NOWHERE"),
        (["adopt", "FI-VARASTO", "77", "title=x"], "patron=77"),
        (["adopt", "FI-VARASTO", "2100123456", "item_id=3012"], "title="),
        (["adopt", "FI-VARASTO", "2100123456", "title=x", "place=home"], "place=home"),
        (["adopt", "FI-VARASTO", "2100123456", "title=x", "colour=red"], "colour="),
        (["adopt", "FI-VARASTO", "2100123456", "title=x", "item_id=1", "main=2"], "main=2"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_made(
    database: Database, tmp_path: Path, words: list[str], told: str
) -> None:
    refused = request(tmp_path, *words)
    assert refused.exit_code != 0
    assert told in refused.output
    with database.read() as session:
        assert requests.by_number(session, NUMBER) is None


def test_a_shared_address_names_no_patron(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        add_patron(session, replace(PATRON, card="2100999999"))
    assert (
        "patron=aino@student.example"
        in request(tmp_path, "adopt", "FI-VARASTO", "aino@student.example", "title=x").output
    )


def test_a_mail_about_something_that_nobody_asked_for_is_left_with_the_command_that_takes_it_on(
    database: Database, tmp_path: Path
) -> None:
    keep(database, reply(to="ill@library.example", answers=""))
    desk_of(settings_in(tmp_path), database).work()
    with database.read() as session:
        (task,) = rows(session, TaskRow)
    command = "maild request adopt FI-VARASTO CARD title=… due_date=2027-01-15 item_id=30120001234567 place=coming"
    assert (task.reason, task.commands) == ("no-request", [command])


def test_the_preset_of_the_repository_library_brings_its_terms(database: Database, tmp_path: Path) -> None:
    config = ["--config", str(tmp_path / "maild.toml"), "partner"]
    preset = CliRunner().invoke(app, [*config, "preset", "varastokirjasto"])
    assert "varastokirjasto" in CliRunner().invoke(app, [*config, "preset"]).output
    file = tmp_path / "preset.csv"
    file.write_text(preset.output, "utf-8")
    taken = CliRunner().invoke(app, [*config, "import", str(file)])
    assert taken.exit_code == 0, taken.output
    done = request(tmp_path, "adopt", "varastokirjasto", "2100123456", "title=Kivisillat", "item_id=3012")
    assert done.exit_code == 0, done.output
    with database.read() as session:
        found = requests.by_number(session, NUMBER)
    assert found is not None
    assert found.loaned_on is not None
    assert found.profile == "repository-loan"
    assert [item.due_date for item in found.items] == [found.loaned_on + timedelta(days=35)]
    assert "no preset nowhere" in CliRunner().invoke(app, [*config, "preset", "nowhere"]).output


def test_the_patron_is_told_of_what_is_coming_only_where_staff_wish_it(database: Database, tmp_path: Path) -> None:
    for number, notify, states in ((1, "no", []), (2, "ask", ["held"])):
        done = adopt(tmp_path, f"title=Teos {number}", "place=coming", "due_date=2027-01-15", f"notify={notify}")
        assert done.exit_code == 0, done.output
        with database.read() as session:
            assert [row.state for row in rows(session, OutboxRow)] == states
