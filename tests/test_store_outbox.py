"""The outbox: what may go out now, in which order, and what becomes of it."""

from datetime import timedelta

import pytest
from sqlmodel import select

from maild.core.effects import Audience, SendLetter
from maild.store import outbox
from maild.store.database import Database
from maild.store.tables import OutboxRow, TaskRow
from tests.desks import NOW, NUMBER, do, furnish, letter, new_request

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def desk(database: Database) -> Database:
    """Two letters of one request, one of another, one to staff."""
    second = letter("other", number="KP-2026-000002")
    staff = letter("staff", to="staff@library.example", audience=Audience.STAFF)
    with database.write() as session:
        furnish(session)
        do(session, new_request(number="KP-2026-000002"))
        do(session, letters=[letter("one"), letter("two"), second, staff], versions={NUMBER: 1, "KP-2026-000002": 1})
    return database


def due(database: Database) -> list[str]:
    with database.read() as session:
        return [out.message_id.split("@")[0][1:] for out in outbox.due(session, NOW, 10)]


def letter_id(database: Database, cause: str) -> int:
    with database.read() as session:
        found = select(OutboxRow.id).where(OutboxRow.message_id == f"<{cause}@library.example>")
        return session.exec(found).one() or 0


def test_a_requests_letters_go_one_after_the_other(desk: Database) -> None:
    assert due(desk) == ["one", "other", "staff"]
    with desk.write() as session:
        outbox.sent(session, letter_id(desk, "one"), NOW)
    assert due(desk) == ["two", "other", "staff"]


def test_while_a_letter_waits_for_its_next_try_the_later_ones_wait_too(desk: Database) -> None:
    with desk.write() as session:
        outbox.failed_once(session, letter_id(desk, "one"), "451 later", LATER)
    assert due(desk) == ["other", "staff"]
    with desk.read() as session:
        assert outbox.next_due(session) == NOW
        (first, *_) = outbox.due(session, LATER, 10)
    assert (first.message_id, first.tries, first.raw) == ("<one@library.example>", 1, b"Subject: one\r\n\r\n")


def test_a_next_try_reckoned_by_a_clock_a_year_ahead_is_not_waited_for(desk: Database) -> None:
    with desk.write() as session:
        outbox.failed_once(session, letter_id(desk, "one"), "451 later", NOW + timedelta(days=365))
    assert "one" in due(desk)


def test_a_letter_that_failed_for_good_makes_a_task_and_lets_the_next_go(desk: Database) -> None:
    with desk.write() as session:
        outbox.failed(session, letter_id(desk, "one"), "550 no such user", NOW)
        (task,) = session.exec(select(TaskRow)).all()
    assert "550 no such user" in task.text
    assert due(desk) == ["two", "other", "staff"]
    with desk.write() as session:
        assert outbox.retry(session, letter_id(desk, "one"), NOW)
        assert not outbox.retry(session, letter_id(desk, "two"), NOW)
    assert due(desk)[0] == "one"


def test_what_was_sent_is_not_sent_again(desk: Database) -> None:
    one = letter_id(desk, "one")
    with desk.write() as session:
        outbox.sent(session, one, NOW)
        outbox.failed_once(session, one, "451", LATER)
        outbox.sent(session, one, LATER)
        row = session.get_one(OutboxRow, one, populate_existing=True)
    assert (row.state, row.sent_at, row.tries) == ("sent", NOW, 1)


def test_after_a_restore_everything_is_held_until_somebody_says_so(desk: Database) -> None:
    with desk.write() as session:
        assert outbox.hold_all(session) == 4
    assert due(desk) == []
    with desk.write() as session:
        assert outbox.release(session, [letter_id(desk, "two")], NOW) == 1
        assert outbox.drop(session, letter_id(desk, "one"))
    assert due(desk) == ["two"]


def test_shadow_letters_never_go(desk: Database) -> None:
    with desk.write() as session:
        do(session, letters=[letter("shadow", state="shadow")], versions={NUMBER: 2})
        assert outbox.counts(session) == {"waiting": 4, "shadow": 1}
    assert "shadow" not in due(desk)


def test_letters_of_a_day_are_counted_for_the_caps(desk: Database) -> None:
    with desk.read() as session:
        assert outbox.letters_since(session, NUMBER, NOW) == 2  # the staff's does not count
        assert outbox.letters_since(session, NUMBER, LATER) == 0
        assert outbox.letters_to_since(session, "Staff@library.example", ["request"], NOW) == 1
        assert outbox.oldest_waiting(session) == NOW


def test_a_letter_that_reached_nobody_has_no_share_in_the_caps(desk: Database) -> None:
    with desk.write() as session:
        outbox.drop(session, letter_id(desk, "one"))
        assert outbox.letters_since(session, NUMBER, NOW) == 1


def test_people_see_what_has_not_gone_out(desk: Database) -> None:
    with desk.write() as session:
        outbox.failed(session, letter_id(desk, "one"), "550 no such user", NOW)
        outbox.sent(session, letter_id(desk, "two"), NOW)
        found = outbox.unsent(session)
    assert [(one.state, one.number, one.last_error) for one in found] == [
        ("failed", NUMBER, "550 no such user"),
        ("waiting", "KP-2026-000002", ""),
        ("waiting", NUMBER, ""),
    ]


def test_a_letter_that_no_decision_caused_goes_out_once(database: Database) -> None:
    effect = SendLetter(number="", letter="attention", audience=Audience.STAFF, to="Staff@library.example")
    with database.write() as session:
        for _ in range(2):
            outbox.put_alone(session, [letter("aside", effect=effect)], NOW)
    assert due(database) == ["aside"]
