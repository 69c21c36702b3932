"""Faults at single system calls, the short form: some points of each. `make faults` strikes at all of them."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults import power, upgrades
from tests.faults.child import KILL, Strike
from tests.faults.lane import Lane
from tests.faults.life import answer_before_keeping

on_sqlite = pytest.mark.about_sqlite("calls on its files are struck; PostgreSQL has lanes of its own below")


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    """A place to strike in."""
    yield from _lane(postgres=False)


@pytest.fixture(scope="module")
def postgres_lane() -> Iterator[Lane]:
    """One on PostgreSQL."""
    yield from _lane(postgres=True)


def _lane(*, postgres: bool) -> Iterator[Lane]:
    if shutil.which("strace") is None:
        if os.environ.get("MAILD_NO_SKIP"):
            pytest.fail("strace is missing: apt-get install strace")
        pytest.skip("needs strace: apt-get install strace")
    made = Lane(postgres=postgres)
    yield made
    made.close()


@on_sqlite
@pytest.mark.parametrize(
    ("call", "n", "what"),
    [
        ("pwrite64", 150, KILL),
        ("pwrite64", 500, KILL),
        ("fdatasync", 9, KILL),
        ("rename", 2, KILL),
        ("pwrite64", 200, "error=ENOSPC:when={n}..{last}"),
        ("fdatasync", 3, "error=EIO:when={n}"),
        ("fsync", 2, "error=EIO:when={n}..{last}"),
    ],
)
def test_a_fault_at_a_system_call_loses_and_doubles_nothing(lane: Lane, call: str, n: int, what: str) -> None:
    found = lane.strike(Strike(call=call, n=n, what=what))
    assert found.struck
    assert found.wrong == ""
    assert all(400 <= code < 500 for code in found.codes)


@on_sqlite
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_a_disk_that_fails_until_it_is_mended_loses_and_doubles_nothing(lane: Lane, fault: str) -> None:
    found = lane.strike(Strike(call="fdatasync", n=3, what=f"error={fault}:when={{n}}+", mended_after=0.5))
    assert found.struck
    assert found.wrong == ""
    assert found.lives == 1  # it went on by itself
    assert found.codes <= {451, 452}


@pytest.mark.needs_postgres
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_a_disk_of_postgresql_that_fails_until_it_is_mended_loses_and_doubles_nothing(
    postgres_lane: Lane, fault: str
) -> None:
    strike = Strike(call="pwrite64", n=2, what=f"error={fault}:when={{n}}+", mended_after=0.5, at_server=True)
    found = postgres_lane.strike(strike)
    assert found.struck
    assert found.wrong == ""
    assert found.codes <= {451, 452}


@pytest.mark.needs_postgres
def test_a_kill_at_a_send_to_postgresql_loses_and_doubles_nothing(postgres_lane: Lane) -> None:
    found = postgres_lane.strike(Strike(call="sendto", n=250, what=KILL))
    assert found.struck
    assert found.wrong == ""


@on_sqlite
def test_a_daemon_that_answers_before_it_keeps_loses_mail(lane: Lane) -> None:
    strikes = [Strike(call="fdatasync", n=n, what=KILL) for n in range(2, 7)]
    assert any("mails" in lane.strike(strike, answer_before_keeping).wrong for strike in strikes)


@on_sqlite
def test_a_power_cut_loses_no_mail_that_got_its_250(lane: Lane) -> None:
    moments, lost = power.cut(lane, every=12)
    assert moments > 20
    assert lost == []


@on_sqlite
def test_a_database_that_does_not_sync_loses_mail_at_a_power_cut(lane: Lane) -> None:
    assert power.cut(lane, power.do_not_sync, every=50)[1]


@on_sqlite
def test_a_kill_within_an_upgrade_ends_in_the_old_schema_or_the_new_one() -> None:
    assert upgrades.upgrades("SQLite", every=40, earlier=1).held


@on_sqlite
def test_a_kill_within_a_restore_leaves_no_letter_that_goes_out_again() -> None:
    assert upgrades.restores(every=40).held
