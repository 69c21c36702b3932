"""rules/pickup.toml: where loans can be taken off an open shelf, and whose may be sent to an office."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import LOAN_CONDITIONS

FILE = "pickup.toml"
Country = Literal["domestic", "nordic", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What may stand on an open shelf: from libraries of these countries, with none of these conditions."""

    countries: frozenset[str] = frozenset()
    not_with: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupRules:
    """`shelves` are the places with an open shelf; `office_groups`: whose loans may go to an office, empty for all."""

    shelves: Mapping[str, Shelf] = field(default_factory=dict)
    office_groups: frozenset[str] = frozenset()


class _SelfService(Table):
    countries: frozenset[Country] = frozenset({"domestic"})
    not_with: frozenset[str] = LOAN_CONDITIONS


class _Place(Table):
    self_service: bool
    countries: frozenset[Country] | None = None
    not_with: frozenset[str] | None = None


class _Office(Table):
    groups: frozenset[str] = frozenset()


class _PickupFile(Table):
    self_service: _SelfService = _SelfService()
    place: dict[str, _Place] = Field(default={})
    office: _Office = _Office()


def load(files: RuleFiles, places: Collection[str]) -> tuple[PickupRules, list[Problem]]:
    """The rules, and every mistake; without the file everything is handed over at the desk. `places`: site.pickup."""
    if FILE not in files:
        return PickupRules(), []
    found, problems = read(_PickupFile, FILE, files[FILE].data)
    if found is None:
        return PickupRules(), problems
    shelves = {name: _shelf(table, found.self_service) for name, table in found.place.items() if table.self_service}
    problems = [_no_such_place(name, places) for name in found.place if name not in places]
    conditions = {condition for shelf in shelves.values() for condition in shelf.not_with} | found.self_service.not_with
    problems += [_no_condition(name) for name in sorted(conditions - LOAN_CONDITIONS)]
    return PickupRules(shelves=shelves, office_groups=frozenset(map(str.casefold, found.office.groups))), problems


def _shelf(place: _Place, usual: _SelfService) -> Shelf:
    return Shelf(
        countries=place.countries if place.countries is not None else usual.countries,
        not_with=place.not_with if place.not_with is not None else usual.not_with,
    )


def _no_such_place(name: str, places: Collection[str]) -> Problem:
    known = ", ".join(sorted(places)) or "none"
    way_out = f"name one of site.pickup in maild.toml ({known}), or add it there"
    return Problem(file=FILE, place=f"place.{name}", what="no such place", way_out=way_out)


def _no_condition(name: str) -> Problem:
    known = ", ".join(sorted(LOAN_CONDITIONS))
    return Problem(file=FILE, place="not_with", what=f"no loan condition {name!r}", way_out=f"use some of {known}")
