"""request list, show, do."""

import getpass
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter
from sqlmodel import Session

from maild import house
from maild.core.effects import AskStaff, Command, Decision, OpenRequest, SendLetter
from maild.core.notice_rules import Notice
from maild.core.reading import Event
from maild.core.request import Request
from maild.core.rules import Refused
from maild.core.terms import EventName, Status
from maild.rulebook import WrongRules
from maild.settings import Settings
from maild.store import notices, outbox, records
from maild.store import requests as store
from maild.store.requests import Filters
from maild.verbs import request_sheet
from maild.verbs.configured import settings_of
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of, desk_of
from maild.verbs.request_sheet import Planned, Sheet

REQUEST = TypeAdapter(Request)


def show_list(config: Path | None, *, status: str | None, closed: bool, as_json: bool) -> None:
    """Requests, oldest number first. Raises Refused for a status that there is not."""
    filters = Filters(statuses=statuses_named(status), open_only=not closed)
    with database_of(settings_of(config)) as database, database.read() as session:
        found = store.requests(session, filters)
    if as_json:
        typer.echo(json.dumps([REQUEST.dump_python(r, mode="json", exclude_defaults=True) for r in found]))
        return
    for r in found:
        flags = f" [{', '.join(sorted(r.flags))}]" if r.flags else ""
        due = next((f" due {i.due_date:%d.%m.%Y}" for i in r.items if i.due_date), "")
        title = r.citation.article_title or r.citation.title or ""
        typer.echo(f"{r.number}  {r.role:<9} {r.service_type:<4} {r.status}{flags}{due}  {title}")


def statuses_named(status: str | None) -> tuple[Status, ...]:
    """The status of that name, or none for None. Raises Refused with those that there are."""
    if status is None:
        return ()
    if status not in set(Status):
        raise Refused(f"no status {status!r}; there are: {', '.join(Status)}")
    return (Status(status),)


def show(config: Path | None, number: str, *, as_json: bool) -> None:
    """One request with its timeline. Raises NotFound."""
    settings = settings_of(config)
    with database_of(settings) as database, database.read() as session:
        found = store.by_number(session, number.upper())
        if found is None:
            raise NotFound(f"no request {number}; see `maild request list --closed`")
        sheet = _sheet(session, found, settings)
    facts = REQUEST.dump_python(found, mode="json", exclude_defaults=True)
    if as_json:
        line = [asdict(e) for e in sheet.entries]
        typer.echo(json.dumps({"request": facts, "timeline": line}, ensure_ascii=False, default=str))
        return
    for text in request_sheet.lines(sheet, ZoneInfo(settings.site.zone)):
        typer.echo(text)
    typer.echo("\nin full")
    for key, value in facts.items():
        typer.echo(f"{key}: {json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value}")


def _sheet(session: Session, found: Request, settings: Settings) -> Sheet:
    """The request with all that stands around it; without the words of the rules where those cannot be used."""
    partner = records.partner_of(session, found)
    try:
        rules = house.paper_of(settings).rulebook.rules
    except WrongRules:  # a mistake in a rule file is no reason to show nobody where a loan stands
        state, known = None, dict[str, Notice]()
    else:
        state, known = rules.workflow(found, partner).state(found.status), dict(rules.notices)
    return Sheet(
        request=found,
        partner=partner,
        patron=records.patron_of(session, found),
        state=state,
        tasks=tuple(task for task in store.tasks(session) if task.number == found.number),
        unsent=tuple(one for one in outbox.unsent(session) if one.number == found.number),
        planned=tuple(
            Planned(due=due, name=name, rule=known.get(name)) for due, name in notices.planned(session, found.id)
        ),
        entries=tuple(store.timeline(session, found.number)),
    )


def do(config: Path | None, number: str, event: str, values: list[str], *, notify: bool) -> None:
    """Carries out an event by hand. Raises Refused with the reason where it may not be."""
    settings = settings_of(config)
    command = Command(
        number=number.upper(),
        event=Event(event=event_named(event)),
        actor=getpass.getuser(),
        values=values_of(values),
        notify=notify,
        id=uuid4().hex,
    )
    with database_of(settings) as database, desk_of(settings, database) as desk:
        with database.read() as session:
            waiting = [task.id for task in store.tasks(session) if task.number == command.number]
        decision = desk.command(command)
        with database.write() as session:  # what waited is dealt with; what the command itself asks is not
            for task in waiting:
                store.settle(session, task, command.actor, desk.now())
            held = [e for e in decision.effects if isinstance(e, SendLetter) and e.hold]
            fates = [_fate(letter, outbox.state_of(session, letter)) for letter in held]
            found = store.by_number(session, command.number)
    typer.echo(decision.why or "done")
    if found is not None:
        flags = f" [{', '.join(sorted(found.flags))}]" if found.flags else ""
        typer.echo(f"{found.number} stands at {found.status}{flags}")
    for line in (*_left_to_do(decision), *fates):
        typer.echo(line)


def _left_to_do(decision: Decision) -> Iterator[str]:
    """What the command leaves to staff, with the commands that would settle it."""
    for effect in decision.effects:
        if isinstance(effect, AskStaff):
            yield f"to do: {effect.text}"
            yield from (f"  {command}" for command in effect.commands)


def _fate(letter: SendLetter, state: str) -> str:
    """What becomes of a letter that was to wait for staff, by how it came into the outbox."""
    told = f"{letter.letter} to {letter.to}"
    if state == "held":
        return f"held: {told}; maild queue release {letter.number} sends it"
    if state == "shadow":
        return f"not sent: {told}; it is kept and never sent, for it is in shadow"
    return f"not written: {told}; it is off here"


def adopt(config: Path | None, partner: str, patron: str, values: list[str], *, notify: bool) -> None:
    """Makes a request of what came without one. Raises Refused with what is missing, or which request it is."""
    command = Command(
        number="",
        event=Event(event=EventName.ADOPT),
        actor=getpass.getuser(),
        values=values_of(values) | {"partner": partner, "patron": patron},
        notify=notify,
        id=uuid4().hex,
    )
    settings = settings_of(config)
    with database_of(settings) as database, desk_of(settings, database) as desk:
        decision = desk.command(command)
    number = next(effect.number for effect in decision.effects if isinstance(effect, OpenRequest))
    typer.echo(f"{number}: {decision.why}")


def event_named(name: str) -> EventName:
    """The event of that name. Raises Refused with those that there are."""
    if name not in set(EventName):
        raise Refused(f"no event {name!r}; there are: {', '.join(EventName)}")
    return EventName(name)


def values_of(words: Sequence[str]) -> dict[str, str]:
    """The values typed as key=value. Raises Refused."""
    out: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise Refused(f"{word!r} is no key=value")
        if key in out:
            raise Refused(f"{key}= is given twice: {out[key]!r} and {value!r}")
        out[key] = value
    return out
