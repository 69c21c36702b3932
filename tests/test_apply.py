from dataclasses import replace
from datetime import date
from decimal import Decimal

from maild.core.apply import apply, noted_beside
from maild.core.effects import (
    AddCharge,
    ChangeRequest,
    FileMail,
    Folder,
    Move,
    OpenRequest,
    PartnerAbsent,
    PutAttempt,
    PutItem,
)
from maild.core.prices import read_money
from maild.core.reading import Event, Money, NewRequest, Person, Requester
from maild.core.request import Attempt, Charge, Item
from maild.core.terms import EventName, Flag, Role, ServiceType, Status
from tests.house import NUMBER, context, on_loan, request


def test_a_move_changes_status_and_flags_and_the_pending_renewal_with_them() -> None:
    asked = Move(
        number=NUMBER,
        to=Status.WITH_PATRON,
        event=Event(event=EventName.RENEW),
        add=frozenset({Flag.RENEWAL_PENDING}),
    )
    after = apply(context(on_loan()), (asked,)).request(NUMBER)
    assert after is not None
    assert after.renewal_pending
    assert Flag.RENEWAL_PENDING in after.flags
    answered = Move(
        number=NUMBER,
        to=Status.WITH_PATRON,
        event=Event(event=EventName.RENEW_REFUSED),
        remove=frozenset({Flag.RENEWAL_PENDING}),
    )
    after = apply(context(after), (answered,)).request(NUMBER)
    assert after is not None
    assert not after.renewal_pending
    assert not after.flags


def test_an_item_with_a_known_id_is_replaced_and_one_without_is_added() -> None:
    effects = (PutItem(number=NUMBER, item=Item(id=1, volume="1")), PutItem(number=NUMBER, item=Item(volume="2")))
    after = apply(context(on_loan()), effects).request(NUMBER)
    assert after is not None
    assert [i.volume for i in after.items] == ["1", "2"]


def test_attempts_charges_and_fields_are_put_on_their_request_only() -> None:
    other = request(number="KP-2026-000999")
    effects = (
        PutAttempt(number=NUMBER, attempt=Attempt(partner_id=2)),
        AddCharge(number=NUMBER, charge=Charge(kind="x", payer="us", money=Money(amount=Decimal(1), currency="EUR"))),
        ChangeRequest(number=NUMBER, values={"note": "n"}),
        FileMail(folder=Folder.DONE),
    )
    after = apply(context(request(), other), effects)
    changed = after.request(NUMBER)
    assert changed is not None
    assert (len(changed.attempts), len(changed.charges), changed.note) == (2, 1, "n")
    assert after.request("KP-2026-000999") == other


def test_an_opened_request_is_there_for_the_effects_that_follow() -> None:
    new = NewRequest(
        service_type=ServiceType.COPY,
        patron=Person(email="a@student.example"),
        requester=Requester(ref="R1"),
        need_before=date(2027, 1, 1),
    )
    opening = OpenRequest(role=Role.BORROWING, new=new, profile="borrowing-copy", status=Status.NEW)
    moved = Move(number="", to=Status.REQUESTED, event=Event(event=EventName.NEXT_SUPPLIER))
    after = apply(context(), (opening, moved)).request("")
    assert after is not None
    assert (after.status, after.patron_email, after.need_before) == (
        Status.REQUESTED,
        "a@student.example",
        date(2027, 1, 1),
    )


def test_a_partners_absence_is_seen_by_what_follows() -> None:
    after = apply(context(), (PartnerAbsent(partner_id=1, until=date(2026, 12, 1)),))
    alder, birch = after.partner(1), after.partner(2)
    assert alder is not None
    assert alder.absent_until == date(2026, 12, 1)
    assert birch is not None
    assert birch.absent_until is None


def test_a_line_takes_the_place_of_its_like_until_that_is_settled() -> None:
    price = Charge(kind="price", payer="us", money=read_money("8 EUR"), partner_id=1)
    other, free = replace(price, money=read_money("9 EUR")), replace(price, money=read_money("0 EUR"))
    paid = replace(price, settled=True)
    assert noted_beside((price,), (other,)) == (other,)
    assert noted_beside((paid,), (other,)) == (paid, other)
    assert noted_beside((price,), (free, other)) == (replace(free, settled=True), other)
    for beside in (replace(other, kind="fee"), replace(other, payer="patron"), replace(other, partner_id=2)):
        assert noted_beside((price,), (beside,)) == (price, beside)
