"""The list of blocked patrons, from the file to who may borrow."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.core.request import Patron
from maild.store import records
from maild.store.blocking import Blocked, block_patrons
from maild.store.database import Database
from tests.databases import url_in
from tests.desk_parts import database_of, settings_in
from tests.desks import NOW, add_patron

CONFIG = 'data = "{folder}"\n[database]\nurl = "{url}"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A maild.toml, with three patrons on record of whom one is blocked."""
    with database_of(settings_in(tmp_path)) as database, database.write() as session:
        for card, blocked in (("1", False), ("2", True), ("3", False)):
            add_patron(session, Patron(card=card, name=f"Patron {card}", email="x@home.example", blocked=blocked))
    path = tmp_path / "maild.toml"
    path.write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    return path


def blocked(config: Path) -> set[str]:
    database = Database(url_in(config.parent))
    with database.read() as session:
        found = {p.card for p in records.patrons(session) if p.blocked}
    database.close()
    return found


def run(config: Path, content: str, *options: str) -> tuple[int, str]:
    file = config.with_name("blocked.csv")
    file.write_text(content, "utf-8")
    done = CliRunner().invoke(app, ["--config", str(config), "patron", "blocked", *options, str(file)])
    return done.exit_code, done.output.strip()


def test_who_stands_in_the_list_is_blocked_and_nobody_else(config: Path) -> None:
    assert run(config, "card\n1\n3\n999\n") == (0, "2 blocked, 1 freed, 0 blocked already, 1 on no record")
    assert blocked(config) == {"1", "3"}
    assert run(config, "card\n1\n3\n") == (0, "0 blocked, 0 freed, 2 blocked already, 0 on no record")


def test_an_empty_list_frees_nobody_unless_that_is_said(config: Path) -> None:
    code, said = run(config, "card\n")
    assert code != 0
    assert "--nobody" in said
    assert blocked(config) == {"2"}
    assert run(config, "card\n", "--nobody")[0] == 0
    assert blocked(config) == set()


@pytest.mark.parametrize("content", ["kortti\n1\n", "card,name\n1,Aino\n", "card\n1\n1\n"])
def test_a_list_with_a_mistake_changes_nobody(config: Path, content: str) -> None:
    code, said = run(config, content)
    assert code != 0
    assert "line" in said
    assert blocked(config) == {"2"}


def test_only_records_that_change_are_touched(tmp_path: Path) -> None:
    with database_of(settings_in(tmp_path)) as database, database.write() as session:
        add_patron(session, Patron(card="1", blocked=True))
        assert block_patrons(session, [{"card": "1"}], NOW) == Blocked(unchanged=1)
        assert block_patrons(session, [], NOW) == Blocked(freed=1)
