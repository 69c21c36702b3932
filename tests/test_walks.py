"""Random roads through the shipped profiles: whatever happens in whatever order, a request stays in the table."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import Command, DropNotices, DueNotice, Effect, Input, PlanNotice
from maild.core.reading import Event
from maild.core.request import Context, Request
from maild.core.rules import Refused, Rules
from maild.core.terms import EventName, Role, ServiceType, Status
from maild.core.workflow import Workflow
from tests.house import (
    ALDER,
    NOW,
    NUMBER,
    PATRON,
    by_patron,
    by_requester,
    by_supplier,
    context,
    request,
    shipped_rules,
)

RULES = shipped_rules()
PROFILES = sorted(RULES.workflows)
SAYERS = (by_supplier, by_patron, by_requester)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "due_date": st.integers(1, 60).map(lambda days: date(2026, 11, 23) + timedelta(days=days)),
        "reason": st.sampled_from(["OnLoan", "NotHeld", "CostExceedsMaxCost"]),
        "attachment": st.booleans(),
        "item_id": st.just(("1300",)),
        "no_renewal": st.booleans(),
        "loan_condition": st.just(("LibraryUseOnly",)),
    },
)
STEPS = st.tuples(st.integers(0, 7), st.sampled_from(EventName), FACTS, st.integers(0, 99))
Step = tuple[int, EventName, dict[str, object], int]


def begun(profile: str) -> Request:
    role = RULES.workflows[profile].role
    service = ServiceType.COPY if profile.endswith("copy") else ServiceType.LOAN
    return request(
        Status.NEW,
        role=role,
        service_type=service,
        profile=profile,
        suppliers=("FI-BIRCH",),
        partner_id=None if role is Role.BORROWING else ALDER.id,
        attempts=(),
    )


def happening(step: Step, now: Request) -> Input:
    """A mail of somebody with any event, or a command of staff, mostly one that fits."""
    who, event, facts, pick = step
    if who < len(SAYERS):
        return SAYERS[who](event, **facts)
    edges = list(RULES.workflow(now).edges(now.status))
    edge = edges[pick % len(edges)]
    said = edge.event if who > len(SAYERS) else event
    values = {"to": str(edge.to)} if said in {EventName.CLOSE, EventName.UNDO} and edge.to else {}
    if said is EventName.NEXT_SUPPLIER:
        values["partner"] = ALDER.symbol
    return Command(number=NUMBER, event=Event(event=said, **facts), actor="anna", values=values, id="c")  # type: ignore[arg-type]


def numbered(known: Context) -> Context:
    """As the store would give it next time: everything added has an id of its own."""
    loan = known.requests[0]
    items = tuple(replace(i, id=n) for n, i in enumerate(loan.items, 1))
    attempts = tuple(replace(a, id=n) for n, a in enumerate(loan.attempts, 1))
    return replace(known, requests=(replace(loan, items=items, attempts=attempts),))


def kept(plans: dict[tuple[str, date], PlanNotice], effects: tuple[Effect, ...]) -> None:
    """The planned notices as the store keeps them."""
    for effect in effects:
        if isinstance(effect, DropNotices):
            for key in [k for k in plans if k[0] in effect.notices]:
                del plans[key]
        elif isinstance(effect, PlanNotice):
            plans[effect.notice, effect.anchor] = effect


def is_watched(workflow: Workflow, status: Status, plans: dict[tuple[str, date], PlanNotice]) -> bool:
    state = workflow.states[status]
    return (
        state.final or bool(state.owner) or any(name in state.notices or name == "nothing_happens" for name, _ in plans)
    )


@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=25))
def test_no_order_of_mails_and_commands_leads_out_of_the_table_or_out_of_sight(profile: str, steps: list[Step]) -> None:
    known = context(begun(profile))
    plans: dict[tuple[str, date], PlanNotice] = {}
    for step in steps:
        try:
            decision = decide(happening(step, known.requests[0]), known, RULES, NOW)
        except Refused:
            continue
        kept(plans, decision.effects)
        known = numbered(apply(known, decision.effects))
        now = known.requests[0]
        workflow = RULES.workflow(now)
        assert now.status in workflow.states
        assert is_watched(workflow, now.status, plans), f"nobody looks at {now.status}: {now}"
        names = {name for name, _ in plans}
        anywhere = set() if workflow.state(now.status).final else {"nothing_happens"}
        assert names <= anywhere | set(workflow.state(now.status).notices), f"{names} still planned in {now.status}"


def ways_to_an_end(rules: Rules, profile: str) -> set[Status]:
    """Statuses from which mails and notices alone, or staff's ordinary commands, lead to an end."""
    workflow = rules.workflows[profile]
    ends = {s for s, state in workflow.states.items() if state.final}
    while more := {s for t in workflow.transitions if t.to in ends for s in t.sources} - ends:
        ends |= more
    return ends


@pytest.mark.parametrize("profile", PROFILES)
def test_from_every_status_a_road_leads_to_an_end(profile: str) -> None:
    assert ways_to_an_end(RULES, profile) == set(RULES.workflows[profile].states)


@settings(max_examples=60, deadline=None)
@given(
    notice=st.sampled_from(sorted(RULES.notices)),
    status=st.sampled_from(sorted(RULES.workflows["borrowing-loan"].states)),
    anchor=st.dates(date(2026, 11, 1), date(2027, 1, 31)),
)
def test_a_notice_that_fires_in_any_status_breaks_nothing(notice: str, status: Status, anchor: date) -> None:
    known = context(request(status))
    due = DueNotice(number=NUMBER, notice=notice, anchor=anchor, due=NOW, id="1")
    decision = decide(due, known, RULES, NOW)
    after = apply(known, decision.effects).requests[0]
    assert after.status in RULES.workflows["borrowing-loan"].states
    if RULES.workflows["borrowing-loan"].states[status].final:
        assert decision.effects == ()
    assert PATRON.email not in {getattr(e, "to", "") for e in decision.effects if getattr(e, "partner_id", None)}
