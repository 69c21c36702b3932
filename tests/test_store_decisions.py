"""Decisions carried out: what every effect does to the tables, and that all of it stands or none."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import col, select

from maild.core.apply import apply
from maild.core.effects import (
    AddCharge,
    ApprovePatron,
    AskStaff,
    Audience,
    ChangeRequest,
    Decision,
    DropNotices,
    Effect,
    FileMail,
    Folder,
    MarkLetter,
    Move,
    PartnerAbsent,
    PlanNotice,
    PutAttempt,
    PutItem,
    SendLetter,
)
from maild.core.prices import read_money
from maild.core.reading import Citation, Event, Money, NewRequest, Reading, Requester
from maild.core.request import Attempt, Charge, Context, Item, Request
from maild.core.terms import EventName, Flag, Kind, Payment, Role, ServiceType, Status
from maild.store import decisions, inbox, notices, numbers, outbox
from maild.store.database import Database
from maild.store.decisions import Moved
from maild.store.letters import WrongParty
from maild.store.tables import (
    HistoryRow,
    InboxRow,
    InputRequestRow,
    InputRow,
    LetterMarkRow,
    NoticeRow,
    OutboxRow,
    PatronRow,
    TaskRow,
)
from tests import desks
from tests.desks import DUE, NOW, NUMBER, do, furnish, letter

LOANED = Event(event=EventName.LOANED, due_date=DUE)
MOVE = Move(number=NUMBER, to=Status.LOANED, event=LOANED, add=frozenset({Flag.NO_RENEWAL}))
ASK = AskStaff(number=NUMBER, reason="hedged", text="says perhaps", passage="ehkä", commands=("loaned",))
MAIL = b"From: ill@partner.example\r\nMessage-ID: <1@partner.example>\r\n\r\nLainataan.\r\n"


def one(context: Context) -> Request:
    (request,) = context.requests
    return request


def overdue(due_in: timedelta, notice: str = "overdue-1", **values: object) -> PlanNotice:
    plan = PlanNotice(number=NUMBER, notice=notice, anchor=DUE, due=NOW + due_in, item_id=1, series="overdue")
    return replace(plan, **values)  # type: ignore[arg-type]  # a test's own values


def notice_states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return dict(session.exec(select(NoticeRow.notice, NoticeRow.state)).all())


def keep_mail(database: Database) -> str:
    arrival = inbox.Arrival(raw=MAIL, door="smtp", received_at=NOW)
    with database.write() as session:
        inbox.keep(session, [arrival], NOW)
    return arrival.key


def test_a_new_request_is_what_was_asked_for(database: Database) -> None:
    with database.write() as session:
        furnish(session)
    with database.read() as session:
        request = one(desks.context(session))
    assert (request.status, request.role, request.version) == (Status.NEW, Role.BORROWING, 1)
    assert request.citation == Citation(title="Seitsemän veljestä", author="Kivi, Aleksis")
    assert (request.partner_address, request.partner_domains) == ("ill@partner.example", ("partner.example",))
    assert request.patron_email == "aino@home.example"
    assert request.items[0].item_ids == ("B100", "B101")
    assert request.attempts[0].partner_domains == ("partner.example",)


def test_a_patron_whom_nobody_knows_gets_a_record_that_staff_must_approve(database: Database) -> None:
    with database.write() as session:
        do(session, desks.new_request())
        patron = session.exec(select(PatronRow)).one()
    assert (patron.email, patron.card, patron.approved) == ("aino@home.example", "2001", False)


def test_a_requesting_library_is_answered_where_it_wrote_from(database: Database) -> None:
    asker = Requester(name="Kirjasto", email="Liisa@Partner.example", ref="R-9")
    new = NewRequest(service_type=ServiceType.COPY, requester=asker)
    with database.write() as session:
        partner_id = desks.add_partner(session)
        do(session, desks.new_request(role=Role.LENDING, new=new, partner_id=partner_id))
        request = one(desks.context(session))
    assert (request.partner_address, request.requester_ref) == ("liisa@partner.example", "R-9")


def test_a_move_writes_who_when_why_from_where_to_where(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, MOVE)
    with database.read() as session:
        request = one(desks.context(session))
        step = session.exec(select(HistoryRow).where(HistoryRow.to_status == "Loaned")).one()
    assert (request.status, request.flags, request.version) == (Status.LOANED, {Flag.NO_RENEWAL}, 2)
    assert (step.from_status, step.who, step.at, step.why) == ("New", "staff@library.example", NOW, "a test says so")
    assert step.event == {"event": "Loaned", "due_date": "2026-12-20"}
    assert step.flags_added == ["no renewal"]


# Every effect on a request, as core.apply has it for the letters: the tables must say the same afterwards.


def noted(money: str, payer: str = "us", payment: Payment = Payment.MONEY) -> AddCharge:
    charge = Charge(kind="price", payer=payer, money=read_money(money), payment=payment, vat="A255", partner_id=1)
    return AddCharge(number=NUMBER, charge=charge)


SAME_AS_PURE: list[tuple[Effect, ...]] = [
    (MOVE,),
    (MOVE, Move(number=NUMBER, to=Status.RECEIVED, event=LOANED, remove=frozenset({Flag.NO_RENEWAL}))),
    (
        Move(
            number=NUMBER, to=Status.NEW, event=LOANED, add=frozenset({Flag.OVERDUE}), remove=frozenset({Flag.OVERDUE})
        ),
    ),
    (Move(number=NUMBER, to=Status.LOANED, event=LOANED, add=frozenset({Flag.RENEWAL_PENDING})),),
    (
        ChangeRequest(
            number=NUMBER,
            values={
                "citation": Citation(title="Toinen", year="2020"),
                "suppliers": ("FI-A", "FI-B"),
                "conditions": ("LibraryUseOnly",),
                "max_cost": Money(amount=Decimal("12.50"), currency="EUR"),
                "need_before": date(2026, 12, 1),
                "loaned_on": date(2026, 11, 22),
                "closed_at": NOW,
                "renewals": 2,
                "supplier_ref": "L-1",
                "service_type": ServiceType.COPY,
                "last_partner_message_id": "<9@partner.example>",
                "note": "huom",
            },
        ),
    ),
    (ChangeRequest(number=NUMBER, values={"max_cost": None, "flags": frozenset({Flag.RECALLED})}),),
    (PutItem(number=NUMBER, item=Item(id=1, item_ids=("B200",), due_date=DUE, patron_due_date=date(2026, 12, 17))),),
    (
        AddCharge(
            number=NUMBER, charge=Charge(kind="loan", payer="us", money=Money(amount=Decimal("8.00"), currency="EUR"))
        ),
    ),
    (noted("8.00 EUR"), noted("9.50 EUR"), noted("1.5 IFLA", "partner", Payment.VOUCHERS)),
    (noted("8.00 EUR"), noted("0 EUR", payment=Payment.RECIPROCITY), noted("7.00 EUR")),
]


@pytest.mark.parametrize("effects", SAME_AS_PURE)
def test_the_tables_say_what_the_pure_effects_say(database: Database, effects: tuple[Effect, ...]) -> None:
    with database.write() as session:
        furnish(session)
        before = desks.context(session)
        do(session, *effects)
    with database.read() as session:
        after = desks.context(session)
    pure = one(apply(before, effects))
    assert one(after) == replace(pure, version=2)


def test_what_is_added_is_numbered_within_its_request(database: Database) -> None:
    with database.write() as session:
        partner_id, _ = furnish(session)
        attempt = one(desks.context(session)).attempts[0]
        do(
            session,
            PutItem(number=NUMBER, item=Item(volume="2")),
            PutAttempt(number=NUMBER, attempt=replace(attempt, id=0, reason="")),
            PutAttempt(number=NUMBER, attempt=replace(attempt, reason="NotHeld")),
        )
        request = one(desks.context(session))
    assert [(item.id, item.volume) for item in request.items] == [(1, ""), (2, "2")]
    assert [(attempt.id, attempt.reason) for attempt in request.attempts] == [(1, "NotHeld"), (2, "")]
    assert request.attempts[0].partner_id == partner_id


def test_a_partners_absence_is_its_own(database: Database) -> None:
    until = date(2026, 12, 1)
    with database.write() as session:
        partner_id, _ = furnish(session)
        do(session, PartnerAbsent(partner_id=partner_id, until=until))
        context = desks.context(session)
    assert context.partners[0].absent_until == until
    assert one(context).version == 1


def test_a_decision_on_an_old_version_is_refused(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        stale = desks.outcome(session, MOVE)
        do(session, ASK, MOVE)
    with pytest.raises(Moved) as moved, database.write() as session:
        decisions.commit(session, stale)
    assert moved.value.number == NUMBER


def test_a_decision_that_changes_what_it_did_not_look_at_is_refused(database: Database) -> None:
    with database.write() as session:
        furnish(session)
    with pytest.raises(ValueError, match=NUMBER), database.write() as session:
        decisions.commit(session, desks.outcome(session, MOVE, versions={}))


def test_an_unknown_field_is_refused(database: Database) -> None:
    with database.write() as session:
        furnish(session)
    with pytest.raises(ValueError, match="colour"), database.write() as session:
        do(session, ChangeRequest(number=NUMBER, values={"colour": "red"}))


def test_the_same_cause_never_gives_two_letters(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, MOVE, letters=[letter("one")])
        do(session, MOVE, letters=[letter("one", raw=b"other bytes"), letter("two")])
        rows = session.exec(select(OutboxRow.message_id, OutboxRow.raw)).all()
    assert [message_id for message_id, _ in rows] == ["<one@library.example>", "<two@library.example>"]
    assert rows[0][1] == b"Subject: one\r\n\r\n"


@pytest.mark.parametrize(
    ("to", "audience"),
    [
        ("ILL@partner.example", Audience.PATRON),
        ("aino@Home.example", Audience.PARTNER),
        ("liisa@partner.example", Audience.PATRON),
    ],
)
def test_no_letter_goes_to_the_wrong_party(database: Database, to: str, audience: Audience) -> None:
    asker = NewRequest(service_type=ServiceType.LOAN, requester=Requester(email="liisa@partner.example"))
    with database.write() as session:
        furnish(session)
        do(session, desks.new_request(number="KP-2026-000002", role=Role.LENDING, new=asker))
    with pytest.raises(WrongParty), database.write() as session:
        do(session, MOVE, letters=[letter("one", to=to, audience=audience)])
    with database.read() as session:
        assert one(desks.context(session)).status == Status.NEW


def test_what_we_wrote_is_known_of_the_request_and_what_nobody_got_is_not(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, MOVE, letters=[letter("one"), letter("two", state="shadow")])
        request = one(desks.context(session))
    assert (request.mailed, request.letters) == (("ill@partner.example",), ("<one@library.example>",))


def test_a_changed_due_moves_the_planned_notice(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, overdue(timedelta(days=3)))
        do(session, overdue(timedelta(days=1)))
        (due,) = notices.due(session, NOW + timedelta(days=2), 10)
    assert due.due == NOW + timedelta(days=1)


def test_a_notice_that_was_sent_is_never_planned_again(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, overdue(timedelta()))
        (due,) = notices.due(session, NOW, 10)
        do(session, MOVE, kind="notice", source_id=due.id)
        do(session, overdue(timedelta(days=1)), DropNotices(number=NUMBER))
    assert notice_states(database) == {"overdue-1": "sent"}


def test_dropped_notices_can_be_planned_again(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, overdue(timedelta()), overdue(timedelta(), "bill"), DropNotices(number=NUMBER, notices=("bill",)))
    assert notice_states(database) == {"overdue-1": "planned", "bill": "dropped"}
    with database.write() as session:
        do(session, overdue(timedelta(days=1), "bill"), DropNotices(number=NUMBER, notices=("overdue-1",)))
    assert notice_states(database) == {"overdue-1": "dropped", "bill": "planned"}


def test_after_an_outage_only_the_newest_of_a_series_goes_out(database: Database) -> None:
    day = timedelta(days=1)
    with database.write() as session:
        furnish(session)
        do(
            session,
            overdue(day),
            overdue(2 * day, "overdue-2"),
            overdue(9 * day, "overdue-3"),
            overdue(day, "pickup", series=""),
        )
    with database.write() as session:
        found = notices.due(session, NOW + 5 * day, 10)
        assert [n.notice for n in found] == ["pickup", "overdue-2"]
        do(session, MOVE, kind="notice", source_id=found[1].id, at=NOW + 5 * day)
    states = {"overdue-1": "missed", "overdue-2": "sent", "overdue-3": "planned", "pickup": "planned"}
    assert notice_states(database) == states


def test_what_a_notice_asked_is_done_with_its_reason_and_nothing_else_is(database: Database) -> None:
    day = timedelta(days=1)
    asks = [AskStaff(number=NUMBER, reason="policy", text=text, notice=text) for text in ("send_back", "silent", "")]
    drop = DropNotices(number=NUMBER, notices=("send_back", "silent"), settled=("send_back",))
    with database.write() as session:
        furnish(session)
        do(session, *asks)
        do(session, drop, replace(asks[0], text="again"), actor="anna", at=NOW + day)
        found = session.exec(select(TaskRow.text, TaskRow.done_by).order_by(col(TaskRow.id))).all()
    assert found == [("send_back", "anna"), ("silent", ""), ("", ""), ("again", "")]


def test_a_notice_with_nothing_to_do_is_dropped(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, overdue(timedelta()))
        (due,) = notices.due(session, NOW, 10)
        do(session, kind="notice", source_id=due.id)
    assert notice_states(database) == {"overdue-1": "dropped"}


def test_a_notice_that_its_decision_put_off_stays_planned(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, overdue(timedelta()))
        (due,) = notices.due(session, NOW, 10)
        do(session, overdue(timedelta(days=1)), kind="notice", source_id=due.id)
    assert notice_states(database) == {"overdue-1": "planned"}


def test_an_approved_patron_stays_approved(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        patron_id = desks.add_patron(session, replace(desks.PATRON, email="new@home.example", card="3", approved=False))
        do(session, desks.new_request(number="KP-2026-000009", patron_id=patron_id), ApprovePatron(patron_id=patron_id))
        assert desks.context(session, "KP-2026-000009").patrons[0].approved


def test_staff_are_asked_without_a_change(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, ASK)
        task = session.exec(select(TaskRow)).one()
        assert one(desks.context(session)).version == 1
    assert (task.reason, task.passage, task.commands) == ("hedged", "ehkä", ["loaned"])


def test_a_report_marks_the_letter_that_it_names(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, MOVE, letters=[letter("one"), letter("two")])
        mark = MarkLetter(number=NUMBER, recipient="ill@partner.example", failed=True, diagnostic="550 no such user")
        do(session, replace(mark, message_id="<one@library.example>"), mark)
        marked = session.exec(
            select(OutboxRow.message_id).join(LetterMarkRow).order_by(LetterMarkRow.id)  # type: ignore[arg-type]
        ).all()
    assert list(marked) == ["<one@library.example>", "<two@library.example>"]


def test_a_mail_is_done_with_its_decision(database: Database) -> None:
    key = keep_mail(database)
    reading = Reading(kind=Kind.PARTNER_REPLY, requests=(NUMBER,), events=(LOANED,))
    decision = Decision(effects=(MOVE, FileMail(folder=Folder.DONE)), why="plain", auto=True, reading=reading)
    with database.write() as session:
        furnish(session)
        do(session, MOVE, kind="mail", source_id=key, decision=decision)
    with database.read() as session:
        mail = session.exec(select(InboxRow)).one()
        stored = session.exec(select(InputRow).where(InputRow.mail_id == mail.id)).one()
        assert session.exec(select(InputRequestRow).where(InputRequestRow.input_id == stored.id)).one()
    assert (mail.state, mail.acted, mail.filing, mail.kind) == ("done", True, "done", "partner-reply")
    assert mail.numbers == [NUMBER]
    assert '"effect":"Move"' in stored.decision
    assert stored.rules_digest == "digest"


def test_a_mail_that_is_judged_twice_asks_staff_once(database: Database) -> None:
    key = keep_mail(database)
    left = Decision(effects=(ASK, FileMail(folder=Folder.TODO)), why="perhaps")
    with database.write() as session:
        furnish(session)
        for _ in range(2):
            do(session, ASK, kind="mail", source_id=key, decision=left)
        assert len(session.exec(select(TaskRow)).all()) == 1
        assert session.exec(select(InboxRow.filing)).one() == "todo"


def test_a_failed_decision_leaves_nothing_and_the_next_one_stands(database: Database) -> None:
    wrong = PutAttempt(number=NUMBER, attempt=Attempt(id=99))
    with database.write() as session:
        furnish(session)
        with pytest.raises(ValueError, match="no attempt 99"), decisions.savepoint(session):
            do(session, MOVE, wrong, letters=[letter("one")])
        with decisions.savepoint(session):
            do(session, replace(MOVE, to=Status.WILL_SUPPLY))
    with database.read() as session:
        assert one(desks.context(session)).status == Status.WILL_SUPPLY
        assert session.exec(select(OutboxRow)).all() == []
        assert len(session.exec(select(InputRow)).all()) == 2


def test_a_letter_about_no_request_is_put_in_the_outbox(database: Database) -> None:
    effect = SendLetter(number="", letter="digest", audience=Audience.STAFF, to="staff@library.example", cause="day")
    with database.write() as session:
        do(session, letters=[letter("day", effect=effect)])
        (out,) = outbox.due(session, NOW, 10)
    assert (out.number, out.letter, out.raw) == ("", "digest", b"Subject: day\r\n\r\n")


def test_numbers_count_by_prefix_and_year(database: Database) -> None:
    with database.write() as session:
        drawn = [numbers.draw(session, *of) for of in (("KP", 2026), ("KP", 2026), ("KP", 2027), ("IL", 2026))]
    assert drawn == ["KP-2026-000001", "KP-2026-000002", "KP-2027-000001", "IL-2026-000001"]


def test_the_stored_decision_is_the_same_text_for_the_same_decision() -> None:
    flags = [Flag.OVERDUE, Flag.RECALLED, Flag.DISPUTE, Flag.ATTENTION]
    texts = {
        decisions.decision_json(Decision(effects=(replace(MOVE, add=frozenset(order)),)))
        for order in (flags, flags[::-1])
    }
    assert len(texts) == 1
