"""Mistakes in files that people write, told all at once with file, place and a way out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: in which file, where in it, what is wrong, and what to do about it."""

    file: str
    place: str
    what: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.what}; {self.way_out}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """A merged rule file. `name` is its path below rules/, like "workflows/borrowing-loan.toml"."""

    name: str
    data: dict[str, object]
    origins: tuple[str, ...] = ()  # the files it was merged from, shipped first


RuleFiles = Mapping[str, RuleFile]
