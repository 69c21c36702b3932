"""The site's holdings command: asked outside of every transaction, believed only as far as marks go."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.clock import WoundClock
from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import AskStaff, Command, Decision, Move, OpenRequest
from maild.core.reading import Event
from maild.core.request import Request
from maild.core.rota_rules import Rota, RotaEntry
from maild.core.rules import Refused, Rules, SitePolicy
from maild.core.terms import EventName, Flag, ServiceType, Status
from maild.daemon.lifecycle import Daemon
from maild.desk.holdings import ANSWER, FAILED, looked_up, question_of, symbols_in
from maild.desk.holdings import HookFailed as Failed
from maild.settings import Holdings, Settings
from maild.store import requests as store
from maild.store.database import Database
from maild.store.requests import Filters
from tests.desk_parts import NOW as STARTED
from tests.desk_parts import database_of, desk_of, form, keep, settings_in
from tests.house import ALDER, BIRCH, NOW, PATRON, context, letters, request, shipped_rules, statuses
from tests.test_decide_request import form as form_of
from tests.test_decide_request import wish

RULES = replace(shipped_rules(), site=SitePolicy(holdings=True))
PENDING = frozenset({Flag.HOLDINGS_PENDING})
NEW = request(Status.NEW, partner_id=None, attempts=(), flags=PENDING)


def says(body: str) -> tuple[str, ...]:
    """A command that runs this Python."""
    return (sys.executable, "-c", f"import json, os, subprocess, sys, time\n{body}")


def told(body: str, seconds: int = 20) -> dict[str, str]:
    return asyncio.run(looked_up(says(body), NEW, seconds)).values


def by(actor_values: dict[str, str], given: Request = NEW, rules: Rules = RULES, **known: Any) -> Decision:
    command = Command(
        number=given.number, event=Event(event=EventName.SUPPLIER_INFO), actor="x", values=actor_values, id="c1"
    )
    return decide(command, context(given, **known), rules, NOW)


def tasks(decision: Decision) -> list[str]:
    return [e.text for e in decision.effects if isinstance(e, AskStaff)]


# The command


def test_it_is_told_the_work_and_nothing_of_the_patron() -> None:
    assert told("print('FI-' + json.load(sys.stdin)['citation']['isbn'])") == {ANSWER: "FI-9789510000000"}
    question = json.loads(question_of(replace(NEW, note="for my mother", patron_email="aino@student.example")))
    assert question == {
        "number": NEW.number,
        "service_type": "Loan",
        "citation": {"title": "Talvi", "isbn": "9789510000000"},
    }


@pytest.mark.parametrize(
    ("answer", "symbols"),
    [
        (b"", ()),
        (b"FI-A\r\n\r\n  FI-B \nFI-A\n", ("FI-A", "FI-B")),
        (b'["FI-A", "SE-X:y/z"]', ("FI-A", "SE-X:y/z")),
        (b'{"suppliers": ["FI-A"]}', ("FI-A",)),
        (b"[]", ()),
    ],
)
def test_symbols_come_one_a_line_or_as_json(answer: bytes, symbols: tuple[str, ...]) -> None:
    assert symbols_in(answer) == symbols


@pytest.mark.parametrize(
    "answer",
    [
        b'{"suppliers": "FI-A"}',
        b'{"holders": ["FI-A"]}',
        b"[1]",
        b"[" * 60_000,
        b'["FI-A"',
        b"<html>busy</html>",
        b"FI-A, FI-B",
        b"\xff\xfe",
        "\n".join(f"FI-{n}" for n in range(101)).encode(),
    ],
)
def test_anything_else_is_no_answer(answer: bytes) -> None:
    with pytest.raises(Failed):
        symbols_in(answer)


def test_a_command_that_fails_is_told_with_what_it_complained_of() -> None:
    assert told("sys.exit('no route\\x1b[31m to host')")[FAILED] == "it ended with code 1: no route[31m to host"


def test_a_command_that_is_not_there_is_told() -> None:
    answer = asyncio.run(looked_up(("/nonexistent/hook",), NEW, 5)).values
    assert answer == {FAILED: "/nonexistent/hook could not be started: No such file or directory"}


def test_a_slow_command_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    body = f"""
child = subprocess.Popen(["sleep", "600"])
with open({str(pids)!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""
    assert told(body, seconds=2) == {FAILED: "it did not end within 2 seconds"}
    ends = time.monotonic() + 10
    while any(is_running(pid) for pid in pids.read_text().split()):
        assert time.monotonic() < ends


def is_running(pid: str) -> bool:
    """Whether the process is there; one that only waits to be collected is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_command_without_end_is_ended_early() -> None:
    assert "says more than" in told("while True: print('FI-A' * 1000)", seconds=60)[FAILED]


def test_a_command_may_answer_without_reading_the_question() -> None:
    assert told("os.close(0)\nprint('FI-A')") == {ANSWER: "FI-A"}


# What follows


def test_a_new_request_waits_for_the_command_and_the_patron_hears_at_once() -> None:
    decision = decide(form_of(wish()), context(), RULES, NOW)
    assert isinstance(decision.effects[0], OpenRequest)
    assert [e.add for e in decision.effects if isinstance(e, Move)] == [PENDING]
    assert letters(decision.effects) == [("request_confirmed", PATRON.email)]
    assert tasks(decision) == []


def test_the_first_that_it_names_is_asked_and_the_others_stay_marked() -> None:
    decision = by({ANSWER: "FI-BIRCH,fi-alder,FI-STRANGE"})
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]
    moves = [e for e in decision.effects if isinstance(e, Move)]
    assert moves[0].remove == PENDING
    assert moves[0].event.note == "held by FI-BIRCH, FI-ALDER; not on record: FI-STRANGE"
    assert statuses(decision.effects) == [Status.NEW, Status.REQUESTED]


def test_the_rota_orders_what_it_names_but_marks_of_staff_come_first() -> None:
    rota = Rota(entries=(RotaEntry(symbol="FI-ALDER", rank=1), RotaEntry(symbol="FI-BIRCH", rank=2)))
    ranked = replace(RULES, rotas={"default": rota})
    assert letters(by({ANSWER: "FI-BIRCH FI-ALDER"}, rules=ranked).effects) == [("request_loan", ALDER.email)]
    marked = replace(NEW, suppliers=("FI-BIRCH",))
    assert letters(by({ANSWER: "FI-ALDER"}, marked, rules=ranked).effects) == [("request_loan", BIRCH.email)]


@pytest.mark.parametrize("answer", ["", "FI-STRANGE"])
def test_where_it_names_nobody_that_we_know_staff_choose(answer: str) -> None:
    decision = by({ANSWER: answer})
    assert letters(decision.effects) == []
    (task,) = tasks(decision)
    assert task.startswith("The holdings command says: held by nobody that is on record")
    assert ("not on record: FI-STRANGE" in task) is bool(answer)
    assert task.endswith("choose one.")


def test_its_failure_is_told_and_the_request_stands() -> None:
    decision = by({FAILED: "it did not end within 30 seconds"})
    assert statuses(decision.effects) == [Status.NEW]
    (task,) = (e for e in decision.effects if isinstance(e, AskStaff))
    assert "it did not end within 30 seconds" in task.text
    assert any("lookup=yes" in command for command in task.commands)


@pytest.mark.parametrize(("change", "word"), [({"approved": False}, "not known"), ({"blocked": True}, "blocked")])
def test_nothing_goes_out_for_a_patron_who_must_be_looked_at(change: dict[str, Any], word: str) -> None:
    decision = by({ANSWER: "FI-ALDER"}, patrons=(replace(PATRON, **change),))
    assert letters(decision.effects) == []
    assert word in tasks(decision)[0]


def test_an_answer_that_comes_after_staff_asked_only_marks() -> None:
    decision = by({ANSWER: "FI-BIRCH"}, request(Status.REQUESTED))
    assert (letters(decision.effects), tasks(decision)) == ([], [])


def test_whom_staff_skip_the_command_does_not_bring_back() -> None:
    decision = by({ANSWER: "FI-ALDER,FI-BIRCH"}, replace(NEW, skipped=("FI-ALDER",)))
    assert letters(decision.effects) == [("request_loan", BIRCH.email)]


# By staff


def changed(decision: Decision, given: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    after = apply(context(given), decision.effects).requests[0]
    return after.suppliers, after.skipped


def test_staff_mark_skip_and_reorder() -> None:
    plain = replace(NEW, flags=frozenset(), suppliers=("FI-ALDER",))
    assert changed(by({"hold": "fi-birch"}, plain), plain) == (("FI-ALDER", "FI-BIRCH"), ())
    assert changed(by({"skip": "FI-ALDER"}, plain), plain) == ((), ("FI-ALDER",))
    both = replace(plain, suppliers=("FI-ALDER", "FI-BIRCH"))
    assert changed(by({"order": "FI-BIRCH"}, both), both) == (("FI-BIRCH", "FI-ALDER"), ())
    back = replace(plain, suppliers=(), skipped=("FI-ALDER",))
    assert changed(by({"hold": "FI-ALDER"}, back), back) == (("FI-ALDER",), ())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "say hold=, skip= or order="),
        ({"hold": "FI-NOBODY"}, "FI-NOBODY is not on record"),
        ({"order": "FI-BIRCH"}, "FI-BIRCH is not marked as holding it"),
    ],
)
def test_what_staff_cannot_say_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=said):
        by(values, replace(NEW, suppliers=()))


def test_who_does_no_copies_cannot_be_marked_for_one() -> None:
    copy = replace(NEW, service_type=ServiceType.COPY)
    with pytest.raises(Refused, match="does not do Copy"):
        by({"hold": "FI-ALDER"}, copy, partners=(replace(ALDER, copies=False),))


def test_staff_have_it_looked_up_again_only_where_there_is_a_command_and_nobody_was_asked() -> None:
    plain = replace(NEW, flags=frozenset())
    assert [e.add for e in by({"lookup": "yes"}, plain).effects if isinstance(e, Move)] == [PENDING]
    with pytest.raises(Refused, match="there is none"):
        by({"lookup": "yes"}, plain, rules=shipped_rules())
    with pytest.raises(Refused, match="stands at Requested"):
        by({"lookup": "yes"}, request(Status.REQUESTED))


# The whole house


def standing(database: Database) -> Request:
    with database.read() as session:
        (found,) = store.requests(session, Filters())
    return found


async def once(settings: Settings) -> None:
    await Daemon(settings, WoundClock(STARTED)).once()


Lived = Callable[[str], tuple[Request, list[str]]]


@pytest.fixture
def lived(tmp_path: Path) -> Lived:
    """A form mail in a house whose holdings command runs this Python: the request afterwards, and the tasks."""

    def live(body: str) -> tuple[Request, list[str]]:
        settings = settings_in(tmp_path, holdings=Holdings(command=says(body), seconds=10))
        (tmp_path / "rules/rotas/default.toml").write_text("schema = 1\n")
        with database_of(settings) as database:
            keep(database, form())
        asyncio.run(once(settings))
        with database_of(settings) as database, database.read() as session:
            return standing(database), [task.text for task in store.tasks(session)]

    return live


def test_a_form_is_looked_up_and_sent_to_the_library_that_holds_it(lived: Lived) -> None:
    found, tasks = lived("print(json.dumps(['FI-JOKI']))")
    assert (found.status, found.partner_address, tasks) == (Status.REQUESTED, "ill@joki.example", [])
    assert found.flags == frozenset()


def test_a_command_that_was_taken_out_of_the_settings_leaves_nobody_waiting(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, holdings=Holdings(command=says(""), seconds=10))
    (tmp_path / "rules/rotas/default.toml").write_text("schema = 1\n")
    with database_of(settings) as database:
        keep(database, form())
        desk_of(settings, database).work()
        assert standing(database).flags == PENDING
    asyncio.run(once(settings_in(tmp_path)))
    with database_of(settings) as database, database.read() as session:
        assert standing(database).flags == frozenset()
        assert "no command is set any more" in store.tasks(session)[0].text


def test_check_tells_a_command_that_is_not_there(tmp_path: Path) -> None:
    settings_in(tmp_path)
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[holdings]\ncommand = ["/nonexistent/hook"]\n')
    said = CliRunner().invoke(app, ["--config", str(config), "check", "--offline"])
    assert said.exit_code == 78
    assert "holdings.command: /nonexistent/hook is not there" in said.output


def test_a_command_that_fails_leaves_the_request_with_staff(lived: Lived) -> None:
    found, tasks = lived("sys.exit(3)")
    assert (found.status, found.flags) == (Status.NEW, frozenset())
    assert len(tasks) == 1
    assert "it ended with code 3" in tasks[0]
