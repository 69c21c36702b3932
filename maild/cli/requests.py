"""The requests, and the figures of them."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb

request_app = typer.Typer(no_args_is_help=True, help="The requests.")
app.add_typer(request_app, name="request")


@request_app.command("list")
def request_list(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Closed ones too.")] = False,
    as_json: Json = False,
) -> None:
    """Open requests, newest first."""
    from maild.verbs import requests

    run_verb(lambda: requests.show_list(context.obj, status=status, closed=closed, as_json=as_json))


@request_app.command("show")
def request_show(context: typer.Context, number: str, as_json: Json = False) -> None:
    """One request with its timeline: every mail, decision with its reason, letter, notice."""
    from maild.verbs import requests

    run_verb(lambda: requests.show(context.obj, number, as_json=as_json))


@request_app.command("do")
def request_do(
    context: typer.Context,
    number: str,
    event: str,
    values: Annotated[list[str] | None, typer.Argument(help="due_date=2026-12-03 item_id=123 …")] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Whether letters go out; notify=ask: held.")
    ] = True,
) -> None:
    """Does something to a request by hand: the one way to change it."""
    from maild.verbs import requests

    run_verb(lambda: requests.do(context.obj, number, event, values or [], notify=notify))


@request_app.command("adopt")
def request_adopt(
    context: typer.Context,
    partner: Annotated[str, typer.Argument(metavar="SYMBOL|NAME", help="The library that it came from.")],
    patron: Annotated[str, typer.Argument(metavar="CARD|ADDRESS", help="Who ordered it there.")],
    values: Annotated[list[str], typer.Argument(help='title="Talvi" item_id=3012 due_date=2026-12-03 …')],
    notify: Annotated[bool, typer.Option("--notify/--no-notify", help="Whether letters go out.")] = True,
) -> None:
    """Takes on what came without a request of ours: a patron ordered it at the library itself."""
    from maild.verbs import requests

    run_verb(lambda: requests.adopt(context.obj, partner, patron, values, notify=notify))


@request_app.command("edit")
def request_edit(
    context: typer.Context,
    number: str,
    values: Annotated[list[str], typer.Argument(help="title=… pickup=… due_date=2026-12-03 notify=yes|ask|no …")],
) -> None:
    """Puts right what stands on a request; who was told otherwise gets a correction once you release it."""
    from maild.verbs import requests

    run_verb(lambda: requests.do(context.obj, number, "Edit", values, notify=True))


@request_app.command("many")
def request_many(
    context: typer.Context,
    event: str,
    values: Annotated[list[str] | None, typer.Argument(help="as for do, e.g. letter=delayed")] = None,
    status: Annotated[str | None, typer.Option(help="Those that stand at this status.")] = None,
    role: Annotated[str | None, typer.Option(help="borrowing or lending.")] = None,
    partner: Annotated[str, typer.Option(help="Those with the partner of this symbol.")] = "",
    before: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Those opened before this day.")] = None,
    notify: Annotated[
        bool, typer.Option("--notify/--no-notify", help="Whether letters go out; notify=ask: held.")
    ] = True,
    go: Annotated[bool, typer.Option("--go", help="Do it; without this it is only shown.")] = False,
) -> None:
    """Does the same to many open requests: shows first what would become of each, and does it with --go."""
    from maild.verbs import many

    which = many.Which(status=status, role=role, partner=partner, before=before)
    run_verb(lambda: many.do_many(context.obj, event, values or [], which, notify=notify, go=go))


@request_app.command("settle")
def request_settle(context: typer.Context, number: str) -> None:
    """Says that the charges of a request are paid or let off: then its patron may be erased."""
    from maild.verbs import privacy

    run_verb(lambda: privacy.settle(context.obj, number))


@app.command()
def stats(
    context: typer.Context, month: Annotated[str, typer.Argument(metavar="YYYY-MM")], as_json: Json = False
) -> None:
    """The figures of a month: requests, how many were filled and how fast, letters, who did the work."""
    from maild.verbs import stats as verb

    run_verb(lambda: verb.show(context.obj, month, as_json=as_json))


@app.command()
def charges(
    context: typer.Context,
    file: Path,
    since: Annotated[str, typer.Option("--from", help="Lines noted from this day.")] = "2000-01-01",
    until: Annotated[str, typer.Option("--until", help="Lines noted before this day.")] = "9999-01-01",
    open_only: Annotated[bool, typer.Option("--open", help="Only what is not settled.")] = False,
    payer: Annotated[str | None, typer.Option(help="Only what this one pays: us, partner or patron.")] = None,
) -> None:
    """The charge lines of a time as CSV, with the partners' invoicing addresses; no patrons."""
    from maild.verbs import charges as verb

    run_verb(lambda: verb.write_charges(context.obj, file, since, until, open_only=open_only, payer=payer))
