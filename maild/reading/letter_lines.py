"""A letter's text line by line, each of a kind, while it is taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from maild.reading.html import QUOTE_CLOSE, QUOTE_OPEN, QUOTE_REST
from maild.reading.quote_rules import QuoteRules

OWN, QUOTE, SIGNATURE, BOILERPLATE, NOTHING = range(5)  # kinds of a line
WRAPPED_FROM = 60  # a line of so many characters may have been broken in two by a mail program
_MARKS = frozenset({QUOTE_OPEN, QUOTE_CLOSE, QUOTE_REST})


@dataclass(slots=True, kw_only=True)
class Letter:
    """A text with the kind of each line, while it is taken apart."""

    text: str
    lines: list[str]
    kinds: list[int]
    starts: list[int]  # where each line begins in the text
    rules: QuoteRules
    signs: frozenset[str]  # those of the rules that stand somewhere in the text

    def matching(self, sign: str) -> list[int]:
        """The own lines on which a sign of the rules begins."""
        out: list[int] = []
        number = 0
        for found in self.rules.signs[sign].finditer(self.text) if sign in self.signs else ():
            while number + 1 < len(self.starts) and self.starts[number + 1] <= found.start():
                number += 1
            if self.kinds[number] == OWN and (not out or out[-1] != number):
                out.append(number)
        return out

    def after(self, number: int) -> int:
        """The next line that is not blank, or the number of lines."""
        number += 1
        while number < len(self.lines) and not self.lines[number].strip():
            number += 1
        return number

    def is_quoted(self, number: int) -> bool:
        """Whether a quoted letter begins or goes on at that line."""
        return number < len(self.lines) and (
            self.kinds[number] == QUOTE or self.lines[number].strip() in {QUOTE_OPEN, QUOTE_REST}
        )

    def has_own(self, end: int) -> bool:
        """Whether the writer said something above that line."""
        return any(k == OWN and line.strip() for line, k in zip(self.lines[:end], self.kinds[:end], strict=True))

    def joined(self, kind: int) -> str:
        """All lines of a kind."""
        return "\n".join(line for line, k in zip(self.lines, self.kinds, strict=True) if k == kind).strip("\n")


def letter_of(text: str, rules: QuoteRules) -> Letter:
    """The text in lines, of which those are quoted that are marked so."""
    lines = text.split("\n")
    return Letter(
        text=text,
        lines=lines,
        kinds=_quoted_lines(lines),
        starts=_starts(lines),
        rules=rules,
        signs=rules.signs_in(text),
    )


def _starts(lines: Sequence[str]) -> list[int]:
    starts, position = [], 0
    for line in lines:
        starts.append(position)
        position += len(line) + 1
    return starts


def _quoted_lines(lines: list[str]) -> list[int]:
    """The kind of each line by `>` and by the marks of the HTML reader."""
    kinds: list[int] = []
    depth = 0
    for line in lines:
        bare = line.strip()
        if bare in _MARKS:
            depth = max(0, depth + (bare == QUOTE_OPEN) - (bare == QUOTE_CLOSE))
            kinds.append(NOTHING)
        else:
            # GroupWise writes ">>> name date >>>" over a letter that it does not mark.
            heading = bare.startswith(">>> ") and bare.endswith(">>>")
            kinds.append(QUOTE if depth or (bare.startswith(">") and not heading) else OWN)
    for i in range(1, len(lines) - 1):
        if kinds[i] == OWN and kinds[i - 1] == kinds[i + 1] == QUOTE and _is_tail(lines[i], lines[i - 1]):
            kinds[i] = QUOTE
    return kinds


def _is_tail(line: str, before: str) -> bool:
    """Whether a mail program broke a long quoted line and left its end without `>`."""
    return len(before) >= WRAPPED_FROM and line[:1].islower() and len(line) < len(before)
