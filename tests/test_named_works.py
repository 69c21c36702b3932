"""Works that running text names, with a year in brackets behind them."""

import pytest

from maild.reading.named_works import named_work


@pytest.mark.parametrize(
    ("text", "title", "author"),
    [
        ("Löytyisikö teiltä lainaan Eino Kaskin teos Kaukainen kylä (Otsa, 1961)?", "Kaukainen kylä", None),
        ("We look for the book Tide Mills by Harold Wren (Quay Press, 1967), please.", "Tide Mills", "Harold Wren"),
        ('Kan vi få låna Märta Lunds "Sjöbodar" (1983)?', "Sjöbodar", "Märta Lund"),
        ('Könnten wir das Buch "Die Torfschiffer" von Karl Ohm (1935) leihen?', "Die Torfschiffer", "Karl Ohm"),
        ("Could we borrow your copy of Weirs of the North (Pool, J., 1971)?", "Weirs of the North", "Pool, J."),
        ("He would like to see Kalle Rinne's Veneet ja tervaa (Oulu 1939).", "Veneet ja tervaa", "Kalle Rinne"),
        ("Saisimmeko Aino Aaltosen kirjan Puutarhan unelma (Otsa, 1963)?", "Puutarhan unelma", "Aino Aaltonen"),
        ("Could you lend us The History of the Book in Finland (1999)?", "The History of the Book in Finland", None),
    ],
)
def test_title_and_author_are_told_apart(text: str, title: str, author: str | None) -> None:
    work = named_work(text)
    assert (work.get("title"), work.get("author")) == (title, author)


@pytest.mark.parametrize(
    "text",
    [
        "Saisimmeko teoksen Suomen sota (Otava 1890) ja kirjan Rauha (1900)?",
        "Our library (founded in 1903) would like to borrow a book.",
        "Thank you for your help (2026).",
        "",
    ],
)
def test_two_works_or_none_are_no_work(text: str) -> None:
    assert named_work(text) == {}


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", ["book A " * 9000, "(1999) " * 9000, "borrow Aa Bb's " * 5000 + " (1999)"])
def test_long_text_costs_little(text: str) -> None:
    named_work(text)
