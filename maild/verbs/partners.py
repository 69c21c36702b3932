"""partner import, add, edit, show, export, list, duplicates; patron import, blocked, list."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import typer
from rich.progress import track

from maild.clock import SystemClock
from maild.core.counted import counted
from maild.core.duplicates import Alike, alike
from maild.store import blocking, records
from maild.store.record_lines import Cells, PartnerLine, cells_of
from maild.store.records import Report
from maild.verbs.configured import settings_of
from maild.verbs.failures import NotFound, WrongRows
from maild.verbs.opening import database_of


def import_partners(config: Path | None, file: Path) -> None:
    """Partners of a CSV file: all of them or none. Raises WrongRows with every mistake."""
    lines = read_csv(file)
    with database_of(settings_of(config)) as database, database.write() as session:
        told(file, records.import_partners(session, lines, SystemClock().now()))
        found = alike(records.partners(session))
    if found:
        typer.echo(f"{counted(len(found), 'group')} of records that look alike: maild partner duplicates")


def add_partner(config: Path | None, cells: Cells) -> None:
    """One partner, by the headings of the CSV file. Raises WrongRows with every mistake, or where it is there."""
    with database_of(settings_of(config)) as database, database.write() as session:
        report = records.add_partner(session, cells, SystemClock().now())
        if report.problems:
            raise WrongRows("\n".join([*report.problems, "nothing was taken in"]))
        found = alike(records.partners(session))
    typer.echo(f"{cells['symbol']} is on record now")
    for lacking in report.lacking:
        typer.echo(lacking)
    _tell_alike(one for one in found if cells["symbol"] in {partner.symbol for partner in one.partners})


def edit_partner(config: Path | None, word: str, cells: Cells) -> None:
    """Some cells of one partner. Raises WrongRows with every mistake, or where none or more than one is meant."""
    with database_of(settings_of(config)) as database, database.write() as session:
        report = records.edit_partner(session, word, cells, SystemClock().now())
        if report.problems:
            raise WrongRows("\n".join([*report.problems, "nothing was changed"]))
    typer.echo("changed" if report.changed else "it says so already")
    for lacking in report.lacking:
        typer.echo(lacking)


def show_partner(config: Path | None, word: str, *, as_json: bool) -> None:
    """One partner, cell by cell as the file has them; empty ones are left out. Raises NotFound."""
    with database_of(settings_of(config)) as database, database.read() as session:
        partner = records.one_partner(session, word)
    if partner is None:
        raise NotFound(f"no partner {word}, or more than one; see maild partner list")
    cells = {heading: cell for heading, cell in cells_of(partner).items() if cell}
    if as_json:
        typer.echo(json.dumps(cells, ensure_ascii=False))
        return
    for heading, cell in cells.items():
        typer.echo(f"{heading:<20} {' / '.join(cell.splitlines())}")


def show_duplicates(config: Path | None, *, as_json: bool) -> None:
    """Records that may be of one library, and why."""
    with database_of(settings_of(config)) as database, database.read() as session:
        found = alike(records.partners(session))
    if as_json:
        told = [{"why": one.why, "symbols": [p.symbol for p in one.partners]} for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    _tell_alike(found)
    if not found:
        typer.echo("no two records look alike")


def _tell_alike(found: Iterable[Alike]) -> None:
    for one in found:
        partners = ", ".join(f"{partner.symbol} ({partner.name})" for partner in one.partners)
        typer.echo(f"{one.why}: {partners}")


def import_patrons(config: Path | None, file: Path) -> None:
    """Patrons of a CSV file: all of them or none. Raises WrongRows with every mistake."""
    lines = read_csv(file)
    with database_of(settings_of(config)) as database, database.write() as session:
        told(file, records.import_patrons(session, lines, SystemClock().now()))


def block_patrons(config: Path | None, file: Path, *, nobody: bool) -> None:
    """The patrons of a CSV file are blocked, and nobody else. Raises WrongRows, also for an empty file."""
    lines = read_csv(file)
    if not lines and not nobody:
        raise WrongRows(f"{file}: no card is in it, and everybody would be free; --nobody says that this is meant")
    with database_of(settings_of(config)) as database, database.write() as session:
        done = blocking.block_patrons(session, lines, SystemClock().now())
        if done.problems:
            raise WrongRows("\n".join([*(f"{file}: {p}" for p in done.problems), f"{file}: nothing was done"]))
    stayed = f"{done.unchanged} blocked already, {done.unknown} on no record"
    typer.echo(f"{done.blocked} blocked, {done.freed} freed, {stayed}")


def read_csv(file: Path) -> list[Cells]:
    """The lines of a CSV file with headings, comma or semicolon between cells. Raises WrongRows."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            reader = csv.DictReader(stream, delimiter=";" if head.count(";") > head.count(",") else ",")
            return list(track(reader, f"reading {file.name}", transient=True, disable=not sys.stdout.isatty()))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise WrongRows(f"{file}: {err}; save it as CSV in UTF-8") from err


def told(file: Path, report: Report) -> None:
    """Says what an import did. Raises WrongRows, which undoes the transaction, where it did nothing."""
    if report.problems:
        raise WrongRows("\n".join([*(f"{file}: {p}" for p in report.problems), f"{file}: nothing was taken in"]))
    for one in report.lacking:
        typer.echo(one)
    typer.echo(f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged")


def export_partners(config: Path | None, file: Path) -> None:
    """All partners into a CSV file."""
    with database_of(settings_of(config)) as database, database.read() as session:
        rows = records.export_partners(session)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(PartnerLine.model_fields))
        writer.writeheader()
        writer.writerows(rows)
    typer.echo(f"{counted(len(rows), 'partner')} into {file}")


def show_partners(config: Path | None, *, as_json: bool) -> None:
    """All partners, by symbol."""
    with database_of(settings_of(config)) as database, database.read() as session:
        found = records.partners(session)
    if as_json:
        typer.echo(json.dumps([asdict(p) for p in found], ensure_ascii=False, default=str))
        return
    for p in found:
        typer.echo(f"{p.symbol:<16} {p.name:<40} {p.email:<36} {' '.join(p.domains)}")


def show_patrons(config: Path | None, *, as_json: bool) -> None:
    """All patrons by card number, no names: a list lies open on a desk."""
    with database_of(settings_of(config)) as database, database.read() as session:
        found = records.patrons(session)
    rows = [
        {
            "id": p.id,
            "card": p.card,
            "language": p.language,
            "group": p.group,
            "approved": p.approved,
            "blocked": p.blocked,
        }
        for p in found
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for line in _lines(rows):
        typer.echo(line)


def _lines(rows: list[dict[str, object]]) -> Iterator[str]:
    for row in rows:
        state = "blocked" if row["blocked"] else "" if row["approved"] else "not approved yet"
        yield f"{row['card']!s:<16} {row['language']} {row['group']!s:<12} {state}".rstrip()
