"""A daemon's life in a forked child: one round of a desk's work.

Imports and rules are the parent's, so that a life costs tenths of a second. A round is done by one thread: strace
counts calls for each thread by itself, and only so is the n-th call the same in every round, and each call some n-th.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NoReturn
from unittest.mock import patch

import structlog

from maild import house
from maild.clock import SystemClock
from maild.credentials import credential_of
from maild.daemon import beginning, lifecycle
from maild.daemon.lifecycle import Daemon
from maild.house import Paper
from maild.intake.accept import Acceptance
from maild.intake.imap_session import ImapSession
from maild.reader.within import InProcessReader
from maild.settings import Settings
from maild.store import outbox
from maild.store.inbox import Arrival, Kept
from tests.faults.child import end_with, wait_for_strace

Change = Callable[[], None]  # made to the daemon's code in the child before it lives


class OneThread(ThreadPoolExecutor):
    """Does at once, in the thread that asks, what it is asked to do."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """What it gave or raised."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as err:
            done.set_exception(err)
        return done


def ready(settings: Settings) -> Change:
    """The change, for the child alone, that takes rules which the parent has read, and reads mails in its process."""
    paper = house.paper_of(settings)
    reader = InProcessReader(paper.rulebook.reading)

    def ready_made(*_: object) -> Paper:
        return paper

    def take() -> None:
        house.paper_of = ready_made
        patch.object(beginning, "Reader", lambda *_, **__: reader).start()  # for as long as the process lives

    return take


def live(settings: Settings, go: int, ready: Change, change: Change | None) -> NoReturn:
    """In the child: waits for a word in the pipe `go`, does a round, and ends the process."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()], logger_factory=_quiet)
    ready()
    if change is not None:
        change()
    wait_for_strace(go)
    end_with(lambda: asyncio.run(_round(settings, go)))


async def _round(settings: Settings, go: int) -> None:
    """Pushed mail is taken until the word comes that there is no more; then everything that can be done is.

    What fails is done again after a pause, as in `run`.
    """
    lifecycle.PAUSE_SECONDS = 0.02
    loop = asyncio.get_running_loop()
    one = OneThread()
    loop.set_default_executor(one)
    life = Daemon(settings, SystemClock())
    life._worker._thread = one
    sent = asyncio.Event()

    async def work() -> None:
        await life._worker.do(life.parts.desk.recover)
        for mailbox in life.parts.mailboxes:
            with ImapSession(mailbox._mailbox, credential_of(mailbox._mailbox)) as session:
                mailbox.poll(session)
        await life.settle()
        await life.tick()
        with life.database.read() as session:
            if outbox.oldest_waiting(session) is not None:
                raise TimeoutError("letters wait")
        for mailbox in life.parts.mailboxes:
            with ImapSession(mailbox._mailbox, credential_of(mailbox._mailbox)) as session:
                mailbox.poll(session)
        life.rounds.pulse.tell()
        life.stop()

    async with life.opened():
        loop.add_reader(go, sent.set)
        await sent.wait()
        loop.remove_reader(go)
        await life._again("round", work)


def _quiet() -> object:
    class Nowhere:
        """Takes what would be written: a strike is to meet files, not the journal."""

        def msg(self, _: str) -> None:
            """Nothing."""

        info = warning = error = exception = debug = msg

    return Nowhere()


def answer_before_keeping() -> None:
    """The control: 250 is said at once, and the mail is kept afterwards."""
    keep = Acceptance.keep

    async def careless(self: Acceptance, arrival: Arrival) -> Kept:
        asyncio.get_running_loop().call_later(0.01, lambda: asyncio.ensure_future(keep(self, arrival)))
        return Kept(mail_id=0, new=True)

    Acceptance.keep = careless  # type: ignore[method-assign]  # that is the control
