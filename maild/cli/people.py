"""Partner libraries and patrons."""

from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

partner_app = typer.Typer(no_args_is_help=True, help="Partner libraries.")
app.add_typer(partner_app, name="partner")
patron_app = typer.Typer(no_args_is_help=True, help="Patrons.")
app.add_typer(patron_app, name="patron")


@partner_app.command("import")
def partner_import(context: typer.Context, file: Path) -> None:
    """Partners from a CSV file: all of it or nothing."""
    from maild.verbs import partners

    run_verb(lambda: partners.import_partners(context.obj, file))


@partner_app.command("add")
def partner_add(
    context: typer.Context,
    values: Annotated[list[str], typer.Argument(help='symbol=FI-X name="…" email=… domains=…, as the file has them.')],
) -> None:
    """Adds one partner, as a letter to staff about an unknown library proposes it."""
    from maild.verbs import partners, requests

    run_verb(lambda: partners.add_partner(context.obj, requests.values_of(values)))


@partner_app.command("edit")
def partner_edit(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(metavar="SYMBOL|NAME")],
    values: Annotated[list[str], typer.Argument(help="paused_from=2026-12-20 our_card=…, as the file has them.")],
) -> None:
    """Changes some cells of one partner; an empty one (phone=) is the default again."""
    from maild.verbs import partners, requests

    run_verb(lambda: partners.edit_partner(context.obj, partner, requests.values_of(values)))


@partner_app.command("show")
def partner_show(
    context: typer.Context, partner: Annotated[str, typer.Argument(metavar="SYMBOL|NAME")], as_json: Json = False
) -> None:
    """One partner's record, as the file has it."""
    from maild.verbs import partners

    run_verb(lambda: partners.show_partner(context.obj, partner, as_json=as_json))


@partner_app.command("duplicates")
def partner_duplicates(context: typer.Context, as_json: Json = False) -> None:
    """Records that may be of one library: same symbol, address or domain, nearly the same name."""
    from maild.verbs import partners

    run_verb(lambda: partners.show_duplicates(context.obj, as_json=as_json))


@partner_app.command("export")
def partner_export(context: typer.Context, file: Path) -> None:
    """All partners into a CSV file, which import takes back."""
    from maild.verbs import partners

    run_verb(lambda: partners.export_partners(context.obj, file))


@partner_app.command("preset")
def partner_preset(name: Annotated[str | None, typer.Argument()] = None) -> None:
    """The record of a library that many desks know, as CSV to fill in and import; without a name, which there are."""
    from maild.verbs import presets

    run_verb(lambda: presets.show(name))


@partner_app.command("list")
def partner_list(context: typer.Context, as_json: Json = False) -> None:
    """All partners, by name."""
    from maild.verbs import partners

    run_verb(lambda: partners.show_partners(context.obj, as_json=as_json))


@patron_app.command("import")
def patron_import(context: typer.Context, file: Path) -> None:
    """Patrons from a CSV file: all of it or nothing. They count as known to staff."""
    from maild.verbs import partners

    run_verb(lambda: partners.import_patrons(context.obj, file))


@patron_app.command("blocked")
def patron_blocked(
    context: typer.Context,
    file: Path,
    nobody: Annotated[bool, typer.Option("--nobody", help="The file may be empty: then nobody is blocked.")] = False,
) -> None:
    """Blocks the patrons whose cards stand in a CSV file, and frees all others."""
    from maild.verbs import partners

    run_verb(lambda: partners.block_patrons(context.obj, file, nobody=nobody))


@patron_app.command("list")
def patron_list(context: typer.Context, as_json: Json = False) -> None:
    """All patrons, by card number; no names."""
    from maild.verbs import partners

    run_verb(lambda: partners.show_patrons(context.obj, as_json=as_json))


@patron_app.command("block")
def patron_block(context: typer.Context, card: str) -> None:
    """This patron may borrow no more; staff are told of loans that were to go to the patron's office."""
    from maild.verbs import library_system

    run_verb(lambda: library_system.block(context.obj, card, blocked=True))


@patron_app.command("unblock")
def patron_unblock(context: typer.Context, card: str) -> None:
    """This patron may borrow again."""
    from maild.verbs import library_system

    run_verb(lambda: library_system.block(context.obj, card, blocked=False))


@patron_app.command("forget")
def patron_forget(context: typer.Context, who: Annotated[str, typer.Argument(metavar="CARD|ADDRESS")]) -> None:
    """Erases a patron everywhere; refuses while a request is open or a charge not settled."""
    from maild.verbs import privacy

    run_verb(lambda: privacy.forget(context.obj, who))


@app.command()
def export(
    context: typer.Context,
    patron: Annotated[str | None, typer.Option(help="Everything about this person.", metavar="CARD|ADDRESS")] = None,
    since: Annotated[str, typer.Option("--from", help="Requests registered from this day.")] = "2000-01-01",
    until: Annotated[str, typer.Option("--until", help="Requests registered before this day.")] = "9999-01-01",
) -> None:
    """Everything about one person, or the requests of a period without people, as JSON."""
    from maild.verbs import privacy

    if patron is not None:
        run_verb(lambda: privacy.export_patron(context.obj, patron))
    run_verb(lambda: privacy.export_period(context.obj, since, until))
