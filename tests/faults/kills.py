"""kill -9 at every call of a round that leaves a mark outside the process (P1, P2)."""

from tests.faults.child import KILL
from tests.faults.lanes import Lanes
from tests.faults.life import answer_before_keeping
from tests.faults.points import Sample, all_in, strikes_at
from tests.faults.table import Row

# On SQLite what counts is what reaches the files; on PostgreSQL what is said to the server. A kill at a receive is
# the kill at the send that comes after it: in between nothing leaves the process.
FILES = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "rename", "link", "unlink", "mkdir")
WIRE = ("sendto", "write", "fsync", "rename", "link", "unlink", "mkdir")
CONTROL_EVERY = 25
ALIKE = {"SQLite": "page writes", "PostgreSQL": "statements"}


def row(lanes: Lanes, kind: str, sample: Sample) -> Row:
    """The kill at every point, and beside it a daemon that answers before it keeps."""
    calls = FILES if kind == "SQLite" else WIRE
    log = lanes.calls(calls)
    tally = lanes.rounds(strikes_at(sample.points(log, calls), KILL))
    often = {calls[0]: all_in(log, calls)[calls[0]][::CONTROL_EVERY]}
    control = lanes.rounds(strikes_at(often, KILL), answer_before_keeping)
    return Row(
        claim=f"kill -9 at every {', '.join(calls)} of a round by SMTP and IMAP on {kind}{sample.told(ALIKE[kind])}",
        control=f"250 before the commit: wrong at {len(control.wrong)} of {control.points} points",
        figure=f"{tally.points} points, {tally.struck} struck, {len(tally.wrong)} with anything lost or doubled"
        f" ({tally.twice} letters went out again: their note of being sent was struck)"
        + "".join(f"; {wrong}" for wrong in tally.wrong[:3]),
        held=not tally.wrong and tally.struck > 0 and bool(control.wrong),
    )
