"""Words as phrases see them: small letters, no accents, each between its own two blanks.

" ei  loydy  hyllysta " lets a pattern ask for whole words without look-around, which re2 has not: word by word
" ei  loydy ", with a gap " ei .* loydy ", by its beginning " hylly[^ ]* ".
"""

import re
import unicodedata

TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|\?|€|£|\$|&")
FOREIGN = re.compile(r"[^\x00-\x7f]+")


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


LATIN = {code: _bare(chr(code)) for code in range(0xC0, 0x180)} | str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d", "’": "'", "œ": "oe"}  # in which Unicode sees no accent
)


def fold(text: str) -> str:
    """Small letters without accents: people leave them out, and mails lose them."""
    low = text.lower()
    if low.isascii():
        return low
    low = low.translate(LATIN)  # by far the quickest, and enough for most texts
    return low if low.isascii() else FOREIGN.sub(lambda run: _bare(run.group()), low)


def words_of(text: str) -> list[str]:
    """The folded words, with "?" and currency signs as words of their own."""
    return TOKEN.findall(fold(text))


def spaced(words: list[str]) -> str:
    """The words as patterns want them."""
    return "".join(f" {word} " for word in words)
