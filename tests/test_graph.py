"""Pictures of the profiles: every move is in them, and those in docs/ are of the rules as they are."""

from pathlib import Path

import pytest
from lxml import etree

from maild.core.graph import arrows, mermaid, svg
from maild.core.terms import Status
from tests.house import shipped_rules

RULES = shipped_rules()
DOCS = Path(__file__).parent.parent / "docs/workflows"


def test_every_status_and_every_move_is_in_both_pictures() -> None:
    workflow = RULES.workflows["borrowing-loan"]
    moves = {(t.to, s) for t in workflow.transitions for s in t.sources if t.to not in {None, s}}
    assert {(a.end, a.start) for a in arrows(workflow)} == moves
    lines = mermaid(workflow).splitlines()
    assert "    WithPatron --> ReturnedByPatron: ReturnedByPatron" in lines
    assert "    Requested --> FilledLocally: Close (staff)" in lines
    assert "    LoanCompleted --> [*]" in lines
    told = "".join(etree.fromstring(svg(workflow).encode()).itertext())
    assert all(status in told for status in workflow.states)
    assert "Unfilled, Close → Unfilled" in told


def test_a_move_of_staff_has_words_but_no_arc() -> None:
    workflow = RULES.workflows["lending-loan"]
    drawn = svg(workflow).count("stroke-opacity")
    assert drawn == sum(a.by_itself for a in arrows(workflow)) < len(arrows(workflow))
    assert any(a.start is Status.LOANED and not a.by_itself for a in arrows(workflow))


@pytest.mark.parametrize("name", ["borrowing-loan", "borrowing-copy", "lending-loan", "lending-copy"])
def test_the_pictures_in_docs_are_those_of_the_rules(name: str) -> None:
    assert (DOCS / f"{name}.svg").read_text("utf-8") == svg(RULES.workflows[name])
    assert (DOCS / f"{name}.mmd").read_text("utf-8") == mermaid(RULES.workflows[name])
