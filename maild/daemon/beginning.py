"""What a daemon begins with: the rule files, and its reader, whose process starts while the daemon builds itself."""

from dataclasses import dataclass

from maild.reader import Reader, spawned
from maild.rulebook import Files, policy_of, read_files
from maild.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The files as they were read, and a reader that has them."""

    files: Files
    reader: Reader


def begin(settings: Settings) -> Begun:
    """The beginning of a daemon of these settings; who takes it closes the reader."""
    child = spawned() if settings.reader.socket is None else None  # it imports what it needs while the files are read
    files = read_files(settings.own.rules)
    reader = Reader(
        files[0],
        policy_of(settings),
        settings.our_addresses,
        service=settings.reader.socket,
        child=child,
        at_once=True,
    )
    return Begun(files=files, reader=reader)
