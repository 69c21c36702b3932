"""The shipped letters, as tests of them need them."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from maild import shipped
from maild.core.effects import Audience, SendLetter
from maild.core.letter_gathering import facts_of
from maild.core.letter_rules import LetterRules, load
from maild.core.letters import LetterFacts
from maild.letters.compose import Composer
from maild.letters.render import Letters
from maild.letters.samples import SITE, Sample, samples
from maild.rulebook import read_files

KEY = "5f" * 32
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@cache
def letter_rules() -> LetterRules:
    files, problems = read_files()
    rules, wrong = load(files)
    assert rules is not None, [*problems, *wrong]
    return rules


@cache
def shipped_letters(*own: Path) -> Letters:
    """The shipped letters, with a site's folders before them."""
    return Letters([*own, shipped("templates")], letter_rules())


@cache
def composer(*own: Path) -> Composer:
    return Composer(shipped_letters(*own), SITE, key=KEY)


def sample(letter: str, /, case: str = "usual", audience: Audience | None = None, **facts: Any) -> Sample:
    """That case of that letter, with some facts put in place of its own."""
    found = next(
        s
        for s in samples(letter_rules().letters[letter])
        if s.name.endswith(case) and audience in {None, s.effect.audience}
    )
    return replace(found, effect=replace(found.effect, facts={**found.effect.facts, **facts}))


def facts(letter: str, /, case: str = "usual", audience: Audience | None = None, **given: Any) -> LetterFacts:
    """What that letter's template would be given."""
    found = sample(letter, case, audience, **given)
    return facts_of(found.effect, found.context, SITE)


def in_languages(effect: SendLetter, *languages: str) -> SendLetter:
    return replace(effect, languages=languages)
