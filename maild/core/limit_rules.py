"""rules/limits.toml: how many requests may be open at a time, and when the house does not lend at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.request import Patron
from maild.core.rulefiles import Table, read
from maild.core.workdays import Closure

FILE = "limits.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """0 is no limit. `retry_days`: when a library that was turned down for a limit may try again."""

    lending: int = 0
    lending_of_one: int = 0
    retry_days: int = 14
    patron: int = 0
    patron_groups: Mapping[str, int] = field(default_factory=dict)
    patron_loans: int = 0
    closed: tuple[Closure, ...] = ()

    def of_patron(self, patron: Patron) -> int:
        """How many requests of this patron may be open: the group's number, else everybody's."""
        return self.patron_groups.get(patron.group.casefold(), self.patron)


class _Lending(Table):
    max_open: int = Field(0, ge=0)
    max_open_of_one: int = Field(0, ge=0)
    retry_days: int = Field(14, ge=1, le=365)


class _Patron(Table):
    max_open: int = Field(0, ge=0)
    max_loans: int = Field(0, ge=0)
    groups: dict[str, Annotated[int, Field(ge=0)]] = Field(default={})


class _Closed(Table):
    first: date
    last: date
    name: str = ""


class _LimitsFile(Table):
    lending: _Lending = _Lending()
    patron: _Patron = _Patron()
    closed: dict[str, _Closed] = Field(default={})


def load(files: RuleFiles) -> tuple[Limits, list[Problem]]:
    """The limits, and every mistake; without the file there are none."""
    if FILE not in files:
        return Limits(), []
    found, problems = read(_LimitsFile, FILE, files[FILE].data)
    if found is None:
        return Limits(), problems
    problems = [_backwards(key) for key, closed in found.closed.items() if closed.last < closed.first]
    closed = tuple(Closure(first=c.first, last=c.last, name=c.name or key) for key, c in found.closed.items())
    lending = found.lending
    return Limits(
        lending=lending.max_open,
        lending_of_one=lending.max_open_of_one,
        retry_days=lending.retry_days,
        patron=found.patron.max_open,
        patron_groups={group.casefold(): number for group, number in found.patron.groups.items()},
        patron_loans=found.patron.max_loans,
        closed=closed,
    ), problems


def _backwards(key: str) -> Problem:
    return Problem(file=FILE, place=f"closed.{key}", what="ends before it begins", way_out="give first and last day")
