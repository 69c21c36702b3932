"""Doubt is safe: a certain mail with doubt put into it goes to staff; what nobody says about it changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import doubting
from tests.doubting import Case

JUDGED_KEYS = ("kind", "request", "auto", "events")  # of a reading that must not change
# "lainaa ei ole uusittu" says something else, and says it plainly. A "not" in "the book has arrived" does not: a
# librarian looks for the parcel instead of answering with the day of posting.
OPPOSITES = {
    "RenewAccepted": "RenewRefused",
    "WillSupply": "Unfilled",
    "Loaned": "Unfilled",
}
Changes = Callable[[Case], Iterator[tuple[str, str, bytes]]]


@pytest.fixture(scope="module")
def own_cases() -> list[Case]:
    """The letters of doubts.toml, and those of library systems."""
    return [*doubting.letters(), *doubting.own_letters()]


@pytest.fixture(scope="module")
def shared_cases(shared: Path) -> list[Case]:
    """The labelled mails beside the checkout that are read as their label says."""
    return [one for one in doubting.labelled(shared / "corpus") if one.verdict["auto"]]


def acted_on(cases: Iterable[Case], changes: Changes) -> tuple[Counter[str], list[str]]:
    """How many changed mails of each kind there were, and those that were acted on all the same."""
    tried: Counter[str] = Counter()
    acted = []
    for one in cases:
        for kind, what, raw in changes(one):
            tried[kind] += 1
            assert raw != one.raw
            verdict = doubting.verdict(raw, one.context)
            if verdict["auto"] and not (kind == "negation" and _is_opposite(one, verdict)):
                acted.append(f"{one.name}: {kind}, {what}")
    return tried, acted


def _is_opposite(one: Case, verdict: dict[str, Any]) -> bool:
    before, after = ([event["event"] for event in v["events"]] for v in (one.verdict, verdict))
    return len(before) == 1 and after == [OPPOSITES.get(before[0])]


def changed_readings(cases: Iterable[Case], changes: Changes) -> tuple[Counter[str], list[str]]:
    """How many neutral insertions of each kind there were, and those that changed the reading."""
    tried: Counter[str] = Counter()
    changed = []
    for one in cases:
        for kind, what, raw in changes(one):
            tried[kind] += 1
            verdict = doubting.verdict(raw, one.context)
            if any(verdict[key] != one.verdict[key] for key in JUDGED_KEYS):
                why = verdict["review"]["text"] if verdict["review"] else verdict["events"]
                changed.append(f"{one.name}: {kind}, {what!r} → {why}")
    return tried, changed


def _told(tried: Counter[str], failures: list[str]) -> str:
    total = tried.total()
    share = (total - len(failures)) / max(total, 1)
    return "\n".join([f"{total - len(failures)} of {total} ({share:.1%}), tried {dict(tried)}", *failures])


def test_every_letter_here_is_certain_as_it_stands(own_cases: list[Case]) -> None:
    expected = [(f"{one['event']}-{one['language']}", one["event"]) for one in doubting.DOUBTS["letter"]]
    found = [
        (one.name, one.verdict["events"][0]["event"] if one.verdict["auto"] else one.verdict["review"]["text"])
        for one in own_cases[: len(expected)]
    ]
    assert found == expected
    assert len(own_cases) >= len(expected) + 12


def test_rebuilding_a_mail_changes_nothing(own_cases: list[Case]) -> None:
    same = changed_readings(own_cases, lambda one: iter([("same", "", doubting.rebuilt(one, one.opened.text))]))
    assert same[1] == []


@pytest.mark.timeout(180)
def test_every_doubt_put_into_a_letter_brings_it_to_staff(own_cases: list[Case]) -> None:
    tried, acted = acted_on(own_cases, doubting.doubtful)
    print(_told(tried, acted))  # noqa: T201  # the figure that the test is for
    assert not acted, _told(tried, acted)
    assert min(tried[kind] for kind in ("hedge", "negation", "question", "number", "stranger")) >= len(own_cases)


@pytest.mark.timeout(180)  # 3,000 mails, a minute of the processor: more by the clock where others work
def test_every_doubt_put_into_a_labelled_mail_brings_it_to_staff(shared_cases: list[Case]) -> None:
    tried, acted = acted_on(shared_cases, doubting.doubtful)
    print(_told(tried, acted))  # noqa: T201  # the figure that the test is for
    assert not acted, _told(tried, acted)
    assert tried.total() > 1_000


def test_two_hundred_neutral_insertions_change_no_reading(own_cases: list[Case]) -> None:
    tried, changed = changed_readings(own_cases, doubting.neutral)
    print(_told(tried, changed))  # noqa: T201  # the figure that the test is for
    assert not changed, _told(tried, changed)
    assert tried.total() >= 200


@pytest.mark.timeout(180)
def test_neutral_insertions_change_no_reading_of_a_labelled_mail(shared_cases: list[Case]) -> None:
    tried, changed = changed_readings(shared_cases, doubting.neutral)
    print(_told(tried, changed))  # noqa: T201  # the figure that the test is for
    assert not changed, _told(tried, changed)


@pytest.mark.parametrize("titles", [['{line} "{title}"'], ["Teos: {title}", "Title: {title}", "Titel: {title}"]])
def test_doubt_in_the_title_of_the_work_is_nobodys_doubt(own_cases: list[Case], titles: list[str]) -> None:
    letters = own_cases[: len(doubting.DOUBTS["letter"])]
    _tried, changed = changed_readings(letters, lambda one: doubting.titled(one, titles))
    assert changed == []


def test_the_measure_itself_sees_a_mail_that_is_acted_on(own_cases: list[Case]) -> None:
    unchanged = acted_on(own_cases, lambda one: iter([("none", "as it came", one.raw + b"\n")]))
    assert len(unchanged[1]) == len(own_cases)
