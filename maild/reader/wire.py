"""What goes over the socket between the two processes: frames of length and content, JSON checked by pydantic."""

import socket
import time
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.core.request import Context
from maild.reader.seam import Failed, Opened, ToOpen
from maild.reading.guard import MAX_MAIL_BYTES

MAX_FRAME_BYTES = 4 * MAX_MAIL_BYTES
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
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
class Answer:
    """What came of it. Files follow in a frame each (parts)."""

    opened: Opened | None = None
    reading: Reading | None = None
    failed: Failed | None = None
    parts: tuple[tuple[str, str], ...] = ()


ORDER = TypeAdapter(Order)
ANSWER = TypeAdapter(Answer)
TO_OPEN = TypeAdapter(ToOpen)


def send(wire: socket.socket, *frames: bytes) -> None:
    """Sends each with its length in front. Raises OSError where the other side is gone."""
    wire.sendall(b"".join(part for frame in frames for part in (len(frame).to_bytes(_LENGTH_BYTES, "big"), frame)))


def receive(wire: socket.socket, until: float | None = None) -> bytes:
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
