"""Random lives of requests (bench/lives.py): some of them hold, and what breaks is seen."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bench.lives import PARTNERS, PATRON, Life, shipped_rules
from bench.wound_desk import Key, WoundDesk
from maild.core.effects import Audience, Effect, PlanNotice, SendLetter

RULES = shipped_rules()
LIVES = 40
Spoil = Callable[[Effect], Iterator[Effect]]


def broken() -> list[str]:
    """What broke in the first lives."""
    found: list[str] = []
    for seed in range(LIVES):
        life = Life(RULES, seed)
        life.live()
        found += life.broken
    return found


def no_notices(effect: Effect) -> Iterator[Effect]:
    if not isinstance(effect, PlanNotice):
        yield effect


def to_the_other_side(effect: Effect) -> Iterator[Effect]:
    if isinstance(effect, SendLetter) and effect.audience is not Audience.STAFF:
        yield replace(effect, to=PARTNERS[0].email if effect.audience is Audience.PATRON else PATRON.email)
    else:
        yield effect


def to_another_partner(effect: Effect) -> Iterator[Effect]:
    if isinstance(effect, SendLetter) and effect.audience is Audience.PARTNER:
        yield replace(effect, partner_id=99)
    else:
        yield effect


def twice(effect: Effect) -> Iterator[Effect]:
    yield effect
    if isinstance(effect, SendLetter):
        yield effect


def test_lives_hold_whatever_is_lost_late_or_said_twice() -> None:
    assert broken() == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (no_notices, "nobody looks at"),
        (to_the_other_side, "for the patron went to"),
        (to_the_other_side, "for a partner went to"),
        (to_another_partner, "never asked"),
        (twice, "2 times for"),
    ],
)
def test_a_desk_that_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch, spoil: Spoil, told: str) -> None:
    keep = WoundDesk.keep

    def spoilt(desk: WoundDesk, effect: Effect) -> None:
        for one in spoil(effect):
            keep(desk, one)

    monkeypatch.setattr(WoundDesk, "keep", spoilt)
    assert any(told in line for line in broken())


def test_a_notice_that_comes_twice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fire = WoundDesk._fire

    def again(desk: WoundDesk, key: Key) -> None:
        fire(desk, key)
        if desk.notices[key].state == "sent":
            fire(desk, key)

    monkeypatch.setattr(WoundDesk, "_fire", again)
    assert any("came 2 times" in line for line in broken())
