"""Lines that are no running text: "Due date: 3 December", and the name of a person or an office."""

import re
from collections.abc import Iterator

from maild.reading.people import leading_people
from maild.reading.phrases import MARKS, Lexicon, Lexicons
from maild.reading.words import spaced, words_of

LABEL_LINE = re.compile(r"\s*([^\W\d_][^:\t\n]{0,44}?)(?:[ .]*:[ \t]*|[ \t]+\.{2,}[ \t]+|\t+| {2,})(\S.*)$")
MOST_NAME_WORDS = 7
JOINING = frozenset({"of", "the", "and", "och", "ja", "und", "für", "i", "at", "de", "von", "av", "&", "-", "/"})
UNREAD = frozenset({"title"})  # of labels whose values may say anything and state nothing
NAMING = frozenset({"ref", "item", "sent"})  # of labels whose values only name something
# The last word of a house's name: "Pellworth Archive Library" says nothing of where the book is kept.
HOUSE = re.compile(
    r"(?:librar(?:y|ies)|archives?|museum|universit(?:y|et|ät)|college|\w{0,30}(?:kirjasto|arkisto|museo|yliopisto)"
    r"|\w{0,30}(?:bibliotek(?:et)?|bibliothek|arkiv(?:et)?|archiv))$",
    re.IGNORECASE,
)
COST = "cost"
FACT = "fact"  # of what systems write around it: "Volume: 7", "Holds: 0"; it states nothing unless it says so in words
# A number in somebody's books. Prices and counts are shorter.
IDENTIFIER = re.compile(r"\s*(?=\S*\d{5})[A-Za-z]{0,4}[\w-]{5,36}\s*")
OUR_NUMBER = re.compile(r"\s*#{6,40}\s*")  # as it is blanked; an address is too
MOST_LABEL_WORDS = 4
LONGEST_CITATION = 200
YES_OR_NO = frozenset(  # "Renewals: No", "Renewable: Yes, once"
    {"yes", "no", "none", "kyllä", "on", "ei", "ja", "nej", "nei", "nein", "jah"}
    | {"yes, once", "yes, twice", "kyllä, kerran", "ja, en gång", "ja, einmal"}
)


def labelled(text: str, lexicons: Lexicons) -> Iterator[tuple[str, str]]:
    """Running text with role "", and the value of every line that begins with a label that we know, with its role."""
    running: list[str] = []
    for line in text.splitlines():
        role, value = _label(line, lexicons)
        if not role:
            running.append(line)
            continue
        if running:
            yield "", "\n".join(running)
            running = []
        yield role, value
    if running:
        yield "", "\n".join(running)


def without_named_titles(text: str, lexicons: Lexicons) -> str:
    """The text without the lines that only tell a title: "Titel: Perhaps winter comes"."""
    return "\n".join(line for line in text.splitlines() if _label(line, lexicons)[0] not in UNREAD)


def _label(line: str, lexicons: Lexicons) -> tuple[str, str]:
    """(role, value) of a line like "Due date .....: 3 December", else ("", "")."""
    match = LABEL_LINE.match(line)
    if match is None:
        return "", ""
    label = words_of(match.group(1))
    role = lexicons.labels.get(" ".join(label), "")
    value = match.group(2)
    if not role and _is_reference(label, value, lexicons):
        return "ref", value
    if role in {FACT, COST} and value.strip(" .-").casefold() in YES_OR_NO:
        return "ref", value
    return role, value if role else ""


def _is_reference(label: list[str], value: str, lexicons: Lexicons) -> bool:
    """Whether the line only names a number in somebody's books: "ScanPost order: SP0093317", not "Lost: SP0093317"."""
    named = len(label) <= MOST_LABEL_WORDS and any(lexicons.labels.get(word) == "ref" for word in label)
    if not named or not (OUR_NUMBER.fullmatch(value) or IDENTIFIER.fullmatch(value)):
        return False
    text = spaced(label).encode()
    return not any(_means(lexicon, label, text) for lexicon in lexicons.by_language.values())


def _means(lexicon: Lexicon, label: list[str], text: bytes) -> bool:
    """Whether the words hedge, ask or deny, or say more than what the number is: "cancelled request"."""
    grave = lexicon.grave is not None and lexicon.grave.search(text) is not None
    marked = bool(lexicon.signs(text) & frozenset(MARKS))
    return grave or marked or any(hit.phrase.kind in {"says", "asks", "staff"} for hit in lexicon.hits(label, text))


def cited_titles(text: str) -> frozenset[str]:
    """The titles of lines that are a citation: "Parish libraries" of "Harbottle, Anne. Parish libraries"."""
    lines = (line.strip() for line in text.splitlines() if "," in line[:LONGEST_CITATION] and ". " in line)
    found = (leading_people(line) for line in lines if len(line) <= LONGEST_CITATION)
    return frozenset(
        one.rest[1:].strip(" .")
        for one in found
        if one and one.sure and "," in one.names and one.rest[:1] in {".", ":"}
    )


def is_house(text: str) -> bool:
    """Whether a line is only the name of a library or the like."""
    return is_name(text) and HOUSE.search(text.rstrip(" .")) is not None


def is_name(text: str) -> bool:
    """Whether a line is only the name of a person, a library or an office: "Northbridge Document Supply"."""
    parts = text.rstrip(".").split()
    return (
        1 < len(parts) <= MOST_NAME_WORDS
        and all(part[0].isupper() or part in JOINING for part in parts)
        and not all(part.isupper() for part in parts)
        and not any(c.isdigit() or c in ".!?" for c in "".join(parts[1:]))
        and sum(part[0].isupper() for part in parts) > 1
    )
