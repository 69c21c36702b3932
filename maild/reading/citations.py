"""A pasted reference (APA, Harvard, Chicago, MLA, Vancouver, German and Nordic styles, ISBD) cut into fields.

What is not certain is not cut: identifiers are given, and the reference stands verbatim in `rest`, for a person.
"""

import re
from dataclasses import dataclass, field

import re2

from maild.reading.citation_locators import YEAR, YEAR_LAST, locators, year_off
from maild.reading.identifiers import clean_isbn, dois, isbns, issns, pmids
from maild.reading.people import People, is_full_name, leading_people

MAX_REFERENCE = 1_500  # characters; a longer text is no reference

_UPPER = r"[A-ZÀ-ÖØ-ÞŠŽŁ]"

# What follows the authors: (2011). / , 2011. / ": / . / :
_AFTER_YEAR = re2.compile(rf"^[.,]? ?\(?({YEAR})[a-z]?(?:, [^()]{{1,20}})?(?:\)[.:,]?|[.:,]) (.+)$")
_AFTER_STOP = re2.compile(r"^(?:[.:]|,(?: [\"“”„«»‘']))? ?(.+)$")
_QUOTED = re2.compile(
    r"^[.,:]? ?[\"“”„«»‘'](.{4,300}?)[.,?!]?[\"“”«»’'][.,]? ?(?:(?:[Ii]n|[Tt]eoksessa|I|Ur)[: ] ?)?(.*)$"
)
_SUBTITLE = re.compile(r"^(?:A|An|The|Ein|Eine|En|Ett|Roman|Romaani|Novelleja|Runoja)\b|\b(?:of|the|and|for|in)\b")
_HANDS = re.compile(
    r"\b(?:suom\w*|käänt\w*|toim\w*|translat\w*|edit\w*|övers\w*|red|redakt\w*|übers\w*|hrsg)\b", re.IGNORECASE
)
_TWO_SENTENCES = re.compile(r"[.:;?!] \S")
_BY = re.compile(r"^(?:by|av|von|af|kirjoittanut|kirj\.)\s", re.IGNORECASE)
_SLASH = re2.compile(r"^(.{3,300}?) / (.{4,200})$")

_VANCOUVER_END = re2.compile(
    rf"[.,]?\s({YEAR})(?: [A-Z][a-z]{{2,8}}(?: \d{{1,2}})?)?;\s?(\d{{1,4}})"
    rf"(?:\s?\(([^()]{{1,20}})\))?:\s?([a-zA-Z]?\d{{1,6}}(?:[-–][a-zA-Z]?\d{{1,6}})?)\.?$"
)
_EDITION = re2.compile(
    r"(?i)[,.]?\s\(?(\d{1,2}(?:\.|st|nd|rd|th|:a|:e)?,? ?(?:uud\. |rev\. |tark\. )?(?:painos|p\."
    r"|uppl\.|upplagan|ed\.|edition|aufl\.|auflage))\)?"
)
_PARENS_IMPRINT = re2.compile(rf"\s\((?:([^()]{{2,100}}?)[,:]? )?({YEAR})\)\.?$")
_IMPRINT_YEAR = re2.compile(
    rf"\.\s((?:\[?{_UPPER}[^.:;]{{0,40}} ?: )?\[?{_UPPER}[^.:;]{{1,80}}),\s\[?c?({YEAR})\]?\.?$"
)
_HOUSE_YEAR = re2.compile(
    rf"[.,]\s((?:{_UPPER}[^.,:;\d]{{1,40}} ?: )?{_UPPER}[^.,:;\d]{{1,50}}?),? \[?c?({YEAR})\]?\.?$"
)
_IMPRINT = re2.compile(rf"\.\s((?:[^.:;]{{2,40}} ?: )?{_UPPER}[^.:;]{{1,80}})\.?$")
_PUBLISHER_LAST = re2.compile(
    r"(?:pp\.|s\.|S\.) ?\d[\d–-]*\)?\.?,? ((?:[^.:;()]{2,40}: )?[^.:;()\d]{2,60})(?:, \d{4})?\.?$"
)
_IN = re2.compile(r"[.,]? (?:In:?|Teoksessa:?|I:|Ur:?|Teoksessa) (.+)$")
_WITH_ROLE = re2.compile(r"(?i)\((?:toim|red|ed|eds|hrsg|hg)\.?\)")
_LABELLED_ID = re.compile(
    r"(?:\(?\b(?:e-?)?ISBN(?:-1[03])?\b:?\s?[\d\sXx-]{10,20}\)?|\(?\b(?:e-?)?ISSN\b:?\s?\d{4}-?\d{3}[\dXx]\)?"
    r"|\bPMC?-?ID:?\s?\w{1,12}|\bdoi:?\s?10\.\S{4,200}|https?://\S{4,500}|\b10\.\d{4,9}/\S{1,200})[.,;]?",
    re.IGNORECASE,
)
_IS_PART = re.compile(r"\b(?:vol|no|nro|nr|pp|s|ss)\.\s?\d|\d\s?\(\d", re.IGNORECASE)
_LEAD = re.compile(r"^\s{0,20}(?:[-*•–]\s|\[?\d{1,2}[.\])]\s|\(\d{1,2}\)\s)\s{0,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a pasted reference gives. `kind` is article, chapter or book; `certain`: every word found its field."""

    fields: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    certain: bool = False
    rest: str = ""


def read_reference(text: str) -> Reference:
    """The fields of one reference; where its style is not known, its identifiers, and the whole text as `rest`."""
    whole = " ".join(text.split())
    if not whole or len(whole) > MAX_REFERENCE:
        return Reference(rest=text.strip())
    numbers = identifiers_of(whole)
    body = _LEAD.sub("", _LABELLED_ID.sub(" ", whole))
    body = " ".join(body.split()).strip(" ,;-–").replace(". – ", ". - ")
    if not re.search(
        r"[^\W\d_]{3}", re.sub(r"(?i)\b(?:doi|pmid|isbn|issn|saatavilla|available at|retrieved from)\b:?", "", body)
    ):
        return Reference(fields=numbers, certain=bool(numbers))
    for read in (_isbd, _vancouver, _article, _book):
        fields = read(body)
        if fields and all(0 < len(value) < 400 for value in fields.values()):
            kind = _kind(fields)
            return Reference(fields=fields | numbers, kind=kind, certain=True)
    return Reference(fields=numbers, rest=text.strip())


def _kind(fields: dict[str, str]) -> str:
    if "article_title" not in fields:
        return "book"
    return "chapter" if "author" in fields or "publisher" in fields else "article"


def identifiers_of(text: str) -> dict[str, str]:
    """DOI, PMID, ISBN and ISSN of a text, each only where there is exactly one."""
    books = isbns(text)
    thirteen = [i for i in books if len(i) == 13]
    found = {"doi": dois(text), "pmid": pmids(text), "isbn": thirteen if len(books) > 1 else books, "issn": issns(text)}
    return {key: values[0] for key, values in found.items() if len(values) == 1}


def split_references(text: str) -> tuple[str, ...]:
    """The references of a text: apart by blank lines, by "and also", or one a line where each stands alone."""
    text = text.strip()[: 4 * MAX_REFERENCE]
    pieces = [
        p.strip()
        for p in re.split(r"\n\s{0,40}\n|\n\s{0,40}(?:sekä|ja|samt|och|and|and also|und|plus|\+|&)\s{0,40}\n", text)
        if p.strip()
    ]
    if len(pieces) > 1 and sum(_stands_alone(p) for p in pieces) > 1:
        return tuple(pieces)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(_stands_alone(line) for line in lines):
        return tuple(lines)
    if any(len(found) > 1 for found in (dois(text), pmids(text))) or len({_thirteen(i) for i in isbns(text)}) > 1:
        return tuple(lines)
    return (text,) if text else ()


def _thirteen(isbn: str) -> str:
    return isbn[3:12] if len(isbn) == 13 else isbn[:9]


def _stands_alone(line: str) -> bool:
    found = read_reference(line)
    return bool(found.fields) and (found.certain or bool(clean_isbn(found.fields.get("isbn", ""))))


def _isbd(body: str) -> dict[str, str]:
    """Library catalogue: Author: Title. - 2. p. - Place : Publisher, 1938. - 200 s. Also Title / Author. - ..."""
    areas = [a.strip(" .") for a in re.split(r"\.? - (?=\S)", body) if a.strip(" .")]
    if len(areas) < 2:
        return {}
    fields = _title_statement(areas[0])
    for area in areas[1:]:
        imprint = re2.search(rf"^(.+?),? \[?c?({YEAR})\]?$", area)
        if imprint and "year" not in fields:
            fields |= {"publisher": imprint.group(1), "year": imprint.group(2)}
        elif re2.search(r"(?i)\d.*(?:p\.?|painos|uppl\.?|ed\.?|edition|aufl\.?)$", area) and "year" not in fields:
            fields["edition"] = area + "." if re.search(r"\b(?:p|uppl|ed|aufl)$", area, re.IGNORECASE) else area
        elif re.fullmatch(r"\(.{2,100}\)", area):
            fields["series"] = area.strip("()")
        elif not re2.search(r"(?i)^[\[\d].*(?:s|sivua|sidor|p|pages|seiten)\b", area):
            return {}
    return fields if "title" in fields and "year" in fields else {}


def _title_statement(text: str) -> dict[str, str]:
    """Author and title of a catalogue's first area, whichever comes first."""
    by = _SLASH.search(text)
    if by:
        return {"title": by.group(1).strip(), "author": by.group(2)}
    people = leading_people(text)
    if people and people.rest[:1] in {":", "."}:
        return {"author": _names(people), "title": people.rest[1:].strip()}
    return {"title": text.strip()} if not people else {}


def _vancouver(body: str) -> dict[str, str]:
    """Lehtosalo V, Pihl A. Title. Journal. 2017;72(4):211-5."""
    end = _VANCOUVER_END.search(body)
    people = leading_people(body) if end else None
    if not end or not people or not people.sure:
        return {}
    parts = _title_and_container(body[len(people.names) : end.start()].lstrip(".: "))
    if not parts:
        return {}
    fields = {"year": end.group(1), "volume": end.group(2), "issue": end.group(3) or "", "pages": end.group(4)}
    return _full(fields | {"article_author": _names(people), "article_title": parts[0], "title": parts[1]})


def _title_and_container(text: str) -> tuple[str, str] | None:
    """ "Title. Journal" apart: the journal is what follows the last stop (or ? or !)."""
    found = re2.search(r"^(.{4,400})([.?!]) ([^.?!]{2,150})$", text.rstrip(" .,"))
    if not found:
        return None
    return (found.group(1) + (found.group(2) if found.group(2) != "." else "")), found.group(3).strip(" ,:")


def _full(fields: dict[str, str]) -> dict[str, str]:
    return {key: value.strip() for key, value in fields.items() if value and value.strip()}


def _article(body: str) -> dict[str, str]:
    """A part of a journal or book: something with pages, a volume or an issue."""
    located = locators(body)
    if not located:
        return {}
    found, at = located
    head = body[:at].rstrip(" ,(")
    people = leading_people(head)
    dated = _AFTER_YEAR.search(people.rest) if people else None
    if people and dated:
        return _parts(people, dated.group(2), found | {"year": dated.group(1)}, body)
    head, found = year_off(head, body, found)
    people = leading_people(head)
    quoted = _QUOTED.search(people.rest if people else head)
    if quoted and quoted.group(2):
        author = {"article_author": _names(people)} if people else {}
        return _full(found | author | {"article_title": quoted.group(1).rstrip(".,")} | _container(quoted.group(2)))
    if people and (_is_colon_author(people) or (people.sure and _ended(people))):
        return _parts(people, people.rest.lstrip(".: "), found, body)
    return {}


def read_host(text: str) -> dict[str, str]:
    """Where a part stands, without the part: "Acta Tervica, Jg. 9 (1958), H. 2, S. 101-118"; {} without locators."""
    body = " ".join(text.split()).strip(" .")
    if alone := _VANCOUVER_END.fullmatch(f" {body}"):  # "2008 Jun;15(2):100-6"
        return _full(dict(zip(("year", "volume", "issue", "pages"), (g or "" for g in alone.groups()), strict=True)))
    located = locators(body) if len(body) <= MAX_REFERENCE else None
    if not located:
        return {}
    found, at = located
    head, found = year_off(body[:at].rstrip(" ,("), body, found)
    return _full(found | _container(head))


def _parts(people: People, rest: str, found: dict[str, str], body: str) -> dict[str, str]:
    """Author, title of the part and what it stands in, from "Title. In Editor (Ed.), Book" or "Title. Journal"."""
    fields = found | {"article_author": _names(people)}
    quoted = _QUOTED.search(rest)
    if quoted and quoted.group(2):
        return _full(fields | {"article_title": quoted.group(1).rstrip(".,")} | _container(quoted.group(2)))
    inside = _IN.search(rest)
    if inside:
        fields |= {"article_title": rest[: inside.start()].strip(" .,")} | _container(inside.group(1))
        publisher = _PUBLISHER_LAST.search(body)
        if publisher:
            fields["publisher"] = publisher.group(1)
        return _full(fields) if not re.search(r" / |[^.]{4}\. ", fields["title"]) else {}
    split = _title_and_container(rest)
    return _full(fields | {"article_title": split[0], "title": split[1].strip(" ,")}) if split else {}


def _container(text: str) -> dict[str, str]:
    """The book or journal that a part stands in, with its editors where it names them."""
    text = text.strip(" .,:")
    people = leading_people(text) if _WITH_ROLE.search(text) else None
    if people and _WITH_ROLE.search(people.names):
        return {"author": people.names, "title": people.rest.strip(" .,:")}
    return {"title": text}


def _book(body: str) -> dict[str, str]:
    """A whole book: author and title, then publisher and year, or the year alone; {} for a part that was not cut."""
    fields = _whole_book(body)
    return {} if _IS_PART.search(fields.get("title", "")) else fields


def _whole_book(body: str) -> dict[str, str]:
    edition = _EDITION.search(body)
    fields = {"edition": edition.group(1)} if edition else {}
    if edition:
        body = f"{body[: edition.start()].rstrip(' .')}. {body[edition.end() :].lstrip(' .,')}"
    body = body.strip()
    people = leading_people(body)
    dated = _AFTER_YEAR.search(people.rest) if people else None
    if people and dated:
        return _full(fields | {"author": _names(people), "year": dated.group(1)} | _title_imprint(dated.group(2)))
    for tail in (_PARENS_IMPRINT, _IMPRINT_YEAR, _HOUSE_YEAR, YEAR_LAST):
        end = tail.search(body)
        if end:
            imprint = {"year": end.groups()[-1]}
            if len(end.groups()) == 2 and end.group(1):
                imprint["publisher"] = end.group(1).strip(" ,:")
            head = body[: end.start()].rstrip(" ,.")
            found = _author_title(head, fields | imprint)
            if not found and end.group().lstrip()[0] in ",.(":  # else the year may be the title's: "Kirja 1983"
                found = _name_and_title(head, fields | imprint)
            if found:
                return found
    return _author_title(body.rstrip(". "), fields)


def _title_imprint(text: str) -> dict[str, str]:
    imprint = _IMPRINT.search(text)
    if imprint and imprint.start() > 3:
        return {"title": text[: imprint.start()].strip(" ."), "publisher": imprint.group(1)}
    return {"title": text.strip(" .")}


def _author_title(head: str, fields: dict[str, str]) -> dict[str, str]:
    by = _SLASH.search(head)
    author = _BY.sub("", by.group(2)) if by else ""
    if by and leading_people(author):
        return _full(fields | {"author": author, "title": by.group(1)})
    people = leading_people(head)
    if not people or not (_is_colon_author(people) or (people.sure and _ended(people))):
        return {}
    title = people.rest.lstrip(".: ").rstrip(" ,.")
    # Two sentences left: the second could be a subtitle, a series or a publisher without its year.
    if re.search(r"[^\s.]{3}\. \S", title) and "publisher" not in fields:
        return {}
    return _full(fields | {"author": _names(people), "title": title})


def _name_and_title(head: str, fields: dict[str, str]) -> dict[str, str]:
    """ "Ilmari Kaunisto, Tar Kilns of the Interior", or the other way round; {} where both or none may be the name."""
    first, comma, second = head.partition(", ")
    if not comma or "," in second or is_full_name(first) == is_full_name(second):
        return {}
    author, title = (first, second) if is_full_name(first) else (second, first)
    plain = title[:1].isupper() and not _TWO_SENTENCES.search(title) and not _HANDS.search(title)
    return fields | {"author": author, "title": title} if plain else {}


def _is_colon_author(people: People) -> bool:
    """Whether the colon stands behind a name: "Silent Spring: A Biography" is a title with its subtitle."""
    return people.rest[:1] == ":" and (people.sure or not _SUBTITLE.search(people.rest[1:].strip()))


def _ended(people: People) -> bool:
    """Whether the names end with a stop of their own ("Saarnivaara, P. Handbook") or of the sentence."""
    return people.rest[:1] == "." or (people.rest[:1] == " " and people.names.endswith("."))


def _names(people: People) -> str:
    """The author as written: an initial keeps its stop, the sentence's own stop goes."""
    if re.search(r"(?:^|[\s.-])[^\W\d_]$", people.names) and people.rest[:1] == "." and "," in people.names[-6:]:
        return people.names + "."
    return people.names
