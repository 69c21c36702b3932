"""The last event taken back whole, letters that wait for staff, and letters that put right what was told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from bench.wound_desk import WoundDesk
from maild.cli import app
from maild.clock import WoundClock
from maild.core import undo
from maild.core.decide_command import decide_command
from maild.core.effects import AskStaff, Audience, Command, Input, SendLetter, WithdrawLetters
from maild.core.prices import read_money
from maild.core.reading import Event
from maild.core.request import Charge, Request, Told, Written
from maild.core.rules import Refused, SitePolicy
from maild.core.terms import EventName, ServiceType, Status
from maild.core.truth import amount, changed
from maild.process import Desk
from maild.replay import Replay
from maild.settings import Settings
from maild.store import outbox
from maild.store.database import Database
from maild.store.requests import by_number
from maild.store.tables import HistoryRow, NoticeRow, OutboxRow, PatronRow, TaskRow
from tests.databases import url_in
from tests.desk_parts import CONFIG, NOW, answer, database_of, desk_of, form, keep, later, reading_of, rows, settings_in
from tests.house import ALDER, BIRCH, NUMBER, context, request, shipped_rules
from tests.test_walks import STEPS, Step, happening

RULES = shipped_rules()
SENDING = shipped_rules(SitePolicy(mode="auto"))
THE_FIRST = "KP-2026-000001"


def planned(desk: WoundDesk) -> dict[object, object]:
    """The notices that will come, apart from the one that counts from whatever happened last."""
    return {
        key: kept.plan.due
        for key, kept in desk.notices.items()
        if kept.state == "planned" and RULES.notices[kept.plan.notice].anchor != "touched"
    }


def undone(desk: WoundDesk) -> None:
    desk.give(Command(number=NUMBER, event=Event(event=EventName.UNDO), actor="anna", id="undo"))


def is_undo(given: Input) -> bool:
    """Whether it takes an event back itself: another Undo then goes one event further back."""
    return isinstance(given, Command) and given.event.event is EventName.UNDO and "to" not in given.values


def sent_for(err: Refused) -> bool:
    """The one reason for which an event of these desks cannot be taken back: a supplier has our request."""
    return "may be sending it" in str(err)


def wound(service: ServiceType) -> WoundDesk:
    begun = request(Status.NEW, service_type=service, suppliers=("FI-BIRCH",), partner_id=None, attempts=())
    desk = WoundDesk(rules=RULES, known=context(begun), now=NOW)
    desk.give(Command(number=NUMBER, event=Event(event=EventName.NEXT_SUPPLIER), actor="anna", id="begin"))
    return desk


@pytest.mark.parametrize("service", [ServiceType.LOAN, ServiceType.COPY])
@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(STEPS, st.integers(0, 9)), max_size=10))
def test_whatever_happened_last_is_taken_back_to_what_was_before(
    service: ServiceType, steps: list[tuple[Step, int]]
) -> None:
    desk = wound(service)
    for step, days in steps:
        desk.wind_to(desk.now + timedelta(days=days, minutes=1))
        was, notices = desk.known.requests[0], planned(desk)
        ended = {key for key, kept in desk.notices.items() if kept.state != "planned"}
        what = happening(step, was)
        try:
            desk.give(what)
        except Refused:
            continue
        if not undo.is_changed(was, desk.known.requests[0]) or is_undo(what):
            continue
        try:
            undone(desk)
        except Refused as err:
            if not sent_for(err):
                raise
            continue
        assert not undo.is_changed(was, desk.known.requests[0])
        assert {key: due for key, due in planned(desk).items() if key not in ended} == notices


@given(steps=st.lists(STEPS, min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_one_undo_after_another_leads_back_to_the_beginning(steps: list[Step]) -> None:
    desk = wound(ServiceType.LOAN)
    begun = desk.known.requests[0]
    for step in steps:
        try:
            desk.give(happening(step, desk.known.requests[0]))
        except Refused:
            continue
    for _ in range(len(desk.steps[NUMBER]) - 1):
        try:
            undone(desk)
        except Refused as err:
            if not sent_for(err):
                raise
            return
    assert not undo.is_changed(begun, desk.known.requests[0])


def test_nothing_is_taken_back_where_what_was_before_is_not_kept() -> None:
    desk = WoundDesk(rules=RULES, known=context(request()), now=NOW)
    with pytest.raises(Refused, match="nothing that could be taken back"):
        undone(desk)
    desk.give(Command(number=NUMBER, event=Event(event=EventName.EDIT), actor="a", values={"title": "x"}, id="e"))
    desk.steps[NUMBER] = [replace(desk.steps[NUMBER][0], before=None)]
    with pytest.raises(Refused, match="is not kept"):
        undone(desk)


def test_a_correction_tells_no_other_sum_than_what_the_reader_pays_or_takes() -> None:
    eight = Charge(kind="supplier's price", payer="us", money=read_money("8 EUR"), partner_id=ALDER.id)
    others = Charge(kind="supplier's price", payer="us", money=read_money("6 EUR"), partner_id=BIRCH.id)
    invoice = Charge(kind="invoice", payer="us", money=read_money("3 EUR"), partner_id=ALDER.id)
    says = {"title": "Syksy", "cost": amount(read_money("8.00 EUR"))}
    told = Told(message_id="<1@x>", letter="x", audience="partner", to=ALDER.email, at=NOW, state="sent", says=says)
    for charges in ((eight,), (eight, others), (eight, invoice)):
        given = request(charges=charges)
        (change,) = changed(given, context(given, told=(told,)), Audience.PARTNER)
        assert (change.name, change.was, change.now) == ("title", "Syksy", "Talvi")


# On a database


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    (tmp_path / "maild.toml").write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    return settings_in(tmp_path)


@pytest.fixture
def database(site: Settings) -> Iterator[Database]:
    with database_of(site) as made:
        yield made


@pytest.fixture
def desk(site: Settings, database: Database) -> Desk:
    """A desk with one loan that the supplier says is on its way."""
    found = desk_of(site, database, WoundClock(NOW))
    keep(database, form())
    found.work()
    with database.write() as session:
        for letter in outbox.due(session, NOW, 9):
            outbox.sent(session, letter.id, NOW)
    keep(database, answer(database))
    found.work()
    return found


def do(desk: Desk, event: EventName, **values: str) -> str:
    command = Command(number=THE_FIRST, event=Event(event=event), actor="anna", values=values, id=f"{event}{values}")
    return desk.command(command).why


def standing(database: Database) -> Request:
    with database.read() as session:
        found = by_number(session, THE_FIRST)
    assert found is not None
    return found


def typed(site: Settings, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(site.data / "maild.toml"), *words])


def sends(database: Database) -> None:
    """All that waits goes out."""
    with database.write() as session:
        while due := outbox.due(session, later(60), 9):
            for letter in due:
                outbox.sent(session, letter.id, later(60))


def states(database: Database, letter: str) -> list[str]:
    with database.read() as session:
        return [row.state for row in rows(session, OutboxRow) if row.letter == letter]


def test_an_event_is_taken_back_with_its_items_dates_and_letters_and_stays_in_the_history(
    desk: Desk, database: Database
) -> None:
    there = standing(database)
    assert (there.status, len(there.items), there.loaned_on) == (Status.LOANED, 1, NOW.date())
    assert do(desk, EventName.UNDO) == "anna: Undo takes back Loaned of 2026-11-23 by mail"
    back = standing(database)
    assert (back.status, back.items, back.loaned_on) == (Status.REQUESTED, (), None)
    assert back.attempts[0].status == "Requested"
    assert states(database, "on_its_way") == ["dropped"]
    with database.read() as session:
        assert [step.event["event"] for step in rows(session, HistoryRow)][-2:] == ["Loaned", "Undo"]
        alive = {row.notice for row in rows(session, NoticeRow) if row.state == "planned"}
    assert {"request_reminder", "next_supplier"} <= alive
    assert "not_arrived" not in alive


def test_what_was_given_up_as_lost_is_there_again_when_that_is_taken_back(desk: Desk, database: Database) -> None:
    there = standing(database)
    do(desk, EventName.NEXT_SUPPLIER, partner="FI-JOKI", notify="no")
    assert (standing(database).status, standing(database).items) == (Status.REQUESTED, ())
    do(desk, EventName.UNDO)
    back = standing(database)
    assert (back.status, back.items, back.loaned_on) == (Status.LOANED, there.items, there.loaned_on)
    assert [a.status for a in back.attempts] == [a.status for a in there.attempts]


def test_what_was_mailed_is_said_and_one_command_puts_it_right(desk: Desk, database: Database) -> None:
    sends(database)
    do(desk, EventName.UNDO)
    with database.read() as session:
        (task,) = (row for row in rows(session, TaskRow) if row.reason == "correction")
    assert "Mailed already: on_its_way to aino@student.example on 2026-11-23 11:00" in task.text  # in Helsinki
    assert task.commands == [f"maild request do {THE_FIRST} Note letter=correction whom=patron"]
    do(desk, EventName.NOTE, letter="correction", whom="patron")
    with database.read() as session:
        letter = rows(session, OutboxRow)[-1]
        (gone,) = (row for row in rows(session, OutboxRow) if row.letter == "on_its_way")
    assert (letter.letter, letter.to, gone.state) == ("correction", "aino@student.example", "sent")
    assert gone.subject.encode() in letter.raw or b"=?utf-8" in letter.raw


def test_an_undo_goes_back_over_the_one_before_it_and_no_further_than_the_form(desk: Desk, database: Database) -> None:
    do(desk, EventName.RECEIVED, due_date="2027-01-20")
    do(desk, EventName.UNDO)
    assert standing(database).items[0].due_date == date(2027, 1, 15)
    do(desk, EventName.UNDO, last="Loaned")
    with pytest.raises(Refused, match="is not kept"):
        do(desk, EventName.UNDO)


def of_a_stranger(number: int, title: str) -> bytes:
    mine = form(number, title).replace(b"aino@student.example", b"uusi@student.example")
    return mine.replace(b"2100123456", b"2100999999")


def known(database: Database) -> bool:
    with database.read() as session:
        (patron,) = (row for row in rows(session, PatronRow) if row.email == "uusi@student.example")
    return patron.approved


@pytest.mark.parametrize("also_sent_on", [False, True])
def test_a_patron_whom_only_a_taken_back_request_made_known_is_asked_about_again(
    site: Settings, database: Database, also_sent_on: bool
) -> None:
    desk = desk_of(site, database, WoundClock(NOW))
    keep(database, of_a_stranger(1, "Talvi"), of_a_stranger(2, "Syksy"))
    desk.work()
    assert not known(database)
    do(desk, EventName.NEXT_SUPPLIER)
    assert known(database)
    if also_sent_on:
        event = Event(event=EventName.NEXT_SUPPLIER)
        desk.command(Command(number="KP-2026-000002", event=event, actor="anna", id="second"))
    do(desk, EventName.UNDO)
    assert standing(database).status is Status.NEW
    assert known(database) is also_sent_on
    keep(database, of_a_stranger(3, "Suvi"))
    desk.work()
    assert (states(database, "request_confirmed") != []) is also_sent_on


def test_a_replay_decides_the_same_of_what_was_taken_back(desk: Desk, database: Database, site: Settings) -> None:
    from maild import house
    from maild.reader.within import InProcessReader

    do(desk, EventName.EDIT, title="Toinen")
    do(desk, EventName.UNDO)
    paper, keys = house.paper_of(site), house.reply_keys(site)
    replay = Replay(
        database, paper.rulebook, house.identity_of(site, keys), lambda book: InProcessReader(reading_of(book))
    )
    assert [(one.kind, one.what, one.text) for one in replay.verdicts() if one.kind == "command"] == [
        ("command", "same", ""),
        ("command", "same", ""),
    ]


def test_letters_wait_for_staff_who_release_those_of_a_request(desk: Desk, database: Database, site: Settings) -> None:
    do(desk, EventName.READY_FOR_PICKUP, notify="ask")
    assert states(database, "ready_for_pickup") == ["held"]
    released = typed(site, "queue", "release", THE_FIRST)
    assert (released.exit_code, released.output) == (0, "1 letter may go out\n")
    assert states(database, "ready_for_pickup") == ["waiting"]
    assert typed(site, "queue", "release", THE_FIRST).exit_code == 1
    do(desk, EventName.CHECKED_OUT)
    do(desk, EventName.UNDO)
    do(desk, EventName.UNDO)
    assert states(database, "ready_for_pickup") == ["dropped"]


def test_an_edit_shows_what_was_told_and_the_correction_says_both(
    desk: Desk, database: Database, site: Settings
) -> None:
    do(desk, EventName.READY_FOR_PICKUP)
    sends(database)
    shown = typed(site, "request", "edit", THE_FIRST, "due_date=2027-01-25")
    assert shown.exit_code == 0, shown.output
    assert "due_date 2027-01-12 → 2027-01-22" in shown.output
    assert f"maild queue release {THE_FIRST} sends it" in shown.output
    assert states(database, "correction") == ["held"]
    again = typed(site, "request", "edit", THE_FIRST, "due_date=2027-01-15")
    assert again.exit_code == 0, again.output
    assert states(database, "correction") == ["dropped"]  # all is again as it was told
    assert typed(site, "request", "edit", THE_FIRST, "author=").exit_code == 0
    wrong = typed(site, "request", "edit", THE_FIRST, "need_before=tomorrow")
    assert (wrong.exit_code, "write it like" in wrong.output) == (1, True)


def test_an_edit_loses_no_letter_that_is_held(desk: Desk, database: Database, site: Settings) -> None:
    do(desk, EventName.READY_FOR_PICKUP, pickup="Pääkirjasto", notify="ask")
    shown = typed(site, "request", "edit", THE_FIRST, "due_date=2027-01-25", "notify=no")
    assert "ready_for_pickup to aino@student.example. It waits for your word" in shown.output
    assert f"maild queue release {THE_FIRST} sends it" in shown.output
    assert states(database, "ready_for_pickup") == ["dropped", "held"]
    assert typed(site, "queue", "release", THE_FIRST).exit_code == 0
    with database.read() as session:
        (letter,) = (row for row in rows(session, OutboxRow) if row.state == "waiting" and ":Edit:" in row.cause)
    assert (letter.letter, letter.says["due_date"], letter.says["pickup"]) == (
        "ready_for_pickup",
        "2027-01-22",
        "Pääkirjasto",
    )


def test_a_held_letter_comes_back_when_the_edit_is_taken_back(desk: Desk, database: Database) -> None:
    do(desk, EventName.READY_FOR_PICKUP, notify="ask")
    do(desk, EventName.EDIT, title="Toinen")
    do(desk, EventName.UNDO)
    assert states(database, "ready_for_pickup") == ["dropped", "dropped", "held"]
    with database.read() as session:
        assert rows(session, OutboxRow)[-1].says["title"] == "Tervan tie merelle"


def test_a_correction_that_waits_outlives_an_edit_that_tells_nobody(desk: Desk, database: Database) -> None:
    sends(database)
    do(desk, EventName.EDIT, title="Toinen")
    before = states(database, "correction").count("held")
    do(desk, EventName.EDIT, author="Kirjava, Elli", notify="no")
    assert states(database, "correction") == ["dropped"] * before + ["held"] * before
    do(desk, EventName.UNDO)
    assert states(database, "correction").count("held") == before > 0


@pytest.mark.parametrize("written", [None, Written(attach=(0,))], ids=["its facts are erased", "it brings a file"])
def test_a_held_letter_that_cannot_be_written_anew_stays_and_staff_are_told(written: Written | None) -> None:
    held = Told(
        message_id="<1@x>",
        letter="copy_delivered",
        audience="patron",
        to="aino@student.example",
        at=NOW,
        state="held",
        says={"title": "Talvi"},
        written=written,
    )
    edit = Command(number=NUMBER, event=Event(event=EventName.EDIT), actor="a", values={"title": "Syksy"}, id="e")
    effects = decide_command(edit, context(request(), told=(held,)), SENDING, NOW).effects
    assert not [e for e in effects if isinstance(e, WithdrawLetters | SendLetter)]
    (asked,) = (e for e in effects if isinstance(e, AskStaff))
    assert "Held as before" in asked.text
    assert asked.commands == (f"maild queue release {NUMBER}", f"maild queue drop {NUMBER}")


def test_a_letter_held_before_the_site_went_into_shadow_stays_held(
    desk: Desk, database: Database, site: Settings
) -> None:
    do(desk, EventName.READY_FOR_PICKUP, notify="ask")
    do(desk, EventName.EDIT, title="Toinen")
    config = site.data / "maild.toml"
    config.write_text(config.read_text("utf-8").replace('mode = "auto"', 'mode = "shadow"'), "utf-8")
    assert typed(site, "request", "do", THE_FIRST, "Undo").exit_code == 0
    assert states(database, "ready_for_pickup") == ["dropped", "held"]
    assert "Held as before" in typed(site, "request", "edit", THE_FIRST, "title=Kolmas").output
    assert states(database, "ready_for_pickup") == ["dropped", "held"]


def test_in_shadow_no_correction_waits_for_anybody(desk: Desk, database: Database, site: Settings) -> None:
    sends(database)
    config = site.data / "maild.toml"
    config.write_text(config.read_text("utf-8").replace('mode = "auto"', 'mode = "shadow"'), "utf-8")
    told = typed(site, "request", "edit", THE_FIRST, "title=Toinen").output
    assert "nothing goes out in shadow" in told
    assert "waits for your word" not in told
    assert "queue release" not in told
    assert states(database, "correction") == ["shadow"] * len(states(database, "correction")) != []


def test_a_command_says_where_the_request_stands_and_holds_nothing_in_shadow(desk: Desk, site: Settings) -> None:
    held = typed(site, "request", "do", THE_FIRST, "ReadyForPickup", "notify=ask").output
    assert f"{THE_FIRST} stands at AwaitingPickup\n" in held
    assert f"maild queue release {THE_FIRST} sends it" in held
    assert "input.decided" not in held  # the journal is the daemon's
    shown = typed(site, "request", "show", THE_FIRST).output
    assert "command, by itself" not in shown
    assert typed(site, "request", "do", THE_FIRST, "Undo").exit_code == 0
    config = site.data / "maild.toml"
    config.write_text(config.read_text("utf-8").replace('mode = "auto"', 'mode = "shadow"'), "utf-8")
    told = typed(site, "request", "do", THE_FIRST, "ReadyForPickup", "notify=ask").output
    assert "not sent: ready_for_pickup" in told
    assert "queue release" not in told


def test_a_letter_is_remembered_by_what_stands_in_it_and_no_more(desk: Desk, database: Database) -> None:
    with database.read() as session:
        told = {row.letter: row.says for row in rows(session, OutboxRow)}
    assert told["request_loan"]["title"] == "Tervan tie merelle"
    assert "due_date" not in told["on_its_way"]


def test_a_request_whose_patron_was_erased_is_not_opened_again() -> None:
    gone = request(Status.FOUND_ONLINE, closed_at=NOW, patron_id=None, patron_email=None)
    desk = WoundDesk(rules=RULES, known=context(gone), now=NOW)
    with pytest.raises(Refused, match="erased"):
        desk.give(Command(number=NUMBER, event=Event(event=EventName.REOPEN), actor="anna", id="r"))


def test_a_charge_that_was_paid_meanwhile_keeps_its_event(desk: Desk, database: Database, site: Settings) -> None:
    do(desk, EventName.INVOICE, cost="12.50 EUR")
    assert typed(site, "request", "settle", THE_FIRST).exit_code == 0
    with pytest.raises(Refused, match="paid already"):
        do(desk, EventName.UNDO)
    assert standing(database).charges[0].settled
