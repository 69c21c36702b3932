import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.reading.form_text import plain_lines


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ("(x) Laina", "Laina"),
        ("( ) Kopio", ""),
        ("Aineistotyyppi *\n☑ Kirja\n☐ Artikkeli", "Aineistotyyppi: Kirja"),
        ("Aineistotyyppi:\n\n[x] Kirja\n[ ] Artikkeli\n[x] Kartta\nNimi", "Aineistotyyppi: Kirja, Kartta\n\nNimi"),
        ("Nimi: Ella\n[x] Kirja", "Nimi: Ella\nKirja"),
        ("| Teos | Suon laulu |\n|---|---|", "Teos: Suon laulu\n"),
        ("Service: [x] Loan [ ] Copy", "Service: Loan"),
        ("Service: ☐ Loan ☑ Copy", "Service: Copy"),
        ("Palvelu: Laina [ ] Kopio [x]", "Palvelu: Kopio"),
        ("[X] Loan / [X] any edition", "Loan, any edition"),
        ("**Teos:** Suon laulu", "Teos: Suon laulu"),
        ("*Teos*: Suon laulu", "Teos: Suon laulu"),
        ("__Name:__ Ella Fen", "Name: Ella Fen"),
    ],
)
def test_a_line_says_what_was_chosen_and_bears_no_marks(line: str, plain: str) -> None:
    assert plain_lines(line) == plain


@pytest.mark.parametrize(
    "line",
    [
        "Vol. 12 (X), pp. 1-9",
        "Title: The [x] of y",
        "f() and g()",
        "**Patron details**",
        "*** Teos ***",
        "a=1&b=2",
        "50% x=y",
        "ctx_ver=Z39&rft.atitle=Lichen+growth&rft.date=2006&rfr_id=a%3Ab",
    ],
)
def test_a_line_without_choices_or_marks_stays(line: str) -> None:
    assert plain_lines(line) == line


def test_fields_of_a_browser_are_decoded_one_a_line_or_in_one() -> None:
    decoded = "name=Jill Aro\nemail=jill@uni.example\ntitle=The Weir Keepers"
    assert plain_lines("name=Jill+Aro\nemail=jill%40uni.example\ntitle=The+Weir+Keepers") == decoded
    assert plain_lines("name=Jill+Aro&email=jill%40uni.example&title=The+Weir+Keepers") == decoded


@given(st.text(alphabet="ab:*_[]()xX ☐☑%=&+\n", max_size=400))
def test_no_text_raises_or_grows(text: str) -> None:
    assert len(plain_lines(text)) <= len(text) + 2 * text.count("\n") + 4
