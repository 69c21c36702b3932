"""A mail taken apart as a library system's letter: its headlines, its fields item by item, the prose around them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from maild.core.mail import Mail
from maild.core.terms import EventName
from maild.reading.clues import numbers_in
from maild.reading.dialects import Dialect, Letter, label_key
from maild.reading.words import spaced, words_of

_MOST_LINES = 400
_MOST_HEADLINE_WORDS = 10
_MOST_HEADLINES = 8
_ROOM_FOR_OURS = frozenset({"", "number", "their_number", "note", "other", "card"})
# "has not been shipped", "if you need a renewal": no headline.
_NO_HEADLINE = frozenset({
    "not", "never", "if", "when", "could", "would", "might", "maybe", "soon", "tomorrow",
    "ei", "eivat", "emme", "eika", "jos", "kun", "huomenna", "pian",
    "inte", "ej", "om", "nar", "nicht", "kein", "keine", "wenn", "falls", "ikke", "hvis",
})  # fmt: skip
_ANSWER_SUBJECT = re.compile(
    r"\s*(?:re|vs|vl|sv|vb|aw|antw|antwort|ang|fw|fwd|wg|ref|odp|r)\.?\s?(?:\[\d+\])?:", re.IGNORECASE
)
_LABEL_LINE = re.compile(r"[ \t\xa0*•-]{0,12}([^\n:]{1,80}?)[ \t\xa0.]{0,60}:(?:[ \t\xa0]+|$)(.{0,500})")
_LEADERS = re.compile(r"[ \t\xa0]{0,8}([^\n.:]{2,60}?)[ \xa0]{0,4}\.{2,60}[ \xa0]{1,4}(\S.{0,500})")
# "Questions? Call the lending desk": a system's fixed offer of help asks nothing.
_HELP = re.compile(
    r"^(?:(?:any |do you have )?(?:questions|problems|trouble)|(?:need|want) (?:some )?help|having (?:trouble|problems)"
    r"|(?:did )?something (?:go )?wrong|(?:onko )?kysyttävää|kysymyksiä|ongelmia|(?:har du )?frågor"
    r"|(?:noch |haben sie )?fragen|spørsmål)\s?\?\s*"
    r"(?:(?:please )?(?:call|contact|visit|e-?mail|write|see|reply|ask|ota|soita|kysy"
    r"|kontakta|ring|skriv|wenden|rufen|kontakt)"
    r"\b[^?]{0,100})?$",
    re.IGNORECASE,
)
_BARCODE = re.compile(r"[ \t\xa0]{0,8}([^\W\d_][^\n:\d]{1,30}) (\d{6,20})\s{0,3}$")
_COLUMNS = re.compile(r"[ \t\xa0]{0,8}([^\n]{2,60}?)(?:[ \xa0]{2,60}|\t[ \t]{0,20})(\S.{0,500})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A mail as a system letter: its headlines, its fields item by item, and what stands outside both."""

    headlines: tuple[str, ...]
    records: tuple[dict[str, str], ...]
    prose: tuple[str, ...]

    def value(self, role: str) -> str:
        """The first value of that role, or ""."""
        return next((record[role] for record in self.records if record.get(role)), "")


def is_answer(mail: Mail, ours: Sequence[str]) -> bool:
    """Whether somebody answers or passes on a mail: a system writes its own subject and quotes nothing.

    Some thread their letters to ours by In-Reply-To, so that alone tells nothing; our own subject ("[KP-...]") does,
    and one of our addresses (`ours`), which stands below each letter of ours that somebody pastes.
    """
    if _ANSWER_SUBJECT.match(mail.subject):
        return True
    text = mail.new_text.casefold()
    pasted = any(address.casefold() in text for address in ours)
    return bool(mail.in_reply_to or mail.references) and bool(mail.quoted or "[" in mail.subject or pasted)


def role_of(label: str, labels: dict[str, str]) -> str:
    """The role of a label, or ""; of "Eräpäivä / Due date" that of either half, where they do not disagree."""
    whole = labels.get(label_key(label))
    if whole:
        return whole
    roles = {labels.get(label_key(half), "") for half in re.split(r"\s/\s|\s?[|(]|\)", label) if half.strip()}
    roles.discard("")
    return roles.pop() if len(roles) == 1 else ""


def page_of(mail: Mail, dialect: Dialect, prefixes: Sequence[str]) -> Page:
    """The mail taken apart by the dialect's labels. A quoted letter's rows are not this letter's."""
    pairs: list[tuple[str, str]] = []
    prose: list[str] = []
    row_labels = set()
    if not mail.quoted:
        for label, value in mail.rows:
            pairs.append(_meant(role_of(label, dialect.labels), value.strip(), prefixes))
            row_labels.add(label_key(label))
    told_by_rows = any(role for role, _ in pairs)
    for line in _unfolded(mail.new_text.splitlines()[:_MOST_LINES], dialect):
        if found := list(_coded(line, dialect)):
            pairs += found
        elif found := list(_labelled(line, dialect, prefixes)):
            pairs += found if not told_by_rows else []
        elif line.strip() and not _is_row(line, row_labels) and not _HELP.match(line.strip()):
            prose.append(line.strip())
    headlines = tuple(line for line in (mail.subject, *prose[:_MOST_HEADLINES]) if _is_headline(line))
    return Page(headlines=headlines, records=tuple(_records(pairs)), prose=tuple(prose))


def _is_headline(line: str) -> bool:
    words = words_of(line)
    return 0 < len(words) <= _MOST_HEADLINE_WORDS + 4 * (" / " in line) and _NO_HEADLINE.isdisjoint(words)


def _is_row(line: str, row_labels: set[str]) -> bool:
    key = label_key(line)
    return any(key.startswith(label) for label in row_labels if label)


def _coded(line: str, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(role, value) where a pattern of the dialect's own fits."""
    for pattern in dialect.lines:
        if (m := pattern.search(line)) is not None:
            yield from ((role, value.strip()) for role, value in m.groupdict().items() if value)
            return


def _labelled(line: str, dialect: Dialect, prefixes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(role, value) of "Label: value", or of columns."""
    for shape in (_LABEL_LINE, _LEADERS, _COLUMNS):
        if (m := shape.match(line)) is not None:
            pair = _meant(role_of(m[1], dialect.labels), m[2].strip(), prefixes)
            if pair[0]:
                yield pair
                return
    barcode = _BARCODE.match(line)  # "Barcode 39012004455": the number alone tells that no sentence goes on
    if barcode and role_of(barcode[1], dialect.labels) == "item_id":
        yield "item_id", barcode[2]


def _meant(role: str, value: str, prefixes: Sequence[str]) -> tuple[str, str]:
    """(role, value); `number` where the value is just a number of ours: systems put it wherever there is room."""
    numbers = numbers_in(value, prefixes)
    if len(numbers) == 1 and len(value.split()) == 1 and role in _ROOM_FOR_OURS:
        return "number", numbers[0]
    return role, value


def _unfolded(lines: Iterable[str], dialect: Dialect) -> Iterator[str]:
    """The lines; where the system folds long values, one that begins with a blank goes on with the one before."""
    whole = ""
    for line in lines:
        if dialect.folded and whole and line[:1] in {" ", "\t"} and not _LABEL_LINE.match(line):
            whole = f"{whole.rstrip()} {line.strip()}"
            continue
        if whole:
            yield whole
        whole = line
        if not line:
            yield line
    if whole:
        yield whole


def _records(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """The fields item by item: one that comes again begins the next item; what stood before all items is of each."""
    record: dict[str, str] = {}
    for role, value in pairs:
        if not role or not value or role == "other":
            continue
        if role in record and role in {"title", "item_id", "number"} and record[role] != value:
            yield record
            record = {}
        record.setdefault(role, value)
    if record:
        yield record


def matches(patterns: Iterable[Any], text: str) -> bool:
    """Whether one of the patterns is in the text."""
    line = spaced(words_of(text)).encode()
    return any(pattern.search(line) is not None for pattern in patterns)


def letters_of(page: Page, dialect: Dialect) -> tuple[Letter, ...]:
    """Every letter of the dialect that this can be."""
    return tuple(letter for letter in dialect.letters if _fits(letter, page))


def _fits(letter: Letter, page: Page) -> bool:
    banners = [line for line in page.headlines if matches(letter.banner, line)]
    if letter.banner and not banners:
        return False
    if any(matches(letter.never, line) for line in banners):
        return False
    if not all(matches(patterns, page.value(role)) for role, patterns in letter.when):
        return False
    if any(matches(patterns, page.value(role)) for role, patterns in letter.unless):
        return False
    return all(page.value(role) for role in letter.needs) and not any(page.value(role) for role in letter.lacks)


def answer_of(text: str, dialect: Dialect) -> tuple[EventName, str | None] | None:
    """What an answer or reason means, in one language or two ("Lainassa / On loan"); None for nothing or several."""
    said = (text, *text.split(" / ")) if " / " in text else (text,)
    meanings = {(a.event, a.reason) for a in dialect.answers if any(matches(a.patterns, one) for one in said)}
    return meanings.pop() if len(meanings) == 1 else None
