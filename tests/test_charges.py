"""maild charges: the lines of a time, as invoicing takes them."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner

from maild.cli import app
from maild.core.effects import AddCharge
from maild.core.prices import read_money
from maild.core.request import Charge
from maild.core.terms import Payment
from maild.store import records
from tests.desk_parts import database_of, settings_in, url_in
from tests.desks import do, new_request

NUMBER = "KP-2026-000001"
OCTOBER = datetime(2026, 9, 30, 21, 30, tzinfo=UTC)  # the 1st in Helsinki, 0:30
BIRCH = {
    "symbol": "FI-BIRCH",
    "name": "Koivulan kirjasto",
    "business_id": "1234567-8",
    "e_invoice": "003712345678",
    "e_invoice_operator": "E204503",
    "order_reference": "KL-77, Malli",
    "invoicing": "month",
}


def test_the_lines_of_a_month_stand_with_their_librarys_invoicing_address(tmp_path: Path) -> None:
    noted = (
        (OCTOBER, Charge(kind="lending charge", payer="partner", money=read_money("8 EUR"), vat="A255", partner_id=3)),
        (
            OCTOBER,
            Charge(kind="lending charge", payer="partner", money=read_money("0 EUR"), payment=Payment.RECIPROCITY),
        ),
        (OCTOBER, Charge(kind="patron's fee", payer="patron", money=read_money("9 EUR"))),
        (datetime(2026, 9, 30, 20, 59, tzinfo=UTC), Charge(kind="before", payer="partner", money=read_money("1 EUR"))),
        (datetime(2026, 10, 31, 22, tzinfo=UTC), Charge(kind="after", payer="partner", money=read_money("2 EUR"))),
    )
    with database_of(settings_in(tmp_path)) as database, database.write() as session:
        records.import_partners(session, [BIRCH], OCTOBER)
        do(session, new_request(number=NUMBER), at=OCTOBER)
        for at, charge in noted:
            do(session, AddCharge(number=NUMBER, charge=charge), at=at)
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{url_in(tmp_path)}"\n')
    file = tmp_path / "charges.csv"
    words = ["charges", str(file), "--from", "2026-10-01", "--until", "2026-11-01"]

    def told(*more: str) -> list[dict[str, str]]:
        result = CliRunner().invoke(app, ["--config", str(config), *words, *more])
        assert result.exit_code == 0, result.output
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    assert [row["kind"] for row in told()] == ["lending charge", "lending charge", "patron's fee"]
    assert [row["settled"] for row in told("--payer", "partner")] == ["no", "yes"]
    (row,) = told("--payer", "partner", "--open")
    assert row == BIRCH | {
        "noted": "2026-10-01",
        "number": NUMBER,
        "kind": "lending charge",
        "payer": "partner",
        "payment": "money",
        "amount": "8.00",
        "currency": "EUR",
        "vat": "A255",
        "settled": "no",
    }
    nobody = CliRunner().invoke(app, ["--config", str(config), "charges", str(file), "--payer", "me"])
    assert (nobody.exit_code, "us, partner, patron" in nobody.output) == (1, True)
    wrong = CliRunner().invoke(app, ["--config", str(config), "charges", str(file), "--from", "October"])
    assert wrong.exit_code != 0
    assert "'October' is no day" in wrong.output
