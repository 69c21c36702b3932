from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maild.parsers.web_form import WebFormParser

from maild.core.terms import EventName, Kind
from maild.reading.opening import open_mail
from tests.requests_of import CONTEXT, cases, mail_of, rules, said

FORM = "webform@library.example"
CASES = cases("web-forms.toml")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_form_is_read_as_it_states_or_left_to_staff(case: dict[str, Any]) -> None:
    reading = WebFormParser().read(open_mail(mail_of(case, FORM)), CONTEXT, rules())
    if case.get("none"):
        assert reading is None
        return
    assert reading is not None
    assert reading.kind is Kind(case.get("kind", "web-form"))
    if "doubt" in case:
        assert case["doubt"] in {doubt.reason for doubt in reading.doubts}
        return
    assert said(reading) == [case["want"]]
    assert reading.doubts == ()
    assert all(event.event is EventName.REQUEST and event.request is None for event in reading.events)


@pytest.mark.parametrize("case", [c for c in CASES if "language" in c], ids=lambda case: str(case["name"]))
def test_language_is_that_of_most_labels(case: dict[str, Any]) -> None:
    reading = WebFormParser().read(open_mail(mail_of(case, FORM)), CONTEXT, rules())
    assert reading is not None
    assert reading.language == case["language"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=80)), max_size=12))
def test_no_labels_and_answers_raise(pairs: list[tuple[str, str]]) -> None:
    text = "\n".join(f"{label}: {value}" for label, value in pairs)
    WebFormParser().read(open_mail(mail_of({"subject": "x", "text": text}, FORM)), CONTEXT, rules())


@pytest.mark.timeout(5)
@pytest.mark.parametrize("line", ["Nimi: " + "a" * 50_000, "x: y\n" * 8000, "Teos:\n" + "b\n" * 20_000, '{"a":' * 5000])
def test_huge_forms_cost_little(line: str) -> None:
    WebFormParser().read(open_mail(mail_of({"subject": "x", "text": line}, FORM)), CONTEXT, rules())
