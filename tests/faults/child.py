"""A child process, and strace that strikes it at the n-th call of a kind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ctypes import CDLL
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

SECONDS = 40.0  # for one life, strace and all
WHILE = 8  # calls of one kind and thread that a lasting fault takes
GO = b"g"
FEW = 30  # calls of a kind, that are all struck
CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)  # in a line of strace
KILL = "signal=KILL:when={n}"
PR_SET_PTRACER, ANYBODY = 0x59616D61, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault at the n-th call of a kind: `what` as strace says it, with {n} and {last}. No call: nothing is struck."""

    call: str = ""
    n: int = 0
    what: str = ""
    more: tuple[str, ...] = ()  # options of strace

    @property
    def text(self) -> str:
        """The fault with its numbers."""
        return self.what.format(n=self.n, last=self.n + WHILE)

    def options(self) -> list[str]:
        """For strace."""
        inject = ["-e", f"inject={self.call}:{self.text}"] if self.what else []
        return ["-e", f"trace={self.call}", *inject, *self.more]


def every_point(counts: Mapping[str, int], what: str, *, every: int = 1) -> Iterator[Strike]:
    """A strike at each of these calls; of a call that comes often, at each so-manieth."""
    for call, count in counts.items():
        for n in range(1, count + 1, every if count > FEW else 1):
            yield Strike(call=call, n=n, what=what)


def share(every: int) -> str:
    """What is to be said of a claim where not each point is struck."""
    return "" if every == 1 else f" (of a call that comes often, each {every}th)"


def calls_in(log: str, calls: Sequence[str]) -> dict[str, int]:
    """How often each of the calls stands in strace's log."""
    made = Counter(CALL.findall(log))
    return {call: made[call] for call in calls}


class Ended:
    """Whether a child has ended, and how; one that takes too long is ended."""

    def __init__(self, child: int) -> None:
        self._child = child
        self._until = time.monotonic() + SECONDS
        self._status: int | None = None

    def __call__(self) -> bool:
        if self._status is None:
            if time.monotonic() > self._until:
                os.kill(self._child, signal.SIGKILL)
            child, status = os.waitpid(self._child, os.WNOHANG)
            self._status = os.waitstatus_to_exitcode(status) if child else None
        return self._status is not None

    def wait(self) -> int:
        while not self():
            time.sleep(0.005)
        return self._status or 0


@contextmanager
def struck_by(child: int, strike: Strike, log: Path) -> Iterator[None]:
    """The child under strace, which is there when this begins and gone when it ends."""
    if not strike.call:
        yield
        return
    command = ["strace", "-f", "-qq", "-o", str(log), "-p", str(child), *strike.options()]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        try:
            while "TracerPid:\t0" in Path(f"/proc/{child}/status").read_text():
                if strace.poll() is not None:
                    raise RuntimeError(f"strace: {strace.stderr.read().decode()}")  # type: ignore[union-attr]  # a pipe
                time.sleep(0.002)
            yield
        finally:
            strace.terminate()


def work_struck(work: Callable[[], None], strike: Strike, log: Path) -> int:
    """How a child ended that does this work under the strike: 0, 1 where it raised, below 0 where it was killed."""
    go_read, go_write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go_write)
        wait_for_strace(go_read)
        end_with(work)
    os.close(go_read)
    ended = Ended(child)
    with struck_by(child, strike, log):
        os.write(go_write, GO)
        os.close(go_write)
        return ended.wait()


def wait_for_strace(go: int) -> None:
    """In the child: until the word comes that strace looks on."""
    CDLL(None).prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)  # strace is no parent of ours
    os.read(go, 1)


def end_with(work: Callable[[], None]) -> NoReturn:
    """In the child: the work, and the end; nothing of the parent's is run on the way out."""
    try:
        work()
    except Exception as err:  # whatever it is: the life is over
        print(f"{type(err).__name__}: {err}"[:300], file=sys.stderr)  # noqa: T201  # for who looks on
        os._exit(1)
    os._exit(0)
