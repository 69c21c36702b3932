"""Servers that fall silent, come back under another UIDVALIDITY, or lose our lock; a second daemon (P13, P15, P31)."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import select

from maild.demo.imap_server import free_port
from maild.store.tables import InboxRow, OutboxRow, RequestRow
from tests.desk_parts import form
from tests.faults.soak import send_all
from tests.faults.table import Row
from tests.faults.town import ROOT, Town, town, until
from tests.proxy import Proxy, before

BACK_SECONDS = 130.0
PROMISED_SECONDS = 60.0
SECOND_SECONDS = 60


@contextmanager
def proxies(place: Town) -> Iterator[list[Proxy]]:
    """One before the IMAP server, one before the relay; the daemon knows only them."""
    with before(place.imap.port) as imap, before(place.relay.port) as relay:
        place.configure(imap=imap.port, relay=relay.port)
        yield [imap, relay]


def rows() -> Iterator[Row]:
    """One town on PostgreSQL, one thing after another."""
    with town(postgres=True) as place, proxies(place) as between:
        place.start()
        place.await_ready()
        yield _silence(place, between)
        yield _renumbered(place)
        yield _second_daemon(place)


def _silence(place: Town, between: list[Proxy]) -> Row:
    _give(place, 0)
    until(BACK_SECONDS, lambda: _is_done(place, 2))
    for proxy in between:
        proxy.swallows = True
    _give(place, 2)
    during = until(20.0, lambda: _is_done(place, 4))
    for proxy in between:
        proxy.swallows = False
    after = until(BACK_SECONDS, lambda: _is_done(place, 4))
    return Row(
        claim="an IMAP server and a relay that fall silent in open connections, for 20 s",
        control=f"while they are silent: {'nothing is done' if during is None else 'all is done'}",
        figure=f"done {f'{after:.0f} s' if after is not None else 'never'} after they answer again; {_count(place)}",
        held=during is None
        and after is not None
        and after <= PROMISED_SECONDS
        and _count(place) == "4 mails, 4 requests",
    )


def _renumbered(place: Town) -> Row:
    place.imap.kill()
    place.imap.renumber()
    place.imap.start()
    _give(place, 4)
    after = until(BACK_SECONDS, lambda: _is_done(place, 6))
    found = _count(place)
    return Row(
        claim="an IMAP server killed, and back under a new UIDVALIDITY",
        control="test_imap_door.py::test_new_uidvalidity_repeats_nothing_and_skips_nothing",
        figure=f"done {f'{after:.0f} s' if after is not None else 'never'} afterwards; {found}",
        held=after is not None and after <= PROMISED_SECONDS and found == "6 mails, 6 requests",
    )


def _second_daemon(place: Town) -> Row:
    first = _second(place)
    if place.postgres is not None:
        place.postgres.kill()
        place.postgres.start()
    until(BACK_SECONDS, lambda: place.runs and _is_done(place, 6))
    second = _second(place)
    place.end()
    alone = _second(place)
    return Row(
        claim="a second daemon on one PostgreSQL, also after the server was restarted under the first",
        control=f"the same without a first one: {alone}",
        figure=f"the second one {first}; after the restart it {second}",
        held=first == second == "ended" and alone == "ran",
    )


def _second(place: Town) -> str:
    """What became of another daemon: it ended, or ran until it was stopped."""
    place.configure(smtp=free_port(), lmtp=free_port())
    process = subprocess.Popen(place.command("run"), cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        process.wait(SECOND_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return "ran"
    return "ended"


def _give(place: Town, number: int) -> None:
    """A form by SMTP and one into the mailbox."""
    send_all(place, [form(number, f"Kirja {number}")])
    with place.mailbox() as client:
        client.append("INBOX", form(number + 1, f"Kirja {number + 1}"))


def _is_done(place: Town, mails: int) -> bool:
    database = place.database()
    with database.read() as session:
        done = session.exec(select(InboxRow.id).where(InboxRow.state == "done")).all()
        waiting = session.exec(select(OutboxRow.id).where(OutboxRow.state == "waiting")).first()
    database.close()
    return len(done) == mails and waiting is None and place.waits_in_mailbox() == 0


def _count(place: Town) -> str:
    database = place.database()
    with database.read() as session:
        mails = len(session.exec(select(InboxRow.id)).all())
        requests = len(session.exec(select(RequestRow.id)).all())
    database.close()
    return f"{mails} mails, {requests} requests"
