"""The daemon: doors, worker, post and ticks, started together and stopped together.

One worker thread does everything that changes a request, so nothing has to be locked against itself; the doors and the
post live on the event loop, each mailbox in its owner thread.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import date, datetime, time
from functools import partial
from typing import TypeVar

import structlog

from maild import health, house, watch
from maild.clock import Clock
from maild.core.effects import Command
from maild.core.request import Request
from maild.core.rules import Refused
from maild.core.terms import Flag, Status
from maild.desk.holdings import looked_up
from maild.intake.accept import Acceptance
from maild.intake.imap import MailboxDoor
from maild.intake.library_system import take_files
from maild.intake.smtp import Door, serve
from maild.metrics import serve_metrics
from maild.notices.leap import is_sure_of_time
from maild.notices.morning import has_come, send_month, send_morning_letter
from maild.notices.retention import erase_what_is_old
from maild.notices.tick import send_due_notices, ticking
from maild.post.sender import Sender
from maild.post.transport import transport_for
from maild.process import Desk
from maild.reader import Reader
from maild.settings import Listener, Settings
from maild.store.database import Database, Locked
from maild.store.requests import Filters, requests

log = structlog.get_logger()
T = TypeVar("T")

IDLE_SECONDS = 5.0  # between looks where nobody wakes us
WATCHDOG_SECONDS = 20.0
JOIN_SECONDS = 2.5  # for a mailbox thread to end by itself
PAUSE_SECONDS = 5.0  # before work that failed is tried again
DEAD_SECONDS = 5.0  # until PostgreSQL lets go of what a killed daemon held
MAX_ROUNDS = 10_000  # of `once`: a loop that never ends is a bug, not work


class Daemon:
    """Everything that runs, built from the settings."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._stack = ExitStack()
        self._stop = asyncio.Event()
        self._mail = asyncio.Event()
        self._letters = asyncio.Event()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worked_at: datetime = clock.now()
        self._started_at = self._worked_at
        self._told: set[str] = set()  # problems that the journal has
        self._erased_on: date | None = None
        self._told_on: date | None = None
        self._refused: set[str] = set()  # requests that could not take what the holdings command said
        self._replaced: Locked | None = None  # another daemon has the database
        self._mailboxes: list[MailboxDoor] = []
        self._sender: Sender | None = None
        self.ready = asyncio.Event()
        self.ports: dict[str, int] = {}

    # Building

    def _build(self) -> None:
        settings = self._settings
        self._loop = asyncio.get_running_loop()
        self.database = Database(settings.database.url.get_secret_value())
        self._stack.callback(self.database.close)
        self.database.upgrade()
        self._stack.enter_context(self.database.lock(patience=DEAD_SECONDS))
        house.must_be_safe(settings, self.database)
        paper = house.paper_of(settings)
        keys = house.reply_keys(settings)
        self._reader = Reader(
            paper.rulebook.files,
            house.policy_of(settings),
            settings.our_addresses,
            service=settings.reader.socket,
        )
        self._stack.callback(self._reader.close)
        self.desk = Desk(
            database=self.database,
            reader=self._reader,
            rulebook=paper.rulebook,
            composer=house.composer_of(settings, paper.letters, keys),
            identity=house.identity_of(settings, keys),
            clock=self._clock,
            committed=self._committed,
        )
        self._acceptance = Acceptance(self.database, self._clock, self._wake(self._mail))
        self._sender = Sender(self.database, transport_for(settings.post), self._clock, settings.post.letters_a_minute)
        filing = settings.automation.mode == "auto"
        self._mailboxes = [
            MailboxDoor(
                mailbox,
                max_bytes=mailbox.max_bytes,
                filing=filing,
                database=self.database,
                acceptance=self._acceptance,
                clock=self._clock,
            )
            for mailbox in settings.imap
        ]

    def _wake(self, event: asyncio.Event) -> Callable[[], None]:
        """Sets an event from any thread."""
        loop = self._loop

        def wake() -> None:
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

        return wake

    def _committed(self) -> None:
        self._wake(self._letters)()
        for mailbox in self._mailboxes:
            mailbox.file_now()

    # Running

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, or `stop`. Raises Locked where another daemon took the database from us."""
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, self.stop)
        async with self.opened():
            for mailbox in self._mailboxes:
                mailbox.start()
            scheduler = ticking(self.tick, self._settings.site.zone)
            scheduler.start()
            watch.notify("READY=1")
            self.ready.set()
            log.info("daemon.ready", mode=self._settings.automation.mode, ports=self.ports)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._again("work", self._work))
                    tasks.create_task(self._again("post", self._post))
                    tasks.create_task(self._again("holdings", self._holdings))
                    tasks.create_task(self._watch())
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
                for name, listener in (("smtp", self._settings.smtp), ("lmtp", self._settings.lmtp)):
                    if listener is not None:
                        await self._open_door(name, listener, doors)
                if listen := self._settings.watch.metrics:
                    metrics = await serve_metrics(listen, lambda: health.as_metrics(self._health()))
                    doors.callback(metrics.close)
                await self._in_worker(self.desk.warm_up)  # before a mail is claimed: starting takes a second or two
                yield
            finally:
                await self._close()

    def stop(self) -> None:
        """Asks everything to end; what is under way is finished."""
        for event in (self._stop, self._mail, self._letters):
            event.set()

    async def _close(self) -> None:
        for mailbox in self._mailboxes:
            mailbox.stop()
        alive = [mailbox for mailbox in self._mailboxes if mailbox.is_alive()]
        await asyncio.gather(*(asyncio.to_thread(mailbox.end, JOIN_SECONDS) for mailbox in alive))
        if self._sender is not None:
            await self._sender.close()
        self._worker.shutdown(wait=True)
        self._stack.close()
        log.info("daemon.stopped")

    async def _open_door(self, name: str, listener: Listener, stack: AsyncExitStack) -> None:
        door = Door(name, listener, self._settings.our_addresses, self._acceptance, self._clock)
        for server in await serve(door, listener, lmtp=name == "lmtp"):
            stack.callback(server.close)
            address = server.sockets[0].getsockname()
            if isinstance(address, tuple):
                self.ports[name] = int(address[1])

    async def _again(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """The work until we stop. A full disk or a lost database ends neither the doors nor the other work.

        If it lasts, the watchdog is no longer fed. Where another daemon has the database everything ends.
        """
        while not self._stop.is_set():
            try:
                await work()
            except Locked as err:  # two would work on the same mails
                log.error("daemon.replaced", work=name, problem=str(err))
                self._replaced = err
                self.stop()
            except Exception:
                log.exception("daemon.failed", work=name, again_in=PAUSE_SECONDS)
                await _wait(self._stop, PAUSE_SECONDS)

    async def _work(self) -> None:
        await self._in_worker(self.database.keep_lock)
        await self._in_worker(self.desk.recover)  # we hold the lock, so nobody works on what is claimed
        while not self._stop.is_set():
            await self._in_worker(self.database.keep_lock)
            self._mail.clear()
            while await self._in_worker(self._work_some) and not self._stop.is_set():
                self._worked_at = self._clock.now()
            self._worked_at = self._clock.now()
            await _wait(self._mail, IDLE_SECONDS)

    def _work_some(self) -> int:
        """How many mails were dealt with; by a clock that leapt, none: a date would be read a year off."""
        return self.desk.work() if self._is_sure_of_time() else 0

    def _is_sure_of_time(self) -> bool:
        return is_sure_of_time(self.desk, self.database)

    async def _holdings(self) -> None:
        while not self._stop.is_set():
            await self._look_up()
            if not self._settings.holdings.command:  # what waited from before the site took it out is with staff now
                await self._stop.wait()
            await _wait(self._stop, IDLE_SECONDS)

    async def _look_up(self) -> int:
        """Asks the holdings command about each request that waits for it, and does what it says; how many.

        A request that we stop at, or die at, keeps its flag, and is asked about again.
        """
        asked = self._settings.holdings
        waiting = await self._in_worker(self._wait_for_holdings)
        done = 0
        for request in waiting:
            told = await _unless(self._stop, looked_up(asked.command, request, asked.seconds))
            if told is None:
                break
            await self._in_worker(partial(self._take_answer, told))
            done += 1
        return done

    def _wait_for_holdings(self) -> list[Request]:
        with self.database.read() as session:
            found = requests(session, Filters(statuses=(Status.NEW,), flag=Flag.HOLDINGS_PENDING))
        return [request for request in found if request.number not in self._refused]

    def _take_answer(self, command: Command) -> None:
        try:
            self.desk.command(command)
        except Refused as err:  # it was closed meanwhile, or its profile knows no such word: not asked again
            self._refused.add(command.number)
            log.warning("holdings.refused", number=command.number, why=str(err))

    async def _post(self) -> None:
        while not self._stop.is_set():
            self._letters.clear()
            while await self._send_due() and not self._stop.is_set():
                pass
            await _wait(self._letters, IDLE_SECONDS)

    async def _send_due(self) -> int:
        return await self._sender.send_due() if self._sender is not None else 0

    async def _watch(self) -> None:
        """Feeds systemd's watchdog only while the worker goes round (P35)."""
        while not self._stop.is_set():
            if (self._clock.now() - self._worked_at).total_seconds() < 3 * WATCHDOG_SECONDS:
                watch.notify("WATCHDOG=1")
            await asyncio.to_thread(self._tell_health)
            await _wait(self._stop, WATCHDOG_SECONDS)

    def _tell_health(self) -> None:
        """Leaves the pulse for `maild status`; what is new and wrong goes to the journal as an error."""
        try:
            health.write_pulse(self._settings.data, self._pulse())
            problems = set(self._health().problems)
        except Exception:  # a full disk or a lost database: told, and the watchdog goes its own way
            log.exception("health.failed")
            return
        for problem in sorted(problems - self._told):
            log.error("health.problem", problem=problem)
        self._told = problems

    def _pulse(self) -> health.Pulse:
        boxes = self._mailboxes
        return health.Pulse(
            at=self._clock.now(),
            started_at=self._started_at,
            worked_at=self._worked_at,
            sent_at=self._sender.sent_at if self._sender else None,
            post_problem=self._sender.problem if self._sender else "",
            mailboxes=tuple(health.Polled(name=box.name, at=box.polled_at, problem=box.problem) for box in boxes),
        )

    def _health(self) -> health.Health:
        return health.health(self.database, self._pulse(), self._clock.now())

    async def tick(self) -> None:
        """Decides about what is due now; once a day it erases what is older than it may be, and writes to staff.

        By a clock that leapt it does none of that.
        """
        try:
            if not await self._in_worker(self._is_sure_of_time):
                return
            await self._in_worker(self._take_reports)
            await self._in_worker(lambda: send_due_notices(self.desk, self.database, self._clock))
            await self._erase()
            await self._in_worker(self._morning)
        except Exception:  # the next tick tries again; a bug in one notice must not end the daemon
            log.exception("tick.failed")

    def _take_reports(self) -> None:
        """The library system's files; what is wrong with them holds up nothing else."""
        if self._settings.library_system.folder is None:
            return
        try:
            take_files(self.desk, self.database, self._settings.library_system.folder)
        except Exception:  # a folder that is away, a file that nobody may move: the next tick tries again
            log.exception("library_system.failed")

    def _morning(self) -> None:
        """The letters of the morning, once a day; the outbox knows of those that went before a restart."""
        day = has_come(self._clock.now(), time.fromisoformat(self._settings.desk.worklist_at), self.desk.rules)
        if day is not None and self._told_on != day:
            send_morning_letter(self.desk, self.database, day)
            send_month(self.desk, self.database, day)
            self._told_on = day

    async def _erase(self) -> None:
        """What is older than it may be, once a day."""
        today = self._clock.now().date()
        if self._erased_on != today:
            await self._in_worker(lambda: erase_what_is_old(self.database, self._settings.privacy, self._clock))
            self._erased_on = today

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    # Once

    async def once(self) -> None:
        """Everything there is to do now, then the end: for cron-style sites and tests."""
        async with self.opened():
            await self._in_worker(self.desk.recover)
            await self.poll()
            if await self._in_worker(self._is_sure_of_time):
                await self._in_worker(self._take_reports)
                await self.settle()
                await self._in_worker(self._morning)
                await self._erase()
            await self._send_due()
            for mailbox in self._mailboxes:
                await asyncio.to_thread(mailbox.file_once)

    async def poll(self) -> None:
        """One look into every mailbox."""
        for mailbox in self._mailboxes:
            await asyncio.to_thread(mailbox.once)

    async def command(self, command: Command) -> None:
        """Something done by hand, as `maild request do` does it."""
        await asyncio.get_running_loop().run_in_executor(self._worker, self.desk.command, command)

    async def settle(self) -> None:
        """Works, ticks and posts until nothing is left to do at this moment."""
        for _ in range(MAX_ROUNDS):
            worked = await self._in_worker(self.desk.work)
            noticed = await self._in_worker(lambda: send_due_notices(self.desk, self.database, self._clock))
            found_out = await self._look_up()
            if not worked and not noticed and not found_out and not await self._send_due():
                return
        raise RuntimeError(f"still not done after {MAX_ROUNDS} rounds; see the journal for what repeats")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


async def _unless(event: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """What the work gives, or None where the event came before; the work is then broken off."""
    doing, coming = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    await asyncio.wait({doing, coming}, return_when=asyncio.FIRST_COMPLETED)
    coming.cancel()
    if doing.done():
        return doing.result()
    doing.cancel()
    await asyncio.wait({doing})
    return None


def run(settings: Settings, clock: Clock) -> None:
    """`maild run`."""
    _main(lambda daemon: daemon.run(), settings, clock)


def once(settings: Settings, clock: Clock) -> None:
    """`maild once`."""
    _main(lambda daemon: daemon.once(), settings, clock)


def _main(work: Callable[[Daemon], Awaitable[None]], settings: Settings, clock: Clock) -> None:
    async def body() -> None:
        await work(Daemon(settings, clock))

    asyncio.run(body())
