from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.partner_request import PartnerRequestParser

from maild.core.terms import Kind
from maild.reading.opening import open_mail
from tests.requests_of import CONTEXT, cases, mail_of, rules, said

PARTNER = "ill@partner.example"
CASES = cases("requests.toml")
XML = """<?xml version="1.0" encoding="UTF-8"?>
<ISO18626Message xmlns="http://illtransactions.org/2013/iso18626" version="1.2"><request><header>
<requestingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>SE-Hvk</agencyIdValue></requestingAgencyId>
<requestingAgencyRequestId>HV-9</requestingAgencyRequestId></header>
<bibliographicInfo><title>Slussvakten</title><author>Ek, Torsten</author></bibliographicInfo>
<publicationInfo><publicationDate>1949</publicationDate></publicationInfo>
<serviceInfo><serviceType>Loan</serviceType></serviceInfo>
<requestingAgencyInfo><name>Holmviks stadsbibliotek</name></requestingAgencyInfo></request></ISO18626Message>"""


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_request_is_read_as_it_states_or_left_to_staff(case: dict[str, Any]) -> None:
    reading = PartnerRequestParser().read(open_mail(mail_of(case, PARTNER)), CONTEXT, rules())
    if case.get("none"):
        assert reading is None
        return
    assert reading is not None
    assert reading.kind is Kind.PARTNER_REQUEST
    if "doubt" in case:
        assert case["doubt"] in {doubt.reason for doubt in reading.doubts}
        return
    assert said(reading) == [case["want"]]
    assert reading.doubts == ()


def test_an_attached_iso_18626_request_is_read() -> None:
    mail = open_mail(mail_of({"subject": "Fjärrlån", "text": "Se bilagan."}, PARTNER))
    reading = PartnerRequestParser().read(replace(mail, xml=XML), CONTEXT, rules())
    assert reading is not None
    assert said(reading) == [
        {
            "service_type": "Loan",
            "title": "Slussvakten",
            "author": "Ek, Torsten",
            "year": "1949",
            "requester": {
                "name": "Holmviks stadsbibliotek",
                "symbol": "SE-Hvk",
                "email": PARTNER,
                "ref": "HV-9",
            },
        }
    ]


def test_an_entity_in_the_xml_is_not_resolved() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + XML.partition("?>")[2].replace(
        "Slussvakten", "&e;"
    )
    mail = replace(open_mail(mail_of({"subject": "x", "text": "x"}, PARTNER)), xml=bomb)
    reading = PartnerRequestParser().read(mail, CONTEXT, rules())
    assert reading is None or all("root" not in str(one) for one in said(reading))


@pytest.mark.parametrize("hedge", ["Please renew it. ", "Our request KP-2026-000123: ", "Unfortunately we cannot. "])
def test_a_word_of_an_old_request_makes_it_no_new_one(hedge: str) -> None:
    case = next(c for c in CASES if c["name"] == "en: loan with ISBN")
    text = hedge + str(case["text"])
    assert PartnerRequestParser().read(open_mail(mail_of({**case, "text": text}, PARTNER)), CONTEXT, rules()) is None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_raises(text: str, xml: str) -> None:
    mail = open_mail(mail_of({"subject": "ILL request", "text": f"Could you lend us: {text}"}, PARTNER))
    PartnerRequestParser().read(replace(mail, xml=f"<ISO18626><request>{xml}"), CONTEXT, rules())


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", ["Voss, I. " * 4000, "a: " * 20_000, '"' * 30_000, "kirjan A. " * 5000, "1. " * 9000])
def test_long_letters_cost_little(text: str) -> None:
    letter = f"Could you lend us {text}"
    PartnerRequestParser().read(
        open_mail(mail_of({"subject": "ILL request", "text": letter}, PARTNER)), CONTEXT, rules()
    )
