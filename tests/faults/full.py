"""PostgreSQL without room: its files on a small disk that is filled now and then (P4), and faults at its own calls."""

import errno
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.soak import Soak
from tests.faults.table import Row
from tests.faults.town import Town, town

DISK_MEGABYTES = 128  # a new cluster takes about 60
MAILS, CONTROL_MAILS, MAIL_BYTES = 200, 100, 20_000
TIMES = 5
ROOM_SECONDS, FULL_SECONDS = 4.0, 6.0
FILLER, PIECE = "filler", bytes(2**16)


def row() -> Row:
    """Mails from everywhere while the database's disk is full now and then, and beside it a careless daemon."""
    with small_disk() as disk:
        if disk is None:
            told = "not measured: a small disk can be mounted by root only"
            return Row(claim="PostgreSQL's disk full", control="", figure=told, held=True)
        with town(postgres=True, careless=True, disk=disk) as place:
            careless = Soak(place, CONTROL_MAILS, partial(_fill_now_and_then, disk), padding=MAIL_BYTES).lost()
        with town(postgres=True, disk=disk) as place:
            found = Soak(place, MAILS, partial(_fill_now_and_then, disk), padding=MAIL_BYTES).run()
    return Row(
        claim=f"{MAILS} mails by SMTP, LMTP and IMAP, meanwhile PostgreSQL's disk full for {FULL_SECONDS:g} s,"
        f" up to {TIMES} times",
        control=f"250 before the commit: {careless} of {CONTROL_MAILS} mails lost",
        figure=found.text,
        held=found.held and careless > 0,
    )


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A mounted folder of that size; None where that is not allowed."""
    with TemporaryDirectory(prefix="disk-") as folder:
        options = f"size={DISK_MEGABYTES}m,mode=0755"
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode == 0
        try:
            yield Path(folder) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", folder], check=True)


def _fill_now_and_then(disk: Path, place: Town, over: threading.Event, done: Counter[str]) -> None:
    """The disk is full some times, and has room in between; it is full at the beginning."""
    while done["disk full"] < TIMES and not over.is_set():
        _fill(disk)
        done["disk full"] += 1
        over.wait(FULL_SECONDS)
        (disk / FILLER).unlink()
        if place.postgres is not None and not place.postgres.postmaster:  # it gave up: people start it again
            place.postgres.start()
            done["server started again"] += 1
        over.wait(ROOM_SECONDS)


def _fill(disk: Path) -> None:
    """No byte more has room."""
    with (disk / FILLER).open("ab", buffering=0) as file:
        while True:
            try:
                file.write(PIECE)
            except OSError as err:
                if err.errno != errno.ENOSPC:
                    raise
                return
