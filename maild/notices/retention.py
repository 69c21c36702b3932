"""The daily job of privacy: what is older than the settings allow is erased, a batch a transaction."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from maild.clock import Clock
from maild.settings import Privacy
from maild.store import copies, erasing
from maild.store.database import Database

log = structlog.get_logger()

BATCH = 20  # requests or mails a transaction: the doors wait for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How much was erased."""

    requests: int = 0
    mails: int = 0
    copies: int = 0
    patrons: int = 0


def erase_what_is_old(database: Database, privacy: Privacy, clock: Clock) -> Done:
    """Erases what is due, all of it; how much that was."""
    now = clock.now()
    requests = mails = 0
    delivered = remove_copies(database, privacy, clock)
    while True:
        with database.write() as session:
            batch = erasing.due(session, now - timedelta(days=privacy.request_days), BATCH)
            erasing.erase_requests(session, batch, now, with_mails=False)
        requests += len(batch)
        if len(batch) < BATCH:
            break
    while True:
        with database.write() as session:
            batch = erasing.old_mails(session, now - timedelta(days=privacy.mail_days), BATCH)
            erasing.erase_mails(session, batch)
        mails += len(batch)
        if len(batch) < BATCH:
            break
    with database.write() as session:
        erasing.erase_old_letters(session, now - timedelta(days=privacy.mail_days))
        patrons = erasing.erase_idle_patrons(session, now - timedelta(days=privacy.patron_days))
    done = Done(requests=requests, mails=mails, copies=delivered, patrons=patrons)
    if requests or mails or delivered or patrons:
        database.compact()
        log.info("privacy.erased", requests=requests, mails=mails, copies=delivered, patrons=patrons)
    return done


def remove_copies(database: Database, privacy: Privacy, clock: Clock) -> int:
    """Takes away the files of copies that were delivered long enough ago; how many letters carried one."""
    before = clock.now() - timedelta(days=privacy.copy_days)
    removed = 0
    while True:
        with database.write() as session:
            batch = copies.delivered(session, before, BATCH)
            copies.remove(session, batch)
        removed += len(batch)
        if len(batch) < BATCH:
            return removed
