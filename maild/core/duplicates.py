"""Records that may be of one library: the same symbol, address or domain, or names that are nearly equal.

Every record is put under its keys once, so the work grows with the number of records and not with that of pairs.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from maild.core.partner_names import every_name
from maild.core.request import Partner

MAX_NAME = 80  # letters of a name that are compared
MIN_NAME = 8  # letters from which on one slip makes names alike
# What the office adds to the library's name
_OFFICE = frozenset(
    {
        "kaukopalvelu",
        "kaukolainaus",
        "kaukolainat",
        "fjarrlan",
        "fjarrlaneservice",
        "interlibrary",
        "loan",
        "loans",
        "ill",
    }
)
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Records that share something, by symbol; `why` names it: "the domain elm.example"."""

    why: str
    partners: tuple[Partner, ...]


def alike(partners: Sequence[Partner]) -> tuple[Alike, ...]:
    """Every group of records that could be of one library, the surest reason first."""
    ordered = sorted(partners, key=lambda partner: (partner.symbol.casefold(), partner.id))
    found = [_grouped(ordered, what, keys) for what, keys in KEYS.items()]
    return tuple(chain(*found, _near_names(ordered)))


def _grouped(partners: Iterable[Partner], what: str, keys: Callable[[Partner], Iterable[str]]) -> Iterator[Alike]:
    groups: dict[str, list[Partner]] = {}
    for partner in partners:
        for key in dict.fromkeys(keys(partner)):
            groups.setdefault(key, []).append(partner)
    for key, group in groups.items():
        if key and len(group) > 1:
            yield Alike(why=f"{what} {key}", partners=tuple(group))


def _symbol(partner: Partner) -> Iterable[str]:
    """Whatever its case and dashes."""
    return ("".join(_WORD.findall(partner.symbol)).upper(),)


def _email(partner: Partner) -> Iterable[str]:
    return (partner.email.lower(),)


def _domains(partner: Partner) -> Iterable[str]:
    return partner.domains


def _postal_address(partner: Partner) -> Iterable[str]:
    """Without the first line where there are more: that is the name."""
    lines = partner.postal_address.splitlines()
    return (" ".join(_words("\n".join(lines[1:] or lines))),)


def _their_card(partner: Partner) -> Iterable[str]:
    """The card that it has with us; that of ours with it may be one for several libraries."""
    return ("".join(_WORD.findall(partner.their_card)).upper(),)


def _names(partner: Partner) -> Iterable[str]:
    """Its names in every language and its other names, whatever the order of their words."""
    return (" ".join(sorted(words)) for words in _each_name(partner))


KEYS: dict[str, Callable[[Partner], Iterable[str]]] = {
    "the symbol": _symbol,
    "the address": _email,
    "the postal address": _postal_address,
    "the name": _names,
    "the domain": _domains,
    "the card with us": _their_card,
}


def _near_names(partners: Iterable[Partner]) -> Iterator[Alike]:
    """Records whose names have one slip between them, and are not the same."""
    seen: set[frozenset[int]] = set()
    for group in _by_slip(partners):
        own = {partner.id: partner for partner in group}
        is_new = len(own) > 1 and frozenset(own) not in seen
        if is_new and not set.intersection(*(set(_names(partner)) for partner in own.values())):
            seen.add(frozenset(own))
            yield Alike(why="nearly the same name", partners=tuple(own.values()))


def _by_slip(partners: Iterable[Partner]) -> Iterable[list[Partner]]:
    """Records by what their names are without one letter, and with the same numbers in them.

    Names with one letter more, less, changed or exchanged become the same by taking one out of each, or of one.
    """
    groups: dict[tuple[str, ...], list[Partner]] = {}
    for partner in partners:
        for name in dict.fromkeys("".join(words)[:MAX_NAME] for words in _each_name(partner)):
            shorter = (name[:i] + name[i + 1 :] for i in range(len(name)))
            for key in {name, *shorter} if len(name) >= MIN_NAME else ():
                groups.setdefault((key, *_DIGITS.findall(name)), []).append(partner)
    return groups.values()


def _each_name(partner: Partner) -> Iterator[list[str]]:
    for name in every_name(partner):
        if words := [word for word in _words(name) if word not in _OFFICE]:
            yield words


def _words(text: str) -> list[str]:
    """The words of a text in lower case, without accents."""
    plain = unicodedata.normalize("NFKD", text[: 4 * MAX_NAME]).casefold()
    return _WORD.findall("".join(char for char in plain if not unicodedata.combining(char)))
