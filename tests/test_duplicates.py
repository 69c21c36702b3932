"""Which records may be of one library."""

import json
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maild.cli import app
from maild.core.duplicates import alike
from maild.core.request import Partner
from tests.desk_parts import database_of, settings_in, url_in

ELM = Partner(
    id=1,
    symbol="FI-ELM",
    name="Jalavan kaupunginkirjasto",
    names={"sv": "Almby stadsbibliotek"},
    aliases=("Elm City Library",),
    their_card="2900-77",
    email="ill@elm.example",
    postal_address="Jalavan kaupunginkirjasto\nJalavatie 2\n90001 Jalava",
    domains=("elm.example",),
)
OTHER = Partner(id=2, symbol="FI-OAK", name="Tammelan kirjasto", email="ill@oak.example", domains=("oak.example",))


def reasons(*partners: Partner) -> list[str]:
    return [one.why for one in alike(partners)]


@pytest.mark.parametrize(
    ("same", "why"),
    [
        ({"symbol": "fi-elm"}, "the symbol FIELM"),
        ({"email": "ILL@elm.example"}, "the address ill@elm.example"),
        ({"domains": ("x.example", "elm.example")}, "the domain elm.example"),
        (
            {"postal_address": "Jalavan kirjasto\nJALAVATIE 2\n90001 Jalava"},
            "the postal address jalavatie 2 90001 jalava",
        ),
        ({"name": "Kaupunginkirjasto, Jalavan / kaukopalvelu"}, "the name jalavan kaupunginkirjasto"),
        ({"name": "Almby stadsbibliotek"}, "the name almby stadsbibliotek"),
        ({"aliases": ("Jalavan kaupunginkirjasto",)}, "the name jalavan kaupunginkirjasto"),
        ({"aliases": ("Elm city library",)}, "the name city elm library"),
        ({"aliases": ("Elm city libary",)}, "nearly the same name"),
        ({"their_card": "2900 77"}, "the card with us 290077"),
        ({"our_card": "2900-77"}, ""),
        ({"name": "Jalavan kaupungin kirjasto"}, "nearly the same name"),
        ({"name": "Jalavan kaupunginkirjsato"}, "nearly the same name"),
        ({"name": "Jalavan kaupunkikirjasto"}, ""),  # two slips
        ({"name": "Jalvan kaupunginkirjasto"}, "nearly the same name"),
        ({"name": "Jalapan kaupunginkirjasto"}, "nearly the same name"),
        ({"name": "Kalavan kirjasto"}, ""),
    ],
)
def test_what_two_records_share_is_told(same: dict[str, object], why: str) -> None:
    assert reasons(ELM, replace(OTHER, **same)) == ([why] if why else [])  # type: ignore[arg-type]  # a row's own fields


def test_numbers_in_names_tell_libraries_apart() -> None:
    assert reasons(replace(ELM, name="Kirjasto 1 Jalava"), replace(OTHER, name="Kirjasto 2 Jalava")) == []


def test_a_domain_that_many_share_is_told_once() -> None:
    many = [replace(OTHER, id=n, symbol=f"FI-{n}", name=f"Kirjasto {n}", email="") for n in range(1, 40)]
    (found,) = alike(many)
    assert (found.why, len(found.partners)) == ("the domain oak.example", 39)


def test_records_with_nothing_in_them_are_not_alike() -> None:
    assert reasons(Partner(id=1), Partner(id=2)) == []


@given(st.text(alphabet="abcdeiklnoprstuvyäö", min_size=1, max_size=30), st.data())
def test_one_slip_anywhere_in_a_name_is_found(town: str, data: st.DataObject) -> None:
    name = f"{town}kirjasto"
    at = data.draw(st.integers(0, len(name) - 1))
    slip = name[:at] + data.draw(st.sampled_from(["", "q", f"{name[at]}z"])) + name[at + 1 :]
    (why,) = reasons(replace(ELM, name=name, names=None, postal_address=""), replace(OTHER, name=slip))
    assert why == "nearly the same name"


def test_six_hundred_records_are_compared_in_a_moment() -> None:
    towns = [
        f"{a}{b}{c}la"
        for a in ("Ka", "Pe", "Ri", "So", "Tu", "Va", "Mä")
        for b in ("ri", "lo", "sku", "nta")
        for c in "aeiouyäö"
    ]
    partners = [
        replace(
            OTHER,
            id=n,
            symbol=f"FI-{n}",
            name=f"{towns[n % len(towns)]}n kaupungin pääkirjasto {n}",
            domains=(f"{n}.example",),
        )
        for n in range(600)
    ]
    began = process_time()
    alike(partners)
    assert process_time() - began < 2


def test_the_import_says_that_records_look_alike_and_the_command_which(tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{url_in(tmp_path)}"\n')
    with database_of(settings_in(tmp_path)):  # with two partners, that share nothing
        pass

    def told(*words: str) -> str:
        result = CliRunner().invoke(app, ["--config", str(config), "partner", *words])
        assert result.exit_code == 0, result.output
        return result.output

    assert told("duplicates") == "no two records look alike\n"
    (tmp_path / "more.csv").write_text("symbol,name,email\nfi-varasto,Esimerkkien Varasto,x@y.example\n")
    imported = told("import", str(tmp_path / "more.csv"))
    assert "2 groups of records that look alike: maild partner duplicates" in imported
    assert "line 2: fi-varasto has no domains: no mail of it is believed" in imported
    both = "FI-VARASTO (Esimerkkien varasto), fi-varasto (Esimerkkien Varasto)"
    assert told("duplicates") == f"the symbol FIVARASTO: {both}\nthe name esimerkkien varasto: {both}\n"
    assert json.loads(told("duplicates", "--json"))[0]["symbols"] == ["FI-VARASTO", "fi-varasto"]
