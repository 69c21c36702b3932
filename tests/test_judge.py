"""The second judge: its weights are those of its clauses, it is sure of what is plain only, and it stops acts."""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import shipped
from maild.core.terms import EventName as E
from maild.reading.judge import DOUBT, HARMLESS, Judge, features
from maild.reading.opinion import second_opinion
from maild.reading.rules import shipped_judge
from maild.reading.statements import Side, statements
from maild.reading.verdict import is_harmless
from tests.lexicons import lexicons

LANGUAGES = ("da", "de", "en", "et", "fi", "no", "sv")
EVENTS = {event.value for event in E}


@cache
def trainer() -> ModuleType:
    """bench/train_judge.py, which is a script."""
    path = Path(__file__).parent.parent / "bench" / "train_judge.py"
    spec = importlib.util.spec_from_file_location("train_judge", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def passed_over(clause: str, language: str, side: Side = Side.SUPPLIER) -> bool:
    """Whether any part of the clause is passed over on the judge's word."""
    found = statements(clause, lexicons(), language, side)
    return any(is_harmless(one, shipped_judge(), lexicons().by_language.get(one.language)) for one in found)


def test_the_shipped_weights_are_those_of_the_shipped_clauses() -> None:
    assert shipped_judge().trained_on == trainer().digest(shipped("rules") / "judge"), "run `make judge`"


def test_the_same_clauses_give_the_same_weights() -> None:
    data = trainer().examples(shipped("rules") / "judge")[:120]
    first, second = (trainer().built(data, "x")[1] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_has_one_known_label(language: str) -> None:
    lines = (shipped("rules") / "judge" / f"{language}.tsv").read_text("utf-8").splitlines()
    labels, clauses = zip(*(line.split("\t") for line in lines), strict=True)
    assert set(labels) <= EVENTS | {HARMLESS, DOUBT}
    assert len(set(clauses)) == len(clauses) >= 250


def test_the_weights_are_small_enough_to_ship() -> None:
    assert (shipped("rules") / "judge" / "weights.gz").stat().st_size < 1_500_000


def test_probabilities_are_those_of_labels_and_make_one() -> None:
    read = shipped_judge().read("we have posted the book to you today", "en")
    assert max(read, key=read.__getitem__) == E.LOANED
    assert sum(read.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("language", "clause", "label"),
    [
        ("fi", "kirjaa ei valitettavasti voida lainata kaukolainaksi", E.UNFILLED),
        ("sv", "lånet har förlängts till 12 mars", E.RENEW_ACCEPTED),
        ("de", "das Buch wurde heute an Sie verschickt", E.LOANED),
        ("en", "your loan cannot be renewed", E.RENEW_REFUSED),
        ("en", "two pages of the scan are missing", DOUBT),
    ],
)
def test_it_reads_what_it_was_not_taught_word_by_word(language: str, clause: str, label: str) -> None:
    read = shipped_judge().read(clause, language)
    assert max(read, key=read.__getitem__) == label


@pytest.mark.parametrize(
    ("language", "clause"),
    [
        ("fi", "kaukolainojen saatavuustiedot ovat Finnassa"),
        ("fi", "lähetykset kulkevat kirjeenä"),
        ("sv", "fjärrlånen hanteras av två personer hos oss"),
        ("en", "our shipping room is open on weekdays"),
    ],
)
def test_small_talk_with_words_of_loans_need_not_be_understood(language: str, clause: str) -> None:
    assert passed_over(clause, language)


@pytest.mark.parametrize(
    ("language", "clause"),
    [
        ("fi", "ehkä palautusosoite löytyy lähetteestä"),
        ("fi", "emme voi lähettää sitä"),
        ("fi", "kirja on vaurioitunut"),
        ("sv", "vi räknar inte med att kunna skicka den på torsdag"),
        ("sv", "det är faktiskt ingen brådska"),
        ("sv", "kanske ingen brådska"),
        ("en", "good not news"),
        ("en", "we have not sent it yet"),
        ("en", "if the return label is in the box with the book"),
        ("en", "is the return label in the box with the book?"),
        ("de", "wir haben es noch nicht abgeschickt"),
    ],
)
def test_a_hedge_a_question_a_condition_and_a_denied_outcome_are_never_passed_over(language: str, clause: str) -> None:
    assert not passed_over(clause, language)


def test_a_strange_language_and_strange_words_are_not_judged() -> None:
    assert shipped_judge().read("thank you very much", "xx") == {}
    assert shipped_judge().read("qwzx vbnm plokij", "en") == {}


def test_a_judge_without_weights_has_no_say() -> None:
    assert Judge().read("thank you", "en") == {}
    assert not Judge().harmless("thank you", "en")
    assert Judge().takes_for("thank you", "en", 0.5) == ""


def test_a_deciding_clause_that_reads_as_another_outcome_is_a_doubt() -> None:
    clause = "we cannot lend this item"
    (said,) = statements(clause, lexicons(), "en", Side.SUPPLIER)
    (doubt,) = second_opinion(said, shipped_judge(), {E.LOANED})
    assert (doubt.reason, doubt.passage) == ("contradictory", clause)
    assert not list(second_opinion(said, shipped_judge(), {E.UNFILLED}))
    assert not list(second_opinion(said, Judge(), {E.LOANED}))


def test_every_number_is_the_same_to_it() -> None:
    assert features("due 12.1.2027", "en") == features("due 3.12.2026", "en")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=3000))
def test_any_text_has_an_answer(text: str) -> None:
    read = shipped_judge().read(text, "fi")
    assert not read or sum(read.values()) == pytest.approx(1)
