"""A database that is full, locked or away is no fault of the mail in hand: it is not set aside for that."""

import sqlite3
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from maild.process import Desk
from maild.store import claiming, decisions
from maild.store.claiming import Claimed
from maild.store.outage import is_full, is_outage
from maild.store.settling import MAX_TRIES
from tests.desk_parts import database_of, desk_of, form, keep, settings_in, states

FULL, TOO_MANY_VARIABLES = 13, 1  # SQLITE_FULL; SQLITE_ERROR, which says that of a statement


def sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("by order")
    error.sqlite_errorcode = code
    return error


OUTAGES = {
    "full": sqlite(FULL),
    "disk error at a sync": sqlite(10 | 4 << 8),  # SQLITE_IOERR_FSYNC
    "server's disk full": psycopg.errors.DiskFull("Laitteella ei ole tilaa"),
    "server shut down": psycopg.errors.AdminShutdown("by order"),
    "no server": psycopg.OperationalError("connection refused"),
}
OURS = {
    "statement": sqlite(TOO_MANY_VARIABLES),
    "too long for an index": psycopg.errors.ProgramLimitExceeded("index row size 2712 exceeds maximum"),
}


def worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[tuple[str, int]]:
    """States and tries of a mail whose decision could not be committed so many times."""
    commit, left = decisions.commit, [OperationalError("INSERT", {}, error)] * times

    def failing(*given: object) -> None:
        if left:
            raise left.pop()
        commit(*given)  # type: ignore[arg-type]  # what it was given

    monkeypatch.setattr(decisions, "commit", failing)
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        keep(database, form())
        _until_it_rests(desk_of(settings, database))
        return states(database)


def _until_it_rests(desk: Desk) -> None:
    """As the daemon does: work that broke off is taken up again."""
    for _ in range(3 * MAX_TRIES):
        try:
            if not desk.work():
                return
        except OperationalError:
            desk.recover()


@pytest.mark.parametrize("error", OUTAGES.values(), ids=OUTAGES)
def test_a_mail_that_met_a_broken_database_again_and_again_is_done_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert worked(tmp_path, monkeypatch, error, MAX_TRIES + 2) == [("done", 1)]


@pytest.mark.parametrize("error", OURS.values(), ids=OURS)
def test_a_mail_that_the_database_cannot_take_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    assert worked(tmp_path, monkeypatch, error, MAX_TRIES) == [("aside", MAX_TRIES)]


def test_a_full_disk_is_known_in_any_language() -> None:
    assert is_full(OperationalError("INSERT", {}, OUTAGES["server's disk full"]))
    assert not is_full(OperationalError("INSERT", {}, OUTAGES["no server"]))
    assert not is_outage(KeyError("x"))


def test_a_claim_that_was_committed_though_its_answer_was_lost_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, left = claiming.claim, [OperationalError("COMMIT", {}, OUTAGES["no server"])] * MAX_TRIES

    def answer_lost(session: Session, limit: int, now: datetime) -> list[Claimed]:
        claimed = claim(session, limit, now)
        if left:
            session.commit()
            raise left.pop()
        return claimed

    monkeypatch.setattr(claiming, "claim", answer_lost)
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        keep(database, form())
        _until_it_rests(desk_of(settings, database))
        assert states(database) == [("done", 1)]
