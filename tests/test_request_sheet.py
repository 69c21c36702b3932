"""What `maild request show` tells a librarian, and in which order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from typer.testing import CliRunner

from maild.cli import app
from maild.core.reading import Citation
from maild.core.terms import Flag, Status
from maild.store.outbox import Unsent
from maild.store.requests import Task
from maild.verbs.request_sheet import Planned, Sheet, lines
from tests.databases import url_in
from tests.desk_parts import CONFIG, database_of, settings_in
from tests.house import ALDER, BIRCH, NOW, NUMBER, PATRON, lending, on_loan, request, shipped_rules

RULES = shipped_rules()
HELSINKI = ZoneInfo("Europe/Helsinki")
TASK = Task(
    id=7,
    number=NUMBER,
    mail_id=None,
    reason="policy",
    text="The volume is damp.",
    passage="",
    commands=(f"maild request do {NUMBER} Damaged",),
    created_at=NOW,
)


def told(sheet: Sheet) -> dict[str, str]:
    """The labelled lines by label, the first of each."""
    found: dict[str, str] = {}
    for line in list(lines(sheet, HELSINKI))[1:]:
        if not line:
            break
        found.setdefault(line[2:12].strip(), line[13:])
    return found


def test_a_loan_is_shown_by_work_reader_library_status_and_what_is_awaited() -> None:
    loan = on_loan(Status.AWAITING_PICKUP, pickup="Main", supplier_ref="A-17")
    reminder = Planned(
        due=datetime(2026, 11, 27, 7, tzinfo=UTC), name="pickup_reminder", rule=RULES.notices["pickup_reminder"]
    )
    state = RULES.workflow(loan, ALDER).state(loan.status)
    sheet = Sheet(request=loan, partner=ALDER, patron=PATRON, state=state, planned=(reminder,))
    assert next(lines(sheet, HELSINKI)) == f"{NUMBER}  Loan, borrowed"
    shown = told(sheet)
    assert list(shown)[:6] == ["work", "", "for", "from", "status", "awaited"]
    assert shown["work"] == "Talvi"
    assert PATRON.name in shown["for"]
    assert shown["from"] == f"{ALDER.name} ({ALDER.symbol}), its number A-17"
    assert shown["status"] == "On the hold shelf (AwaitingPickup)"
    assert shown["awaited"] == "the patron, who fetches it"
    assert shown["next"] == "2026-11-27 09:00  the letter pickup_reminder goes to the patron"


def test_what_waits_for_the_desk_stands_before_the_history_with_its_commands() -> None:
    loan = on_loan(Status.WITH_PATRON)
    held = Unsent(
        id=3, number=NUMBER, letter="due_soon", to="a@x.example", state="held", tries=0, last_error="", created_at=NOW
    )
    shown = list(
        lines(Sheet(request=loan, tasks=(TASK,), unsent=(held, replace(held, id=4, state="waiting"))), HELSINKI)
    )
    assert shown[shown.index("to do") + 1 : shown.index("what happened")] == [
        "  The volume is damp.",
        f"    maild request do {NUMBER} Damaged",
        "    maild queue settle 7",
        "  letter due_soon to a@x.example is held: maild queue release 3, or maild queue drop --letter 3",
        "",
    ]
    assert told(Sheet(request=loan, tasks=(TASK,)))["awaited"] == "you, see to do; the patron, who brings it back"


def test_what_a_library_borrows_from_us_names_it_with_its_own_number() -> None:
    lent = lending(Status.LOANED, requester_ref="B-4")
    shown = told(Sheet(request=lent, partner=BIRCH, state=RULES.workflow(lent, BIRCH).state(lent.status)))
    assert shown["to"] == f"{BIRCH.name} ({BIRCH.symbol}), its number B-4"
    assert shown["awaited"] == "the library, which sends it back"
    assert "for" not in shown


def test_the_desks_own_step_a_pending_renewal_and_the_end_are_said() -> None:
    office = on_loan(Status.RECEIVED)
    state = RULES.workflow(office, ALDER).state(office.status)
    assert told(Sheet(request=office, state=state))["awaited"] == "you: the next step is the desk's"
    asked = on_loan(Status.WITH_PATRON, flags=frozenset({Flag.RENEWAL_PENDING}), renewal_pending=True)
    assert told(Sheet(request=asked))["awaited"].endswith("the answer about the renewal")
    assert told(Sheet(request=asked))["status"] == "WithPatron, renewal pending"
    ended = request(Status.UNFILLED, closed_at=NOW + timedelta(days=1))
    assert "awaited" not in told(Sheet(request=ended))
    assert told(Sheet(request=ended))["closed"] == f"{(NOW + timedelta(days=1)).astimezone(HELSINKI):%Y-%m-%d}"


def test_an_article_is_shown_in_its_journal() -> None:
    work = Citation(title="Aika", article_title="Jää", article_author="Kuu, K.", volume="7", pages="1-9", year="2001")
    shown = told(Sheet(request=request(citation=work, need_before=date(2026, 12, 24))))
    assert shown["work"] == "Kuu, K.: Jää, in: Aika"
    assert shown[""] == "2001, vol. 7, pp. 1-9"
    assert shown["needed by"] == "2026-12-24"


def test_ids_stand_at_the_end_and_a_broken_rule_file_hides_no_request(tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(CONFIG.format(folder=tmp_path, url=url_in(tmp_path)))
    with database_of(settings_in(tmp_path)):
        done = typed(config, "adopt", "FI-VARASTO", "2100123456", "title=Tervan tie merelle", "item_id=3012")
    number = done.partition(":")[0]
    shown, _, full = typed(config, "show", number).partition("\nin full\n")
    assert "In the office (Received)" in shown
    assert "partner_id" not in shown
    assert "partner_id: 1" in full
    (tmp_path / "rules/notices.toml").write_text("[broken", "utf-8")
    assert "status     Received" in typed(config, "show", number)


def typed(config: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["--config", str(config), "request", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_it_says_where_to_order_by_hand_and_with_which_card_and_a_borrowers_card() -> None:
    by_web = replace(
        ALDER, order_channel="web", web_address="https://alder.example", our_card="LIB 42", their_card="2900-77"
    )
    shown = told(Sheet(request=request(), partner=by_web))
    assert shown["order"] == "on its web pages https://alder.example (our card there: LIB 42)"
    assert not {"renew", "its card"} & shown.keys()
    lent = told(Sheet(request=lending(), partner=by_web))
    assert lent["its card"] == "2900-77"
    assert "order" not in lent
    assert not {"order", "renew", "its card"} & told(Sheet(request=request(), partner=ALDER)).keys()
