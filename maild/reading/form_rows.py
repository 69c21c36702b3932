"""Label and answer where no mark joins them: delimited columns, questions and answers by turns, lines led by labels.

All but questions and answers named as such only for texts in which the reader of lines (form_lines) found no request:
here the order alone tells what is a label.
"""

import csv
import re
from collections.abc import Callable, Iterator

from maild.reading.forms import MAX_LABEL

MAX_LINES = 300
MIN_KNOWN = 4  # labels that must be known before the order of lines is believed
MIN_ASKED = 2  # questions named as such with answers named as such
MAX_LABEL_WORDS = 6
MOST = 0.7  # of the lines from the first label to the last
Pairs = tuple[tuple[str, str], ...]

_DELIMITERS = (",", ";", "|")
_TAB = " " * 4  # as opening a mail writes a tab
_ASKED = re.compile(
    r"^(?:question|kysymys|fråga|frage|spørsmål|field|kenttä|fält|feld|[qkf])\s?\d{0,3}\s?[:.)]\s*(.+)$", re.I
)
_ANSWERED = re.compile(r"^(?:answer|vastaus|svar|antwort|value|arvo|värde|wert|[avs])\s?\d{0,3}\s?[:.)]\s*(.*)$", re.I)
_BRACKETED = re.compile(r"^\[([^\[\]]{2,60})\]\s?[:=]?\s?(.*)$")
_NO_LABEL = re.compile(r"@|https?://|^\d+$|^\W+$")


def delimited(text: str) -> Pairs:
    """Two columns of labels and values, or a row of labels above one row of values; () for anything else."""
    lines = [line for line in text.splitlines()[:MAX_LINES] if line.strip()]
    for delimiter in _DELIMITERS:
        held = [line for line in lines if delimiter in line]
        rows = [tuple(cell.strip() for cell in row) for row in _parsed(held, delimiter)]
        if pairs := _columns(rows):
            return pairs
    return _columns([tuple(cell.strip() for cell in line.split(_TAB)) for line in lines if _TAB in line.strip()])


def _parsed(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []


def _columns(rows: list[tuple[str, ...]]) -> Pairs:
    if len(rows) >= MIN_KNOWN and all(len(row) == 2 for row in rows):
        return tuple((label, value) for label, value in rows)
    if len(rows) == 2 and len(rows[0]) == len(rows[1]) >= MIN_KNOWN:
        return tuple(zip(rows[0], rows[1], strict=True))
    return ()


def asked_and_answered(text: str) -> Pairs:
    """ "Question: Your name" above "Answer: Lea Wolf", or "Q1. Your name" above "A1. Lea Wolf"."""
    found: list[list[str]] = []
    awaits = runs = False
    for line in (line.strip() for line in text.splitlines()[:MAX_LINES]):
        if asked := _ASKED.match(line):
            found.append([asked[1], ""])
            awaits, runs = True, False
        elif awaits and (answer := _ANSWERED.match(line)):
            found[-1][1] = answer[1]
            awaits, runs = False, True
        elif runs and line:
            found[-1][1] += f"\n{line}"
        runs = runs and bool(line)
    return tuple((label, value) for label, value in found) if len(found) >= MIN_ASKED else ()


def bracketed(text: str) -> Pairs:
    """ "[journal_title] Quarterly of Marsh Botany", a field a line."""
    matched = [_BRACKETED.match(line.strip()) for line in text.splitlines()[:MAX_LINES]]
    return tuple((one[1].strip(), one[2].strip()) for one in matched if one)


def paragraphs(text: str, known: Callable[[str], bool]) -> Pairs:
    """A question above its answer, blank lines between the pairs."""
    blocks = [block.strip().splitlines() for block in re.split(r"\n\s*\n", text[:60_000]) if block.strip()]
    pairs = [(b[0].strip(), "\n".join(b[1:]).strip()) for b in blocks if len(b) > 1 and len(b[0].strip()) <= MAX_LABEL]
    found = tuple(pair for pair in pairs if known(pair[0]))
    return found if len(found) >= MIN_KNOWN else ()


def turns(text: str, known: Callable[[str], bool]) -> Pairs:
    """Label and answer line by line in turn, from the first known label on, as long as the labels look like such."""
    lines = [line.strip() for line in text.splitlines()[:MAX_LINES] if line.strip()]
    start = next((i for i, line in enumerate(lines) if known(line)), len(lines))
    pairs = tuple(_by_turns(lines[start:], known))
    if sum(known(label) for label, _ in pairs) < max(MIN_KNOWN, len(pairs) - 2):
        return ()
    return pairs


def led_by_labels(text: str, known: Callable[[str], bool]) -> Pairs:
    """ "Author Tarkkanen, Inkeri": lines of which nearly all begin with a known label, one blank before the answer."""
    lines = [line.split() for line in text.splitlines()[:MAX_LINES] if line.strip()]
    if sum(any(word.endswith(":") for word in words[:MAX_LABEL_WORDS]) for words in lines) > len(lines) / MIN_KNOWN:
        return ()  # a colon is a mark: the reader of lines has seen what it can
    pairs = [_led(words, known) for words in lines]
    led = [at for at, pair in enumerate(pairs) if pair is not None]
    if len(led) <= MIN_KNOWN or len(led) < MOST * (led[-1] - led[0] + 1):
        return ()
    return tuple(pair for pair in pairs if pair is not None)


def _led(words: list[str], known: Callable[[str], bool]) -> tuple[str, str] | None:
    """The longest label that the words begin with, and the rest."""
    if not words[0][:1].isupper():
        return None
    ends = range(min(len(words) - 1, MAX_LABEL_WORDS), 0, -1)
    return next(((" ".join(words[:end]), " ".join(words[end:])) for end in ends if known(" ".join(words[:end]))), None)


def _by_turns(lines: list[str], known: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    strangers = 0
    for label, value in zip(lines[::2], lines[1::2], strict=False):
        strangers += not known(label)
        if strangers > 2 or len(label) > MAX_LABEL or _NO_LABEL.search(label):
            return
        yield label, value
