import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.reading import identifiers


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.5555/abc.2020.17", "10.5555/abc.2020.17"),
        ("https://doi-org.proxy.library.example/10.5555/jph.2025.0413", "10.5555/jph.2025.0413"),
        ("doi:10.5555/a(1)b.", "10.5555/a(1)b"),
        ("(see 10.5555/x1)", "10.5555/x1"),
        ("?rft_id=info%3Adoi%2F10.5555%2Fbls.8&x=1", "10.5555/bls.8"),
        ('"10.5555\\/aaps.1998"', "10.5555/aaps.1998"),
    ],
)
def test_doi_is_found_bare(text: str, doi: str) -> None:
    assert identifiers.dois(text) == (doi,)


@pytest.mark.parametrize("text", ["10.55", "version 10.5555", "see 10.12.2026/x"])
def test_what_is_no_doi(text: str) -> None:
    assert identifiers.dois(text) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ISBN 951-99-9412-2", ("9519994122",)),
        ("978-951-99-4042-7 (sid.)", ("9789519940427",)),
        ("ISBN 951-99-9412-3", ()),
        ("+358 40 1234567", ()),
        ("951 99 9412 2", ("9519994122",)),
    ],
)
def test_isbn_only_with_a_true_check_digit(text: str, found: tuple[str, ...]) -> None:
    assert identifiers.isbns(text) == found


def test_issn_keeps_its_hyphen_and_must_be_valid() -> None:
    assert identifiers.issns("ISSN 2999-0815 and 2999-0816") == ("2999-0815",)


def test_pmid_from_link_and_label() -> None:
    assert identifiers.pmids("https://pubmed.ncbi.nlm.nih.gov/99310562/ PMID: 99214407") == ("99310562", "99214407")


def test_isil_is_found_and_a_record_on_cd_is_none() -> None:
    assert identifiers.isils("Universitätsbibliothek (DE-9988), CD-levy, SE-Eke") == ("DE-9988", "SE-Eke")


@pytest.mark.parametrize("code", ["131052-308T", "131052–308T", "131052-308t"])
def test_identity_codes_are_masked(code: str) -> None:
    assert identifiers.mask_identity_codes(f"tunnus {code}.") == "tunnus ******-****."


def test_a_true_identity_code_is_known_and_a_reference_is_none() -> None:
    assert identifiers.has_identity_code("131052-308T")
    assert identifiers.mask_identity_codes("131052-308S 991399-123A") == "131052-308S 991399-123A"


@given(st.text())
def test_no_text_raises(text: str) -> None:
    identifiers.dois(text), identifiers.pmids(text), identifiers.isbns(text), identifiers.issns(text)
    identifiers.isils(text), identifiers.mask_identity_codes(text)
