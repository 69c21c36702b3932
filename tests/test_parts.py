from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.core.parts import AWAITED, COME, WAITING, Unclear, arrival, called, ready, things, with_main
from maild.core.reading import Event
from maild.core.request import Item, Request
from maild.core.returns import leaves_others, put_away
from maild.core.terms import EventName, Flag, Status
from tests.house import on_loan, request

ONE = Item(id=1, item_ids=("1300",), volume="1", due_date=date(2026, 12, 18))
TWO = Item(id=2, item_ids=("1301",), volume="2", due_date=date(2026, 12, 18))
SENT = on_loan(Status.LOANED, items=(ONE, TWO))
PART = on_loan(Status.AWAITING_PICKUP, items=(ONE, replace(TWO, place=AWAITED)), flags=frozenset({Flag.PARTS_OUT}))


def came(loan: Request, *ids: str, **values: str) -> tuple[list[tuple[str, ...]], str]:
    """The ids of what came, and what is still out as a letter calls it."""
    found = arrival(loan, Event(event=EventName.RECEIVED, item_id=ids), values)
    return [item.item_ids for item in found.here], called(found.out)


def test_a_parcel_that_names_nothing_brings_everything() -> None:
    assert came(SENT) == ([("1300",), ("1301",)], "")
    assert came(request()) == ([()], "")


def test_what_is_named_came_and_the_rest_is_still_out() -> None:
    assert came(SENT, "1301") == ([("1301",)], "1")
    assert came(SENT, volume="2") == ([("1301",)], "1")
    assert came(SENT, missing="1") == ([("1301",)], "1")


def test_a_barcode_of_our_own_joins_the_volume_that_it_is_said_to_be() -> None:
    assert came(SENT, "9000", volume="2") == ([("1301", "9000")], "1")
    assert came(SENT, "9000", "9001", volume="1,2") == ([("1300", "9000"), ("1301", "9001")], "")


def test_volumes_that_nobody_had_told_of_are_registered_as_missing() -> None:
    assert came(request(), "1300", volume="1", missing="2,3") == ([("1300",)], "2, 3")
    assert came(on_loan(Status.LOANED), missing="2") == ([("1300",)], "2")


def test_several_ids_are_several_things_unless_one_is_the_main_one() -> None:
    assert came(request(), "1300", "1301") == ([("1300",), ("1301",)], "")
    assert came(request(), "1300", "1301", main="1301") == ([("1301", "1300")], "")
    assert came(on_loan(Status.LOANED), "1400", main="1400") == ([("1400", "1300")], "")
    assert came(on_loan(Status.LOANED), "1400") == ([("1300", "1400")], "")


def test_the_rest_comes() -> None:
    assert came(PART) == ([("1301",)], "")
    assert came(PART, "9001") == ([("1301", "9001")], "")
    assert arrival(PART, Event(event=EventName.RECEIVED), {}).here[0].place == COME


def test_a_second_slip_for_what_is_here_puts_nothing_out_again() -> None:
    here = replace(SENT, status=Status.WITH_PATRON)
    assert came(here, "1300") == ([("1300",)], "")
    returned = replace(here, items=(replace(ONE, place="ReturnedByPatron"), TWO))
    assert arrival(returned, Event(event=EventName.RECEIVED, item_id=("1300",)), {}).here[0].place == "ReturnedByPatron"


@pytest.mark.parametrize(
    ("ids", "values"),
    [
        (("9000",), {}),
        (("1300",), {"main": "1301"}),
        ((), {"main": "1300"}),
        (("1300",), {"volume": "1,2"}),
        ((), {"volume": "7"}),
    ],
)
def test_what_fits_nothing_is_asked_for(ids: tuple[str, ...], values: dict[str, str]) -> None:
    with pytest.raises(Unclear):
        came(SENT, *ids, **values)


def test_only_what_is_here_can_be_fetched() -> None:
    found = ready(PART, Event(event=EventName.READY_FOR_PICKUP), {})
    assert ([item.id for item in found.here], called(found.out)) == ([1], "2")
    rest = ready(PART, Event(event=EventName.READY_FOR_PICKUP, item_id=("1301",)), {})
    assert ([(item.id, item.place) for item in rest.here], rest.out) == ([(2, COME)], ())


def test_the_main_id_can_be_chosen_later() -> None:
    both = on_loan(items=(replace(ONE, item_ids=("1300", "1400")),))
    assert with_main(both, "1400").item_ids == ("1400", "1300")
    with pytest.raises(Unclear, match="main=7"):
        with_main(both, "7")


words = st.lists(st.sampled_from(["1", "2", "3", "1300", "1301", "9000", ""]), max_size=3)


@given(ids=words, volume=words, missing=words, loan=st.sampled_from([SENT, PART, request(), on_loan()]))
def test_no_arrival_loses_a_thing_or_an_id(
    ids: list[str], volume: list[str], missing: list[str], loan: Request
) -> None:
    event = Event(event=EventName.RECEIVED, item_id=tuple(filter(None, ids)))
    try:
        found = arrival(loan, event, {"volume": ",".join(volume), "missing": ",".join(missing)})
    except Unclear:
        return
    after = {item.id: item for item in (*loan.items, *found.here, *found.out)}
    assert {item.id for item in loan.items} <= after.keys()
    assert all(set(item.item_ids) <= set(after[item.id].item_ids) for item in loan.items)
    told = {one for item in (*found.here, *found.out) for one in item.item_ids}
    assert set(event.item_id) <= told


def test_a_thing_is_told_of_with_its_volume() -> None:
    event = Event(event=EventName.LOANED, item_id=("77", "78"))
    assert [(i.item_ids, i.volume) for i in things(event, {"volume": "1,2"})] == [(("77",), "1"), (("78",), "2")]


def test_what_has_never_come_keeps_nobody_from_sending_back_the_others_and_only_the_end_waits_for_it() -> None:
    back = [EventName.RETURNED_BY_PATRON, EventName.SHIPPED_RETURN, EventName.LOAN_COMPLETED]
    assert [leaves_others(Event(event=event), PART) for event in back] == [False, False, True]
    assert [leaves_others(Event(event=event, item_id=("1300",)), PART) for event in back] == [False, False, True]
    assert [item.item_ids for item in put_away(Event(event=back[0]), PART)] == [("1300",)]


def test_what_went_back_before_is_no_longer_waited_for() -> None:
    gone = replace(ONE, place="ShippedReturn")
    last = on_loan(Status.WITH_PATRON, items=(gone, TWO))
    for named in ((), ("1301",)):
        returned = Event(event=EventName.RETURNED_BY_PATRON, item_id=named)
        assert not leaves_others(returned, last)
        assert put_away(returned, last) == (replace(TWO, place="ReturnedByPatron"),)


def test_what_waits_on_the_shelf_is_not_brought_back_with_the_others() -> None:
    shelf = on_loan(Status.WITH_PATRON, items=(ONE, replace(TWO, place=WAITING)))
    assert leaves_others(Event(event=EventName.RETURNED_BY_PATRON), shelf)
    assert not leaves_others(Event(event=EventName.SHIPPED_RETURN), shelf)
