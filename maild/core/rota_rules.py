"""rules/rotas/*.toml: suppliers that may be asked by themselves, in order."""

from dataclasses import dataclass

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import ServiceType

FOLDER = "rotas/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RotaEntry:
    """One supplier: lower ranks are asked first. `assume_holds`: asked although nobody said that it holds the work."""

    symbol: str
    rank: int = 100
    assume_holds: bool = False
    services: frozenset[ServiceType] = frozenset(ServiceType)


class _Supplier(Table):
    rank: int = Field(100, ge=0)
    assume_holds: bool = False
    services: frozenset[ServiceType] = frozenset(ServiceType)


class _RotaFile(Table):
    supplier: dict[str, _Supplier] = Field(default={})


def load(files: RuleFiles) -> tuple[tuple[RotaEntry, ...], list[Problem]]:
    """Every supplier of every rota, lowest rank first, and every mistake."""
    entries: list[RotaEntry] = []
    problems: list[Problem] = []
    for file in sorted(name for name in files if name.startswith(FOLDER)):
        found, wrong = read(_RotaFile, file, files[file].data)
        problems += wrong
        tables = found.supplier if found is not None else {}
        entries += [RotaEntry(symbol=symbol, **dict(table)) for symbol, table in tables.items()]
    return tuple(sorted(entries, key=lambda entry: (entry.rank, entry.symbol))), problems
