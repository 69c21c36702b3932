"""The child's side: foreign bytes are opened and read here, with little memory and time, and no secrets."""

import resource
import socket
import traceback
from collections.abc import Callable

from maild.core.problems import RuleFile
from maild.core.request import Context
from maild.reader.seam import Failed
from maild.reader.wire import ANSWER, ORDER, TO_OPEN, Answer, Order, receive, send
from maild.reader.within import InProcessReader
from maild.reading import rules as reading_rules
from maild.reading.rules import ReadingRules

MEMORY_BYTES = 768 * 2**20  # address space of the child, its libraries and the third judge included
CPU_SECONDS = 10  # a mail


def serve(wire: socket.socket, start: Callable[[ReadingRules], InProcessReader] = InProcessReader) -> None:
    """Answers orders until the parent is gone. `start` makes what reads out of the rules."""
    try:
        _serve(wire, start)
    except (EOFError, ConnectionError):  # it was ended, perhaps while we worked for it
        return


def _serve(wire: socket.socket, start: Callable[[ReadingRules], InProcessReader]) -> None:
    reader: InProcessReader | None = None
    while True:
        order = ORDER.validate_json(receive(wire))
        raw = receive(wire) if order.do in {"open", "parts"} else b""
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
                answer = Answer(failed=Failed(why="the reader ran out of memory", trace=traceback.format_exc()))
        send(wire, ANSWER.dump_json(answer), *files)


def _started(order: Order, start: Callable[[ReadingRules], InProcessReader]) -> tuple[InProcessReader | None, Answer]:
    files = {name: RuleFile(name=name, data=data) for name, data in (order.files or {}).items()}
    rules, problems = reading_rules.load(
        files, prefixes=order.prefixes, zone=order.zone, our_addresses=order.our_addresses
    )
    if rules is None:
        return None, Answer(failed=Failed(why="; ".join(map(str, problems))))
    rules.gist.load()  # now, and not with a mail in hand that is charged for it
    return start(rules), Answer()


def _answered(reader: InProcessReader, order: Order, raw: bytes) -> tuple[Answer, list[bytes]]:
    if order.do == "open":
        one = TO_OPEN.validate_python({**(order.to_open or {}), "raw": raw})
        opened = reader.open_one(order.number, one)
        return (Answer(failed=opened) if isinstance(opened, Failed) else Answer(opened=opened)), []
    if order.do == "parts":
        parts = reader.parts(raw, order.indexes)
        return Answer(parts=tuple((p.name, p.type) for p in parts)), [p.data for p in parts]
    if order.mail is not None:
        reader.hold(order.number, order.mail)
    reading = reader.read_one(order.number, order.context or Context())
    return (Answer(failed=reading) if isinstance(reading, Failed) else Answer(reading=reading)), []


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
