"""Partner and patron records, lists, timelines, mailboxes: what people and the doors ask for."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from maild.core.effects import AskStaff, Decision, MarkLetter, Move, PartnerAbsent, PlanNotice
from maild.core.reading import Event
from maild.core.terms import EventName, Flag, Payment, Role, Status
from maild.store import inbox, mailboxes, notices, outbox, records, requests
from maild.store.database import Database
from maild.store.mailboxes import MailboxState
from maild.store.requests import Filters
from maild.store.tables import OutboxRow, PartnerRow
from tests import desks
from tests.desks import DUE, NOW, NUMBER, do, furnish, letter, new_request

HELKA = {
    "symbol": "FI-H",
    "name": "Esimerkin kirjasto",
    "name_sv": "Exempelbiblioteket",
    "aliases": "Esimerkin  kunnankirjasto / ESKI\nESKI",
    "web_address": "https://h.example/ill?kind=order",
    "service": "Subito",
    "our_card": "LIB 0042",
    "their_card": "2900-77",
    "email": "ILL@h.example",
    "postal_address": "Esimerkin kirjasto / Kaukopalvelu\nPL 2\r\n 00102  Esimerkkilä ",
    "phone": "+358 9 000 0000",
    "domains": "h.example Höö.example",
    "languages": "sv fi",
    "postal_delay_days": "5",
    "accept_spf": "true",
    "paused_from": "2026-12-20",
    "paused_until": "2026-12-24",
    "notes": "",
}


def test_partners_come_back_as_they_were_imported(database: Database) -> None:
    with database.write() as session:
        assert records.import_partners(session, [HELKA], NOW) == records.Report(added=1)
        (partner,) = records.partners(session)
        (exported,) = records.export_partners(session)
        again = records.import_partners(session, [exported], NOW)
        assert again == records.Report(unchanged=1)
        assert records.partners(session) == [partner]
    assert partner.domains == ("h.example", "xn--h-1gaa.example")
    assert (partner.names, partner.languages) == ({"sv": "Exempelbiblioteket"}, ("sv", "fi"))
    assert (partner.email, partner.postal_delay_days, partner.loan_days) == ("ill@h.example", 5, None)
    assert partner.postal_address == "Esimerkin kirjasto\nKaukopalvelu\nPL 2\n00102 Esimerkkilä"
    assert partner.phone == "+358 9 000 0000"
    assert partner.aliases == ("Esimerkin kunnankirjasto", "ESKI")
    assert (partner.web_address, partner.service) == ("https://h.example/ill?kind=order", "Subito")
    assert (partner.our_card, partner.their_card) == ("LIB 0042", "2900-77")
    assert (partner.accept_spf, partner.paused_from, partner.paused_until) == (
        True,
        date(2026, 12, 20),
        date(2026, 12, 24),
    )


def test_only_lines_that_say_something_else_count_as_changed(database: Database) -> None:
    other = HELKA | {"symbol": "FI-I", "email": "ill@i.example", "domains": "i.example"}
    with database.write() as session:
        records.import_partners(session, [HELKA, other], NOW)
        for cell in (
            {"phone": "+358 9 1"},
            {"domains": "i.example mail.i.example"},
            {"prices": "Loan 2026-01-01 9.00 EUR"},
        ):
            report = records.import_partners(session, [HELKA, other | cell], NOW)
            assert (report.changed, report.unchanged) == (1, 1), cell
        patrons = [{"card": "2100000001", "name": "Aino"}, {"card": "2100000002", "name": "Eino"}]
        assert records.import_patrons(session, patrons, NOW) == records.Report(added=2)
        patrons[1]["group"] = "staff"
        assert records.import_patrons(session, patrons, NOW) == records.Report(changed=1, unchanged=1)


def test_a_partner_that_can_neither_be_written_to_nor_believed_is_told_by_line(database: Database) -> None:
    bare = {"symbol": "FI-A", "name": "Saari"}
    with database.write() as session:
        told = records.import_partners(
            session,
            [
                HELKA,
                bare,
                bare | {"symbol": "FI-B", "active": "false"},
                bare | {"symbol": "FI-C", "order_channel": "web"},
            ],
            NOW,
        )
    assert told.added == 4
    assert told.lacking == (
        "line 3: FI-A has no email: it is never asked, and no letter goes there",
        "line 3: FI-A has no domains: no mail of it is believed, each is left to staff",
        "line 5: FI-C has no email: it is asked by hand, and no letter goes there",
        "line 5: FI-C has no domains: no mail of it is believed, each is left to staff",
        "line 5: FI-C has no web_address: who orders or renews on its web pages is not told where they are",
    )


def test_six_hundred_partners_go_out_and_come_back_the_same(database: Database) -> None:
    lines = [
        HELKA
        | {
            "symbol": f"FI-{n}",
            "email": f"ill@lib{n}.example",
            "domains": f"lib{n}.example mail.lib{n}.example",
            "order_channel": ("mail", "web", "phone", "service")[n % 4],
            "renew_channel": ("mail", "automatic")[n % 2],
            "max_open": str(n % 7) if n % 3 else "",
            "country": ("domestic", "nordic", "other")[n % 3],
        }
        for n in range(600)
    ]
    with database.write() as session:
        assert records.import_partners(session, lines, NOW) == records.Report(added=600)
        before, exported = records.partners(session), records.export_partners(session)
        assert records.import_partners(session, exported, NOW) == records.Report(unchanged=600)
        assert records.partners(session) == before
        broken = [*exported[:300], exported[300] | {"max_lent": "many"}, *exported[301:]]
        assert [p.split(":")[0] for p in records.import_partners(session, broken, NOW).problems] == ["line 302"]
    assert {p.max_open for p in before} == {None, 0, 1, 2, 3, 4, 5, 6}


PRICED = HELKA | {
    "payment": "vouchers",
    "payer": "patron",
    "loan_days": "35",
    "prices": "loan 2026-01-01 1.5 IFLA / Loan 2027-01-01 2 IFLA",
    "our_prices": "Loan 2026-01-01 1 IFLA\nCopy 2026-01-01 6,00 EUR ALV255",
}


def test_prices_and_ways_of_payment_come_back_as_they_were_imported(database: Database) -> None:
    with database.write() as session:
        assert records.import_partners(session, [PRICED], NOW) == records.Report(added=1)
        (partner,) = records.partners(session)
        (exported,) = records.export_partners(session)
        records.import_partners(session, [exported], NOW)
        assert records.partners(session) == [partner]
    assert (partner.payment, partner.payer, partner.loan_days) == (Payment.VOUCHERS, "patron", 35)
    assert exported["prices"] == "Loan 2026-01-01 1.5 IFLA / Loan 2027-01-01 2 IFLA"
    assert exported["our_prices"] == "Loan 2026-01-01 1 IFLA / Copy 2026-01-01 6.00 EUR ALV255"


def test_prices_that_are_none_or_are_paid_otherwise_are_told(database: Database) -> None:
    lines = [
        PRICED | {"symbol": "FI-1", "prices": "Loan 10 EUR"},
        PRICED | {"symbol": "FI-2", "prices": "Loan 2026-01-01 10 EUR"},
        PRICED | {"symbol": "FI-3", "payment": "money"},
        PRICED | {"symbol": "FI-4", "payment": "barter"},
        PRICED | {"symbol": "FI-6", "payment": "let off"},
        PRICED | {"symbol": "FI-5", "payment": "reciprocity"},
    ]
    with database.write() as session:
        problems = records.import_partners(session, lines, NOW).problems
    told = {line: next(p for p in problems if p.startswith(f"line {line}: ")) for line in range(2, 7)}
    assert "write it like" in told[2]
    assert "payment is vouchers, and no price in prices is" in told[3]
    assert "payment is money, and no price in prices is" in told[4]
    assert "payment" in told[5]
    assert "as only a charge can be" in told[6]
    assert len(problems) == 5


def test_an_address_that_fits_no_label_and_a_telephone_number_that_is_none_are_told(database: Database) -> None:
    lines = [
        HELKA | {"symbol": "FI-1", "postal_address": " / ".join("123456789")},
        HELKA | {"symbol": "FI-2", "postal_address": "x" * 81},
        HELKA | {"symbol": "FI-3", "phone": "09 000\nBcc: x@evil.example"},
    ]
    with database.write() as session:
        problems = records.import_partners(session, lines, NOW).problems
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["line 2", "postal_address"],
        ["line 3", "postal_address"],
        ["line 4", "phone"],
    ]


def test_a_pause_that_ends_before_it_begins_is_told(database: Database) -> None:
    with database.write() as session:
        (problem,) = records.import_partners(session, [HELKA | {"paused_from": "2026-12-25"}], NOW).problems
    assert "paused_until 2026-12-24 is before paused_from 2026-12-25" in problem


def test_a_file_from_before_the_record_was_whole_is_taken_in(database: Database) -> None:
    later = {"paused_from", "aliases", "web_address", "service", "our_card", "their_card"}
    old = {name: cell for name, cell in HELKA.items() if name not in later}
    with database.write() as session:
        assert records.import_partners(session, [old], NOW) == records.Report(added=1)
        (partner,) = records.partners(session)
    assert (partner.paused_from, partner.paused_until) == (None, date(2026, 12, 24))
    assert (partner.aliases, partner.web_address, partner.service) == ((), "", "")
    assert (partner.our_card, partner.their_card) == ("", "")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ({"aliases": " / ".join(f"Kirjasto {n}" for n in range(21))}, "at most 20 names of 80 characters"),
        ({"aliases": "x" * 81}, "at most 20 names of 80 characters"),
        ({"web_address": "www.h.example"}, "write the whole of it, https://"),
        ({"web_address": "javascript:alert(1)"}, "write the whole of it, https://"),
        ({"web_address": "https://h.example/a b"}, "write the whole of it, https://"),
        ({"web_address": "https://[h.example"}, "write the whole of it, https://"),
        ({"web_address": f"https://h.example/{'x' * 200}"}, "at most 200 characters"),
        ({"web_address": "https://desk:secret@h.example"}, "no name or password"),
        ({"service": "x" * 41}, "service"),
        ({"our_card": "LIB\n42"}, "our_card: Value error, a card number has letters, digits"),
        ({"their_card": "x" * 41}, "their_card: Value error, a card number has letters, digits"),
    ],
)
def test_a_cell_that_nobody_could_use_is_told_with_the_way_out(
    database: Database, cell: dict[str, str], told: str
) -> None:
    with database.write() as session:
        (problem,) = records.import_partners(session, [HELKA | cell], NOW).problems
        assert told in problem
        assert "secret" not in problem
        assert records.partners(session) == []


def test_one_cell_is_changed_and_the_others_stay(database: Database) -> None:
    with database.write() as session:
        records.import_partners(session, [HELKA, HELKA | {"symbol": "FI-I", "aliases": "", "name": "Saari"}], NOW)
        before = records.one_partner(session, "fi-h")
        assert before is not None
        for word in ("FI-H", "eski", "Esimerkin kirjasto"):
            report = records.edit_partner(session, word, {"our_card": word.replace(" ", "-"), "phone": ""}, NOW)
            assert report.problems == ()
            after = records.one_partner(session, "FI-H")
            assert after == replace(before, our_card=word.replace(" ", "-"), phone="")
        told = records.edit_partner(session, "Exempelbiblioteket", {"phone": "1"}, NOW).problems
        assert told == ("no partner Exempelbiblioteket, or more than one; see maild partner list",)
        (told_symbol,) = records.edit_partner(session, "FI-H", {"symbol": "FI-J"}, NOW).problems
        assert "a symbol stays as it is" in told_symbol
        (told_pause,) = records.edit_partner(session, "FI-H", {"paused_until": "2026-12-01"}, NOW).problems
        assert "is before paused_from" in told_pause
        assert not told_pause.startswith("line")
        assert records.one_partner(session, "FI-H") == after


def test_one_bad_line_keeps_the_whole_file_out_and_every_mistake_is_told(database: Database) -> None:
    lines = [HELKA, HELKA | {"symbol": "FI-X", "email": "no address"}, HELKA, {"symbol": "FI-Y", "colour": "red"}]
    with database.write() as session:
        report = records.import_partners(session, lines, NOW)
        assert session.exec(select(PartnerRow)).all() == []
    told = "\n".join(report.problems)
    assert "line 3: email" in told
    assert "line 4: FI-H stands in line 2 too" in told
    assert "line 5: colour" in told
    assert "line 5: name" in told


def test_an_import_leaves_what_only_mails_tell(database: Database) -> None:
    with database.write() as session:
        records.import_partners(session, [HELKA], NOW)
        (partner,) = records.partners(session)
        do(session, PartnerAbsent(partner_id=partner.id, until=DUE))
        session.expire_all()
        records.import_partners(session, [HELKA | {"name": "Uusi nimi"}], NOW)
        (changed,) = records.find_partners(session, "uusi")
    assert (changed.id, changed.name, changed.absent_until) == (partner.id, "Uusi nimi", DUE)


def test_partners_are_found_by_symbol_address_domain_and_name(database: Database) -> None:
    with database.write() as session:
        records.import_partners(session, [HELKA], NOW)
        for word in ("FI-H", "ill@H.example", "xn--h-1gaa.example", "esimerkin"):
            assert [partner.symbol for partner in records.find_partners(session, word)] == ["FI-H"]
        assert records.find_partners(session, "%") == []


def test_patrons_are_known_by_their_card(database: Database) -> None:
    line = {"card": "2001", "name": "Aino", "email": "Aino@home.example", "language": "sv"}
    with database.write() as session:
        assert records.import_patrons(session, [line], NOW) == records.Report(added=1)
        assert records.import_patrons(session, [line | {"blocked": "true"}], NOW) == records.Report(changed=1)
        (patron,) = records.patrons(session)
        assert records.find_patron(session, "AINO@home.example") == records.find_patron(session, "2001") == patron
        assert records.find_patron(session, "") is None
        assert records.import_patrons(session, [{"name": "Ei korttia"}], NOW).problems == (
            "line 2: card: Field required",
        )
    assert (patron.language, patron.approved, patron.blocked) == ("sv", True, True)


def test_the_open_requests_of_one_patron_are_found_from_any_of_them(database: Database) -> None:
    with database.write() as session:
        aino, other = desks.add_patron(session), desks.add_patron(session, replace(desks.PATRON, card="2002"))
        for number, patron in (("KP-2026-000001", aino), ("KP-2026-000002", other), ("KP-2026-000003", aino)):
            do(session, new_request(number=number, patron_id=patron))
        assert requests.of_same_patron(session, "KP-2026-000003") == ["KP-2026-000001", "KP-2026-000003"]


def test_another_end_of_an_account_is_looked_at_for_each_open_loan_once(database: Database) -> None:
    line = {"card": "2001", "name": "Aino", "email": "aino@home.example", "account_ends": "2027-01-31"}
    with database.write() as session:
        records.import_patrons(session, [line], NOW)
        (patron,) = records.patrons(session)
        do(session, new_request(patron_id=patron.id))
        records.import_patrons(session, [line], NOW)
        assert notices.due(session, NOW, 10) == []
        for end in ("2026-12-24", "2027-01-31", "2026-11-01"):
            records.import_patrons(session, [line | {"account_ends": end}], NOW)
        found = {(one.notice, one.anchor) for one in notices.due(session, NOW, 10)}
    assert found == {("account_ending", date(2026, 12, 24)), ("account_ending", date(2027, 1, 31))}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.dictionaries(st.sampled_from([*HELKA, "colour"]), st.text(max_size=20), max_size=6))
def test_no_line_breaks_the_import(sqlite_url: str, cells: dict[str, str]) -> None:
    database = Database(sqlite_url)
    database.upgrade()
    with database.write() as session:
        report = records.import_partners(session, [HELKA | cells], NOW)
        assert bool(report.problems) == (not report.added + report.changed + report.unchanged)
    database.close()


def test_lists_show_what_the_filters_ask_for(database: Database) -> None:
    with database.write() as session:
        _, patron_id = furnish(session)
        do(session, desks.new_request(number="KP-2026-000002", role=Role.LENDING), at=NOW + timedelta(days=1))

    def listed(**filters: object) -> list[str]:
        with database.read() as session:
            return [one.number[-1] for one in requests.requests(session, Filters(**filters))]  # type: ignore[arg-type]

    assert listed() == ["1", "2"]
    assert listed(role=Role.LENDING) == ["2"]
    assert listed(statuses=[Status.LOANED]) == []
    assert listed(partner_symbol="FI-Partner") == ["1"]
    assert listed(patron_id=patron_id) == ["1"]
    assert listed(created_from=NOW + timedelta(hours=1)) == ["2"]
    assert listed(created_before=NOW + timedelta(hours=1), open_only=True) == ["1"]
    assert listed(flag=Flag.OVERDUE) == []
    assert listed(limit=1) == ["1"]
    assert listed(after=NUMBER) == ["2"]


def test_a_timeline_tells_every_mail_decision_letter_and_notice_in_order(database: Database) -> None:
    mail = inbox.Arrival(raw=b"From: a@b.example\r\n\r\nx", door="smtp", received_at=NOW + timedelta(minutes=1))
    move = Move(number=NUMBER, to=Status.LOANED, event=Event(event=EventName.LOANED), add=frozenset({Flag.OVERDUE}))
    ask = AskStaff(number=NUMBER, reason="hedged", text="says perhaps")
    plan = PlanNotice(number=NUMBER, notice="courtesy", anchor=DUE, due=NOW + timedelta(days=9))
    mark = MarkLetter(number=NUMBER, recipient="ill@partner.example", failed=True, diagnostic="550")
    decision = Decision(effects=(move, ask, plan, mark), why="plain words", auto=True)
    with database.write() as session:
        furnish(session)
        inbox.keep(session, [mail], NOW)
        do(
            session,
            *decision.effects,
            kind="mail",
            source_id=mail.key,
            decision=decision,
            at=NOW + timedelta(minutes=2),
        )
        do(session, move, letters=[letter("one")], at=NOW + timedelta(minutes=3))
        outbox.sent(session, session.exec(select(OutboxRow.id)).one() or 0, NOW + timedelta(minutes=4))
        do(session, mark, at=NOW + timedelta(minutes=5))
    with database.read() as session:
        entries = requests.timeline(session, NUMBER)
    assert " ".join(entry.what for entry in entries) == (
        "decision status mail decision status task decision status letter decision report notice"
    )
    assert entries[3].why == "plain words"
    assert entries[4].text == "Loaned: New → Loaned, +overdue"
    assert entries[8].text == "request to ill@partner.example: sent"


def test_tasks_wait_until_somebody_settles_them(database: Database) -> None:
    with database.write() as session:
        furnish(session)
        do(session, AskStaff(number=NUMBER, reason="hedged", text="?"), AskStaff(number="", reason="x", text="y"))
        first, second = requests.tasks(session)
        assert (first.number, second.number) == (NUMBER, "")
        assert requests.settle(session, second.id, "liisa", NOW)
        assert not requests.settle(session, second.id, "liisa", NOW)
        assert requests.settle(session, first.id, "liisa", NOW)
        assert requests.tasks(session) == []


def test_how_far_a_mailbox_was_read_is_remembered(database: Database) -> None:
    first = MailboxState(name="imap.example/ill/INBOX", uidvalidity=4_294_967_295, last_uid=7, first_seen_at=NOW)
    with database.write() as session:
        assert mailboxes.get(session, first.name) is None
        mailboxes.put(session, first)
        mailboxes.put(session, first.seen(9))
        assert mailboxes.get(session, first.name) == replace(first, last_uid=9, left_alone_below=7)


def test_a_renumbered_mailbox_tells_old_from_new_by_date_until_it_is_settled() -> None:
    first = MailboxState(name="INBOX", uidvalidity=1, last_uid=7, first_seen_at=NOW)
    renumbered = first.renumbered(2).seen(3)
    assert (renumbered.last_uid, renumbered.left_alone_below) == (3, mailboxes.MAX_UID)
    assert renumbered.settled(5) == replace(first, uidvalidity=2, last_uid=5, left_alone_below=5)
    assert first.settled(3) == first.seen(3) == first  # a UID that is gone takes nothing back
    assert first.settled(12) == replace(first, last_uid=12, left_alone_below=7)
