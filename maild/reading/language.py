"""Which language a text is in, by votes of the words that the lexicons know."""

from collections.abc import Iterable

from maild.reading.phrases import STEM, Lexicons
from maild.reading.words import words_of

LEAST_SHARE = 0.2  # of the words that must be known, or the language is one that nobody taught
COMMON = ("fi", "sv", "en", "de", "no", "da", "et")
SURE_LEAD = 2  # words by which another language must know a sentence better than that of the mail
FEW_WORDS = 4  # in so short a text one known word is enough


def language_of(text: str, lexicons: Lexicons) -> str:
    """The language's code, or "" where it is none that we were taught."""
    return best_language(words_of(text), lexicons)


def best_language(words: Iterable[str], lexicons: Lexicons, default: str = "") -> str:
    """The language that knows most of the words; `default` where it knows as many, or where none knows enough."""
    letters = [word for word in words if word[0].isalpha() and len(word) > 1]
    if default and _count(letters, lexicons.by_language[default].words) * 2 > len(letters):
        return default  # no other language can know more of them
    known = {code: _count(letters, lexicon.words) for code, lexicon in lexicons.by_language.items()}
    if not known:
        return default
    # Inflected words count by their beginnings, but only between languages that know as many whole words.
    most = max(known.values())
    stems = [word[:STEM] for word in letters if len(word) > STEM]
    votes = {
        code: (_count(stems, lexicons.by_language[code].beginnings), code == default, -_rank(code))
        for code, count in known.items()
        if count == most
    }
    best = max(votes, key=votes.__getitem__)
    if default and known[default] > 0 and known[best] - known[default] < SURE_LEAD:
        best = default  # a word or two that two languages share make no sentence of another language
    enough = known[best] >= (1 if len(letters) <= FEW_WORDS else LEAST_SHARE * len(letters))
    return best if enough and known[best] > 0 else default


def _count(words: Iterable[str], known: frozenset[str]) -> int:
    return sum(map(known.__contains__, words))


def _rank(code: str) -> int:
    """Where two languages know as much, the one that is written to us more often."""
    return COMMON.index(code) if code in COMMON else len(COMMON)
