"""The rules, the letters and the configuration."""

from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

rules_app = typer.Typer(no_args_is_help=True, help="The rules.")
app.add_typer(rules_app, name="rules")
letters_app = typer.Typer(no_args_is_help=True, help="The letters.")
app.add_typer(letters_app, name="letters")
config_app = typer.Typer(no_args_is_help=True, help="The configuration.")
app.add_typer(config_app, name="config")


@rules_app.command("check")
def rules_check(context: typer.Context, as_json: Json = False) -> None:
    """Every mistake in every rule file, with file, place and a way out."""
    from maild.verbs import checking

    run_verb(lambda: checking.rules_check(context.obj, as_json=as_json))


@rules_app.command("show")
def rules_show(
    context: typer.Context,
    name: str,
    origin: Annotated[bool, typer.Option("--origin", help="Say which files it is from.")] = False,
) -> None:
    """A merged rule file, like workflows/borrowing-loan."""
    from maild.verbs import checking

    run_verb(lambda: checking.rules_show(context.obj, name, origin=origin))


@rules_app.command("graph")
def rules_graph(
    context: typer.Context,
    name: str,
    svg: Annotated[bool, typer.Option("--svg", help="A drawing instead of Mermaid.")] = False,
) -> None:
    """A workflow profile as a picture, like borrowing-loan."""
    from maild.verbs import graphs

    run_verb(lambda: graphs.rules_graph(context.obj, name, "svg" if svg else "mermaid"))


@letters_app.command("check")
def letters_check(context: typer.Context, as_json: Json = False) -> None:
    """Every letter in every language with sample facts, and what is wrong with it."""
    from maild.verbs import checking

    run_verb(lambda: checking.letters_check(context.obj, as_json=as_json))


@letters_app.command("preview")
def letters_preview(
    context: typer.Context,
    folder: Path,
    names: Annotated[list[str] | None, typer.Argument(help="These letters; none: all.")] = None,
) -> None:
    """A gallery of the letters in a folder: each in every language, as text and HTML, with several samples."""
    from maild.verbs import letters

    run_verb(lambda: letters.preview(context.obj, folder, names or []))


@letters_app.command("slip")
def letters_slip(
    context: typer.Context,
    number: str,
    kind: Annotated[str, typer.Argument(help="loan, return or pickup.")],
    file: Path,
    size: Annotated[str, typer.Option("--size", help="A6 or A4.")] = "A6",
    language: Annotated[str | None, typer.Option("--language", help="fi, sv or en; else the site's.")] = None,
    parcel: Annotated[str, typer.Option("--parcel", help="The carrier's number, to stand on it.")] = "",
) -> None:
    """A slip of paper for a request as PDF, with its number as a barcode (needs the extra slips)."""
    from maild.verbs import letters

    run_verb(lambda: letters.slip(context.obj, number, kind, file, size=size, language=language, parcel=parcel))


@config_app.command("example")
def config_example() -> None:
    """maild.toml with every setting, its meaning and its default."""
    from maild.configuration import example

    typer.echo(example(), nl=False)
