"""A disk that is full or fails, once, for a while or until it is mended, at the calls of the daemon (P4, P5)."""

from collections.abc import Sequence
from dataclasses import replace

from tests.faults.child import Strike
from tests.faults.lanes import Lanes
from tests.faults.life import answer_before_keeping
from tests.faults.points import Sample, strikes_at
from tests.faults.table import Row

FULL = ("pwrite64", "write", "fdatasync", "ftruncate", "link", "mkdir")
FAILING = ("pwrite64", "pread64", "write", "fsync", "fdatasync", "rename", "link", "unlink")
FAULTS = {"no room": ("error=ENOSPC:", FULL), "EIO": ("error=EIO:", FAILING)}
MENDED_SECONDS = 1.5  # after the first strike of a fault that lasts
WHENS = {
    "once": ("when={n}", 0.0),
    "for a while": ("when={n}..{last}", 0.0),
    f"lasting, mended after {MENDED_SECONDS:g} s": ("when={n}+", MENDED_SECONDS),
}
TEMPORARY = range(400, 500)
CONTROL_AT = range(1, 11)
SERVER_AT = (1, 2, 3, 5, 8, 13, 21)  # of each process of the server
SERVER_CALLS = {"no room": ("pwrite64",), "EIO": ("pwrite64", "fdatasync", "pread64")}


def row(lanes: Lanes, fault: str, when: str, sample: Sample) -> Row:
    """One fault at the round's calls, and beside it a daemon that answers before it keeps."""
    error, calls = FAULTS[fault]
    which, mended_after = WHENS[when]
    points = sample.points(lanes.calls(calls), calls)
    tally = lanes.rounds(strikes_at(points, error + which, mended_after=mended_after))
    control = lanes.rounds(strikes_at({"fdatasync": CONTROL_AT}, error + "when={n}..{last}"), answer_before_keeping)
    for_good = sorted(code for code in tally.codes if code not in TEMPORARY)
    return Row(
        claim=f"{fault} {when} at every {', '.join(calls)} of a round on SQLite{sample.told('pages')}",
        control=f"250 before the commit: wrong at {len(control.wrong)} of {control.points} points",
        figure=f"{tally.points} points, {tally.struck} struck: {len(tally.wrong)} with anything lost or doubled,"
        f" answers other than 250: {sorted(tally.codes) or 'none'}; it went on by itself at"
        f" {tally.points - tally.restarts}, and ended within its start at {tally.restarts}"
        + "".join(f"; {wrong}" for wrong in tally.wrong[:3]),
        held=not tally.wrong and not for_good and bool(control.wrong),
    )


def server_row(lanes: Lanes, fault: str) -> Row:
    """The same within PostgreSQL, from a call of each process that serves the daemon on, until it is mended."""
    error, _ = FAULTS[fault]
    calls = SERVER_CALLS[fault]

    def strikes(numbers: Sequence[int]) -> list[Strike]:
        points = dict.fromkeys(calls, numbers)
        found = strikes_at(points, error + "when={n}+", mended_after=MENDED_SECONDS)
        return [replace(strike, at_server=True) for strike in found]

    tally = lanes.rounds(strikes(SERVER_AT))
    control = lanes.rounds(strikes(SERVER_AT[:3]), answer_before_keeping)
    for_good = sorted(code for code in tally.codes if code not in TEMPORARY)
    return Row(
        claim=f"{fault} lasting, mended after {MENDED_SECONDS:g} s, from {', '.join(calls)} number"
        f" {', '.join(map(str, SERVER_AT))} of PostgreSQL's processes on",
        control=f"250 before the commit: wrong at {len(control.wrong)} of {control.points} points",
        figure=f"{tally.points} points, {tally.struck} struck: {len(tally.wrong)} with anything lost or doubled,"
        f" answers other than 250: {sorted(tally.codes) or 'none'}; the server gave up and was started again at"
        f" {tally.mended}" + "".join(f"; {wrong}" for wrong in tally.wrong[:3]),
        held=not tally.wrong and not for_good and tally.struck > 0 and bool(control.wrong),
    )
