"""charges."""

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from maild.core.counted import counted
from maild.core.figures import PAYERS
from maild.core.rules import Refused
from maild.store import charges
from maild.store.charges import ChargeLine
from maild.verbs.configured import settings_of
from maild.verbs.opening import database_of, midnight_of

PARTNER_COLUMNS = ("symbol", "name", "business_id", "e_invoice", "e_invoice_operator", "order_reference", "invoicing")
COLUMNS = ("noted", "number", "kind", "payer", "payment", "amount", "currency", "vat", "settled")


def write_charges(
    config: Path | None, file: Path, since: str, until: str, *, open_only: bool, payer: str | None
) -> None:
    """The charge lines of a time into a CSV file. Raises Refused for what is no day, or nobody who pays."""
    if payer not in {None, *PAYERS}:
        raise Refused(f"no payer {payer!r}; there are: {', '.join(PAYERS)}")
    settings = settings_of(config)
    zone = ZoneInfo(settings.site.zone)
    with database_of(settings) as database, database.read() as session:
        found = [
            line
            for line in charges.lines(session, midnight_of(since, zone), midnight_of(until, zone))
            if not (open_only and line.charge.settled) and payer in {None, line.charge.payer}
        ]
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*COLUMNS, *PARTNER_COLUMNS])
        writer.writerows(_cells(line, zone) for line in found)
    typer.echo(f"{counted(len(found), 'charge line')} into {file}")


def _cells(line: ChargeLine, zone: ZoneInfo) -> list[str]:
    charge, partner = line.charge, line.partner
    return [
        _day(line.noted_at, zone),
        line.number,
        charge.kind,
        charge.payer,
        charge.payment.value,
        f"{charge.money.amount:.2f}",
        charge.money.currency,
        charge.vat,
        "yes" if charge.settled else "no",
        *(str(getattr(partner, name)) if partner is not None else "" for name in PARTNER_COLUMNS),
    ]


def _day(noted: datetime, zone: ZoneInfo) -> str:
    return noted.astimezone(zone).date().isoformat()
