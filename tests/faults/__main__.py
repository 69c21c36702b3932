"""`make faults`: every fault, and the table. Ends with 1 where a promise was not held or a control did not fail."""

import argparse
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import structlog

from tests.faults import away, bombs, clocks, disks, forgets, full, kills, power, readers, soak, upgrades
from tests.faults.lane import Lane
from tests.faults.lanes import lanes
from tests.faults.points import Sample
from tests.faults.table import HEAD, NOT_HELD, Row

Measure = Callable[[argparse.Namespace], Iterator[Row]]


def sample_of(given: argparse.Namespace) -> Sample:
    """The points to strike at."""
    return Sample(all=given.all, every=given.every)


def killed(kind: str, given: argparse.Namespace) -> Iterator[Row]:
    """kill -9 everywhere."""
    with lanes(given.lanes, postgres=kind != "SQLite") as places:
        yield kills.row(places, kind, sample_of(given))


def disk(given: argparse.Namespace) -> Iterator[Row]:
    """A disk that is full or fails."""
    with lanes(given.lanes) as places:
        for fault in disks.FAULTS:
            for when in disks.WHENS:
                yield disks.row(places, fault, when, sample_of(given))


def server_disk(given: argparse.Namespace) -> Iterator[Row]:
    """A disk of PostgreSQL's that fails or is full."""
    with lanes(given.lanes, postgres=True) as places:
        for fault in disks.FAULTS:
            yield disks.server_row(places, fault)
    yield full.row()


def power_cut(given: argparse.Namespace) -> Iterator[Row]:
    """No power."""
    with closing(Lane()) as lane:
        yield power.row(lane, every=given.every)


def upgrade(given: argparse.Namespace) -> Iterator[Row]:
    """Kills within the verbs that change the schema or the whole database."""
    yield upgrades.upgrades("SQLite", every=given.every)
    yield upgrades.upgrades("PostgreSQL", every=given.every)
    yield upgrades.restores(every=given.every)


def soaked(given: argparse.Namespace) -> Iterator[Row]:
    """Everything at once, on each database."""
    for postgres in (False, True):
        yield soak.row(given.mails, postgres=postgres)


MEASURES: dict[str, Measure] = {
    "kill-sqlite": partial(killed, "SQLite"),
    "kill-postgresql": partial(killed, "PostgreSQL"),
    "disk": disk,
    "disk-postgresql": server_disk,
    "power": power_cut,
    "upgrade": upgrade,
    "away": lambda _: away.rows(),
    "clock": lambda _: iter([clocks.row()]),
    "bombs": lambda _: iter([bombs.row()]),
    "reader": lambda _: iter([readers.row()]),
    "forget": lambda given: iter([forgets.row(given.patrons)]),
    "soak": soaked,
}


def main() -> int:
    """Prints the table as it is measured."""
    arguments = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    arguments.add_argument("--only", choices=MEASURES, action="append", help="only these; may be given several times")
    arguments.add_argument("--all", action="store_true", help="strike at each point, also those that are alike")
    arguments.add_argument("--every", type=int, default=1, help="of a call's many points, only each so-manieth")
    arguments.add_argument("--resume", type=Path, help="a folder: what a run that broke off has measured is kept there")
    arguments.add_argument("--mails", type=int, default=1000, help="of each soak")
    arguments.add_argument("--patrons", type=int, default=10_000, help="of whom one is erased")
    arguments.add_argument("--lanes", type=int, default=os.cpu_count() or 1, help="points struck at the same time")
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(HEAD)
    failed = False
    for name in given.only or MEASURES:
        for line in _measured(name, given):
            print(line, flush=True)
            failed |= line.endswith(NOT_HELD)
    if given.resume is not None:
        shutil.rmtree(given.resume, ignore_errors=True)
    return int(failed)


def _measured(name: str, given: argparse.Namespace) -> Iterator[str]:
    """The rows of a measure as they come; out of --resume where an earlier run had come so far."""
    kept = given.resume / f"{name}.md" if given.resume is not None else None
    if kept is not None and kept.exists():
        yield from kept.read_text().splitlines()
        return
    lines: list[str] = []
    for row in MEASURES[name](given):
        lines.append(row.line())
        yield lines[-1]
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
