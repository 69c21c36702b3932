"""A child process, and strace that strikes it at the n-th call of a kind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CDLL
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

SECONDS = 40.0  # for one life, strace and all
WHILE = 8  # calls of one kind and thread that a fault for a while takes
GO = b"g"
KILL = "signal=KILL:when={n}"
INJECTED = "(INJECTED)"  # so strace marks what it did
PR_SET_PTRACER, ANYBODY = 0x59616D61, -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault at the n-th call of a kind: `what` as strace says it, with {n} and {last}. No call: nothing is struck."""

    call: str = ""
    n: int = 0
    what: str = ""
    more: tuple[str, ...] = ()  # options of strace
    at_server: bool = False  # the processes of PostgreSQL that serve the daemon are struck, and not the daemon
    mended_after: float = 0.0  # seconds from its first strike on; 0: the fault is over when its calls are

    @property
    def text(self) -> str:
        """The fault with its numbers."""
        return self.what.format(n=self.n, last=self.n + WHILE)

    def options(self) -> list[str]:
        """For strace."""
        inject = ["-e", f"inject={self.call}:{self.text}"] if self.what else []
        return ["-e", f"trace={self.call}", *inject, *self.more]


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
def struck_by(process: int, strike: Strike, log: Path, mend: Callable[[], object] = lambda: None) -> Iterator[None]:
    """The process and those that it will start under strace, which is there when this begins, gone when it ends.

    `mend` is what an administrator does beside ending a fault that lasts.
    """
    if not strike.call:
        yield
        return
    command = ["strace", "-f", "-qq", "-o", str(log), "-p", str(process), *strike.options()]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        try:
            while "TracerPid:\t0" in Path(f"/proc/{process}/status").read_text():
                if strace.poll() is not None:
                    raise RuntimeError(f"strace: {strace.stderr.read().decode()}")  # type: ignore[union-attr]  # a pipe
                time.sleep(0.002)
            with _mended(strace, strike, log, mend):
                yield
        finally:
            strace.terminate()


@contextmanager
def _mended(strace: subprocess.Popen[bytes], strike: Strike, log: Path, mend: Callable[[], object]) -> Iterator[None]:
    """Ends a fault that lasts: strace lets go, and the process goes on without it."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            if INJECTED in log.read_text():
                over.wait(strike.mended_after)
                strace.terminate()
                strace.wait()
                mend()
                return

    mender = threading.Thread(target=watch)
    if strike.mended_after:
        mender.start()
    try:
        yield
    finally:
        over.set()
        if strike.mended_after:
            mender.join()


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
    """In the child: the work, and the end; nothing of the parent's is run on the way out.

    What it says is not shown: it is judged by what stands afterwards, and the table is to be read as it comes.
    """
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  # to the process's end
    try:
        work()
    except Exception:  # whatever it is: the life is over
        os._exit(1)
    os._exit(0)
