"""An HTML part → text with its tables kept, quoted letters marked, and the label/value rows of forms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import pairwise

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display, WhiteSpace
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree
from lxml import html as lxml_html

MAX_TABLE_CHARS = 200_000  # above this: no tables, the reader that only knows blocks
MAX_FAST_CHARS = 2_000_000
MAX_CANVAS_CHARS = 20_000_000  # ordinary mails stay below a tenth of it
MAX_ROWS = 500
MAX_CELL_CHARS = 4_000
KEPT = 0.9  # of the visible characters; below it the table reader has lost text

QUOTE_OPEN, QUOTE_CLOSE, QUOTE_REST = "\ue000", "\ue001", "\ue002"
"""Private characters that stand on lines of their own where a quoted letter begins, ends, or fills all that follows."""

_NOT_TEXT = re.compile("[\ue000-\uf8ff\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)([^<>]*+)>|<[!?][^<>]*+>")
_BLANKS = re.compile(r"[ \t\r\n]+")
_SKIPPED = (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<title", "</title>"))
_BLOCKS = frozenset(
    {
        "p", "div", "br", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr", "section",
        "article", "header", "footer", "dt", "dd", "body",
    }
)  # fmt: skip
_CODE = ("script", "style", "title", "template", "noscript", "svg", "object")
_HIDING = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|mso-hide\s{0,9}:\s{0,9}all"
    r"|font-size\s{0,9}:\s{0,9}0(?:px|pt|em)?\s{0,9}(?:;|!|$)"
    r"|text-decoration(?:-line)?\s{0,9}:[^;]{0,40}line-through",
    re.IGNORECASE,
)
_STRUCK = frozenset({"s", "strike", "del"})  # of the choices that our letter offers, say, all but one
_OUTLOOK_RULE = re.compile(r"border:\s{0,9}none;\s{0,9}border-top:\s{0,9}solid\s", re.IGNORECASE)
_REST_IDS = frozenset({"divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container", "orirefwdmsg"})
_QUOTE_CLASSES = frozenset({"gmail_quote", "protonmail_quote", "yahoo_quoted", "moz-cite-prefix"})
_BLOCK = HtmlElement(display=Display.block, whitespace=WhiteSpace.normal)
_CSS = {**CSS_PROFILES["strict"], "dl": _BLOCK, "dt": _BLOCK, "dd": _BLOCK}
_SPACED = ParserConfig(css=_CSS.copy())
_TIGHT = ParserConfig(css={**_CSS, "p": _BLOCK})
"""Outlook's paragraphs are lines: their margin is zero, and an empty one stands for a blank line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HtmlText:
    """What a reader sees. `defect` is "", "cut" (the end is missing) or "html-plain" (without tables)."""

    text: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    defect: str = ""


def read_html(source: str) -> HtmlText:
    """The text of any HTML, and the label/value pairs of its tables. Linear in its length."""
    source = _NOT_TEXT.sub("", source)
    if len(source) > MAX_TABLE_CHARS:
        defect = "cut" if len(source) > MAX_FAST_CHARS else "html-plain"
        return HtmlText(text=fast_text(source[:MAX_FAST_CHARS]), defect=defect)
    tree = _tree(source)
    if tree is None:
        return HtmlText(text=fast_text(source))
    # libxml2 leaves out what is nested over 256 deep, inscriptis recurses: both without a word, so count characters.
    fast = fast_text(source)
    if _visible(tree) < KEPT * _count(fast) or _canvas(source, fast) > MAX_CANVAS_CHARS:
        return HtmlText(text=fast, defect="html-plain")
    _drop_hidden(tree)
    _mark_quotes(tree)
    outlook = "MsoNormal" in source
    if outlook:
        _keep_blank_lines(tree)
    text = _table_text(tree, _TIGHT if outlook else _SPACED)
    if _count(text) < KEPT * _visible(tree):
        return HtmlText(text=fast, defect="html-plain")
    return HtmlText(text=text, rows=(*_rows(tree), *_definitions(tree))[:MAX_ROWS])


def fast_text(source: str) -> str:
    """The text of blocks on lines of their own, without tables or hiding: for what is too long or too deep."""
    for start, end in _SKIPPED:
        source = _without(source, start, end)
    out: list[str] = []
    position = 0
    for tag in _TAG.finditer(source):
        out.append(_BLANKS.sub(" ", source[position : tag.start()]))
        out.append(_mark(tag[2].lower(), closing=bool(tag[1])) if tag[2] else "")
        position = tag.end()
    out.append(_BLANKS.sub(" ", source[position:]))
    return unescape("".join(out))


def _mark(name: str, *, closing: bool) -> str:
    if name == "blockquote":
        return f"\n{QUOTE_CLOSE if closing else QUOTE_OPEN}\n"
    if name in {"td", "th"}:
        return "  "
    return "\n" if name in _BLOCKS else ""


def _without(source: str, start: str, end: str) -> str:
    lower = source.lower()
    out, position = [], 0
    while (begin := lower.find(start, position)) >= 0:
        out.append(source[position:begin])
        found = lower.find(end, begin + len(start))
        if found < 0:
            return "".join(out)
        position = found + len(end)
    return "".join([*out, source[position:]]) if out else source


def _canvas(source: str, fast: str) -> int:
    """An upper bound of what tables grow to: every cell is padded to the widest of its column."""
    rows = source.lower().split("<tr")
    columns = max(row.count("<td") + row.count("<th") for row in rows)
    return len(rows) * max(columns, 1) * max(map(len, fast.split("\n")))


def _tree(source: str) -> "lxml_html.HtmlElement | None":
    """The tree without code, or None where there is nothing in it."""
    try:
        tree = lxml_html.document_fromstring(source)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
        try:  # a declared encoding, which lxml takes from bytes only
            tree = lxml_html.document_fromstring(source.encode("utf-8"), parser=lxml_html.HTMLParser(encoding="utf-8"))
        except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
            return None
    etree.strip_elements(tree, *_CODE, with_tail=False)
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    return tree


def _drop_hidden(tree: "lxml_html.HtmlElement") -> None:
    """Takes away what nobody sees, and what its writer struck out."""
    for element in list(tree.iter(etree.Element)):
        style = element.get("style", "")
        if element.tag in _STRUCK or element.get("hidden") is not None or (style and _HIDING.search(style)):
            parent = element.getparent()
            if parent is not None:
                element.drop_tree()


def _mark_quotes(tree: "lxml_html.HtmlElement") -> None:
    for element in list(tree.iter("blockquote", "div")):
        if _begins_rest(element):
            element.addprevious(_line(QUOTE_REST))
            return
        classes = set(element.get("class", "").split())
        if element.tag == "blockquote" or classes & _QUOTE_CLASSES:
            element.addprevious(_line(QUOTE_OPEN))
            closing = _line(QUOTE_CLOSE)
            closing.tail, element.tail = element.tail, None
            element.addnext(closing)


def _keep_blank_lines(tree: "lxml_html.HtmlElement") -> None:
    for element in tree.iter("p"):
        if not "".join(element.itertext()).strip():
            element.text = "\u200b"  # else inscriptis leaves the line out; cleaned away with all unseen characters


def _begins_rest(element: "lxml_html.HtmlElement") -> bool:
    """Outlook puts the letter it answers below a ruled or named element, with nothing around it."""
    if element.tag != "div" or element.getparent() is None:
        return False
    named = element.get("id", "").lower().removeprefix("x_") in _REST_IDS
    return named or bool(_OUTLOOK_RULE.search(element.get("style", "")))


def _line(mark: str) -> "lxml_html.HtmlElement":
    element = lxml_html.Element("div")
    element.text = mark
    return element


def _table_text(tree: "lxml_html.HtmlElement", config: ParserConfig) -> str:
    try:
        return str(Inscriptis(tree, config).get_text())
    except (RecursionError, IndexError, AttributeError, ValueError):
        return ""


def _rows(tree: "lxml_html.HtmlElement") -> Iterator[tuple[str, str]]:
    """Label and value: of rows with two cells, and of Gravity Forms' pairs (a label's row, then a value's row)."""
    rows = [row for row in _cells(tree) if any(row)][: MAX_ROWS * 2]
    label = ""
    for row, following in pairwise([*rows, ()]):
        filled = [cell for cell in row if cell]
        if label and len(filled) == 1:
            yield label, filled[0]
            label = ""
        elif len(row) == 2 and row[0]:
            yield row[0], row[1]
            label = ""
        else:
            label = filled[0] if len(row) == 1 and len(following) == 2 and not following[0] else ""


def _cells(tree: "lxml_html.HtmlElement") -> Iterator[tuple[str, ...]]:
    """Rows that hold no table themselves, down to where a quoted letter begins."""
    quoted = 0
    for element in tree.iter("tr", "div"):
        if element.tag == "div":
            quoted += {QUOTE_OPEN: 1, QUOTE_CLOSE: -1}.get(element.text or "", 0)
            if element.text == QUOTE_REST:
                return
        elif not quoted and element.find(".//table") is None:
            yield tuple(_cell_text(c) for c in element if c.tag in {"td", "th"})


def _definitions(tree: "lxml_html.HtmlElement") -> Iterator[tuple[str, str]]:
    """Term and definition of lists of definitions, down to where a quoted letter begins."""
    for element in tree.iter("dt", "div"):
        if element.tag == "div" and element.text in {QUOTE_OPEN, QUOTE_REST}:
            return
        following = element.getnext() if element.tag == "dt" else None
        if following is not None and following.tag == "dd":
            yield _cell_text(element), _cell_text(following)


def _cell_text(cell: "lxml_html.HtmlElement") -> str:
    """The cell's lines, without blank ones."""
    parts: list[str] = []
    for event, element in etree.iterwalk(cell, events=("start", "end")):
        block = element.tag in _BLOCKS and element is not cell
        if event == "start":
            parts += ["\n" if block else "", _BLANKS.sub(" ", element.text or "")]
        else:
            parts += ["\n" if block else "", _BLANKS.sub(" ", element.tail or "") if element is not cell else ""]
    lines = (line.replace("\u00a0", " ").strip() for line in "".join(parts)[:MAX_CELL_CHARS].split("\n"))
    return "\n".join(line for line in lines if line)


def _visible(tree: "lxml_html.HtmlElement") -> int:
    return sum(_count(part) for part in tree.itertext())


def _count(text: str) -> int:
    return len("".join(text.split()))
