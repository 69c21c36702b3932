"""What the writer wrote now, against what was quoted, signed or put around it. Line by line, linear."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import re2

from maild.core.mail import Line
from maild.reading.letter_lines import BOILERPLATE, OWN, QUOTE, SIGNATURE, WRAPPED_FROM, Letter, letter_of
from maild.reading.quote_rules import QuoteRules
from maild.reading.quoted_letter import find_cut, quote_rest

MAX_ANSWERED_CHARS = 300
SHORT_QUOTE_LINES = 4  # whoever quotes fewer lines and writes below them answers those
MAX_MOBILE_CHARS = 120
_NAME_WORDS = frozenset({"/", "&", "-", "ja", "och", "and", "und", "von", "af", "de"})
_FACT = re2.compile(
    r"(?:^|[^0-9])[0-9]{1,2}\. ?[0-9]{1,2}\.|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}"
    r"|[A-Z]{1,8}-[0-9]{4}-[0-9]{6}"
)
_CONTACT = re2.compile(r"(?i)@|https?:|www\.|\b(?:tel|puh|p|gsm|phone|fax|mobil)[.:]? ?[+(0-9]|[0-9]{5,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A letter taken apart. `lines` is `new_text` line by line."""

    lines: tuple[Line, ...] = ()
    quoted: str = ""
    signature: str = ""
    boilerplate: str = ""
    forwarded: bool = False

    @property
    def new_text(self) -> str:
        """The writer's own words."""
        return "\n".join(line.text for line in self.lines)

    def begun(self, chars: int) -> "Parts":
        """Only the first lines, so many characters together at most; a single line that is longer is cut."""
        room, kept = chars, list[Line]()
        for line in self.lines:
            kept.append(Line(text=line.text[:room], answers=line.answers))
            room -= len(line.text) + 1
            if room <= 0:
                break
        return replace(self, lines=tuple(kept))


def take_apart(
    text: str,
    rules: QuoteRules,
    *,
    subject: str = "",
    is_answer: bool = False,
    ours: Sequence[str] = (),
    writer: str = "",
) -> Parts:
    """The parts of a letter's text.

    `is_answer`: its header says that it answers or passes something on. Who quotes a letter of ours (`ours`: our
    addresses) or his or her own (`writer`) answers or adds to it; who quotes another's passes it on.
    """
    letter = letter_of(text, rules)
    cut, separator = find_cut(letter)
    forwarded = quote_rest(letter, cut, separator, subject, is_answer=is_answer, ours=ours, writer=writer)
    _mark_boilerplate(letter)
    _mark_signature(letter)
    return Parts(
        lines=tuple(_own_lines(letter)),
        quoted=letter.joined(QUOTE),
        signature=letter.joined(SIGNATURE),
        boilerplate=letter.joined(BOILERPLATE),
        forwarded=forwarded,
    )


def _mark_boilerplate(letter: Letter) -> None:
    """Banners to the end of their sentence, legal text to the next blank line."""
    for i in letter.matching("banner"):
        end = i + 1
        while end < len(letter.lines) and letter.lines[end].strip() and not _ends_sentence(letter.lines[end - 1]):
            end += 1
        letter.kinds[i:end] = [BOILERPLATE] * (end - i)
    for first in letter.matching("disclaimer"):
        end = first
        while end < len(letter.lines) and letter.lines[end].strip() and letter.kinds[end] == OWN:
            end += 1
        letter.kinds[first:end] = [BOILERPLATE] * (end - first)


def _ends_sentence(line: str) -> bool:
    return line.rstrip(" *]")[-1:] in {".", "!", ""} or len(line) < WRAPPED_FROM


def _mark_signature(letter: Letter) -> None:
    """From "-- " or a sign-off to the next quoted line, but for what still belongs to the letter."""
    for i in letter.matching("mobile"):
        if len(letter.lines[i]) <= MAX_MOBILE_CHARS:
            letter.kinds[i] = SIGNATURE
    sign_offs = {i for i in letter.matching("sign_off") if _only_signs(letter, i)}
    signing = said = False
    kept = False  # within a paragraph after the sign-off that is still the letter's
    for i, line in enumerate(letter.lines):
        bare = line.strip()
        if letter.kinds[i] == QUOTE:
            signing = False
        elif letter.kinds[i] == OWN and bare:
            if bare == "--" or (said and i in sign_offs):
                signing, kept = True, False
            elif signing and (not letter.lines[i - 1].strip() or not kept):
                kept = _still_letter(letter, i)
            said = True
            if signing and not kept:
                letter.kinds[i] = SIGNATURE
        elif not bare:
            kept = False


def _only_signs(letter: Letter, number: int) -> bool:
    """Whether nothing but a name follows the phrase: "Terv. Anna M.", "t. anna", but not "Best available copy"."""
    rest = letter.rules.signs["sign_off"].match(letter.lines[number])[1] or ""
    words = rest.strip(" .,!:/*-").split()
    if any(c.isdigit() for c in rest) or len(words) > 6:
        return False
    marked = rest.strip()[:1] in {".", ",", "!", ":", "/", "-"}
    return (marked and len(words) <= 1) or all(w[0].isupper() or w in _NAME_WORDS for w in words)


def _still_letter(letter: Letter, number: int) -> bool:
    """Whether a line after the sign-off says something: a postscript, a fact, or a whole sentence of prose."""
    line = letter.lines[number].strip()
    if letter.rules.postscript.fullmatch(line) or _FACT.search(line):
        return True
    begins = number > 0 and not letter.lines[number - 1].strip()
    prose = line[-1:] in {".", "?", "!"} and line.count(" ") >= 3
    return begins and prose and not _CONTACT.search(line)


def _own_lines(letter: Letter) -> list[Line]:
    """The writer's lines without blank ones at both ends; in interleaved answers each with what it answers."""
    questions = _questions(letter)
    out = [
        Line(text=line.rstrip(), answers=questions.get(i, ""))
        for i, (line, kind) in enumerate(zip(letter.lines, letter.kinds, strict=True))
        if kind == OWN
    ]
    filled = [i for i, line in enumerate(out) if line.text.strip()]
    return out[filled[0] : filled[-1] + 1] if filled else []


def _questions(letter: Letter) -> dict[int, str]:
    """By own line: the last quoted paragraph above it. Nothing for an answer below one long quoted letter."""
    out: dict[int, str] = {}
    paragraph: list[str] = []
    blocks = length = 0
    broken = True  # the next quoted line begins another block
    for i, (line, kind) in enumerate(zip(letter.lines, letter.kinds, strict=True)):
        bare = line.strip().lstrip("> ").strip()
        if kind == QUOTE:
            if broken:
                blocks, length, paragraph, broken = blocks + 1, 0, [], False
            paragraph = (
                [*paragraph, bare] if bare and letter.lines[i - 1].strip("> ") else [bare] if bare else paragraph
            )
            length += bool(bare)
        elif kind == OWN and bare and blocks:
            out[i] = " ".join(paragraph)[-MAX_ANSWERED_CHARS:]
            broken = True
    return out if blocks > 1 or length < SHORT_QUOTE_LINES else {}
