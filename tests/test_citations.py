import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.reading.citations import read_reference, split_references

BOOK = {"author": "Voss, Irma", "title": "The Lantern Road", "year": "1968"}
GIVEN_FIRST = {"author": "Irma Voss", "title": "The history of lanterns", "year": "1968"}
PART = {
    "article_author": "Quill, R.",
    "article_title": "The ink of rivers",
    "title": "Journal of Deltas",
    "volume": "4",
    "issue": "2",
    "year": "1999",
    "pages": "14-29",
}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Quill, R. (1999). The ink of rivers. Journal of Deltas, 4(2), 14-29.", PART),
        ("Quill, R., 1999. The ink of rivers. Journal of Deltas, 4(2), pp.14-29.", PART),
        ("Quill, R. 1999. The ink of rivers. Journal of Deltas 4(2): 14-29.", PART),
        ('Quill, R. "The ink of rivers." Journal of Deltas, vol. 4, no. 2, 1999, pp. 14-29.', PART),
        ("Quill, R. “The ink of rivers.” Journal of Deltas 4, no. 2 (1999): 14-29.", PART),
        ("Quill, R.: The ink of rivers. In: Journal of Deltas 4 (1999), H. 2, S. 14-29.", PART),
        ("Quill R. The ink of rivers. Journal of Deltas. 1999;4(2):14-29.", PART | {"article_author": "Quill R"}),
        ("Voss, Irma: The Lantern Road. 1968.", BOOK),
        ("Voss, Irma. The Lantern Road. Harbour Press, 1968.", BOOK | {"publisher": "Harbour Press"}),
        ("Voss, Irma: The Lantern Road. - Turku : Satama, 1968. - 210 s.", BOOK | {"publisher": "Turku : Satama"}),
        ("The Lantern Road / Voss, Irma. - Turku : Satama, 1968.", BOOK | {"publisher": "Turku : Satama"}),
        ("Irma Voss, The history of lanterns, 1968.", GIVEN_FIRST),
        ("The history of lanterns, Irma Voss, 1968", GIVEN_FIRST),
        ("Irma Voss, The history of lanterns. Harbour Press, 1968.", GIVEN_FIRST | {"publisher": "Harbour Press"}),
        (
            "Voss, Irma (1968). The Lantern Road (2nd ed.). Harbour Press.",
            BOOK | {"publisher": "Harbour Press", "edition": "2nd ed."},
        ),
        (
            "Marsh, B. (2009). Ice roads. In A. Kivi (Ed.), Waters of the north (pp. 101-130). Bay Press.",
            {
                "article_author": "Marsh, B.",
                "article_title": "Ice roads",
                "author": "A. Kivi (Ed.)",
                "title": "Waters of the north",
                "pages": "101-130",
                "year": "2009",
                "publisher": "Bay Press",
            },
        ),
        ("https://doi.org/10.5555/1", {"doi": "10.5555/1"}),
    ],
)
def test_reference_is_cut_into_its_fields(text: str, fields: dict[str, str]) -> None:
    reference = read_reference(text)
    assert reference.fields == fields
    assert reference.certain


def test_lines_of_a_catalogue_are_one_reference() -> None:
    text = "Voss, Irma:\nThe Lantern Road. -\nTurku: Satama, 1968. - ISBN 951-99-9412-2"
    assert read_reference(text).fields == BOOK | {"publisher": "Turku: Satama", "isbn": "9519994122"}


@pytest.mark.parametrize(
    "text",
    [
        "Grain Elevators: A History. 1983",
        "Silent Spring: A Biography. 1983",
        "Silent Spring: Birds of the Valley. 1983",
        "Elsa Koivukangas, Kaskimaiden kirja 1983",
        "Silent Spring, forty years on. 2002",
        "Anna Karenina, suomentanut Eino Kalima (1999)",
        "se punainen kirja jossa oli kala",
        "The Lantern Road",
    ],
)
def test_what_is_not_certain_stays_verbatim(text: str) -> None:
    reference = read_reference(text)
    assert not reference.certain
    assert reference.rest == text


def test_uncertain_words_beside_a_number_give_the_number() -> None:
    reference = read_reference("joku lamppukirja, ISBN 951-99-9412-2 muistaakseni")
    assert reference.fields == {"isbn": "9519994122"}
    assert reference.rest


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Voss, Irma: The Lantern Road. 1968.\nsekä\nQuill, R.: Rivers. 1999.", 2),
        ("Voss, Irma: The Lantern Road. 1968.\n\nQuill, R.: Rivers. 1999.", 2),
        ("Voss, Irma:\nThe Lantern Road. -\nTurku: Satama, 1968.", 1),
        ("10.5555/1\n10.5555/2", 2),
    ],
)
def test_references_are_counted(text: str, count: int) -> None:
    assert len(split_references(text)) == count


@given(st.text(alphabet='Aab .,:;()&-/19\n"', max_size=300))
def test_no_text_raises(text: str) -> None:
    read_reference(text)
    split_references(text)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["Aa Bb, ", "A. ", "Aa, B., ", "(1999) ", ". - ", '"', "12(3), "])
def test_long_lists_cost_little(piece: str) -> None:
    read_reference((piece * 2000)[:1500])
    split_references((piece * 4000)[:6000])
