"""Broken mails by the thousand through opening, reading and deciding: any bytes must give an answer, and soon.

Prints inputs tried, exceptions, those over the time limit, and the slowest input with the seed that makes it again;
ends with 1 where there was an exception or a hang. Each mail is also read by one parser alone, which might not have
come to it otherwise.

With --reader the mails of ../shared/foreign and so many mutations of them go through the reader process as the daemon
sends them: what it cannot answer, and what takes over two seconds of the processor (ours and the reader's), counts as
wrong; seconds by the wall are told beside it, for on a busy machine they say little. Its memory is limited to 512 MB,
so what needs more is not answered.

    python bench/fuzz.py [--seconds 60] [--seed 1]
    python bench/fuzz.py --reader 100000 [--seconds 3600] [--seed 1]
    python bench/fuzz.py --only SEED [--reader 1] [--write FILE]      one input again, with its traceback
"""

import argparse
import itertools
import multiprocessing
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from mutations import mutate

from maild import house
from maild.core.decide import decide
from maild.core.effects import ReadMail
from maild.core.request import Context
from maild.evaluate import load_contexts, reading_json
from maild.reader import Failed, Reader, ToOpen
from maild.reading.clues import clues_of
from maild.reading.masking import masked
from maild.reading.opening import open_mail, part_bytes
from maild.reading.read import read_alone, read_mail
from maild.reading.today import taken_at
from maild.registry import load_parsers
from maild.rulebook import policy_of, read_files
from maild.settings import Settings

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
LIMIT_SECONDS = 20.0  # an input, as the daemon's reader has it
READER_SECONDS = 2.0  # an input through the reader process
PATIENCE_SECONDS = 300.0  # by the wall: on a busy machine a mail may wait long for its seconds of the processor
PROGRESS_EVERY = 10_000  # inputs
SUFFIXES = frozenset({".eml", ".msg", ".txt"})
SHOWN = 10  # exceptions listed
SLOWEST = 3  # inputs listed


@dataclass(slots=True, kw_only=True)
class Figures:
    """What came of the inputs. `slowest` is seconds (of the processor), bytes and seed; the lists hold seeds."""

    tried: int = 0
    slowest: list[tuple[float, int, int]] = field(default_factory=list)
    wall_slowest: float = 0.0
    wall_over: int = 0
    over_a_second: int = 0
    limit: float = LIMIT_SECONDS
    megabytes: float = 0.0  # the most that a reader process held
    hung: list[int] = field(default_factory=list)
    raised: dict[str, list[int]] = field(default_factory=dict)


FOLDERS = (ROOT / "tests/mails", SHARED / "foreign", SHARED / "corpus")


def mails(folders: Sequence[Path] = FOLDERS) -> dict[str, bytes]:
    """The mails to break, by path: our own, and those beside the checkout if they are there."""
    paths = (path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES)
    return {str(path): path.read_bytes() for path in paths}


def contexts() -> list[Context]:
    """What the daemon may know when a mail comes in: nothing, and what the labelled mails come with."""
    known = SHARED / "corpus/context.jsonl"
    return [Context(our_addresses=("ill@library.example",)), *(load_contexts(known).values() if known.exists() else ())]


def judge(known: Sequence[Context]) -> Callable[[bytes, int], None]:
    """Opens, reads and decides a mail as the daemon does; the seed chooses what is known."""
    rulebook = house.paper_of(Settings()).rulebook
    parsers = load_parsers()

    def judged(raw: bytes, seed: int) -> None:
        context = known[seed % len(known)]
        mail = masked(open_mail(raw, our_addresses=context.our_addresses, quotes=rulebook.reading.quotes))
        clues_of(mail, rulebook.reading.prefixes, context.our_addresses)
        for file in mail.attachments[:3]:
            part_bytes(raw, file.index)
        read_alone(mail, rulebook.reading, parsers)
        now = taken_at(mail, context)
        context = replace(context, received_at=now)
        read_mail(mail, context, rulebook.reading, [parsers[seed % len(parsers)]])
        reading = read_mail(mail, context, rulebook.reading, parsers)
        decision = decide(ReadMail(mail=mail, reading=reading, id="fuzz"), context, rulebook.rules, now)
        str(reading_json("fuzz", mail, decision)).encode()

    return judged


def work(answers: Connection, first: int, given: Mapping[str, bytes]) -> None:
    """The worker: one seed after the other, until it is ended from outside."""
    judged, sources = judge(contexts()), list(given.values())
    answers.send(None)
    for seed in itertools.count(first):
        raw = mutate(seed, sources)
        start = time.process_time()
        problem = ""
        try:
            judged(raw, seed)
        except Exception as err:  # what the run looks for
            last = traceback.extract_tb(err.__traceback__)[-1]
            problem = f"{type(err).__name__}: {str(err)[:200]} ({last.filename}:{last.lineno})"
        answers.send((seed, len(raw), time.process_time() - start, problem))


def fuzz(seconds: float, first: int) -> Figures:
    """Runs for so long; a worker that goes over the limit is ended, and another goes on with the next seed."""
    figures, given, seed = Figures(), mails(), first
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ours, theirs = multiprocessing.Pipe(duplex=False)
        worker = multiprocessing.Process(target=work, args=(theirs, seed, given), daemon=True)
        worker.start()
        theirs.close()
        try:
            ours.recv()  # the rules are read
            while time.monotonic() < end:
                if not ours.poll(LIMIT_SECONDS):
                    figures.hung.append(seed)
                    break
                count(figures, *ours.recv())
                seed += 1
        except EOFError:  # it died: out of memory, say
            figures.raised.setdefault("the worker died", []).append(seed)
        worker.kill()
        worker.join()
        seed += 1
    return figures


def through_reader(wanted: int, seconds: float, first: int) -> Figures:
    """The mails of ../shared/foreign as they are, then mutations of them, one after the other."""
    figures = Figures(limit=READER_SECONDS)
    sources = list(mails(FOLDERS[1:2]).values())
    known = contexts()
    policy = policy_of(Settings())
    reader = Reader(read_files()[0], policy, known[0].our_addresses, wall_seconds=PATIENCE_SECONDS)
    reader.open([ToOpen(raw=b"")])  # starts it
    end = time.monotonic() + seconds
    for seed, raw in _foreign(sources, wanted, first):
        if time.monotonic() > end:
            break
        context = replace(known[seed % len(known)], received_at=datetime.now(UTC))
        before, began = _spent(reader), time.perf_counter()
        answers = (*reader.open([ToOpen(raw=raw)]), *reader.read([context]))
        took, wall = _spent(reader) - before, time.perf_counter() - began
        figures.wall_slowest = max(figures.wall_slowest, wall)
        figures.wall_over += wall > READER_SECONDS
        problem = next((answer.trace or answer.why for answer in answers if isinstance(answer, Failed)), "")
        count(figures, seed, len(raw), took, problem)
        if took > READER_SECONDS:
            figures.hung.append(seed)
        if problem:
            print(f"seed {seed}: {problem}", flush=True)
        if figures.tried % PROGRESS_EVERY == 0:
            problems = sum(map(len, figures.raised.values()))
            print(f"{figures.tried} so far, exceptions {problems}, slowest {figures.slowest[0]}", flush=True)
    reader.close()
    figures.megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return figures


def _spent(reader: Reader) -> float:
    """Seconds of the processor so far, of this process and of the reader's, those that have died included."""
    dead = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = reader._child
    alive = time.clock_gettime((~child.pid << 3) | 2) if child is not None else 0.0  # clock_getcpuclockid(3)
    return time.process_time() + dead.ru_utime + dead.ru_stime + alive


def _foreign(sources: Sequence[bytes], wanted: int, first: int) -> Iterator[tuple[int, bytes]]:
    """Each mail unbroken with a negative number, then the mutations with their seeds."""
    yield from ((-number, raw) for number, raw in enumerate(sources, start=1))
    yield from ((seed, mutate(seed, sources)) for seed in range(first, first + wanted))


def count(figures: Figures, seed: int, size: int, seconds: float, problem: str) -> None:
    """One more input."""
    figures.tried += 1
    figures.over_a_second += seconds > 1
    figures.slowest = sorted([*figures.slowest, (seconds, size, seed)], reverse=True)[:SLOWEST]
    if problem:
        figures.raised.setdefault(problem, []).append(seed)


def report(figures: Figures) -> int:
    """Prints; 1 where something is wrong."""
    exceptions = sum(map(len, figures.raised.values()))
    print(f"inputs tried {figures.tried}, exceptions {exceptions}, over {figures.limit:g} s {len(figures.hung)}")
    if figures.megabytes:
        print(f"the reader process held at most {figures.megabytes:.0f} MB")
        print(f"by the wall: slowest {figures.wall_slowest:.3f} s, over {figures.limit:g} s {figures.wall_over}")
    print(f"over 1 s of the processor: {figures.over_a_second}")
    for seconds, size, seed in figures.slowest:
        print(f"slowest {seconds:.3f} s for {size} bytes (--only {seed})")
    for problem, seeds in sorted(figures.raised.items(), key=lambda p: -len(p[1]))[:SHOWN]:
        print(f"{len(seeds):6} x {problem} (--only {seeds[0]})")
    for seed in figures.hung:
        print(f"  over the limit: --only {seed}")
    return 1 if exceptions or figures.hung else 0


def once(seed: int, copy: Path | None, folders: Sequence[Path]) -> int:
    """One input again: its time, or its traceback."""
    sources = list(mails(folders).values())
    raw = mutate(seed, sources) if seed > 0 else sources[-seed - 1]
    if copy is not None:
        copy.write_bytes(raw)
    judged = judge(contexts())
    start = time.perf_counter()
    judged(raw, seed)
    print(f"{time.perf_counter() - start:.3f} s for {len(raw)} bytes")
    return 0


def main() -> int:
    """Reads the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--seed", type=int, default=1, help="the first one")
    options.add_argument("--only", type=int, help="this seed and no other")
    options.add_argument("--write", type=Path, help="keep the input of --only here")
    options.add_argument("--reader", type=int, metavar="COUNT", help="so many mutations through the reader process")
    given = options.parse_args()
    if given.only is not None:
        return once(given.only, given.write, FOLDERS if given.reader is None else FOLDERS[1:2])
    if given.reader is not None:
        return report(through_reader(given.reader, given.seconds, given.seed))
    return report(fuzz(given.seconds, given.seed))


if __name__ == "__main__":
    sys.exit(main())
