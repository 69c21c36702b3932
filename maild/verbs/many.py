"""request many: the same thing done to many requests, looked at before it is done."""

import getpass
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from maild.core.effects import Command, Decision, Move, SendLetter
from maild.core.reading import Event
from maild.core.request import Request
from maild.core.rules import Refused
from maild.core.terms import Role
from maild.process import Desk
from maild.settings import Settings
from maild.store import inputs
from maild.store import requests as store
from maild.store.database import Database
from maild.store.requests import Filters
from maild.verbs.configured import settings_of
from maild.verbs.failures import PROBLEMS
from maild.verbs.opening import database_of, desk_of
from maild.verbs.requests import event_named, statuses_named, values_of

MOST = 10_000  # requests at once


class Fate(StrEnum):
    """What became of one request."""

    DONE = "done"
    REFUSED = "refused"
    BEFORE = "done already today"


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """The requests that are meant, as they were typed; what is not said does not matter."""

    status: str | None = None
    role: str | None = None
    partner: str = ""
    before: datetime | None = None  # a day: opened earlier than it


def do_many(config: Path | None, event: str, values: Sequence[str], which: Which, *, notify: bool, go: bool) -> int:
    """Shows what would become of each request, or does it; the exit code. Raises Refused for what makes no sense."""
    settings = settings_of(config)
    pattern = Command(
        number="",
        event=Event(event=event_named(event)),
        actor=getpass.getuser(),
        values=values_of(values),
        notify=notify,
    )
    with database_of(settings) as database, desk_of(settings, database) as desk:
        found = _meant(database, which, settings)
        today = desk.now().astimezone(ZoneInfo(settings.site.zone)).date()
        fates = Counter(_one(desk, database, _of(pattern, number, today), go=go) for number in found)
    told = f"{fates[Fate.DONE]} {'done' if go else 'would be done'}, {fates[Fate.REFUSED]} refused"
    told += f", {fates[Fate.BEFORE]} {Fate.BEFORE}" if fates[Fate.BEFORE] else ""
    typer.echo(told + ("" if go else "; add --go"))
    return PROBLEMS if fates[Fate.REFUSED] else 0


def _meant(database: Database, which: Which, settings: Settings) -> list[str]:
    """Numbers of open requests. Raises Refused where nothing narrows them down."""
    if which.status is None and not which.partner and which.before is None:
        raise Refused("say which requests: --status, --partner or --before")
    zone = ZoneInfo(settings.site.zone)
    filters = Filters(
        role=_role(which.role),
        statuses=statuses_named(which.status),
        open_only=True,
        partner_symbol=which.partner,
        created_before=datetime.combine(which.before, time.min, zone) if which.before else None,
        limit=MOST,
    )
    with database.read() as session:
        return [request.number for request in store.requests(session, filters)]


def _role(name: str | None) -> Role | None:
    if name is not None and name not in set(Role):
        raise Refused(f"no role {name!r}; there are: {', '.join(Role)}")
    return Role(name) if name else None


def _of(pattern: Command, number: str, today: date) -> Command:
    """The command for one request. Typed again on the same day it is the same one, so that nobody is told twice."""
    typed = json.dumps([today.isoformat(), number, pattern.event.event, pattern.values, pattern.notify], sort_keys=True)
    return replace(pattern, number=number, id=hashlib.sha256(typed.encode()).hexdigest()[:32])


def _one(desk: Desk, database: Database, command: Command, *, go: bool) -> Fate:
    """Does it, or says what it would do."""
    with database.read() as session:
        request = store.by_number(session, command.number)
        before = inputs.is_decided(session, "command", command.id)
    if before:
        typer.echo(f"{command.number}  {Fate.BEFORE}")
        return Fate.BEFORE
    try:
        decision = desk.command(command) if go else desk.would(command)
    except Refused as err:
        typer.echo(f"{command.number}  refused: {err}")
        return Fate.REFUSED
    typer.echo(f"{command.number}  {_told(decision, request)}")
    return Fate.DONE


def _told(decision: Decision, request: Request | None) -> str:
    """What changes, in a line: the status before and after, and the letters with their readers."""
    was = request.status.value if request else ""
    to = next((e.to.value for e in reversed(decision.effects) if isinstance(e, Move)), was)
    letters = [f"{e.letter} to {e.to}" for e in decision.effects if isinstance(e, SendLetter)]
    return f"{was} → {to}; {', '.join(letters) or 'no letter'}"
