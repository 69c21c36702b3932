"""patron forget, request settle, export."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
import typer

from maild.clock import SystemClock
from maild.core.counted import counted
from maild.core.rules import Refused
from maild.store import erasing, telling
from maild.verbs.configured import settings_of
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of, midnight_of

log = structlog.get_logger()


def forget(config: Path | None, who: str) -> None:
    """Erases a patron (art. 17). Raises NotFound, or Refused with what stands against it."""
    now = SystemClock().now()
    with database_of(settings_of(config)) as database:
        with database.write() as session:
            found = erasing.patrons(session, who)
            if not found:
                raise NotFound("no patron with that card number or address; see `maild patron list`")
            reasons = [why for patron in found for why in erasing.blockers(session, patron.id or 0)]
            if reasons:
                raise Refused(f"not erased: {'; '.join(reasons)}")
            erased = [erasing.forget(session, patron, now) for patron in found]
        database.compact()
    for one in erased:
        log.info("privacy.forgotten", requests=one.requests, mails=one.mails, letters=one.letters)
        emptied = f"{counted(one.mails, 'mail')} and {counted(one.letters, 'letter')} without content"
        typer.echo(f"erased from {counted(one.requests, 'request')}; {emptied}")
        for copy in one.copies:
            where = f"{copy.mailbox}, or a folder that it was filed to (it came with UID {copy.uid})"
            typer.echo(f"a copy may lie in {where}; erase it there: Message-ID {copy.message_id or 'unknown'}")


def settle(config: Path | None, number: str) -> None:
    """The charges of a request are paid, or let off. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.write() as session:
        settled = erasing.settle_charges(session, number.upper(), SystemClock().now())
    if not settled:
        raise NotFound(f"{number} has no charge that is not settled")
    typer.echo(f"{counted(settled, 'charge')} of {number.upper()} settled")


def export_patron(config: Path | None, who: str) -> None:
    """Everything about one person as JSON (art. 15). Raises NotFound."""
    with database_of(settings_of(config)) as database, database.read() as session:
        found = [telling.patron(session, one) for one in erasing.patrons(session, who)]
    if not found:
        raise NotFound("no patron with that card number or address; see `maild patron list`")
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


def export_period(config: Path | None, since: str, until: str) -> None:
    """The requests registered from one day until the day before another, without people: one JSON object a line."""
    settings = settings_of(config)
    zone = ZoneInfo(settings.site.zone)
    with database_of(settings) as database, database.read() as session:
        for request in telling.requests_between(session, midnight_of(since, zone), midnight_of(until, zone)):
            typer.echo(json.dumps(request, ensure_ascii=False, default=str))
