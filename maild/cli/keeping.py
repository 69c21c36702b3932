"""What is kept: the database, copies of it, and the inputs that are decided again."""

from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db_app, name="db")


@app.command()
def replay(
    context: typer.Context,
    verify: Annotated[bool, typer.Option("--verify", help="Compare what comes out with what was stored.")] = False,
    as_json: Json = False,
) -> None:
    """Reads and decides every stored input again under the rules recorded with it, and compares."""
    from maild.verbs import keeping

    if not verify:
        raise typer.BadParameter("say --verify: replay compares, and does nothing else")
    run_verb(lambda: keeping.replay(context.obj, as_json=as_json))


@app.command()
def backup(context: typer.Context, path: Path) -> None:
    """A whole copy of the database, taken while the daemon works."""
    from maild.verbs import keeping

    run_verb(lambda: keeping.backup(context.obj, path))


@app.command()
def restore(context: typer.Context, path: Path) -> None:
    """Puts a copy in the database's place; letters are held until you release them."""
    from maild.verbs import keeping

    run_verb(lambda: keeping.restore(context.obj, path))


@db_app.command("upgrade")
def db_upgrade(context: typer.Context) -> None:
    """Creates the database, or brings its schema to this version's."""
    from maild.verbs import keeping

    run_verb(lambda: keeping.upgrade(context.obj))
