"""Mails by SMTP, LMTP and IMAP at once, while the daemon and the servers around it are killed (P11)."""

import random
import signal
import smtplib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from statistics import quantiles

from imapclient import IMAPClient
from sqlmodel import col, select

from maild.reading.guard import mail_key
from maild.store.tables import InboxRow, OutboxRow, RequestRow
from tests.desk_parts import form
from tests.faults.starts import READY_WITHIN, bare_and_ready
from tests.faults.table import Row
from tests.faults.town import RECIPIENT, Town, town, until

FORM_EVERY = 10  # the other mails are about nothing
DAEMON_EVERY, SERVERS_EVERY = 15.0, 60.0  # seconds between kills
CONTROL_MAILS, CONTROL_EVERY, CONTROL_KILLS = 1000, 0.4, 6  # a careless daemon answers some 300 a second
SENDERS = 3  # at each door
SETTLE_SECONDS, SECONDS_A_MAIL = 240.0, 0.1
APPENDED_TOGETHER = 20
ANSWER_SECONDS = 1.0  # P7, for 99 mails in 100

Trouble = Callable[[Town, threading.Event, Counter[str]], None]  # made until the event; counts what it did


def row(mails: int, *, postgres: bool) -> Row:
    """The soak, and beside it a shorter one of a daemon that answers before it keeps."""
    with town(postgres=postgres, careless=True) as place:
        careless = Soak(place, CONTROL_MAILS, partial(kills, daemon_every=CONTROL_EVERY, times=CONTROL_KILLS)).lost()
    with town(postgres=postgres) as place:
        found = Soak(place, mails, kills).run()
        imported, ready = bare_and_ready(place)
    return Row(
        claim=f"{mails} mails by SMTP, LMTP and IMAP on {'PostgreSQL' if postgres else 'SQLite'}, the daemon killed"
        f" every {DAEMON_EVERY:g} s, servers every {SERVERS_EVERY:g} s",
        control=f"a daemon that answers before it keeps: {careless} of {CONTROL_MAILS} mails lost",
        figure=f"{found.text}; ready {ready:.1f} s after a kill, the bare import of its libraries {imported:.1f} s",
        held=found.held and found.slowest < ANSWER_SECONDS and careless > 0 and ready <= READY_WITHIN * imported,
    )


def kills(
    town: Town, over: threading.Event, done: Counter[str], *, daemon_every: float = DAEMON_EVERY, times: int = 10**6
) -> None:
    """The daemon is killed so many times at most, and now and then every server too."""
    servers = {"IMAP": town.imap, "relay": town.relay, "database": town.postgres}
    for turn in range(1, times + 1):
        if over.wait(daemon_every):
            return
        town.end()
        town.start()
        done["daemon"] += 1
        if turn % (SERVERS_EVERY // daemon_every) == 0:
            for name, server in servers.items():
                if server is not None:
                    server.kill()
                    time.sleep(1)
                    server.start()
                    done[name] += 1
        town.await_ready()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is left of a soak when all has settled."""

    held: bool
    slowest: float  # seconds from MAIL to 250, longer than which one answer in a hundred took
    text: str


class Soak:
    """Mails on their way in, and a hand that makes trouble."""

    def __init__(self, place: Town, mails: int, trouble: Trouble, *, padding: int = 0) -> None:
        """Every mail that is no form has so many bytes more than it needs."""
        self._town = place
        self._trouble = trouble
        self._waiting = deque((n, _mail(n, padding)) for n in range(mails))
        self._mails = mails
        self._accepted: list[str] = []
        self._codes: Counter[int] = Counter()
        self._seconds: list[float] = []  # from MAIL to 250, of each mail that got one
        self._stop = threading.Event()
        self.kills = Counter[str]()

    def run(self) -> Result:
        """Everything, to the end."""
        began = time.monotonic()
        with self._in_trouble():
            self._give_all(self._by_smtp, self._by_lmtp, self._by_imap)
            took = time.monotonic() - began
            patience = SETTLE_SECONDS + SECONDS_A_MAIL * self._mails
            until(patience, self._is_worked_off)
        return self._result(took, until(patience, self._is_settled))

    def lost(self) -> int:
        """How many mails that got their 250 are not there: for a daemon that is known to lose some."""
        with self._in_trouble():
            self._give_all(self._by_smtp, self._by_lmtp)
        self._town.end(signal.SIGTERM)
        database = self._town.database()
        with database.read() as session:
            there = set(session.exec(select(InboxRow.key)).all())
        database.close()
        return len(set(self._accepted) - there)

    @contextmanager
    def _in_trouble(self) -> Iterator[None]:
        self._town.start()
        self._town.await_ready()
        trouble = threading.Thread(target=self._trouble, args=(self._town, self._stop, self.kills))
        trouble.start()
        try:
            yield
        finally:
            self._stop.set()
            trouble.join()

    def _give_all(self, *ways: Callable[[], None]) -> None:
        """Every mail by some way, each until it was taken."""
        senders = [threading.Thread(target=way) for way in ways for _ in range(SENDERS)]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()

    # In

    def _by_smtp(self) -> None:
        self._send(lambda: smtplib.SMTP("127.0.0.1", self._town.smtp, "mx.partner.example", timeout=30))

    def _by_lmtp(self) -> None:
        self._send(lambda: smtplib.LMTP("127.0.0.1", self._town.lmtp, "mx.partner.example", timeout=30))

    def _send(self, connect: Callable[[], smtplib.SMTP]) -> None:
        """Mail after mail, each until it has its 250, as an MTA does."""
        while (one := self._next()) is not None:
            while True:
                try:
                    with connect() as client:
                        self._give(client, one[1])
                        while (more := self._next()) is not None:
                            one = more
                            self._give(client, one[1])
                        return
                except smtplib.SMTPResponseException as err:
                    self._codes[err.smtp_code] += 1
                except smtplib.SMTPRecipientsRefused as err:
                    self._codes.update(code for code, _ in err.recipients.values())
                except (OSError, smtplib.SMTPException):
                    pass
                time.sleep(0.2)

    def _give(self, client: smtplib.SMTP, raw: bytes) -> None:
        began = time.monotonic()
        client.sendmail("a@b.example", [RECIPIENT], raw)
        self._seconds.append(time.monotonic() - began)
        self._accepted.append(mail_key(raw))

    def _by_imap(self) -> None:
        while batch := [one for _ in range(APPENDED_TOGETHER) if (one := self._next()) is not None]:
            while batch:
                with suppress(OSError, IMAPClient.Error), self._town.mailbox() as client:
                    while batch:
                        client.append("INBOX", batch[0][1])
                        self._accepted.append(mail_key(batch.pop(0)[1]))
                time.sleep(0.2)

    def _next(self) -> tuple[int, bytes] | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    # Afterwards

    def _is_worked_off(self) -> bool:
        return self._open(InboxRow, "waiting", "claimed") == 0

    def _is_settled(self) -> bool:
        if not self._town.runs:
            self._town.start()
            self._town.await_ready()
        left = self._open(InboxRow, "waiting", "claimed") + self._open(OutboxRow, "waiting")
        return left == 0 and self._town.waits_in_mailbox() == 0

    def _open(self, table: type[InboxRow | OutboxRow], *states: str) -> int:
        database = self._town.database()
        with database.read() as session:
            found = session.exec(select(table.id).where(col(table.state).in_(states))).all()
        database.close()
        return len(found)

    def _result(self, took: float, settled: float | None) -> Result:
        database = self._town.database()
        with database.read() as session:
            states = dict(session.exec(select(InboxRow.key, InboxRow.state)).all())
            titles = Counter(c["title"] for c in session.exec(select(RequestRow.citation)).all())
            letters = session.exec(select(OutboxRow.message_id, OutboxRow.state)).all()
        problems = database.check()
        database.close()
        lost = set(self._accepted) - states.keys()
        forms = {f"Kirja {n}" for n in range(0, self._mails, FORM_EVERY)}
        wrong = titles.total() - len(titles) + len(forms ^ titles.keys())
        taken = self._town.relay.taken
        unsent = [one for one, state in letters if state == "sent" and not taken[one]]
        unknown = taken.keys() - {one for one, _ in letters}
        again = taken.total() - len(taken)
        fates = Counter(states.values())
        killed = ", ".join(f"{name} {times}" for name, times in self.kills.items())
        bad = sum(times for code, times in self._codes.items() if code >= 500)  # permanent
        after = f"{settled:.0f} s" if settled is not None else "never"
        slowest = quantiles(self._seconds, n=100)[-1] if len(self._seconds) > 1 else 0.0
        return Result(
            slowest=slowest,
            text=f"{len(set(self._accepted))} accepted in {took:.0f} s, {len(lost)} lost; stored {len(states)}:"
            f" {dict(fates)}; requests for {len(titles)} forms, {wrong} wrong; {len(letters)} letters,"
            f" {len(unsent)} never came, {len(unknown)} unknown, {again} came twice; struck: {killed or 'nothing'};"
            f" answers of 4xx: {self._codes.total() - bad}, of 5xx: {bad}; 99 of 100 had their 250"
            f" {slowest:.2f} s after MAIL; settled after {after}" + "".join(f"; {one}" for one in problems),
            held=not lost
            and len(set(self._accepted)) == len(states) == self._mails
            and set(fates) <= {"done", "aside", "waiting"}
            and not (wrong or unsent or unknown or bad or problems)
            and settled is not None
            and again <= self.kills.total(),
        )


def send_all(place: Town, mails: list[bytes]) -> None:
    """By SMTP, in one conversation."""
    with smtplib.SMTP("127.0.0.1", place.smtp, "mx.partner.example", timeout=30) as client:
        for raw in mails:
            client.sendmail("a@b.example", [RECIPIENT], raw)


def _mail(number: int, padding: int) -> bytes:
    if number % FORM_EVERY == 0:
        raw = form(number, f"Kirja {number}")
        card = f"{2100200000 + number}"
        return raw.replace(b"2100123456", card.encode()).replace(b"aino@", f"patron{number}@".encode())
    head = f"From: x{number}@shop.example\r\nMessage-ID: <{number}@shop.example>\r\n\r\nHello {number}\r\n".encode()
    noise = random.Random(number).randbytes(padding // 2).hex().encode()  # which no database makes smaller than half
    return head + b"".join(noise[start : start + 76] + b"\r\n" for start in range(0, len(noise), 76))
