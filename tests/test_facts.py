"""Barcodes, links, references, terms and copies: found where they are named, left alone where they only look so."""

from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.mail import Attachment, Mail
from maild.reading.facts import copies_of, delivery_links, find_urls, item_ids, no_renewal, supplier_refs


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("viivakoodi 13000456789", ["13000456789"]),
        ("Viivakoodi: 30120006667771", ["30120006667771"]),
        ("Viivakoodi / Barcode: 30120006667771", ["30120006667771"]),
        ("vk: 13000456789.", ["13000456789"]),
        ("Nide:          13000219876", ["13000219876"]),
        ("niteet 1LUM000771520 ja 1LUM000771538", ["1LUM000771520", "1LUM000771538"]),
        ("niteen tunnus on HX00012345", ["HX00012345"]),
        ("streckkod 3 1234", []),
        ("Streckkod: 31001234567, 31001234568", ["31001234567", "31001234568"]),
        ("Barcode ......: 31888004512207", ["31888004512207"]),
        ("(barcode 31888004512207)", ["31888004512207"]),
        ("Item ID: 39001-004512", ["39001-004512"]),
        ("Mediennummer: 0012$08877661", ["0012$08877661"]),
        ("Buchungsnummer 1288123456$1", ["1288123456$1"]),
        ("Strekkode 12bu88213", ["12bu88213"]),
        ("viivakoodi 13000456789, eräpäivä 3.12.", ["13000456789"]),
    ],
)
def test_a_barcode_is_found_by_its_label(text: str, ids: list[str]) -> None:
    assert [f.value for f in item_ids(text)] == ids


@pytest.mark.parametrize(
    "text",
    [
        "13000456789",
        "puh. 0401234567",
        "niteet 1 ja 2",
        "nide 3, 1998",
        "nide 2026-11-22",
        "viivakoodi puuttuu",
        "item number KP-2026-000123",
        "Kirjastokortti 20123456789012",
        "tracking number RR123456789FI",
    ],
)
def test_a_row_of_digits_without_the_label_is_no_barcode(text: str) -> None:
    assert item_ids(text) == ()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Lataa artikkeli: https://download.north.example/d/9fK2-77QX.", "https://download.north.example/d/9fK2-77QX"),
        ("The copy is at <https://x.example/s/kT4mZq8x>", "https://x.example/s/kT4mZq8x"),
        ("Ni kan hämta kopian här:\nhttps://filer.bibl.example/k/ab(1)c", "https://filer.bibl.example/k/ab(1)c"),
        ("(PDF: https://x.example/copies/12.pdf)", "https://x.example/copies/12.pdf"),
        ("Download: HTTPS://x.example/get?token=1a2b3c,", "HTTPS://x.example/get?token=1a2b3c"),
    ],
)
def test_a_delivery_link_is_found_without_its_sentence(text: str, url: str) -> None:
    assert [f.value for f in delivery_links(text)] == [url]


@pytest.mark.parametrize(
    "text",
    [
        "Terveisin kirjasto https://www.kirjasto.example",
        "Help: https://download.north.example/help",
        "Tietosuoja: https://kirjasto.example/tietosuoja",
        "ftp://x.example/copy.pdf",
        "Ticket https://rt.north.example/Ticket/Display.html?id=48213",
        "Copy? see https://catalog.north.example/record/12345",
    ],
)
def test_other_addresses_are_no_delivery_links(text: str) -> None:
    assert delivery_links(text) == ()


def test_every_web_address_is_found_with_its_place() -> None:
    text = "a https://a.example/1, b http://b.example."
    assert [(f.value, text[f.start : f.end]) for f in find_urls(text)] == [
        ("https://a.example/1",) * 2,
        ("http://b.example",) * 2,
    ]


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("Meidän viite LK 318/2026.", "LK 318/2026"),
        ("meidän nro: 12345", "12345"),
        ("Tilausnumeromme on PYK-26-1189", "PYK-26-1189"),
        ("Vårt nr 2026/118", "2026/118"),
        ("Our TN .......: 449020", "449020"),
        ("our ref. ABC-99/1", "ABC-99/1"),
        ("Unser Zeichen: A260011873", "A260011873"),
    ],
)
def test_the_other_librarys_number_is_found_by_its_label(text: str, ref: str) -> None:
    assert [f.value for f in supplier_refs(text)] == [ref]


@pytest.mark.parametrize(
    "text", ["our reference desk", "Your ref: KP-2026-000123", "our ref KP-2026-000123", "vår nya bok 12"]
)
def test_other_numbers_are_not_theirs(text: str) -> None:
    assert supplier_refs(text) == ()


@pytest.mark.parametrize(
    "text",
    ["renewals are not possible", "No renewals.", "laina-aika 28 vrk, ei voi uusia", "uusiminen ei ole mahdollista",
     "inga omlån", "omlån ej möjligt", "keine Verlängerung", "kan ikke fornyes", "This loan cannot be renewed"],
)  # fmt: skip
def test_loans_that_cannot_be_renewed_are_told(text: str) -> None:
    assert no_renewal(text)


@pytest.mark.parametrize(
    "text", ["Lainan voi uusia", "renewals are possible", "omlån går bra", "If you need a renewal please ask"]
)
def test_loans_that_can_be_renewed_are_not_refused(text: str) -> None:
    assert not no_renewal(text)


def copy(**changes: object) -> Attachment:
    values: dict[str, object] = {"index": 1, "name": "skannaus.pdf", "sniffed": "application/pdf", "size": 50_000}
    return Attachment(**{**values, **changes})  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize(
    ("changes", "is_copy"),
    [
        ({}, True),
        ({"sniffed": "image/tiff", "name": "0001.tif"}, True),
        ({"sniffed": "image/jpeg", "name": "sivu1.jpg", "size": 800_000}, True),
        ({"sniffed": "image/jpeg", "name": "image001.jpg", "size": 8_000}, False),
        ({"sniffed": "image/png", "inline": True, "size": 300_000}, False),
        ({"sniffed": "application/ms-tnef", "name": "winmail.dat"}, False),
        ({"sniffed": "text/html", "name": "artikkeli.pdf"}, False),
        ({"name": "lasku_1234.pdf"}, False),
        ({"name": "Lieferschein.pdf"}, False),
        ({"size": 12}, False),
        ({"sniffed": "", "declared": "application/pdf"}, False),
    ],
)
def test_the_copy_is_told_by_its_bytes(changes: dict[str, object], is_copy: bool) -> None:
    assert bool(copies_of(Mail(attachments=(copy(**changes),)))) is is_copy


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="viakodeBbr :.12345/-$,\n()htps<>x?our ref", max_size=150))
def test_any_text_gives_spans_within_it_and_never_an_error(text: str) -> None:
    for found in (*item_ids(text), *find_urls(text), *delivery_links(text), *supplier_refs(text), *no_renewal(text)):
        assert 0 <= found.start < found.end <= len(text)
        assert found.value == text[found.start : found.end]


@pytest.mark.parametrize(
    "piece", ["viivakoodi ", "barcode: 12345678, ", "https://x.example/d/", "our ref ", "niteet\n", "a1"]
)
def test_the_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = thread_time()
        for find in (item_ids, delivery_links, supplier_refs, no_renewal):
            find(text)
        return thread_time() - start

    short = min(seconds(10_000) for _ in range(3))
    long = min(seconds(40_000) for _ in range(3))
    assert long < 12 * short + 0.05  # four times the text; a quadratic reader takes sixteen times as long
