"""Every mistake of a workflow profile at once: dead ends, unreachable statuses, unknown letters and notices."""

from collections import Counter
from collections.abc import Collection, Iterator

from maild.core.problems import Problem
from maild.core.terms import EventName, Status
from maild.core.workflow import Transition, Workflow

CHOOSING = frozenset({EventName.CLOSE, EventName.REOPEN})  # staff say where it goes; every other event has one way


def problems(workflow: Workflow, letters: Collection[str], notices: Collection[str]) -> list[Problem]:
    """What is wrong with `workflow`, given the names of all letters and notices."""
    return [
        *_wrong_places(workflow),
        *_duplicates(workflow),
        *_unreachable(workflow),
        *_dead_ends(workflow),
        *_unwatched(workflow),
        *_unknown(workflow, letters, notices),
    ]


def _wrong_places(workflow: Workflow) -> Iterator[Problem]:
    if workflow.initial not in workflow.states:
        yield _problem(workflow, "initial", f"{workflow.initial} is no status of it", "add it or begin elsewhere")
    for edge in workflow.transitions:
        if edge.to is not None and edge.to not in workflow.states:
            yield _problem(workflow, f"transition.{edge.name}.to", f"{edge.to} is no status of it", "add [status]")
        if not edge.sources:
            yield _problem(workflow, f"transition.{edge.name}.from", "starts nowhere", "name a status, a group or *")


def _duplicates(workflow: Workflow) -> Iterator[Problem]:
    """Two edges for one event in one status, of which only the first could ever be taken."""
    ways: Counter[tuple[Status, EventName, str, Status | None]] = Counter()
    for edge in workflow.transitions:
        for status in edge.sources:
            chosen = edge.to if edge.event in CHOOSING else None
            ways.update((status, edge.event, by, chosen) for by in edge.by)
    for (status, event, by, _), count in ways.items():
        if count > 1:
            names = ", ".join(t.name for t in workflow.transitions if t.event is event and status in t.sources)
            what = f"{event} by {by} in {status} has {count} edges: {names}"
            yield _problem(workflow, "transition", what, "leave one of them")


def _unreachable(workflow: Workflow) -> Iterator[Problem]:
    reached = {workflow.initial}
    while new := {t.to for t in _moving(workflow) if t.sources & reached and t.to is not None} - reached:
        reached |= new
    for status in workflow.states:
        if status not in reached:
            what = f"{status} cannot be reached from {workflow.initial}"
            yield _problem(workflow, f"status.{status}", what, "add a transition to it or take it out")


def _dead_ends(workflow: Workflow) -> Iterator[Problem]:
    """Open statuses from which no road leads to an end."""
    ending = {s for s, state in workflow.states.items() if state.final}
    if not ending:
        yield _problem(workflow, "status", "no status is final", "mark at least one with final = true")
    while new := {s for t in _moving(workflow) if t.to in ending for s in t.sources} - ending:
        ending |= new
    for status in workflow.states:
        if status not in ending:
            what = f"no road leads from {status} to an end"
            yield _problem(workflow, f"status.{status}", what, "add a transition, or final = true")


def _unwatched(workflow: Workflow) -> Iterator[Problem]:
    for status, state in workflow.states.items():
        if not state.final and not state.owner and not state.notices:
            what = f"{status} is open, and nobody looks at it"
            yield _problem(workflow, f"status.{status}", what, "give it an owner or a notice")


def _unknown(workflow: Workflow, letters: Collection[str], notices: Collection[str]) -> Iterator[Problem]:
    for edge in workflow.transitions:
        for letter in edge.letters:
            if letter.name not in letters:
                what = f"no letter {letter.name!r}"
                yield _problem(
                    workflow, f"transition.{edge.name}.letters", what, "write it, or see maild letters check"
                )
    for status, state in workflow.states.items():
        for notice in state.notices:
            if notice not in notices:
                what = f"no notice {notice!r}"
                yield _problem(workflow, f"status.{status}.notices", what, f"use: {', '.join(sorted(notices))}")


def _moving(workflow: Workflow) -> list[Transition]:
    """Edges that lead somewhere; one that asks the rota first also leads where the next supplier is asked."""
    return [t for t in workflow.transitions if t.to is not None]


def _problem(workflow: Workflow, place: str, what: str, way_out: str) -> Problem:
    return Problem(file=workflow.file, place=place, what=what, way_out=way_out)
