"""The work that a form asks for: title and author of the whole and of the part, imprint, pages, numbers."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace

from maild.core.reading import Citation
from maild.reading.citations import Reference, read_host, read_reference, split_references
from maild.reading.form_draft import Draft, first_of
from maild.reading.form_several import locators_in
from maild.reading.identifiers import clean_isbn, clean_issn, dois, isbns, issns, pmids
from maild.reading.people import leading_people

CITATION_FIELDS = frozenset(f.name for f in fields(Citation))
_AS_WRITTEN = ("publisher", "place", "edition", "volume", "issue", "chapter", "series", "record_id")
_YEAR = re.compile(r"(?<!\d)(1[4-9]\d\d|20\d\d)(?!\d)")
_ISSN = re.compile(r"(?<![\w-])\d{4}-\d{3}[\dXx](?![\w-])")
_IMPRINT = re.compile(r"^(.{2,200}?),?\s\[?c?(1[4-9]\d\d|20\d\d)\]?\.?$")
_EDITED = re.compile(
    r"^(?P<title>[^()]{3,300})\((?:red|toim|ed|eds|hrsg|hg|koost|utg)\.?:?\s(?P<editor>[^()]{3,100})\)[,.]?\s?(?P<year>1[5-9]\d\d|20\d\d)?\.?$",
    re.IGNORECASE,
)
_EDITED_LAST = re.compile(
    r"^(?P<title>[^,()]{3,200}), (?:toim|red|eds?|hrsg|hg)\.?:? (?P<editor>[^,()\d]{3,100})"
    r"(?:, (?P<publisher>[^,()\d]{2,80}?))?,? (?P<year>1[5-9]\d\d|20\d\d)\.?$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"^(?P<title>[^,]{3,300}),\s(?:av|by|von|kirjoittanut|kirj\.|af)\s(?P<author>[^\W\d_][^\d]{2,80})$", re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"(?:please )?(?:see|cf\.?|as per|katso|ks\.?|se|siehe|s\.|vgl\.?)\b.{0,30}"
    r"(?:attach|enclos|list|liite|liittee|bilag|bifog|anlage|anhang)"
    r"|(?:liitteenä|liitteessä|oheinen|bifogad|bilaga|attached|enclosed)\b|(?:various|several|useita|flera|mehrere|diverse)\b.{0,20}$",
    re.IGNORECASE,
)
_ENUMERATED = re.compile(r"(?:^|\s)\(?1[).]\s.+\s\(?2[).]\s|(?:^|\s)a\)\s.+\sb\)\s", re.DOTALL)
_ANOTHER = re.compile(
    r"\b(?:ja|sekä|lisäksi|och|samt|dessutom|and|also|plus|und|sowie|og)\s"
    r"(?:myös |även |also |auch |dessutom |the |an |a |den |das )?"
    r"(?:artikkeli|article|artikeln?|aufsatz|kirja|kirjan|the book|boken|buch|luku|kapitlet|chapter from)\b"
    r"[^\d\"”»]{0,200}[\d\"”»]",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\b(?:any|all|mikä tahansa|mikä vain|kaikki|vilken som helst|alla|valfri|jede|beliebig|egal|alle)\b|käy\b",
    re.IGNORECASE,
)
_VOLUME_ISSUE = re.compile(
    r"^(\d{1,4})\s?(?:\(|[:/]\s?|,?\s?(?:no|nro|nr|n:o)\.?\s?)(\d{1,3}(?:[-–/]\d{1,3})?)\)?$", re.IGNORECASE
)


def read_work(values: dict[str, list[str]], draft: Draft) -> None:
    """The citation's fields, each from the label that names it."""
    work = draft.work
    for key in _AS_WRITTEN:
        if found := first_of(values, key):
            work[key] = found
    _read_titles(values, draft)
    _read_authors(values, draft)
    _read_imprint_and_year(values, work)
    _read_pages(values, work)
    _read_numbers(values, draft)
    _split_titles(work)
    _cite_in_title(draft)
    _read_any_edition(draft)
    _doubt_titles(values, draft)
    for text in values.get("reference", []):
        _read_reference(text, draft)
    split = _VOLUME_ISSUE.match(work.get("volume", ""))
    if split and "issue" not in work:
        work["volume"], work["issue"] = split.groups()
    if (
        not work.keys() & {"title", "article_title"}
        and values.get("name")
        and {"first_name", "last_name"} <= draft.labels
    ):
        # "Sukunimi", "Etunimi" for the patron, so a plain "Nimi" is the work's.
        work["title"] = values.pop("name")[0]


def _read_titles(values: Mapping[str, list[str]], draft: Draft) -> None:
    work = draft.work
    part = first_of(values, "article_title", "chapter_title")
    host = first_of(values, "journal", "book")
    title = first_of(values, "title")
    draft.journal = "journal" in values
    if host and title and not part and "journal" in values:
        part, title = title, None
    if part:
        work["article_title"] = part
    if host or title:
        work["title"] = host or title or ""
    if part and host and not work.keys() & {"volume", "issue"} and "pages" not in values:
        located = read_host(host)
        work |= located if {"title", "pages"} <= located.keys() else {}
    if host and title and title != host:
        draft.notes.append(title)
    if "article_title" in values and "chapter_title" in values:
        draft.notes.append(values["chapter_title"][0])


def _split_titles(work: dict[str, str]) -> None:
    """ "Bok (red. M. Somby), 2003" and "Kapitel, av Ante Uksnes" in one field, where no other field says the same."""
    host = _EDITED.match(work.get("title", ""))
    if host and "author" not in work:
        work["title"], work["author"] = host["title"].strip(), host["editor"].strip()
        if host["year"]:
            work.setdefault("year", host["year"])
    last = _EDITED_LAST.match(work.get("title", "")) if not work.keys() & {"author", "publisher", "year"} else None
    if last:
        given = {"title": last["title"], "author": last["editor"], "publisher": last["publisher"], "year": last["year"]}
        work |= {key: value.strip() for key, value in given.items() if value}
    part = _BY.match(work.get("article_title", ""))
    if part and "article_author" not in work:
        work["article_title"], work["article_author"] = part["title"].strip(), part["author"].strip()


def _cite_in_title(draft: Draft) -> None:
    """A whole reference typed into the title's field, where no other field says who wrote it and when."""
    work = draft.work
    title = work.get("title", "")
    if work.keys() & {"author", "year", "article_title"} or draft.journal or not _YEAR.search(title):
        return
    found = read_reference(title)
    if not found.certain or not {"author", "title", "year"} <= found.fields.keys():
        return
    people = leading_people(title)
    if " / " in title or (people is not None and people.sure):
        work |= found.fields
    else:  # "Kerttu Kaunis: Rannan kivet (1971)" may be by her or about her
        draft.doubt("incomplete", "The title may hold the author's name too.", title)


def _read_any_edition(draft: Draft) -> None:
    """ "Painos: mikä tahansa" is no edition."""
    edition = draft.work.get("edition", "")
    if _ANY.search(edition) and not re.search(r"\d", edition):
        draft.any_edition = True
        del draft.work["edition"]


def _doubt_titles(values: Mapping[str, list[str]], draft: Draft) -> None:
    """A title that points elsewhere, or names two works, orders the wrong thing."""
    titles = [draft.work.get(key, "") for key in ("title", "article_title")]
    for title in titles:
        if _ELSEWHERE.match(title):
            draft.doubt("incomplete", "The title only points to another place.", title)
        elif _ENUMERATED.search(title) or _ANOTHER.search(title):
            draft.doubt("several-requests", "One title names several works; each is a request of its own.", title)
    for key in ("title", "book", "article_title", "chapter_title"):
        if len({value.casefold() for value in values.get(key, [])}) > 1:
            draft.doubt("several-requests", "Several works are named; each is a request of its own.", values[key][1])
    year = first_of(values, "year") or ""
    if len(set(_YEAR.findall(year))) > 1 and not re.search(r"\d\s?[-–]\s?\d", year):
        draft.doubt("several-requests", "It gives several years: one work or more?", year)


def _read_authors(values: Mapping[str, list[str]], draft: Draft) -> None:
    work = draft.work
    own, of_part, of_book = (first_of(values, key) for key in ("author", "article_author", "book_author"))
    of_article = "article_title" in work and "chapter_title" not in values
    if (
        own
        and not of_part
        and (of_book or (of_article and "article_author" not in draft.labels and "book" not in values))
    ):
        of_part, own = own, None
    if of_part:
        work["article_author"] = of_part
    if own or of_book:
        work["author"] = own or of_book or ""


def _read_imprint_and_year(values: Mapping[str, list[str]], work: dict[str, str]) -> None:
    years = values.get("year", [])
    # "Date" may be the work's or the form's own: a lone year is the work's.
    if year := next((y for y in years if _YEAR.fullmatch(y.strip())), first_of(values, "year")):
        found = _YEAR.findall(year)
        dated = len(set(found)) == 1 and bool(re.search(r"[^\W\d_]{3}|[./]|-\d\d?\b", year)) and len(year) < 30
        work["year"] = found[0] if dated and not re.search(r"[\[\]?]", year) else year
        located = locators_in(year) if "," in year else {}
        if {"year", "volume"} <= located.keys():  # "År: 1979, bind 11, hefte 2, side 130-144"
            for key, value in located.items():
                work.setdefault(key, value)
            work["year"] = located["year"]
    if imprint := first_of(values, "imprint"):
        match = _IMPRINT.match(imprint)
        work.setdefault("publisher", match.group(1).strip(" ,") if match else imprint)
        if match:
            work.setdefault("year", match.group(2))


def _read_pages(values: Mapping[str, list[str]], work: dict[str, str]) -> None:
    start, end = first_of(values, "start_page"), first_of(values, "end_page")
    pages = first_of(values, "pages") or (f"{start}-{end}" if start and end and start != end else start)
    if pages:
        work["pages"] = re.sub(r"^(?:pp?|s|ss|sid|sivut)\.?\s(?=\d)", "", pages, flags=re.IGNORECASE)


def _read_numbers(values: Mapping[str, list[str]], draft: Draft) -> None:
    """ISBN, ISSN, DOI, PMID; what is none of them, or fails its check digit, goes to the note as written."""
    work = draft.work
    finders = {"isbn": isbns, "issn": issns, "doi": dois, "pmid": pmids}
    for key in ("isbn", "issn", "isbn_issn", "doi", "pmid", "link"):
        for value in values.get(key, []):
            found = {name: find(value) for name, find in finders.items()}
            if key == "pmid" and value.strip().isdigit():
                found["pmid"] = (value.strip(),)
            if key in {"isbn", "issn", "isbn_issn"} and not any(found.values()):
                lone = clean_isbn(value), clean_issn(value)
                found["isbn"], found["issn"] = ((n,) if n else () for n in lone)
            if key == "issn" and not any(found.values()) and (stated := _ISSN.search(value)):
                found["issn"] = (stated.group(),)  # it names no one work, so a wrong digit orders no other
            for name, numbers in found.items():
                if numbers:
                    work.setdefault(name, numbers[0])
            if not any(found.values()):
                draft.notes.append(f"{key.replace('_', '/').upper() if key != 'link' else 'Link'}: {value}")


def _read_reference(text: str, draft: Draft) -> None:
    """A whole reference in one field; several are several requests, and for a person."""
    pieces = split_references(text)
    if len(pieces) > 1:
        draft.others.extend(pieces[1:])
        draft.doubt("several-requests", "One field holds several references; each is a request of its own.", text)
    found = _of_lines(pieces[0] if pieces else text)
    if any(_is_another(line, found) for line in found.rest.splitlines()):
        draft.doubt("several-requests", "Beside the reference stands another one.", found.rest)
    located = {} if found.fields else read_host(text)
    if located and "title" not in located:
        found = Reference(fields=located)
    for name, value in found.fields.items():
        draft.work.setdefault(name, value)
    draft.journal = draft.journal or found.kind == "article"
    if found.rest:
        draft.notes.append(found.rest)


def _is_another(line: str, first: Reference) -> bool:
    """Whether a line below a reference that was read holds a reference of its own, behind a label or without."""
    if not first.certain or not first.fields:
        return False
    read = (read_reference(part) for part in (line, line.partition(": ")[2]) if part)
    return any(other.certain and {"title", "year"} <= other.fields.keys() for other in read)


def _of_lines(text: str) -> Reference:
    """The reference of a field; where its first line gives more than the whole, the other lines are the rest."""
    whole = read_reference(text)
    first, _, after = text.partition("\n")
    alone = read_reference(first) if after else whole
    if alone.certain and len(alone.fields) > len(whole.fields):
        return replace(alone, rest=after.strip())
    return whole


def citation_of(work: Mapping[str, str]) -> Citation:
    return Citation(**{key: value for key, value in work.items() if key in CITATION_FIELDS and value})
