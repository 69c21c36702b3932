"""Copies that partners mail: whether they go on by themselves, and how long their files stay."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild.clock import WoundClock
from maild.notices.retention import erase_what_is_old
from maild.settings import Privacy, Settings
from maild.store import outbox
from maild.store.database import Database
from maild.store.tables import InboxRow, OutboxRow, PartnerRow, RequestRow, TaskRow
from tests.desk_parts import AUTHSERV, NOW, database_of, desk_of, form, keep, rows, settings_in

FILE = b"%PDF-1.4\n" + b"copy " * 500


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with database_of(settings) as found:
        yield found


def article_form() -> bytes:
    """The patron's form, for an article."""
    wanted = "Artikkelin nimi: Kivisillat\r\nLehden nimi: Tervan tie merelle\r\nPalvelu: Kopio\r\n"
    return form().replace(b"Teoksen nimi: Tervan tie merelle\r\n", wanted.encode())


def copy_mail(answers: OutboxRow) -> bytes:
    """The partner's answer with the copy."""
    mail = EmailMessage()
    mail["Authentication-Results"] = (
        f"{AUTHSERV}; dkim=pass header.d=varasto.example; dmarc=pass header.from=varasto.example"
    )
    mail["From"], mail["To"] = "Ritva Varastonen <ritva@varasto.example>", "ill@library.example"
    mail["Subject"] = "VS: Kaukolaina [KP-2026-000001]"
    mail["Date"], mail["Message-ID"] = "Mon, 23 Nov 2026 10:00:00 +0200", "<1.copy@varasto.example>"
    mail["In-Reply-To"] = answers.message_id
    mail.set_content("Hei,\n\nkopio on tämän viestin liitteenä.\n\nTerveisin\nRitva\n")
    mail.add_attachment(FILE, maintype="application", subtype="pdf", filename="kopio.pdf")
    return mail.as_bytes()


def with_copy(settings: Settings, database: Database, release: str) -> OutboxRow:
    """The letter with the copy, once the supplier has sent it."""
    with database.write() as session:
        for partner in rows(session, PartnerRow):
            partner.copy_release = release
            session.add(partner)
    desk = desk_of(settings, database)
    keep(database, article_form())
    desk.work()
    with database.read() as session:
        (asked,) = [row for row in rows(session, OutboxRow) if row.letter == "request_copy"]
    keep(database, copy_mail(asked))
    desk.work()
    with database.read() as session:
        (letter,) = [row for row in rows(session, OutboxRow) if row.letter == "copy_delivered"]
        assert [row.status for row in rows(session, RequestRow)] == ["CopyCompleted"]
    return letter


def test_only_a_marked_partners_copy_goes_out_by_itself(settings: Settings, database: Database) -> None:
    assert with_copy(settings, database, "auto").state == "waiting"


def test_any_other_copy_waits_until_staff_release_it(settings: Settings, database: Database) -> None:
    letter = with_copy(settings, database, "staff")
    assert letter.state == "held"
    with database.read() as session:
        assert [task.reason for task in rows(session, TaskRow)] == ["release"]
    with database.write() as session:
        outbox.release(session, [letter.id or 0], NOW)
    with database.read() as session:
        assert [row.state for row in rows(session, OutboxRow) if row.letter == "copy_delivered"] == ["waiting"]


def test_its_file_is_removed_some_days_after_it_was_sent(settings: Settings, database: Database) -> None:
    letter = with_copy(settings, database, "auto")
    clock = WoundClock(NOW + timedelta(days=14))
    assert erase_what_is_old(database, Privacy(), clock).copies == 0  # it was never sent
    with database.write() as session:
        row = session.get_one(OutboxRow, letter.id)
        row.state, row.sent_at = "sent", NOW
        session.add(row)
    assert erase_what_is_old(database, Privacy(), clock).copies == 0
    clock.wind(timedelta(minutes=1))
    assert erase_what_is_old(database, Privacy(), clock).copies == 1
    with database.read() as session:
        assert all(b"JVBERi0" not in row.raw for row in rows(session, OutboxRow))
        assert all(b"JVBERi0" not in row.raw for row in rows(session, InboxRow))
        assert sum(row.raw != b"" for row in rows(session, InboxRow)) == 1  # the patron's form stays its time
        assert next(row for row in rows(session, OutboxRow) if row.letter == "copy_delivered").to
    assert erase_what_is_old(database, Privacy(), clock).copies == 0
