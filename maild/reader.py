"""The reader process: foreign bytes are opened and read in a child with little memory and time, and no secrets.

The parent asks for one mail at a time over a socket: frames of length and content, the answers JSON checked by
pydantic, never pickle. A child that dies, hangs or runs out of memory fails the mail in its hands only; another child
goes on with the next one.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from maild.core.mail import Clues, Mail
from maild.core.problems import RuleFile, RuleFiles
from maild.core.reading import Parser, Reading
from maild.core.request import Context
from maild.core.rules import SitePolicy
from maild.reading import rules as reading_rules
from maild.reading.clues import clues_of
from maild.reading.guard import MAX_MAIL_BYTES
from maild.reading.masking import masked
from maild.reading.opening import open_mail, part_bytes
from maild.reading.read import read_mail
from maild.reading.rules import ReadingRules
from maild.registry import load_parsers

MEMORY_BYTES = 512 * 2**20  # address space of the child, its libraries included
CPU_SECONDS = 10  # a mail
WALL_SECONDS = 20.0  # a mail
START_SECONDS = 60.0  # importing everything on a busy machine
MAX_FRAME_BYTES = 4 * MAX_MAIL_BYTES
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOpen:
    """A kept mail with its envelope."""

    raw: bytes
    received_at: datetime | None = None
    recipients: tuple[str, ...] = ()
    return_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A mail that could be opened, with what the store needs to find its context."""

    mail: Mail
    clues: Clues


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A mail that the reader could not deal with: `why` is one line, `trace` the traceback as far as there is one."""

    why: str
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file out of a mail. `type` is what its first bytes say it is."""

    name: str
    type: str
    data: bytes


class ReaderFailed(Exception):
    """The reader process could not be started, or could not take a file out of a mail."""


class ReaderSeam(Protocol):
    """What the rest of the house knows of the reader."""

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails of a batch, opened, in the same order."""
        ...

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        """Readings of the batch that was opened last, in the same order; None where no context is given."""
        ...

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        """Files out of a mail. Raises ReaderFailed."""
        ...

    def close(self) -> None:
        """Ends it."""
        ...


class InProcessReader:
    """The same without a child: for what is read by hand, and for tests."""

    def __init__(self, rules: ReadingRules, parsers: Sequence[Parser] | None = None) -> None:
        self._rules = rules
        self._parsers = tuple(load_parsers() if parsers is None else parsers)
        self._batch: dict[int, Mail] = {}

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails, opened."""
        self._batch = {}
        return [self.open_one(i, one) for i, one in enumerate(mails)]

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        """Their readings."""
        return [None if context is None else self.read_one(i, context) for i, context in enumerate(contexts)]

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        """Files out of a mail."""
        known = {a.index: a for a in open_mail(raw).attachments}
        return [
            Part(name=known[i].name, type=known[i].sniffed or "application/octet-stream", data=part_bytes(raw, i))
            for i in indexes
            if i in known
        ]

    def close(self) -> None:
        """Nothing to end."""

    def hold(self, number: int, mail: Mail) -> None:
        """A mail of the batch that another child had opened."""
        self._batch[number] = mail

    def open_one(self, number: int, one: ToOpen) -> Opened | Failed:
        """One mail of the batch, opened and held."""
        if number == 0:
            self._batch = {}
        try:
            mail = masked(
                open_mail(
                    one.raw,
                    received_at=one.received_at,
                    recipients=one.recipients,
                    return_path=one.return_path,
                    our_addresses=self._rules.our_addresses,
                    quotes=self._rules.quotes,
                )
            )
            self._batch[number] = mail
            return Opened(mail=mail, clues=clues_of(mail, self._rules.prefixes, self._rules.our_addresses))
        except Exception as err:  # a bug of ours: this mail fails, the others of the batch are read
            return Failed(why=f"{type(err).__name__}: {err}", trace=traceback.format_exc())

    def read_one(self, number: int, context: Context) -> Reading | Failed:
        """The reading of one mail that is held."""
        try:
            return read_mail(self._batch[number], context, self._rules, self._parsers)
        except Exception as err:  # a bug of ours or of a site's parser, as above
            return Failed(why=f"{type(err).__name__}: {err}", trace=traceback.format_exc())


# What goes over the socket


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One thing to do. Raw bytes follow in a frame of their own (open, parts)."""

    do: str  # start, open, read, parts
    number: int = 0
    to_open: dict[str, Any] | None = None
    context: Context | None = None
    mail: Mail | None = None
    indexes: tuple[int, ...] = ()
    files: dict[str, dict[str, Any]] | None = None
    prefixes: tuple[str, ...] = ()
    zone: str = ""
    our_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of it. Files follow in a frame each (parts)."""

    opened: Opened | None = None
    reading: Reading | None = None
    failed: Failed | None = None
    parts: tuple[tuple[str, str], ...] = ()


_ORDER = TypeAdapter(_Order)
_ANSWER = TypeAdapter(_Answer)
_TO_OPEN = TypeAdapter(ToOpen)


def _send(wire: socket.socket, *frames: bytes) -> None:
    wire.sendall(b"".join(part for frame in frames for part in (len(frame).to_bytes(_LENGTH_BYTES, "big"), frame)))


def _receive(wire: socket.socket, until: float | None = None) -> bytes:
    """One frame. Raises EOFError where the other side is gone, TimeoutError after the monotonic time `until`."""
    length = int.from_bytes(_exactly(wire, _LENGTH_BYTES, until), "big")
    if length > MAX_FRAME_BYTES:
        raise EOFError(f"a frame of {length} bytes: the other side has lost its way")
    return _exactly(wire, length, until)


def _exactly(wire: socket.socket, count: int, until: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        if until is not None:
            wire.settimeout(max(0.001, until - time.monotonic()))
        got = wire.recv(min(count - len(parts), 2**20))
        if not got:
            raise EOFError("the reader process is gone")
        parts += got
    return bytes(parts)


# The parent's side


class Reader:
    """Opens and reads mails in a child process. One thread at a time."""

    def __init__(
        self,
        files: RuleFiles,
        policy: SitePolicy,
        our_addresses: Sequence[str],
        *,
        command: Sequence[str] = (sys.executable, "-m", "maild.reader"),
        wall_seconds: float = WALL_SECONDS,
        service: Path | None = None,
    ) -> None:
        """`service`: the socket of maild-reader.socket, where a process of systemd's answers instead of a child."""
        self._service = service
        self._start_order = _Order(
            do="start",
            files={name: file.data for name, file in files.items()},
            prefixes=tuple(policy.prefixes),
            zone=policy.zone,
            our_addresses=tuple(our_addresses),
        )
        self._command = tuple(command)
        self._wall_seconds = wall_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._wire: socket.socket | None = None
        self._batch: list[Opened | Failed] = []
        self._held: set[int] = set()  # numbers of the batch that the child in hand has opened

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails, opened; a Failed for one that killed or held up the child."""
        self._batch = []
        self._held = set()
        for number, one in enumerate(mails):
            answer = self._ask(_Order(do="open", number=number, to_open=_without_raw(one)), one.raw)
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
        order = _Order(
            do="read",
            number=number,
            context=replace(context, reply_key="", old_reply_keys=()),
            mail=None if number in self._held else opened.mail,
        )
        answer = self._ask(order)
        return answer.reading or answer.failed or Failed(why="the reader gave no answer")

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        """Files out of a mail."""
        answer = self._ask(_Order(do="parts", indexes=tuple(indexes)), raw)
        if answer.failed is not None or self._wire is None:
            raise ReaderFailed(answer.failed.why if answer.failed else "the reader is gone")
        until = time.monotonic() + self._wall_seconds
        try:
            return [Part(name=name, type=kind, data=_receive(self._wire, until)) for name, kind in answer.parts]
        except (EOFError, OSError) as err:
            self._kill()
            raise ReaderFailed(f"a file could not be taken out: {err}") from err

    def close(self) -> None:
        """Ends the child."""
        self._kill()

    def _ask(self, order: _Order, *frames: bytes) -> _Answer:
        """The child's answer; Failed where it died, hung, or spoke nonsense, and then the child is gone."""
        if self._wire is None:
            self._start()
        try:
            return self._exchange(_ORDER.dump_json(order, exclude_defaults=True), *frames)
        except TimeoutError:
            why = f"the reader took more than {self._wall_seconds:g} seconds"
        except (EOFError, OSError) as err:
            why = f"the reader process died: {err}"
        except ValidationError as err:
            why = f"the reader process answered what cannot be read: {err.error_count()} errors"
        status = self._kill()
        return _Answer(failed=Failed(why=why, trace=f"{why} (exit status {status})"))

    def _exchange(self, *frames: bytes, seconds: float | None = None) -> _Answer:
        if self._wire is None:
            raise EOFError("there is no reader process")
        until = time.monotonic() + (seconds or self._wall_seconds)
        self._wire.settimeout(seconds or self._wall_seconds)
        _send(self._wire, *frames)
        return _ANSWER.validate_json(_receive(self._wire, until))

    def _start(self) -> None:
        """A new process that answers, one of systemd's or a child of ours."""
        self._wire = self._spawn() if self._service is None else _connected(self._service)
        self._held = set()
        try:
            answer = self._exchange(
                json.dumps(_ORDER.dump_python(self._start_order), default=str).encode(), seconds=START_SECONDS
            )
        except (EOFError, OSError, ValidationError) as err:
            self._kill()
            raise ReaderFailed(f"the reader process did not start: {err}") from err
        if answer.failed is not None:
            self._kill()
            raise ReaderFailed(f"the reader process did not start: {answer.failed.why}")

    def _spawn(self) -> socket.socket:
        """A new child, with an environment that holds nothing but where our code is."""
        ours, theirs = socket.socketpair()
        with theirs:
            # Spawned, not forked: a fork would carry the parent's memory, with its keys, into the child.
            self._child = subprocess.Popen(  # noqa: S603  # our own interpreter and module
                [*self._command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={
                    "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "LANG": "C.UTF-8",
                },
            )
        return ours

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


# The child's side


def serve(wire: socket.socket, start: Callable[[ReadingRules], InProcessReader] = InProcessReader) -> None:
    """Answers orders until the parent is gone. `start` makes what reads out of the rules."""
    reader: InProcessReader | None = None
    while True:
        try:
            order = _ORDER.validate_json(_receive(wire))
            raw = _receive(wire) if order.do in {"open", "parts"} else b""
        except EOFError:
            return
        _allow_cpu()
        files: list[bytes] = []
        if order.do == "start":
            reader, answer = _started(order, start)
        elif reader is None:
            return
        else:
            try:
                answer, files = _answered(reader, order, raw)
            except MemoryError:
                answer = _Answer(failed=Failed(why="the reader ran out of memory", trace=traceback.format_exc()))
        _send(wire, _ANSWER.dump_json(answer), *files)


def _started(order: _Order, start: Callable[[ReadingRules], InProcessReader]) -> tuple[InProcessReader | None, _Answer]:
    files = {name: RuleFile(name=name, data=data) for name, data in (order.files or {}).items()}
    rules, problems = reading_rules.load(
        files, prefixes=order.prefixes, zone=order.zone, our_addresses=order.our_addresses
    )
    if rules is None:
        return None, _Answer(failed=Failed(why="; ".join(map(str, problems))))
    return start(rules), _Answer()


def _answered(reader: InProcessReader, order: _Order, raw: bytes) -> tuple[_Answer, list[bytes]]:
    if order.do == "open":
        one = _TO_OPEN.validate_python({**(order.to_open or {}), "raw": raw})
        opened = reader.open_one(order.number, one)
        return (_Answer(failed=opened) if isinstance(opened, Failed) else _Answer(opened=opened)), []
    if order.do == "parts":
        parts = reader.parts(raw, order.indexes)
        return _Answer(parts=tuple((p.name, p.type) for p in parts)), [p.data for p in parts]
    if order.mail is not None:
        reader.hold(order.number, order.mail)
    reading = reader.read_one(order.number, order.context or Context())
    return (_Answer(failed=reading) if isinstance(reading, Failed) else _Answer(reading=reading)), []


def _allow_cpu() -> None:
    """So much more processor time for the next mail; what takes longer is killed by the kernel."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS + 1, hard))


def run(fd: int, start: Callable[[ReadingRules], InProcessReader] = InProcessReader) -> None:
    """The child's main: limits first, then orders from the socket `fd`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    with socket.socket(fileno=fd) as wire:
        serve(wire, start)


if __name__ == "__main__":
    run(int(sys.argv[1]))
