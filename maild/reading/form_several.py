"""One answer to a label that asks for several things: "Year / volume / pages", "Author and title"."""

import re
from collections.abc import Callable, Sequence

from maild.reading.people import leading_people

_TITLES = frozenset({"title", "book", "journal", "article_title", "chapter_title"})
_AUTHORS = frozenset({"author", "book_author", "article_author"})
_IMPRINT = frozenset({"publisher", "place", "year"})
_LOCATORS = frozenset({"year", "volume", "issue", "pages"})
_YEAR = re.compile(r"(?<!\d)(?:1[4-9]\d\d|20\d\d)(?!\d)")
_DIGIT = re.compile(r"\d")
# What an answer to one key must hold before a value is cut at a comma for it.
_FITS: dict[str, Callable[[str], object]] = {
    "year": _YEAR.search,
    "email": lambda part: "@" in part,
    **dict.fromkeys(("volume", "issue", "pages", "card", "phone", "isbn", "issn", "chapter", "edition"), _DIGIT.search),
}
_FIRM = (r"\s/\s", r"[/;\n]")  # nobody writes these inside of a name or a title by chance
_LOOSE = (r",", r"\s")
_PART = frozenset({"article_author", "article_title", "chapter_title"})
_NAME_LAST = re.compile(r"^([^,]{3,200}), ((?:[A-ZÅÄÖØÆ]\.[ -]?){1,3}[A-ZÅÄÖØÆ][\w-]{1,40})$")
_NUMBERED = re.compile(
    r"^(?:(?:chapter|ch|luku|kapitel|kapitlet|kapittel|kap)\.?\s?)?(\d{1,3}|[ivx]{1,5})[.:)]\s(\S.{2,250})$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"^(?:vol|vsk|årg|bd|jg|nr|nro|no|n:o|issue|heft|häfte|ss?|sid|pp?|sivut|pages)[.:]?\s(?=\d)", re.IGNORECASE
)
_VOLUME_ISSUE = re.compile(
    r"(?:\b(?:vol|vsk|årg|bd|jg|volume|vuosikerta|årgång)\.?\s?)?(?<!\d)(\d{1,3})\s?"
    r"(?:\(\s?(\d{1,3}(?:[-–/]\d{1,3})?)\s?\)|[,:]?\s?(?:no|nro|nr|n:o|issue|hefte?|h|häfte)\.?\s?(\d{1,3}(?:[-–]\d{1,3})?))",
    re.IGNORECASE,
)
_PAGES = re.compile(
    r"(?:\b(?:ss?|pp?|sid|sider?|sivut|pages|seiten)\.?\s?)?(?<![\d-])([a-z]?\d{1,5}\s?[-–]\s?[a-z]?\d{1,5})(?![\d-])",
    re.IGNORECASE,
)


def cut_label(value: str, keys: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Key and value of each part; "reference" or "imprint" with the whole where those are read as one; () if neither.

    An author and a title are never cut apart at a comma: "Fennimore, Agatha: Gleaners" has one in its name.
    """
    asked = frozenset(keys)
    if parts := _parted(value, keys, _FIRM):
        return _of_part(parts) if "article_author" in asked else parts
    if asked <= _LOCATORS and (parts := _locators(value, asked)):
        return parts
    if asked & _TITLES and asked & _AUTHORS:
        return (asked & _PART and (_by_colon(value) or _by_comma(value))) or (("reference", value),)
    if "chapter" in asked and asked & _TITLES and (parts := _chapter(value)):
        return parts
    if asked <= _IMPRINT and "publisher" in asked and _YEAR.search(value):
        return (("imprint", value),)
    if not asked & _AUTHORS and (parts := _parted(value, keys, _LOOSE[:1] if asked & _TITLES else _LOOSE)):
        return parts
    if asked & _TITLES:
        return (("reference", value),)
    return _locators(value, asked) if asked <= _LOCATORS else ()


def _of_part(parts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """What "Artikelns författare och titel" asks for is the article's title too."""
    return tuple(("article_title" if key == "title" else key, value) for key, value in parts)


def _by_colon(value: str) -> tuple[tuple[str, str], ...]:
    """ "Malmsten, R.: Tröskverkens buller": author and title of a part; () where the names are not plain."""
    people = leading_people(value)
    if people is None or not people.sure or people.rest[:1] != ":":
        return ()
    return (("article_author", people.names), ("article_title", people.rest[1:].strip()))


def _by_comma(value: str) -> tuple[tuple[str, str], ...]:
    """ "Jäniskoiran koulutus, O. Tuppurainen": title and author of a part, where an initial tells the name."""
    found = _NAME_LAST.match(value)
    return (("article_title", found[1]), ("article_author", found[2])) if found else ()


def _chapter(value: str) -> tuple[tuple[str, str], ...]:
    """ "Chapter 4: Bees in the heath"."""
    found = _NUMBERED.match(value)
    return (("chapter", found[1]), ("chapter_title", found[2].strip())) if found else ()


def _parted(value: str, keys: Sequence[str], separators: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """A value cut where that gives as many parts as there are keys, each such as its key asks for."""
    for separator in separators:
        parts = [part.strip() for part in re.split(separator, value.strip())]
        if len(parts) == len(keys) and all(map(_fits, keys, parts)):
            return tuple((key, _UNIT.sub("", part)) for key, part in zip(keys, parts, strict=True))
    return ()


def _fits(key: str, part: str) -> bool:
    return bool(part) and bool(_FITS.get(key, bool)(part))


def _locators(value: str, asked: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """ "2014 / 27(1)", "1998, 34 (2), s. 5-9": where each of what was asked for is found."""
    found = locators_in(value)
    return tuple((key, found[key]) for key in found if key in asked) if asked <= found.keys() else ()


def locators_in(value: str) -> dict[str, str]:
    """Year, volume, issue and pages of a short answer, as far as they stand there."""
    found: dict[str, str] = {}
    years = set(_YEAR.findall(value))
    rest = value
    if len(years) == 1:
        found["year"] = years.pop()
        rest = rest.replace(found["year"], " ", 1)
    numbered = _VOLUME_ISSUE.search(rest)
    if numbered:
        found |= {"volume": numbered.group(1), "issue": numbered.group(2) or numbered.group(3)}
        rest = rest[: numbered.start()] + " " + rest[numbered.end() :]
    pages = _PAGES.search(rest)
    if pages:
        found["pages"] = pages.group(1).replace(" ", "")
    return found
