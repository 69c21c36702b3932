"""The site's holdings command: it gets a citation as JSON on its standard input and says which libraries hold the work.

It runs outside of every transaction, for a bounded time and with bounded output, and never through a shell. What it
says, or why it could not, becomes a command like those of staff; until then the request waits with its flag.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import Sequence
from uuid import uuid4

import structlog

from maild.core.cleaning import clean_line
from maild.core.counted import counted
from maild.core.effects import Command
from maild.core.holders import ANSWER, FAILED
from maild.core.reading import Event
from maild.core.request import Request
from maild.core.terms import EventName
from maild.store.plain import as_json

log = structlog.get_logger()

ACTOR = "holdings command"
MAX_ANSWER_BYTES = 64 * 2**10
MAX_SYMBOLS = 100
MAX_TOLD = 300  # characters of what it complained of
SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/_.\-]{0,39}")  # of libraries: an ISIL or another


class HookFailed(Exception):
    """The command gave no answer that can be used; the text says why."""


async def looked_up(command: Sequence[str], request: Request, seconds: int) -> Command:
    """What the command said of the request, or why it said nothing, as a command of the desk."""
    try:
        values = {ANSWER: ",".join(symbols_in(await _said(command, question_of(request), seconds)))}
    except HookFailed as err:
        log.warning("holdings.failed", number=request.number, why=str(err))
        values = {FAILED: str(err)}
    event = Event(event=EventName.SUPPLIER_INFO)
    return Command(number=request.number, event=event, actor=ACTOR, values=values, id=uuid4().hex)


def question_of(request: Request) -> bytes:
    """What the command is told: the work, and nothing of the patron."""
    asked = {"number": request.number, "service_type": request.service_type, "citation": request.citation}
    return as_json(asked).encode() + b"\n"


def symbols_in(answer: bytes) -> tuple[str, ...]:
    """The libraries that hold it, best first: one a line, or JSON: ["FI-A"], {"suppliers": ["FI-A"]}.

    Raises HookFailed for anything else.
    """
    try:
        text = answer.decode("utf-8").strip()
        found = json.loads(text) if text[:1] in {"[", "{"} else [line.strip() for line in text.splitlines()]
    except (ValueError, RecursionError) as err:
        raise HookFailed("its answer is neither lines nor JSON") from err
    if isinstance(found, dict):
        found = found.get("suppliers")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise HookFailed('its answer is no list of symbols; write one a line, or {"suppliers": ["FI-A"]}')
    symbols = [one for one in found if one]
    strange = next((one for one in symbols if SYMBOL.fullmatch(one) is None), "")
    if strange:
        raise HookFailed(f"{clean_line(strange, 60)!r} in its answer is no symbol of a library")
    if len(symbols) > MAX_SYMBOLS:
        raise HookFailed(f"it names {len(symbols)} libraries; {MAX_SYMBOLS} are the most")
    return tuple(dict.fromkeys(symbols))


async def _said(command: Sequence[str], question: bytes, seconds: int) -> bytes:
    """Its standard output. Raises HookFailed where it cannot be started, fails, is slow or says too much."""
    if not command:
        raise HookFailed("no command is set any more ([holdings] in maild.toml)")
    try:
        # The command stands in maild.toml, which only the administrator can write; no shell is involved.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that what it starts ends with it
        )
    except OSError as err:
        raise HookFailed(f"{command[0]} could not be started: {err.strerror}") from err
    try:
        async with asyncio.timeout(seconds):
            said, complained, _ = await asyncio.gather(
                _bounded(process.stdout), _bounded(process.stderr), _tell(process.stdin, question)
            )
            code = await process.wait()
    except TimeoutError as err:
        raise HookFailed(f"it did not end within {counted(seconds, 'second')}") from err
    finally:
        await _end(process)
    if code:
        told = clean_line(complained.decode("utf-8", "replace"), MAX_TOLD)
        raise HookFailed(f"it ended with code {code}{f': {told}' if told else ''}")
    return said


async def _bounded(stream: asyncio.StreamReader | None) -> bytes:
    """All that is said, up to the end of the stream. Raises HookFailed where it is too much."""
    said = bytearray()
    while stream is not None and (part := await stream.read(2**14)):
        said += part
        if len(said) > MAX_ANSWER_BYTES:
            raise HookFailed(f"it says more than {MAX_ANSWER_BYTES} bytes")
    return bytes(said)


async def _tell(stream: asyncio.StreamWriter | None, question: bytes) -> None:
    """Gives the question; a command may answer without having read it."""
    if stream is None:
        return
    try:
        stream.write(question)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        return


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends it and whatever it started, where it has not ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # A pipe that was left half read is never closed, and its process never counts as ended.
    await asyncio.gather(process.wait(), _drain(process.stdout), _drain(process.stderr))


async def _drain(stream: asyncio.StreamReader | None) -> None:
    with contextlib.suppress(RuntimeError):  # somebody reads it still
        while stream is not None and await stream.read(2**16):
            pass
