"""A year of a desk on SQLite with a wound clock: mails, staff's commands, notices and letters through the real store.

    python bench/year.py [--requests 8000] [--partners 560] [--seed 1]

Only reading is left out: each mail brings the reading that its text would have (bench/reading.py measures that).
Prints the figures of each month, the time by the clock and of the processor, and the peak memory; ends with 1 above
ten minutes or 300 MB. On a machine that others use too, the processor's time is the one to look at.
"""

import argparse
import heapq
import logging
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from maild import house
from maild.clock import WoundClock
from maild.core.effects import Command
from maild.core.mail import AuthResult, Clues, Mail
from maild.core.reading import Citation, Event, NewRequest, Person, Reading, Requester
from maild.core.request import Context
from maild.core.rules import Refused
from maild.core.terms import EventName, Kind, ServiceType
from maild.notices.tick import send_due_notices
from maild.process import Desk
from maild.reader import Failed, Opened, Part, ToOpen
from maild.settings import Automation, Post, Settings, Trust
from maild.settings import Database as DatabaseAt
from maild.store import inbox, outbox, records
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import NoticeRow, OutboxRow, RequestRow, TaskRow

FIRST = date(2026, 1, 2)
MAX_SECONDS, MAX_MEGABYTES = 600, 300
PATRONS = 1500
FORM = "webform@library.example"
AUTHSERV = "mx.library.example"
UNFINISHED_SHARE = 0.1  # of suppliers who never answer


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """Something that happens on a day to the request with that title."""

    day: date
    order: int
    title: str = field(compare=False)
    what: str = field(compare=False)
    values: dict[str, str] = field(compare=False, default_factory=dict)


class Script:
    """A reader that knows what each mail says without reading it."""

    def __init__(self) -> None:
        self._said: dict[bytes, tuple[Mail, Clues, Reading]] = {}
        self._batch: list[bytes] = []
        self._count = count(1)

    def write(self, sender: str, reading: Reading, clues: Clues) -> bytes:
        """The bytes of a mail that says this."""
        number = next(self._count)
        raw = f"Message-ID: <{number}@x.example>\r\nFrom: {sender}\r\n\r\n{number}\r\n".encode()
        inside = sender == FORM
        stamp = AuthResult(authserv_id=AUTHSERV, method="dmarc", result="pass", domain=sender.rpartition("@")[2])
        mail = Mail(message_id=f"<{number}@x.example>", from_address=sender, auth_results=() if inside else (stamp,))
        self._said[raw] = (mail, clues, reading)
        return raw

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails that were written."""
        self._batch = [one.raw for one in mails]
        return [Opened(mail=self._said[raw][0], clues=self._said[raw][1]) for raw in self._batch]

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        """What they say."""
        return [self._said[raw][2] if known else None for raw, known in zip(self._batch, contexts, strict=True)]

    def parts(self, _raw: bytes, _indexes: Sequence[int]) -> list[Part]:
        """None: copies come as links."""
        return []

    def close(self) -> None:
        """Nothing to end."""

    def forget(self) -> None:
        """What was read is in the store."""
        self._said.clear()


class Year:
    """The desk and what is still to happen to it."""

    def __init__(self, folder: Path, requests: int, partners: int, seed: int) -> None:
        self._chance = Random(seed)
        self._requests, self._partners = requests, partners
        self._clock = WoundClock(datetime.combine(FIRST, datetime.min.time(), UTC))
        settings = Settings(
            automation=Automation(mode="auto"),
            trust=Trust(authserv_id=AUTHSERV, internal_forms=(FORM,)),
            database=DatabaseAt.model_validate({"url": f"sqlite:///{folder}/year.db"}),
            post=Post(maildir=folder / "letters"),
            data=folder,
        )
        self.database = Database(settings.database.url.get_secret_value())
        self.database.upgrade()
        paper, keys = house.paper_of(settings), house.reply_keys(settings)
        self._script = Script()
        self._desk = Desk(
            database=self.database,
            reader=self._script,
            rulebook=paper.rulebook,
            composer=house.composer_of(settings, paper.letters, keys),
            identity=house.identity_of(settings, keys),
            clock=self._clock,
        )
        self._diary: list[Due] = []
        self._numbers: dict[str, str] = {}
        self._last_number = ""
        self._ids = count(1)
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def play(self) -> None:
        """From the first day to the last notice of the year."""
        self._people()
        for n in range(self._requests):
            day = FIRST + timedelta(days=self._chance.randrange(363))
            kind = self._chance.choices(("loan", "copy", "lending"), weights=(45, 30, 25))[0]
            self._write_down(day, f"Work {n}", f"new-{kind}")
        for day in (FIRST + timedelta(days=n) for n in range(364)):
            self._clock.wind(datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=7) - self._clock.now())
            self._day(day)

    def _people(self) -> None:
        now = self._clock.now()
        partners = [
            {
                "symbol": f"LIB-{n}",
                "name": f"Library {n}",
                "email": f"ill@library{n}.example",
                "domains": f"library{n}.example",
                "country": ("domestic", "nordic", "other")[n % 3],
            }
            for n in range(self._partners)
        ]
        patrons = [{"card": f"P{n}", "name": f"Patron {n}", "email": _patron(n)} for n in range(PATRONS)]
        with self.database.write() as session:
            records.import_partners(session, partners, now)
            records.import_patrons(session, patrons, now)

    def _write_down(self, day: date, title: str, what: str, **values: str) -> None:
        heapq.heappush(self._diary, Due(day, next(self._ids), title, what, values))

    def _day(self, day: date) -> None:
        """Mails first, then what the desk does, the notices of the day, and the post."""
        today: list[Due] = []
        while self._diary and self._diary[0].day <= day:
            today.append(heapq.heappop(self._diary))
        arrivals = [raw for due in today if (raw := self._mail(due, day)) is not None]
        with self.database.write() as session:
            inbox.keep(session, [_arrival(raw, self._clock.now()) for raw in arrivals], self._clock.now())
        while self._desk.work():
            pass
        self._script.forget()
        self._note_numbers()
        for due in today:
            self._by_hand(due, day)
        self._clock.wind(timedelta(hours=10))
        self.done["notices"] += send_due_notices(self._desk, self.database, self._clock)
        self._post()

    def _post(self) -> None:
        now = self._clock.now()
        with self.database.write() as session:
            while letters := outbox.due(session, now, 500):
                for letter in letters:
                    outbox.sent(session, letter.id, now)

    def _note_numbers(self) -> None:
        with self.database.read() as session:
            found = session.exec(
                select(RequestRow.number, RequestRow.citation)
                .where(RequestRow.number > self._last_number)
                .order_by(RequestRow.number)
            ).all()
        for number, citation in found:
            self._numbers[citation["title"]] = self._last_number = number

    # What comes by mail

    def _mail(self, due: Due, day: date) -> bytes | None:
        self.done["mails"] += 1
        if due.what.startswith("new-"):
            return self._new(due, day)
        partner, reading = due.values.get("partner", "0"), None
        number = self._numbers.get(due.title, "")
        sender = f"ill@library{partner}.example"
        if due.what == "answers":
            reading = self._answer(due, day, number)
        elif due.what == "renew":
            sender, reading = _patron(_number_of(due.title)), _said(Kind.PATRON_MESSAGE, number, EventName.RENEW)
            self._write_down(day + timedelta(days=2), due.title, "renewed", partner=partner)
        elif due.what == "renewed":
            later = day + timedelta(days=30)
            reading = _said(Kind.PARTNER_REPLY, number, EventName.RENEW_ACCEPTED, due_date=later)
        elif due.what == "has-it-back":
            reading = _said(Kind.PARTNER_REPLY, number, EventName.LOAN_COMPLETED)
        elif due.what == "sends-back":
            reading = _said(Kind.PARTNER_REQUEST, number, EventName.SHIPPED_RETURN)
        if reading is None or not number:
            self.done["mails"] -= 1
            return None
        clues = Clues(addresses=(sender,), domains=(sender.rpartition("@")[2],), numbers=(number,))
        return self._script.write(sender, reading, clues)

    def _new(self, due: Due, day: date) -> bytes:
        kind = due.what.removeprefix("new-")
        partner = str(self._chance.randrange(self._partners))
        service = ServiceType.COPY if kind == "copy" or self._chance.random() < 0.2 else ServiceType.LOAN
        citation = Citation(title=due.title, author="Author, A.")
        if kind == "lending":
            sender = f"ill@library{partner}.example"
            asker = Requester(name=f"Library {partner}", email=sender, ref=f"R{_number_of(due.title)}")
            new = NewRequest(service_type=service, citation=citation, requester=asker)
            self._write_down(day + timedelta(days=2), due.title, f"lend-{service.lower()}", partner=partner)
            reading = Reading(kind=Kind.PARTNER_REQUEST, events=(Event(event=EventName.REQUEST, new_request=new),))
            return self._script.write(sender, reading, Clues(addresses=(sender,), domains=(sender[4:],)))
        service = ServiceType.COPY if kind == "copy" else ServiceType.LOAN
        person = Person(email=_patron(_number_of(due.title)), id=f"P{_number_of(due.title) % PATRONS}")
        new = NewRequest(service_type=service, citation=citation, patron=person)
        self._write_down(day, due.title, "ask", partner=partner, service=service)
        reading = Reading(kind=Kind.WEB_FORM, events=(Event(event=EventName.REQUEST, new_request=new),))
        clues = Clues(addresses=(FORM, person.email or ""), patron_ids=(person.id or "",))
        return self._script.write(FORM, reading, clues)

    def _answer(self, due: Due, day: date, number: str) -> Reading | None:
        fate = self._chance.random()
        if fate < UNFINISHED_SHARE:
            self._write_down(day + timedelta(days=60), due.title, "Close", to="Unfilled")
            return None
        if fate < 0.25:
            return _said(Kind.PARTNER_REPLY, number, EventName.UNFILLED, reason="NotHeld")
        if due.values["service"] == ServiceType.COPY:
            return _said(Kind.PARTNER_REPLY, number, EventName.COPY_COMPLETED, url="https://library.example/copy")
        self._loan(due, day)
        return _said(Kind.PARTNER_REPLY, number, EventName.LOANED, due_date=day + timedelta(days=35))

    def _loan(self, due: Due, day: date) -> None:
        """The rest of a loan's life, some of it late."""
        partner = due.values["partner"]
        out = 38 + (self._chance.randrange(25) if self._chance.random() < 0.15 else -self._chance.randrange(20))
        for after, what in ((4, "Received"), (5, "ReadyForPickup"), (8, "CheckedOut")):
            self._write_down(day + timedelta(days=after), due.title, what)
        if self._chance.random() < 0.2:
            self._write_down(day + timedelta(days=28), due.title, "renew", partner=partner)
            out += 30
        self._write_down(day + timedelta(days=out), due.title, "ReturnedByPatron")
        self._write_down(day + timedelta(days=out + 1), due.title, "ShippedReturn")
        if self._chance.random() < 0.3:
            self._write_down(day + timedelta(days=out + 6), due.title, "has-it-back", partner=partner)

    # What the desk does

    def _by_hand(self, due: Due, day: date) -> None:
        number = self._numbers.get(due.title, "")
        if due.what == "ask":
            self._command(number, EventName.NEXT_SUPPLIER, {"partner": f"LIB-{due.values['partner']}"})
            days = timedelta(days=self._chance.randint(1, 8))
            self._write_down(day + days, due.title, "answers", **due.values)
        elif due.what == "lend-copy":
            self._command(number, EventName.COPY_COMPLETED, {"url": "https://library.example/copy"})
        elif due.what == "lend-loan":
            self._command(number, EventName.LOANED, {"item_id": f"B{_number_of(due.title)}"})
            out = 30 + (self._chance.randrange(40) if self._chance.random() < 0.2 else -self._chance.randrange(10))
            self._write_down(day + timedelta(days=out), due.title, "sends-back", partner=due.values["partner"])
            self._write_down(day + timedelta(days=out + 3), due.title, "LoanCompleted")
        elif due.what in set(EventName):
            self._command(number, EventName(due.what), due.values)

    def _command(self, number: str, event: EventName, values: dict[str, str]) -> None:
        command = Command(number=number, event=Event(event=event), actor="desk", values=values, id=str(next(self._ids)))
        try:
            self._desk.command(command)
        except Refused as err:
            self.refused[str(err).partition(" It can")[0].replace(number, "N")[:80]] += 1
        self.done["commands"] += 1


def _arrival(raw: bytes, now: datetime) -> Arrival:
    return Arrival(raw=raw, door="import", received_at=now)


def _said(kind: Kind, number: str, name: EventName, **facts: object) -> Reading:
    return Reading(kind=kind, requests=(number,), events=(Event(event=name, **facts),))  # type: ignore[arg-type]  # given above


def _patron(number: int) -> str:
    return f"patron{number % PATRONS}@home.example"


def _number_of(title: str) -> int:
    return int(title.removeprefix("Work "))


def month_figures(session: Session) -> Iterator[str]:
    """New and closed requests, letters, notices and tasks of each month."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, column in (
        ("new", RequestRow.created_at),
        ("closed", RequestRow.closed_at),
        ("letters", OutboxRow.created_at),
        ("tasks", TaskRow.created_at),
    ):
        month = func.strftime("%Y-%m", col(column))
        for when, many in session.exec(select(month, func.count()).where(col(column).is_not(None)).group_by(month)):
            counts[when][name] += many
    month = func.strftime("%Y-%m", col(NoticeRow.due))
    sent = select(month, func.count()).where(NoticeRow.state == "sent").group_by(month)
    for when, many in session.exec(sent):
        counts[when]["notices"] += many
    yield f"{'month':<8}" + "".join(f"{name:>9}" for name in ("new", "closed", "letters", "notices", "tasks"))
    for when in sorted(counts):
        yield f"{when:<8}" + "".join(f"{counts[when][n]:>9}" for n in ("new", "closed", "letters", "notices", "tasks"))


def main() -> int:
    """Plays the year and prints what it was."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--requests", type=int, default=8000)
    arguments.add_argument("--partners", type=int, default=560)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        year = Year(Path(folder), given.requests, given.partners, given.seed)
        began, began_cpu = time.perf_counter(), time.process_time()
        year.play()
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        with year.database.read() as session:
            for line in month_figures(session):
                print(line)
            statuses = session.exec(select(RequestRow.status, func.count()).group_by(RequestRow.status)).all()
        year.database.close()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("stand at " + ", ".join(f"{status} {many}" for status, many in sorted(statuses)))
    print(f"{given.requests} requests, {dict(year.done)}; refused: {dict(year.refused) or 'none'}")
    decided = sum(year.done.values())
    print(f"{decided} decisions, {1000 * cpu / decided:.1f} ms of CPU each, {cpu:.0f} s in all")
    print(f"{took:.0f} s by the clock (at most {MAX_SECONDS}), {megabytes:.0f} MB (at most {MAX_MEGABYTES})")
    return 0 if took < MAX_SECONDS and megabytes < MAX_MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
