"""A letter as bytes: what other readers make of its fields, and what no stranger may put into them."""

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.core.effects import Audience
from maild.core.mail import Mail
from maild.core.reading import Citation
from maild.core.request import Context, Patron
from maild.core.terms import Party
from maild.core.trust import token_ok
from maild.letters.compose import AttachedFile
from maild.letters.headers import mailbox, message_ids
from maild.letters.render import LetterError
from maild.letters.samples import NUMBER, SITE, Sample, samples
from tests.letter_house import KEY, NOW, composer, in_languages, letter_rules, sample

COMPOSER = composer()
EXCHANGE_ID = f"<{'AM0PR07MB1234567890ABCDEF' * 3}@AM0PR07MB1234.eurprd07.prod.outlook.com>"


def _raw(found: Sample, *files: AttachedFile) -> bytes:
    return COMPOSER.compose(found.effect, found.context, now=NOW, attachments=files).raw


def _read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert not any(value.defects for value in message.values())
    return message


def _text(raw: bytes) -> str:
    return _part(raw, "plain")


def _part(raw: bytes, subtype: str) -> str:
    body = _read(raw).get_body((subtype,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def _with_request(found: Sample, **values: Any) -> Sample:
    request = replace(found.context.requests[0], **values)
    return replace(found, context=replace(found.context, requests=(request,)))


def test_a_letter_carries_what_every_letter_carries() -> None:
    message = _read(_raw(sample("ready_for_pickup")))
    assert message["From"].addresses[0].addr_spec == SITE.address
    assert message["From"].addresses[0].display_name == SITE.name["fi"]
    assert message["To"] == "aino.asiakas@patron.example"
    assert message["Subject"].startswith("Tilauksesi on noudettavissa: Kaukana kotoa")
    assert message["Subject"].endswith(f" [{NUMBER}]")
    assert message["Date"].datetime == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fi"
    text = _text(_raw(sample("ready_for_pickup")))
    assert "Kaukana kotoa: lainakirjojen kulttuurihistoria" in text
    assert SITE.name["fi"] in text
    assert SITE.contact["fi"] in text


def test_no_letter_asks_for_a_receipt_and_none_keeps_bounces_away() -> None:
    message = _read(_raw(sample("request_loan")))
    assert not {"Disposition-Notification-To", "Return-Receipt-To"} & set(message.keys())
    suppressed = {word.strip() for word in message["X-Auto-Response-Suppress"].split(",")}
    assert {"OOF", "AutoReply", "RN"} <= suppressed
    assert not {"All", "NDR"} & suppressed


def test_only_a_receipt_calls_itself_an_automatic_reply() -> None:
    assert _read(_raw(sample("lending_acknowledged")))["Auto-Submitted"] == "auto-replied"
    assert _read(_raw(sample("lending_renewal_granted")))["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("letter", "party"),
    [
        ("request_loan", Party.SUPPLIER),
        ("lending_shipped", Party.REQUESTER),
        ("due_soon", Party.PATRON),
        ("attention", Party.STAFF),
    ],
)
def test_the_reply_address_is_signed_for_the_mailbox_that_we_wrote_to(letter: str, party: Party) -> None:
    found = sample(letter)
    address = _read(_raw(found))["Reply-To"].addresses[0]
    name, number, letter_of_party, token = address.username.replace("+", ".").split(".")
    assert (name, number, letter_of_party) == ("ill", NUMBER.lower(), party.value)
    assert token_ok([KEY], NUMBER, party, found.effect.to, token)


def test_a_letter_about_no_request_has_no_signed_address_and_no_tag() -> None:
    message = _read(_raw(sample("worklist")))
    assert message["Reply-To"] is None
    assert "[" not in message["Subject"]


def test_the_same_cause_gives_the_same_bytes_and_another_cause_another_id() -> None:
    found = sample("overdue_1")
    assert _raw(found) == _raw(found)
    file = AttachedFile(name="kopio.pdf", type="application/pdf", data=b"%PDF-1.7")
    assert _raw(found, file) == _raw(found, file)
    first = COMPOSER.compose(found.effect, found.context, now=NOW).message_id
    for other in (
        replace(found.effect, cause="another"),
        replace(found.effect, to="other@patron.example"),
        replace(found.effect, letter="overdue_2"),
    ):
        assert COMPOSER.compose(other, found.context, now=NOW).message_id != first
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert COMPOSER.compose(found.effect, found.context, now=later).message_id == first
    assert first.startswith("<kp-2026-000123.overdue_1.")


def test_the_thread_of_a_partner_holds_no_letter_to_the_patron() -> None:
    ours = (
        "<kp-2026-000123.request_loan.aaaaaaaaaaaa@library.example>",
        "<kp-2026-000123.request_confirmed.bbbbbbbbbbbb@library.example>",
    )
    found = _with_request(sample("renew_request"), letters=ours, last_partner_message_id="<their@partner.example>")
    message = _read(_raw(found))
    assert message["In-Reply-To"] == "<their@partner.example>"
    assert message["References"].split() == [ours[0], "<their@partner.example>"]
    assert _read(_raw(_with_request(sample("due_soon"), letters=ours)))["References"] == ours[1]


def test_a_long_message_id_is_never_written_as_an_encoded_word() -> None:
    raw = _raw(_with_request(sample("renew_request"), last_partner_message_id=EXCHANGE_ID))
    assert raw.count(EXCHANGE_ID.encode()) == 2
    assert _read(raw)["In-Reply-To"] == EXCHANGE_ID


def test_what_is_no_message_id_joins_no_thread() -> None:
    wrong = ("", "x", "<a b@c>", "<a@b>\r\nBcc: x@evil.example", "<ä@b>", f"<{'a' * 300}@b>", "<a@b><c@d>")
    assert message_ids(wrong) == []
    assert _read(_raw(_with_request(sample("renew_request"), last_partner_message_id=wrong[3])))["References"] is None


def test_a_bilingual_letter_has_both_languages_and_one_signature_the_readers_first() -> None:
    found = sample("request_loan")
    raw = _raw(replace(found, effect=in_languages(found.effect, "sv", "fi")))
    message, text = _read(raw), _text(raw)
    assert message["Content-Language"] == "sv, fi"
    assert message["Subject"].startswith("Fjärrlånebeställning / Kaukolainapyyntö: ")
    assert text.startswith("Suomeksi alempana.")
    assert text.index("Vi ber att få låna") < text.index("* * *") < text.index("Pyydämme teiltä")
    assert text.count("\n-- \n") == 1
    assert message["From"].addresses[0].display_name == SITE.name["sv"]


def test_a_reader_of_a_language_that_we_lack_gets_english() -> None:
    found = sample("request_loan")
    assert _read(_raw(replace(found, effect=in_languages(found.effect, "de"))))["Content-Language"] == "en"
    assert _read(_raw(replace(found, effect=in_languages(found.effect, "de", "sv"))))["Content-Language"] == "sv"


def test_a_subject_that_asks_has_no_colon_behind_its_question_mark() -> None:
    for letter, subject in (
        ("lending_conditions", "Hyväksyttekö ehdot? Kaukana kotoa"),
        ("unfilled", "Emme saaneet tilaamaasi aineistoa: Kaukana kotoa"),
    ):
        found = sample(letter, "bare")
        raw = composer().compose(in_languages(found.effect, "fi"), found.context, now=NOW).raw
        assert email.message_from_bytes(raw, policy=default)["Subject"] == f"{subject} [KP-2026-000123]"


def test_blanks_of_a_subject_survive_its_folding() -> None:
    title = "niin pitkään, että ääkköset öisin åkerön yllä ähkivät öljyä"
    found = _with_request(sample("request_loan"), citation=Citation(title=title))
    raw = _raw(found)
    assert _read(raw)["Subject"] == f"Kaukolainapyyntö: {title} [{NUMBER}]"
    assert mailparser.parse_from_bytes(raw).subject == f"Kaukolainapyyntö: {title} [{NUMBER}]"


def test_lines_stay_within_what_mail_allows() -> None:
    for rule in letter_rules().letters.values():
        for found in samples(rule):
            raw = _raw(found)
            assert max(map(len, raw.split(b"\r\n"))) <= 200, found
            assert b"\n" not in raw.replace(b"\r\n", b""), found


def test_a_copy_goes_along_under_a_clean_name() -> None:
    files = (
        AttachedFile(name='../a\r\nX: "ä\u202efdp.pdf', type="application/pdf", data=b"%PDF-1.7\n"),
        AttachedFile(name="", type="message/rfc822", data=b"From: x"),
        AttachedFile(name="t.txt", type="text/plain; x=y", data="ä\n".encode()),
    )
    parts = list(_read(_raw(sample("copy_delivered", "copy"), *files)).iter_attachments())
    assert [part.get_content_type() for part in parts] == ["application/pdf", *["application/octet-stream"] * 2]
    assert [part.get_filename() for part in parts] == ['_a X: "äfdp.pdf', "copy", "t.txt"]
    assert [part.get_payload(decode=True) for part in parts] == [file.data for file in files]


def test_a_copy_that_is_too_large_for_a_mailbox_is_left_to_staff_who_send_a_link() -> None:
    found = sample("copy_delivered", "copy")
    large = [AttachedFile(name=f"{n}.pdf", type="application/pdf", data=b"%PDF-1.7" * 2**20) for n in (1, 2)]
    assert len(_raw(found, large[0])) > 8 * 2**20
    with pytest.raises(LetterError, match=r"copy_delivered on KP-2026-000123 would carry 16\.0 MB.*url=https"):
        _raw(found, *large)


def test_an_address_that_is_none_is_refused_with_the_letters_name() -> None:
    found = sample("request_loan")
    for wrong in ("", "ill", "a@b@c", "a b@c.example", "a@b\r\nBcc: v@evil.example", "<a@b>", "a,b@c", '"a"@b', "a@"):
        with pytest.raises(LetterError, match=f"request_loan on {NUMBER}"):
            COMPOSER.compose(replace(found.effect, to=wrong), found.context, now=NOW)


def test_domains_are_written_as_a_labels() -> None:
    assert mailbox("ill@kirjästö.example").addr_spec == "ill@xn--kirjst-eua0m.example"
    with pytest.raises(ValueError, match="is no e-mail address"):
        mailbox("ill@a\u2028b.example")


@pytest.mark.parametrize("secret", ["aino.asiakas@patron.example", "AINO.ASIAKAS@patron.example", "2000123456"])
def test_a_partners_letter_with_patron_data_is_not_written(secret: str) -> None:
    found = sample("message", audience=Audience.PARTNER, text=f"Lainaaja on {secret}.")
    with pytest.raises(LetterError, match="patron's data"):
        _raw(found)


def _payloads() -> list[str]:
    ends = [
        "\r\n",
        "\n",
        "\r",
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x0c",
        "\x00",
        "\x1c",
        "\r\n\r\n",
        "\\r\\n",
        "%0d%0a",
    ]
    tails = ["Bcc: v@evil.example", " Bcc: v@evil.example", "\tX: y"]
    words = ["=?utf-8?q?=0D=0ABcc:_v=40evil.example?=", "=?utf-8?b?DQpCY2M6IHZAZXZpbC5leGFtcGxl?="]
    return [f"A{end}{tail}" for end in ends for tail in tails] + [f"A {word}" for word in words] + ["\ud800\r\nBcc: x"]


FIELDS = ("title", "author", "article_title", "publisher", "isbn", "volume", "pages", "year")


@pytest.mark.parametrize("payload", _payloads())
def test_no_field_of_a_stranger_becomes_a_header(payload: str) -> None:
    assert len(_payloads()) >= 40
    found = sample("request_loan")
    expected = _read(_raw(found)).keys()
    for field in FIELDS:
        hostile = _with_request(found, citation=Citation(**{field: payload}), supplier_ref=payload, pickup=payload)
        raw = _raw(hostile)
        assert _read(raw).keys() == expected
        assert b"\nBcc" not in raw.split(b"\r\n\r\n")[0]
    for rule in ("attention", "delivery_failed", "message"):
        stranger: dict[str, Any] = dict.fromkeys(
            ("reason", "mail_subject", "mail_from", "recipient", "diagnostic", "letter"), payload
        )
        assert "Bcc" not in _read(_raw(sample(rule, **stranger)))


@settings(max_examples=60, deadline=None)
@given(title=st.text(max_size=200), author=st.text(max_size=80), reference=st.text(max_size=80))
def test_whatever_a_form_holds_becomes_a_mail_that_reads_back_the_same(title: str, author: str, reference: str) -> None:
    citation = Citation(title=title, author=author)
    raw = _raw(_with_request(sample("lending_shipped"), citation=citation, requester_ref=reference))
    message = _read(raw)
    assert message["Subject"].endswith(f"[{NUMBER}]")
    assert message["To"] == "ill@partner.example"
    parsed = mailparser.parse_from_bytes(raw)
    assert not parsed.has_defects
    assert parsed.subject == message["Subject"]
    assert _text(raw).count("\n-- \n") == 1


@pytest.mark.parametrize("audience", list(Audience))
def test_a_patrons_data_stand_in_no_letter_to_a_partner(audience: Audience) -> None:
    patron = Patron(id=1, name="Zzyzx Qwfpgj", email="zz@patron.example", card="987654321", phone="+358991234567")
    for name in letter_rules().for_audience(audience):
        for found in samples(letter_rules().letters[name]):
            if found.effect.audience is not audience:
                continue
            request = replace(
                found.context.requests[0], patron_id=1, patron_email=patron.email, note="soita 0401234567", pickup="Qx"
            )
            context = Context(requests=(request,), patrons=(patron,))
            text = _read(COMPOSER.compose(found.effect, context, now=NOW).raw).as_string()
            secrets = [patron.name, patron.card, patron.phone, "0401234567"]
            if audience is Audience.PARTNER:
                secrets += [patron.email, "Qx"]
            assert not [secret for secret in secrets if secret in text], name


def test_the_name_of_the_site_is_read_back_whole() -> None:
    raw = _raw(sample("request_loan"))
    assert mailparser.parse_from_bytes(raw).from_ == [(SITE.name["fi"], SITE.address)]
    assert Mail(from_name=SITE.name["fi"]).from_name in str(_read(raw)["From"])
