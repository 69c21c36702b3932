"""The round of the holdings command: each request that waits for it is asked about, and its answer is carried out."""

from functools import partial

import structlog

from maild.core.effects import Command
from maild.core.request import Request
from maild.core.rules import Refused
from maild.core.terms import Flag, Status
from maild.daemon.parts import Parts
from maild.daemon.rounds import Worker
from maild.daemon.signals import IDLE_SECONDS, Signals, unless, wait
from maild.desk.holdings import looked_up
from maild.settings import Holdings
from maild.store.requests import Filters, requests

log = structlog.get_logger()


class HoldingsRound:
    """Asks the site's program who holds a work, outside of the worker: it may take long."""

    def __init__(self, parts: Parts, worker: Worker, signals: Signals, asked: Holdings) -> None:
        self._parts = parts
        self._worker = worker
        self._signals = signals
        self._asked = asked
        self._refused: set[str] = set()  # requests that could not take what the command said

    async def go_round(self) -> None:
        """Until we stop."""
        while not self._signals.is_over:
            await self.look_up()
            if not self._asked.command:  # what waited from before the site took it out is with staff now
                await self._signals.stop.wait()
            await wait(self._signals.stop, IDLE_SECONDS)

    async def look_up(self) -> int:
        """Asks the command about each request that waits for it, and does what it says; how many.

        A request that we stop at, or die at, keeps its flag, and is asked about again.
        """
        done = 0
        for request in await self._worker.do(self._waiting):
            told = await unless(self._signals.stop, looked_up(self._asked.command, request, self._asked.seconds))
            if told is None:
                break
            await self._worker.do(partial(self._take, told))
            done += 1
        return done

    def _waiting(self) -> list[Request]:
        with self._parts.database.read() as session:
            found = requests(session, Filters(statuses=(Status.NEW,), flag=Flag.HOLDINGS_PENDING))
        return [request for request in found if request.number not in self._refused]

    def _take(self, command: Command) -> None:
        try:
            self._parts.desk.command(command)
        except Refused as err:  # it was closed meanwhile, or its profile knows no such word: not asked again
            self._refused.add(command.number)
            log.warning("holdings.refused", number=command.number, why=str(err))
