"""The parent's side: a child that dies, hangs or runs out of memory fails the mail in its hands only."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from maild.core.problems import RuleFiles
from maild.core.reading import Reading
from maild.core.request import Context
from maild.core.rules import SitePolicy
from maild.reader.seam import Failed, Opened, Part, ReaderFailed, ToOpen
from maild.reader.wire import ANSWER, ORDER, Answer, Order, receive, send

WALL_SECONDS = 20.0  # a mail
START_SECONDS = 60.0  # importing everything on a busy machine
COMMAND = (sys.executable, "-m", "maild.reader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that reads, and our end of the socket to it."""

    process: subprocess.Popen[bytes]
    wire: socket.socket


def spawned(command: Sequence[str] = COMMAND) -> Child:
    """A new child, with an environment that holds nothing but where our code is. It waits for its rules."""
    ours, theirs = socket.socketpair()
    with theirs:
        # Spawned, not forked: a fork would carry the parent's memory, with its keys, into the child.
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*command, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "PYTHONDONTWRITEBYTECODE": "1",
                "LANG": "C.UTF-8",
            },
        )
    return Child(process=process, wire=ours)


class Reader:
    """Opens and reads mails in a child process. One thread at a time."""

    def __init__(
        self,
        files: RuleFiles,
        policy: SitePolicy,
        our_addresses: Sequence[str],
        *,
        command: Sequence[str] = COMMAND,
        wall_seconds: float = WALL_SECONDS,
        service: Path | None = None,
        child: Child | None = None,
        at_once: bool = False,
    ) -> None:
        """`service`: the socket of maild-reader.socket, where a process of systemd's answers instead of a child.

        `child`: one that was spawned before the files were read. With one, or `at_once`, the process takes its rules
        now, beside whatever the caller does next; else with the first mail.
        """
        self._service = service
        self._start_order = Order(
            do="start",
            files={name: file.data for name, file in files.items()},
            prefixes=tuple(policy.prefixes),
            zone=policy.zone,
            our_addresses=tuple(our_addresses),
        )
        self._command = tuple(command)
        self._wall_seconds = wall_seconds
        self._child = child.process if child else None
        self._wire = child.wire if child else None
        self._batch: list[Opened | Failed] = []
        self._held: set[int] = set()  # numbers of the batch that the child in hand has opened
        self._starting = _beside(self._start) if at_once or child else None

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails, opened; a Failed for one that killed or held up the child."""
        self._batch = []
        self._held = set()
        for number, one in enumerate(mails):
            answer = self._ask(Order(do="open", number=number, to_open=_without_raw(one)), one.raw)
            opened = answer.opened or answer.failed or Failed(why="the reader gave no answer")
            self._batch.append(opened)
            if isinstance(opened, Opened):
                self._held.add(number)
        return list(self._batch)

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        """Their readings. The keys of the reply addresses stay here."""
        return [None if context is None else self._read_one(i, context) for i, context in enumerate(contexts)]

    def _read_one(self, number: int, context: Context) -> Reading | Failed:
        opened = self._batch[number]
        if isinstance(opened, Failed):
            return opened
        order = Order(
            do="read",
            number=number,
            context=replace(context, reply_key="", old_reply_keys=()),
            mail=None if number in self._held else opened.mail,
        )
        answer = self._ask(order)
        return answer.reading or answer.failed or Failed(why="the reader gave no answer")

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        """Files out of a mail."""
        answer = self._ask(Order(do="parts", indexes=tuple(indexes)), raw)
        if answer.failed is not None or self._wire is None:
            raise ReaderFailed(answer.failed.why if answer.failed else "the reader is gone")
        until = time.monotonic() + self._wall_seconds
        try:
            return [Part(name=name, type=kind, data=receive(self._wire, until)) for name, kind in answer.parts]
        except (EOFError, OSError) as err:
            self._kill()
            raise ReaderFailed(f"a file could not be taken out: {err}") from err

    def close(self) -> None:
        """Ends the child."""
        if self._starting is not None:
            wait([self._starting])
        self._kill()

    def _ask(self, order: Order, *frames: bytes) -> Answer:
        """The child's answer; Failed where it died, hung, or spoke nonsense, and then the child is gone."""
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.result()
        if self._wire is None:
            self._start()
        try:
            return self._exchange(ORDER.dump_json(order, exclude_defaults=True), *frames)
        except TimeoutError:
            why = f"the reader took more than {self._wall_seconds:g} seconds"
        except (EOFError, OSError) as err:
            why = f"the reader process died: {err}"
        except ValidationError as err:
            why = f"the reader process answered what cannot be read: {err.error_count()} errors"
        status = self._kill()
        return Answer(failed=Failed(why=why, trace=f"{why} (exit status {status})"))

    def _exchange(self, *frames: bytes, seconds: float | None = None) -> Answer:
        if self._wire is None:
            raise EOFError("there is no reader process")
        until = time.monotonic() + (seconds or self._wall_seconds)
        self._wire.settimeout(seconds or self._wall_seconds)
        send(self._wire, *frames)
        return ANSWER.validate_json(receive(self._wire, until))

    def _start(self) -> None:
        """A new process that answers, one of systemd's or a child of ours."""
        if self._service is not None:
            self._wire = _connected(self._service)
        elif self._wire is None:
            new = spawned(self._command)
            self._child, self._wire = new.process, new.wire
        self._held = set()
        try:
            answer = self._exchange(
                json.dumps(ORDER.dump_python(self._start_order), default=str).encode(), seconds=START_SECONDS
            )
        except (EOFError, OSError, ValidationError) as err:
            self._kill()
            raise ReaderFailed(f"the reader process did not start: {err}") from err
        if answer.failed is not None:
            self._kill()
            raise ReaderFailed(f"the reader process did not start: {answer.failed.why}")

    def _kill(self) -> int | None:
        """Ends the child at once; its exit status."""
        child, self._child = self._child, None
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self._held = set()
        if child is None:
            return None
        child.kill()
        return child.wait()


def _beside(work: Callable[[], None]) -> Future[None]:
    """The work, under way in a thread of its own."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
    doing = thread.submit(work)
    thread.shutdown(wait=False)
    return doing


def _connected(service: Path) -> socket.socket:
    """A connection to the reader's unit, which starts a process for it. Raises ReaderFailed."""
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        wire.connect(str(service))
    except OSError as err:
        wire.close()
        raise ReaderFailed(f"{service}: {err.strerror}; is maild-reader.socket running?") from err
    return wire


def _without_raw(one: ToOpen) -> dict[str, Any]:
    return {
        "received_at": one.received_at.isoformat() if one.received_at else None,
        "recipients": list(one.recipients),
        "return_path": one.return_path,
    }
