"""Single header fields: the strict reader of From, and the tolerant ones."""

from datetime import UTC, datetime

import authres
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.reading import fields


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        (b"ill@partner.example", "ill@partner.example", ""),
        (b"<ILL@Partner.Example>", "ill@partner.example", ""),
        (b'"Library, ILL" <ill@partner.example>', "ill@partner.example", "Library, ILL"),
        (b'"A \\"B\\" C" <ill@partner.example>', "ill@partner.example", 'A "B" C'),
        (b"=?utf-8?Q?Jonna_Kivist=C3=B6?= <j.k@partner.example>", "j.k@partner.example", "Jonna Kivistö"),
        ("Kivistö <j@partner.example>".encode(), "j@partner.example", "Kivistö"),
        (b"Kivist\xf6 <j@partner.example>", "j@partner.example", "Kivistö"),
        ("a@pärtner.example".encode(), "a@xn--prtner-bua.example", ""),
        (b"www-data@webserver", "www-data@webserver", ""),
    ],
)
def test_one_plain_address_is_an_identity(value: bytes, address: str, name: str) -> None:
    assert fields.read_from([value]) == (address, name, "")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"ill@partner.example <evil@x.example>", "name"),
        (b"<ill@partner.example> <evil@x.example>", "address"),
        (b"ill@partner.example, evil@x.example", "list"),
        (b"ill@partner.example (evil@x.example)", "comment"),
        (b"(a) ill@partner.example", "comment"),
        (b"group: ill@partner.example;", "group"),
        (b"<@evil.example:ill@partner.example>", "group"),
        (b"<@evil.example,@b:ill@partner.example>", "group"),
        (b"ill@partner.example\x00@evil.example", "control"),
        (b"ill@partner.example\r <evil@x.example>", "control"),
        (b'"ill@partner.example <evil@x.example>', "quotes"),
        (b"ill\\@partner.example@evil.example", "quotes"),
        (b"ill@partner.example@evil.example", "address"),
        (b'"ill@partner.example"@evil.example', "address"),
        (b"=?utf-8?q?ill=40partner.example?=", "address"),
        (b"=?utf-8?q?ill?=@partner.example", "address"),
        (b"<ill@partner.example>evil@x.example", "address"),
        (b"<ill@partner.example", "address"),
        (b"ill@partner.example>", "address"),
        (b"ill @partner.example", "address"),
        (b"ill@[192.0.2.1]", "domain"),
        (b"ill@partner..example", "domain"),
        (b"ill@-", "domain"),
        ("ill@partner．example@x".encode(), "address"),
        (b"ill", "address"),
        (b"<>", "address"),
        (b"", "address"),
    ],
)
def test_where_two_readers_could_differ_there_is_no_identity(value: bytes, problem: str) -> None:
    address, _name, why = fields.read_from([value])
    assert (address, why) == ("", problem)


def test_two_from_fields_are_no_identity() -> None:
    assert fields.read_from([b"a@partner.example", b"a@partner.example"])[0::2] == ("", "several")
    assert fields.read_from([])[0::2] == ("", "none")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            b"=?iso-8859-1?Q?Kaukolainapyynt=F6_/_Interlibrar?=\r\n =?iso-8859-1?Q?y?=",
            "Kaukolainapyyntö / Interlibrary",
        ),
        (b"=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?=", "äö"),
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä"),  # one character in two words
        (b"=?utf-8?q?hi=0D=0ABcc:_v@x.example?=", "hi Bcc: v@x.example"),
        (b"=?utf-8?q?=E2=80=AEtxt.exe?=", "txt.exe"),  # right-to-left override
        ("e\u0301 z\u200bw".encode(), "é zw"),
        (b"Er\xe4p\xe4iv\xe4", "Eräpäivä"),
        (b"=?x-unknown?q?a=E4?=", "aä"),
        (b"=?utf-8?q?open", "=?utf-8?q?open"),
        (b"=?utf-8*fi?q?=C3=A4?=", "ä"),
        (b"=?utf-8?b?w6?=", "Ã"),
    ],
)
def test_texts_are_decoded_and_cleaned(value: bytes, text: str) -> None:
    assert fields.decoded(value) == text


def test_a_long_chain_of_encoded_words_is_cut_and_quick() -> None:
    assert len(fields.decoded(b"=?utf-8?q?a?= " * 50_000)) <= fields.MAX_TEXT_CHARS


def test_text_keeps_its_lines_and_loses_what_cannot_be_seen() -> None:
    assert fields.clean_text("a\tb\r\nc\u2028d\u00a0e\x07\ufeff\ud800") == "a    b\nc\nd e\ufffd"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'"a@b.example" <c@d.example>, E@F.example', ("c@d.example", "e@f.example")),
        (b"undisclosed-recipients:;", ()),
        (b"<ill+kp-2026-000123.s.abc@Library.example>", ("ill+kp-2026-000123.s.abc@library.example",)),
        (b"a b <x@y.example> z, q@r.example.", ("x@y.example", "q@r.example")),
    ],
)
def test_addresses_of_tolerant_fields(value: bytes, found: tuple[str, ...]) -> None:
    assert fields.addresses([value]) == found


@pytest.mark.parametrize(("value", "path"), [(b"<>", ""), (b"", ""), (b"<a@b.example>", "a@b.example"), (b"?", None)])
def test_return_path(value: bytes, path: str | None) -> None:
    assert fields.path(value) == path


def test_message_ids_are_taken_out_of_any_field() -> None:
    assert fields.message_ids([b"<a@b>\r\n\t<c@d> junk <;xxx> < e@f >", b"<a@b>"]) == ("<a@b>", "<c@d>", "<;xxx>")


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("Wed, 04 Nov 2026 13:02:49 +0200", datetime(2026, 11, 4, 11, 2, 49, tzinfo=UTC)),
        ("4 Nov 2026 13:02 (EET)", datetime(2026, 11, 4, 13, 2, tzinfo=UTC)),
        ("Wed, 04 Nov 2026 13:02:49 -0000", datetime(2026, 11, 4, 13, 2, 49, tzinfo=UTC)),
        ("Mon, 99 Foo 9999999999999 99:99:99 +9999", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("", None),
        ("yesterday", None),
    ],
)
def test_dates_are_aware_or_none(value: str, when: datetime | None) -> None:
    assert fields.read_date(value) == when


def test_authentication_results_are_those_of_the_topmost_field_of_a_server() -> None:
    ours = b"mx1.library.example; spf=fail smtp.mailfrom=x@evil.example; dmarc=fail header.from=partner.example"
    forged = b"MX1.library.example; dmarc=pass header.from=partner.example"
    other = b"mx.partner.example; dkim=pass (ok; yes) header.d=Partner.example"
    found = fields.auth_results([ours, forged, other])
    assert [(r.authserv_id, r.method, r.result, r.domain) for r in found] == [
        ("mx1.library.example", "spf", "fail", "evil.example"),
        ("mx1.library.example", "dmarc", "fail", "partner.example"),
        ("mx.partner.example", "dkim", "pass", "partner.example"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        b"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.example; dkim=pass; dmarc=pass header.from=x.example",
        b"mx1.library.example dmarc=pass header.from=partner.example",
        b"(mx1.library.example) ; dmarc=pass",
        b"mx1.library.example; none",
        b"mx1.library.example;",
        b"",
        b"(" * 5000,
    ],
)
def test_a_field_without_a_server_or_result_is_a_stamp_that_states_nothing(value: bytes) -> None:
    assert {(r.method, r.result) for r in fields.auth_results([value])} == {("none", "none")}


WORDS = st.sampled_from(
    ["spf=pass", "dkim=fail", "dmarc=none", "arc=pass", "smtp.mailfrom=a@b.example", "header.d=c.example"]
)
CLAUSE = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(CLAUSE, min_size=1, max_size=3).map(lambda c: "mx.example; " + "; ".join(c)))
def test_the_quick_reader_of_plain_results_agrees_with_authres(value: str) -> None:
    try:
        whole = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        expected = [(r.method, r.result, fields._domain_of(r)) for r in whole.results]
    except authres.SyntaxError:
        return
    assert [(r.method, r.result, r.domain) for r in fields.auth_results([value.encode()])] == expected


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(alphabet='<>@",:;()=?\\ aä\x00\r\n.-', max_size=80).map(str.encode)))
def test_no_reader_raises_and_none_lets_controls_through(value: bytes) -> None:
    address, name, problem = fields.read_from([value])
    assert bool(address) != bool(problem)
    assert address.isascii()
    assert not set("<>,;: ") & set(address)
    for text in (name, fields.decoded(value), *fields.addresses([value]), *fields.message_ids([value])):
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in text)
    fields.auth_results([value])
    fields.read_date(value.decode("latin-1"))
    fields.path(value)
