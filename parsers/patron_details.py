"""A patron's answer to our question about the work: each answer behind its number or label."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maild.core.answers import plain
from maild.core.completeness import Need, named
from maild.core.mail import Line, Mail
from maild.core.reading import Citation, Doubt, Event, Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind, Status
from maild.reading.family import family_of, requests_meant
from maild.reading.form_draft import Draft
from maild.reading.form_work import CITATION_FIELDS, citation_of, read_work
from maild.reading.forms import WORK_KEYS, find_label
from maild.reading.identifiers import dois, isbns, issns, pmids
from maild.reading.language import language_of
from maild.reading.rules import ReadingRules
from maild.reading.statements import Side, statements
from maild.reading.verdict import doubts_of

MAX_LINES = 60
MAX_VALUE = 300  # characters of one answer
NUMBERED = re.compile(r"\(?([1-9])\s?[.):=]\)?\s*(.*)")
DIGITS = re.compile(r"\d{4}")
NUMBERS = {"doi": dois, "pmid": pmids, "isbn": isbns, "issn": issns}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered, by field of a form; what else was written; and what makes it doubtful."""

    values: dict[str, list[str]]
    beside: str = ""
    doubts: tuple[Doubt, ...] = ()


class PatronDetails:
    """Reads the answer to the letter details_needed, and leaves any mail that has no line of one."""

    name = "patron_details"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading; None where nobody was asked, or what is written beside the answers asks for something."""
        request = _asked(mail, context, rules)
        if request is None or len(mail.lines) > MAX_LINES:
            return None
        told = _told(mail.lines, named(request.asked_for, rules.needs), rules)
        language = language_of(told.beside, rules.lexicons) or request.language or "fi"
        said = statements(told.beside, rules.lexicons, language, Side.REQUESTER)
        if not told.values or any(statement.of("asks") for statement in said):
            return None
        citation, doubts = _citation(told.values)
        event = Event(event=EventName.DETAILS, request=request.number, citation=citation, passage=mail.new_text.strip())
        return Reading(
            kind=Kind.PATRON_MESSAGE,
            language=language,
            events=(event,),
            doubts=(*told.doubts, *doubts, *doubts_of(said, rules, ())),
            by=self.name,
        )


def _asked(mail: Mail, context: Context, rules: ReadingRules) -> Request | None:
    """The one request about which the writer was asked, or None: a form asks for something, and answers nothing."""
    if mail.from_address.lower() in {*context.trusted_form_senders, *context.internal_forms}:
        return None
    if family_of(mail, context, rules) not in {None, Kind.PATRON_MESSAGE}:
        return None
    meant = requests_meant(mail, context, rules)
    asked = [r for r in meant if r.asked_for and r.status is Status.NEW]
    return asked[0] if len(asked) == 1 else None


def _told(lines: Sequence[Line], asked: Sequence[Need], rules: ReadingRules) -> Told:
    values: dict[str, list[str]] = {}
    beside: list[str] = []
    doubts: list[Doubt] = []
    for line in lines:
        found = _answer(line, asked, rules)
        if found is None:
            beside.append(line.text)
            continue
        key, value = found
        if rules.forms.is_word("empty", value):
            continue
        if "?" in value or len(value) > MAX_VALUE or (key == "year" and not DIGITS.search(value)):
            doubts.append(Doubt(reason="unclear", text="an answer is no plain fact", passage=value[:MAX_VALUE]))
        if values.setdefault(key, [value]) != [value]:
            doubts.append(Doubt(reason="contradictory", text=f"it answers {key} twice", passage=value))
    return Told(values=values, beside="\n".join(beside), doubts=tuple(doubts))


def _answer(line: Line, asked: Sequence[Need], rules: ReadingRules) -> tuple[str, str] | None:
    """The form's key and the value of an answer; None for any other line."""
    text = line.text.strip()
    need, rest = _numbered(text, asked)
    label, colon, value = rest.partition(":")
    labelled = _by_label(label, asked) if colon else _by_label(rest, asked)
    if need is not None and labelled in (None, need):
        given = value if labelled is not None else rest
        return _key(need, given), given.strip()
    if need is None and colon and (key := _key_of(label, labelled, value, rules)):
        return key, value.strip()
    above = _numbered(line.answers.strip("> "), asked)
    other = above[0] or _by_label(above[1].rstrip(" :"), asked)
    return (_key(other, text), text) if other is not None and text else None


def _numbered(text: str, asked: Sequence[Need]) -> tuple[Need | None, str]:
    """The need of a line's number, and the line behind it."""
    found = NUMBERED.fullmatch(text)
    if found is None or int(found[1]) > len(asked):
        return None, text
    return asked[int(found[1]) - 1], found[2].strip()


def _by_label(label: str, asked: Sequence[Need]) -> Need | None:
    wanted = plain(label)
    return next((need for need in asked if wanted in {plain(text) for text in need.ask.values()}), None)


def _key_of(label: str, labelled: Need | None, value: str, rules: ReadingRules) -> str:
    """The key of a label without a number: one of our question, or one that forms use."""
    if labelled is not None:
        return _key(labelled, value)
    found = find_label(label, rules.forms, guess=False)
    return found.key if found is not None and found.key in WORK_KEYS | CITATION_FIELDS else ""


def _key(need: Need, value: str) -> str:
    """The field that an answer to this need is for."""
    return next((name for name in NUMBERS if name in need.one_of and NUMBERS[name](value)), need.one_of[0])


def _citation(values: dict[str, list[str]]) -> tuple[Citation, tuple[Doubt, ...]]:
    draft = Draft(labels=frozenset(values))
    read_work(values, draft)
    return citation_of(draft.work), (*draft.doubts, *_unread(values, draft))


def _unread(values: dict[str, list[str]], draft: Draft) -> Iterator[Doubt]:
    """Answers that came to nothing: a year without digits, several works in one field."""
    if not draft.work or draft.others:
        passage = "; ".join(value for given in values.values() for value in given)
        yield Doubt(reason="unclear", text="what was answered cannot be told", passage=passage[:MAX_VALUE])
