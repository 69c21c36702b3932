"""The shipped lexicons, loaded once for the tests that read with them."""

import tomllib
from functools import cache

from maild import shipped
from maild.core.problems import RuleFile, RuleFiles
from maild.reading import auto_replies, dialects, forms, phrases, quote_rules
from maild.reading.phrases import Lexicons
from maild.reading.rules import ReadingRules


@cache
def phrase_files() -> RuleFiles:
    """rules/phrases/*.toml as they are shipped."""
    files = {}
    for path in sorted((shipped("rules") / "phrases").glob("*.toml")):
        table = tomllib.loads(path.read_text("utf-8"))
        table.pop("schema")
        files[f"phrases/{path.name}"] = RuleFile(name=f"phrases/{path.name}", data=table)
    return files


@cache
def lexicons() -> Lexicons:
    """The shipped lexicons; mistakes in them fail the test that asks."""
    loaded, problems = phrases.load(phrase_files())
    assert problems == []
    return loaded


@cache
def reading_rules() -> ReadingRules:
    """Rules of reading with the shipped lexicons and nothing else."""
    return ReadingRules(
        prefixes=("KP",),
        zone="Europe/Helsinki",
        our_addresses=("ill@library.example",),
        lexicons=lexicons(),
        quotes=quote_rules.load({})[0],
        forms=forms.load({})[0],
        dialects=dialects.load({})[0],
        auto_replies=auto_replies.load_auto_replies({})[0],
    )
