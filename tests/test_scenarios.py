"""Every story in tests/scenarios/ goes as it is told; and together they walk every edge, notice, rule and trap."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from maild.core.rules import Rules
from maild.core.terms import EventName, Status
from maild.core.workflow import By, Transition, Workflow
from tests.house import shipped_rules
from tests.playing import FOLDER, Play, Scenario, scenarios

SCENARIOS = scenarios()
Walked = tuple[set[tuple[str, str]], set[str]]


@contextmanager
def walked(taken: set[tuple[str, str]]) -> Iterator[None]:
    """Notes every edge that decide finds for an event, by profile and name."""
    plain = Workflow.edge

    def noting(self: Workflow, status: Status, event: EventName, by: By, to: Status | None = None) -> Transition | None:
        edge = plain(self, status, event, by, to)
        if edge is not None:
            taken.add((self.name, edge.name))
        return edge

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workflow, "edge", noting)
        yield


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_it_goes_as_it_is_told(scenario: Scenario) -> None:
    Play(scenario).run()


def edges(rules: Rules) -> set[tuple[str, str]]:
    """Every edge of the four profiles that must be, and of a partner's variant those that differ from its own's."""
    found: set[tuple[str, str]] = set()
    for name, workflow in rules.workflows.items():
        role = f"{workflow.role}-{name.rpartition('-')[2]}"
        known = rules.workflows[role].transitions if name != role else ()
        found |= {(name, t.name) for t in workflow.transitions if t not in known}
    return found


@pytest.fixture(scope="module")
def played() -> Walked:
    """The edges and notices that all scenarios together walk."""
    taken: set[tuple[str, str]] = set()
    notices: set[str] = set()
    with walked(taken):
        for scenario in SCENARIOS:
            play = Play(scenario)
            play.run()
            notices |= {fired.key[1] for fired in play.desk.fired if fired.acted}
    return taken, notices


def test_every_edge_of_every_profile_is_walked(played: Walked) -> None:
    assert sorted(edges(shipped_rules()) - played[0]) == []


def test_every_notice_comes_in_some_scenario(played: Walked) -> None:
    assert sorted(set(shipped_rules().notices) - played[1]) == []


def test_every_rule_and_trap_has_a_scenario_and_none_is_unknown() -> None:
    listed = tomllib.loads((FOLDER / "rules.list").read_text("utf-8"))["rule"]
    shown = {rule for scenario in SCENARIOS for rule in scenario.rules}
    assert sorted(set(listed) - shown) == []
    assert sorted(shown - set(listed)) == []


def test_there_are_enough_of_them() -> None:
    assert len(SCENARIOS) >= 80
