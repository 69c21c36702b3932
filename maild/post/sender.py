"""Outbox → transport: what is due goes out, what failed comes again after growing pauses, what can't goes to staff."""

import time
from datetime import datetime, timedelta

import structlog

from maild.clock import Clock
from maild.post.transport import Attempt, Fate, Transport
from maild.store import outbox
from maild.store.database import Database
from maild.store.outbox import Outgoing

log = structlog.get_logger()

BATCH = 50  # letters looked at in one round
PAUSES_MINUTES = (1, 5, 15, 60, 180, 360, 720)  # after the first, second … failed try; the last one repeats
GIVE_UP_AFTER = timedelta(days=6)  # a relay that is down for five days loses nothing (P27)
GIVE_UP_TRIES = 8  # as well: a clock that leapt, or a week in which nobody could be reached, is no week of refusals


def next_try(tries: int, now: datetime) -> datetime:
    """When to try again after so many failed tries."""
    return now + timedelta(minutes=PAUSES_MINUTES[min(max(tries, 1), len(PAUSES_MINUTES)) - 1])


class Pace:
    """How many more letters may go out in the running minute."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._minute = 0
        self._sent = 0

    def left(self) -> int:
        """Letters that the running minute still has room for."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._sent = minute, 0
        return max(self._a_minute - self._sent, 0)

    def count(self) -> None:
        """One more went out."""
        self._sent += 1


class Sender:
    """Sends what is due."""

    def __init__(self, database: Database, transport: Transport, clock: Clock, letters_a_minute: int) -> None:
        self._database = database
        self._transport = transport
        self._clock = clock
        self._pace = Pace(letters_a_minute)
        self._unnoted: tuple[Outgoing, Attempt] | None = None
        self.sent_at: datetime | None = None
        self.problem = ""

    async def send_due(self) -> int:
        """How many letters went out now."""
        sent = self._note_last()  # a full disk may have kept it from being noted; it must not go out again for that
        with self._database.read() as session:
            due = outbox.due(session, self._clock.now(), min(BATCH, self._pace.left()))
        for letter in due:
            attempt = await self._transport.send(letter)
            if attempt.fate is Fate.AWAY:  # nobody is there: no letter's try counts, and the rest would wait as long
                if attempt.answer != self.problem:  # once, for it may last for days
                    log.warning("post.away", waiting=len(due), answer=attempt.answer)
                self.problem = attempt.answer
                break
            self._unnoted = letter, attempt
            self._pace.count()
            sent += self._note_last()
        return sent

    def _note_last(self) -> int:
        """Notes what became of the letter that was tried last, unless it is noted; 1 where it went out."""
        if self._unnoted is None:
            return 0
        letter, attempt = self._unnoted
        sent = self._note(letter, attempt.fate, attempt.answer)
        self._unnoted = None
        return sent

    def _note(self, letter: Outgoing, fate: Fate, answer: str) -> bool:
        now = self._clock.now()
        if fate is Fate.LATER and letter.tries + 1 >= GIVE_UP_TRIES and now - letter.created_at > GIVE_UP_AFTER:
            fate = Fate.NEVER
        with self._database.write() as session:
            if fate is Fate.SENT:
                outbox.sent(session, letter.id, now)
            elif fate is Fate.LATER:
                outbox.failed_once(session, letter.id, answer, next_try(letter.tries + 1, now))
            else:
                outbox.failed(session, letter.id, answer, now)
        log.info("letter.sent" if fate is Fate.SENT else "letter.failed", id=letter.id, fate=str(fate), answer=answer)
        if fate is Fate.SENT:
            self.sent_at, self.problem = now, ""
        return fate is Fate.SENT

    async def close(self) -> None:
        """Lets the transport go."""
        await self._transport.close()
