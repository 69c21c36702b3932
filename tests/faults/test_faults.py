"""Faults at single system calls, the short form: some points of each. `make faults` strikes at all of them."""

import os
import shutil

import pytest

from tests.faults.__main__ import FAULTS, tally_of


@pytest.fixture(autouse=True)
def strace() -> None:
    """The tool that strikes."""
    if shutil.which("strace") is None:
        if os.environ.get("MAILD_NO_SKIP"):
            pytest.fail("strace is missing: apt-get install strace")
        pytest.skip("needs strace: apt-get install strace")


@pytest.mark.parametrize(
    ("name", "call", "every"),
    [
        ("killed", "pwrite64", 16),
        ("killed", "fdatasync", 2),
        ("disk full, lasting", "pwrite64", 20),
        ("EIO once", "fdatasync", 2),
    ],
)
def test_a_fault_at_a_system_call_loses_and_doubles_nothing(name: str, call: str, every: int) -> None:
    tally = tally_of(call, name, FAULTS[name], every=every)
    assert tally.struck >= 2, "the fault never struck"
    assert (tally.lost, tally.doubled, tally.damaged) == (0, 0, 0)


def test_a_worker_that_answers_before_it_keeps_loses_mail() -> None:
    assert tally_of("pwrite64", "killed", FAULTS["killed"], every=2, how="careless", last=4).lost > 0
