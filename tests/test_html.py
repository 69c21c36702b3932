"""HTML parts become text with their tables, quotes marked and hidden words gone."""

from time import process_time

import pytest

from maild.reading.html import QUOTE_CLOSE, QUOTE_OPEN, QUOTE_REST, fast_text, read_html


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def test_paragraphs_lists_and_tables_are_lines() -> None:
    read = read_html("<p>Hei,<br>kirja</p><ul><li>osa 1</li></ul><table><tr><td>Laina</td><td>4 vk</td></tr></table>")
    assert _lines(read.text) == ["Hei,", "kirja", "* osa 1", "Laina  4 vk"]


def test_rows_of_two_cells_are_label_and_value() -> None:
    named = "<tr><th>Nimi</th><td>Aino <b>K</b></td></tr><tr><td>Viesti</td><td></td></tr>"
    assert read_html(f"<table>{named}<tr><td>a<td>b<td>c</table>").rows == (("Nimi", "Aino K"), ("Viesti", ""))


def test_rows_in_pairs_are_label_and_value() -> None:
    html = """<table><tr><td><table>
    <tr bgcolor="#EAF2FA"><td colspan="2"><strong>Nimeke</strong></td></tr>
    <tr bgcolor="#FFFFFF"><td width="20">&nbsp;</td><td>Mökit<br>ja saunat</td></tr>
    <tr bgcolor="#EAF2FA"><td colspan="2"><strong>Tekijä</strong></td></tr>
    <tr bgcolor="#FFFFFF"><td width="20">&nbsp;</td><td>Kurki, A.</td></tr></table></td></tr></table>"""
    assert read_html(html).rows == (("Nimeke", "Mökit\nja saunat"), ("Tekijä", "Kurki, A."))


def test_rows_of_a_quoted_letter_are_not_ours() -> None:
    table = "<table><tr><td>Eräpäivä</td><td>3.12.2026</td></tr></table>"
    assert read_html(f"<p>Kiitos</p><blockquote>{table}</blockquote>").rows == ()
    assert read_html(f'<p>Kiitos</p><div id="divRplyFwdMsg">From: x</div>{table}').rows == ()
    assert read_html(f"<blockquote>x</blockquote>{table}").rows == (("Eräpäivä", "3.12.2026"),)


@pytest.mark.parametrize(
    "hidden",
    [
        '<span style="display: none">lähetetty</span>',
        "<div style='VISIBILITY:hidden'>lähetetty</div>",
        "<p hidden>lähetetty</p>",
        "<s>lähetetty</s>",
        "<strike>lähetetty</strike>",
        "<del>lähetetty</del>",
        "<span style='color:red; text-decoration: underline line-through'>lähetetty</span>",
        '<div style="mso-hide:all">lähetetty</div>',
        '<span style="font-size:0">lähetetty</span>',
        "<script>lähetetty</script>",
        "<!-- lähetetty -->",
        "<style>lähetetty</style>",
    ],
)
def test_what_nobody_sees_is_not_read(hidden: str) -> None:
    assert (
        _lines(read_html(f"<p>Kirja on {hidden} lainassa, valitettavasti.</p>").text)
        == ["Kirja on lainassa, valitettavasti."]
        or "lähetetty" not in read_html(f"<p>Kirja on {hidden} lainassa, valitettavasti.</p>").text
    )


def test_small_print_with_a_size_is_still_read() -> None:
    assert "eräpäivä" in read_html('<p style="font-size:0.8em">eräpäivä</p>').text


@pytest.mark.parametrize(
    ("html", "marks"),
    [
        ("<p>a</p><blockquote>b</blockquote><p>c</p>", ["a", QUOTE_OPEN, "b", QUOTE_CLOSE, "c"]),
        ('<div>a</div><div class="gmail_quote x">b</div>', ["a", QUOTE_OPEN, "b", QUOTE_CLOSE]),
        ('<p>a</p><div id="x_divRplyFwdMsg">b</div><p>c</p>', ["a", QUOTE_REST, "b", "c"]),
        ('<p>a</p><div id="appendonsend"></div><p>c</p>', ["a", QUOTE_REST, "c"]),
        (
            '<p>a</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt">b</div></div><p>c</p>',
            ["a", QUOTE_REST, "b", "c"],
        ),
    ],
)
def test_quoted_letters_are_marked(html: str, marks: list[str]) -> None:
    assert _lines(read_html(html).text) == marks


def test_nobody_else_can_write_our_marks() -> None:
    assert QUOTE_REST not in read_html(f"<p>a</p><p>{QUOTE_REST}</p><p>b</p>").text


def test_outlooks_empty_paragraphs_are_blank_lines() -> None:
    html = "<p class=MsoNormal>Terv.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>PS</p>"
    assert [line.strip("\u200b ") for line in read_html(html).text.strip().split("\n")] == ["Terv.", "", "PS"]


@pytest.mark.parametrize("depth", [240, 300, 3000])
def test_no_depth_of_nesting_loses_the_text(depth: int) -> None:
    read = read_html("<div>" * depth + "Kirja on lainassa." + "</div>" * depth)
    assert "Kirja on lainassa." in read.text


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>" + "x" * 100_000 + "</td></tr>" + "<tr><td>y</td></tr>" * 3000 + "</table>",  # pads to 300 MB
        "<p>hello</p>" * 20_000,
        "<table><tr><td>" * 200 + "x" * 5000,
    ],
)
def test_what_tables_would_blow_up_is_read_without_them(html: str) -> None:
    read = read_html(html)
    assert len(read.text) < 4 * len(html)


def test_the_quick_reader_keeps_blocks_entities_and_quotes() -> None:
    assert _lines(fast_text("<p>a &amp; b</p><td>c<td>d<script>e</script><blockquote>f<br>g")) == [
        "a & b", "c  d", QUOTE_OPEN, "f", "g",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "html", ["", "<", "<<<<", "<!--", "<?xml version='1.0' encoding='utf-8'?><p>x", "\x00<p>\ud800", "&#xD800;"]
)
def test_any_text_can_be_read(html: str) -> None:
    read_html(html)


def test_end_of_a_huge_part_is_missed_and_said() -> None:
    read = read_html("<p>Kirja on lainassa.</p>" * 100_000)
    assert read.defect == "cut"
    assert read_html("<p>Kirja on lainassa.</p>" * 20_000).defect == "html-plain"


def test_a_tag_without_end_takes_no_time() -> None:
    """Seen by the fuzz run: 200 kB of letters after a < took minutes, each shorter name was tried."""
    start = process_time()
    read_html("<" + "a" * 400_000)
    assert process_time() - start < 2
