"""rules/rotas/*.toml: suppliers that may be asked by themselves, in order; one rota a file."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import ServiceType

FOLDER = "rotas/"
DEFAULT = "default"
Country = Literal["domestic", "nordic", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaEntry:
    """One supplier: lower ranks are asked first. `assume_holds`: asked although nobody said that it holds the work."""

    symbol: str
    rank: int = 100
    assume_holds: bool = False
    services: frozenset[ServiceType] = frozenset(ServiceType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Suppliers, lowest rank first. `countries`: by itself it asks only those there; empty is anywhere."""

    name: str = DEFAULT
    entries: tuple[RotaEntry, ...] = ()
    countries: frozenset[str] = frozenset()


class _Supplier(Table):
    rank: int = Field(100, ge=0)
    assume_holds: bool = False
    services: frozenset[ServiceType] = frozenset(ServiceType)


class _RotaFile(Table):
    countries: frozenset[Country] = frozenset()
    supplier: dict[str, _Supplier] = Field(default={})


def load(files: RuleFiles) -> tuple[dict[str, Rota], list[Problem]]:
    """Every rota by its name, and every mistake; the default one is there even without a file."""
    rotas = {DEFAULT: Rota()}
    problems: list[Problem] = []
    for file in sorted(name for name in files if name.startswith(FOLDER)):
        name = file.removeprefix(FOLDER).removesuffix(".toml")
        found, wrong = read(_RotaFile, file, files[file].data)
        problems += wrong
        if found is not None:
            rotas[name] = _rota(name, found)
    return rotas, problems


def _rota(name: str, found: _RotaFile) -> Rota:
    entries = [RotaEntry(symbol=symbol, **dict(table)) for symbol, table in found.supplier.items()]
    ranked = sorted(entries, key=lambda entry: (entry.rank, entry.symbol))
    return Rota(name=name, entries=tuple(ranked), countries=frozenset(found.countries))
