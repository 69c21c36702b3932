"""The third judge: what a whole text comes to, for a language model that was taught thousands of such mails.

It knows words that no phrase has, but nothing of dates, prices, files or the request. So the phrases read first, and
it is asked only where they leave a doubt of language, or nothing but their word stands for an outcome
(docs/decisions/016).
"""

import os
from collections.abc import Collection
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from maild.core.terms import EventName

if TYPE_CHECKING:
    from maild.reading.language_model import LanguageModel

LONGEST = 700  # letters of a text; a longer one is not read
TOLD = 3  # outcomes
DENIES = 0.08  # an outcome of the phrases that is less probable than this is not what the whole text says


class Who(StrEnum):
    """Whose words they are, as the model was taught to hear it."""

    SUPPLIER = "supplier"
    LIBRARY = "library"
    PATRON = "patron"


REQUESTER = frozenset(
    {
        EventName.RENEW,
        EventName.CANCEL,
        EventName.STATUS_REQUEST,
        EventName.CONDITIONS_ACCEPTED,
        EventName.CONDITIONS_REFUSED,
        EventName.NOTIFICATION,
    }
)
SAYS: dict[Who, frozenset[EventName]] = {  # what each can state
    Who.SUPPLIER: frozenset(
        {
            EventName.REQUEST_RECEIVED,
            EventName.EXPECT_TO_SUPPLY,
            EventName.WILL_SUPPLY,
            EventName.LOANED,
            EventName.COPY_COMPLETED,
            EventName.UNFILLED,
            EventName.RETRY_POSSIBLE,
            EventName.RENEW_ACCEPTED,
            EventName.RENEW_REFUSED,
            EventName.RECALLED,
            EventName.OVERDUE,
            EventName.LOAN_COMPLETED,
            EventName.CANCELLED,
            EventName.CANCEL_REFUSED,
            EventName.NOTIFICATION,
        }
    ),
    Who.LIBRARY: REQUESTER | {EventName.RECEIVED, EventName.SHIPPED_RETURN},
    Who.PATRON: REQUESTER,
}


class Found(NamedTuple):
    """An outcome, and its reason where it has one."""

    event: EventName
    reason: str


class Gist:
    """The model of a file, which is read when the first text is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _model(self) -> "LanguageModel":
        # A mail is too small to be shared out among threads, which would only wait for each other.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from maild.reading.language_model import LanguageModel  # numpy takes its time: only who reads waits for it

        return LanguageModel.load(self._path)

    def read(self, who: Who, text: str) -> dict[Found, float]:
        """The probability of each outcome; what is left of 1 is that a human must look. {} for a text too long."""
        text = text.strip()
        if not text or len(text) > LONGEST:
            return {}
        probable: dict[Found, float] = {}
        for label, share in self._model.read(f"{who}: {text}").items():
            event, _, reason = label.partition("/")
            if event in SAYS[who]:
                probable[Found(EventName(event), reason)] = share
        return probable

    def load(self) -> None:
        """Reads the file now, for who would rather wait at the start than with a mail in hand."""
        _ = self._model


class Hearing:
    """What the judge hears in one text. It is asked when somebody wants to know, and once."""

    def __init__(self, gist: Gist | None, who: Who, text: str) -> None:
        """Without a `gist` nothing is heard."""
        self._gist = gist
        self.who = who
        self._text = text

    @cached_property
    def _heard(self) -> dict[Found, float]:
        return self._gist.read(self.who, self._text) if self._gist is not None else {}

    def share(self, events: Collection[EventName], reason: str = "") -> float:
        """The probability of that one event, with its reason where there is one."""
        one = set(events)
        return sum(p for found, p in self._heard.items() if {found.event} == one and reason in {"", found.reason})

    def denies(self, events: Collection[EventName]) -> bool:
        """Whether it hears anything but that one outcome, which it could hear: another, or that a human must look."""
        could = SAYS[self.who] - {EventName.NOTIFICATION}  # which changes nothing
        return len(events) == 1 and could.issuperset(events) and bool(self._heard) and self.share(events) < DENIES

    def told(self) -> tuple[str, ...]:
        """What it heard most of all, for people; () where nobody asked it."""
        heard: dict[Found, float] = self.__dict__.get("_heard", {})  # it stands there once it was asked
        best = sorted(heard.items(), key=lambda one: -one[1])[:TOLD]
        return tuple(f"{found.event}{'/' * bool(found.reason)}{found.reason} {share:.2f}" for found, share in best)

    def second(self, events: Collection[EventName], reason: str = "") -> "SecondReading":
        """What it says of that outcome."""
        return SecondReading(self, events, reason)


class SecondReading:
    """How probable the judge takes the outcome to be that was found; it is asked when somebody wants to know."""

    def __init__(self, hearing: Hearing, events: Collection[EventName], reason: str) -> None:
        self._hearing = hearing
        self._events = events
        self._reason = reason

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return self._hearing.share(self._events, self._reason)

    @property
    def of_wish(self) -> bool:
        """Whether a patron or a borrower writes."""
        return self._hearing.who is not Who.SUPPLIER
