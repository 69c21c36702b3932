"""What the writer wrote now, against what was quoted, signed or put around it. Line by line, linear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, ValidationError

from maild.core.mail import Line
from maild.core.problems import Problem, RuleFiles
from maild.reading.html import QUOTE_CLOSE, QUOTE_OPEN, QUOTE_REST

FILE = "quotes.toml"
MAX_ANSWERED_CHARS = 300
MAX_ATTRIBUTION_CHARS = 400
BLOCK_LINES = 12  # a block of header fields with folded recipients is not longer
WRAPPED_FROM = 60  # a quoted line of so many characters may have been broken in two by a mail program
SHORT_QUOTE_LINES = 4  # whoever quotes fewer lines and writes below them answers those
MAX_MOBILE_CHARS = 120
_NAME_WORDS = frozenset({"/", "&", "-", "ja", "och", "and", "und", "von", "af", "de"})
_MARKS = frozenset({QUOTE_OPEN, QUOTE_CLOSE, QUOTE_REST})
_OPENING = re2.compile(r"(?i)[>* ]*(?:on|am|den|på|le|el|op|[0-9])\b")
_ADDRESS = re2.compile(r"[A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+")
_NEVER = re2.compile(r"$a")
_FACT = re2.compile(
    r"(?:^|[^0-9])[0-9]{1,2}\. ?[0-9]{1,2}\.|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}"
    r"|[A-Z]{1,8}-[0-9]{4}-[0-9]{6}"
)
_CONTACT = re2.compile(r"(?i)@|https?:|www\.|\b(?:tel|puh|p|gsm|phone|fax|mobil)[.:]? ?[+(0-9]|[0-9]{5,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRules:
    """The patterns of rules/quotes.toml, compiled. The default knows `>` and "-- " only."""

    verbs: Any = _NEVER
    attribution: Any = _NEVER
    labels: dict[str, str] = field(default_factory=dict)  # label in lower case → from, sent, to, copy, subject, other
    answer: Any = _NEVER
    forward: Any = _NEVER
    rule: Any = _NEVER
    forward_prefixes: frozenset[str] = frozenset()
    sign_off: Any = _NEVER
    mobile: Any = _NEVER
    banner: Any = _NEVER
    disclaimer: Any = _NEVER
    postscript: Any = _NEVER


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


class _Attribution(BaseModel):
    model_config = ConfigDict(extra="forbid")
    verbs: list[str]
    patterns: list[str]


class _Separator(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: list[str]
    forward: list[str]
    rule: list[str]


class _Prefix(BaseModel):
    model_config = ConfigDict(extra="forbid")
    forward: list[str]


class _Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid")
    phrases: list[str]


class _Patterns(BaseModel):
    model_config = ConfigDict(extra="forbid")
    patterns: list[str]


class _Begins(BaseModel):
    model_config = ConfigDict(extra="forbid")
    begins: list[str]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    attribution: _Attribution
    header: dict[Literal["from", "sent", "to", "copy", "subject", "other"], list[str]]
    separator: _Separator
    prefix: _Prefix
    sign_off: _Phrases
    mobile: _Patterns
    banner: _Begins
    disclaimer: _Begins
    postscript: _Begins


def load(files: RuleFiles) -> tuple[QuoteRules, list[Problem]]:
    """The rules of quotes.toml, and every mistake in it; the minimal rules where there is any."""
    if FILE not in files:
        return QuoteRules(), [_problem("file", "there is none", "put the shipped rules/quotes.toml back")]
    try:
        data = _File.model_validate(files[FILE].data)
    except ValidationError as err:
        return QuoteRules(), [
            _problem(".".join(map(str, e["loc"])), e["msg"], "compare the shipped rules/quotes.toml")
            for e in err.errors()
        ]
    problems = [p for place, patterns in _all_patterns(data) for p in _wrong(place, patterns)]
    return (QuoteRules(), problems) if problems else (_compiled(data), [])


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)


def _all_patterns(data: _File) -> Iterator[tuple[str, list[str]]]:
    yield "attribution.patterns", data.attribution.patterns
    yield "separator.answer", data.separator.answer
    yield "separator.forward", data.separator.forward
    yield "separator.rule", data.separator.rule
    yield "mobile.patterns", data.mobile.patterns
    yield "banner.begins", data.banner.begins
    yield "disclaimer.begins", data.disclaimer.begins
    yield "postscript.begins", data.postscript.begins


def _wrong(place: str, patterns: list[str]) -> Iterator[Problem]:
    for pattern in patterns:
        try:
            matches_nothing = re2.compile(pattern).fullmatch("") is not None
        except re2.error as err:
            yield _problem(place, f"{pattern!r} is no RE2 pattern: {err}", "mend it; look-around is not possible")
            continue
        if matches_nothing:
            yield _problem(place, f"{pattern!r} matches an empty line", "let it demand a word")


def _compiled(data: _File) -> QuoteRules:
    return QuoteRules(
        verbs=re2.compile(r"(?i)(?:^|[\s-])(?:" + "|".join(map(re2.escape, data.attribution.verbs)) + r")(?:[\s:]|$)"),
        attribution=re2.compile("(?i)" + _either(data.attribution.patterns)),
        labels={label.lower(): kind for kind, labels in data.header.items() for label in labels},
        answer=_line_pattern(data.separator.answer),
        forward=_line_pattern(data.separator.forward),
        rule=_line_pattern(data.separator.rule),
        forward_prefixes=frozenset(p.lower() for p in data.prefix.forward),
        sign_off=_sign_off(data.sign_off.phrases),
        mobile=_line_pattern(data.mobile.patterns),
        banner=_line_pattern(data.banner.begins),
        disclaimer=_line_pattern(data.disclaimer.begins),
        postscript=_line_pattern(data.postscript.begins),
    )


def _either(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{p})" for p in patterns) or _NEVER.pattern


def _line_pattern(patterns: Sequence[str]) -> Any:
    return re2.compile(rf"(?im)^[ *]*(?:{_either(patterns)})[ *]*$")


def _sign_off(phrases: Sequence[str]) -> Any:
    """A phrase at the beginning of a line; group 1 is what follows it, which may be a name (see _is_name)."""
    longest_first = sorted(phrases, key=len, reverse=True)
    phrase = "(?:" + "|".join(re2.escape(p) for p in longest_first) + ")"
    return re2.compile(rf"(?im)^[ *]*{phrase}(?:\.?,? ?/ ?{phrase})*([ .,!:/*-].*)?$")


_OWN, _QUOTE, _SIGNATURE, _BOILERPLATE, _NOTHING = range(5)


@dataclass(slots=True, kw_only=True)
class _Letter:
    """A text with the kind of each line, while it is taken apart."""

    text: str
    lines: list[str]
    kinds: list[int]
    starts: list[int]  # where each line begins in the text
    rules: QuoteRules

    def matching(self, pattern: Any) -> list[int]:
        """The own lines on which the pattern's matches begin."""
        out: list[int] = []
        number = 0
        for found in pattern.finditer(self.text):
            while number + 1 < len(self.starts) and self.starts[number + 1] <= found.start():
                number += 1
            if self.kinds[number] == _OWN and (not out or out[-1] != number):
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
            self.kinds[number] == _QUOTE or self.lines[number].strip() in {QUOTE_OPEN, QUOTE_REST}
        )

    def has_own(self, end: int) -> bool:
        """Whether the writer said something above that line."""
        return any(k == _OWN and line.strip() for line, k in zip(self.lines[:end], self.kinds[:end], strict=True))

    def joined(self, kind: int) -> str:
        """All lines of a kind."""
        return "\n".join(line for line, k in zip(self.lines, self.kinds, strict=True) if k == kind).strip("\n")


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
    lines = text.split("\n")
    letter = _Letter(text=text, lines=lines, kinds=_quoted_lines(lines), starts=_starts(lines), rules=rules)
    cut, separator = _find_cut(letter)
    forwarded = _quote_rest(letter, cut, separator, subject, is_answer=is_answer, ours=ours, writer=writer)
    _mark_boilerplate(letter)
    _mark_signature(letter)
    return Parts(
        lines=tuple(_own_lines(letter)),
        quoted=letter.joined(_QUOTE),
        signature=letter.joined(_SIGNATURE),
        boilerplate=letter.joined(_BOILERPLATE),
        forwarded=forwarded,
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
            kinds.append(_NOTHING)
        else:
            # GroupWise writes ">>> name date >>>" over a letter that it does not mark.
            heading = bare.startswith(">>> ") and bare.endswith(">>>")
            kinds.append(_QUOTE if depth or (bare.startswith(">") and not heading) else _OWN)
    for i in range(1, len(lines) - 1):
        if kinds[i] == _OWN and kinds[i - 1] == kinds[i + 1] == _QUOTE and _is_tail(lines[i], lines[i - 1]):
            kinds[i] = _QUOTE
    return kinds


def _is_tail(line: str, before: str) -> bool:
    """Whether a mail program broke a long quoted line and left its end without `>`."""
    return len(before) >= WRAPPED_FROM and line[:1].islower() and len(line) < len(before)


def _find_cut(letter: _Letter) -> tuple[int, str]:
    """Where a letter without `>` begins, and by which sign: "answer", "forward", "rest", "wrote", "block" or ""."""
    found = [(len(letter.lines), "")]
    rest = next((i for i, line in enumerate(letter.lines) if line.strip() == QUOTE_REST), None)
    found += [(rest, "rest")] if rest is not None else []
    for sign, pattern in (("forward", letter.rules.forward), ("answer", letter.rules.answer)):
        found += [(i, sign) for i in letter.matching(pattern)[:1]]
    found += [(i, "block") for i in letter.matching(letter.rules.rule) if _block_kinds(letter, letter.after(i)) >= 2][
        :1
    ]
    found += _header_block(letter)
    found += _attributions(letter)
    return min(found, key=lambda f: f[0])


def _header_block(letter: _Letter) -> list[tuple[int, str]]:
    for i in range(len(letter.lines)):
        if letter.kinds[i] == _OWN and _label(letter, i) and _block_kinds(letter, i) >= 3:
            return [(i, "block")]
    return []


def _label(letter: _Letter, number: int) -> str:
    """Which field of a letter's header the line is, or ""."""
    name, colon, _ = letter.lines[number][:60].partition(":")
    return letter.rules.labels.get(name.strip(" *>\t").lower(), "") if colon else ""


def _block_kinds(letter: _Letter, start: int) -> int:
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


def _attributions(letter: _Letter) -> list[tuple[int, str]]:
    """Marks the lines "X wrote:" over `>` as quoted; gives the first one over an unmarked letter as a cut."""
    for number in letter.matching(letter.rules.verbs):
        window = _attribution(letter, number)
        if window is None:
            continue
        first, last = window
        below = letter.after(last)
        ends = letter.lines[last].rstrip(" *")[-1:] in {":", "-"}
        if letter.is_quoted(below):
            letter.kinds[first : last + 1] = [_QUOTE] * (last + 1 - first)
        elif ends and below < len(letter.lines):
            return [(first, "wrote")]
    return []


def _attribution(letter: _Letter, number: int) -> tuple[int, int] | None:
    """First and last line of an attribution around the line with its verb: up to two above, one below."""
    ends = letter.lines[number].rstrip(" *")[-1:] in {":", "-"}
    for last in (0,) if ends else (1, 0):
        for first in (-2, -1, 0):
            window = range(number + first, number + last + 1)
            if window[0] >= 0 and window[-1] < len(letter.lines) and _is_attribution(letter, window, opened=first == 0):
                return window[0], window[-1]
    return None


def _is_attribution(letter: _Letter, window: range, *, opened: bool) -> bool:
    """`opened`: the window begins with the verb's own line; one that begins above it must begin like "On 3 May"."""
    if not all(letter.kinds[i] == _OWN and letter.lines[i].strip() for i in window):
        return False
    joined = " ".join(letter.lines[i].strip() for i in window)
    if len(joined) > MAX_ATTRIBUTION_CHARS or not (opened or _OPENING.match(joined)):
        return False
    dated = "@" in joined or any(c.isdigit() for c in joined)
    return dated and letter.rules.attribution.fullmatch(joined) is not None


def _quote_rest(
    letter: _Letter, cut: int, sign: str, subject: str, *, is_answer: bool, ours: Sequence[str], writer: str
) -> bool:
    """Marks what follows the cut as quoted; whether it is somebody else's letter, passed on."""
    if cut == len(letter.lines):
        return False
    prefix, colon, _ = subject.partition(":")
    passed_on = bool(colon) and prefix.strip().lower() in letter.rules.forward_prefixes
    own_before = letter.has_own(cut)
    if sign == "block" and not (own_before or is_answer or passed_on):
        return False  # a form's mail that begins with such labels
    letter.kinds[cut:] = [_QUOTE if k == _OWN else k for k in letter.kinds[cut:]]
    senders = {m[0].lower().rstrip(".") for m in _ADDRESS.finditer(_sender_lines(letter, cut))}
    our_domains = {address.rpartition("@")[2] for address in ours}
    if writer in senders or any(sender.rpartition("@")[2] in our_domains for sender in senders):
        return False
    return sign == "forward" or passed_on or not own_before or bool(senders and ours)


def _sender_lines(letter: _Letter, cut: int) -> str:
    """The lines of a quoted letter's heading down to its sender."""
    block = range(cut, min(cut + BLOCK_LINES, len(letter.lines)))
    end = next((i for i in block if _label(letter, i) == "from"), cut + 2)
    return "\n".join(letter.lines[cut : end + 1])


def _mark_boilerplate(letter: _Letter) -> None:
    """Banners to the end of their sentence, legal text to the next blank line."""
    for i in letter.matching(letter.rules.banner):
        end = i + 1
        while end < len(letter.lines) and letter.lines[end].strip() and not _ends_sentence(letter.lines[end - 1]):
            end += 1
        letter.kinds[i:end] = [_BOILERPLATE] * (end - i)
    for first in letter.matching(letter.rules.disclaimer):
        end = first
        while end < len(letter.lines) and letter.lines[end].strip() and letter.kinds[end] == _OWN:
            end += 1
        letter.kinds[first:end] = [_BOILERPLATE] * (end - first)


def _ends_sentence(line: str) -> bool:
    return line.rstrip(" *]")[-1:] in {".", "!", ""} or len(line) < WRAPPED_FROM


def _mark_signature(letter: _Letter) -> None:
    """From "-- " or a sign-off to the next quoted line, but for what still belongs to the letter."""
    for i in letter.matching(letter.rules.mobile):
        if len(letter.lines[i]) <= MAX_MOBILE_CHARS:
            letter.kinds[i] = _SIGNATURE
    sign_offs = {i for i in letter.matching(letter.rules.sign_off) if _only_signs(letter, i)}
    signing = said = False
    kept = False  # within a paragraph after the sign-off that is still the letter's
    for i, line in enumerate(letter.lines):
        bare = line.strip()
        if letter.kinds[i] == _QUOTE:
            signing = False
        elif letter.kinds[i] == _OWN and bare:
            if bare == "--" or (said and i in sign_offs):
                signing, kept = True, False
            elif signing and (not letter.lines[i - 1].strip() or not kept):
                kept = _still_letter(letter, i)
            said = True
            if signing and not kept:
                letter.kinds[i] = _SIGNATURE
        elif not bare:
            kept = False


def _only_signs(letter: _Letter, number: int) -> bool:
    """Whether nothing but a name follows the phrase: "Terv. Anna M.", "t. anna", but not "Best available copy"."""
    rest = letter.rules.sign_off.match(letter.lines[number])[1] or ""
    words = rest.strip(" .,!:/*-").split()
    if any(c.isdigit() for c in rest) or len(words) > 6:
        return False
    marked = rest.strip()[:1] in {".", ",", "!", ":", "/", "-"}
    return (marked and len(words) <= 1) or all(w[0].isupper() or w in _NAME_WORDS for w in words)


def _still_letter(letter: _Letter, number: int) -> bool:
    """Whether a line after the sign-off says something: a postscript, a fact, or a whole sentence of prose."""
    line = letter.lines[number].strip()
    if letter.rules.postscript.fullmatch(line) or _FACT.search(line):
        return True
    begins = number > 0 and not letter.lines[number - 1].strip()
    prose = line[-1:] in {".", "?", "!"} and line.count(" ") >= 3
    return begins and prose and not _CONTACT.search(line)


def _own_lines(letter: _Letter) -> list[Line]:
    """The writer's lines without blank ones at both ends; in interleaved answers each with what it answers."""
    questions = _questions(letter)
    out = [
        Line(text=line.rstrip(), answers=questions.get(i, ""))
        for i, (line, kind) in enumerate(zip(letter.lines, letter.kinds, strict=True))
        if kind == _OWN
    ]
    filled = [i for i, line in enumerate(out) if line.text.strip()]
    return out[filled[0] : filled[-1] + 1] if filled else []


def _questions(letter: _Letter) -> dict[int, str]:
    """By own line: the last quoted paragraph above it. Nothing for an answer below one long quoted letter."""
    out: dict[int, str] = {}
    paragraph: list[str] = []
    blocks = length = 0
    broken = True  # the next quoted line begins another block
    for i, (line, kind) in enumerate(zip(letter.lines, letter.kinds, strict=True)):
        bare = line.strip().lstrip("> ").strip()
        if kind == _QUOTE:
            if broken:
                blocks, length, paragraph, broken = blocks + 1, 0, [], False
            paragraph = (
                [*paragraph, bare] if bare and letter.lines[i - 1].strip("> ") else [bare] if bare else paragraph
            )
            length += bool(bare)
        elif kind == _OWN and bare and blocks:
            out[i] = " ".join(paragraph)[-MAX_ANSWERED_CHARS:]
            broken = True
    return out if blocks > 1 or length < SHORT_QUOTE_LINES else {}
