"""Domains that look like a partner's, so that staff are warned (T24). Nobody is believed or refused for a likeness."""

import unicodedata
from collections.abc import Iterable

MIN_LIKE = 5  # letters of a name from which on one slip makes a look-alike; shorter names are often a letter apart
MIN_NAME = 4  # letters of a name that is told apart at all from another domain's

# Letters of other scripts, and digits, that people read as these; I and l are one.
_READ_AS = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтοαρνικτυε0135iıłøđ",
    "aeopcyxljsdhlqwbkmhtoapvlktueoleslllod",
)
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))


def looked_like(domain: str, partners: Iterable[str]) -> str:
    """The partner's domain that a stranger's could be taken for, or ""."""
    shown = _as_read(domain)
    for partner in partners:
        if domain != partner and _alike(shown, _as_read(partner)):
            return partner
    return ""


def _as_read(domain: str) -> str:
    """How a hasty eye reads the domain: A-labels as their letters, without accents, look-alikes made one."""
    text = ".".join(_letters(label) for label in domain.lower().split("."))
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    plain = plain.casefold().translate(_READ_AS)
    for pair, one in _PAIRS:
        plain = plain.replace(pair, one)
    return plain


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:  # no label of anybody
        return label[4:]


def _alike(one: str, partner: str) -> bool:
    name = max(partner.split(".")[:-1], key=len, default=partner)
    own = partner[partner.index(name) :]
    if len(name) < MIN_NAME:
        return one.replace("-", "") == partner.replace("-", "")
    parts = [part for label in one.split(".")[:-1] for part in (label, *label.split("-"))]
    if name in parts or _bare(own) in _bare(one):  # under another ending, or with words before or behind
        return True
    labels = own.count(".") + 1
    return len(name) >= MIN_LIKE and _one_slip(".".join(one.split(".")[-labels:]), own)


def _bare(domain: str) -> str:
    return domain.replace("-", "").replace(".", "")


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter more, less or changed, or two exchanged, makes one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, wanted = one[start:], other[start:]
    return wanted in {rest[1:], _exchanged(rest)} or wanted[1:] in {rest, rest[1:]}


def _exchanged(text: str) -> str:
    return text[1:2] + text[:1] + text[2:]
