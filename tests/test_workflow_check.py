"""Every mistake that a workflow profile can have, in the words that a librarian reads at the start of the daemon."""

from dataclasses import replace
from datetime import date

import pytest

from maild.core import workflow_check
from maild.core.effects import Audience
from maild.core.reading import Event
from maild.core.terms import EventName, Flag, Status
from maild.core.workflow import By, Letter, LoanTerms
from tests.test_workflow import SMALL, changed, problems
from tests.test_workflow_files import loaded

SENT = {"from": ["New"], "event": "Loaned", "by": ["supplier"], "to": "Loaned"}
BACK = {"from": ["Loaned"], "event": "ShippedReturn", "by": ["requester"], "to": "Cancelled"}
OPEN = {"owner": "staff"}


def told(**tables: object) -> list[str]:
    """The mistakes of the small profile with these tables laid over its own, without the name of its file."""
    whole = {name: {**SMALL[name], **t} if isinstance(t, dict) else t for name, t in tables.items()}
    found = problems(small=SMALL | whole)
    assert all(one.startswith("workflows/small.toml: ") for one in found)
    return [one.removeprefix("workflows/small.toml: ") for one in found]


def test_a_profile_begins_in_a_status_that_it_has() -> None:
    assert told(initial="Loaned")[0] == "initial: Loaned is no status of it; add it or begin elsewhere"


def test_an_edge_leads_to_a_status_that_the_profile_has() -> None:
    assert told(transition={"sent": SENT}) == ["transition.sent.to: Loaned is no status of it; add [status]"]


def test_an_edge_starts_somewhere() -> None:
    nowhere = {"from": [], "event": "Note", "by": ["staff"]}
    assert told(transition={"note": nowhere}) == [
        "transition.note.from: starts nowhere; name a status, a group or *",
    ]


def test_of_two_edges_for_one_event_only_the_first_could_be_taken() -> None:
    again = {"from": ["New"], "event": "Cancel", "by": ["patron", "staff"], "to": "Cancelled"}
    assert told(transition={"again": again}) == [
        "transition: Cancel by patron in New has 2 edges: cancel, again; leave one of them"
    ]
    staying = {"from": ["New"], "event": "Cancel", "by": ["patron"]}
    assert told(transition={"staying": staying}) == [
        "transition: Cancel by patron in New has 2 edges: cancel, staying; leave one of them"
    ]
    elsewhere = {"from": ["Cancelled"], "event": "Cancel", "by": ["patron"]}
    other = {"from": ["New"], "event": "Note", "by": ["patron"]}
    by_another = again | {"by": ["supplier"]}
    assert told(transition={"elsewhere": elsewhere, "other": other, "by-another": by_another}) == []


@pytest.mark.parametrize("event", ["Close", "Reopen"])
def test_staff_may_choose_among_several_ways_to_close_or_open_again_but_not_between_two_alike(event: str) -> None:
    states = {"Expired": {"final": True}}
    way = {"from": ["New"], "event": event, "by": ["staff"], "to": "Cancelled"}
    both = {"close": way, "close-late": way | {"to": "Expired"}}
    assert told(status=states, transition=both) == []
    assert told(status=states, transition=both | {"close-too": way}) == [
        f"transition: {event} by staff in New has 2 edges: close, close-late, close-too; leave one of them"
    ]


def test_every_status_can_be_reached_over_however_many_steps() -> None:
    states = {"Loaned": OPEN, "Expired": {"final": True}}
    end = BACK | {"to": "Expired"}
    assert told(status=states, transition={"back": end, "sent": SENT}) == []
    assert told(status=states, transition={"back": end}) == [
        "status.Loaned: Loaned cannot be reached from New; add a transition to it or take it out",
        "status.Expired: Expired cannot be reached from New; add a transition to it or take it out",
    ]


def test_from_every_open_status_a_road_leads_to_an_end_over_however_many_steps() -> None:
    states = {"Loaned": OPEN, "Received": OPEN}
    come = {"from": ["Loaned"], "event": "Received", "by": ["house"], "to": "Received"}
    home = BACK | {"from": ["Received"]}
    assert told(status=states, transition={"sent": SENT, "come": come, "home": home}) == []
    assert told(status=states, transition={"sent": SENT, "come": come}) == [
        "status.Loaned: no road leads from Loaned to an end; add a transition, or final = true",
        "status.Received: no road leads from Received to an end; add a transition, or final = true",
    ]


def test_at_least_one_status_is_final() -> None:
    assert told(status={"Cancelled": OPEN}) == [
        "status: no status is final; mark at least one with final = true",
        "status.New: no road leads from New to an end; add a transition, or final = true",
        "status.Cancelled: no road leads from Cancelled to an end; add a transition, or final = true",
    ]


def test_an_open_status_has_an_owner_or_a_notice_that_wakes_us() -> None:
    assert told(status={"New": {"owner": "staff"}}) == []
    assert told(status={"New": {"notices": ["expire"]}}) == []
    assert told(status={"New": {"says": "New"}}) == [
        "status.New: New is open, and nobody looks at it; give it an owner or a notice"
    ]


def test_a_letter_that_is_not_written_is_told_with_its_edge() -> None:
    cancel = {"from": ["New"], "event": "Cancel", "by": ["patron"], "to": "Cancelled"}
    letters = [{"name": name, "to": "patron"} for name in ("canceled", "cancelled")]
    assert told(transition={"cancel": cancel | {"letters": letters}}) == [
        "transition.cancel.letters: no letter 'canceled'; write it, or see maild letters check"
    ]


def test_a_notice_that_does_not_exist_is_told_with_those_that_do() -> None:
    assert told(status={"New": {"notices": ["expires", "expire"]}}) == [
        "status.New.notices: no notice 'expires'; use: expire"
    ]
    unknown = loaded(changed(status={"New": {"notices": ["expires"]}}))
    (problem,) = workflow_check.problems(unknown, {"cancelled"}, {"expire", "due_soon"})
    assert problem.way_out == "use: due_soon, expire"


# What a loaded profile answers


def test_a_status_that_a_profile_lacks_has_neither_owner_nor_notice_nor_end() -> None:
    state = loaded(SMALL).state(Status.LOANED)
    assert (state.status, state.owner, state.notices, state.final) == (Status.LOANED, "", (), False)
    assert loaded(SMALL).state(Status.CANCELLED).final


def test_staff_do_what_anybody_may_and_mean_our_own_house_where_it_may_too() -> None:
    theirs = {"from": ["New"], "event": "Received", "by": ["requester"], "to": "Cancelled"}
    ours = {"from": ["New"], "event": "Received", "by": ["house"]}
    profile = loaded(changed(transition={"theirs": theirs, "ours": ours}))

    def taken(event: EventName, by: By, to: Status | None = None) -> str:
        edge = profile.edge(Status.NEW, event, by, to)
        return edge.name if edge is not None else ""

    assert [taken(EventName.RECEIVED, by) for by in ("requester", "house", "staff")] == ["theirs", "ours", "ours"]
    assert [taken(EventName.CANCEL, by) for by in ("patron", "staff", "supplier")] == ["cancel", "cancel", ""]
    assert taken(EventName.RECEIVED, "staff", Status.CANCELLED) == "theirs"
    assert taken(EventName.RECEIVED, "staff", Status.LOANED) == ""
    by_staff = loaded(changed(transition={"theirs": theirs, "ours": ours | {"by": ["staff"]}}))
    edge = by_staff.edge(Status.NEW, EventName.RECEIVED, "staff")
    assert edge is not None
    assert edge.name == "ours"


def test_a_letter_goes_with_all_of_its_facts_one_of_its_reasons_and_the_flags_that_it_is_for() -> None:
    letter = Letter(
        name="x",
        to=Audience.PATRON,
        given=("due_date", "attachment|url"),
        reasons=("OnLoan", "OnOrder"),
        only_with=frozenset({Flag.RECALLED}),
        not_with=frozenset({Flag.DISPUTE}),
    )
    fits = Event(event=EventName.NOTE, due_date=date(2026, 12, 18), url="https://x.example/1", reason="OnOrder")
    recalled = frozenset({Flag.RECALLED})
    assert letter.goes(fits, recalled)
    assert letter.goes(replace(fits, url=None, attachment=True), recalled)
    for other in (replace(fits, due_date=None), replace(fits, url=None), replace(fits, reason="NotHeld")):
        assert not letter.goes(other, recalled)
    assert not letter.goes(fits, frozenset())
    assert not letter.goes(fits, frozenset({Flag.RECALLED, Flag.DISPUTE}))


def test_another_supplier_is_asked_after_one_of_the_reasons_or_always() -> None:
    edge = loaded(SMALL).transitions[0]
    no = Event(event=EventName.UNFILLED, reason="NotHeld")
    tries = [replace(edge, rota=rota).tries_rota(no) for rota in ((), ("OnLoan",), ("OnLoan", "NotHeld"), ("*",))]
    assert tries == [False, False, True, True]
    silent = replace(no, reason=None)
    assert [replace(edge, rota=rota).tries_rota(silent) for rota in (("OnLoan",), ("*",))] == [False, True]


def test_a_profile_without_terms_lends_for_four_weeks_and_renews_three_times() -> None:
    assert loaded(SMALL).loan == LoanTerms(days=28, max_renewals=3, max_total_days=180)
