from hypothesis import given
from hypothesis import strategies as st

from maild.reading.openurl import find_openurl, from_pairs

ARTICLE = (
    "ctx_ver=Z39.88-2004&rft_val_fmt=info:ofi/fmt:kev:mtx:journal&rft.genre=article&rft.atitle=On+examples"
    "&rft.jtitle=Acta+Exemplaria&rft.volume=12&rft.issue=3&rft.spage=1&rft.epage=9&rft.date=1998-04"
    "&rft.aulast=Voss&rft.auinit=I&rft_id=info%3Adoi%2F10.5555%2F1"
)
WANT = {
    "service_type": "Copy",
    "article_title": "On examples",
    "title": "Acta Exemplaria",
    "volume": "12",
    "issue": "3",
    "pages": "1-9",
    "year": "1998",
    "article_author": "Voss, I.",
    "doi": "10.5555/1",
}


def test_article_in_a_link_between_words() -> None:
    assert find_openurl(f"Hello, https://resolver.example/x?{ARTICLE} thanks") == WANT


def test_html_ampersands_and_doubly_encoded_blanks() -> None:
    twice = ARTICLE.replace("&", "&amp;").replace("On+examples", "On%2520examples")
    assert find_openurl(f"https://resolver.example/x?{twice}") == WANT


def test_copied_labels() -> None:
    assert find_openurl("rft.btitle: The Lantern Road\nrft.aulast: Voss\nrft.genre: book\n") == {
        "title": "The Lantern Road",
        "author": "Voss",
        "service_type": "Loan",
    }


def test_version_0_1_has_no_prefix() -> None:
    link = "https://r.example/?genre=article&atitle=On+silt&title=Delta+Notes&aulast=Quill&date=2001&spage=14&epage=29&id=doi:10.5555/2"
    found = find_openurl(link)
    assert (found["article_title"], found["title"], found["pages"], found["doi"]) == (
        "On silt",
        "Delta Notes",
        "14-29",
        "10.5555/2",
    )


def test_an_ordinary_link_is_none() -> None:
    assert find_openurl("https://shop.example/?title=Sale&date=2026") == {}


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=20))
def test_no_pairs_raise(pairs: list[tuple[str, str]]) -> None:
    from_pairs([("rft.genre", "article"), *pairs])


@given(st.text())
def test_no_query_raises(text: str) -> None:
    find_openurl(f"https://r.example/?ctx_ver=1&rft.title={text}")
