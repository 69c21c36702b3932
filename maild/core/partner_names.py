"""The names by which a library is known: its name, those in other languages, and what others call it."""

import unicodedata
from collections.abc import Iterable

from maild.core.request import Partner


def every_name(partner: Partner) -> tuple[str, ...]:
    """All its names, its own first."""
    return (partner.name, *(partner.names or {}).values(), *partner.aliases)


def by_name(partners: Iterable[Partner], name: str) -> Partner | None:
    """The only partner that is called so, whatever the case and blanks; None where there is none, or more than one."""
    found = [partner for partner in partners if is_called(partner, name)]
    return found[0] if len(found) == 1 else None


def is_called(partner: Partner, name: str) -> bool:
    """Whether the whole of `name` is one of its names, whatever the case and blanks."""
    return bool(name.strip()) and _folded(name) in map(_folded, every_name(partner))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
