"""`make faults`: every point of every fault, and the table. Ends with 1 where a promise or a control failed."""

import sys
import tempfile
from pathlib import Path

from tests.faults.striking import CALLS, HEAD, MAX_POINT, Bench, Tally, strike_at

FAULTS = {
    "killed": "signal=KILL:when={n}",
    "disk full, lasting": "error=ENOSPC:when={n}+",
    "EIO once": "error=EIO:when={n}",
}


def tally_of(call: str, name: str, what: str, *, every: int = 1, how: str = "", last: int = MAX_POINT) -> Tally:
    """One kind of fault at all its points, then a run without it."""
    tally = Tally(fault=f"{name} at {call}{' (control)' if how else ''}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        strike_at(bench, call, what, tally, range(1, last, every), how)
        for turn in range(2):
            bench.run(MAX_POINT + turn)
        return bench.count(tally)


def main(every: int) -> int:
    """Prints the table; 0 where nothing was lost and the control did lose."""
    print(HEAD)  # noqa: T201  # what this command is for
    failed = 0
    for name, what in FAULTS.items():
        for call in CALLS:
            tally = tally_of(call, name, what, every=every)
            print(tally.line(), flush=True)  # noqa: T201
            failed += tally.lost + tally.doubled + tally.damaged
    control = tally_of("pwrite64", "killed", FAULTS["killed"], every=every, how="careless")
    print(control.line())  # noqa: T201
    return 1 if failed or not control.lost else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
