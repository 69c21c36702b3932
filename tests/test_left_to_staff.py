"""What staff read of a mail that was left to them: the reason, whole sentences, the passage, what they could type."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from maild.core.decide import decide
from maild.core.effects import AskStaff, ChangeRequest, Decision, FileMail, Folder, ReadMail, SendLetter
from maild.core.mail import Attachment
from maild.core.new_partner import HOW
from maild.core.reading import Doubt, Event, Money, Reading
from maild.core.request import Request
from maild.core.rules import SitePolicy
from maild.core.terms import EventName, Flag, Kind, Party, ServiceType, Status
from maild.core.trust import reply_address
from tests.house import (
    ALDER,
    NOW,
    NUMBER,
    PATRON,
    by_patron,
    by_requester,
    by_supplier,
    context,
    lending,
    mail,
    on_loan,
    request,
    said,
    shipped_rules,
)

RULES = shipped_rules()
OTHER = "KP-2026-000124"
FORM = "form@forms.example"
STAFF = "anna@library.example"
KEY = "aa" * 16
EUROS = Money(amount=Decimal(8), currency="EUR")


def decided(happening: ReadMail, *requests: Request, **known: object) -> Decision:
    return decide(happening, context(*requests, **known), RULES, NOW)


def left(decision: Decision) -> AskStaff:
    """What staff are asked; and nothing else happens than that the mail is put with what is to do."""
    ask, filed = decision.effects
    assert isinstance(ask, AskStaff)
    assert filed == FileMail(folder=Folder.TODO)
    assert not decision.auto
    return ask


def of_two(happening: ReadMail) -> ReadMail:
    return replace(happening, reading=replace(happening.reading, requests=(NUMBER, OTHER)))


def of_none(happening: ReadMail) -> ReadMail:
    return replace(happening, reading=replace(happening.reading, requests=()))


@pytest.mark.parametrize(
    ("happening", "reason", "text"),
    [
        (
            replace(by_supplier(EventName.UNFILLED), mail=mail(ALDER.email, ambiguous=("two-bodies", "two-froms"))),
            "ambiguous",
            "Two mail readers could see two mails here: two-bodies, two-froms.",
        ),
        (
            ReadMail(mail=mail(ALDER.email), reading=Reading()),
            "unclear",
            "Nothing that was read here is about a request.",
        ),
        (
            said(Kind.PARTNER_REPLY, ALDER.email),
            "unclear",
            "It was not understood what this mail says.",
        ),
        (by_supplier(EventName.LOST), "special-event", "Lost is always for staff to decide."),
        (
            said(Kind.WEB_FORM, FORM, Event(event=EventName.NOTE)),
            "unclear",
            "A web-form says nothing about a request here.",
        ),
        (
            of_two(by_supplier(EventName.UNFILLED)),
            "several-requests",
            f"Which request is meant? It names {NUMBER}, {OTHER}.",
        ),
        (of_none(by_supplier(EventName.UNFILLED)), "no-request", "Which request is meant? It names none of ours."),
        (by_supplier(EventName.UNFILLED, request=OTHER), "no-request", f"There is no open request {OTHER}."),
        (
            said(Kind.PARTNER_REPLY, "ill@birch.example", Event(event=EventName.UNFILLED)),
            "sender",
            f"Not believed: birch.example belongs to a partner, but not to the one that {NUMBER} was placed with.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_staff_read_in_a_sentence_why_a_mail_was_left_to_them(happening: ReadMail, reason: str, text: str) -> None:
    decision = decided(happening, request())
    ask = left(decision)
    assert (ask.reason, ask.text) == (reason, text)
    assert decision.why == f"{reason}: {text}"


def test_as_many_events_as_the_site_allows_are_acted_on_and_one_more_goes_to_staff() -> None:
    most = SitePolicy().max_events
    thanks = tuple(Event(event=EventName.NOTIFICATION) for _ in range(most + 1))
    assert decided(said(Kind.PARTNER_REPLY, ALDER.email, *thanks[:most]), request()).auto
    ask = left(decided(said(Kind.PARTNER_REPLY, ALDER.email, *thanks), request()))
    assert (ask.reason, ask.text) == ("too-many", f"It speaks of {most + 1} things; more than {most} go to staff.")


@pytest.mark.parametrize(
    "happening",
    [
        by_supplier(EventName.LOST, passage="hävinnyt"),
        of_none(by_supplier(EventName.UNFILLED, passage="hävinnyt")),
        by_supplier(EventName.UNFILLED, request=OTHER, passage="hävinnyt"),
        said(Kind.PARTNER_REPLY, "ill@birch.example", Event(event=EventName.UNFILLED, passage="hävinnyt")),
        by_supplier(EventName.LOANED, due_date=date(2020, 1, 1), passage="hävinnyt"),
        by_supplier(EventName.LOAN_COMPLETED, passage="hävinnyt"),
    ],
    ids=["always for staff", "no number", "an unknown number", "a stranger", "an odd date", "no edge"],
)
def test_staff_see_the_passage_that_an_event_was_read_from_whatever_stops_it(happening: ReadMail) -> None:
    decision = decided(happening, request())
    assert left(decision).passage == "hävinnyt"
    assert decision.reading is not None
    assert [doubt.passage for doubt in decision.reading.doubts] == ["hävinnyt"]


def test_the_first_doubt_gives_the_reason_and_the_passage_and_each_text_is_told_once() -> None:
    doubts = (
        Doubt(reason="hedged", text="Perhaps.", passage="ehkä"),
        Doubt(reason="question", text="It asks.", passage="voisiko"),
        Doubt(reason="hedged", text="Perhaps.", passage="kenties"),
    )
    happening = by_supplier(EventName.LOANED, due_date=date(2026, 12, 18))
    decision = decided(replace(happening, reading=replace(happening.reading, doubts=doubts)), request())
    ask = left(decision)
    assert (ask.number, ask.reason, ask.text, ask.passage) == (NUMBER, "hedged", "Perhaps. It asks.", "ehkä")
    assert decision.why == "hedged: Perhaps."
    assert decision.reading is not None
    assert decision.reading.doubts == doubts


def test_a_task_is_of_a_request_only_where_the_mail_names_one_alone_that_we_have() -> None:
    lost = by_supplier(EventName.LOST)
    assert left(decided(lost, request())).number == NUMBER
    assert left(decided(lost)).number == ""
    assert left(decided(of_two(lost), request(), request(number=OTHER))).number == ""
    assert left(decided(of_none(lost), request())).number == ""


def test_staff_are_offered_the_events_as_commands_where_their_request_is_known() -> None:
    events = (Event(event=EventName.LOST), Event(event=EventName.UNFILLED, request=OTHER, reason="NotHeld"))
    commands = (f"maild request do {NUMBER} Lost", f"maild request do {OTHER} Unfilled reason=NotHeld")
    assert left(decided(said(Kind.PARTNER_REPLY, ALDER.email, *events), request())).commands == commands
    nameless = said(Kind.PARTNER_REPLY, ALDER.email, *events)
    assert left(decided(of_none(nameless), request())).commands == commands[1:]


def test_what_a_partner_sends_that_nobody_asked_for_can_be_taken_on_by_a_command() -> None:
    due = Event(event=EventName.OVERDUE, due_date=date(2026, 11, 20), item_id=("1300", "1301"))
    sent = Event(event=EventName.LOANED, due_date=date(2026, 12, 18), cost=EUROS)
    thanks = Event(event=EventName.NOTIFICATION)
    offered = left(decided(of_none(said(Kind.PARTNER_REPLY, "Ritva@Alder.example", due, sent, thanks)))).commands
    assert offered == (
        "maild request adopt FI-ALDER CARD title=… due_date=2026-11-20 item_id=1300,1301",
        "maild request adopt FI-ALDER CARD title=… due_date=2026-12-18 'cost=8 EUR' place=coming",
    )


@pytest.mark.parametrize("event", [EventName.LOANED, EventName.OVERDUE, EventName.RECALLED])
def test_whatever_is_said_of_a_loan_that_is_not_ours_offers_to_take_it_on(event: EventName) -> None:
    (command,) = left(decided(of_none(by_supplier(event)))).commands
    assert command.startswith("maild request adopt FI-ALDER CARD title=…")


def test_nothing_is_taken_on_of_a_library_that_is_not_on_record_or_that_answers_a_request_of_ours() -> None:
    stranger = said(Kind.PARTNER_REPLY, "ill@strange.example", Event(event=EventName.OVERDUE))
    assert not [c for c in left(decided(of_none(stranger))).commands if "adopt" in c]
    assert left(decided(of_two(by_supplier(EventName.OVERDUE)), request(), request(number=OTHER))).commands == ()


def test_a_partners_domain_is_known_in_any_case() -> None:
    shouting = replace(ALDER, domains=("ALDER.Example",))
    assert left(decided(of_none(by_supplier(EventName.OVERDUE)), partners=(shouting,))).commands


def test_a_library_that_is_not_on_record_is_offered_as_a_record_with_how_it_goes_on() -> None:
    stranger = said(Kind.PARTNER_REPLY, "ill@strange.example", Event(event=EventName.OVERDUE))
    ask = left(decided(of_none(stranger)))
    assert ask.text == f"Which request is meant? It names none of ours. {HOW}"
    assert ask.commands[-1].startswith("maild partner add symbol=strange.example")
    assert HOW not in left(decided(of_none(by_supplier(EventName.OVERDUE)))).text


# What is not left


def test_a_decision_says_what_was_read_and_that_nothing_stood_against_it() -> None:
    both = (Event(event=EventName.CANCEL_REFUSED), Event(event=EventName.LOANED, due_date=date(2026, 12, 18)))
    happening = said(Kind.PARTNER_REPLY, ALDER.email, *both)
    decision = decided(happening, request(Status.CANCEL_PENDING))
    believed = "the sender is believed, the request is known and its profile allows it"
    assert decision.why == f"partner-reply: CancelRefused, Loaned; {believed}"
    assert decision.reading == happening.reading
    away = ReadMail(mail=mail(ALDER.email), reading=Reading(kind=Kind.AUTO_REPLY))
    assert decided(away).why == f"auto-reply: nothing that changes a request; {believed}"


def test_a_mail_is_of_the_day_on_which_it_was_taken_whenever_it_is_decided() -> None:
    happening = by_supplier(EventName.LOANED, due_date=date(2026, 11, 24))
    happening = replace(happening, mail=mail(ALDER.email, received_at=NOW.replace(day=24)))
    assert decided(happening, request()).auto
    assert left(decided(happening, request(), received_at=None)).reason == "date"
    unknown = replace(happening, mail=mail(ALDER.email))
    assert decided(unknown, request(), received_at=None).auto
    assert left(decide(unknown, context(request(), received_at=None), RULES, NOW.replace(day=24))).reason == "date"


@pytest.mark.parametrize(
    ("happening", "of", "values"),
    [
        (by_supplier(EventName.NOTIFICATION), request(), {"last_partner_message_id": "<m1@x>"}),
        (by_requester(EventName.STATUS_REQUEST), lending(), {"last_partner_message_id": "<m1@x>"}),
        (by_patron(EventName.NOTIFICATION), request(), {"last_patron_message_id": "<m1@x>"}),
    ],
    ids=["supplier", "requester", "patron"],
)
def test_our_next_letter_answers_the_mail_that_came(
    happening: ReadMail, of: Request, values: dict[str, object]
) -> None:
    first = decided(happening, of).effects[0]
    assert first == ChangeRequest(number=NUMBER, values=values)


def threads(decision: Decision) -> list[str]:
    changes = [e.values for e in decision.effects if isinstance(e, ChangeRequest)]
    return [name for values in changes for name in values if name.endswith("message_id")]


def test_no_letter_answers_a_mail_without_an_id_or_one_of_our_own_house() -> None:
    thanks = by_supplier(EventName.NOTIFICATION)
    assert threads(decided(replace(thanks, mail=mail(ALDER.email, message_id="")), request())) == []
    machine = said(Kind.LIBRARY_SYSTEM, "system@library.example", Event(event=EventName.CHECKED_OUT))
    here = on_loan(Status.AWAITING_PICKUP)
    handed_over = decided(machine, here, library_systems=("system@library.example",))
    assert handed_over.auto
    assert threads(handed_over) == []
    letter = mail(STAFF, in_reply_to=request().letters)
    typed = replace(said(Kind.STAFF_COMMAND, STAFF, Event(event=EventName.NOTE, note="Kysytty.")), mail=letter)
    noted = decided(typed, request(mailed=(STAFF,)), staff_addresses=(STAFF,))
    assert noted.auto
    assert threads(noted) == []


def test_what_is_always_for_staff_is_done_where_staff_themselves_say_it() -> None:
    letter = mail(STAFF, in_reply_to=request().letters)
    typed = replace(said(Kind.STAFF_COMMAND, STAFF, Event(event=EventName.LOST)), mail=letter)
    assert decided(typed, on_loan(mailed=(STAFF,)), staff_addresses=(STAFF,)).auto


def test_only_a_file_that_can_be_the_copy_goes_on_to_the_patron_and_only_where_the_copy_is_said_to_come() -> None:
    types = ("application/pdf", "image/tiff", "image/jpeg", "image/png", "application/zip", "text/calendar", "")
    files = tuple(Attachment(index=n, sniffed=one) for n, one in enumerate(types))
    drawn = Attachment(index=9, sniffed="image/png", inline=True)
    letter = mail(ALDER.email, attachments=(*files, drawn))
    copy = request(service_type=ServiceType.COPY, flags=frozenset({Flag.ATTENTION}))

    def attached(event: EventName, **facts: Any) -> list[tuple[int, ...]]:
        happening = replace(by_supplier(event, **facts), mail=letter)
        return [e.attach for e in decided(happening, copy).effects if isinstance(e, SendLetter)]

    assert attached(EventName.COPY_COMPLETED, attachment=True) == [(0, 1, 2, 3, 4)]
    assert attached(EventName.COPY_COMPLETED, url="https://files.example/1") == [()]


def test_a_mail_is_believed_only_as_the_kind_that_it_is() -> None:
    thanks = Event(event=EventName.NOTIFICATION)
    assert left(decided(said(Kind.PATRON_MESSAGE, ALDER.email, thanks), request())).reason == "sender"
    assert left(decided(said(Kind.PARTNER_REPLY, PATRON.email, thanks), request())).reason == "sender"
    assert decided(said(Kind.PATRON_MESSAGE, PATRON.email, thanks), request()).auto


def test_a_patrons_token_renews_from_another_address_and_agrees_to_no_price() -> None:
    to = reply_address("ill@library.example", KEY, NUMBER, Party.PATRON, PATRON.email)
    letter = mail("aino@home.example", recipients=(to,))

    def by_token(event: EventName, of: Request) -> Decision:
        return decided(replace(by_patron(event), mail=letter), of, reply_key=KEY)

    assert by_token(EventName.RENEW, on_loan()).auto
    assert left(by_token(EventName.CONDITIONS_ACCEPTED, request(Status.RETRY_POSSIBLE))).reason == "sender"
