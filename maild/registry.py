"""The parsers in the order in which they are asked: the shipped ones, then those that a site has installed."""

from importlib.metadata import entry_points

from maild.core.reading import Parser
from maild.parsers import BUILTIN

GROUP = "maild.parsers"


def load_parsers() -> tuple[Parser, ...]:
    """One of each shipped parser, then one of each entry point of the group `maild.parsers`, by name.

    A site's parser comes last: it reads what the shipped ones leave, and cannot take a mail away from them.
    """
    shipped: list[Parser] = [parser() for parser in BUILTIN]
    installed: list[Parser] = [point.load()() for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)]
    return (*shipped, *installed)
