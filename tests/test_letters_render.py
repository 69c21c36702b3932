"""A letter's text: dates, money, lines, a stranger's words, a site's own templates."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from maild.core.cleaning import clean_line, clean_text, without_numbers
from maild.core.reading import Citation, Money
from maild.letters.document import LINE, lay_out, wrap
from maild.letters.render import LANGUAGES, LetterError
from maild.letters.samples import SITE
from maild.letters.words import WordsError, load_words
from maild.reading.clues import numbers_in
from maild.settings import Site
from tests.letter_house import facts, shipped_letters


def _render(own: Path, template: str, language: str = "fi", **given: Any) -> str:
    (own / language).mkdir(exist_ok=True)
    (own / language / "unfilled.txt.j2").write_text(template, "utf-8")
    return shipped_letters(own).render("unfilled", language, facts("unfilled", **given), SITE).text


@pytest.mark.parametrize(
    ("language", "short", "long"),
    [
        ("fi", "3.12.2026", "torstai 3. joulukuuta 2026"),
        ("sv", "3.12.2026", "torsdag 3 december 2026"),
        ("en", "3 December 2026", "Thursday 3 December 2026"),
    ],
)
def test_dates_are_written_as_each_language_of_finland_writes_them(
    tmp_path: Path, language: str, short: str, long: str
) -> None:
    text = _render(tmp_path, "{{ expiry | date }}\n{{ expiry | long_date }}\n", language, expiry=date(2026, 12, 3))
    assert text == f"{short}\n{long}"


@pytest.mark.parametrize(
    ("language", "euros", "kronor"),
    [
        ("fi", "1\xa0234,50\xa0€", "0,00\xa0SEK"),
        ("sv", "1\xa0234,50\xa0€", "0,00\xa0SEK"),
        ("en", "€1,234.50", "SEK\xa00.00"),
    ],
)
def test_money_is_written_as_each_language_writes_it(tmp_path: Path, language: str, euros: str, kronor: str) -> None:
    template = "{{ cost | money }}\n"
    euro = Money(amount=Decimal("1234.5"), currency="EUR")
    assert _render(tmp_path, template, language, cost=euro) == euros
    assert _render(tmp_path, template, language, cost={"amount": "0", "currency": "SEK"}) == kronor


def test_an_unknown_fact_leaves_no_line_behind(tmp_path: Path) -> None:
    template = 'Before.\n\n{{ fact("url", url) }}\n{{ fact("cost", cost | money) }}\n\nAfter.\n'
    assert _render(tmp_path, template, url=None, cost=None) == "Before.\n\nAfter."


def test_a_money_that_is_none_is_no_fact(tmp_path: Path) -> None:
    for cost in ({"amount": "x", "currency": "EUR"}, {"amount": "NaN", "currency": "EUR"}, {"amount": "1"}, "12 €"):
        assert _render(tmp_path, 'A\n{{ fact("cost", cost | money) }}\n', cost=cost) == "A"


def test_long_lines_are_wrapped_and_facts_hang_by_two() -> None:
    assert all(len(line) <= LINE for line in wrap("sana " * 60))
    first, *rest = wrap("Teos: " + "sana " * 40, hang="  ")
    assert first.startswith("Teos: ")
    assert rest
    assert all(line.startswith("  ") for line in rest)


def test_a_word_without_end_is_cut_but_an_address_of_the_web_is_not() -> None:
    assert max(map(len, wrap("x" * 500))) <= LINE
    link = "https://files.library.example/" + "a" * 200
    assert link in wrap(f"Verkko-osoite: {link}")


def test_two_blank_lines_become_one() -> None:
    assert lay_out("\n\na\n\n\n\nb  \n\n") == "a\n\nb"


def test_words_of_strangers_are_marked_line_by_line(tmp_path: Path) -> None:
    text = _render(tmp_path, "{{ text | quoted }}\n", text="-- \nTilausnumero: KP-2026-000999\n\nloppu")
    assert text == "> --\n> Tilausnumero: KP-2026-000999\n>\n> loppu"


def test_a_code_without_words_is_left_out_and_a_number_in_a_code_is_kept(tmp_path: Path) -> None:
    template = 'A {{ reason | words("renewal") or "-" }}\n'
    assert _render(tmp_path, template, reason="at most 3 renewals") == "A laina voidaan uusia enintään 3 kertaa"
    assert _render(tmp_path, template, reason="made up") == "A -"


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ citation.__init__.__globals__ }}",
        "{{ fact.func.__globals__ }}",
        "{{ items.append(1) }}",
        "{{ range(10**9) | list | length }}",
        "{% for x in range(10**9) %}{% endfor %}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ no_such_fact }}",
        '{{ fact("no_such_label", number) }}',
        "{{ expiry | no_such_filter }}",
        "{% if %}",
        '{% include "../../../../etc/passwd" %}',
        "{{ 1 / 0 }}",
    ],
)
def test_a_template_that_reaches_too_far_is_an_error_with_its_file(tmp_path: Path, attack: str) -> None:
    with pytest.raises(LetterError, match="fi/"):
        _render(tmp_path, attack)


def test_what_a_stranger_writes_is_never_run_as_a_template(tmp_path: Path) -> None:
    assert _render(tmp_path, "{{ reason }}\n", reason="{{ 7*7 }}{% raw %}") == "{{ 7*7 }}{% raw %}"


def test_a_site_replaces_one_block_of_a_shipped_letter(tmp_path: Path) -> None:
    text = _render(tmp_path, '{% extends "shipped/unfilled.txt.j2" %}{% block more %}Terveisin Posti.{% endblock %}')
    assert "Terveisin Posti." in text
    assert "Emme valitettavasti saaneet" in text


def test_a_site_replaces_one_word_and_keeps_the_others(tmp_path: Path) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "fi.toml").write_text('[label]\ntitle = "Nimeke"\n', "utf-8")
    text = shipped_letters(tmp_path).render("unfilled", "fi", facts("unfilled"), SITE).text
    assert "Nimeke: Kaukana" in text
    assert "Tekijä: Mallikas" in text


@pytest.mark.parametrize("wrong", ["[label\n", "[labels]\na = 'b'\n", "[label]\ntitle = 3\n", "label = 'x'\n"])
def test_a_wrong_file_of_words_is_told_with_its_name(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "fi.toml").write_text(wrong, "utf-8")
    with pytest.raises(WordsError, match=r"locale/fi\.toml"):
        load_words([tmp_path], "fi")


def test_html_templates_escape_and_plain_ones_do_not(tmp_path: Path) -> None:
    (tmp_path / "fi").mkdir()
    for name in ("part.txt.j2", "part.html.j2"):
        (tmp_path / "fi" / name).write_text("{{ reason }}", "utf-8")
    letters, given = shipped_letters(tmp_path), facts("unfilled", reason="<b>&</b>")
    assert letters.part("part.txt.j2", "fi", given, SITE) == "<b>&</b>"
    assert letters.part("part.html.j2", "fi", given, SITE) == "&lt;b&gt;&amp;&lt;/b&gt;"


def test_cleaned_text_is_composed_and_holds_no_controls() -> None:
    assert clean_line("Ka\u0308ki\x00\r\n\u202e \u2028x\ud800", 80) == "Käki x"
    assert clean_line("=?utf-8?q?=0D=0ABcc:_x?=", 80) == "= ?utf-8?q?=0D=0ABcc:_x?="
    assert len(clean_line("a" * 1000, 60)) == 60
    assert clean_text("a\x0bb\n\n\n\nc\x85d", 80) == "a\nb\n\nc\nd"


@pytest.mark.parametrize(
    "number",
    ["[KP-2026-000999]", "kp\u20112026\u2011000999", "ABC - 2026 - 000999", "KP 2026 000999", "KP 2026-000999"],
)
def test_a_title_cannot_carry_a_request_number(number: str) -> None:
    assert without_numbers(f"Nimi {number} loppu") == "Nimi … loppu"
    for beside in ("_{}", "{}_", "{}x", "{}ä"):
        assert numbers_in(without_numbers(beside.format(number)), ("KP", "ABC")) == ()
    assert without_numbers("ISBN 978-952-0000-00-0, s. 12-2026") == "ISBN 978-952-0000-00-0, s. 12-2026"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": {"sv": "Bibliotek\r\nBcc: x@evil.example"}},
        {"name": {"en": "x" * 81}},
        {"contact": {"fi": "Puh.\x1b[31m 09 000"}},
        {"contact": {"fi": "Puh.\u2028 09 000"}},
        {"postal_address": "PL 1\r00101 Esimerkkilä"},
        {"symbol": "FI-H\nX: y"},
        {"pickup": {"Sali\n2": "ma-pe"}},
        {"pickup": {"Sali": "ma-pe\x079-18"}},
    ],
)
def test_a_sites_own_words_are_refused_where_a_letter_could_not_show_them(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"no letter can show|must be one line|at most 80"):
        Site(**wrong)


def test_a_sites_address_keeps_its_lines_and_its_blanks() -> None:
    address = "Esimerkin kirjasto\nPL\u00a01\n00101 Esimerkkilä"
    assert Site(postal_address=f"\n{address}\n").postal_address == address


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_patron_who_is_declined_is_told_what_to_do_about_each_reason(language: str) -> None:
    letters = shipped_letters()
    for reason in letters.words[language]["declined"]:
        plain, told = (
            letters.render("request_declined", language, facts("request_declined", reason=one, text=""), SITE)
            for one in ("", reason)
        )
        kinds = [[block.kind for block in one.blocks].count("paragraph") for one in (plain, told)]
        assert kinds[1] == kinds[0] + 1, reason


@pytest.mark.parametrize(("issn", "label"), [("0000-0000", "Vuosikerta: 12"), (None, "Osa: 12")])
def test_the_volume_of_a_journal_is_not_called_a_part_of_a_work(issn: str | None, label: str) -> None:
    given = replace(facts("request_copy", "copy"), citation=Citation(title="Nimi", volume="12", issn=issn))
    assert f"\n{label}\n" in shipped_letters().render("request_copy", "fi", given, SITE).text


def test_a_title_from_right_to_left_turns_nothing_beside_it() -> None:
    given = replace(facts("unfilled"), citation=Citation(title="שלום (2) עולם"))
    assert '<td dir="auto"' in shipped_letters().render("unfilled", "en", given, SITE).html
