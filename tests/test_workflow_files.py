"""From rules/workflows/*.toml to profiles: everything that can be written, taken over, or taken away again."""

from decimal import Decimal
from typing import Any

import pytest

from maild.core import workflow_files
from maild.core.effects import Audience
from maild.core.problems import RuleFile
from maild.core.reading import Money
from maild.core.terms import EventName, Flag, Role, Status
from maild.core.workflow import Letter, LoanTerms, State, Transition, Workflow
from tests.test_workflow import SMALL, changed

CANCEL: dict[str, Any] = {"from": ["New"], "event": "Cancel", "by": ["patron"], "to": "Cancelled"}


def read(**files: dict[str, object]) -> tuple[dict[str, Workflow], list[str]]:
    known = {f"workflows/{name}.toml": RuleFile(name=f"workflows/{name}.toml", data=d) for name, d in files.items()}
    workflows, wrong = workflow_files.load(known)
    return workflows, [str(problem) for problem in wrong]


def loaded(data: dict[str, object]) -> Workflow:
    """The one profile of a file without a mistake."""
    workflows, wrong = read(small=data)
    assert wrong == []
    return workflows["small"]


def edge_of(**values: object) -> Transition:
    (edge,) = loaded(changed(transition={"cancel": CANCEL | values})).transitions
    return edge


def test_a_profile_is_what_its_file_says() -> None:
    assert loaded(SMALL) == Workflow(
        name="small",
        role=Role.BORROWING,
        initial=Status.NEW,
        states={
            Status.NEW: State(status=Status.NEW, owner="staff"),
            Status.CANCELLED: State(status=Status.CANCELLED, final=True),
        },
        transitions=(
            Transition(
                name="cancel",
                sources=frozenset({Status.NEW}),
                event=EventName.CANCEL,
                by=frozenset({"patron"}),
                to=Status.CANCELLED,
            ),
        ),
        loan=LoanTerms(),
        file="workflows/small.toml",
    )


def test_a_status_keeps_its_words_its_owner_and_its_notices() -> None:
    written = {"says": "Being entered", "owner": "staff", "notices": ["expire"]}
    assert loaded(changed(status={"New": written})).state(Status.NEW) == State(
        status=Status.NEW, says="Being entered", owner="staff", notices=("expire",)
    )


def test_an_edge_keeps_everything_that_is_written_of_it() -> None:
    letter = {
        "name": "cancelled",
        "to": "partner",
        "given": ["due_date"],
        "reasons": ["NotHeld"],
        "only_with": ["overdue"],
        "not_with": ["recalled"],
        "always": True,
        "if_moved": True,
    }
    written = {
        "by": ["patron", "supplier"],
        "auto": False,
        "needs": ["due_date|expected_date", "item_id"],
        "needs_flags": ["renewal pending"],
        "add": ["dispute"],
        "remove": ["overdue"],
        "letters": [letter],
        "rota": ["NotHeld"],
        "ask": "Look.",
    }
    assert edge_of(**written) == Transition(
        name="cancel",
        sources=frozenset({Status.NEW}),
        event=EventName.CANCEL,
        by=frozenset({"patron", "supplier"}),
        to=Status.CANCELLED,
        auto=False,
        needs=("due_date|expected_date", "item_id"),
        needs_flags=frozenset({Flag.RENEWAL_PENDING}),
        add=frozenset({Flag.DISPUTE}),
        remove=frozenset({Flag.OVERDUE}),
        letters=(
            Letter(
                name="cancelled",
                to=Audience.PARTNER,
                given=("due_date",),
                reasons=("NotHeld",),
                only_with=frozenset({Flag.OVERDUE}),
                not_with=frozenset({Flag.RECALLED}),
                always=True,
                if_moved=True,
            ),
        ),
        rota=("NotHeld",),
        ask="Look.",
    )


@pytest.mark.parametrize(
    ("written", "anywhere"),
    [
        ({"from": ["*"]}, True),
        ({"from": ["New", "Cancelled"]}, False),
        ({"from": ["*"], "to": "Cancelled"}, False),
        ({"from": ["*"], "add": ["dispute"]}, False),
        ({"from": ["*"], "remove": ["dispute"]}, False),
        ({"from": ["*"], "letters": [{"name": "cancelled", "to": "patron"}]}, False),
    ],
)
def test_what_changes_nothing_and_may_come_in_any_status_may_come_in_one_that_the_profile_lacks(
    written: dict[str, object], anywhere: bool
) -> None:
    note = {"event": "Note", "by": ["staff"]} | written
    profile = loaded(changed(transition={"note": note}))
    assert (profile.edge(Status.LOANED, EventName.NOTE, "staff") is not None) is anywhere
    assert profile.edge(Status.CANCELLED, EventName.NOTE, "staff") is not None


def test_a_star_is_every_status_and_a_group_those_of_its_members_and_of_groups_in_it() -> None:
    states: dict[str, object] = {"Loaned": {}, "Received": {}}
    groups = {"here": ["Received"], "under-way": ["Loaned", "here", "New"]}

    def sources(*names: str) -> frozenset[Status]:
        note = {"from": [*names], "event": "Note", "by": ["staff"]}
        profile = loaded(changed(status=states, transition={"note": note}) | {"groups": groups})
        return profile.transitions[-1].sources

    assert sources("*") == {Status.NEW, Status.CANCELLED, Status.LOANED, Status.RECEIVED}
    assert sources("under-way") == {Status.NEW, Status.LOANED, Status.RECEIVED}
    assert sources("here", "Cancelled") == {Status.RECEIVED, Status.CANCELLED}
    assert sources("here", "under-way") == {Status.NEW, Status.LOANED, Status.RECEIVED}


def test_every_unknown_status_of_an_edge_or_of_a_group_in_it_is_told_with_those_that_there_are() -> None:
    note = {"from": ["Nwe", "here"], "event": "Note", "by": ["staff"]}
    _, wrong = read(small=changed(transition={"note": note}) | {"groups": {"here": ["Recieved", "New"]}})
    place, ways = "workflows/small.toml: transition.note.from: ", "use one of: *, here, New, Cancelled"
    assert wrong == [f"{place}unknown status 'Nwe'; {ways}", f"{place}unknown status 'Recieved'; {ways}"]
    both: dict[str, object] = {name: {"from": ["Nwe"], "event": "Note", "by": ["staff"]} for name in ("one", "two")}
    _, wrong = read(small=changed(transition=both))
    assert [one.split(": ")[1] for one in wrong] == ["transition.one.from", "transition.two.from"]


def test_facts_that_no_event_has_are_told_of_an_edge_and_of_its_letters() -> None:
    letter = {"name": "cancelled", "to": "patron", "given": ["url", "attachment|link"]}
    edge = CANCEL | {"needs": ["due_date", "duedate"], "letters": [letter]}
    _, wrong = read(small=changed(transition={"cancel": edge}))
    facts = ", ".join(sorted(workflow_files.FACTS))
    place = "workflows/small.toml: transition.cancel: unknown fact"
    assert wrong == [f"{place} {name!r}; use one of: {facts}" for name in ("duedate", "attachment|link")]
    assert "cost, due_date, event, expected_date, " in facts


def test_the_mistakes_of_every_file_are_told_and_the_others_are_read() -> None:
    misspelt = changed(transition={"cancel": CANCEL | {"from": ["Nwe"]}})
    workflows, wrong = read(a=SMALL | {"inital": "New"}, b=misspelt, c=SMALL)
    assert [one.partition(": ")[0] for one in wrong] == ["workflows/a.toml", "workflows/b.toml"]
    assert [*workflows] == ["b", "c"]


def test_files_of_other_rules_are_no_profiles() -> None:
    workflows, wrong = workflow_files.load({"limits.toml": RuleFile(name="limits.toml", data={"days": 3})})
    assert (workflows, wrong) == ({}, [])


# extends


def test_a_profile_takes_over_what_it_does_not_say_itself() -> None:
    edge = {"by": ["patron", "requester"], "ask": "Look."}
    partner: dict[str, object] = {
        "extends": "small",
        "status": {"Expired": {"final": True}},
        "transition": {"cancel": edge},
    }
    workflows, wrong = read(small=SMALL, partner=partner)
    assert wrong == []
    found = workflows["partner"]
    assert [*found.states] == [Status.NEW, Status.CANCELLED, Status.EXPIRED]
    (taken,) = found.transitions
    assert (taken.event, taken.to, taken.ask) == (EventName.CANCEL, Status.CANCELLED, "Look.")
    assert taken.by == {"patron", "requester"}  # a list is replaced, not joined
    assert (found.name, found.file) == ("partner", "workflows/partner.toml")
    assert workflows["small"] == loaded(SMALL)


def test_an_entry_that_is_disabled_is_taken_away_whether_it_was_there_or_not() -> None:
    gone = {"cancel": {"disabled": True}, "never": {"disabled": True}}
    workflows, wrong = read(small=SMALL, partner={"extends": "small", "transition": gone})
    assert (wrong, workflows["partner"].transitions) == ([], ())


def test_only_true_disables() -> None:
    _, wrong = read(small=SMALL, partner={"extends": "small", "transition": {"cancel": {"disabled": False}}})
    assert len(wrong) == 1
    assert "transition.cancel.disabled" in wrong[0]


def chain(length: int) -> dict[str, dict[str, object]]:
    """Profiles of which each extends the one before it: p0, p1, …"""
    later: dict[str, dict[str, object]] = {f"p{n}": {"extends": f"p{n - 1}"} for n in range(1, length)}
    return {"p0": SMALL} | later


def test_profiles_extend_each_other_five_deep_and_no_deeper() -> None:
    workflows, wrong = read(**chain(6))
    assert (len(workflows), wrong) == (6, [])
    workflows, wrong = read(**chain(7))
    known = ", ".join(sorted(chain(7)))
    assert wrong == [f"workflows/p1.toml: extends: cannot extend 'p0'; name another profile: {known}"]
    assert "p6" not in workflows


def test_a_profile_that_extends_itself_over_another_is_told_with_those_that_there_are() -> None:
    _, wrong = read(a={"extends": "b"}, b={"extends": "a"}, small=SMALL)
    assert wrong == [
        "workflows/b.toml: extends: cannot extend 'a'; name another profile: a, b, small",
        "workflows/a.toml: extends: cannot extend 'b'; name another profile: a, b, small",
    ]


def test_a_profile_that_is_not_there_cannot_be_extended() -> None:
    assert read(partner={"extends": "nothing"})[1] == [
        "workflows/partner.toml: extends: cannot extend 'nothing'; name another profile: partner"
    ]


# loan


def test_the_terms_of_loans_are_those_of_the_file() -> None:
    written = {
        "days": 14,
        "min_patron_days": 5,
        "long_closure_days": 4,
        "renewal_window_days": 3,
        "max_renewals": 2,
        "max_total_days": 90,
        "overdue_grace_days": 1,
        "renewed_for_groups": ["Staff", "STRASSE", "straße"],
        "renewal_days": 21,
        "renews_by_itself": True,
        "renewals_to_staff": ["recalled", "OnLoan"],
        "ceiling": {"amount": "12.50", "currency": "EUR"},
    }
    assert loaded(SMALL | {"loan": written}).loan == LoanTerms(
        days=14,
        min_patron_days=5,
        long_closure_days=4,
        renewal_window_days=3,
        max_renewals=2,
        max_total_days=90,
        overdue_grace_days=1,
        renewed_for_groups=frozenset({"staff", "strasse"}),
        renewal_days=21,
        renews_by_itself=True,
        renewals_to_staff=("recalled", "OnLoan"),
        ceiling=Money(amount=Decimal("12.50"), currency="EUR"),
    )
