"""Words as phrases see them: small letters, no accents, each between its own two blanks.

" ei  loydy  hyllysta " lets a pattern ask for whole words without look-around, which re2 has not: word by word
" ei  loydy ", with a gap " ei .* loydy ", by its beginning " hylly[^ ]* ".
"""

import re
import unicodedata

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|\?|€|£|\$|&")
LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d", "’": "'", "œ": "oe"})


def fold(text: str) -> str:
    """Small letters without accents: people leave them out, and mails lose them."""
    low = text.lower().translate(LETTERS)
    if low.isascii():
        return low
    return "".join(c for c in unicodedata.normalize("NFD", low) if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """The folded words, with "?" and currency signs as words of their own."""
    return TOKEN.findall(fold(text))


def spaced(words: list[str]) -> str:
    """The words as patterns want them."""
    return "".join(f" {word} " for word in words)
