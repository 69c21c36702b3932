"""The names that a reference opens with: "Strand, K., & Ibekwe, O.", "Lehtosalo V, Pihl A", "Elsa Koivukangas".

Name by name, so that a list of a thousand authors costs a thousand small steps.
"""

import re
from dataclasses import dataclass

MAX_NAMES = 60

_UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŘŚŞŠŢŤŪŮŰŲŸŹŻŽ"
_WORD = rf"[{_UPPER}](?:[^\W\d_]|['’-]){{0,40}}"
_PART = r"(?:von|van|de|der|den|af|av|la|le|di|da|zu|ten|ter|del|dos)"
_SURNAME = rf"(?:{_PART} ){{0,2}}{_WORD}(?: {_WORD})?"
_INITIALS = rf"[{_UPPER}][a-z]?\.(?:[ -]?[{_UPPER}][a-z]?\.){{0,3}}"
_INVERTED = re.compile(
    rf"{_SURNAME}, (?:{_INITIALS}|{_WORD}(?:[ -]{_WORD})?(?: [{_UPPER}]\.){{0,2}}|[{_UPPER}](?![\w]))"
)
_VANCOUVER = re.compile(rf"{_SURNAME} [{_UPPER}]{{1,3}}(?=[,.;:]| et al)")
_DIRECT = re.compile(
    rf"(?:{_WORD}|[{_UPPER}]\.)(?:[ -](?:{_WORD}|[{_UPPER}]\.|{_PART})(?= )){{0,3}} {_WORD}|{_INITIALS} ?{_WORD}"
)
_AND = re.compile(r",? ?(?:&|\band\b|\bja\b|\boch\b|\bund\b|\bog\b|\bet\b) |, |; ?| / ")
_OTHERS = re.compile(r",? (?:et al\b\.?|ym\.|m\. ?fl\.|u\. ?a\.)")
_ROLE = re.compile(r",? ?\((?:toim|red|eds?|hrsg|hg|utg|edited|toimittaja|toimittanut)\.?\)", re.IGNORECASE)

# "Grain Elevators: a history" has a title's colon, not an author's: words that no person is called.
_NO_NAME = frozenset({
    "the", "a", "an", "of", "history", "handbook", "guide", "introduction", "journal", "annals", "studies",
    "manual", "atlas", "dictionary", "grammar", "suomen", "finlands", "finnish", "nordic", "historia", "kirja",
    "opas", "käsikirja", "geschichte", "handbuch", "einführung", "lehrbuch", "kirjan", "luku", "artikkeli",
    "teos", "title", "titel", "nimeke", "teoksen", "book", "bok", "buch", "article", "loan", "copy", "laina",
    "kopio", "elevators", "proceedings", "acta", "new", "modern", "early", "hei", "hej", "hello", "dear",
    "isbn", "issn", "doi", "pmid", "tekijä", "author", "författare", "verfasser", "journals", "press",
    "university",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Names and what follows them. `sure`: an inverted or initialled name, which no title looks like."""

    names: str
    rest: str
    sure: bool


def leading_people(text: str) -> People | None:
    """The names that a text opens with and the rest, from its stop or colon on; None where it opens with none."""
    at = last_end = 0
    sure = vancouver = False
    for count in range(MAX_NAMES):
        match = _VANCOUVER.match(text, at) if vancouver or count == 0 else None
        vancouver = match is not None
        match = match or _INVERTED.match(text, at)
        sure = sure or match is not None
        if match is None and not (sure and vancouver):
            match = _DIRECT.match(text, at)
        if match is None or not _could_be_name(match.group()):
            if count == 0:
                return None
            at = last_end
            break
        at = last_end = match.end()
        role = _ROLE.match(text, at)
        at = last_end = role.end() if role else at
        link = _AND.match(text, at)
        if link is None:
            break
        at = link.end()
    others = _OTHERS.match(text, at)
    at = others.end() if others else at
    role = _ROLE.match(text, at)
    at = role.end() if role else at
    return People(names=text[:at], rest=text[at:], sure=sure)


def is_full_name(text: str) -> bool:
    """Whether it is one name, given name first: "Elsa Koivukangas", "I. von Post"."""
    return _DIRECT.fullmatch(text) is not None and _could_be_name(text)


def _could_be_name(name: str) -> bool:
    return not any(word in _NO_NAME for word in re.findall(r"[^\W\d_]{2,40}", name.casefold()))
