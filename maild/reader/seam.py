"""What the rest of the house knows of the reader: what it is given, and what it gives back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from maild.core.mail import Clues, Mail
from maild.core.reading import Reading
from maild.core.request import Context


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
