"""The check of letters: each mistake that a librarian can make in a template is told with its file and a way out."""

from pathlib import Path

import pytest

from maild import shipped
from maild.core.letter_rules import LetterRules, load
from maild.core.problems import Problem, RuleFile
from maild.letters.check import check
from maild.letters.render import Letters
from tests.letter_house import letter_rules, shipped_letters


def _mistakes(own: Path, file: str, text: str) -> list[Problem]:
    """What the check finds where a site has this file of its own. Only that letter is checked: all take two seconds."""
    (own / file).parent.mkdir(parents=True, exist_ok=True)
    (own / file).write_text(text, "utf-8")
    name = Path(file).name.split(".")[0]
    rule = letter_rules().letters.get(name, letter_rules().letters["overdue_1"])
    return check(
        Letters([own, shipped("templates")], LetterRules(letters={rule.name: rule}, offered=letter_rules().offered))
    )


def test_the_shipped_letters_have_no_problem() -> None:
    assert check(shipped_letters()) == []


@pytest.mark.parametrize(
    ("file", "text", "place", "what"),
    [
        ("fi/overdue_1.txt.j2", "{{ duedate }}", "duedate", "no such fact"),
        ("fi/overdue_1.txt.j2", "{{ parcel }}", "parcel", "not given that fact"),
        ("sv/expected.txt.j2", "Kommer senare.", "expected_date", "does not show this fact"),
        ("en/overdue_1.txt.j2", "{% if due_date %}", "line 1", "Unexpected end"),
        ("en/overdue_1.txt.j2", '{% extends "_patrn.txt.j2" %}', "sample", "_patrn.txt.j2"),
        ("fi/overdue_1.txt.j2", "{{ due_date | dato }}", "line 1", "No filter named 'dato'"),
        ("fi/overdue_1.txt.j2", "Palauta {{ due_date | date }}.", "sample", "printed as None"),
        ("fi/overdue_1.txt.j2", "", "sample", "the letter is empty"),
        ("fi/overdue_1.txt.j2", '{{ fact("titel", number) }}', "sample", "titel"),
        ("fi/overdue_1.subject.j2", "Yksi\nKaksi\n", "sample", "not one line"),
        ("fi/overdue_1.subject.j2", "\n", "sample", "not one line"),
        (
            "fi/renew_request.txt.j2",
            "Uusikaa {{ new_due_date | date or '' }}.",
            "sample",
            "lacks our number",
        ),
        ("fi/overdue1.txt.j2", "Palauta.", "name", "no letter has this name"),
        ("locale/fi.toml", '[label]\nlent = "Laina"\n', "label.lent", "missing"),
    ],
)
def test_each_mistake_is_told_once_with_file_place_and_way_out(
    tmp_path: Path, file: str, text: str, place: str, what: str
) -> None:
    told = _mistakes(tmp_path, file, text)
    assert any(problem.place.startswith(place) and what in problem.what for problem in told), told
    assert all(problem.file and problem.way_out for problem in told)
    assert len(told) <= 2


def test_the_check_sees_into_the_block_that_a_site_replaces(tmp_path: Path) -> None:
    text = '{% extends "shipped/overdue_1.txt.j2" %}{% block more %}{{ nimi }}{% endblock %}'
    assert [problem.place for problem in _mistakes(tmp_path, "fi/overdue_1.txt.j2", text)] == ["nimi"]
    kept = '{% extends "shipped/expected.txt.j2" %}{% block more %}{{ choice("cancel") }}{% endblock %}'
    assert [p for p in _mistakes(tmp_path, "fi/expected.txt.j2", kept) if "expected" in p.file] == []
    lost = kept.replace('{{ choice("cancel") }}', "Terveisin kirjasto.")
    assert [p.place for p in _mistakes(tmp_path, "fi/expected.txt.j2", lost) if "expected" in p.file] == ["cancel"]


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ({"audience": "partner"}, "letters.x.purpose"),
        ({"audience": "friend", "purpose": "p"}, "letters.x.audience"),
        ({"audience": [], "purpose": "p"}, "letters.x.audience"),
        ({"audience": "patron", "purpose": "p", "off": "yes please"}, "letters.x.off"),
        ({"audience": "patron", "purpose": "p", "facts": ["due"]}, "letters.x.facts"),
        ({"audience": "patron", "purpose": "p", "party": "s"}, "letters.x.party"),
    ],
)
def test_a_wrong_rule_of_a_letter_is_told_with_its_place(table: dict[str, object], place: str) -> None:
    rules, problems = load({"letters.toml": RuleFile(name="letters.toml", data={"letters": {"x": table}})})
    assert rules is None
    assert all(problem.place.startswith(place) for problem in problems)
    assert problems


def test_a_missing_file_of_letters_is_told() -> None:
    rules, problems = load({})
    assert rules is None
    assert [problem.what for problem in problems] == ["missing"]
