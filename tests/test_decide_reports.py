"""What mail systems write about our letters, and automatic answers: every effect of them, whole."""

from dataclasses import replace
from datetime import date

from maild.core.decide_reports import absence, bounce
from maild.core.effects import AskStaff, MarkLetter, PartnerAbsent
from maild.core.mail import DeliveryStatus, Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind
from tests.house import ALDER, BIRCH, NUMBER, PATRON, TODAY, context, lending, mail, request

LETTER = request().letters[0]
POSTMASTER = "postmaster@mx.example"
DIAGNOSTIC = "550 5.1.1 User unknown"
UNTIL = date(2026, 12, 7)


def about(name: EventName, recipient: str | None, **more: str) -> Reading:
    event = Event(event=name, recipient=recipient, **more)  # type: ignore[arg-type]  # request and passage, texts
    return Reading(kind=Kind.BOUNCE, requests=(NUMBER,), events=(event,))


def report(**values: object) -> Mail:
    return mail(
        POSTMASTER, deliveries=(DeliveryStatus(recipient=ALDER.email.upper(), diagnostic=DIAGNOSTIC),), **values
    )


def known() -> Context:
    return context(request())


def asked(recipient: str, passage: str) -> AskStaff:
    text = f"Our letter about {NUMBER} did not reach {recipient}. Find another way or another address."
    return AskStaff(number=NUMBER, reason="delivery", text=text, passage=passage)


def marked(recipient: str, *, failed: bool = True, message_id: str = "", diagnostic: str = "") -> MarkLetter:
    return MarkLetter(number=NUMBER, recipient=recipient, failed=failed, message_id=message_id, diagnostic=diagnostic)


def test_a_failed_letter_is_marked_with_what_the_server_said_and_staff_are_told() -> None:
    acted = bounce(report(), about(EventName.DELIVERY_FAILED, ALDER.email), known())
    assert acted == ((marked(ALDER.email, diagnostic=DIAGNOSTIC), asked(ALDER.email, DIAGNOSTIC)), ())


def test_staff_read_the_reports_own_passage_rather_than_the_servers_code() -> None:
    acted = bounce(report(), about(EventName.DELIVERY_FAILED, ALDER.email, passage="mailbox full"), known())
    assert acted == ((marked(ALDER.email, diagnostic=DIAGNOSTIC), asked(ALDER.email, "mailbox full")), ())


def test_a_letter_that_is_only_late_is_marked_and_nobody_is_asked() -> None:
    acted = bounce(report(), about(EventName.DELIVERY_DELAYED, ALDER.email), known())
    assert acted == ((marked(ALDER.email, failed=False, diagnostic=DIAGNOSTIC),), ())


def test_what_was_said_of_another_recipient_is_not_said_of_this_one() -> None:
    acted = bounce(report(), about(EventName.DELIVERY_FAILED, PATRON.email), known())
    assert acted == ((marked(PATRON.email), asked(PATRON.email, "")), ())


def test_the_letter_is_the_one_that_the_report_returns_answers_or_refers_to() -> None:
    for values in (
        {"returned_headers": (("Subject", "x"), ("Message-ID", f" {LETTER} "))},
        {"in_reply_to": ("<not@ours>", LETTER)},
        {"references": ("<not@ours>", LETTER)},
    ):
        (mark, _), _ = bounce(report(**values), about(EventName.DELIVERY_FAILED, ALDER.email), known())
        assert mark == marked(ALDER.email, message_id=LETTER, diagnostic=DIAGNOSTIC)
    strange = report(returned_headers=(("subject", LETTER),), in_reply_to=("<not@ours>",))
    (mark, _), _ = bounce(strange, about(EventName.DELIVERY_FAILED, ALDER.email), known())
    assert mark == marked(ALDER.email, diagnostic=DIAGNOSTIC)


def test_a_report_that_names_several_recipients_marks_each_and_one_stranger_among_them_spoils_it() -> None:
    events = [Event(event=EventName.DELIVERY_FAILED, recipient=one) for one in (ALDER.email, PATRON.email)]
    reading = Reading(kind=Kind.BOUNCE, requests=(NUMBER,), events=tuple(events))
    effects, doubts = bounce(report(), reading, known())
    assert [e.recipient for e in effects if isinstance(e, MarkLetter)] == [ALDER.email, PATRON.email]
    assert doubts == ()
    stranger = Event(event=EventName.DELIVERY_FAILED, recipient="victim@evil.example")
    spoiled = Reading(kind=Kind.BOUNCE, requests=(NUMBER,), events=(*events, stranger))
    why = f"it is about a letter to victim@evil.example, whom we did not write to on {NUMBER}"
    told = Doubt(reason="sender", text=f"A report that is not believed: {why}.")
    assert bounce(report(), spoiled, known()) == ((), (told,))


def test_a_report_about_two_requests_is_of_the_one_that_its_event_names_or_of_none() -> None:
    other = request(number="KP-2026-000124")
    both = (NUMBER, "KP-2026-000124")
    named = Event(event=EventName.DELIVERY_DELAYED, recipient=ALDER.email, request=NUMBER)
    reading = Reading(kind=Kind.BOUNCE, requests=both, events=(named,))
    assert bounce(report(), reading, context(other, request()))[0] == (
        marked(ALDER.email, failed=False, diagnostic=DIAGNOSTIC),
    )
    nameless = Reading(
        kind=Kind.BOUNCE, requests=both, events=(Event(event=EventName.DELIVERY_DELAYED, recipient=ALDER.email),)
    )
    told = Doubt(reason="sender", text="A report that is not believed: it is about no letter of ours that we know of.")
    assert bounce(report(), nameless, context(other, request())) == ((), (told,))


def test_a_report_without_a_recipient_is_about_those_of_its_own_fields() -> None:
    effects, doubts = bounce(report(), about(EventName.DELIVERY_DELAYED, None), known())
    assert (effects, doubts) == ((marked("", failed=False),), ())


def away(*requests: str, until: date | None = UNTIL) -> Reading:
    return Reading(kind=Kind.AUTO_REPLY, requests=requests, absent_until=until)


def absent(reading: Reading, letter: Mail, *requests: Request, **more: object) -> tuple[object, ...]:
    return absence(letter, reading, context(*requests, **more), TODAY)


ALDERS = mail(ALDER.email)
BIRCHES = mail("anna@Birch.example")


def test_a_partner_that_is_away_is_the_requests_or_the_senders() -> None:
    alder, birch = (
        PartnerAbsent(partner_id=ALDER.id, until=UNTIL, since=TODAY),
        PartnerAbsent(partner_id=BIRCH.id, until=UNTIL, since=TODAY),
    )
    assert absent(away(NUMBER), ALDERS, request()) == (alder,)
    assert absent(away(NUMBER), BIRCHES, lending()) == (birch,)
    assert absent(away(), BIRCHES) == (birch,)
    assert absent(away(NUMBER, "KP-2026-000124"), BIRCHES, request()) == (birch,)


def test_the_absence_is_of_the_requests_partner_also_from_a_domain_that_its_record_no_longer_has() -> None:
    old = request(partner_domains=("old-alder.example",))
    assert absent(away(NUMBER), mail("ill@old-alder.example"), old) == (
        PartnerAbsent(partner_id=ALDER.id, until=UNTIL, since=TODAY),
    )


def test_who_says_again_that_they_are_away_has_been_away_since_the_first_time() -> None:
    first = date(2026, 11, 16)

    def since(began: date | None, until: date | None) -> date | None:
        known = replace(ALDER, absent_since=began, absent_until=until)
        (told,) = absent(away(NUMBER), ALDERS, request(), partners=(known,))
        assert isinstance(told, PartnerAbsent)
        return told.since

    assert since(first, TODAY) == first
    assert since(first, UNTIL) == first
    assert since(first, date(2026, 11, 22)) == TODAY  # they had come back
    assert since(None, UNTIL) == TODAY
    assert since(None, None) == TODAY


def test_an_absence_without_a_day_of_nobody_on_record_or_of_somebody_else_stops_no_clock() -> None:
    assert absent(away(NUMBER, until=None), ALDERS, request()) == ()
    assert absent(away(), mail("x@strange.example")) == ()
    assert absent(away(NUMBER), BIRCHES, request()) == ()
    assert absent(away(NUMBER), mail(PATRON.email), request()) == ()
    assert absent(away(NUMBER), mail(ALDER.email, auth_results=()), request()) == ()
