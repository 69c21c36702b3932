"""What a written letter really tells of the request: of all that it could, what stands in it."""

from collections.abc import Sequence
from datetime import date

from maild.core import truth
from maild.core.letters import DAYS, LetterFacts
from maild.letters.filters import DATES, LONG_DATES, of_day, of_sum
from maild.letters.render import Rendered


def said(facts: LetterFacts, written: Sequence[Rendered]) -> dict[str, str]:
    """The facts that a reader finds in the letter, by name, in plain form."""
    values = {line for one in written for block in one.blocks for fact in block.facts for line in fact.lines}
    words = " ".join(" ".join(one.text for one in written).split())
    return {
        name: value for name, value in truth.says(facts).items() if _stands(name, value, facts, values, words, written)
    }


def _stands(
    name: str, value: str, facts: LetterFacts, values: set[str], words: str, written: Sequence[Rendered]
) -> bool:
    if name in DAYS:
        return _is_dated(value, words, written)
    if name == "cost":
        return any(of_sum(facts.cost, one.language) in values for one in written)
    return value in values


def _is_dated(value: str, words: str, written: Sequence[Rendered]) -> bool:
    """Whether the day stands there in one of the forms of its language."""
    day = date.fromisoformat(value)
    forms = [of_day(day, form[one.language], one.language) for one in written for form in (DATES, LONG_DATES)]
    return any(form in words for form in forms)
