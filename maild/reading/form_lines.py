"""Fields out of the lines of a form: `Label: answer`, a heading and the next line, `key = value`, leaders, gaps."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from maild.reading.form_answers import Answer, answers_of
from maild.reading.forms import MAX_LABEL, Form, FormRules, Label, find_label, split_label

_NAME_LIKE = re.compile(r"(?:\d{1,2}[.)]\s?)?[^\W\d_a-zåäöü]|[a-z]{1,30}_[a-z]")
_ANCHOR = re.compile(r"\b(?:1[5-9]\d\d|20\d\d)\b|\b10\.\d{4}|isbn|pmid", re.IGNORECASE)
_SYSTEM = re.compile(
    r"https?://|www\.|automa|submi|record|registr|tallen|sparat|sent (?:from|by|via)|powered by|lähet|skickat|gesendet"
    r"|form\b|lomak|formulär|--|©|do not reply|älä vastaa|svara inte",
    re.IGNORECASE,
)
MAX_LINES = 600
MIN_TURNS = 2  # labels above their answers before a label that only a pattern knows may stand so too
LONG_LINE = 55  # characters; a line this long may have been wrapped by a mailer
ONE_LINE = frozenset(
    {"ref", "email", "card", "phone", "isbn", "issn", "year", "volume", "issue", "need_before", "max_cost", "service"}
)
FREE = frozenset({"note", "reference", "office_address", "contact"})

_SECTION = re.compile(r"^(?:[=*#~+_-]{2,}|\[[^\[\]]{3,60}\]|[=*#~+_-]{1,4}\s?[^=*#~_:-]{2,60}\s?[=*#~+_-]{1,4})$")
_WPFORMS = re.compile(r"^-{2,4}\s(.{1,90}?)\s-{2,4}$")
_SEPARATED = re.compile(
    r"^([^(:\n]{1,40}\([^()]{3,50}\)|.{1,90}?)(?:\s?\.{2,80}\s?:?|\s?::?(?!//)|\s?=(?!=)|\t+)\s*(.*)$", re.S
)
_ASKED = re.compile(r"^([^?]{3,88}\?)\s+([^\s*][^?]*)$")
_WIDE = re.compile(r"^(\S.{0,60}?)(?:\t+|\s{2,40})(\S.*)$")
_QUESTION_NO = re.compile(r"^(?:q|k|f|kysymys|question|fråga|frage)\s?\d{1,3}\s?[.:)]\s+(?=\S)", re.IGNORECASE)
_MARKS = re.compile(r"^(?:[•·→]\s{0,8}|[-=]{0,2}>\s{1,8}){1,20}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}\b")
_NEXT_LABEL = re.compile(r"\s(?=[A-ZÅÄÖ][\w./]{1,14}:\s)")
# "Name | Lea Wolf", "Name -> Lea", and the one dot that a long label leaves of its leader: "Card number . 2100".
_PIPED = re.compile(r"^\|?\s?([^|:=]{1,90}?)\s?(?:\||\s-{1,3}>|\s=>|\s→|\s\.(?=\s))\s?([^|]*?)\s?\|?$")
_COLUMNS = re.compile(r"\s{3,40}|\t+")
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,200}\.[^\s@.]{2,40}")
# What a line must be to prove that the line above it, which only a pattern knows, is the label of such a field.
_PROVES = {
    "email": _ADDRESS,
    "card": re.compile(r"[A-Za-z]{0,4}\d{5,20}"),
    "phone": re.compile(r"\+?\d[\d\s()-]{5,20}"),
    "year": re.compile(r"(?:1[5-9]|20)\d\d"),
}


@dataclass(slots=True)
class _Lines:
    """The state of reading a text line by line: the fields so far, and whether the last one still runs."""

    answers: list[Answer]
    running: bool = False
    awaits: bool = False  # the last label stood alone: the next line is its answer, whatever it looks like
    gap: bool = False
    above: bool = False  # the line that follows is indented more: a label whose answer stands below it
    below: str = ""  # the line that follows, "" where it is blank
    indent: int = 0
    last: int = 0  # length of the last line that was taken up
    letter: bool = False  # a person's mail: what stands after a blank line may be a signature
    alone: int = 0  # labels that stood alone on their lines


def from_lines(text: str, rules: FormRules, form: Form | None, letter: bool) -> list[Answer]:
    state = _Lines([], letter=letter)
    lines = text.splitlines()[:MAX_LINES]
    for number, line in enumerate(lines):
        stripped = _with_colon(_QUESTION_NO.sub("", _MARKS.sub("", line.strip())), rules, form)
        if not stripped:
            state.gap = True
            continue
        indent = _indent(line)
        below = lines[number + 1] if number + 1 < len(lines) else ""
        state.above, state.below = _indent(below) > indent, below.strip()
        if not _take(stripped, indent, state, rules, form):
            _go_on(stripped, indent, state, lines, number, rules, form)
        state.gap = False
        state.last = len(line)
    return [part for answer in state.answers for part in _cut_late(answer, state.answers, rules, form)]


def _with_colon(line: str, rules: FormRules, form: Form | None) -> str:
    """The line with a colon for the bar, arrow or dot behind a label that is known: "From A -> B" is a title."""
    piped = _PIPED.match(line)
    known = piped is not None and find_label(piped[1], rules, form) is not None
    return f"{piped[1]}: {piped[2]}" if piped is not None and known else line


def _cut_late(answer: Answer, answers: list[Answer], rules: FormRules, form: Form | None) -> Iterable[Answer]:
    """The several fields of a label that stood alone above its answer: "Publisher and year" / "Tolpanvire, 2011"."""
    alone = sum(other.label == answer.label for other in answers) == 1
    if not (alone and answer.value) or find_label(answer.label, rules, form, guess=False) is not None:
        return (answer,)
    return tuple(answers_of(answer.label, answer.value, rules, form)) if split_label(answer.label, rules) else (answer,)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _take(line: str, indent: int, state: _Lines, rules: FormRules, form: Form | None) -> bool:
    """Whether the line opens a field (or closes one: a section's title)."""
    headed = _WPFORMS.match(line)
    if headed and find_label(headed.group(1), rules, form) is not None:
        return _open(state, list(answers_of(headed.group(1), "", rules, form)), indent, awaits=True)
    if _SECTION.match(line):
        state.running = False
        return True
    for pieces in (_several(line, rules, form), _one_field(line, state, rules, form)):
        if pieces:
            return _open(state, pieces, indent)
    return _bare_label(line, indent, state, rules, form)


def _open(state: _Lines, answers: list[Answer], indent: int, *, awaits: bool = False) -> bool:
    state.answers.extend(answers)
    state.running, state.indent, state.awaits = True, indent, awaits
    return True


def _several(line: str, rules: FormRules, form: Form | None) -> list[Answer]:
    """Several fields on one line: "Volume: 2   Issue: 3"."""
    pieces = [p for p in _COLUMNS.split(line) if p]
    close = [p.strip() for p in _NEXT_LABEL.split(line)]
    if len(pieces) == 1 and all(find_label(p.partition(":")[0], rules, form, guess=False) for p in close):
        pieces = close
    if not 2 <= len(pieces) <= 6 or any(":" not in p.rstrip(":") for p in pieces):
        return []
    found = []
    for piece in pieces:
        label, _, value = piece.partition(":")
        known = find_label(label, rules, form)
        if known is None:
            return []
        found.append(Answer(label=label, key=known.key, languages=known.languages, value=value.strip()))
    return found


def _one_field(line: str, state: _Lines, rules: FormRules, form: Form | None) -> list[Answer]:
    """ "Label: answer", "key = value", "Label......: answer", "Label    answer"."""
    split = _SEPARATED.match(line)
    if split and not split.group(1).lower().startswith(("http", "www.")):
        answers = list(answers_of(split.group(1), split.group(2), rules, form))
        if any(a.key for a in answers) and _label_like(split.group(1), rules, form):
            return answers
        taken = state.running and (_is_free(state) or (state.awaits and not state.answers[-1].value))
        clock = _CLOCK.match(line, max(0, split.end(1) - 2)) or _CLOCK.match(line, max(0, split.end(1) - 1))
        if split.group(2) and not taken and not clock and _unknown_label(split.group(1)):
            return answers
        return []
    asked = _ASKED.match(line)
    if asked and not (state.running and _is_free(state)) and find_label(asked.group(1), rules, form) is not None:
        return list(answers_of(asked.group(1), asked.group(2), rules, form))
    wide = _WIDE.match(line)
    known = find_label(wide.group(1), rules, form, guess=False) if wide else None
    if wide and known:
        return [Answer(label=wide.group(1), key=known.key, languages=known.languages, value=wide.group(2).strip())]
    return []


def _label_like(label: str, rules: FormRules, form: Form | None) -> bool:
    """A label from the lists may be long; one that only a pattern knows must not be a sentence."""
    return (
        find_label(label, rules, form, guess=False) is not None
        or bool(split_label(label, rules))
        or len(label.split()) <= 9
    )


def _unknown_label(label: str) -> bool:
    """Whether something before a colon looks like a field's name: short, and no sentence's beginning."""
    return len(label) <= 50 and len(label.split()) <= 5 and bool(_NAME_LIKE.match(label))


def _is_free(state: _Lines) -> bool:
    return bool(state.answers) and state.answers[-1].key in FREE


def _bare_label(line: str, indent: int, state: _Lines, rules: FormRules, form: Form | None) -> bool:
    """A label alone on its line, its answer below."""
    if len(line) > MAX_LABEL or (
        state.answers and state.running and not state.answers[-1].value and indent > state.indent
    ):
        return False
    found = find_label(line, rules, form)
    if found is None and (keys := split_label(line, rules)):
        found = Label(key=keys[0])  # of several: _cut_late parts the answer
    asks = line.endswith(("*", ":", "?")) or state.above or find_label(line, rules, form, guess=False) is not None
    asks = asks or (found is not None and _is_proved(line, found.key, state))
    if found is None or not (asks or found.key == "consent" or _by_turns(line, state, rules)):
        return False
    last = state.answers[-1] if state.answers and state.running else None
    # "What do you need?" / "Article": the answer is a word that is a label elsewhere.
    if last is not None and not last.value and not state.gap and _may_be_value(line, found.key, last.key):
        return False
    opened = [Answer(label=line.rstrip(" :*"), key=found.key, languages=found.languages)]
    state.alone += 1
    return _open(state, opened, indent, awaits=True)


def _is_proved(line: str, key: str, state: _Lines) -> bool:
    """Whether the line below is plainly what a label of that key asks for: an address below "University e-mail"."""
    proof = _PROVES.get(key)
    return proof is not None and not state.letter and line[:1].isupper() and proof.fullmatch(state.below) is not None


def _is_stranger(line: str, state: _Lines, lines: list[str], number: int, rules: FormRules, form: Form | None) -> bool:
    """Whether an unknown label stands alone above its one line of answer, among known ones that stand so."""
    last = state.answers[-1]
    if not (state.gap and state.below and last.value and "\n" not in last.value) or state.letter or last.key in FREE:
        return False
    enough = state.alone >= MIN_TURNS or (state.alone > 0 and _ADDRESS.fullmatch(state.below) is not None)
    after = lines[number + 2].strip() if number + 2 < len(lines) else ""
    looks = line[:1].isupper() and line[-1] not in ".,;!" and _unknown_label(line)
    return enough and looks and not after and _label_follows(lines, number + 1, rules, form)


def _by_turns(line: str, state: _Lines, rules: FormRules) -> bool:
    """Whether labels have stood alone above one line of answer each, and it is a label's turn again."""
    last = state.answers[-1] if state.answers else None
    left_empty = last is not None and not last.value and state.gap and last.key in ONE_LINE
    answered = left_empty or (last is not None and bool(last.value) and "\n" not in last.value)
    if split_label(line, rules):
        return answered
    return answered and state.alone >= MIN_TURNS and last is not None and last.key not in FREE and line[:1].isupper()


def _may_be_value(line: str, key: str, asked: str) -> bool:
    """Whether a line that is a label elsewhere answers the label above it."""
    if asked == "service":
        return True
    marked = line.endswith(("*", ":", "?"))
    return not marked and asked in {"name", "title", "note", "author"} and key in {"book", "journal", "article_title"}


def _go_on(
    line: str, indent: int, state: _Lines, lines: list[str], number: int, rules: FormRules, form: Form | None
) -> None:
    """A line that opens no field: the answer to the last label, more of it, or nothing of ours."""
    if not state.running or not state.answers:
        return
    last = state.answers[-1]
    if not last.value and state.gap and last.key == "note" and not state.awaits and _SYSTEM.search(line):
        state.running = False  # an empty remark, and the system's own line below it
    elif not last.value:
        last.value = line
    elif _is_stranger(line, state, lines, number, rules, form):
        state.alone += 1
        _open(state, [Answer(label=line, key="")], indent, awaits=True)
    elif last.key in FREE:
        if not state.gap or _label_follows(lines, number, rules, form) or _still_free(line, last.key, state):
            last.value += f"\n{line}"
        else:
            state.running = False
    elif last.key in ONE_LINE:
        state.running = False
    elif not state.gap and (state.last >= LONG_LINE or indent > state.indent + 1) and last.key != "library":
        last.value += f" {line}"
    elif last.key in {"library", "symbol"} and not state.gap:
        last.value += f"\n{line}"
    elif not state.gap and line.endswith(("*", "?")) and len(line) <= MAX_LABEL:
        _open(state, [Answer(label=line.rstrip(" *"), key="")], indent)
    else:
        state.running = False


def _still_free(line: str, key: str, state: _Lines) -> bool:
    """Whether a paragraph after the last field belongs to it: a second reference, or more of a remark on a form."""
    if key == "reference":
        return bool(_ANCHOR.search(line))
    return key == "note" and not state.letter and not _SYSTEM.search(line)


def _label_follows(lines: list[str], number: int, rules: FormRules, form: Form | None) -> bool:
    """Whether a known field comes after this line: then a blank line was part of the answer."""
    for line in lines[number + 1 : number + 12]:
        label = line.split(":", 1)[0].strip()
        if label and find_label(label, rules, form, guess=False) is not None:
            return True
    return False
