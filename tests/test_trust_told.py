"""Who is believed, told whole: the party, what convinced us, what they may do, and the sentence that staff read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from maild.core.authentication import domain_of
from maild.core.mail import DeliveryStatus, Mail
from maild.core.request import Context, Partner, Patron, Request
from maild.core.terms import EventName, Kind, Party, Role, ServiceType, Status
from maild.core.trust import Belief, reply_address, token_ok, who_speaks
from tests.test_trust import KEY, LOAN, NUMBER, OURS, PARTNER, PATRON, known, mail, passed, stamps

ANNA = "anna@library.test"
PATRONS_TOKEN = reply_address(OURS, KEY, NUMBER, Party.PATRON, PATRON)
STAFF_TOKEN = reply_address(OURS, KEY, NUMBER, Party.STAFF, ANNA)
LENT = Request(
    number=NUMBER,
    role=Role.LENDING,
    service_type=ServiceType.LOAN,
    status=Status.LOANED,
    partner_domains=("univ.test",),
)
NO_STAMP = "our own mail server (mx.library.test) put no Authentication-Results on it"
OWN_PATRONS = known(patrons=(Patron(email=PATRON),))
TO_ANNA = Request(
    number=NUMBER,
    role=Role.BORROWING,
    service_type=ServiceType.LOAN,
    status=Status.LOANED,
    mailed=(ANNA,),
    letters=LOAN.letters,
)


def yes(party: Party | None, address: str, by: str, why: str, only: frozenset[EventName] | None = None) -> Belief:
    return Belief(party=party, ok=True, why=why, address=address, by=by, only=only)


def no(party: Party | None, address: str, why: str) -> Belief:
    return Belief(party=party, ok=False, why=why, address=address)


PARTNERS = [
    (Kind.PARTNER_REPLY, LOAN, mail(PARTNER, passed("univ.test")),
     yes(Party.SUPPLIER, PARTNER, "dmarc", "a partner, dmarc=pass for univ.test")),
    (Kind.PARTNER_REPLY, LOAN, mail(PARTNER, stamps(("dkim", "pass", "univ.test"))),
     yes(Party.SUPPLIER, PARTNER, "dkim", "a partner, dkim=pass by univ.test, aligned with univ.test")),
    (Kind.PARTNER_REQUEST, LENT, mail(PARTNER, passed("univ.test")),
     yes(Party.REQUESTER, PARTNER, "dmarc", "a partner, dmarc=pass for univ.test")),
    (Kind.PARTNER_REQUEST, LOAN, mail(PARTNER, passed("univ.test")),
     no(Party.REQUESTER, PARTNER, f"the partner of {NUMBER} is the supplier, and this mail speaks as the other side")),
    (Kind.PARTNER_REPLY, LENT, mail(PARTNER, passed("univ.test")),
     no(Party.SUPPLIER, PARTNER, f"the partner of {NUMBER} is the requester, and this mail speaks as the other side")),
    (Kind.PARTNER_REPLY, LOAN, mail("a@evil.test", passed("evil.test")),
     no(Party.SUPPLIER, "a@evil.test", f"evil.test is no domain of the partner of {NUMBER}")),
    (Kind.PARTNER_REPLY, LOAN, mail("a@other.test", passed("other.test")),
     no(Party.SUPPLIER, "a@other.test",
        f"other.test belongs to a partner, but not to the one that {NUMBER} was placed with")),
    (Kind.PARTNER_REQUEST, None, mail("a@evil.test", passed("evil.test")),
     no(Party.REQUESTER, "a@evil.test", "evil.test is no domain of any partner on record")),
    (Kind.PARTNER_REPLY, LOAN, mail(PARTNER),
     no(Party.SUPPLIER, PARTNER, f"it claims to come from a partner, but {NO_STAMP}")),
    (Kind.PARTNER_REPLY, LOAN, mail("", from_problem="two addresses"),
     no(Party.SUPPLIER, "", "it claims to come from a partner, but the From field gives no identity: two addresses")),
    (Kind.PARTNER_REPLY, LOAN, mail(""),
     no(Party.SUPPLIER, "", "it claims to come from a partner, but the From field gives no identity: it names nobody")),
    (Kind.PARTNER_REPLY, LOAN, mail(PARTNER, stamps(("spf", "pass", "univ.test"), ("dkim", "none", ""))),
     no(Party.SUPPLIER, PARTNER, "it claims to come from a partner, but nothing vouches for univ.test; "
        "our mail server says spf=pass univ.test, dkim=none")),
    (Kind.PARTNER_REPLY, LOAN, mail(PARTNER, stamps(("dmarc", "pass", "evil.test"))),
     no(Party.SUPPLIER, PARTNER, "it claims to come from a partner, but our mail server judged the sender to be of "
        "evil.test, but the From field says univ.test")),
    (Kind.AUTO_REPLY, LENT, mail(PARTNER, passed("univ.test")),
     yes(Party.REQUESTER, PARTNER, "dmarc", "a partner, dmarc=pass for univ.test")),
    (Kind.AUTO_REPLY, LOAN, mail("me@home.test", to=(PATRONS_TOKEN,)),
     no(Party.SUPPLIER, "me@home.test", f"home.test is no domain of the partner of {NUMBER}")),
]  # fmt: skip

PATRONS = [
    (LOAN, known(), mail(PATRON.upper(), passed("students.test")),
     yes(Party.PATRON, PATRON.upper(), "dmarc", "the patron's own address, dmarc=pass for students.test")),
    (LOAN, known(), mail("me@home.test", to=(PATRONS_TOKEN,)),
     yes(Party.PATRON, "me@home.test", "token", f"the reply address carries the patron's own token of {NUMBER}: "
         "it may renew and cancel", frozenset({EventName.RENEW, EventName.CANCEL}))),
    (LOAN, known(), mail(PATRON),
     no(Party.PATRON, PATRON, f"{NO_STAMP}, and it came to no signed reply address")),
    (LOAN, known(), mail("me@home.test", to=(STAFF_TOKEN,)),
     no(Party.PATRON, "me@home.test", f"me@home.test is not the patron's address on {NUMBER}, and the token in its "
        "reply address was not given to this patron for this request")),
    (LOAN, known(), mail("", from_problem="none"),
     no(Party.PATRON, "", f"an unreadable sender is not the patron's address on {NUMBER}, and it came to no signed "
        "reply address")),
    (LENT, known(), mail(PATRON, passed("students.test")),
     no(Party.PATRON, PATRON, f"no patron's address is on record for {NUMBER}")),
    (None, OWN_PATRONS, mail(PATRON, passed("students.test")),
     yes(Party.PATRON, PATRON, "dmarc", "a patron's address: dmarc=pass for students.test")),
    (None, OWN_PATRONS, mail(PATRON),
     no(Party.PATRON, PATRON, f"a patron's address: {NO_STAMP}")),
    (None, OWN_PATRONS, mail("me@home.test"),
     no(Party.PATRON, "me@home.test", "me@home.test is no address of a patron on record")),
]  # fmt: skip

OTHERS = [
    (Kind.STAFF_COMMAND, LOAN, mail(ANNA, passed("library.test"), to=(STAFF_TOKEN,)),
     yes(Party.STAFF, ANNA, "token", "staff, dmarc=pass for library.test")),
    (Kind.STAFF_COMMAND, TO_ANNA, mail(ANNA, passed("library.test"), in_reply_to=LOAN.letters),
     yes(Party.STAFF, ANNA, "letter", "staff, dmarc=pass for library.test")),
    (Kind.STAFF_COMMAND, LOAN, mail("eve@library.test", passed("library.test"), to=(STAFF_TOKEN,)),
     no(Party.STAFF, "eve@library.test", "eve@library.test is no address of staff")),
    (Kind.STAFF_COMMAND, LOAN, mail(ANNA, to=(STAFF_TOKEN,)),
     no(Party.STAFF, ANNA, f"it claims to come from staff, but {NO_STAMP}")),
    (Kind.STAFF_COMMAND, None, mail(ANNA, passed("library.test"), to=(STAFF_TOKEN,)),
     no(Party.STAFF, ANNA, "it is about no request, so no staff token can be checked")),
    (Kind.STAFF_COMMAND, LOAN, mail(ANNA, passed("library.test")),
     no(Party.STAFF, ANNA, "it carries no valid staff token and answers no letter that went to that address")),
    (Kind.WEB_FORM, None, mail("Form@forms.test", passed("forms.test")),
     yes(None, "form@forms.test", "dmarc", "a form on record, dmarc=pass for forms.test")),
    (Kind.WEB_FORM, None, mail("web@library.test"),
     yes(None, "web@library.test", "inside",
         "a form on our own hosts, with no stamp of our mail server, which marks every mail from outside")),
    (Kind.WEB_FORM, None, mail("form@forms.test"),
     no(None, "form@forms.test", f"it claims to be a form, but {NO_STAMP}")),
    (Kind.WEB_FORM, None, mail("eve@forms.test"),
     no(None, "eve@forms.test", "eve@forms.test is no form on record")),
    (Kind.BOUNCE, None, mail("mailer-daemon@mx.test"),
     no(None, "mailer-daemon@mx.test", "it is about no letter of ours that we know of")),
    (Kind.BOUNCE, LOAN, mail("mailer-daemon@mx.test"),
     no(None, "mailer-daemon@mx.test", f"it is about a letter to nobody, whom we did not write to on {NUMBER}")),
]  # fmt: skip


def report(*recipients: str) -> Mail:
    return mail("mailer-daemon@mx.test", deliveries=tuple(DeliveryStatus(recipient=one) for one in recipients))


REPORTS = [
    (report(PARTNER.upper(), PATRON),
     yes(None, "mailer-daemon@mx.test", "letter", f"a report about our letter to {PARTNER}, {PATRON} on {NUMBER}")),
    (report(PATRON, "b@evil.test", "a@evil.test"),
     no(None, "mailer-daemon@mx.test",
        f"it is about a letter to a@evil.test, b@evil.test, whom we did not write to on {NUMBER}")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "request_", "letter", "belief"), PARTNERS)
def test_what_is_told_of_a_partner(kind: Kind, request_: Request | None, letter: Mail, belief: Belief) -> None:
    assert who_speaks(letter, known(), kind, request_) == belief


@pytest.mark.parametrize(("request_", "context", "letter", "belief"), PATRONS)
def test_what_is_told_of_a_patron(request_: Request | None, context: Context, letter: Mail, belief: Belief) -> None:
    assert who_speaks(letter, context, Kind.PATRON_MESSAGE, request_) == belief


@pytest.mark.parametrize(("kind", "request_", "letter", "belief"), OTHERS)
def test_what_is_told_of_staff_forms_and_mail_systems(
    kind: Kind, request_: Request | None, letter: Mail, belief: Belief
) -> None:
    assert who_speaks(letter, known(), kind, request_) == belief


@pytest.mark.parametrize(("letter", "belief"), REPORTS)
def test_what_is_told_of_a_report_about_several_letters(letter: Mail, belief: Belief) -> None:
    assert who_speaks(letter, known(), Kind.BOUNCE, LOAN) == belief


def test_a_machine_that_is_not_listed_is_told_as_what_it_pretends_to_be() -> None:
    for kind, what in ((Kind.LIBRARY_SYSTEM, "library system"), (Kind.WEB_FORM, "form")):
        stranger = mail("robot@evil.test", passed("evil.test"))
        assert who_speaks(stranger, known(), kind, None) == no(
            None, "robot@evil.test", f"robot@evil.test is no {what} on record"
        )


def test_a_new_request_is_believed_of_every_domain_of_an_active_record() -> None:
    record = Partner(id=1, domains=("Univ.test", "library.univ.test"))
    asked = mail("ill@library.univ.test", passed("library.univ.test"))
    for active in (True, False):
        context = known(partner_domains=(), partners=(replace(record, active=active),))
        assert who_speaks(asked, context, Kind.PARTNER_REQUEST, None).ok is active


def test_a_stranger_whose_domain_looks_like_a_partners_is_told_as_such() -> None:
    pretends = mail("ill@un1v.test", passed("un1v.test"))
    warning = "though it looks like univ.test, which is one: somebody may pretend"
    for request_, whose in ((None, "any partner on record"), (LOAN, f"the partner of {NUMBER}")):
        belief = who_speaks(pretends, known(), Kind.PARTNER_REPLY, request_)
        assert belief == no(Party.SUPPLIER, "ill@un1v.test", f"un1v.test is no domain of {whose}, {warning}")


def why(letter: Mail, **changes: object) -> str:
    belief = who_speaks(letter, known(**changes), Kind.PARTNER_REPLY, LOAN)
    return "" if belief.ok else belief.why


def test_stamps_that_contradict_each_other_are_told_by_their_method() -> None:
    claims = "it claims to come from a partner, but"
    told = "two Authentication-Results under our name contradict each other on"
    for method, other in (("dmarc", "none"), ("dkim", "none")):
        both = stamps((method, "pass", "univ.test"), (method, other, ""))
        assert why(mail(PARTNER, both)) == f"{claims} {told} {method}"
    assert why(mail(PARTNER, passed("univ.test")), authserv_id="") == (
        f"{claims} trust.authserv_id is not set, so no sender is believed"
    )


def test_a_mail_may_be_a_fortnight_on_its_way_and_no_longer() -> None:
    came = datetime(2026, 11, 23, 8, tzinfo=UTC)
    day = timedelta(days=1)

    def told(date: datetime | None, received_at: datetime | None = came) -> str:
        return why(mail(PARTNER, passed("univ.test"), date=date), received_at=received_at)

    old = "an old mail may have been sent again"
    assert [told(came - 14 * day), told(came + 14 * day), told(None), told(came - 90 * day, None)] == [""] * 4
    assert told(came - 15 * day) == (
        f"it claims to come from a partner, but its Date is 15 days off the day it came: {old}"
    )


def test_the_domain_of_an_address_is_what_stands_behind_its_last_at() -> None:
    assert domain_of('"ill@evil.test"@Univ.test') == "univ.test"


def test_a_host_within_a_partners_domain_speaks_for_it_and_spf_only_where_the_site_says_so() -> None:
    signed = mail(PARTNER, stamps(("dkim", "pass", "mail.univ.test")))
    told = "a partner, dkim=pass by mail.univ.test, aligned with univ.test"
    assert who_speaks(signed, known(), Kind.PARTNER_REPLY, LOAN) == yes(Party.SUPPLIER, PARTNER, "dkim", told)
    sent = mail(PARTNER, stamps(("spf", "pass", "mail.univ.test")))
    enough = "a partner, spf=pass for univ.test, which is enough for this sender"
    by_spf = who_speaks(sent, known(accept_spf=("Univ.test",)), Kind.PARTNER_REPLY, LOAN)
    assert by_spf == yes(Party.SUPPLIER, PARTNER, "spf", enough)
    assert not who_speaks(sent, known(), Kind.PARTNER_REPLY, LOAN).ok


def test_a_token_that_is_no_text_is_a_wrong_one() -> None:
    assert not token_ok([KEY], NUMBER, Party.PATRON, PATRON, "\ud800" * 16)
