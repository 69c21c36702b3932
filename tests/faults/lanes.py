"""Points struck by several lanes at once, and what came of all of them."""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.util import Finalize

from tests.faults.child import Strike
from tests.faults.lane import Found, Lane
from tests.faults.life import Change

_here: list[Lane] = []  # of this process of the pool


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of many points."""

    points: int = 0
    struck: int = 0
    twice: int = 0
    restarts: int = 0
    mended: int = 0
    codes: set[int] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def add(self, strike: Strike, found: Found) -> None:
        """One more point."""
        self.points += 1
        self.struck += found.struck
        self.twice += found.twice
        self.restarts += found.lives > 1
        self.mended += found.mended
        self.codes |= found.codes
        if found.wrong:
            self.wrong.append(f"{strike.text} of {strike.call}: {found.wrong}")


class Lanes:
    """So many lanes as processes."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def calls(self, kinds: Sequence[str]) -> str:
        """strace's log of the calls that there are to strike at."""
        return self._pool.submit(_calls, kinds).result()

    def rounds(self, strikes: Iterable[Strike], change: Change | None = None) -> Tally:
        """A life under each of these strikes, and those after it."""
        strikes = list(strikes)
        return _tally(strikes, self._pool.map(_strike, strikes, [change] * len(strikes)))


@contextmanager
def lanes(count: int, *, postgres: bool = False) -> Iterator[Lanes]:
    """Lanes that are gone afterwards."""
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=fork, initializer=_open, initargs=(postgres,)) as pool:
        yield Lanes(pool)


def _tally(strikes: Sequence[Strike], results: Iterable[Found]) -> Tally:
    tally = Tally()
    for strike, found in zip(strikes, results, strict=True):
        tally.add(strike, found)
    return tally


def _open(postgres: bool) -> None:
    lane = Lane(postgres=postgres)
    _here.append(lane)
    Finalize(None, lane.close, exitpriority=10)  # a pool's process ends without atexit


def _calls(kinds: Sequence[str]) -> str:
    return _here[0].calls(kinds)


def _strike(strike: Strike, change: Change | None) -> Found:
    return _here[0].strike(strike, change)
