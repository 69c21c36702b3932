"""Where sentences and clauses end."""

import time

import pytest

from maild.reading.sentences import clauses, sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Lähetetty 3.12. postissa. Terveisin", 2),
        ("Eräpäivä on 3.12. Terveisin Riitta", 2),
        ("läh. tänään, eräp. 22.12. Viivak. 123", 2),
        ("Meillä on esim. p. 2 vuodelta 1998.", 1),
        ("Vi har t.ex. band ett. Det skickas.", 2),
        ("Am 3. Dezember geht es ab.", 1),
        ("Sent by post, no. RN 123. Thanks!", 2),
        ("Onko se jo lähetetty? Kiitos!", 2),
        ("Hei\nkirja lähti\nT. Liisa", 3),
        ("Tämä rivi on niin pitkä että postiohjelma on katkaissut sen\nkeskeltä lausetta.", 1),
        ("- KP-2026-000001: lähetetty\n- KP-2026-000002: ei ole", 2),
        ("", 0),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_a_clause_ends_at_comma_bracket_and_but() -> None:
    found = [clause.text for clause in clauses("Kirja on lainassa, palautuu 3.12. (ehkä) mutta varattu teille.")]
    assert found == ["Kirja on lainassa", "palautuu 3.12.", "ehkä", "mutta varattu teille."]


def test_all_clauses_of_a_question_are_of_a_question() -> None:
    assert [clause.question for clause in clauses("Jos se tulee, saanko sen? Kiitos.")] == [True, True, False]


def test_a_decimal_comma_ends_no_clause() -> None:
    assert len(clauses("Hinta on 12,50 euroa")) == 1


@pytest.mark.parametrize("text", ["a. " * 40_000, "a, " * 40_000, "\n" * 100_000, "x" * 200_000, "(" * 100_000])
def test_long_texts_are_cut_in_linear_time(text: str) -> None:
    start = time.process_time()
    clauses(text)
    assert time.process_time() - start < 5
