"""The inbox: one mail is one row, claimed by one worker, and never lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from maild.store import claiming, inbox, looking, mailboxes, settling
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.settling import Finding
from maild.store.tables import InboxRow, SightingRow, TaskRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAIL = b"From: ill@partner.example\r\nSubject: Hei\r\nMessage-ID: <1@partner.example>\r\n\r\nLainataan.\r\n"
BELIEVED = b"Authentication-Results: mx.library.example; dmarc=pass header.from=partner.example\r\n" + MAIL
NOTHING_DONE = Finding(acted=False, filing="todo", kind="partner-reply", numbers=(), why="sender")
DONE = replace(NOTHING_DONE, acted=True, filing="done")


def by_smtp(raw: bytes = MAIL, **values: object) -> Arrival:
    arrival = Arrival(
        raw=raw, door="smtp", received_at=NOW, envelope_from="ill@partner.example", recipients=("a@x.fi",)
    )
    return replace(arrival, key="", **values)  # type: ignore[arg-type]  # a test's own values


def by_imap(uid: int, raw: bytes = MAIL) -> Arrival:
    return Arrival(raw=raw, door="imap", received_at=NOW, mailbox="host/INBOX", uidvalidity=4_000_000_000, uid=uid)


def another(number: int) -> bytes:
    return MAIL.replace(b"<1@", b"<%d@" % number)


def keep(database: Database, *arrivals: Arrival) -> list[inbox.Kept]:
    with database.write() as session:
        return inbox.keep(session, arrivals, NOW)


def claim(database: Database, limit: int = 10, now: datetime = NOW) -> list[claiming.Claimed]:
    with database.write() as session:
        return claiming.claim(session, limit, now)


def finish(database: Database, mail_id: int, finding: Finding) -> None:
    with database.write() as session:
        settling.finish(session, mail_id, NOW, finding)


def state_of(database: Database, mail_id: int) -> str:
    with database.read() as session:
        return session.exec(select(InboxRow.state).where(InboxRow.id == mail_id)).one()


def sightings(session: Session) -> int:
    return len(session.exec(select(SightingRow.id)).all())


def test_a_mail_is_kept_as_it_came(database: Database) -> None:
    (kept,) = keep(database, by_smtp())
    (claimed,) = claim(database)
    assert kept.new
    assert claimed.id == kept.mail_id
    assert (claimed.raw, claimed.recipients, claimed.return_path) == (MAIL, ("a@x.fi",), "ill@partner.example")
    assert (claimed.received_at, claimed.tries) == (NOW, 1)


def test_the_same_mail_by_two_doors_is_one_mail_with_two_sightings(database: Database) -> None:
    first, second = keep(database, by_smtp(recipients=("a@x.fi",))), keep(database, by_imap(7))
    assert second == [inbox.Kept(mail_id=first[0].mail_id, new=False)]
    with database.read() as session:
        assert sightings(session) == 2
    assert len(claim(database)) == 1


def test_the_same_mail_twice_in_one_batch_is_new_once(database: Database) -> None:
    kept = keep(database, by_smtp(), by_smtp(recipients=("b@x.fi",)), by_smtp(another(2)))
    assert [one.new for one in kept] == [True, False, True]
    assert kept[0].mail_id == kept[1].mail_id != kept[2].mail_id
    assert claim(database)[0].recipients == ("a@x.fi", "b@x.fi")


def test_a_mailbox_read_again_gives_no_new_sighting(database: Database) -> None:
    keep(database, by_imap(7))
    keep(database, by_imap(7))
    with database.read() as session:
        assert sightings(session) == 1


def test_no_arrivals_are_nothing(database: Database) -> None:
    assert keep(database) == []


def test_an_address_that_is_no_text_does_not_keep_the_mail_out(database: Database) -> None:
    keep(database, by_smtp(envelope_from="a\udcff@x.fi", recipients=("b\0@x.fi",)))
    (claimed,) = claim(database)
    assert (claimed.return_path, claimed.recipients) == ("a?@x.fi", ("b?@x.fi",))


def test_mails_are_claimed_oldest_first_and_by_one_worker(database: Database) -> None:
    keep(database, *(by_smtp(another(n)) for n in range(5)))
    first, second = claim(database, 3), claim(database, 3)
    ids = [one.id for one in first + second]
    assert len(ids) == 5
    assert ids == sorted(ids)


@pytest.mark.needs_postgres
def test_two_workers_on_postgres_never_get_the_same_mail(postgres_schema_url: str) -> None:
    database = Database(postgres_schema_url)
    database.upgrade()
    keep(database, *(by_smtp(another(n)) for n in range(6)))
    other = Database(postgres_schema_url)
    with database.write() as one, other.write() as two:
        first = {c.id for c in claiming.claim(one, 3, NOW)}
        second = {c.id for c in claiming.claim(two, 3, NOW)}  # does not wait for the first
    assert len(first) == len(second) == 3
    assert not first & second
    database.close()
    other.close()


def test_a_claim_comes_back_after_its_lease(database: Database) -> None:
    keep(database, by_smtp())
    claim(database)
    assert claim(database) == []
    (again,) = claim(database, now=NOW + claiming.LEASE + timedelta(seconds=1))
    assert again.tries == 2


def test_at_start_the_one_process_frees_the_claims_of_the_dead(database: Database) -> None:
    keep(database, by_smtp())
    claim(database)
    with database.write() as session:
        assert claiming.release_claims(session) == 1
    assert claim(database)[0].tries == 2


def test_a_mail_that_kills_its_worker_three_times_is_set_aside(database: Database) -> None:
    keep(database, by_smtp(), by_smtp(another(2)))
    poison = claim(database, 1)[0].id
    for turn in (1, 2):
        claim(database, 1, NOW + turn * (claiming.LEASE + timedelta(seconds=1)))
    taken = claim(database, 10, NOW + 3 * (claiming.LEASE + timedelta(seconds=1)))
    assert [one.id for one in taken] == [poison + 1]
    assert state_of(database, poison) == "aside"
    with database.read() as session:
        assert [task.mail_id for task in session.exec(select(TaskRow)).all()] == [poison]


def test_a_failed_try_waits_again_and_the_third_sets_aside(database: Database) -> None:
    keep(database, by_smtp())
    waits = []
    for _ in range(3):
        (claimed,) = claim(database)
        with database.write() as session:
            waits.append(settling.give_back(session, claimed.id, "Traceback …", NOW))
    assert waits == [True, True, False]
    assert claim(database) == []
    with database.read() as session:
        assert looking.counts(session) == {"aside": 1}


def test_a_mail_set_aside_can_be_looked_at(database: Database) -> None:
    (kept,) = keep(database, by_smtp())
    with database.write() as session:
        settling.set_aside(session, kept.mail_id, "Traceback …", NOW)
        (found,) = looking.aside(session)
        assert looking.look(session, kept.mail_id) == found
        assert looking.look(session, kept.mail_id + 1) is None
        assert looking.raw_by_key(session, found.key) == MAIL
    assert (found.trace, found.size, found.recipients) == ("Traceback …", len(MAIL), ("a@x.fi",))


def test_a_mail_set_aside_can_be_tried_again_or_dropped(database: Database) -> None:
    (kept,) = keep(database, by_smtp())
    with database.write() as session:
        settling.set_aside(session, kept.mail_id, "Traceback …", NOW)
        assert settling.retry(session, kept.mail_id)
        assert not settling.retry(session, kept.mail_id)
    assert claim(database)[0].tries == 1
    with database.write() as session:
        assert not settling.drop(session, kept.mail_id, NOW)
        settling.set_aside(session, kept.mail_id, "Traceback …", NOW)
        assert settling.drop(session, kept.mail_id, NOW)
        assert looking.raw_of(session, kept.mail_id) == MAIL


def test_a_better_authenticated_sighting_is_judged_again(database: Database) -> None:
    keep(database, by_smtp())
    (claimed,) = claim(database)
    finish(database, claimed.id, NOTHING_DONE)
    keep(database, by_smtp(BELIEVED, envelope_from="bounces@partner.example"))
    (again,) = claim(database)
    assert (again.id, again.raw, again.return_path) == (claimed.id, BELIEVED, "bounces@partner.example")
    finish(database, again.id, DONE)
    assert claim(database) == []


def test_a_better_sighting_that_comes_while_the_mail_waits_is_judged_after_it(database: Database) -> None:
    keep(database, by_smtp(), by_smtp(BELIEVED))
    (first,) = claim(database)
    assert first.raw == MAIL
    finish(database, first.id, NOTHING_DONE)
    assert claim(database)[0].raw == BELIEVED


def test_what_was_acted_on_is_not_judged_again(database: Database) -> None:
    keep(database, by_smtp())
    (claimed,) = claim(database)
    finish(database, claimed.id, DONE)
    keep(database, by_smtp(BELIEVED))
    assert claim(database) == []


def test_the_same_results_are_not_judged_again(database: Database) -> None:
    keep(database, by_smtp())
    (claimed,) = claim(database)
    finish(database, claimed.id, NOTHING_DONE)
    keep(database, by_smtp(b"Received: from elsewhere\r\n" + MAIL))
    assert claim(database) == []


def test_a_sender_cannot_have_a_mail_judged_for_ever(database: Database) -> None:
    keep(database, by_smtp())
    judged = 0
    for turn in range(20):
        for claimed in claim(database):
            judged += 1
            finish(database, claimed.id, NOTHING_DONE)
        keep(database, by_smtp(b"Authentication-Results: x%d.example; none\r\n" % turn + MAIL))
    assert judged == 1 + settling.MAX_JUDGED


def test_each_sighting_in_a_mailbox_is_filed_once(database: Database) -> None:
    keep(database, by_imap(7), by_imap(8))
    with database.read() as session:
        assert mailboxes.to_file(session, "host/INBOX") == []
    (claimed,) = claim(database)
    finish(database, claimed.id, DONE)
    with database.write() as session:
        found = mailboxes.to_file(session, "host/INBOX")
        assert [(one.uidvalidity, one.uid, one.folder) for one in found] == [
            (4_000_000_000, 7, "done"),
            (4_000_000_000, 8, "done"),
        ]
        mailboxes.filed(session, [found[0].sighting_id])
        assert [one.uid for one in mailboxes.to_file(session, "host/INBOX")] == [8]
        assert mailboxes.to_file(session, "other/INBOX") == []
