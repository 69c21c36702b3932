import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maild.core import workflow_check, workflow_files
from maild.core.problems import RuleFile
from maild.core.terms import EventName, Flag, Role, ServiceType, Status
from maild.core.workflow import Workflow, profile_name
from tests.house import lending, request, shipped_rules

SMALL: dict[str, Any] = {
    "role": "borrowing",
    "initial": "New",
    "status": {"New": {"owner": "staff"}, "Cancelled": {"final": True}},
    "transition": {"cancel": {"from": ["New"], "event": "Cancel", "by": ["patron"], "to": "Cancelled"}},
}


def problems(**files: dict[str, object]) -> list[str]:
    """What is wrong with profiles that know one letter and one notice."""
    known = {f"workflows/{n}.toml": RuleFile(name=f"workflows/{n}.toml", data=d) for n, d in files.items()}
    workflows, wrong = workflow_files.load(known)
    for workflow in workflows.values():
        wrong += workflow_check.problems(workflow, {"cancelled"}, {"expire"})
    return [str(p) for p in wrong]


def changed(**tables: dict[str, object]) -> dict[str, object]:
    """The small profile with entries laid over its tables."""
    return SMALL | {name: {**SMALL[name], **table} for name, table in tables.items()}


@pytest.fixture(scope="module")
def loans() -> Workflow:
    return shipped_rules().workflows["borrowing-loan"]


def test_the_shipped_profiles_have_no_problem() -> None:
    assert set(shipped_rules().workflows) > {"borrowing-loan", "borrowing-copy", "lending-loan", "lending-copy"}


def test_a_small_profile_has_no_problem() -> None:
    assert problems(small=SMALL) == []


def test_every_mistake_is_told_at_once_with_file_place_and_a_way_out() -> None:
    wrong = changed(
        status={"Loaned": {}, "Expired": {"final": True}},
        transition={
            "sent": {"from": ["New"], "event": "Loaned", "by": ["supplier"], "to": "Loaned"},
            "cancel-too": {"from": ["New"], "event": "Cancel", "by": ["patron"], "to": "Cancelled"},
            "away": {"from": ["New"], "event": "Received", "by": ["house"], "to": "WithPatron"},
            "told": {
                "from": ["New"],
                "event": "Unfilled",
                "by": ["supplier"],
                "letters": [{"name": "unfiled", "to": "patron"}],
            },
        },
    )
    told = problems(small=wrong)
    for expected in (
        "status.Loaned: no road leads from Loaned to an end",
        "status.Loaned: Loaned is open, and nobody looks at it",
        "status.Expired: Expired cannot be reached from New",
        "Cancel by patron in New has 2 edges: cancel, cancel-too",
        "transition.away.to: WithPatron is no status of it",
        "transition.told.letters: no letter 'unfiled'",
    ):
        assert any(p.startswith("workflows/small.toml") and expected in p and "; " in p for p in told), expected


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"event": "Canceled"}, "transition.cancel.event"),
        ({"to": "Canceled"}, "transition.cancel.to"),
        ({"from": ["Nwe"]}, "transition.cancel.from"),
        ({"by": ["anybody"]}, "transition.cancel.by.0"),
        ({"needs": ["duedate"]}, "transition.cancel"),
        ({"leters": []}, "transition.cancel.leters"),
    ],
)
def test_a_misspelt_word_is_told_with_its_place(change: dict[str, object], place: str) -> None:
    edge = {"from": ["New"], "event": "Cancel", "by": ["patron"], "to": "Cancelled"} | change
    assert any(f": {place}: " in p for p in problems(small=changed(transition={"cancel": edge})))


def test_an_unknown_notice_is_told() -> None:
    assert "no notice 'expires'" in problems(small=changed(status={"New": {"notices": ["expires"]}}))[0]


def test_a_profile_extends_another_and_takes_entries_away() -> None:
    partner: dict[str, object] = {"extends": "small", "transition": {"cancel": {"disabled": True}}}
    told = problems(small=SMALL, partner=partner)
    assert [p.split(": ")[0] for p in told] == ["workflows/partner.toml"] * 2  # nothing is reached, nothing ends


@pytest.mark.parametrize("base", ["nothing", "partner"])
def test_a_profile_cannot_extend_itself_or_what_is_not_there(base: str) -> None:
    assert "cannot extend" in problems(partner={"extends": base})[0]


def test_a_group_that_contains_itself_does_not_hang() -> None:
    looped = changed(transition={"note": {"from": ["a"], "event": "Note", "by": ["staff"]}}) | {"groups": {"a": ["a"]}}
    assert "unknown status 'a'" in problems(small=looped)[0]


@pytest.mark.parametrize(
    "road",
    [
        (
            "NextSupplier Requested, RequestReceived RequestReceived, WillSupply WillSupply, Loaned Loaned,"
            " Received Received, SentToDesk InTransitToDesk, ReadyForPickup AwaitingPickup, CheckedOut WithPatron,"
            " ReturnedByPatron ReturnedByPatron, ShippedReturn ShippedReturn, LoanCompleted LoanCompleted"
        ),
        "NextSupplier Requested, Received Received, SentToOffice InOfficeDelivery, CheckedOut WithPatron",
        "NextSupplier Requested, Cancel CancelPending, CancelRefused WillSupply, Loaned Loaned",
        "NextSupplier Requested, Cancel CancelPending, Cancelled Cancelled, Reopen New, Expired Expired",
        "NextSupplier Requested, RetryPossible RetryPossible, ConditionsAccepted Requested, Unfilled Unfilled",
    ],
)
def test_the_roads_of_a_loan(loans: Workflow, road: str) -> None:
    status = Status.NEW
    for step in road.split(", "):
        event, to = step.split()
        edge = loans.edge(status, EventName(event), "staff")
        assert edge is not None, f"{event} in {status}"
        assert edge.to == to
        status = Status(to)


@pytest.mark.parametrize("status", ["CompletedWithoutReturn", "FilledLocally", "FoundOnline", "ForwardedToPurchase"])
def test_staff_close_a_request_in_the_way_that_they_choose(loans: Workflow, status: str) -> None:
    begin = Status.WITH_PATRON if status == "CompletedWithoutReturn" else Status.REQUESTED
    edge = loans.edge(begin, EventName.CLOSE, "staff", Status(status))
    assert edge is not None
    assert edge.to == status


@pytest.mark.parametrize(
    ("status", "event", "to"),
    [
        (Status.CANCEL_PENDING, EventName.LOANED, Status.LOANED),
        (Status.RETRY_POSSIBLE, EventName.LOANED, Status.LOANED),
        (Status.SHIPPED_RETURN, EventName.RENEW_ACCEPTED, None),
        (Status.SHIPPED_RETURN, EventName.OVERDUE, None),
        (Status.CANCEL_PENDING, EventName.UNFILLED, Status.CANCELLED),
    ],
)
def test_crossing_mails_have_edges_of_their_own(
    loans: Workflow, status: Status, event: EventName, to: Status | None
) -> None:
    edge = loans.edge(status, event, "supplier")
    assert edge is not None
    assert edge.to is to


def test_sent_after_we_closed_it_is_for_staff(loans: Workflow) -> None:
    edge = loans.edge(Status.UNFILLED, EventName.LOANED, "supplier")
    assert edge is not None
    assert not edge.auto


def test_posted_back_and_called_overdue_is_a_dispute(loans: Workflow) -> None:
    edge = loans.edge(Status.SHIPPED_RETURN, EventName.OVERDUE, "supplier")
    assert edge is not None
    assert edge.add == {Flag.DISPUTE}


def test_a_partner_cannot_do_what_only_staff_may(loans: Workflow) -> None:
    assert loans.edge(Status.WITH_PATRON, EventName.LOST, "supplier") is None
    assert loans.edge(Status.WITH_PATRON, EventName.LOST, "staff") is not None


def test_only_our_own_desk_ends_what_we_lend() -> None:
    lent = shipped_rules().workflows["lending-loan"]
    assert lent.edge(Status.SHIPPED_RETURN, EventName.LOAN_COMPLETED, "requester") is None
    assert lent.edge(Status.SHIPPED_RETURN, EventName.LOAN_COMPLETED, "house") is not None


def test_a_request_without_a_profile_gets_its_roles() -> None:
    assert profile_name(request()) == "borrowing-loan"
    assert profile_name(lending()) == "lending-loan"
    assert profile_name(request(), "alder") == "alder-loan"
    rules = shipped_rules()
    assert rules.workflow(replace(request(), profile="gone-loan")).name == "borrowing-loan"


def test_every_event_that_a_labelled_mail_brings_about_by_itself_has_its_edge(shared: Path) -> None:
    rules = shipped_rules()
    known = {c["file"]: c["requests"] for c in _lines(shared / "corpus" / "context.jsonl")}
    by = {"partner-reply": "supplier", "partner-request": "requester", "patron-message": "patron"}
    for label in _lines(shared / "corpus" / "labels.jsonl"):
        if not label["auto"] or label["kind"] not in by or not label["request"]:
            continue
        (found,) = (r for r in known[label["file"]] if r["number"] == label["request"])
        role, service, status = Role(found["role"]), ServiceType(found["service_type"]), Status(found["status"])
        workflow = rules.workflow(request(status, role=role, service_type=service))
        for event in label["events"]:
            edge = workflow.edge(status, EventName(event["event"]), by[label["kind"]])  # type: ignore[arg-type]
            assert edge is not None, f"{label['file']}: {event['event']} in {status}"
            assert edge.auto
            status = edge.to or status


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
