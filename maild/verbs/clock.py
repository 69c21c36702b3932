"""clock."""

from pathlib import Path

import typer

from maild.clock import SystemClock
from maild.notices.leap import COMMAND, told
from maild.store import ticks
from maild.verbs.configured import settings_of
from maild.verbs.failures import PROBLEMS
from maild.verbs.opening import database_of


def clock(config: Path | None, *, confirm: bool) -> int:
    """Says whether the clock leapt, 1 where it did; or that it is right all the same."""
    now = SystemClock().now()
    with database_of(settings_of(config)) as database:
        with database.read() as session:
            leapt = ticks.leap(session, now)
        if leapt is not None and not confirm:
            typer.echo(f"{told(leapt, now)}\n{COMMAND}")
            return PROBLEMS
        with database.write() as session:
            ticks.note(session, now)
    typer.echo(f"{now:%Y-%m-%d %H:%M} UTC it is")
    return 0
