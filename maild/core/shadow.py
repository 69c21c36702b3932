"""What maild would have done in a time: for sites that only let it watch."""

from collections.abc import Sequence
from dataclasses import dataclass

from maild.core.worklist import Row, bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class ActedOn:
    """A mail that was read and acted on with no human."""

    id: int
    number: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A letter that was written and kept."""

    number: str
    letter: str
    to: str


def report(mails: Sequence[ActedOn], letters: Sequence[Unsent]) -> tuple[Row, ...]:
    """The rows of the letter; () where maild would have done nothing."""
    acts: list[Row] = [
        {"number": one.number, "text": f"{one.kind}: {one.why}", "commands": (f"maild queue show {one.id}",)}
        for one in mails
    ]
    kept: list[Row] = [
        {"number": one.number, "text": f"{one.letter} to {one.to}", "commands": _commands(one.number)}
        for one in letters
    ]
    return (*bounded("acts", acts), *bounded("kept", kept))


def _commands(number: str) -> tuple[str, ...]:
    return (f"maild request show {number}",) if number else ()
