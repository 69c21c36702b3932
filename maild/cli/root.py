"""The command itself, what every verb takes, and how a verb ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="maild",
    help="Runs an interlibrary-loan desk by e-mail.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help by rich costs twice what all the rest of it does
    add_completion=False,
)
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


def _version(wanted: bool) -> None:
    if wanted:
        from maild import __version__

        typer.echo(f"maild {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="The configuration file.", metavar="FILE")] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Runs an interlibrary-loan desk by e-mail."""
    context.obj = config


def run_verb(work: Callable[[], int | None]) -> None:
    """Runs a verb's work and ends with its exit code; known failures become a clear line and their code."""
    from maild.verbs.failures import exit_code_of

    try:
        code = work() or 0
    except Exception as err:
        known = exit_code_of(err)
        if known is None:
            raise
        typer.echo(str(err), err=True)
        code = known
    raise typer.Exit(code)
