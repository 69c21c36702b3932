"""Which request a mail is about: every trace must point the same way, or a human is asked."""

from dataclasses import replace
from typing import Any

import pytest

from maild.core.mail import DeliveryStatus, Mail
from maild.core.reading import Event, NewRequest, Reading
from maild.core.request import Attempt, Item, Request
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.reading.matching import Match, match

OURS = ("ill@library.test",)
ONE, TWO, STRANGE = "KP-2026-000001", "KP-2026-000002", "KP-2062-000001"


def request(number: str, **more: Any) -> Request:
    values: dict[str, Any] = {
        "role": Role.BORROWING,
        "service_type": ServiceType.LOAN,
        "status": Status.LOANED,
        "partner_domains": ("univ.test",),
        "mailed": ("ill@univ.test",),
        "letters": (f"<{number.lower()}.1.ab12@library.test>",),
    }
    return Request(number=number, **{**values, **more})


REQUESTS = (request(ONE), request(TWO))
LETTER_ONE, LETTER_TWO = REQUESTS[0].letters[0], REQUESTS[1].letters[0]
LOANED = Event(event=EventName.LOANED)


def found(
    requests: tuple[Request, ...] | None = REQUESTS,
    kind: Kind = Kind.PARTNER_REPLY,
    events: tuple[Event, ...] = (LOANED,),
    **mail: Any,
) -> Match:
    letter = Mail(**{"from_address": "ill@univ.test", **mail})
    return match(Reading(kind=kind, events=events), letter, requests, ("KP",), OURS)


def doubts(one: Match) -> list[str]:
    return [doubt.reason for doubt in one.doubts]


@pytest.mark.parametrize(
    "mail",
    [
        {"recipients": ("ill+kp-2026-000001@library.test",)},
        {"recipients": ("ill+kp-2026-000001.s.abcdefghijklmnop@library.test",)},
        {"in_reply_to": (LETTER_ONE,)},
        {"in_reply_to": (LETTER_ONE.upper(),)},
        {"references": ("<x@y.test>", LETTER_ONE)},
        {"subject": f"VS: [{ONE}] Kaukolainapyyntö"},
        {"new_text": "koskee tilausta kp - 2026 – 000001"},
        {"quoted": f"Request number: {ONE}"},
        {"in_reply_to": (LETTER_ONE,), "subject": f"[{ONE}]", "new_text": ONE, "quoted": ONE},
    ],
    ids=["address", "signed address", "answer", "answer in capitals", "references", "subject", "text", "quote", "all"],
)
def test_each_trace_alone_and_all_together_name_the_request(mail: dict[str, Any]) -> None:
    assert found(**mail) == Match(requests=(ONE,))


@pytest.mark.parametrize(
    "mail",
    [
        {"in_reply_to": (LETTER_ONE,), "subject": f"[{TWO}]"},
        {"subject": f"[{ONE}]", "new_text": f"lähetetty {TWO}"},
        {"recipients": ("ill+kp-2026-000001@library.test",), "subject": f"[{TWO}]"},
        {"recipients": ("ill+kp-2026-000001@library.test", "ill+kp-2026-000002@library.test")},
        {"subject": f"[{ONE}]", "quoted": f"Request number: {TWO}"},
        {"subject": f"[{ONE}] [{TWO}]"},
        {"subject": f"[{ONE}]", "new_text": f"{ONE} on lähetetty, {TWO} etsitään"},
        {"subject": f"[{ONE}]", "new_text": f"on lähetetty, {STRANGE}"},
        {"in_reply_to": (LETTER_ONE,), "new_text": f"{ONE}, {TWO}"},
        {"subject": f"{ONE} ja 000002"},
        {"subject": f"[{ONE}]", "new_text": f"{ONE}/002 on lähetetty"},
        {"subject": f"[{ONE}]", "new_text": "kp-2026-000001, 000002"},
    ],
)
def test_traces_that_disagree_name_no_request(mail: dict[str, Any]) -> None:
    one = found(**mail)
    assert one.requests == ()
    assert doubts(one)[0] in {"contradictory", "several-requests"}
    assert ONE in one.doubts[0].text or TWO in one.doubts[0].text


@pytest.mark.parametrize(
    "text", [f"{ONE}, 1938", f"{ONE} / 30123456", f"{ONE} ja 000", f"{ONE}-12", f"{ONE}, 012345678"]
)
def test_other_figures_behind_a_number_are_no_second_request(text: str) -> None:
    assert found(new_text=text).requests == (ONE,)


def test_an_old_thread_goes_on_with_the_letter_that_is_answered() -> None:
    assert found(in_reply_to=(LETTER_TWO,), references=(LETTER_ONE, LETTER_TWO)).requests == (TWO,)


def test_a_letter_about_two_requests_leaves_the_choice_to_the_number() -> None:
    shared = (request(ONE), request(TWO, letters=(LETTER_ONE,)))
    assert found(shared, in_reply_to=(LETTER_ONE,), subject=f"[{TWO}]").requests == (TWO,)
    assert doubts(found(shared, in_reply_to=(LETTER_ONE,))) == ["several-requests"]


def test_a_number_that_is_none_of_ours_is_a_doubt() -> None:
    one = found(subject=f"[{STRANGE}]")
    assert (one.requests, doubts(one)) == ((STRANGE,), ["no-request"])
    assert found(None, subject=f"[{STRANGE}]") == Match(requests=(STRANGE,))


def test_a_mail_without_any_trace_is_about_nothing_we_know() -> None:
    assert doubts(found()) == ["no-request"]


# Events that the text ties to numbers


def test_events_tied_to_their_numbers_make_one_mail_about_several_requests() -> None:
    events = (replace(LOANED, request=ONE), Event(event=EventName.UNFILLED, request=TWO))
    text = f"{ONE} lähetetty, {TWO} ei ole meillä"
    assert found(events=events, new_text=text, in_reply_to=(LETTER_ONE,)) == Match(requests=(ONE, TWO))


def test_a_third_number_a_loose_event_or_a_strange_subject_unties_them() -> None:
    events = (replace(LOANED, request=ONE), replace(LOANED, request=TWO))
    both = f"{ONE} ja {TWO} lähetetty"
    assert doubts(found(events=events, new_text=f"{both}, entä KP-2026-000003?")) == ["several-requests"]
    assert doubts(found(events=(*events, LOANED), new_text=both)) == ["several-requests"]
    assert doubts(found(events=events, new_text=both, subject="[KP-2026-000003]")) == ["several-requests"]
    assert doubts(found((REQUESTS[0],), events=events, new_text=both)) == ["no-request"]


# What the other library calls it


LENT = request(ONE, role=Role.LENDING, requester_ref="ABC/44-2026", items=(Item(item_ids=("30123456",)),))


def test_the_partners_own_reference_names_the_request_as_a_word_of_its_own() -> None:
    lent = (LENT, request(TWO, requester_ref="ABC/44-2027"))
    assert found(lent, kind=Kind.PARTNER_REQUEST, new_text="Uusimme lainan abc/44-2026.").requests == (ONE,)
    assert doubts(found(lent, kind=Kind.PARTNER_REQUEST, new_text="Uusimme lainan abc/44-20261.")) == ["no-request"]
    stranger = found(lent, kind=Kind.PARTNER_REQUEST, new_text="abc/44-2026", from_address="x@evil.test")
    assert doubts(stranger) == ["no-request"]
    tried = (request(ONE, attempts=(Attempt(partner_domains=("old.test",), supplier_ref="S-99120"),)),)
    assert found(tried, subject="Re: S-99120", from_address="ill@old.test").requests == (ONE,)


def test_a_barcode_names_the_request_only_where_one_open_item_fits() -> None:
    overdue = (Event(event=EventName.OVERDUE, item_id=("30123456",)),)
    assert found((LENT, REQUESTS[1]), events=overdue).requests == (ONE,)
    closed = replace(LENT, status=Status.LOAN_COMPLETED)
    assert doubts(found((closed, REQUESTS[1]), events=overdue)) == ["no-request"]
    twice = (LENT, request(TWO, items=LENT.items))
    assert doubts(found(twice, events=overdue)) == ["several-requests"]
    assert doubts(found((LENT,), events=overdue, from_address="x@evil.test")) == ["no-request"]


def test_a_barcode_of_another_loan_contradicts_the_number() -> None:
    overdue = (Event(event=EventName.OVERDUE, item_id=("30123456",)),)
    assert doubts(found((LENT, REQUESTS[1]), events=overdue, subject=f"[{TWO}]")) == ["contradictory"]


# New requests


NEW = (Event(event=EventName.REQUEST, new_request=NewRequest(service_type=ServiceType.LOAN)),)


def test_a_number_in_a_form_addresses_no_request() -> None:
    assert found(kind=Kind.WEB_FORM, events=NEW, new_text=f"Note: {ONE}", subject=f"[{ONE}]") == Match()


def test_something_new_in_answer_to_our_letter_may_be_the_old_request() -> None:
    assert found(kind=Kind.PARTNER_REQUEST, events=NEW) == Match()
    assert found(kind=Kind.PARTNER_REQUEST, events=NEW, new_text="our number KP-2019-000001") == Match()
    assert doubts(found(kind=Kind.PARTNER_REQUEST, events=NEW, in_reply_to=(LETTER_ONE,))) == ["several-requests"]
    assert doubts(found(kind=Kind.PATRON_MESSAGE, events=NEW, subject=f"[{ONE}]")) == ["several-requests"]


# Automatic answers and reports


def test_an_automatic_answer_tells_its_request_or_none_but_never_doubts() -> None:
    assert found(kind=Kind.AUTO_REPLY, events=(), in_reply_to=(LETTER_ONE,)) == Match(requests=(ONE,))
    assert found(kind=Kind.AUTO_REPLY, events=()) == Match()
    assert found(kind=Kind.AUTO_REPLY, events=(), subject=f"[{ONE}] [{TWO}]") == Match()


FAILED = (Event(event=EventName.DELIVERY_FAILED, recipient="ILL@univ.test"),)


def bounced(**mail: Any) -> Match:
    return found(kind=Kind.BOUNCE, events=FAILED, **{"from_address": "mailer-daemon@mx.test", **mail})


def test_a_report_is_about_the_letter_that_it_returns() -> None:
    one = Match(requests=(ONE,))
    assert bounced(returned_headers=(("message-id", LETTER_ONE), ("subject", f"[{TWO}]"))) == one
    assert bounced(in_reply_to=(LETTER_ONE,)) == one
    assert bounced(returned_headers=(("subject", f"[{ONE}] Kaukolainapyyntö"),)) == one
    assert bounced(recipients=("ill+kp-2026-000001.s.abcdefghijklmnop@library.test",)) == one
    assert bounced(text=f"failed\n\n--- Below this line\nRequest number: {ONE}") == one


def test_a_report_about_no_letter_of_ours_is_a_doubt() -> None:
    assert doubts(bounced(text="Subject: Luxury watches")) == ["no-request"]
    assert doubts(bounced(text=f"{ONE} {TWO}")) == ["several-requests"]
    assert doubts(bounced(returned_headers=(("subject", f"[{STRANGE}]"),))) == ["no-request"]


def test_a_report_about_somebody_whom_we_did_not_write_to_is_a_doubt() -> None:
    other = (Event(event=EventName.DELIVERY_FAILED, recipient="victim@other.test"),)
    letter = Mail(in_reply_to=(LETTER_ONE,), deliveries=(DeliveryStatus(recipient="victim@other.test"),))
    one = match(Reading(kind=Kind.BOUNCE, events=other), letter, REQUESTS, ("KP",), OURS)
    assert (one.requests, doubts(one)) == ((ONE,), ["sender"])
