"""The daemon, and how it is."""

from pathlib import Path
from typing import Annotated

import typer

from maild.cli.root import Json, app, run_verb


@app.command()
def run(context: typer.Context) -> None:
    """The daemon: takes mail, decides, watches the dates, sends."""
    from maild.verbs import running

    run_verb(lambda: running.run(context.obj))


@app.command()
def once(context: typer.Context) -> None:
    """The same until nothing is left to do, then the end."""
    from maild.verbs import running

    run_verb(lambda: running.once(context.obj))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo leaves its mails, letters and database.")] = Path(
        "maild-demo"
    ),
) -> None:
    """A month of a desk on this machine, with real sockets; prints the timeline."""
    from maild.verbs import demo as verb

    run_verb(lambda: verb.demo(folder))


@app.command()
def check(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no server.")] = False,
    as_json: Json = False,
) -> None:
    """Configuration, rules, letters, database, and a login to each server."""
    from maild.verbs import checking

    run_verb(lambda: checking.check(context.obj, offline=offline, as_json=as_json))


@app.command()
def status(
    context: typer.Context,
    as_json: Json = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="For Prometheus instead of text.")] = False,
) -> None:
    """Health for monitoring: what waits, what failed, what was set aside, what the daemon last did."""
    from maild.verbs import checking

    run_verb(lambda: checking.status(context.obj, as_json=as_json, as_metrics=metrics))


@app.command()
def clock(
    context: typer.Context,
    confirm: Annotated[bool, typer.Option("--confirm", help="The clock is right although it leapt: go on.")] = False,
) -> None:
    """Whether the clock went on as clocks do; by one that leapt nothing is decided, noticed or erased."""
    from maild.verbs import clock

    run_verb(lambda: clock.clock(context.obj, confirm=confirm))
