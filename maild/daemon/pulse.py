"""How the daemon stands: told to systemd's watchdog, to `maild status`, to the journal and to who asks for metrics."""

import asyncio

import structlog

from maild import health, watch
from maild.clock import Clock
from maild.daemon.parts import Parts
from maild.daemon.rounds import MailRound
from maild.daemon.signals import Signals, wait
from maild.settings import Settings

log = structlog.get_logger()

WATCHDOG_SECONDS = 20.0


class PulseTeller:
    """Looks at the parts, and changes none."""

    def __init__(self, settings: Settings, parts: Parts, mail: MailRound, signals: Signals, clock: Clock) -> None:
        self._settings = settings
        self._parts = parts
        self._mail = mail
        self._signals = signals
        self._clock = clock
        self._started_at = clock.now()
        self._told: set[str] = set()  # problems that the journal has

    async def go_round(self) -> None:
        """Feeds systemd's watchdog only while the worker goes round (P35)."""
        while not self._signals.is_over:
            if (self._clock.now() - self._mail.worked_at).total_seconds() < 3 * WATCHDOG_SECONDS:
                watch.notify("WATCHDOG=1")
            await asyncio.to_thread(self.tell)
            await wait(self._signals.stop, WATCHDOG_SECONDS)

    def tell(self) -> None:
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

    def as_metrics(self) -> str:
        """The same for Prometheus."""
        return health.as_metrics(self._health())

    def _pulse(self) -> health.Pulse:
        sender, boxes = self._parts.sender, self._parts.mailboxes
        return health.Pulse(
            at=self._clock.now(),
            started_at=self._started_at,
            worked_at=self._mail.worked_at,
            sent_at=sender.sent_at,
            post_problem=sender.problem,
            mailboxes=tuple(health.Polled(name=box.name, at=box.polled_at, problem=box.problem) for box in boxes),
        )

    def _health(self) -> health.Health:
        return health.health(self._parts.database, self._pulse(), self._clock.now())
