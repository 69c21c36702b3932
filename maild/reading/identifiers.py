"""DOI, PMID, ISBN, ISSN and ISIL found in texts and links, and Finnish personal identity codes masked.

Check digits are checked (python-stdnum): a number that fails is no identifier, because it would order another work.
"""

import re
from datetime import date
from urllib.parse import unquote

from stdnum import isbn as stdnum_isbn
from stdnum import issn as stdnum_issn

MAX_TEXT = 20_000  # characters looked at; longer texts carry nothing more that a person typed into a form

# A proxied link writes doi-org.proxy.library.example/10.5555/x: the prefix alone tells.
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>|\\^`{}]{1,200}")
_PMID = re.compile(
    r"(?:\bPM-?ID\b[:\s]{0,4}|info:pmid/|pubmed\.ncbi\.nlm\.nih\.gov/|pubmed-ncbi-nlm-nih-gov\.[\w.-]{1,80}/"
    r"|ncbi\.nlm\.nih\.gov/pubmed/|\bpubmed(?:-?id)?[:\s]{1,3})(\d{1,8})\b",
    re.IGNORECASE,
)
_ISBN = re.compile(r"(?<![\w/.-])(?:97[89][\s-]{0,2})?(?:\d[\s-]?){9}[\dXx](?![\w/-])")
_ISSN = re.compile(r"(?<![\w-])\d{4}[-\u2010-\u2012]\d{3}[\dXx](?![\w-])")
_ISIL = re.compile(r"(?<![\w-])([A-Z]{2}-[A-Za-z0-9:/-]{1,11})(?![\w-])")
_HETU = re.compile(r"(?<![\w])(\d{2})(\d{2})(\d{2})([-+A-FU-Yu-ya-f\u2010-\u2015])(\d{3})([0-9A-Ya-y])(?![\w])")
_HETU_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CENTURIES = {"+": 1800, **dict.fromkeys("-YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
MASK = "******-****"

# Two-letter words before a hyphen that are no country or library system: CD-levy, DVD has three letters.
_NOT_ISIL = frozenset({"CD", "PL", "OK", "AV", "PC", "TV", "UB", "EU"})


def dois(text: str) -> tuple[str, ...]:
    """Every DOI in a text or link, bare, lower case left as it stands, unique and in order."""
    found: dict[str, str] = {}
    for match in _DOI.finditer(_plain(text)):
        doi = _trimmed(match.group())
        if doi.split("/", 1)[1]:
            found.setdefault(doi.casefold(), doi)
    return tuple(found.values())


def _plain(text: str) -> str:
    """The text with percent-escapes and JSON's escaped slashes undone."""
    cut = text[:MAX_TEXT].replace("\\/", "/")
    return unquote(cut) if "%2" in cut or "%3" in cut else cut


def _trimmed(doi: str) -> str:
    """A DOI without the sentence around it; brackets stay where they are paired (10.1016/S0140(99)123)."""
    doi = doi.split("&", 1)[0].split("?", 1)[0].split("#", 1)[0]
    while doi and (
        doi[-1] in ".,;:'\"”’»*!" or (doi[-1] in ")]" and doi.count(doi[-1]) > doi.count("(["[doi[-1] == "]"]))
    ):
        doi = doi[:-1]
    return doi


def pmids(text: str) -> tuple[str, ...]:
    """Every PubMed number that a text or link names as one."""
    return tuple(dict.fromkeys(m.group(1) for m in _PMID.finditer(_plain(text))))


def isbns(text: str) -> tuple[str, ...]:
    """Every valid ISBN in a text, without hyphens, as long as it was written (10 or 13 digits)."""
    found = (clean_isbn(m.group()) for m in _ISBN.finditer(text[:MAX_TEXT]))
    return tuple(dict.fromkeys(i for i in found if i is not None))


def clean_isbn(text: str) -> str | None:
    """An ISBN without hyphens and blanks, or None where its check digit fails."""
    digits = re.sub(r"[^0-9Xx]", "", text[:40]).upper()
    return digits if len(digits) in {10, 13} and stdnum_isbn.is_valid(digits) else None


def issns(text: str) -> tuple[str, ...]:
    """Every valid ISSN in a text, with its hyphen."""
    found = (clean_issn(m.group()) for m in _ISSN.finditer(text[:MAX_TEXT]))
    return tuple(dict.fromkeys(i for i in found if i is not None))


def clean_issn(text: str) -> str | None:
    """An ISSN as 1234-5679, or None where its check digit fails."""
    digits = re.sub(r"[^0-9Xx]", "", text[:40]).upper()
    return f"{digits[:4]}-{digits[4:]}" if len(digits) == 8 and stdnum_issn.is_valid(digits) else None


def isils(text: str) -> tuple[str, ...]:
    """Every library symbol of ISIL's shape: FI-Hx, DE-9988, SE-Eke."""
    found = (m.group(1).rstrip("-/:") for m in _ISIL.finditer(text[:MAX_TEXT]))
    return tuple(dict.fromkeys(i for i in found if i[:2] not in _NOT_ISIL and len(i) > 3))


def mask_identity_codes(text: str) -> str:
    """The text with every Finnish personal identity code, check character and all, replaced by asterisks."""
    return _HETU.sub(lambda m: MASK if _is_hetu(m) else m.group(), text)


def has_identity_code(text: str) -> bool:
    """Whether a Finnish personal identity code stands in the text."""
    return any(_is_hetu(m) for m in _HETU.finditer(text))


def _is_hetu(match: re.Match[str]) -> bool:
    day, month, year, sign, serial, check = match.groups()
    sign = "-" if sign not in _CENTURIES and not sign.isalpha() else sign.upper()
    if sign not in _CENTURIES or _HETU_CHECK[int(day + month + year + serial) % 31] != check.upper():
        return False
    try:
        date(_CENTURIES[sign] + int(year), int(month), int(day))
    except ValueError:
        return False
    return True
