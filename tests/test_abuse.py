"""Floods, bombs through the form, and answers to answers: letters are limited, held and told, never lost."""

from pathlib import Path

import pytest
from sqlmodel import Session, col, select, text

from maild.core.effects import Command
from maild.core.reading import Event
from maild.core.terms import EventName
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import InboxRow, OutboxRow, TaskRow
from tests.desk_parts import AUTHSERV, NOW, PATRON, database_of, desk_of, form, settings_in

OURS = "ill@library.example"
QUIET = {
    "empty return path": ("", ""),
    "auto-submitted": ("Auto-Submitted: auto-replied\r\n", "somebody@home.example"),
    "a list": ("List-Id: <news.example>\r\nPrecedence: list\r\n", "bounces@news.example"),
    "bulk": ("Precedence: bulk\r\n", "somebody@home.example"),
    "our own letter": ("From: ill@library.example\r\n", "ill@library.example"),
    "sixty hops": ("Received: from a by b; Mon, 23 Nov 2026 09:00:00 +0200\r\n" * 60, "somebody@home.example"),
}


def keep(database: Database, *raws: bytes, envelope_from: str = "a@b.example") -> None:
    with database.write() as session:
        arrivals = [
            Arrival(
                raw=raw, door="smtp", received_at=NOW, envelope_from=envelope_from, recipients=("ill@library.example",)
            )
            for raw in raws
        ]
        inbox.keep(session, arrivals, NOW)


def letters(session: Session, audience: str) -> dict[str, int]:
    """How many letters for them are in each state."""
    states = session.exec(select(OutboxRow.state).where(OutboxRow.audience == audience)).all()
    return {state: states.count(state) for state in set(states)}


def test_the_form_cannot_be_made_to_flood_an_address(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        desk = desk_of(settings, database)
        keep(database, *(form(n, f"Teos numero {n}") for n in range(1, 13)))
        while desk.work():
            pass
        with database.read() as session:
            sent = session.exec(select(OutboxRow.id).where(OutboxRow.to == PATRON.email, OutboxRow.state == "waiting"))
            assert len(sent.all()) == 3
            assert letters(session, "patron") == {"waiting": 3, "held": 9}  # held, not lost
            assert session.exec(select(TaskRow.reason).where(TaskRow.reason == "limit")).all() == ["limit"] * 9


def test_a_request_that_writes_too_many_letters_waits_for_staff(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        desk = desk_of(settings, database)
        keep(database, form())
        desk.work()
        with database.write() as session:  # as if a bug had written five already
            rows = session.exec(select(OutboxRow).where(OutboxRow.audience == "partner")).all()
            session.add_all(
                OutboxRow(**rows[0].model_dump(exclude={"id", "message_id"}), message_id=f"<{n}@x>") for n in range(5)
            )
            number = session.exec(text("SELECT number FROM request")).scalar_one()  # type: ignore[call-overload]
        desk.command(Command(number=number, event=Event(event=EventName.CANCEL), actor="desk", id="c1"))
        with database.read() as session:
            last = session.exec(
                select(OutboxRow).where(OutboxRow.audience == "partner").order_by(col(OutboxRow.id).desc())
            )
            assert last.first().state == "held"  # type: ignore[union-attr]
            assert session.exec(select(TaskRow.reason).where(TaskRow.reason == "limit")).all() == ["limit"]
            assert letters(session, "staff").get("held", 0) == 0  # staff always hear


@pytest.mark.parametrize("what", QUIET)
def test_what_nobody_should_answer_gets_no_answer(what: str, tmp_path: Path) -> None:
    headers, path = QUIET[what]
    sender = "" if "From:" in headers else "From: somebody@home.example\r\n"
    raw = (
        f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=home.example\r\n{headers}{sender}To: {OURS}\r\n"
        "Subject: Kaukolaina\r\nDate: Mon, 23 Nov 2026 09:00:00 +0200\r\nMessage-ID: <q@x>\r\n\r\nVoinko uusia?\r\n"
    ).encode()
    settings = settings_in(tmp_path)
    with database_of(settings) as database:
        keep(database, raw, envelope_from=path)
        desk_of(settings, database).work()
        with database.read() as session:
            assert session.exec(select(InboxRow.state)).one() == "done"
            assert letters(session, "partner") == letters(session, "patron") == {}
