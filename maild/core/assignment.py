"""rules/assignment.toml: which rota a new request is sent round by, the first rule that fits."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.reading import Citation, Money
from maild.core.request import Patron, Request
from maild.core.rota_rules import DEFAULT, FOLDER
from maild.core.rulefiles import Table, read
from maild.core.terms import ServiceType

FILE = "assignment.toml"
FIELDS = frozenset(Citation.__dataclass_fields__)
DIGITS = frozenset({"isbn", "issn"})  # compared without hyphens
MAX_PATTERNS = 500  # of one field of one rule
MAX_PATTERN = 80  # characters
MAX_STARS = 4
MAX_VALUE = 300  # characters of the citation that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRule:
    """Requests that fit all that it names go round by `rota`. Empty: no condition.

    `citation` are patterns by field ("*" is anything), one of which must fit; `groups` are patron groups; `abroad` is
    the patron's word on suppliers abroad; `max_cost_*` look at the price that the patron will pay, if one is stated.
    """

    name: str
    rota: str
    order: int = 100
    services: frozenset[ServiceType] = frozenset()
    groups: frozenset[str] = frozenset()
    citation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    abroad: bool | None = None
    max_cost_from: Money | None = None
    max_cost_below: Money | None = None

    def fits(self, request: Request, patron: Patron | None) -> bool:
        """Whether the request meets every condition."""
        group = patron.group.casefold() if patron is not None else ""
        return (
            (not self.services or request.service_type in self.services)
            and (not self.groups or group in self.groups)
            and (self.abroad is None or request.abroad_ok is self.abroad)
            and _within(request.max_cost, self.max_cost_from, self.max_cost_below)
            and all(_matches(name, patterns, request.citation) for name, patterns in self.citation.items())
        )


def rota_name(request: Request, patron: Patron | None, rules: Collection[AssignmentRule]) -> str:
    """The rota of the first rule that fits, else the default one."""
    return next((rule.rota for rule in rules if rule.fits(request, patron)), DEFAULT)


def _within(stated: Money | None, least: Money | None, below: Money | None) -> bool:
    """Whether the price lies between the two; one in another currency, or none, lies nowhere."""
    bounds = [bound for bound in (least, below) if bound is not None]
    if not bounds:
        return True
    if stated is None or any(stated.currency != bound.currency for bound in bounds):
        return False
    return (least is None or stated.amount >= least.amount) and (below is None or stated.amount < below.amount)


def _matches(name: str, patterns: Collection[str], citation: Citation) -> bool:
    values = _forms(name, getattr(citation, name) or "")
    return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)


def _forms(name: str, value: str) -> list[str]:
    """The value as patterns are compared with it; an old ISBN also as a new one, whose check digit does not matter."""
    plain = _plain(name, value[:MAX_VALUE])
    old = name == "isbn" and len(plain) == 10
    return [one for one in (plain, f"978{plain[:9]}-" if old else "") if one]


def _plain(name: str, text: str) -> str:
    folded = " ".join(text.casefold().split())
    return folded.replace("-", "").replace(" ", "") if name in DIGITS else folded


class _Price(Table):
    amount: Decimal = Field(ge=0)
    currency: str = Field(pattern="^[A-Z]{3}$")


class _Rule(Table):
    rota: str
    order: int = Field(100, ge=0)
    services: frozenset[ServiceType] = frozenset()
    groups: tuple[str, ...] = ()
    citation: dict[str, tuple[str, ...]] = Field(default={})
    abroad: bool | None = None
    max_cost_from: _Price | None = None
    max_cost_below: _Price | None = None


class _AssignmentFile(Table):
    rule: dict[str, _Rule] = Field(default={})


def load(files: RuleFiles, rotas: Collection[str]) -> tuple[tuple[AssignmentRule, ...], list[Problem]]:
    """The rules, lowest order first, and every mistake; without the file every request goes round by the default rota.

    `rotas` are the names of all rotas.
    """
    found, problems = read(_AssignmentFile, FILE, files[FILE].data) if FILE in files else (_AssignmentFile(), [])
    if found is None:
        return (), problems
    for name, table in found.rule.items():
        problems += _mistakes(f"rule.{name}", table, rotas)
    named = {table.rota for table in found.rule.values()} | {DEFAULT}
    problems += [_unused(name) for name in sorted(set(rotas) - named)]
    ordered = sorted(found.rule.items(), key=lambda item: item[1].order)  # stable: else as they stand in the file
    return tuple(_rule(name, table) for name, table in ordered), problems


def _rule(name: str, table: _Rule) -> AssignmentRule:
    return AssignmentRule(
        name=name,
        rota=table.rota,
        order=table.order,
        services=table.services,
        groups=frozenset(group.casefold() for group in table.groups),
        citation={f: tuple(_plain(f, pattern) for pattern in patterns) for f, patterns in table.citation.items()},
        abroad=table.abroad,
        max_cost_from=_money(table.max_cost_from),
        max_cost_below=_money(table.max_cost_below),
    )


def _money(price: _Price | None) -> Money | None:
    return Money(amount=price.amount, currency=price.currency) if price is not None else None


def _mistakes(place: str, table: _Rule, rotas: Collection[str]) -> Iterator[Problem]:
    if table.rota not in rotas:
        known = ", ".join(sorted(rotas))
        yield _problem(f"{place}.rota", f"no rota {table.rota!r}", f"write {FOLDER}{table.rota}.toml, or use {known}")
    for name, patterns in table.citation.items():
        where = f"{place}.citation.{name}"
        if name not in FIELDS:
            yield _problem(where, "no such field of a citation", f"use one of: {', '.join(sorted(FIELDS))}")
        if not 1 <= len(patterns) <= MAX_PATTERNS:
            yield _problem(where, f"{len(patterns)} patterns", f"give 1 to {MAX_PATTERNS}")
        for pattern in patterns:
            if not 1 <= len(pattern) <= MAX_PATTERN or pattern.count("*") > MAX_STARS or set(pattern) & set("[]?"):
                way_out = f"at most {MAX_PATTERN} characters and {MAX_STARS} of *, which is anything; no [, ] or ?"
                yield _problem(where, f"the pattern {pattern[:MAX_PATTERN]!r} is none", way_out)


def _unused(name: str) -> Problem:
    what, way_out = "no rule leads to this rota", f"name it in {FILE}, or take the file away"
    return Problem(file=f"{FOLDER}{name}.toml", place="file", what=what, way_out=way_out)


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)
