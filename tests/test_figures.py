"""The figures of a month, and the letter that tells them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.core.effects import AddCharge, Move
from maild.core.figures import Figures, rows
from maild.core.prices import read_money
from maild.core.reading import Event
from maild.core.request import Charge
from maild.core.terms import EventName, Payment, Role, ServiceType, Status
from maild.notices.morning import send_month
from maild.store.database import Database
from maild.store.figures import figures
from maild.store.tables import OutboxRow, RequestRow
from tests import desk_parts
from tests.databases import url_in
from tests.desk_parts import database_of, desk_of, settings_in
from tests.desks import do, new_request

OCTOBER = datetime(2026, 9, 30, 21, tzinfo=UTC), datetime(2026, 10, 31, 22, tzinfo=UTC)  # Helsinki, both clocks
CAME = datetime(2026, 10, 9, 12, tzinfo=UTC)
ASKED = datetime(2026, 10, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with database_of(settings_in(tmp_path)) as made:
        yield made


def lived(database: Database, number: str, *steps: tuple[Status, datetime], asked: datetime = ASKED) -> None:
    """A borrowing request that was asked for and went through these statuses; the last one ends it."""
    with database.write() as session:
        do(session, replace(new_request(number=number), partner_id=1), at=asked)
        for to, at in steps:
            do(session, Move(number=number, to=to, event=Event(event=EventName.NOTE)), at=at)
        row = next(one for one in desk_parts.rows(session, RequestRow) if one.number == number)
        row.created_at, row.closed_at = asked, steps[-1][1]
        session.add(row)


def test_a_month_counts_what_came_and_ended_in_it_and_how_long_it_took(database: Database) -> None:
    later = datetime(2026, 10, 20, tzinfo=UTC)
    lived(database, "KP-2026-000001", (Status.RECEIVED, CAME), (Status.LOAN_COMPLETED, later))
    lived(database, "KP-2026-000002", (Status.UNFILLED, later))
    lived(database, "KP-2026-000003", (Status.UNFILLED, OCTOBER[1]), asked=OCTOBER[0])
    lived(database, "KP-2026-000004", (Status.UNFILLED, OCTOBER[1]), asked=datetime(2026, 9, 30, 20, 59, tzinfo=UTC))
    with database.read() as session:
        found = figures(session, *OCTOBER)
    assert found.opened == {(Role.BORROWING, ServiceType.LOAN): 3}
    assert found.closed == {(Role.BORROWING, ServiceType.LOAN): 2}
    assert found.days == {Role.BORROWING: (7,)}
    assert found.by_staff == 6
    assert found.partners == (("Esimerkkien varasto", 3),)
    told = {row["name"]: row["value"] for row in rows(found)}
    assert (told["filled borrowing"], told["days borrowing"]) == (Decimal(50), Decimal(7))


def test_a_month_tells_money_vouchers_and_reciprocity_apart_and_each_way(database: Database) -> None:
    lived(database, "KP-2026-000001", (Status.LOAN_COMPLETED, CAME))
    lived(database, "KP-2026-000002", (Status.LOAN_COMPLETED, CAME))
    noted = (
        ("KP-2026-000001", "us", "12.50 EUR", Payment.MONEY),
        ("KP-2026-000002", "us", "2.25 EUR", Payment.MONEY),
        ("KP-2026-000001", "partner", "80 SEK", Payment.MONEY),
        ("KP-2026-000001", "partner", "1.5 IFLA", Payment.VOUCHERS),
        ("KP-2026-000001", "partner", "0 EUR", Payment.RECIPROCITY),
        ("KP-2026-000002", "partner", "0 EUR", Payment.RECIPROCITY),
        ("KP-2026-000002", "patron", "0 EUR", Payment.MONEY),
    )
    with database.write() as session:
        for number, payer, money, payment in noted:
            line = Charge(kind=f"{payer} {money}", payer=payer, money=read_money(money), payment=payment)
            do(session, AddCharge(number=number, charge=line), at=CAME)
        late = Charge(kind="later", payer="us", money=read_money("99 EUR"))
        do(session, AddCharge(number="KP-2026-000001", charge=late), at=OCTOBER[1])
    with database.read() as session:
        found = rows(figures(session, *OCTOBER))
    assert [(row["name"], str(row["value"]), row["unit"]) for row in found if row["section"] == "charges"] == [
        ("us money", "14.75", "EUR"),
        ("partner money", "80", "SEK"),
        ("partner reciprocity", "2", ""),
        ("partner vouchers", "1.5", "IFLA"),
    ]


def test_a_month_in_which_nothing_happened_has_no_rows() -> None:
    assert rows(Figures()) == ()


def test_the_figures_are_told_once_in_a_month_with_the_first_morning(tmp_path: Path, database: Database) -> None:
    lived(database, "KP-2026-000001", (Status.RECEIVED, CAME), (Status.LOAN_COMPLETED, CAME))
    for day in (date(2026, 11, 2), date(2026, 11, 3)):
        send_month(desk_of(settings_in(tmp_path), database), database, day)
    with database.read() as session:
        (letter,) = [row for row in desk_parts.rows(session, OutboxRow) if row.letter == "month"]
    message = message_from_bytes(letter.raw, policy=policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    assert message["Subject"] == "Kuukauden luvut, lokakuu 2026"
    assert "Tilattu muilta, saatu: 100\xa0%" in body.get_content()
    assert "Esimerkkien varasto: 1" in body.get_content()
    send_month(desk_of(settings_in(tmp_path), database), database, date(2026, 12, 1))
    with database.read() as session:
        assert len([row for row in desk_parts.rows(session, OutboxRow) if row.letter == "month"]) == 1


def test_the_command_shows_the_same_and_refuses_what_is_no_month(tmp_path: Path, database: Database) -> None:
    lived(database, "KP-2026-000001", (Status.RECEIVED, CAME), (Status.LOAN_COMPLETED, CAME))
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{url_in(tmp_path)}"\n')
    told = CliRunner().invoke(app, ["--config", str(config), "stats", "2026-10"])
    assert "filled borrowing: 100.0%" in told.output
    assert "opened    borrowing Loan: 1\n" in told.output
    assert CliRunner().invoke(app, ["--config", str(config), "stats", "October"]).exit_code != 0
