"""The one sequence, with what goes wrong in it: poison mails, requests that change meanwhile, broken mails."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from maild import house
from maild.clock import WoundClock
from maild.core.effects import ChangeRequest, Command
from maild.core.mail import Mail
from maild.core.reading import Event, Reading
from maild.core.request import Context
from maild.core.terms import EventName
from maild.deciding import Decided, Decider
from maild.process import Desk
from maild.reader import Failed, Opened, Part, Reader, ReaderSeam, ToOpen
from maild.reader.within import InProcessReader
from maild.registry import load_parsers
from maild.rulebook import policy_of, read_files
from maild.settings import Automation, Settings
from maild.store import claiming, decisions, settling
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.settling import MAX_TRIES
from maild.store.tables import HistoryRow, InboxRow, OutboxRow, RequestRow, TaskRow
from tests.desk_parts import NOW, answer, database_of, desk_of, form, keep, reading_of, rows, settings_in, states
from tests.desks import do

BROKEN = Path(__file__).parent / "mails/broken"
RENEWAL = "Hei,\n\nlaina on uusittu, uusi eräpäivä on 20.12.\n\nTerveisin\nRitva"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with database_of(settings) as made:
        yield made


@pytest.fixture
def desk(settings: Settings, database: Database) -> Desk:
    return desk_of(settings, database)


def statuses(database: Database) -> list[str]:
    with database.read() as session:
        return [row.status for row in rows(session, RequestRow)]


def letters(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(row.letter, row.state) for row in rows(session, OutboxRow)]


class Raising:
    """A site's parser with a bug."""

    name = "raising"

    def read(self, mail: Mail, context: Context, rules: object) -> Reading | None:
        if "poison" in mail.subject:
            raise KeyError("by order")
        return None


def poison(number: int = 0) -> bytes:
    return f"From: a@b.example\r\nSubject: poison {number}\r\nMessage-ID: <{number}@b.example>\r\n\r\nx\r\n".encode()


def test_form_opens_a_request_and_the_partner_s_answer_moves_it(desk: Desk, database: Database) -> None:
    keep(database, form())
    assert desk.work() == 1
    assert statuses(database) == ["Requested"]
    keep(database, answer(database))
    desk.work()
    assert statuses(database) == ["Loaned"]
    assert ("loaned", "waiting") in letters(database) or len(letters(database)) == 3


def test_poison_mail_is_tried_three_times_then_set_aside_and_the_rest_goes_on(
    settings: Settings, database: Database
) -> None:
    reader = InProcessReader(reading_of(house.paper_of(settings).rulebook), [Raising(), *load_parsers()])
    desk = desk_of(settings, database, reader=reader)
    keep(database, poison(), form(1), poison(1), form(2, "Toinen kirja"))
    while desk.work():
        pass
    assert states(database) == [("aside", MAX_TRIES), ("done", 1), ("aside", MAX_TRIES), ("done", 1)]
    assert statuses(database) == ["Requested", "Requested"]
    with database.read() as session:
        assert ["KeyError" in row.traceback for row in rows(session, InboxRow)] == [True, False, True, False]
        assert [row.mail_id for row in rows(session, TaskRow)] == [1, 3]
        told = [row for row in rows(session, OutboxRow) if row.letter == "attention"]
    assert [(row.to, row.cause.count("aside:")) for row in told] == [("desk@library.example", 1)] * 2


def test_mail_set_aside_again_after_a_retry_is_told_of_once(settings: Settings, database: Database) -> None:
    reader = InProcessReader(reading_of(house.paper_of(settings).rulebook), [Raising()])
    desk = desk_of(settings, database, reader=reader)
    keep(database, poison())
    for _ in range(2):
        while desk.work():
            pass
        with database.write() as session:
            settling.retry(session, 1)
    assert [name for name, _ in letters(database)] == ["attention"]


class Broken:
    """A reader that gives nothing for mails of one kind, at opening or at reading."""

    def __init__(self, within: InProcessReader, at: str) -> None:
        self._within = within
        self._at = at
        self._bad: list[bool] = []

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        self._bad = [b"poison" in m.raw for m in mails]
        opened = self._within.open(mails)
        return [self._fail("open", i) or one for i, one in enumerate(opened)]

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        readings = self._within.read(contexts)
        return [one and (self._fail("read", i) or one) for i, one in enumerate(readings)]

    def _fail(self, at: str, index: int) -> Failed | None:
        return Failed(why="died", trace="it died by order") if self._bad[index] and at == self._at else None

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        return self._within.parts(raw, indexes)

    def close(self) -> None:
        """Nothing to end."""


@pytest.mark.parametrize("at", ["open", "read"])
def test_mail_that_the_reader_fails_at_is_set_aside_with_its_trace(
    settings: Settings, database: Database, at: str
) -> None:
    reader: ReaderSeam = Broken(InProcessReader(reading_of(house.paper_of(settings).rulebook)), at)
    desk = desk_of(settings, database, reader=reader)
    keep(database, poison(), form())
    while desk.work():
        pass
    assert [state for state, _ in states(database)] == ["aside", "done"]
    with database.read() as session:
        assert rows(session, InboxRow)[0].traceback == "it died by order"


@pytest.mark.parametrize("where", ["decide", "commit"])
def test_bug_of_ours_fails_one_mail_and_not_its_batch(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    decide, commit = Decider.decide, decisions.commit

    def broken_decide(self: Decider, happening: object, context: Context) -> Decided:
        if "poison" in happening.mail.subject:  # type: ignore[attr-defined]  # only mails here
            raise ZeroDivisionError
        return decide(self, happening, context)  # type: ignore[arg-type]  # passed on

    def broken_commit(session: object, outcome: decisions.Outcome) -> None:
        commit(session, outcome)  # type: ignore[arg-type]  # passed on
        if outcome.source_id == poison_key:
            raise ZeroDivisionError

    poison_key = Arrival(raw=poison(), door="smtp", received_at=NOW).key
    if where == "decide":
        monkeypatch.setattr(Decider, "decide", broken_decide)
    else:
        monkeypatch.setattr(decisions, "commit", broken_commit)
    keep(database, form(1), poison(), form(2, "Toinen kirja"))
    while desk.work():
        pass
    assert states(database) == [("done", 1), ("aside", MAX_TRIES), ("done", 1)]
    assert statuses(database) == ["Requested", "Requested"]
    with database.read() as session:
        assert "ZeroDivisionError" in rows(session, InboxRow)[1].traceback
        assert all(row.input_id is not None for row in rows(session, OutboxRow) if row.letter != "attention")


def test_request_that_changed_meanwhile_is_decided_on_again(
    desk: Desk, settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, form())
    desk.work()
    keep(database, answer(database))
    decide = Decider.decide
    decided: list[int] = []

    def meanwhile(self: Decider, happening: object, context: Context) -> Decided:
        found = decide(self, happening, context)  # type: ignore[arg-type]  # passed on
        if not isinstance(happening, Command):
            decided.append(context.requests[0].version)
            if len(decided) == 1:
                with database.write() as session:
                    do(session, ChangeRequest(number="KP-2026-000001", values={"note": "the patron rang"}))
        return found

    monkeypatch.setattr(Decider, "decide", meanwhile)
    desk.work()
    assert decided == [1, 2]
    assert states(database) == [("done", 1), ("done", 1)]
    assert statuses(database) == ["Loaned"]


def test_two_mails_of_one_batch_about_one_request_act_in_their_order(desk: Desk, database: Database) -> None:
    keep(database, form())
    desk.work()
    keep(database, answer(database), answer(database, "Hei,\n\nuusi eräpäivä on 20.12.\n\nRitva", 2))
    desk.work()
    with database.read() as session:
        moved = [row.to_status for row in rows(session, HistoryRow)]
        assert [row.numbers for row in rows(session, InboxRow)] == [["KP-2026-000001"]] * 3
    assert moved[-1] == "Loaned" or "Loaned" in moved
    assert [state for state, _ in states(database)] == ["done"] * 3


def test_form_and_its_copy_in_one_batch_open_one_request(desk: Desk, database: Database) -> None:
    keep(database, form(), b"Received: from mx2\r\n" + form())
    desk.work()
    assert statuses(database) == ["Requested"]


def test_many_forms_for_one_work_in_one_batch_open_one_request(desk: Desk, database: Database) -> None:
    first = form()
    keep(database, *(first.replace(b"Message-ID: <", b"Message-ID: <%d." % n) for n in range(7)))
    desk.work()
    with database.read() as session:
        assert len(rows(session, RequestRow)) == 1
        assert [row.state for row in rows(session, InboxRow)] == ["done"] * 7


def test_letters_go_only_in_mode_auto(tmp_path: Path) -> None:
    found = {}
    for mode in ("off", "shadow", "auto"):
        settings = settings_in(tmp_path / mode, automation=Automation(mode=mode))  # type: ignore[arg-type]  # one of them
        with database_of(settings) as database:
            keep(database, form(), b"From: x@shop.example\r\n\r\nHello\r\n")
            desk_of(settings, database).work()
            with database.read() as session:
                found[mode] = {(row.audience, row.state) for row in rows(session, OutboxRow)}
    assert not {state for audience, state in found["off"] if audience != "staff"} & {"waiting", "sent"}
    assert found["shadow"] == {("partner", "shadow"), ("patron", "shadow"), ("staff", "waiting")}
    assert found["auto"] == {("partner", "waiting"), ("patron", "waiting"), ("staff", "waiting")}


def test_after_a_death_mails_are_taken_one_by_one_and_only_one_taken_alone_is_blamed(
    desk: Desk, settings: Settings, database: Database
) -> None:
    keep(database, *(form(n, f"Kirja {n}") for n in range(5)))
    for _ in range(2 * MAX_TRIES):  # whoever claims them dies each time
        with database.write() as session:
            claiming.claim(session, 50, NOW)
        desk.recover()
    assert [desk.work() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    assert states(database) == [("done", 1)] * 5
    keep(database, form(6, "Kirja 6"))
    for _ in range(MAX_TRIES):
        with database.write() as session:
            claiming.claim(session, 50, NOW)
        desk.recover()
    desk.work()
    assert states(database)[-1] == ("aside", MAX_TRIES)


def _nested(depth: int) -> bytes:
    start = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return f"From: a@b.example\r\nMessage-ID: <nested@b.example>\r\n{start}\r\nx\r\n".encode()


ODD: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one byte": lambda: b"\xff",
    "no header": lambda: b"\r\n\r\njust text",
    "nested": lambda: _nested(2000),
    "huge subject": lambda: b"Subject: " + b"=?utf-8?q?x?= " * 50_000 + b"\r\n\r\nx",
    "huge": lambda: b"From: a@b.example\r\n\r\n" + (b"x" * 76 + b"\r\n") * 100_000,
    "nul": lambda: b"From: a@b.example\x00\r\nSubject: \x00\x00\r\n\r\n\x00",
    "mis-encoded": lambda: b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xe4\xf6\xff\xfe",
    "100,000 parts": lambda: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
    "hang": lambda: b"Content-Type: text/plain; " + b"\xff" * 67 + b"\r\n\r\nx",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The real reader process."""
    settings = settings_in(tmp_path_factory.mktemp("reader"))
    made = Reader(read_files()[0], policy_of(settings), settings.our_addresses)
    yield made
    made.close()


def test_no_mail_however_broken_stalls_or_acts(settings: Settings, database: Database, reader: Reader) -> None:
    desk = desk_of(settings, database, reader=reader)
    mails = [path.read_bytes() for path in sorted(BROKEN.glob("*.eml"))] + [make() for make in ODD.values()]
    keep(database, *mails)
    for _ in range(MAX_TRIES):
        desk.work(1000)
    assert {state for state, _ in states(database)} == {"done"}
    assert statuses(database) == []
    keep(database, form())
    desk.work()
    assert statuses(database) == ["Requested"]


def test_foreign_mails_neither_stall_nor_act(
    settings: Settings, database: Database, reader: Reader, shared: Path
) -> None:
    desk = desk_of(settings, database, reader=reader)
    mails = [path.read_bytes() for path in sorted((shared / "foreign").rglob("*.eml"))][::9]
    keep(database, *mails)
    while desk.work():
        pass
    assert {state for state, _ in states(database)} == {"done"}
    assert statuses(database) == []


def test_command_is_carried_out_once_committed(desk: Desk, database: Database) -> None:
    keep(database, form())
    desk.work()
    event = Event(event=EventName.CANCEL)
    desk.command(Command(number="KP-2026-000001", event=event, actor="desk", id="c1"))
    assert statuses(database) == ["Cancelled"] or statuses(database) != ["Requested"]


def test_notice_whose_hour_has_come_is_decided(settings: Settings, database: Database) -> None:
    from maild.notices.tick import send_due_notices

    clock = WoundClock(NOW)
    desk = desk_of(settings, database, clock)
    keep(database, form())
    desk.work()
    clock.wind(timedelta(days=30))
    before = len(letters(database))
    assert send_due_notices(desk, database, clock) >= 1
    assert send_due_notices(desk, database, clock) == 0
    assert len(letters(database)) > before


REPORT = """\
From: MAILER-DAEMON@mx.library.example
To: ill@library.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{number}@mx.library.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.library.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 not a mailbox here

--b--
"""


def test_letter_to_staff_that_comes_back_causes_no_other(desk: Desk, database: Database) -> None:
    report = REPORT.format(number=1, to="desk@library.example").replace("\n", "\r\n").encode()
    keep(database, report)
    desk.work()
    assert letters(database) == []
    with database.read() as session:
        assert [row.mail_id for row in rows(session, TaskRow)] == [1]  # staff find it in the list
    other = REPORT.format(number=2, to="gone@partner.example").replace("\n", "\r\n").encode()
    keep(database, other)
    desk.work()
    assert [name for name, _ in letters(database)] == ["attention"]
