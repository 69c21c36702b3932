"""Who is believed: every row of the table, and the ways in which strangers try to be somebody else."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.mail import AuthResult, DeliveryStatus, Mail
from maild.core.request import Attempt, Context, Partner, Patron, Request
from maild.core.terms import EventName, Kind, Party, Role, ServiceType, Status
from maild.core.trust import reply_address, sign, token_ok, who_speaks

KEY = "00112233445566778899aabbccddeeff"
OLD_KEY = "ffeeddccbbaa99887766554433221100"
MX = "mx.library.test"
OURS = "ill@library.test"
PARTNER = "ill@univ.test"
PATRON = "reader@students.test"
NUMBER = "KP-2026-000123"

LOAN = Request(
    number=NUMBER,
    role=Role.BORROWING,
    service_type=ServiceType.LOAN,
    status=Status.REQUESTED,
    partner_domains=("univ.test", "lib.univ.test"),
    patron_email=PATRON,
    mailed=(PATRON, PARTNER),
    letters=("<kp-2026-000123.1.abc@library.test>",),
)


def known(**changes: object) -> Context:
    values: dict[str, object] = {
        "our_addresses": (OURS,),
        "authserv_id": MX,
        "reply_key": KEY,
        "partner_domains": ("univ.test", "lib.univ.test", "other.test"),
        "trusted_form_senders": ("form@forms.test", "web@library.test"),
        "internal_forms": ("web@library.test",),
        "staff_addresses": ("anna@library.test",),
        "requests": (LOAN,),
    }
    return Context(**{**values, **changes})  # type: ignore[arg-type]  # the fields of Context, by name


def stamps(*results: tuple[str, str, str], server: str = MX) -> tuple[AuthResult, ...]:
    return tuple(AuthResult(authserv_id=server, method=m, result=r, domain=d) for m, r, d in results)


def passed(domain: str) -> tuple[AuthResult, ...]:
    return stamps(("spf", "pass", domain), ("dkim", "pass", domain), ("dmarc", "pass", domain))


def mail(sender: str, results: Sequence[AuthResult] = (), to: Sequence[str] = (OURS,), **more: object) -> Mail:
    return Mail(from_address=sender, auth_results=tuple(results), recipients=tuple(to), **more)  # type: ignore[arg-type]


def replied(letter: Mail, context: Context | None = None, request: Request | None = LOAN) -> bool:
    return who_speaks(letter, context or known(), Kind.PARTNER_REPLY, request).ok


# A partner


def test_a_partners_own_domain_with_dmarc_pass_by_our_mx_is_believed() -> None:
    belief = who_speaks(mail(PARTNER, passed("univ.test")), known(), Kind.PARTNER_REPLY, LOAN)
    assert (belief.ok, belief.party, belief.by) == (True, Party.SUPPLIER, "dmarc")
    assert belief.covers(EventName.LOANED)


@pytest.mark.parametrize(
    "results",
    [
        (),
        stamps(("dmarc", "fail", "univ.test"), ("dkim", "pass", "univ.test")),
        stamps(("dmarc", "none", "univ.test"), ("spf", "pass", "univ.test")),
        stamps(("dmarc", "pass", "evil.test")),
        stamps(("dmarc", "pass", "evil.test"), ("dkim", "pass", "univ.test")),
        stamps(("dkim", "pass", "evil.test")),
        stamps(("dkim", "pass", "notuniv.test")),
        stamps(("dkim", "pass", "test")),
        stamps(("dkim", "pass", "")),
        stamps(("dmarc", "pass", "univ.test"), server="mx.evil.test"),
        stamps(("dmarc", "pass", "univ.test"), server=""),
    ],
    ids=[
        "no stamp",
        "dmarc fail",
        "spf only",
        "dmarc of another",
        "dmarc of another beside dkim",
        "dkim of another",
        "a name that ends alike",
        "dkim of the top domain",
        "dkim of nobody",
        "another server's stamp",
        "a nameless server's stamp",
    ],
)
def test_a_partners_name_without_our_own_mx_vouching_for_it_is_not_believed(results: tuple[AuthResult, ...]) -> None:
    assert not replied(mail(PARTNER, results))


def test_a_dkim_signature_of_the_from_domain_or_of_a_relative_within_the_partners_list_is_enough() -> None:
    none = ("dmarc", "none", "lib.univ.test")
    assert replied(mail("ill@lib.univ.test", stamps(none, ("dkim", "pass", "lib.univ.test"))))
    assert replied(mail("ill@lib.univ.test", stamps(none, ("dkim", "pass", "univ.test"))))
    alone = known(requests=())
    only = Request(
        role=Role.BORROWING,
        service_type=ServiceType.LOAN,
        status=Status.REQUESTED,
        partner_domains=("lib.univ.test",),
        number=NUMBER,
    )
    assert not replied(mail("ill@lib.univ.test", stamps(none, ("dkim", "pass", "univ.test"))), alone, only)


def test_spf_alone_counts_only_where_the_record_accepts_it_and_is_aligned() -> None:
    results = stamps(("spf", "pass", "univ.test"), ("dkim", "none", ""), ("dmarc", "none", "univ.test"))
    assert not replied(mail(PARTNER, results))
    assert replied(mail(PARTNER, results), known(accept_spf=("univ.test",)))
    assert replied(mail(PARTNER, results), known(partners=(Partner(domains=("univ.test",), accept_spf=True),)))
    bulk = stamps(("spf", "pass", "bulk.test"), ("dmarc", "none", "univ.test"))
    assert not replied(mail(PARTNER, bulk), known(accept_spf=("univ.test",)))


def test_without_the_name_of_our_mx_nobody_is_believed() -> None:
    nameless = stamps(("dmarc", "pass", "univ.test"), server="")
    for sender, kind in ((PARTNER, Kind.PARTNER_REPLY), (PATRON, Kind.PATRON_MESSAGE)):
        results = stamps(("dmarc", "pass", sender.partition("@")[2]), server="")
        assert not who_speaks(mail(sender, results), known(authserv_id=""), kind, LOAN).ok
    assert not replied(mail(PARTNER, nameless), known(authserv_id=""))
    assert not who_speaks(mail("web@library.test"), known(authserv_id=""), Kind.WEB_FORM, None).ok


def test_our_name_below_a_foreign_stamp_was_there_before_our_mx_saw_the_mail() -> None:
    forged = (*stamps(("dmarc", "none", "univ.test"), server="relay.evil.test"), *passed("univ.test"))
    assert not replied(mail(PARTNER, forged))


@pytest.mark.parametrize(
    "true_field",
    [
        (("dmarc", "none", "univ.test"),),
        (("dmarc", "fail", "univ.test"),),
        (("dkim", "none", ""), ("spf", "softfail", "univ.test")),
    ],
)
def test_a_forged_stamp_under_our_name_that_contradicts_the_true_one_spoils_both(
    true_field: tuple[tuple[str, str, str], ...],
) -> None:
    assert not replied(mail(PARTNER, (*stamps(*true_field), *passed("univ.test"))))


def test_a_sender_whom_the_strict_reader_refused_has_no_identity() -> None:
    refused = mail("", passed("univ.test"), from_name=PARTNER, from_problem="two addresses")
    belief = who_speaks(refused, known(), Kind.PARTNER_REPLY, LOAN)
    assert not belief.ok
    assert "two addresses" in belief.why or "no domain" in belief.why


def test_an_old_mail_sent_again_is_not_believed_though_its_signature_passes() -> None:
    taken = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def came_after(days: int) -> bool:
        letter = mail(PARTNER, passed("univ.test"), date=taken - timedelta(days=days))
        return replied(letter, known(received_at=taken))

    assert came_after(0)
    assert came_after(13)
    assert not came_after(15)
    assert not came_after(-15)
    undated = mail(PARTNER, passed("univ.test"), received_at=taken, date=taken - timedelta(days=40))
    assert not replied(undated)


LOOK_ALIKES = [
    "univ.test.evil.test", "xn--nv-yja.test", "univ-test.test", "uni-v.test", "univ.tests", "un1v.test", "vniv.test",
    "univ.te", "test", "lib-univ.test", "library.univ.test", "student.univ.test", "www.univ.test", "univ.test.",
    "unív.test", "univ。test", "univ.test\u200b", "univ .test", "univtest", "ill.univ.test", "mail.lib.univ.test",
]  # fmt: skip


@pytest.mark.parametrize("domain", LOOK_ALIKES)
def test_a_domain_that_only_looks_like_the_partners_is_not_believed(domain: str) -> None:
    letter = mail(f"ill@{domain}", passed(domain), from_name="University Library <ill@univ.test>")
    assert not replied(letter)
    assert not who_speaks(letter, known(), Kind.PARTNER_REQUEST, None).ok


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="univ.test-lb", min_size=1, max_size=14))
def test_only_listed_domains_are_believed_whatever_the_name(domain: str) -> None:
    assert replied(mail(f"x@{domain}", passed(domain))) == (domain in LOAN.partner_domains)


def test_another_partner_does_not_speak_for_this_request() -> None:
    belief = who_speaks(mail("ill@other.test", passed("other.test")), known(), Kind.PARTNER_REPLY, LOAN)
    assert not belief.ok
    assert "not to the one" in belief.why


def test_an_earlier_supplier_still_speaks_as_a_supplier() -> None:
    asked_twice = Request(
        number=NUMBER,
        role=Role.BORROWING,
        service_type=ServiceType.LOAN,
        status=Status.REQUESTED,
        partner_domains=("univ.test",),
        attempts=(Attempt(partner_domains=("other.test",)), Attempt(partner_domains=("univ.test",))),
    )
    assert replied(mail("ill@other.test", passed("other.test")), request=asked_twice)


def test_our_supplier_does_not_speak_as_a_requester_and_our_customer_not_as_a_supplier() -> None:
    letter = mail(PARTNER, passed("univ.test"))
    assert not who_speaks(letter, known(), Kind.PARTNER_REQUEST, LOAN).ok
    lent = Request(
        number=NUMBER,
        role=Role.LENDING,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        partner_domains=("univ.test",),
    )
    assert not who_speaks(letter, known(), Kind.PARTNER_REPLY, lent).ok
    assert who_speaks(letter, known(), Kind.PARTNER_REQUEST, lent).party is Party.REQUESTER


def test_any_active_partner_may_ask_for_something_new() -> None:
    asked = mail("ill@other.test", passed("other.test"))
    assert who_speaks(asked, known(), Kind.PARTNER_REQUEST, None).ok
    inactive = known(partner_domains=(), partners=(Partner(domains=("other.test",), active=False),))
    assert not who_speaks(asked, inactive, Kind.PARTNER_REQUEST, None).ok


def test_a_token_is_never_enough_for_a_partner() -> None:
    address = reply_address(OURS, KEY, NUMBER, Party.SUPPLIER, PARTNER)
    assert not replied(mail("private@mail.test", passed("mail.test"), to=(address,)))


# A patron


def told_by_patron(letter: Mail, context: Context | None = None, request: Request | None = LOAN) -> set[EventName]:
    belief = who_speaks(letter, context or known(), Kind.PATRON_MESSAGE, request)
    events = {EventName.RENEW, EventName.CANCEL, EventName.CONDITIONS_ACCEPTED, EventName.RECEIVED}
    return {event for event in events if belief.covers(event)}


TOKEN_ADDRESS = reply_address(OURS, KEY, NUMBER, Party.PATRON, PATRON)


def test_the_patrons_own_address_may_do_all_and_a_token_renews_and_cancels_only() -> None:
    assert len(told_by_patron(mail(PATRON, passed("students.test")))) == 4
    private = mail("me@home.test", (), to=(TOKEN_ADDRESS,))
    assert told_by_patron(private) == {EventName.RENEW, EventName.CANCEL}


def test_the_patrons_address_unauthenticated_is_nobodys() -> None:
    assert not told_by_patron(mail(PATRON))
    assert not told_by_patron(mail(PATRON, stamps(("dkim", "pass", "evil.students.test"))))
    assert not told_by_patron(mail("other@students.test", passed("students.test")))


@pytest.mark.parametrize(
    "address",
    [
        OURS.replace("@", "+kp-2026-000123@"),
        reply_address(OURS, OLD_KEY, NUMBER, Party.PATRON, PATRON),
        reply_address(OURS, KEY, "KP-2026-000124", Party.PATRON, PATRON),
        reply_address(OURS, KEY, "KP-2026-000124", Party.PATRON, PATRON).replace("000124", "000123"),
        reply_address(OURS, KEY, NUMBER, Party.SUPPLIER, PATRON),
        reply_address(OURS, KEY, NUMBER, Party.SUPPLIER, PATRON).replace(".s.", ".p."),
        reply_address(OURS, KEY, NUMBER, Party.PATRON, "other@students.test"),
        TOKEN_ADDRESS.replace(".p.", ".s."),
        TOKEN_ADDRESS.replace("library.test", "elsewhere.test"),
        TOKEN_ADDRESS.replace("ill+", "evil+"),
        TOKEN_ADDRESS.replace("@", "a@"),
        TOKEN_ADDRESS.replace("+", "++"),
    ],
    ids=[
        "unsigned",
        "a key of nobody's",
        "of another request",
        "moved to this request",
        "of another party",
        "moved to this party",
        "of another patron",
        "said to be another party's",
        "to another domain",
        "to another mailbox",
        "longer",
        "odd",
    ],
)
def test_a_token_that_was_not_given_to_this_patron_for_this_request_counts_for_nothing(address: str) -> None:
    assert not told_by_patron(mail("me@home.test", passed("home.test"), to=(address,)))


def test_a_token_is_read_whatever_its_case_and_an_old_key_stays_good() -> None:
    assert told_by_patron(mail("me@home.test", to=(TOKEN_ADDRESS.upper(),)))
    old = reply_address(OURS, OLD_KEY, NUMBER, Party.PATRON, PATRON)
    assert told_by_patron(mail("me@home.test", to=(old,)), known(old_reply_keys=(OLD_KEY,)))


def test_without_a_patrons_address_no_token_can_be_right() -> None:
    nobody = Request(
        number=NUMBER,
        role=Role.BORROWING,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        patron_email=None,
    )
    empty = reply_address(OURS, KEY, NUMBER, Party.PATRON, "")
    assert not told_by_patron(mail("", (), to=(empty,)), request=nobody)


def test_an_empty_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="16"):
        sign("", NUMBER, Party.PATRON, PATRON)
    assert not token_ok(("",), NUMBER, Party.PATRON, PATRON, "a" * 16)
    assert not token_ok((KEY,), NUMBER, Party.PATRON, "", sign(KEY, NUMBER, Party.PATRON, ""))
    assert not told_by_patron(mail("me@home.test", to=(TOKEN_ADDRESS,)), known(reply_key=""))


def test_the_token_is_the_one_that_the_design_fixes() -> None:
    key = "3b1f9d0c7a5e42d8960b4cf1e2a7835d"
    assert sign(key, "KP-2026-000123", Party.PATRON, "Reader@Students.test") == "76ajv36wv6r7y2ig"
    assert reply_address(OURS, key, "KP-2026-000123", Party.PATRON, "reader@students.test") == (
        "ill+kp-2026-000123.p.76ajv36wv6r7y2ig@library.test"
    )


def test_guessing_finds_no_token() -> None:
    guesses = (f"{number:016d}".translate(str.maketrans("0189", "abcd")) for number in range(5_000))
    assert not any(token_ok((KEY,), NUMBER, Party.PATRON, PATRON, guess) for guess in guesses)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=40))
def test_no_text_as_a_token_raises_or_is_believed(token: str) -> None:
    assert not token_ok((KEY, OLD_KEY), NUMBER, Party.PATRON, PATRON, token)


def test_a_patron_on_record_may_write_of_something_new() -> None:
    context = known(patrons=(Patron(email=PATRON),))
    assert who_speaks(mail(PATRON, passed("students.test")), context, Kind.PATRON_MESSAGE, None).ok
    assert not who_speaks(mail(PATRON), context, Kind.PATRON_MESSAGE, None).ok


# Forms, staff, mail systems


def test_a_form_outside_needs_a_stamp_and_one_on_our_hosts_must_have_none() -> None:
    def form(sender: str, results: Sequence[AuthResult] = ()) -> str:
        belief = who_speaks(mail(sender, results), known(), Kind.WEB_FORM, None)
        return belief.by if belief.ok else ""

    assert form("form@forms.test", passed("forms.test")) == "dmarc"
    assert form("form@forms.test") == ""
    assert form("web@library.test") == "inside"
    assert form("web@library.test", stamps(("spf", "fail", "library.test"))) == ""
    assert form("web@library.test", (AuthResult(authserv_id="", method="none", result="none"),)) == ""
    assert form("other@forms.test", passed("forms.test")) == ""


def test_staff_need_their_address_and_a_token_or_an_answer_to_a_letter_of_theirs() -> None:
    anna = "anna@library.test"
    results = passed("library.test")
    token = reply_address(OURS, KEY, NUMBER, Party.STAFF, anna)

    def commands(letter: Mail, request: Request | None = LOAN) -> bool:
        return who_speaks(letter, known(), Kind.STAFF_COMMAND, request).ok

    assert commands(mail(anna, results, to=(token,)))
    assert not commands(mail(anna, to=(token,)))
    assert not commands(mail(anna, results))
    assert not commands(mail("eve@library.test", results, to=(token,)))
    assert not commands(mail(anna, results, to=(token,)), None)
    answer = mail(anna, results, in_reply_to=LOAN.letters)
    assert not commands(answer)
    told = Request(
        number=NUMBER,
        role=Role.BORROWING,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        mailed=(anna,),
        letters=LOAN.letters,
    )
    assert commands(answer, told)


def test_a_report_counts_only_about_somebody_whom_we_mailed_on_that_request() -> None:
    def reported(recipient: str, request: Request | None = LOAN) -> bool:
        letter = mail("mailer-daemon@mx.test", deliveries=(DeliveryStatus(recipient=recipient),))
        by_text = who_speaks(mail(""), known(), Kind.BOUNCE, request, (recipient,)).ok
        by_field = who_speaks(letter, known(), Kind.BOUNCE, request).ok
        assert by_text == by_field
        return by_field

    assert reported(PARTNER.upper())
    assert not reported("victim@elsewhere.test")
    assert not reported(PARTNER, None)
    assert not who_speaks(mail("mailer-daemon@mx.test"), known(), Kind.BOUNCE, LOAN).ok


def test_an_automatic_answer_is_the_partners_only_where_it_would_be_believed() -> None:
    assert who_speaks(mail(PARTNER, passed("univ.test")), known(), Kind.AUTO_REPLY, LOAN).party is Party.SUPPLIER
    assert not who_speaks(mail(PARTNER), known(), Kind.AUTO_REPLY, LOAN).ok
    assert who_speaks(mail(PATRON, passed("students.test")), known(), Kind.AUTO_REPLY, LOAN).party is Party.PATRON
    assert not who_speaks(mail("me@home.test", to=(TOKEN_ADDRESS,)), known(), Kind.AUTO_REPLY, LOAN).ok


def test_every_refusal_says_which_check_failed() -> None:
    refusals = {
        "no Authentication-Results": who_speaks(mail(PARTNER), known(), Kind.PARTNER_REPLY, LOAN),
        "dmarc=fail": who_speaks(
            mail(PARTNER, stamps(("dmarc", "fail", "univ.test"))), known(), Kind.PARTNER_REPLY, LOAN
        ),
        "not the patron's address": who_speaks(
            mail("me@home.test", passed("home.test")), known(), Kind.PATRON_MESSAGE, LOAN
        ),
        "no form on record": who_speaks(mail("x@y.test"), known(), Kind.WEB_FORM, None),
        "authserv_id": who_speaks(mail(PARTNER), known(authserv_id=""), Kind.PARTNER_REPLY, LOAN),
    }
    for words, belief in refusals.items():
        assert words in belief.why
