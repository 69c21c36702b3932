"""The work that a form asks for: what its title fields may hold besides a title."""

import pytest

from maild.reading.form_draft import Draft
from maild.reading.form_work import read_work


def work(**values: str) -> Draft:
    draft = Draft()
    read_work({key: [value] for key, value in values.items()}, draft)
    return draft


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"book": "Nordkalottens reindrift (red. M. Somby), 2003", "chapter_title": "Gjerder, av Ante Uksnes"},
            {
                "title": "Nordkalottens reindrift",
                "author": "M. Somby",
                "year": "2003",
                "article_title": "Gjerder",
                "article_author": "Ante Uksnes",
            },
        ),
        ({"title": "Sota (ja rauha)", "author": "Tolstoi"}, {"title": "Sota (ja rauha)", "author": "Tolstoi"}),
        ({"title": "Kirja (toim. A. B.)", "author": "C. D."}, {"title": "Kirja (toim. A. B.)", "author": "C. D."}),
    ],
)
def test_an_editor_in_the_title_is_taken_out_where_no_field_names_one(
    given: dict[str, str], wanted: dict[str, str]
) -> None:
    draft = work(**given)
    assert (draft.work, draft.doubts) == (wanted, [])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"title": "see attached list"}, "incomplete"),
        ({"title": "Katso liite"}, "incomplete"),
        ({"title": "Se bifogad lista"}, "incomplete"),
        ({"title": "various"}, "incomplete"),
        ({"title": "1) Weirs and Wells (1980) 2) Village Pumps (1984)"}, "several-requests"),
        ({"title": "Isbrytare och dessutom artikeln Vintervägar i Navigator 1922"}, "several-requests"),
        ({"title": "Weirs and Wells", "year": "1980 / 1984"}, "several-requests"),
    ],
)
def test_a_title_that_points_elsewhere_or_names_several_works_is_doubtful(given: dict[str, str], reason: str) -> None:
    assert [d.reason for d in work(**given).doubts] == [reason]


@pytest.mark.parametrize(
    "given",
    [
        {"title": "Se, hur de dansar: bilder"},
        {"title": "Kirja ja lukija"},
        {"title": "Sodan ja rauhan kirjat", "year": "1980-1984"},
        {"title": "The book and the article: essays"},
        {"title": "Vol. 1. Alku"},
    ],
)
def test_a_title_with_such_words_in_it_is_a_title(given: dict[str, str]) -> None:
    assert work(**given).doubts == []
