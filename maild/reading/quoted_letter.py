"""Where a quoted letter without `>` begins, by its heading, and whether it is somebody else's letter, passed on."""

from collections.abc import Sequence

import re2

from maild.reading.html import QUOTE_REST
from maild.reading.letter_lines import OWN, QUOTE, Letter

MAX_ATTRIBUTION_CHARS = 400
BLOCK_LINES = 12  # a block of header fields with folded recipients is not longer
_OPENING = re2.compile(r"(?i)[>* ]*(?:on|am|den|på|le|el|op|[0-9])\b")
_ADDRESS = re2.compile(r"[A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+")


def find_cut(letter: Letter) -> tuple[int, str]:
    """Where a letter without `>` begins, and by which sign: "answer", "forward", "rest", "wrote", "block" or ""."""
    found = [(len(letter.lines), "")]
    rest = next((i for i, line in enumerate(letter.lines) if line.strip() == QUOTE_REST), None)
    found += [(rest, "rest")] if rest is not None else []
    for sign in ("forward", "answer"):
        found += [(i, sign) for i in letter.matching(sign)[:1]]
    found += [(i, "block") for i in letter.matching("rule") if _block_kinds(letter, letter.after(i)) >= 2][:1]
    found += _header_block(letter)
    found += _attributions(letter)
    return min(found, key=lambda f: f[0])


def _header_block(letter: Letter) -> list[tuple[int, str]]:
    for i in range(len(letter.lines)):
        if letter.kinds[i] == OWN and _label(letter, i) and _block_kinds(letter, i) >= 3:
            return [(i, "block")]
    return []


def _label(letter: Letter, number: int) -> str:
    """Which field of a letter's header the line is, or ""."""
    name, colon, _ = letter.lines[number][:60].partition(":")
    return letter.rules.labels.get(name.strip(" *>\t").lower(), "") if colon else ""


def _block_kinds(letter: Letter, start: int) -> int:
    """How many different fields stand from that line on, 0 without a sender and a time or subject."""
    kinds: set[str] = set()
    misses = 0
    for i in range(start, min(start + BLOCK_LINES, len(letter.lines))):
        kind = _label(letter, i)
        kinds |= {kind} if kind else set()
        misses = 0 if kind else misses + 1
        if misses > 2:  # a long list of recipients is folded
            break
    return len(kinds) if "from" in kinds and kinds & {"sent", "subject"} else 0


def _attributions(letter: Letter) -> list[tuple[int, str]]:
    """Marks the lines "X wrote:" over `>` as quoted; gives the first one over an unmarked letter as a cut."""
    for number in letter.matching("verbs"):
        window = _attribution(letter, number)
        if window is None:
            continue
        first, last = window
        below = letter.after(last)
        ends = letter.lines[last].rstrip(" *")[-1:] in {":", "-"}
        if letter.is_quoted(below):
            letter.kinds[first : last + 1] = [QUOTE] * (last + 1 - first)
        elif ends and below < len(letter.lines):
            return [(first, "wrote")]
    return []


def _attribution(letter: Letter, number: int) -> tuple[int, int] | None:
    """First and last line of an attribution around the line with its verb: up to two above, one below."""
    ends = letter.lines[number].rstrip(" *")[-1:] in {":", "-"}
    for last in (0,) if ends else (1, 0):
        for first in (-2, -1, 0):
            window = range(number + first, number + last + 1)
            if window[0] >= 0 and window[-1] < len(letter.lines) and _is_attribution(letter, window, opened=first == 0):
                return window[0], window[-1]
    return None


def _is_attribution(letter: Letter, window: range, *, opened: bool) -> bool:
    """`opened`: the window begins with the verb's own line; one that begins above it must begin like "On 3 May"."""
    if not all(letter.kinds[i] == OWN and letter.lines[i].strip() for i in window):
        return False
    joined = " ".join(letter.lines[i].strip() for i in window)
    if len(joined) > MAX_ATTRIBUTION_CHARS or not (opened or _OPENING.match(joined)):
        return False
    dated = "@" in joined or any(c.isdigit() for c in joined)
    return dated and letter.rules.attribution.fullmatch(joined) is not None


def quote_rest(
    letter: Letter, cut: int, sign: str, subject: str, *, is_answer: bool, ours: Sequence[str], writer: str
) -> bool:
    """Marks what follows the cut as quoted; whether it is somebody else's letter, passed on."""
    if cut == len(letter.lines):
        return False
    prefix, colon, _ = subject.partition(":")
    passed_on = bool(colon) and prefix.strip().lower() in letter.rules.forward_prefixes
    own_before = letter.has_own(cut)
    if sign == "block" and not (own_before or is_answer or passed_on):
        return False  # a form's mail that begins with such labels
    letter.kinds[cut:] = [QUOTE if k == OWN else k for k in letter.kinds[cut:]]
    senders = {m[0].lower().rstrip(".") for m in _ADDRESS.finditer(_sender_lines(letter, cut))}
    our_domains = {address.rpartition("@")[2] for address in ours}
    if writer in senders or any(sender.rpartition("@")[2] in our_domains for sender in senders):
        return False
    return sign == "forward" or passed_on or not own_before or bool(senders and ours)


def _sender_lines(letter: Letter, cut: int) -> str:
    """The lines of a quoted letter's heading down to its sender."""
    block = range(cut, min(cut + BLOCK_LINES, len(letter.lines)))
    end = next((i for i in block if _label(letter, i) == "from"), cut + 2)
    return "\n".join(letter.lines[cut : end + 1])
