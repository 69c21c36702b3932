from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from maild.core.request import Attempt, Item, Request
from maild.core.shadow import ActedOn, Unsent, report
from maild.core.terms import Flag, Status
from maild.core.worklist import MAX_ROWS, Held, Row, Standing, Waiting, worklist
from tests.house import ALDER, NOW, NUMBER, context, lending, on_loan, request, shipped_rules

RULES = shipped_rules()  # NOW is Monday 2026-11-23


def listed(*requests: Request, tasks: tuple[Waiting, ...] = (), held: tuple[Held, ...] = ()) -> list[Row]:
    found = Standing(open=context(*requests), tasks=tasks, held=held)
    return list(worklist(found, RULES, NOW))


def task(number: str = "", reason: str = "policy", task_id: int = 7) -> Waiting:
    return Waiting(id=task_id, number=number, reason=reason, text="Look at it.", commands=("maild request list",))


def where(rows: list[Row]) -> list[tuple[object, object]]:
    return [(row["section"], row.get("number")) for row in rows]


def test_a_desk_with_nothing_to_do_has_no_rows() -> None:
    assert listed(on_loan()) == []


def test_a_task_comes_with_the_commands_that_settle_it() -> None:
    (row,) = listed(on_loan(), tasks=(task(NUMBER),))
    assert (row["section"], row["title"], row["text"]) == ("todo", on_loan().citation.title, "Look at it.")
    assert row["commands"] == ("maild request list", "maild queue settle 7")


def test_what_stands_on_staffs_desk_is_listed_once_although_a_task_names_it_too() -> None:
    new = request(Status.NEW, partner_id=None, attempts=())
    assert where(listed(new)) == [("todo", NUMBER)]
    assert where(listed(new, tasks=(task(NUMBER),))) == [("todo", NUMBER)]


def test_a_loan_that_must_go_back_within_three_working_days_falls_due_but_not_one_that_the_patron_has() -> None:
    thursday = (Item(id=1, due_date=date(2026, 11, 26)),)
    back = on_loan(Status.RETURNED_BY_PATRON, items=thursday)
    (row,) = listed(back)
    assert (row["section"], row["due_date"]) == ("due", date(2026, 11, 26))
    assert listed(on_loan(items=thursday)) == []
    later = (Item(id=1, due_date=date(2026, 11, 27)),)
    assert where(listed(replace(back, items=later))) == [("todo", NUMBER)]


def test_a_loan_of_ours_that_somebody_wants_to_renew_falls_due() -> None:
    tomorrow = (Item(id=1, due_date=date(2026, 11, 24)),)
    asked = lending(Status.LOANED, items=tomorrow, flags=frozenset({Flag.RENEWAL_PENDING}))
    assert where(listed(asked)) == [("due", asked.number)]
    assert listed(replace(asked, flags=frozenset())) == []


def test_a_supplier_is_silent_after_ten_working_days_unless_it_is_known_to_be_away() -> None:
    asked = Attempt(id=1, partner_id=ALDER.id, asked_at=datetime(2026, 11, 9, 10, tzinfo=UTC))
    waiting = request(Status.REQUESTED, partner_id=ALDER.id, attempts=(asked,))
    (row,) = listed(waiting)
    assert row["section"] == "silent"
    assert "asked on 2026-11-09" in str(row["text"])
    assert row["commands"] == (f"maild request do {NUMBER} NextSupplier",)
    younger = replace(asked, asked_at=datetime(2026, 11, 10, 10, tzinfo=UTC))
    assert listed(replace(waiting, attempts=(younger,))) == []
    away = replace(ALDER, absent_until=NOW.date() + timedelta(days=3))
    assert worklist(Standing(open=context(waiting, partners=(away,))), RULES, NOW) == ()


def test_letters_and_mails_that_failed_stand_last() -> None:
    held = Held(id=4, number=NUMBER, letter="overdue_1", to="aino@student.example")
    rows = listed(on_loan(), tasks=(task(reason="unreadable"), task(NUMBER, task_id=8)), held=(held,))
    assert [row["section"] for row in rows] == ["todo", "failures", "failures"]
    assert rows[-1]["commands"] == ("maild queue release 4", "maild queue drop --letter 4")


def test_a_section_has_so_many_rows_and_counts_the_rest() -> None:
    rows = listed(tasks=tuple(task(task_id=n) for n in range(MAX_ROWS + 5)))
    assert len(rows) == MAX_ROWS + 1
    assert rows[-1]["title"] == "+ 5"


def test_a_shadow_report_tells_mails_that_were_read_and_letters_that_were_kept() -> None:
    mails = [ActedOn(id=3, number=NUMBER, kind="partner-reply", why="Loaned")]
    rows = report(mails, [Unsent(number="", letter="overdue_1", to="aino@student.example")])
    assert [(row["section"], row["text"]) for row in rows] == [
        ("acts", "partner-reply: Loaned"),
        ("kept", "overdue_1 to aino@student.example"),
    ]
    assert report([], []) == ()
