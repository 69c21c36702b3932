"""What of the patron a letter to a partner tells, however it is written: in another order, spelling or spacing.

Templates are never given these data, but a patron may write them into a title, and staff into a message.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import accumulate

from maild.core.reading import Citation
from maild.core.request import Patron

MIN_CARD = 5  # a shorter card number could stand in a letter by chance
MIN_PHONE = 6
SURE = 8  # so long a run of digits or letters stands nowhere by chance, not even inside another
MAX_ENDING = 4  # letters: Esimerkille
NEAR = 4  # words between which a given name and a surname are one person's

UNSEEN = re.compile(r"[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]")  # marks over letters, soft hyphens, joiners
OTHER_DIGIT = re.compile(r"(?![0-9])\d")
WORD = re.compile(r"[^\W\d_]+|\d+")
DOUBLED = re.compile(r"(\w)\1+")
ALONE = {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}  # no mark to take off
ONE_ALONE = re.compile(f"[{''.join(ALONE)}]")
SPELT = str.maketrans({"ä": "ae", "ö": "oe", "å": "aa", "ü": "ue", "ø": "oe"})
PARTICLES = frozenset({"af", "av", "da", "de", "der", "di", "du", "el", "la", "le", "van", "von", "zu"})
IN_ADDRESSES = frozenset({"at", "a", "dot", "piste", "punkt", "miukumauku", "snabel", "snabela", "kissanhanta"})
STREET = re.compile(
    r"\w(?:katu|tie|kuja|polku|kaari|vayla|raitti|rinne|gatan|vagen|stigen|granden|street|road)\s+\d+\b"
    r".{0,40}?\b\d{5}\s+[^\W\d_]{2}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Squashed:
    """Words without anything between them, and where each begins and ends."""

    text: str
    starts: frozenset[int]
    ends: frozenset[int]

    def holds(self, word: str, *, inside: bool = False) -> bool:
        """Whether whole words make it up; `inside` longer ones too."""
        at = self.text.find(word) if word else -1
        while at >= 0:
            if inside or (at in self.starts and at + len(word) in self.ends):
                return True
            at = self.text.find(word, at + 1)
        return False


def tells(patron: Patron, text: str) -> str:
    """Which of the patron's data the text tells: name, card number, telephone number, e-mail address; "" for none."""
    words = words_of(text)
    squashed = _squash(words)
    if _email(words, squashed, patron.email):
        return "e-mail address"
    if _card(squashed, patron.card):
        return "card number"
    if _phone(squashed, patron.phone):
        return "telephone number"
    return "name" if _name(words, squashed, patron.name) else ""


def holds_address(citation: Citation) -> bool:
    """Whether a street with its postcode stands where the work should."""
    return STREET.search(_folded("\n".join(filter(None, astuple(citation))))) is not None


def words_of(text: str) -> list[str]:
    """The runs of letters and of digits, without case, marks and what cannot be seen."""
    return WORD.findall(_folded(text))


def _folded(text: str) -> str:
    unmarked = UNSEEN.sub("", unicodedata.normalize("NFKD", text)).casefold()
    plain = ONE_ALONE.sub(lambda found: ALONE[found[0]], unmarked)
    return plain if plain.isascii() else OTHER_DIGIT.sub(lambda found: str(unicodedata.decimal(found[0])), plain)


def _squash(words: Sequence[str]) -> Squashed:
    ends = list(accumulate(map(len, words)))
    return Squashed(text="".join(words), starts=frozenset([0, *ends]), ends=frozenset(ends))


def _email(words: Sequence[str], squashed: Squashed, email: str) -> bool:
    """The address, also with words for its signs; or its part before the @, where that has a digit."""
    local, _, domain = email.partition("@")
    if not domain:
        return False
    secret = _squash([word for word in words_of(email) if word not in IN_ADDRESSES]).text
    spelt_out = _squash([word for word in words if word not in IN_ADDRESSES])
    user = "".join(words_of(local))
    named = len(user) >= MIN_CARD and not user.isalpha() and squashed.holds(user)
    return spelt_out.holds(secret, inside=len(secret) >= SURE) or named


def _card(squashed: Squashed, card: str) -> bool:
    secret = "".join(words_of(card))
    return len(secret) >= MIN_CARD and squashed.holds(secret, inside=len(secret) >= SURE)


def _phone(squashed: Squashed, phone: str) -> bool:
    """The number, with or without its country: 040 123 456 is +358 40 123456."""
    digits = "".join(word for word in words_of(phone) if word.isdigit())
    secret = digits.removeprefix("00").removeprefix("358").lstrip("0")
    return len(secret) >= MIN_PHONE and squashed.holds(secret, inside=True)


def _name(words: Sequence[str], squashed: Squashed, name: str) -> bool:
    """A given name and the surname near each other, in any order, inflected or run together."""
    given, surname = _parts(name)
    if any(squashed.holds(one) for one in _run_together(given, surname)):
        return True
    firsts = _places(words, given)
    lasts = _places(words, surname) if firsts else []
    return any(i != j and abs(i - j) <= NEAR for i in firsts for j in lasts)


def _parts(name: str) -> tuple[list[str], list[str]]:
    """The given names and the words of the surname: "Esimerkki, Aino Maria" and "Aino Maria Esimerkki" are alike."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.strip().rpartition(" ")
    return _spellings(first), _spellings(last)


def _spellings(part: str) -> list[str]:
    """The words that tell somebody, and each as it is written where ä is ae."""
    both = dict.fromkeys(words_of(part) + words_of(unicodedata.normalize("NFC", part).casefold().translate(SPELT)))
    return [word for word in both if len(word) > 1 and word.isalpha() and word not in PARTICLES]


def _run_together(given: Sequence[str], surname: Sequence[str]) -> Iterator[str]:
    for first in given:
        for last in surname:
            yield first + last
            yield last + first


def _places(words: Sequence[str], names: Sequence[str]) -> list[int]:
    """Where one of the names stands, with a Finnish or Swedish ending: Matin and Matille of Matti, Virtasen."""
    stems = [(stem, len(name) + MAX_ENDING) for name in names for stem in _stems(name)]
    initials = {stem[0] for stem, _ in stems}
    return [i for i, word in enumerate(words) if word[0] in initials and _is_name(word, stems)]


def _is_name(word: str, stems: Sequence[tuple[str, int]]) -> bool:
    plain = DOUBLED.sub(r"\1", word)
    return any(plain.startswith(stem) and len(word) <= longest for stem, longest in stems)


def _stems(name: str) -> Iterator[str]:
    plain = DOUBLED.sub(r"\1", name)
    yield plain
    if plain.endswith("nen"):
        yield plain[:-3] + "s"
