"""Every letter of the design is there, in every language, saying the same facts."""

import tomllib
from pathlib import Path

import pytest

from maild import shipped
from maild.core.effects import Audience
from maild.core.letter_gathering import facts_of
from maild.core.letters import PATRON_FACTS, STAFF_FACTS, LetterFacts
from maild.core.terms import LOAN_CONDITIONS, REASONS_RETRY, REASONS_UNFILLED, Status
from maild.letters.render import LANGUAGES, Letters
from maild.letters.samples import NUMBER, SITE, samples
from tests.letter_house import letter_rules, shipped_letters

TO_SUPPLIER = [
    "request_loan",
    "request_copy",
    "request_reminder",
    "conditions_accepted",
    "conditions_refused",
    "cancel_request",
    "renew_request",
    "received",
    "shipped_return",
    "not_received",
    "wrong_or_incomplete",
    "damaged_report",
    "lost_report",
    "already_returned",
    "not_understood",
    "message",
    "correction",
]
TO_PATRON = [
    "request_confirmed",
    "query",
    "details_needed",
    "details_reminder",
    "cost_approval",
    "approval_reminder",
    "expected",
    "on_its_way",
    "ready_for_pickup",
    "pickup_reminder",
    "sent_to_office",
    "copy_delivered",
    "due_soon",
    "due_today",
    "overdue_1",
    "overdue_2",
    "overdue_3",
    "bill",
    "renewal_granted",
    "renewal_refused",
    "renewal_pending",
    "recalled",
    "unfilled",
    "cancelled",
    "cancel_too_late",
    "expired",
    "delayed",
    "due_date_changed",
    "auto_renewed",
    "renewal_not_yet",
    "part_arrived",
    "not_collected",
    "reading_room_ready",
    "purchase_forwarded",
    "request_declined",
    "status_list",
    "message",
    "correction",
    "not_understood",
    "account_ending",
    "claim_noted",
    "reminders",
    "damage_bill",
    "found_elsewhere",
    "returned_thanks",
]
TO_REQUESTER = [
    "lending_acknowledged",
    "lending_expected",
    "lending_conditions",
    "lending_unfilled",
    "lending_overloaded",
    "lending_shipped",
    "lending_copy_delivered",
    "lending_renewal_granted",
    "lending_renewal_refused",
    "lending_cancelled",
    "lending_will_supply",
    "lending_message",
    "lending_status",
    "lending_query",
    "lending_cancel_refused",
    "lending_claim",
    "lending_overdue_1",
    "lending_overdue_2",
    "lending_overdue_3",
    "lending_recall",
    "lending_checked_in",
    "lending_bill",
]
TO_STAFF = ["attention", "worklist", "month", "delivery_failed", "shadow_report"]
OFF = {"received", "lending_acknowledged", "lending_checked_in", "returned_thanks", "due_today", "renewal_pending"}


@pytest.fixture(scope="module")
def letters() -> Letters:
    return shipped_letters()


def test_the_catalogue_is_whole_and_each_letter_has_its_readers() -> None:
    rules = letter_rules()
    assert rules.for_audience(Audience.PARTNER) == {*TO_SUPPLIER, *TO_REQUESTER}
    assert rules.for_audience(Audience.PATRON) == set(TO_PATRON)
    assert rules.for_audience(Audience.STAFF) == set(TO_STAFF)
    assert rules.off == OFF


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_has_a_subject_and_a_text_in_every_language(language: str) -> None:
    files = {file.name for file in (shipped("templates") / language).iterdir()}
    assert files == {f"{name}.{part}" for name in letter_rules().letters for part in ("subject.j2", "txt.j2")}


def _numbers(text: str) -> set[str]:
    """What does not depend on the language: numbers, ids, addresses."""
    words = (word.strip(".,;:()”“?") for word in text.split())
    return {word for word in words if any(c.isdigit() for c in word) and "." not in word.strip(".") and "/" not in word}


@pytest.mark.parametrize("name", sorted(letter_rules().letters))
def test_the_languages_of_a_letter_say_the_same_facts(letters: Letters, name: str) -> None:
    for found in samples(letter_rules().letters[name]):
        facts = facts_of(found.effect, found.context, SITE)
        texts = {language: letters.render(name, language, facts, SITE) for language in LANGUAGES}
        lines = {language: rendered.text.count(": ") for language, rendered in texts.items()}
        if found.name.endswith("usual"):
            ids = {language: _numbers(rendered.text) - _days(facts) for language, rendered in texts.items()}
            assert ids["fi"] == ids["sv"], found.name
            assert max(lines.values()) - min(lines.values()) <= 2, found.name
        assert len({rendered.subject for rendered in texts.values()}) == len(LANGUAGES), found.name


def _days(facts: LetterFacts) -> set[str]:
    days = [getattr(facts, name) for name in ("pickup_until", "expiry", "due_date")]
    return {part for day in days if day for part in (str(day.day), str(day.year))}


@pytest.mark.parametrize("name", [*TO_SUPPLIER, *TO_REQUESTER])
def test_a_partners_letter_names_the_work_and_both_references_the_requesters_first(letters: Letters, name: str) -> None:
    found = next(s for s in samples(letter_rules().letters[name]) if s.name == "partner-usual")
    facts = facts_of(found.effect, found.context, SITE)
    theirs = "TRE-4711" if name.startswith("lending_") else "L-90210"
    for language in LANGUAGES:
        text = letters.render(name, language, facts, SITE).text
        assert "Kaukana kotoa: lainakirjojen kulttuurihistoria" in text
        assert "9789510000007" in text
        assert (text.index(theirs) < text.index(NUMBER)) is name.startswith("lending_")


@pytest.mark.parametrize("audience", [Audience.PARTNER, Audience.PATRON])
def test_facts_that_are_not_for_a_reader_are_not_given_to_the_template(audience: Audience) -> None:
    for name in letter_rules().for_audience(audience):
        for found in samples(letter_rules().letters[name]):
            if found.effect.audience is not audience:
                continue
            facts = facts_of(found.effect, found.context, SITE)
            hidden = STAFF_FACTS | (PATRON_FACTS if audience is Audience.PARTNER else {"their_ref"})
            assert not [fact for fact in hidden if getattr(facts, fact)], found.name


def test_a_patron_is_never_told_the_suppliers_date(letters: Letters) -> None:
    for name in letter_rules().for_audience(Audience.PATRON):
        found = next(s for s in samples(letter_rules().letters[name]) if s.name == "patron-usual")
        facts = facts_of(found.effect, found.context, SITE)
        for language in LANGUAGES:
            text = letters.render(name, language, facts, SITE).text
            assert "10.12.2026" not in text, name
            assert "10 December" not in text, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_condition_and_status_of_the_standard_has_words(letters: Letters, language: str) -> None:
    words = letters.words[language]
    assert words["reason"].keys() == REASONS_UNFILLED | REASONS_RETRY
    assert words["condition"].keys() == LOAN_CONDITIONS
    assert words["status"].keys() == set(Status)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_template_writes_a_line_that_plain_text_has_to_break_badly(language: str) -> None:
    folder = shipped("templates")
    for file in [*(folder / language).iterdir(), folder / "locale" / f"{language}.toml"]:
        text = file.read_text("utf-8")
        assert "\t" not in text, file
        assert "  " not in text.replace("\n  ", "\n"), file
        assert all(ord(char) < 0x2100 for char in text), file


def test_words_files_are_toml_with_the_schema() -> None:
    for language in LANGUAGES:
        path: Path = shipped("templates") / "locale" / f"{language}.toml"
        assert tomllib.loads(path.read_text("utf-8"))["schema"] == 1
