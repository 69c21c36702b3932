"""request many, and the letters that staff send by hand: through the verb, on a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from maild.cli import app
from maild.store.database import Database
from maild.store.tables import HistoryRow, OutboxRow, RequestRow
from tests.databases import url_in
from tests.desk_parts import CONFIG, database_of, desk_of, form, keep, rows, settings_in

TITLES = ("Tervan tie merelle", "Suolan tie sisämaahan", "Kivisillat")


@contextmanager
def placed(folder: Path) -> Iterator[Database]:
    """Three requests that were just placed."""
    settings = settings_in(folder)
    (folder / "maild.toml").write_text(CONFIG.format(folder=folder, url=url_in(folder)))
    with database_of(settings) as found:
        for number, title in enumerate(TITLES, 1):
            keep(found, form(number, title))
        desk_of(settings, found).work()
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a desk that no test changes."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Database]:
    with placed(folder) as found:
        yield found


def many(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(folder / "maild.toml"), "request", "many", *words])


def letters(database: Database, name: str) -> list[OutboxRow]:
    with database.read() as session:
        return [row for row in rows(session, OutboxRow) if row.letter == name]


def test_without_go_many_only_tells_what_it_would_do(database: Database, folder: Path) -> None:
    with database.read() as session:
        before = len(rows(session, HistoryRow))
    said = many(folder, "Note", "letter=delayed", "--status", "Requested")
    assert said.exit_code == 0, said.output
    assert said.output.count("Requested → Requested; delayed to") == len(TITLES)
    assert "3 would be done, 0 refused; add --go" in said.output
    assert letters(database, "delayed") == []
    with database.read() as session:
        assert len(rows(session, HistoryRow)) == before


def test_with_go_each_patron_is_written_to_once_and_the_history_says_who_did_it(tmp_path: Path) -> None:
    with placed(tmp_path) as database:
        said = many(
            tmp_path, "Note", "letter=delayed", "note=the courier is on strike", "--status", "Requested", "--go"
        )
        assert said.exit_code == 0, said.output
        sent = letters(database, "delayed")
        assert len(sent) == len({row.request_id for row in sent}) == len(TITLES)
        with database.read() as session:
            steps = [row for row in rows(session, HistoryRow) if row.event.get("event") == "Note"]
            assert len(steps) == len(TITLES)
            assert all(step.event["note"] == "the courier is on strike" for step in steps)
            assert {row.status for row in rows(session, RequestRow)} == {"Requested"}


def test_what_was_typed_again_or_broke_off_writes_to_nobody_twice_on_one_day(tmp_path: Path) -> None:
    with placed(tmp_path) as database:
        words = ("Note", "letter=delayed", "--status", "Requested", "--go")
        assert "3 done, 0 refused" in many(tmp_path, *words).output
        said = many(tmp_path, *words)
        assert said.exit_code == 0, said.output
        assert "0 done, 0 refused, 3 done already today" in said.output
        assert len(letters(database, "delayed")) == len(TITLES)
        assert "3 done, 0 refused" in many(tmp_path, *words[:2], "note=a strike", *words[2:]).output  # another letter


def test_what_may_not_be_done_is_told_for_each(database: Database, folder: Path) -> None:
    said = many(folder, "Loaned", "due_date=2020-01-01x", "--status", "Requested", "--go")
    assert said.exit_code == 1
    assert said.output.count("refused: due_date=2020-01-01x is no day") == len(TITLES)
    assert "0 done, 3 refused" in said.output


def test_many_of_everything_is_refused(database: Database, folder: Path) -> None:
    said = many(folder, "Note", "letter=delayed", "--go")
    assert said.exit_code == 1
    assert "say which requests" in said.output
    assert letters(database, "delayed") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["Note", "letter=lending_query", "text=?"], "none that is sent by hand"),
        (["Note", "letter=query"], "needs text="),
        (["Note", "letter=message", "text=Hei"], "whom=patron or whom=partner"),
        (["Cancel", "letter=delayed"], "goes with the event Note"),
        (["Note", "letter=delayed", "--no-notify"], "goes with the event Note"),
    ],
)
def test_a_letter_by_hand_that_makes_no_sense_is_refused_with_the_way_out(
    words: list[str], told: str, database: Database, folder: Path
) -> None:
    said = CliRunner().invoke(app, ["--config", str(folder / "maild.toml"), "request", "do", "KP-2026-000001", *words])
    assert said.exit_code == 1
    assert told in " ".join(said.output.split())
    with database.read() as session:
        assert not [row for row in rows(session, HistoryRow) if row.event.get("event") in {"Note", "Cancel"}]


def test_staffs_own_words_reach_the_side_that_they_name(tmp_path: Path) -> None:
    words = ["Note", "letter=message", "whom=partner", "text=Painos saa olla mikä tahansa."]
    with placed(tmp_path) as database:
        said = CliRunner().invoke(
            app, ["--config", str(tmp_path / "maild.toml"), "request", "do", "KP-2026-000001", *words]
        )
        assert said.exit_code == 0, said.output
        (letter,) = letters(database, "message")
    assert letter.audience == "partner"
    assert b"Painos saa olla" in letter.raw
