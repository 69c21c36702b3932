"""rules graph: the workflow profiles as pictures."""

from pathlib import Path
from typing import Literal

import typer

from maild import house
from maild.core import graph
from maild.verbs.configured import settings_or_defaults
from maild.verbs.failures import NotFound

Form = Literal["mermaid", "svg"]


def rules_graph(config: Path | None, name: str, form: Form) -> None:
    """One profile on standard output. Raises NotFound with the names that there are."""
    workflows = house.paper_of(settings_or_defaults(config)).rulebook.rules.workflows
    if name not in workflows:
        raise NotFound(f"no profile {name!r}; there are: {', '.join(sorted(workflows))}")
    typer.echo(graph.svg(workflows[name]) if form == "svg" else graph.mermaid(workflows[name]), nl=False)
