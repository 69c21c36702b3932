"""partner preset: records of libraries that many desks know, to be filled in and imported."""

import typer

from maild import shipped
from maild.verbs.failures import NotFound

FOLDER = "presets"


def show(name: str | None) -> None:
    """The preset as CSV for `partner import`; without a name those that there are. Raises NotFound."""
    found = {file.stem: file for file in sorted((shipped("rules") / FOLDER).glob("*.csv"))}
    if name is None:
        for one in found:
            typer.echo(one)
        return
    if name not in found:
        raise NotFound(f"no preset {name}; there are: {', '.join(found)}")
    typer.echo(found[name].read_text("utf-8"), nl=False)
