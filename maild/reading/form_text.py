"""A form's text as the reader of lines wants it: choices that were not made left out, labels bare, nothing encoded."""

import re
from collections.abc import Sequence
from itertools import groupby
from urllib.parse import unquote_plus

MAX_LINE = 500  # characters; a longer line is prose and stays as it is
MIN_ENCODED = 3  # fields "name=Jill+Aro" that make a text an encoded one

_BOLD = re.compile(r"^\s{0,8}(\*{1,2}|__)(?=\S)([^*_:][^*_]{0,88}?)\s?(?::\s?\1|\1\s?:)\s{0,4}(.*)$")
_BOX = re.compile(r"[(\[]\s{0,2}(?P<tick>[xX*✓✔•])\s{0,2}[)\]]|[☑☒✓✔◉](?=\s)|\[\s{0,2}\]|\(\s{1,2}\)|[☐□○](?=\s)")
_BOX_FIRST = re.compile(rf"^\s{{0,8}}(?:[^:]{{1,60}}:\s{{0,4}})?(?:{_BOX.pattern.replace('?P<tick>', '?:')})")
_BOX_ALONE = re.compile(rf"^\s{{0,8}}(?:{_BOX.pattern.replace('?P<tick>', '?:')})")
_HEAD = re.compile(r"^[^:.=|]{2,90}[:*]?\s{0,3}\*?\s{0,3}$")  # a label without its answer
_CELLS = re.compile(r"^\s{0,4}\|\s{0,20}([^|]{1,90}?)\s{0,20}\|\s{0,20}([^|]{0,400}?)\s{0,20}\|\s{0,4}$")
_EMPTY = re.compile(r"^(?:\[\s{0,2}\]|\(\s{1,2}\)|[☐□○])$")
_ENCODED = re.compile(r"^[\w.\[\]-]{1,60}=[^\s=&]{0,400}$")
_OPENURL = re.compile(r"\b(?:rft|ctx_ver|url_ver|genre|aulast|atitle)[._\w]{0,20}=", re.IGNORECASE)
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def plain_lines(text: str) -> str:
    """The text decoded, `**Label:** value` and rows of two cells without marks, and of choices those ticked."""
    if "%" in text and not _OPENURL.search(text) and (fields := _decoded(text)):
        return "\n".join(fields)
    lines: list[str] = []
    for boxed, group in groupby(text.split("\n"), lambda line: _BOX_ALONE.match(line) is not None):
        if not boxed:
            lines += [_plain(line) for line in group]
        elif said := ", ".join(filter(None, (_chosen(line).strip() for line in group))):
            above = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].strip()), -1)
            if above >= 0 and _HEAD.match(lines[above]):
                lines[above] = f"{lines[above].rstrip(' *:')}: {said}"
            else:
                lines.append(said)
    return "\n".join(lines)


def _decoded(text: str) -> Sequence[str]:
    """The fields of "name=Jill+Aro&card=21" or of one such field a line, decoded; () for any other text."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    fields = [part for line in lines for part in (line.split("&") if _ENCODED.match(line.split("&")[0]) else [line])]
    encoded = [field for field in fields if _ENCODED.match(field)]
    if len(encoded) < max(MIN_ENCODED, len(fields) - 2) or not any(_ESCAPE.search(field) for field in encoded):
        return ()
    return tuple(unquote_plus(field) if _ENCODED.match(field) else field for field in fields)


def _plain(line: str) -> str:
    if len(line) > MAX_LINE:
        return line
    if cells := _CELLS.match(line):
        line = f"{cells[1].rstrip(': ')}: {cells[2]}" if re.search(r"\w", cells[1]) else ""
    if bold := _BOLD.match(line):
        line = f"{bold[2].strip()}: {bold[3]}"
    return _chosen(line)


def _chosen(line: str) -> str:
    """ "(x) Loan ( ) Copy", "Service: Loan [x] Copy [ ]": what is ticked; a line without boxes as it is."""
    boxes = list(_BOX.finditer(line))
    if not boxes:
        return line
    ticked = [not _EMPTY.match(box.group()) for box in boxes]
    ends = [box.start() for box in boxes[1:]] + [len(line)]
    after = [line[box.end() : end].strip(" \t,;/|") for box, end in zip(boxes, ends, strict=True)]
    head = line[: boxes[0].start()]
    if _BOX_FIRST.match(line) and after[-1]:
        return head + ", ".join(said for said, tick in zip(after, ticked, strict=True) if tick)
    if after[-1] or len(boxes) < 2 or all(ticked):
        return line
    label, colon, first = head.rpartition(":")
    before = [first.strip(), *after[:-1]]
    return f"{label}{colon} " * bool(colon) + ", ".join(said for said, tick in zip(before, ticked, strict=True) if tick)
