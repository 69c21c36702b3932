"""Lines that are no running text: "Due date: 3 December", and the name of a person or an office."""

import re
from collections.abc import Iterator

from maild.reading.phrases import Lexicons
from maild.reading.words import words_of

LABEL_LINE = re.compile(r"\s*([^\W\d_][^:\t\n]{0,44}?)(?:[ .]*:[ \t]*|[ \t]+\.{2,}[ \t]+|\t+| {2,})(\S.*)$")
MOST_NAME_WORDS = 7
JOINING = frozenset({"of", "the", "and", "och", "ja", "und", "für", "i", "at", "de", "von", "av", "&", "-", "/"})
UNREAD = frozenset({"title"})  # of labels whose values may say anything and state nothing
NAMING = frozenset({"ref", "item", "sent"})  # of labels whose values only name something
FACT = "fact"  # of what systems write around it: "Volume: 7", "Holds: 0"; it states nothing unless it says so in words
YES_OR_NO = frozenset({"yes", "no", "none", "kyllä", "on", "ei", "ja", "nej", "nei", "nein", "jah"})  # "Renewals: No"


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


def _label(line: str, lexicons: Lexicons) -> tuple[str, str]:
    """(role, value) of a line like "Due date .....: 3 December", else ("", "")."""
    match = LABEL_LINE.match(line)
    if match is None:
        return "", ""
    role = lexicons.labels.get(" ".join(words_of(match.group(1))), "")
    value = match.group(2)
    if role == FACT and value.strip(" .-").casefold() in YES_OR_NO:
        return "ref", value
    return role, value if role else ""


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
