"""The shipped lexicons, loaded once for the tests that read with them."""

import tomllib
from dataclasses import replace
from functools import cache

from maild import shipped
from maild.core.problems import RuleFile, RuleFiles
from maild.reading import rules
from maild.reading.gist import Found, Gist, Who
from maild.reading.phrase_files import load
from maild.reading.phrases import Lexicons
from maild.reading.rules import ReadingRules


def _shipped(name: str) -> RuleFile:
    table = tomllib.loads((shipped("rules") / name).read_text("utf-8"))
    table.pop("schema")
    return RuleFile(name=name, data=table)


@cache
def phrase_files() -> RuleFiles:
    """rules/phrases/*.toml as they are shipped."""
    names = sorted(path.name for path in (shipped("rules") / "phrases").glob("*.toml"))
    return {f"phrases/{name}": _shipped(f"phrases/{name}") for name in names}


@cache
def lexicons() -> Lexicons:
    """The shipped lexicons; mistakes in them fail the test that asks."""
    loaded, problems = load(phrase_files())
    assert problems == []
    return loaded


class Deaf(Gist):
    """A third judge that hears nothing."""

    def __init__(self) -> None:
        """Without a file."""

    def read(self, who: Who, text: str) -> dict[Found, float]:
        return {}


@cache
def phrases_alone() -> ReadingRules:
    """The same without the third judge, for what is not about it and is tried many times."""
    return replace(reading_rules(), gist=Deaf())


@cache
def reading_rules() -> ReadingRules:
    """Rules of reading with the shipped lexicons and labels, and nothing else."""
    names = ("dialects/labels.toml", "quotes.toml")
    loaded, problems = rules.load(
        {**phrase_files(), **{name: _shipped(name) for name in names}},
        prefixes=("KP",),
        zone="Europe/Helsinki",
        our_addresses=("ill@library.example",),
    )
    assert loaded is not None, problems
    return loaded
