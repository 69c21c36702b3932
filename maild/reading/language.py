"""Which language a text is in, by votes of the words that the lexicons know."""

from collections.abc import Iterable

from maild.reading.phrases import Lexicons
from maild.reading.words import words_of

LEAST_SHARE = 0.2  # of the words that must be known, or the language is one that nobody taught
FEW_WORDS = 4  # in so short a text one known word is enough


def language_of(text: str, lexicons: Lexicons) -> str:
    """The language's code, or "" where it is none that we were taught."""
    return best_language(words_of(text), lexicons)


def best_language(words: Iterable[str], lexicons: Lexicons, default: str = "") -> str:
    """The language that knows most of the words; `default` where two know as many, or none enough."""
    letters = [word for word in words if word[0].isalpha() and len(word) > 1]
    votes = {code: sum(word in lexicon.words for word in letters) for code, lexicon in lexicons.by_language.items()}
    if not votes:
        return default
    best = max(votes, key=lambda code: (votes[code], code == default))
    enough = votes[best] >= (1 if len(letters) <= FEW_WORDS else LEAST_SHARE * len(letters))
    return best if enough and votes[best] > 0 else default
