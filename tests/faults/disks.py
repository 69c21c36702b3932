"""A disk that is full or fails, once or for a while, at every call of the daemon (P4, P5)."""

from tests.faults.child import every_point, share
from tests.faults.lanes import Lanes
from tests.faults.life import answer_before_keeping
from tests.faults.table import Row

FULL = ("pwrite64", "write", "fdatasync", "ftruncate", "link", "mkdir")
FAILING = ("pwrite64", "pread64", "write", "fsync", "fdatasync", "rename", "link", "unlink")
ONCE, FOR_A_WHILE = "when={n}", "when={n}..{last}"
FAULTS = {
    "full": ("no room", "error=ENOSPC:", FULL),
    "failing": ("EIO", "error=EIO:", FAILING),
}
TEMPORARY = range(400, 500)
CONTROL_EVERY = 15


def row(lanes: Lanes, name: str, when: str, *, every: int = 1) -> Row:
    """One fault at every point, and beside it a daemon that answers before it keeps."""
    told, fault, calls = FAULTS[name]
    counts = lanes.count(calls)
    tally = lanes.rounds(every_point(counts, fault + when, every=every))
    first = {calls[0]: counts[calls[0]]}
    control = lanes.rounds(
        every_point(first, fault + FOR_A_WHILE, every=max(every, CONTROL_EVERY)), answer_before_keeping
    )
    for_good = sorted(code for code in tally.codes if code not in TEMPORARY)
    return Row(
        claim=f"{told} {'once' if when == ONCE else 'for a while'} at every {', '.join(calls)} of a round"
        f"{share(every)}",
        control=f"250 before the commit: wrong at {len(control.wrong)} of {control.points} points",
        figure=f"{tally.points} points: {len(tally.wrong)} with anything lost or doubled, answers other than 250:"
        f" {sorted(tally.codes) or 'none'}; it went on by itself at {tally.points - tally.restarts},"
        f" and ended within its start at {tally.restarts}" + "".join(f"; {wrong}" for wrong in tally.wrong[:3]),
        held=not tally.wrong and not for_good and bool(control.wrong),
    )
