"""Slips of paper: one page each, no patron's name, bars and squares that a scanner reads back."""

from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any, get_args
from urllib.parse import parse_qs, unquote, urlsplit

import pypdfium2
import pytest
import zxingcpp

from maild.core.effects import Audience
from maild.core.request import Partner
from maild.letters.render import LANGUAGES
from maild.letters.samples import NUMBER, PARTNER_ADDRESS, SITE, Sample
from tests.letter_house import facts, letter_rules, sample, shipped_letters

PAPER = {"A6": (298, 420), "A4": (595, 842)}  # points, ISO 216
SCAN = 200 / 72  # a cheap scanner's 200 dots an inch
PARCEL = "JJFI00000000000000"


@pytest.fixture(scope="module")
def slips() -> ModuleType:
    """The module, where the extra and its libraries are installed."""
    try:
        return import_module("maild.letters.slips")
    except (ImportError, OSError) as err:
        pytest.skip(f"needs the extra slips: {err}")


def _page(slips: ModuleType, found: Sample, kind: str, **given: Any) -> pypdfium2.PdfPage:
    """The only page of that slip."""
    options = {"language": "fi", "parcel": PARCEL, **given}
    made = slips.slip(kind, NUMBER, found.context, shipped_letters(), SITE, **options)
    document = pypdfium2.PdfDocument(made)
    assert len(document) == 1, (kind, options)
    return document[0]


def _text(page: pypdfium2.PdfPage) -> str:
    return str(page.get_textpage().get_text_bounded())


def _scanned(page: pypdfium2.PdfPage) -> dict[str, str]:
    picture = page.render(scale=SCAN).to_pil().convert("L")
    return {code.format.name: code.text for code in zxingcpp.read_barcodes(picture)}


@pytest.mark.parametrize("letter", ["ready_for_pickup", "lending_shipped"])
@pytest.mark.parametrize(("case", "size"), [("usual", "A6"), ("usual", "A4"), ("long", "A6"), ("hostile", "A6")])
@pytest.mark.parametrize("kind", ["loan", "return", "pickup"])
def test_a_scanner_reads_the_number_and_our_address_from_every_slip(
    slips: ModuleType, kind: str, case: str, size: str, letter: str
) -> None:
    assert kind in get_args(slips.Kind)
    page = _page(slips, sample(letter, case), kind, size=size)
    assert tuple(round(side) for side in page.get_size()) == PAPER[size]
    codes = _scanned(page)
    assert codes["Code128"] == NUMBER
    link = urlsplit(codes["QRCode"])
    assert (link.scheme, unquote(link.path)) == ("mailto", SITE.address)
    assert f"[{NUMBER}]" in parse_qs(link.query, strict_parsing=True)["subject"][0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["loan", "return", "pickup"])
def test_no_slip_says_who_the_patron_is(slips: ModuleType, kind: str, language: str) -> None:
    found = sample("ready_for_pickup")
    text = _text(_page(slips, found, kind, language=language))
    patron = found.context.patrons[0]
    assert NUMBER in text
    assert not [word for word in (patron.name, "Asiakas", patron.email, patron.card) if word in text]


@pytest.mark.parametrize(
    ("letter", "kind", "theirs"),
    [
        ("shipped_return", "return", True),
        ("shipped_return", "loan", False),
        ("shipped_return", "pickup", False),
        ("lending_shipped", "loan", True),
        ("lending_shipped", "return", False),
    ],
)
def test_a_parcel_to_another_library_has_its_address_telephone_and_reference(
    slips: ModuleType, letter: str, kind: str, theirs: bool
) -> None:
    found = sample(letter)
    lines = [line.strip() for line in _text(_page(slips, found, kind)).splitlines()]
    assert all((line in lines) is theirs for line in PARTNER_ADDRESS.splitlines() if line != "Kaukopalvelu")
    assert ("Puhelin: +358 8 000 0000" in lines) is theirs
    reference = found.context.requests[0].requester_ref or found.context.requests[0].supplier_ref
    assert any(reference in line for line in lines) is (theirs or letter == "lending_shipped")
    assert any(PARCEL in line for line in lines)
    assert SITE.postal_address.splitlines()[-1] in lines


@pytest.mark.parametrize(
    ("letter", "kind", "there"),
    [("lending_shipped", "loan", True), ("lending_shipped", "return", False), ("shipped_return", "return", False)],
)
def test_only_the_slip_in_a_book_that_we_lend_has_the_librarys_card_with_us(
    slips: ModuleType, letter: str, kind: str, there: bool
) -> None:
    found = sample(letter)
    partners = tuple(replace(partner, their_card="2900-77") for partner in found.context.partners)
    text = _text(_page(slips, replace(found, context=replace(found.context, partners=partners)), kind))
    assert ("2900-77" in text) is there
    assert ("Kirjaston kortti meillä" in text) is there


def test_the_pickup_slip_says_where_the_thing_stands(slips: ModuleType) -> None:
    text = _text(_page(slips, sample("ready_for_pickup"), "pickup", pickup_way="desk"))
    assert "pyydä se asiakaspalvelusta" in " ".join(text.split())


def test_a_library_without_an_address_is_named_all_the_same(slips: ModuleType) -> None:
    found = sample("shipped_return")
    nameless = replace(found, context=replace(found.context, partners=(Partner(id=1, name="Mallilan kirjasto"),)))
    assert "Mallilan kirjasto" in _text(_page(slips, nameless, "return"))
    assert "Vastaanottaja" not in _text(
        _page(slips, replace(found, context=replace(found.context, partners=())), "return")
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ["shipped_return", "already_returned", "lending_shipped"])
def test_letters_about_parcels_say_where_they_were_sent(letter: str, language: str) -> None:
    text = shipped_letters().render(letter, language, facts(letter), SITE).text
    assert "\n".join(f"  {line}" for line in PARTNER_ADDRESS.splitlines()) in text


def test_a_patron_is_not_told_how_to_reach_the_other_library() -> None:
    for name in letter_rules().for_audience(Audience.PATRON):
        given = facts(name, audience=Audience.PATRON)
        assert (given.partner_name, given.partner_address, given.partner_phone) == (None, None, None)
        assert given.partner_card is None
