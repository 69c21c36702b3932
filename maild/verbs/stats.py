"""stats."""

import json
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from maild.core.figures import rows
from maild.core.rules import Refused
from maild.store.figures import figures
from maild.verbs.configured import settings_of
from maild.verbs.opening import database_of


def show(config: Path | None, month: str, *, as_json: bool) -> None:
    """The figures of a month written as 2026-10. Raises Refused where it is none."""
    settings = settings_of(config)
    first = _first_of(month)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    since, until = (datetime.combine(day, time(), ZoneInfo(settings.site.zone)) for day in (first, after))
    with database_of(settings) as database, database.read() as session:
        told = rows(figures(session, since, until))
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, default=float))
        return
    for row in told:
        unit = row["unit"] if row["unit"] == "%" else f" {row['unit']}"
        typer.echo(f"{row['section']:<9} {row['name']}: {row['value']}{unit}".rstrip())


def _first_of(month: str) -> date:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as err:
        raise Refused(f"{month!r} is no month; write it like 2026-10") from err
