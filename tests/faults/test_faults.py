"""Faults at single system calls, the short form: some points of each. `make faults` strikes at all of them."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.faults import power, upgrades
from tests.faults.child import KILL, Strike
from tests.faults.lane import Lane
from tests.faults.life import answer_before_keeping


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    """A place to strike in."""
    if shutil.which("strace") is None:
        if os.environ.get("MAILD_NO_SKIP"):
            pytest.fail("strace is missing: apt-get install strace")
        pytest.skip("needs strace: apt-get install strace")
    made = Lane()
    yield made
    made.close()


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


def test_a_daemon_that_answers_before_it_keeps_loses_mail(lane: Lane) -> None:
    strikes = [Strike(call="fdatasync", n=n, what=KILL) for n in range(2, 7)]
    assert any("mails" in lane.strike(strike, answer_before_keeping).wrong for strike in strikes)


def test_a_power_cut_loses_no_mail_that_got_its_250(lane: Lane) -> None:
    moments, lost = power.cut(lane, every=12)
    assert moments > 20
    assert lost == []


def test_a_database_that_does_not_sync_loses_mail_at_a_power_cut(lane: Lane) -> None:
    assert power.cut(lane, power.do_not_sync, every=50)[1]


def test_a_kill_within_an_upgrade_ends_in_the_old_schema_or_the_new_one() -> None:
    assert upgrades.upgrades("SQLite", every=40, earlier=1).held


def test_a_kill_within_a_restore_leaves_no_letter_that_goes_out_again() -> None:
    assert upgrades.restores(every=40).held
