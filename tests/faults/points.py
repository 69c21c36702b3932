"""Where a round can be struck: the calls that strace saw, and which of them are worth it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.faults.child import Strike

FEW = 30  # calls of a kind, that are all struck
CALL = re.compile(r"^\d+ +(\w+)\((.*)", re.MULTILINE)  # in a line of strace
# What goes to PostgreSQL and is no commit, and what wakes our own loop; other sends go to a mail server or a client.
STATEMENT = re.compile(r'\d+, "(?:[PBDEHSXQC]?\\0(?!.*COMMIT)|[^"]{0,3}")')
PAGES = ("pwrite64", "pread64")

Points = Mapping[str, Sequence[int]]  # of each call the numbers to strike at


def all_in(log: str, calls: Sequence[str]) -> Points:
    """Every call of these kinds."""
    found: dict[str, list[int]] = {call: [] for call in calls}
    for call, _ in CALL.findall(log):
        if call in found:
            found[call].append(len(found[call]) + 1)
    return found


def edges_in(log: str, calls: Sequence[str]) -> Points:
    """Every call that may count; of those that are alike, one after another, the first, a middle one and the last.

    Alike are the pages between two syncs, and the statements to PostgreSQL between two commits: they belong to one
    transaction, and none of them counts alone.
    """
    found: dict[str, list[int]] = {call: [] for call in calls}
    made: Counter[str] = Counter()
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for call, given in (*((one, rest) for one, rest in CALL.findall(log) if one in found), ("", "")):
        made[call] += 1
        if call in PAGES or (call == "sendto" and STATEMENT.match(given)):
            alike[call].append(made[call])
            continue
        for one, numbers in alike.items():
            found[one] += sorted({numbers[0], numbers[len(numbers) // 2], numbers[-1]})
        alike.clear()
        if call:
            found[call].append(made[call])
    return {call: sorted(numbers) for call, numbers in found.items()}


def strikes_at(points: Points, what: str, *, mended_after: float = 0.0) -> Iterator[Strike]:
    """A strike at each of the points."""
    for call, numbers in points.items():
        for n in numbers:
            yield Strike(call=call, n=n, what=what, mended_after=mended_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Which of a round's points are struck: without a word said, those that `edges_in` finds."""

    all: bool = False
    every: int = 1  # of a call that comes often, each so-manieth

    def points(self, log: str, calls: Sequence[str]) -> Points:
        """They, out of strace's log."""
        found = all_in(log, calls) if self.all else edges_in(log, calls)
        return {call: numbers[:: self.every if len(numbers) > FEW else 1] for call, numbers in found.items()}

    def told(self, alike: str) -> str:
        """What is to be said of a claim where not each point is struck; `alike` names what comes often."""
        edges = "" if self.all else f" (of {alike} the first, a middle and the last of each transaction)"
        return edges + (f" (of a call that comes often, each {self.every}th)" if self.every > 1 else "")
