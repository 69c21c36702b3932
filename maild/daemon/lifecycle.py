"""The life of a daemon: everything is opened, goes round until it is asked to end, and is closed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from maild import health, watch
from maild.clock import Clock
from maild.core.effects import Command
from maild.daemon.beginning import Begun, begin
from maild.daemon.doors import close_mailboxes, open_doors
from maild.daemon.holdings import HoldingsRound
from maild.daemon.parts import Parts, build
from maild.daemon.pulse import PulseTeller
from maild.daemon.rounds import MailRound, PostRound, Worker
from maild.daemon.signals import Signals, wait, waker
from maild.daemon.ticks import Ticks
from maild.notices.tick import ticking
from maild.settings import Settings
from maild.store.database import Database, Locked

log = structlog.get_logger()

PAUSE_SECONDS = 5.0  # before work that failed is tried again
MAX_ROUNDS = 10_000  # of `once`: a loop that never ends is a bug, not work


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """What goes round in an open daemon."""

    mail: MailRound
    post: PostRound
    holdings: HoldingsRound
    ticks: Ticks
    pulse: PulseTeller


class Daemon:
    """Everything that runs. `ready` is set once it takes mail; `ports` are those of its doors, by protocol."""

    def __init__(self, settings: Settings, clock: Clock, begun: Begun | None = None) -> None:
        """`begun`: what was begun before everything was imported; else it is when the daemon opens."""
        self._settings = settings
        self._begun = begun
        self._clock = clock
        self._stack = ExitStack()
        self._signals = Signals()
        self._worker = Worker()
        self._built: tuple[Parts, Rounds] | None = None
        self._replaced: Locked | None = None  # another daemon has the database
        self.ready = asyncio.Event()
        self.ports: dict[str, int] = {}

    @property
    def parts(self) -> Parts:
        """What it was built of. Raises RuntimeError while it is not open."""
        return self._open[0]

    @property
    def rounds(self) -> Rounds:
        """What goes round in it. Raises RuntimeError while it is not open."""
        return self._open[1]

    @property
    def database(self) -> Database:
        """Its database, while it is open."""
        return self.parts.database

    @property
    def _open(self) -> tuple[Parts, Rounds]:
        if self._built is None:
            raise RuntimeError("the daemon is not open")
        return self._built

    # Running

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, or `stop`. Raises Locked where another daemon took the database from us."""
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stop)
        async with self.opened():
            for mailbox in self.parts.mailboxes:
                mailbox.start()
            scheduler = ticking(self.tick, self._settings.site.zone)
            scheduler.start()
            watch.notify("READY=1")
            self.ready.set()
            log.info("daemon.ready", mode=self._settings.automation.mode, ports=self.ports)
            try:
                await self._go_round()
            finally:
                watch.notify("STOPPING=1")
                health.end_pulse(self._settings.data)
                scheduler.shutdown(wait=False)
        if self._replaced is not None:
            raise self._replaced

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Built, with the doors for pushed mail open; mailboxes are not polled yet. Closed afterwards."""
        async with AsyncExitStack() as doors:
            try:
                self._build()
                metrics = self.rounds.pulse.as_metrics
                self.ports |= await open_doors(self._settings, self.parts, self._clock, doors, metrics)
                await self._worker.do(self.parts.warm_up)  # before a mail is claimed: it takes a second or two
                yield
            finally:
                await self._close()

    def stop(self) -> None:
        """Asks everything to end; what is under way is finished."""
        self._signals.end()

    def _build(self) -> None:
        settings, signals, clock, worker = self._settings, self._signals, self._clock, self._worker
        came, written = waker(signals.mail), waker(signals.letters)
        begun = self._begun or begin(settings)
        parts = build(settings, clock, begun, self._stack, mail_came=came, written=written)
        mail = MailRound(parts, worker, signals, clock)
        rounds = Rounds(
            mail=mail,
            post=PostRound(parts, signals),
            holdings=HoldingsRound(parts, worker, signals, settings.holdings),
            ticks=Ticks(settings, parts, worker, clock),
            pulse=PulseTeller(settings, parts, mail, signals, clock),
        )
        self._built = (parts, rounds)

    async def _close(self) -> None:
        if self._built is not None:
            await close_mailboxes(self.parts.mailboxes)
            await self.parts.sender.close()
        self._worker.end()
        self._stack.close()
        log.info("daemon.stopped")

    async def _go_round(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again("work", self.rounds.mail.go_round))
            tasks.create_task(self._again("post", self.rounds.post.go_round))
            tasks.create_task(self._again("holdings", self.rounds.holdings.go_round))
            tasks.create_task(self.rounds.pulse.go_round())

    async def _again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The work until we stop. A full disk or a lost database ends neither the doors nor the other work.

        If it lasts, the watchdog is no longer fed. Where another daemon has the database everything ends.
        """
        while not self._signals.is_over:
            try:
                await work()
            except Locked as err:  # two would work on the same mails
                log.error("daemon.replaced", work=name, problem=str(err))
                self._replaced = err
                self.stop()
            except Exception:
                log.exception("daemon.failed", work=name, again_in=PAUSE_SECONDS)
                await wait(self._signals.stop, PAUSE_SECONDS)

    # Step by step

    async def once(self) -> None:
        """Everything there is to do now, then the end: for cron-style sites and tests."""
        async with self.opened():
            ticks = self.rounds.ticks
            await self._worker.do(self.parts.desk.recover)
            await self.poll()
            if await self._worker.do(self.parts.is_sure_of_time):
                await ticks.take_reports()
                await self.settle()
                await ticks.morning()
                await ticks.erase()
            await self.parts.sender.send_due()
            for mailbox in self.parts.mailboxes:
                await asyncio.to_thread(mailbox.file_once)

    async def tick(self) -> None:
        """What the clock brings now."""
        await self.rounds.ticks.tick()

    async def poll(self) -> None:
        """One look into every mailbox."""
        for mailbox in self.parts.mailboxes:
            await asyncio.to_thread(mailbox.once)

    async def command(self, command: Command) -> None:
        """Something done by hand, as `maild request do` does it."""
        await self._worker.do(lambda: self.parts.desk.command(command))

    async def settle(self) -> None:
        """Works, ticks and posts until nothing is left to do at this moment."""
        for _ in range(MAX_ROUNDS):
            worked = await self._worker.do(self.parts.desk.work)
            noticed = await self.rounds.ticks.notices()
            found_out = await self.rounds.holdings.look_up()
            if not worked and not noticed and not found_out and not await self.parts.sender.send_due():
                return
        raise RuntimeError(f"still not done after {MAX_ROUNDS} rounds; see the journal for what repeats")


def go(work: Callable[[Daemon], Awaitable[None]], settings: Settings, clock: Clock, begun: Begun) -> None:
    """A daemon's whole life, with that work in it."""

    async def body() -> None:
        await work(Daemon(settings, clock, begun))

    asyncio.run(body())
