"""Partners by what they are called: in a command of staff, and on the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.core import channels, rota
from maild.core.partner_names import by_name
from tests import desk_parts
from tests.desk_parts import database_of, settings_in, url_in
from tests.house import ALDER, BIRCH, context

ELM = replace(
    ALDER, name="Jalavan kirjasto", names={"sv": "Almby bibliotek"}, aliases=("Jalavan kunnankirjasto", "JKK")
)


@pytest.mark.parametrize("word", ["jalavan  KIRJASTO", "Almby bibliotek", "jkk", " Jalavan kunnankirjasto", "fi-alder"])
def test_a_partner_is_known_by_its_symbol_and_by_each_of_its_names(word: str) -> None:
    assert rota.by_symbol(context(partners=(BIRCH, ELM)), word) == ELM


@pytest.mark.parametrize("word", ["", " ", "Jalavan", "kirjasto", "JK"])
def test_a_part_of_a_name_means_nobody(word: str) -> None:
    assert rota.by_symbol(context(partners=(BIRCH, ELM)), word) is None


def test_a_name_of_two_libraries_means_neither_and_a_symbol_comes_before_a_name() -> None:
    other = replace(BIRCH, aliases=("JKK", "FI-ALDER"))
    assert by_name((ELM, other), "JKK") is None
    assert rota.by_symbol(context(partners=(other, ELM)), "FI-ALDER") == ELM


@pytest.mark.parametrize(
    ("channel", "values", "told"),
    [
        ("mail", {"our_card": "42"}, ""),
        ("automatic", {"our_card": "42"}, ""),
        ("web", {}, "on its web pages"),
        ("web", {"web_address": "https://elm.example", "our_card": "42"}, "https://elm.example (our card there: 42)"),
        ("phone", {"phone": "+358 9 1"}, "by phone +358 9 1"),
        ("service", {}, "through the external service"),
        ("service", {"service": "DOCLINE", "our_card": "42"}, "through DOCLINE (our card there: 42)"),
    ],
)
def test_staff_are_told_where_and_with_which_card(channel: str, values: dict[str, Any], told: str) -> None:
    assert channels.way(replace(ELM, **values), channel).endswith(told)
    assert bool(channels.way(ELM, channel)) is bool(told)


@pytest.fixture
def config(tmp_path: Path) -> list[str]:
    """The command line of a site with two partners."""
    with database_of(settings_in(tmp_path)):
        pass
    file = tmp_path / "maild.toml"
    file.write_text(desk_parts.CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    return ["--config", str(file)]


def told(config: list[str], *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*config, *words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_record_is_changed_and_shown_on_the_command_line(config: list[str]) -> None:
    told(
        config, "partner", "edit", "FI-JOKI", "aliases=JLK / Joen kirjasto", "their_card=2900-77", "postal_delay_days=9"
    )
    cells = json.loads(told(config, "partner", "show", "jlk", "--json"))
    assert (cells["symbol"], cells["aliases"]) == ("FI-JOKI", "JLK / Joen kirjasto")
    told(config, "partner", "edit", "Joen kirjasto", "aliases=")
    told(config, "partner", "show", "jlk", code=1)
    shown = told(config, "partner", "show", "FI-JOKI")
    assert "postal_delay_days    9" in shown
    assert "2900-77" in shown
    assert "aliases" not in shown
    refused = told(config, "partner", "edit", "FI-JOKI", "web_address=joki.example", code=1)
    assert "https://" in refused
    assert "nothing was changed" in refused


def test_a_new_record_with_an_old_name_of_another_is_told(config: list[str]) -> None:
    told(config, "partner", "edit", "FI-JOKI", "aliases=Laakson kunnankirjasto")
    added = told(
        config, "partner", "add", "symbol=FI-Laakso", "name=Laakson kunnankirjasto", "email=ill@laakso.example"
    )
    assert "the name kunnankirjasto laakson: FI-JOKI (Jokilaakson kirjasto), FI-Laakso" in added


def test_staff_name_a_library_as_they_call_it(config: list[str]) -> None:
    told(config, "partner", "edit", "FI-JOKI", "aliases=Joen kirjasto / JLK")
    words = ("2100123456", "title=Tervan tie", "place=coming", "--no-notify")
    assert "adopted from FI-JOKI" in told(config, "request", "adopt", "joen kirjasto", *words)
    number = json.loads(told(config, "request", "list", "--json"))[0]["number"]
    assert "Jokilaakson kirjasto (FI-JOKI)" in told(config, "request", "show", number)
    told(config, "partner", "edit", "FI-VARASTO", "aliases=JLK")
    refused = told(config, "request", "adopt", "JLK", "2100123456", "title=Toinen", code=1)
    assert "partner=JLK is not on record" in refused
