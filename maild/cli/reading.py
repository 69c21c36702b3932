"""Mail read by hand: what parse, explain and eval show of it."""

from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

Contexts = Annotated[Path | None, typer.Option("--context", help="What is known of each mail, one JSON object a line.")]
Now = Annotated[str | None, typer.Option("--now", help="The moment of reading, 2026-11-21T10:00+02:00.")]


@app.command()
def parse(context: typer.Context, files: list[Path], contexts: Contexts = None, now: Now = None) -> None:
    """Reads mails and prints one JSON object a line; changes nothing."""
    from maild.verbs import reading

    run_verb(lambda: reading.parse(context.obj, files, contexts, now))


@app.command()
def explain(context: typer.Context, file: Path, contexts: Contexts = None, now: Now = None) -> None:
    """The same for a person: which parser, which passage, which rule, why left to staff."""
    from maild.verbs import reading

    run_verb(lambda: reading.explain(context.obj, file, contexts, now))


@app.command("eval")
def evaluate(context: typer.Context, folder: Path, as_json: Json = False) -> None:
    """A labelled folder of mails against the present rules: wrong, right, missed, left, and the failures."""
    from maild.verbs import reading

    run_verb(lambda: reading.evaluate(context.obj, folder, as_json=as_json))
