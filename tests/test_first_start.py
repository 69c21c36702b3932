"""The first start on a mailbox that people have worked in for years: nothing of it is touched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from imapclient import IMAPClient

from maild.clock import SystemClock
from maild.daemon.lifecycle import Daemon
from maild.rulebook import WrongRules
from maild.settings import Automation, Mailbox
from maild.store.tables import HistoryRow, InboxRow, OutboxRow, RequestRow, TaskRow
from tests.desk_parts import LOANED, form, reply, rows, settings_in
from tests.servers import Dovecot

OLD = 5_000
CAME = 1_760_000_000.0  # October 2025


def _old_mails() -> Iterator[bytes]:
    for number in range(OLD):
        if number % 2:
            yield form(number, f"Kirja {number}")
        else:
            yield reply(LOANED, to="ill@library.example", answers="<x@y>", number=number, subject="KP-2025-000001")


@pytest.mark.needs_dovecot
async def test_first_start_on_a_full_mailbox_does_nothing(stopped_dovecot: Dovecot, tmp_path: Path) -> None:
    stopped_dovecot.write_mails(_old_mails(), CAME)
    stopped_dovecot.start()
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(stopped_dovecot.password)
    mailbox = {"host": "127.0.0.1", "port": stopped_dovecot.port, "tls": "none", "user": stopped_dovecot.user}
    imap = (Mailbox.model_validate(mailbox | {"password_file": password}),)
    settings = settings_in(tmp_path, automation=Automation(), imap=imap)
    for _ in range(2):
        await Daemon(settings, SystemClock()).once()
    daemon = Daemon(settings, SystemClock())
    async with daemon.opened():
        with daemon.database.read() as session:
            assert [rows(session, t) for t in (InboxRow, RequestRow, HistoryRow, OutboxRow, TaskRow)] == [[]] * 5
    assert not (tmp_path / "letters").exists()
    with IMAPClient("127.0.0.1", port=stopped_dovecot.port, ssl=False) as client:
        client.login(stopped_dovecot.user, stopped_dovecot.password)
        assert client.select_folder("INBOX", readonly=True)[b"EXISTS"] == OLD
        assert len(client.search("UNSEEN")) == OLD
        assert [name for _, _, name in client.list_folders()] == ["INBOX"]


async def test_mistakes_in_rules_end_the_start_all_at_once_whoever_would_have_met_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    phrases = tmp_path / "rules/phrases/fi.toml"
    phrases.parent.mkdir()
    phrases.write_text('schema = 1\n[says.Loaned]\nphrases = ["kirja (lähti"]\n')
    with pytest.raises(WrongRules) as only_in_reading:  # the reader's process alone reads these
        await Daemon(settings, SystemClock()).once()
    assert [(p.file, p.place) for p in only_in_reading.value.problems] == [(str(phrases), "says.Loaned")]
    calendar = tmp_path / "rules/calendars/default.toml"
    calendar.parent.mkdir()
    calendar.write_text('schema = 1\nholidays = "Finland"\n')
    with pytest.raises(WrongRules) as in_both:
        await Daemon(settings, SystemClock()).once()
    assert {p.file for p in in_both.value.problems} == {str(phrases), str(calendar)}
