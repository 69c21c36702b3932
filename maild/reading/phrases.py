"""Lexicons: what librarians and patrons write, by what it means; a clause's words find the phrases in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import re2

from maild.reading.patterns import beginnings_of, groups_of, keys_of, searched

MARKS = ("negation", "hedge", "question", "condition", "contrast")  # words that change what a clause says
MAX_REMEMBERED = 1_000  # bytes of a clause whose words are
STEM = 4  # letters of a word by which a language is told; shorter words are much the same in all


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """One pattern. `name` is what a hit says: ("says", "Unfilled", "NotHeld"), ("staff", "damaged", "").

    What is known of it beside that is found out where a mail asks for it: of 5,000 phrases no mail meets a hundred, and
    a process that only checks the rules, as the daemon's own does, meets none.
    """

    kind: str
    name: str
    reason: str
    source: str
    expression: bytes  # for re2, over the spaced bytes of a clause
    counted: Callable[[str], dict[str, int]] = field(repr=False, compare=False)  # the marks of a pattern

    @cached_property
    def regex(self) -> Any:
        """Compiled."""
        return re2.compile(self.expression)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Beginnings of its most telling words, by which a language is known."""
        return keys_of(self.source)

    @cached_property
    def groups(self) -> tuple[frozenset[str], ...]:
        """Beginnings of words, one of each must be there; () = always tried."""
        return groups_of(self.source)

    @cached_property
    def marks(self) -> dict[str, int]:
        """How many negations, hedges ... the pattern itself has."""
        return self.counted(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A phrase found in a clause, and where in its spaced bytes."""

    phrase: Phrase
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """One language."""

    language: str
    phrases: tuple[Phrase, ...]
    marks: dict[str, Any]  # mark → compiled re2 pattern
    words: frozenset[str]  # by which the language is known
    idle: frozenset[str]  # words that only look like a mark, "aurinko" like a question: they are not read
    stems: Any  # compiled: words of our field, which must not stand unexplained
    grave: Any  # compiled: words which need a human wherever they stand unexplained; None = all of them
    giving: Any  # compiled: words of sending and lending, which must not stand unexplained beside a refusal
    found: Any  # compiled: words of finding, which take a refusal back
    labels: dict[str, str]  # of a "Label: value" line → its role

    @cached_property
    def index(self) -> dict[str, list[Phrase]]:
        """Phrases by the beginning of a word that they need; "" for those tried always."""
        out: dict[str, list[Phrase]] = {}
        for phrase in self.phrases:
            for key in phrase.groups[0] if phrase.groups else ("",):
                out.setdefault(key, []).append(phrase)
        return out

    @cached_property
    def signs(self) -> Callable[[bytes], frozenset[str]]:
        """Which of the marks, and whether "stems", stand in a clause: one look for all, for most have none."""
        patterns = {mark: found for mark, found in {**self.marks, "stems": self.stems}.items() if found is not None}
        return searched(patterns)

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """The first letters of the words that patterns need: inflected words of the language begin so."""
        return frozenset(key[:STEM] for phrase in self.phrases for key in phrase.keys if len(key) >= STEM)

    def hits(self, words: list[str], text: bytes) -> list[Hit]:
        """Every phrase that is in the clause; `text` is `spaced(words)` as bytes."""
        # Words of ordinary length are remembered: what a stranger can make as long as he likes is not.
        begins = beginnings_of if len(text) < MAX_REMEMBERED else beginnings_of.__wrapped__
        begun = dict.fromkeys(chain.from_iterable(map(begins, words)))
        wanted = {id(p): p for beginning in ("", *begun) for p in self.index.get(beginning, ())}
        without = frozenset(begun).isdisjoint
        hits = []
        for phrase in wanted.values():
            if not any(map(without, phrase.groups[1:])) and (found := phrase.regex.search(text)) is not None:
                start, end = found.span()
                if start < end:  # a choice "$" is the end of the clause, and no word
                    hits.append(Hit(phrase=phrase, start=start, end=end))
        return hits


@dataclass(frozen=True, kw_only=True)
class Lexicons:
    """All languages, by their code, and what stands behind which label of a "Label: value" line in any of them."""

    by_language: Mapping[str, Lexicon] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)  # label → role
