"""The HTML of letters in a real browser and before a strict reader: readable everywhere, and fetching nothing."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest
from lxml import html

from maild import shipped
from maild.core.letter_gathering import facts_of
from maild.letters.document import Block
from maild.letters.gallery import TONGUES, write_gallery
from maild.letters.look import contrast
from maild.letters.render import LANGUAGES, Rendered
from maild.letters.samples import SITE, samples
from tests.browser import FAINT, Browser
from tests.letter_house import composer, letter_rules, shipped_letters

LETTERS = sorted(letter_rules().letters)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"  # beside the scroll bar
CUT_OFF = """[...document.querySelectorAll('.card *')].filter(e => e.getClientRects().length
    && (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow != 'visible'
        || e.getBoundingClientRect().right > document.documentElement.clientWidth + 1))
    .map(e => e.tagName + ' ' + e.textContent.slice(0, 40))"""
LANGS = "[...document.querySelectorAll('[lang]')].map(e => e.lang)"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every letter in Finnish and English together and in Swedish, with every sample."""
    folder = tmp_path_factory.mktemp("gallery")
    write_gallery(
        folder, shipped_letters(), composer(), shipped("templates") / "gallery", tongues=(("fi", "en"), ("sv",))
    )
    return folder


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("tongue", "sample"), [("fi+en", "usual"), ("sv", "hostile")])
def test_every_letter_is_readable_on_a_telephone_in_light_and_dark(
    gallery: Path,
    browser: Browser,
    tongue: str,
    sample: str,
) -> None:
    for file in sorted((gallery / "mails").glob(f"*-{sample}.{tongue}.html")):
        browser.seen_as(width=320, dark=False)
        browser.open(file)
        assert browser.value("document.documentElement.scrollWidth") <= 320, file.name
        assert browser.value(FAINT) == [], file.name
        browser.seen_as(width=320, dark=True)
        assert browser.value(FAINT) == [], file.name
        assert browser.asked == [file.as_uri()], file.name
        assert browser.said == [], file.name
        assert browser.value("document.documentElement.lang") == tongue[:2]
        assert set(browser.value(LANGS)) == set(tongue.split("+")), file.name
        assert browser.value("document.querySelectorAll('script, form, iframe, [onerror]').length") == 0


@pytest.mark.timeout(240)
@pytest.mark.parametrize("sample", ["long", "hostile"])
def test_every_letter_is_readable_at_twice_its_size_in_a_window_of_640_pixels(
    gallery: Path, browser: Browser, sample: str
) -> None:
    """WCAG 2.2, 1.4.4 and 1.4.10: no word is cut off and nobody scrolls sideways."""
    browser.seen_as(width=640, dark=False, zoom=2)
    for file in sorted((gallery / "mails").glob(f"*-{sample}.fi+en.html")):
        browser.open(file)
        assert browser.value("[devicePixelRatio, innerWidth]") == [2, 320]
        assert browser.value(SIDEWAYS) <= 0, file.name
        assert browser.value(CUT_OFF) == [], file.name
    browser.seen_as(width=640, dark=False)
    for file in sorted((gallery / "mails").glob("overdue_?.patron-hostile.fi+en.html")):
        browser.open(file)
        browser.value("document.body.style.zoom = 2")  # as programs do that zoom the letter and not the window
        assert browser.value(SIDEWAYS) <= 0, file.name


@pytest.mark.timeout(120)
def test_the_gallery_is_readable_and_each_of_its_links_leads_somewhere(gallery: Path, browser: Browser) -> None:
    for name in ("index.html", "due_soon.patron-usual.fi+en.html", "overdue_3.patron-hostile.sv.html"):
        for dark in (False, True):
            browser.seen_as(width=320, dark=dark)
            browser.open(gallery / name)
            assert browser.value("document.documentElement.scrollWidth") <= 320, name
            assert browser.value(FAINT) == [], name
            assert all(url.startswith("file:") for url in browser.asked)
            assert browser.said == []
        links = browser.value("[...document.querySelectorAll('a, iframe')].map(e => e.href || e.src)")
        assert links
        assert all(Path(link.removeprefix("file://")).is_file() for link in links)


def test_two_colours_have_the_contrast_that_wcag_gives_them() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.timeout(120)
def test_a_strict_reader_of_html_finds_no_mistake_in_any_letter(gallery: Path) -> None:
    for sample in ("usual", "hostile"):
        for file in sorted((gallery / "mails").glob(f"*-{sample}.fi+en.html")):
            html5lib.HTMLParser(strict=True).parse(file.read_text("utf-8"))


def _rendered() -> Iterator[tuple[str, Rendered]]:
    for rule in letter_rules().letters.values():
        for found in samples(rule):
            facts = facts_of(found.effect, found.context, SITE)
            for language in LANGUAGES:
                rendered = shipped_letters().render(rule.name, language, facts, SITE, "ill@library.example")
                yield f"{rule.name} {found.name} {language}", rendered


def _words(text: str) -> Counter[str]:
    return Counter("".join(char for char in text if char not in ">:").split())


def _said(block: Block) -> str:
    facts = " ".join(f"{fact.label} {' '.join(fact.lines)}" for fact in block.facts)
    return f"{' '.join(block.lines)} {facts} {' '.join(f'{c.number} = {c.words}' for c in block.choices)}"


@pytest.mark.timeout(120)
def test_text_and_html_say_the_same_words_and_no_stranger_adds_markup() -> None:
    for name, rendered in _rendered():
        tree = html.fromstring(f"<div>{rendered.html}</div>")
        shown = " ".join(tree.itertext())
        assert _words(shown) == _words(" ".join(map(_said, rendered.blocks))), name
        if "x" * 60 not in rendered.text:  # an endless word is cut in pieces in the text
            assert _words(shown) == _words(rendered.text), name
        links = [str(link) for link in tree.xpath("//@href")]
        assert all(link.startswith(("mailto:ill@library.example?", "https://files.library.example/")) for link in links)
        levels = [1, *(int(heading.tag[1]) for heading in tree.xpath("//h1|//h2|//h3|//h4"))]
        assert all(1 < after <= before + 1 for before, after in pairwise(levels)), name
        assert not tree.xpath("//script|//img|//form|//@onerror|//@onclick|//@src"), name
        assert "hostile" not in name or not any(link.startswith("http") for link in links), name


def test_the_shown_languages_are_those_of_the_house() -> None:
    assert {language for tongue in TONGUES for language in tongue} == set(LANGUAGES)
