"""A work that a sentence names: "Tide Mills by Harold Wren (Quay Press, 1967)", "Aino Aaltosen kirjaa Unelma (1963)".

A year in brackets ends the name, a word for a work or for borrowing and a capital open it; the rest is no work.
"""

import re
from collections.abc import Iterator

import re2

from maild.reading.people import People, leading_people

MAX_TITLE_WORDS = 14
MAX_BRACKETS = 6

_YEAR = r"(?:1[5-9]\d\d|20\d\d)"
_OPEN = "\"“„«»”'‘"
_BRACKET = re.compile(rf"\s\(([^()]{{0,90}}\b{_YEAR}\b[^()]{{0,60}})\)")
_UP = r"[A-ZÀ-ÖØ-ÞŠŽ]"
# Words that stand just before a title: those for a work, the last of which counts, and those of asking, the first.
_WORK_WORD = re.compile(
    r"(?i:\b(?:book|novel|thesis|volume|monograph|kirja[an]?|kirjasta|kirjaan|teos|teoksen|teosta|teoksesta|teokseen|romaani[an]?"
    r"|julkaisu[an]?|boken|boka|bogen|verket|romanen|avhandlingen|buch|buches|werk|werkes|roman|raamatut?|teost?)\b)"
    rf"(?i: titled| called| entitled| nimeltä| med titeln| mit dem titel)?,?:? (?=[{_OPEN}]?{_UP})"
)
_ASKING = re.compile(
    r"(?i:\b(?:(?:looking|searching|asking|asks|asked|ask|wishes|in need|request|need) (?:for|of)|is after"
    r"|(?:copy|loan|edition|volume) of|borrow|lend us|loan us|supply|see|lainaan|lainaksi|lainata|kaukolainaksi"
    r"|låna|låne|låna ut|exemplar av|lån av|ausleihen|leihen|laenutada)\b)"
    rf"(?: (?:your copy of|a copy of|your|the|meille|till oss|uns))?:? (?=[{_OPEN}]?{_UP})"
)
_BY = re.compile(
    r"^(.{3,160}?),? (?:/|/ koonnut|/ toim\.|/ toimittanut|/ red\.|by|av|von|af|kirjoittanut|ed\. by|edited by|autor"
    rf"|författad av) ({_UP}[^\d,;:]{{3,60}})$"
)
_QUOTED_BY = re.compile(rf"^[\"“„«»”]([^\"“”„«»]{{3,160}})[\"“”«»],? (?:by|av|von|af) ({_UP}[^\d,;:]{{3,60}})$")
_QUOTED = re.compile(r"(?i:\b(?:from|ur|aus|från|teoksesta|kirjasta)) (?=[\"“„«»”])")
# "We have posted The Fenman's Diary by J. Hartley". Where a carrier stands last, it is a title still.
_SENT = re2.compile(
    r"\b(?:posted|sent|mailed|shipped|dispatched|despatched|sending|posting|skickat|postat|sänt|you|er) "
    rf"(?:the |an? )?({_UP}[^\s,;:()]*(?: (?:of|the|and|in|on|a|och|i|på|{_UP}[^\s,;:()]*)){{1,9}}),? "
    rf"(?:by|av) {_UP}[^\s,;:()]* {_UP}"
)
_QUOTES = "\"“”„«»'‘’"
_SUBTITLE = re.compile(r": (?:A|An|The|Ein|Eine|En|Ett|His|Her|Life|Works?|Letters)\b")
_SENTENCE_STOP = re.compile(r"[?!;]|[^\W\d_]{3}\.\s")


def named_work(body: str) -> dict[str, str]:
    """The fields of the one work that the running text names so; {} where none is, or several are."""
    found = [fields for fields in _candidates(body) if fields]
    return found[0] if len(found) == 1 else {}


def sent_works(text: str) -> Iterator[str]:
    """The titles that stand with their authors behind the word for sending."""
    return (found.group(1) for found in _SENT.finditer(text))


def _candidates(body: str) -> Iterator[dict[str, str]]:
    for bracket in list(_BRACKET.finditer(body))[:MAX_BRACKETS]:
        before = body[max(0, bracket.start() - 240) : bracket.start()]
        stops = list(_SENTENCE_STOP.finditer(before))
        yield _named(before[stops[-1].end() :] if stops else before, bracket.group(1))


def _named(before: str, bracket: str) -> dict[str, str]:
    """Title and author out of a sentence's beginning, the rest out of the bracket behind it."""
    words = list(_WORK_WORD.finditer(before))
    cue = words[-1] if words else _ASKING.search(before) or _QUOTED.search(before)
    if cue is None:
        return {}
    name = before[cue.end() :].strip(" ,")
    fields = _imprint(bracket)
    by = _QUOTED_BY.match(name) or _BY.match(name)
    people = leading_people(by.group(2)) if by else None
    if by and people and not people.rest.strip(" ."):
        name, fields["author"] = by.group(1), people.names
    elif "author" not in fields and (author := _owner(before[: cue.end()], name)):
        name, fields["author"] = author[1], author[0]
    elif "author" not in fields and (people := leading_people(name)) is not None and _has_colon(people):
        fields["author"], name = people.names, people.rest[2:]
    title = name.strip(f" ,{_QUOTES}")
    return fields | {"title": title} if _is_title(title) else {}


def _has_colon(people: People) -> bool:
    """Whether a title follows behind the names' colon: "Lyndon Marsh: A Life" is a title with its subtitle."""
    title = re.match(rf": {_UP}", people.rest) is not None
    return title and (people.sure or not _SUBTITLE.match(people.rest))


def _owner(before: str, name: str) -> tuple[str, str] | None:
    """Author and title where the author owns the work: "Kalle Rinne's Boats", "Märta Lunds Sjöbodar"; else None."""
    english = re.match(rf"({_UP}[\w.-]+(?: {_UP}[\w.-]+){{1,2}})['’]s\s+[{_QUOTES}]?(?={_UP})", name)
    if english:
        return english.group(1), name[english.end() :]
    quoted = re.match(rf"({_UP}[\w.-]+(?: {_UP}[\w-]+){{0,2}} {_UP}[\w-]+?)s?\s+[\"“„«»”](?={_UP})", name)
    if quoted:
        return quoted.group(1), name[quoted.end() :]
    owner = re.search(rf"({_UP}[\w-]+ {_UP}[\w-]+)sen\s+\w{{4,9}}\s+$", before)
    return (f"{owner.group(1)}nen", name) if owner else None  # other genitives hide the name's own form


def _imprint(bracket: str) -> dict[str, str]:
    """Year, and author or publisher, of "Quay Press, 1967", "Pool, J., 1971", "1948, tekijä Otto Laine"."""
    years = re.findall(rf"\b{_YEAR}\b", bracket)
    fields = {"year": years[0]} if len(set(years)) == 1 else {}
    rest = re.sub(rf"[\s,]*\b{_YEAR}\b[\s,]*", "", bracket, count=1).strip(" ,")
    author = re.match(
        r"(?:tekijä|kirjoittanut|kirj\.|by|av|von|autor|författare|author|verfasser|forfatter)[: ]\s*(.{4,60})$",
        rest,
        re.I,
    )
    named = author.group(1) if author else rest
    if author and named.count(",") == 1 and " " in (whole := named.partition(",")[0].strip()):
        named, fields["publisher"] = whole, named.partition(",")[2].strip()  # "kirj. Aune Syrjälä, Korpikirja"
    people = leading_people(named)
    if people and (author or people.sure) and not people.rest.strip(" .,"):
        fields["author"] = people.names
    elif re.match(_UP, rest) and "," in bracket and not author:
        fields["publisher"] = rest
    return fields


def _is_title(title: str) -> bool:
    return 1 < len(title) < 200 and len(title.split()) <= MAX_TITLE_WORDS and bool(re.match(rf"{_UP}|\d", title))
