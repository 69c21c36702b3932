"""Letters a second: composed to bytes, bilingual, text and HTML; beside a bare Jinja2 render of the same templates.

Run: .venv/bin/python bench/letters.py [seconds a measurement]
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle

from jinja2 import Environment

from maild import shipped
from maild.core.letter_gathering import facts_of
from maild.core.letter_rules import load
from maild.letters.compose import Composer
from maild.letters.render import Letters
from maild.letters.samples import SITE, Sample, samples
from maild.rulebook import read_files

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
LANGUAGES = ("fi", "en")
MEANT = 300  # letters a second and core
SHOWN = ("due_soon", "ready_for_pickup", "overdue_1", "request_loan", "lending_shipped", "renewal_granted", "unfilled")


def rate(work: Callable[[Sample], object], found: list[Sample], seconds: float) -> float:
    """How often `work` is done in a second of CPU, the samples in turn; the best of three."""
    best = 0.0
    for _ in range(3):
        count, turn, start = 0, cycle(found), time.process_time()
        while time.process_time() - start < seconds:
            work(next(turn))
            count += 1
        best = max(best, count / (time.process_time() - start))
    return best


def main() -> None:
    """Prints the rates and their ratio; ends with 1 where letters are slower than meant."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    rules, problems = load(read_files()[0])
    assert rules is not None, problems
    letters = Letters([shipped("templates")], rules)
    composer = Composer(letters, SITE, key="5f" * 32)
    found = [
        replace(sample, effect=replace(sample.effect, languages=LANGUAGES))
        for name in SHOWN
        for sample in samples(rules.letters[name])
        if sample.name.endswith("usual")
    ]
    ready = {
        sample.effect.letter: [
            (environment_of(letters, one), sample.effect.letter, values_of(letters, sample, one)) for one in LANGUAGES
        ]
        for sample in found
    }

    def bare(sample: Sample) -> None:
        for environment, name, values in ready[sample.effect.letter]:
            environment.get_template(f"{name}.subject.j2").render(values)
            environment.get_template(f"{name}.txt.j2").render(values)
            environment.get_template("_blocks.html.j2").render(values)

    def composed(sample: Sample) -> None:
        composer.compose(sample.effect, sample.context, now=NOW)

    size = sum(len(composer.compose(one.effect, one.context, now=NOW).raw) for one in found) / len(found)
    whole, alone = rate(composed, found, seconds), rate(bare, found, seconds)
    print(f"{len(found)} letters in {' and '.join(LANGUAGES)}, {size / 1024:.1f} KiB each on average")
    print(f"composed to bytes, text and HTML: {whole:8.0f} a second of CPU (meant: {MEANT})")
    print(f"bare Jinja2 of their templates:   {alone:8.0f} a second of CPU; ratio {alone / whole:.1f}")
    sys.exit(0 if whole >= MEANT else 1)


def environment_of(letters: Letters, language: str) -> Environment:
    """The templates of one language, compiled already."""
    return letters.environment(language)


def values_of(letters: Letters, sample: Sample, language: str) -> dict[str, object]:
    """All that the templates of that letter look up."""
    facts = facts_of(sample.effect, sample.context, SITE)
    rendered = letters.render(sample.effect.letter, language, facts, SITE, SITE.address)
    values = {name: getattr(facts, name) for name in type(facts).__dataclass_fields__}
    site = {"site_name": "x", "site_contact": "x", "site_address": "x", "site_postal_address": "x", "site_symbol": "x"}
    choices = letters.rules.letters[sample.effect.letter].choices
    return values | site | {"choices": choices, "choices_ask": True, "blocks": rendered.blocks, "look": letters.look}


if __name__ == "__main__":
    main()
