"""A new request in running text: "Saisimmeko kaukolainaksi seuraavan: Koivukangas, Elsa: Kaskimaiden kirja. 1983."

Which work is wanted must stand there as a reference, as a quoted title or as a number; anything less is for a person.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import re2

from maild.reading.citations import Reference, identifiers_of, read_reference
from maild.reading.host_names import host_name
from maild.reading.named_works import named_work
from maild.reading.openurl import find_openurl
from maild.reading.people import leading_people

MAX_TEXT = 6_000  # characters of a letter

_GREETING = re.compile(
    r"^(?:hei|hej|arvoisa|arvoisat|ärade|hello|hi|dear|terve|moi|hyvä[ät]?|bästa|god|goddag|huomenta"
    r"|päivää|sehr geehrte|guten|liebe|kära|kjære|kære|tere|lp\b|respected|good)\b.{0,60}$",
    re.I,
)
_CLOSING = re.compile(
    r"^(?:(?:yst\.?|ystäväll\w+|parhain|terveisin|terv\.?|t\.|kiit(?:os|täen|oksia)|kunnioitt\w+"
    r"|med vänlig\w*|vänlig\w*|mvh|hälsn\w*|hälsar|tack|tackar"
    r"|kind|best|many thanks|thank|thanks|regards|sincerely|yours|with|mit freundlich\w*|freundliche"
    r"|viele grüße|danke|vielen dank|hilsen|med venlig|med vennlig|takk|vh|mfg|parimate)\b).{0,60}$",
    re.IGNORECASE,
)
_HELLO = re.compile(
    r"^(?:hei|hej|terve|moi|hello|hi|dear (?:all|colleagues?)|guten tag|god(?:morgon|dag)"
    r"|hyvä[ät]? kollega\w*)\b[^,.!?:]{0,30}[,.!]\s{0,3}",
    re.I,
)
_WORK_WORD = re.compile(
    r"\b(?:hyllyssä|teillä|lainata|lainaksi|meille|låna|låne|borrow|us|kirjan|kirjaa|kirja|teoksen|teosta|teos|nuotti\w*|artikkelin?|artikkelista|artikkelia"
    r"|julkaisun?|julkaisua|boken|artikeln|artikel|book|article|chapter"
    r"|aufsatzes|aufsatz|buch|buches|werk|werkes|av|of|von|following|seuraava[an]?|följande|teoksesta"
    r"|luvun|luvusta)[,:]?\s",
    re.IGNORECASE,
)
_LOAN_QUOTED = re2.compile(
    r"(?i)(?:låna|borrow|lainata|lainaksi|ausleihen|leihen|lend us|loan of|lån av|låne"
    r"|laina)\W+(?:[\w’']+\s){0,5}[\"“„«»”]([^\"“”„«»]{3,250}?)[.,]?[\"“”»«]"
)
_LOAN_BY = re2.compile(
    r"(?:låna|borrow|låne|lend us) (?:boken |the book |boka )?([A-ZÅÄÖØÆ][^\"“”.,:;?()]{3,120}?) (?:av"
    r"|by) ([A-ZÅÄÖØÆ].{3,120})$"
)
_QUOTE = r"[\"“”„«»‘']"
_PART_WORD = (
    r"(?:artikkelin?\w*|kirjoitu\w*|uppsats\w*|luvu\w*|artikel\w*|artikl\w*|article|paper|essay|luvun?|luku\w*|chapter|kapitl\w*|kapitel\w*"
    r"|aufsatz\w*|beitrag\w*|artikkel\w*)"
)
_PART_QUOTED = re2.compile(
    rf"(?i){_PART_WORD}:?,?\s(?:[\w,.&\s-]{{0,80}}?[:,]?\s?)?{_QUOTE}([^\"“”„«»]{{4,250}}?)[.,]?{_QUOTE}"
)
_WORK_QUOTED = re2.compile(
    rf"(?i)(?:kirja\w*|teo[sk]\w*|bok(?:en)?|book|volume|buch\w*|werk\w*|titel\w*|title|novel|thesis"
    rf"|verket|nimeke)\s?(?:titled|entitled|called|nimeltä|med titeln|mit dem titel"
    rf"|:)?:?\s{_QUOTE}([^\"“”„«»]{{3,250}}?)[.,]?{_QUOTE}"
)
_ANY_QUOTED = re2.compile(r"[\"“„«»”]([^\"“”„«»]{3,250}?)[.,]?[\"“”»«]")
# "artikkelista Aho, Ida: Tervan tie, lehdestä ...": the word that names the part, and the one that ends its title.
_PART_CALLED = re.compile(rf"\b{_PART_WORD}:?\s(?=[A-ZÀ-ÖØ-ÞŠŽ])", re.IGNORECASE)
_STANDS_IN = re.compile(
    r",?\s(?=(?:joka on |ilmestynyt |julkaistu )?[a-zåäö]{0,20}(?:lehdestä|lehdessä|julkaisusta|julkaisussa|teoksesta"
    r"|teoksessa|kirjasta|sarjasta|vuosikirjasta)\s)|,\s(?=(?:ur|från|fra|i|in|from|aus)\s)"
)
_VOLUME = re2.compile(
    r"(?i)(?:\b|\s)(?:vol|volume|vsk|årg|årgång|band|bd|jg|jahrgang|vuosikerta)\.?:?\s?(\d{1,4})\b|\b(\d{1,4})\s?\(\d{1,3}\)"
)
_ISSUE = re2.compile(
    r"(?i)\b(?:nro|nr|no|n:o|numero|issue|heft|h|häfte|hefte)\.?:?\s?(\d{1,3}(?:[-–]\d{1,2})?)\b"
    r"|\b\d{1,4}\s?\((\d{1,3})\)|\b(\d{1,2})/(?:19|20)\d\d\b"
)
_PAGES = re2.compile(
    r"(?i)\b(?:ss?|pp?|sid|sidor(?:na)?|sivut|sivuilta|pages|seiten)\.?:?\s?(\d{1,5}\s?[-–]\s?\d{1,5})"
    r"|:\s?(\d{1,5}[-–]\d{1,5})\b"
)
_PAGES_BEHIND = re.compile(
    r"^[\s,]{0,2}\((?:ss?|pp?|sivut|sid|sidorna|seiten|pages)\.?\s?(\d{1,5}\s?[-–]\s?\d{1,5})\),?", re.IGNORECASE
)
_CHAPTER = re.compile(
    r"(?i)\b(?:chapter|ch\.|luku|luvun|luvusta|kapitel|kapitlet|kapittel|kap\.)\s?(\d{1,3}|[ivx]{1,5})\b"
)
_SENTENCE_END = re.compile(r"[?!]\s[a-zåäö]|[^\W\d_]{3}\.\s")
_YEAR = re.compile(r"(?<![\d./-])(1[5-9]\d\d|20\d\d)(?![\d/-]|\.\d)")
_REF = re.compile(
    r"(?:(?:meidän |oma )?viit(?:e|teemme|tenumeromme|enumero|teemme nro)|tilausn(?:ume)?ro(?:mme)?"
    r"|(?:our|your) (?:ref|reference|request|order)(?: ?(?:no|number|nr))?|ref(?:erence)?(?: no)?"
    r"|vår(?:t)? (?:ref|referens|referensnummer|beställningsnummer|nummer)|beställningsn(?:r|ummer)"
    r"|unser(?:e)? (?:zeichen|referenz|bestellnummer)|bestell(?:nummer|-?nr)|vår ref(?:eranse)?"
    r"|unser aktenzeichen|(?:meidän )?diaarinumero(?:mme)?|asianumero(?:mme)?|diarienummer"
    r"|(?:vores|vår|vårt) bestillings(?:nr|nummer)|vores ref(?:erence)?|ill(?: request)?(?: no| number| nr)|lån-?id)"
    r"(?:\.|\b)\s?(?:on|är|is|ist|er|lautet)?\s?[:#]?\s{0,3}((?:[A-ZÅÄÖ]{1,6}[ -]?)?[\w./-]{0,25}\d[\w./-]{0,25})",
    re.IGNORECASE,
)
_SUBJECT_REF = re.compile(r"(?<![\w/.-])([A-ZÅÄÖ]{1,6}[-_ /]?\d[\w./-]{3,25}|[A-Z]{2,6}[ -]\d{1,6}/\d{2,4})(?![\w-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeRequest:
    """What a letter asks for. `works` holds one citation where it is certain; `ref` is their number."""

    works: tuple[dict[str, str], ...] = ()
    ref: str = ""


def read_free(text: str, subject: str) -> FreeRequest:
    """The works that a letter names, and the writer's own number."""
    lines = list(_body_lines(text[:MAX_TEXT]))
    body = "\n".join(lines)
    works: list[dict[str, str]] = []
    openurl = find_openurl(body)
    if openurl:
        works.append(openurl)
    else:
        running = " ".join(body.split())
        works.extend(_with_told_parts(running, _references(lines)))
        if not works and not _PART_QUOTED.search(running) and (work := named_work(running)):
            works.append(work | _part_of(running))
        if not works:
            works.extend(_quoted(running))
        if not works:
            works.extend(
                [numbers] if (numbers := identifiers_of(body)) and numbers.keys() & {"doi", "pmid", "isbn"} else []
            )
    return FreeRequest(works=tuple(_merged(works, identifiers_of(body))), ref=own_number(text, subject))


def _body_lines(text: str) -> Iterator[str]:
    """The lines between greeting and closing, a greeting before the first sentence cut off."""
    for line in text.splitlines():
        stripped = line.strip()
        if _CLOSING.match(stripped) and not re.search(r"\d{3}|:", stripped):
            return
        if not _GREETING.match(stripped):
            yield _HELLO.sub("", stripped)


def _references(lines: list[str]) -> list[dict[str, str]]:
    """Every paragraph, line, or part of a sentence that reads as a whole reference."""
    found: list[dict[str, str]] = []
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    for paragraph in paragraphs:
        alone = [r for r in (read_reference(line) for line in paragraph if not _is_prose(line)) if _is_whole(r)]
        if len(alone) > 1:
            found.extend(r.fields for r in alone)
            continue
        if headed := _headed(paragraph, alone):
            found.append(headed)
            continue
        whole = (
            _certain(" ".join(paragraph))
            or (alone[0] if alone else None)
            or next(filter(None, map(_certain, paragraph)), None)
        )
        stacked = {} if whole else _stacked(paragraph)
        if whole or stacked:
            found.append(whole.fields if whole else stacked)
    return found


def _with_told_parts(text: str, references: list[dict[str, str]]) -> list[dict[str, str]]:
    """The parts that sentences name with author and host, and the references to other works.

    A reading of the same words as a book's ("Title, lehdestä Journal 1934") gives way, one as the same part's does not.
    """
    matches = list(_PART_CALLED.finditer(text))[:6]
    read = {one.get("article_title") for one in references}
    told = [fields for match in matches if (fields := _told_part(text[match.end() :]))]
    parts = [part for part in told if part["article_title"] not in read]
    titles = [part["article_title"] for part in parts]
    return parts + [one for one in references if not any(title in " ".join(one.values()) for title in titles)]


def _told_part(text: str) -> dict[str, str]:
    """The fields of "Aho, Ida: Tervan tie, lehdestä Suo 8(2), 2012, s. 33-41"; {} where pages or host are missing."""
    people = leading_people(text)
    if people is None or people.rest[:2] != ": ":
        return {}
    title, host = people.rest[2:], _STANDS_IN.search(people.rest[2:300])
    if host is None or _is_prose(title[: host.start()]) or _SENTENCE_END.search(title[: host.start()]):
        return {}
    after = title[host.end() :]
    if (editor := leading_people(after.partition(" ")[2])) is not None and (editor.sure or editor.rest[:1] == ":"):
        return {}  # whose name it is that stands before the host's title is for the reader of references
    fields = _part(title[: host.start()], after)[0] | {"article_author": people.names}
    return fields if {"title", "pages"} <= fields.keys() else {}


def _headed(paragraph: list[str], alone: list[Reference]) -> dict[str, str]:
    """A catalogue's record: the author's name as a heading above the line that holds the rest."""
    people = leading_people(paragraph[0].rstrip(":.")) if paragraph else None
    if people is None or people.rest or not people.sure or len(alone) != 1 or "title" not in alone[0].fields:
        return {}
    return alone[0].fields | identifiers_of("\n".join(paragraph)) | {"author": people.names}


def _is_whole(reference: Reference) -> bool:
    fields = reference.fields
    if not reference.certain or not _has_anchor(fields) or _is_prose(" ".join(fields.values())):
        return False
    return bool(re.match(r"[A-ZÀ-ÖØ-ÞŠŽ\d\[\"“”«]", fields.get("title", ""))) and "?" not in fields["title"]


def _certain(text: str) -> Reference | None:
    """The reference of a text, or of what stands in its sentence ("we ask for: ...", "artikkelista ...")."""
    for tail in _tails(text):
        whole = [reference for cut in _cuts(tail) if _is_whole(reference := read_reference(cut))]
        if whole:  # a sentence behind the reference hides its pages: the cut that gives most is the reference
            return max(whole, key=lambda reference: len(reference.fields))
    return None


def _tails(text: str) -> Iterator[str]:
    """Where a reference may begin: at the start, behind a colon, and behind a word for a work that a name follows."""
    if not _is_prose(text):
        yield text
    for match in list(re.finditer(r"(?::|(?<=\w{4})\.)\s+(?=\S)", text))[:4]:
        if _is_prose(text[: match.start()]):
            yield text[match.end() :]
    for match in list(_WORK_WORD.finditer(text))[:6]:
        people = leading_people(text[match.end() :])
        if people and (people.sure or people.rest[:1] in {":", "("}):
            yield text[match.end() :]


def _cuts(tail: str) -> Iterator[str]:
    """The tail, and shorter and shorter beginnings of it: the sentence may go on behind the reference."""
    ends = [m.start() for m in re.finditer(r"[?!](?:\s|$)|\.\s|,\s(?=[a-zåäöü])|\s[-–]\s", tail[:1200])][:14]
    for end in [len(tail), *reversed(ends)]:
        cut = tail[:end].strip()
        if len(cut) > 12 and not _is_prose(cut):
            yield cut


def _stacked(paragraph: list[str]) -> dict[str, str]:
    """Author, title and imprint on lines of their own."""
    if not 2 <= len(paragraph) <= 6 or any(_is_prose(line) or len(line) > 90 for line in paragraph):
        return {}
    people = leading_people(paragraph[0].rstrip(":."))
    if people is None or people.rest or not people.sure:
        return {}
    fields = {"author": people.names, "title": paragraph[1].strip(" .,")} | identifiers_of("\n".join(paragraph))
    for line in paragraph[2:]:
        imprint = re.fullmatch(r"(?:(.{2,80}?),?\s)?(1[5-9]\d\d|20\d\d)\.?", line)
        if imprint:
            fields["year"] = imprint.group(2)
            if imprint.group(1):
                fields["publisher"] = imprint.group(1)
    return fields if _has_anchor(fields) and not re.search(r"\d{4}|isbn", fields["title"], re.IGNORECASE) else {}


def _has_anchor(fields: dict[str, str]) -> bool:
    """A reference is more than "Name: words": a year, a number, a publisher or pages stand beside."""
    return bool(fields.keys() & {"year", "isbn", "doi", "pmid", "pages", "volume"})


_PROSE = re.compile(
    r"\b(?:saisim\w+|pyyd\w+|pyytäis\w+|tila(?:amme|isimme|isin|an|us|ukse\w+)|pyyntö|lainaksi|kaukolainaksi|haluai\w+"
    r"|tarvit\w+|voisi\w+|voitte\w*|asiaka\w+|ilmesty\w+|löyty\w+|käy|behövs|benötigt|needed|asap"
    r"|kiitos|meille|teiltä|onko|teillä"
    r"|skulle|önskar|vill|kunde|beställer|skicka|behöver|låntagare\w*|tack|please|could|would|borrow"
    r"|request|we|you|our|thank|kindly|patron|send"
    r"|bitten?|möchten|könnten|benötigen|senden|schicken|unser\w*|leser|ønsker|gjerne|vi|ni|wir|ihnen"
    r"|mennessä|viimeistään)\b",
    re.IGNORECASE,
)


def _is_prose(text: str) -> bool:
    """Whether the words are of a sentence that asks, not of a reference."""
    return bool(_PROSE.search(text))


def _quoted(body: str) -> list[dict[str, str]]:
    """A title in quotation marks, with the journal or book that it stands in."""
    part = _PART_QUOTED.search(body)
    if part:
        return _part(part.group(1), body[part.end() :])
    work = _WORK_QUOTED.search(body)
    everything = _ANY_QUOTED.findall(body)
    work = work or _LOAN_QUOTED.search(body)
    if work and len(everything) <= 1:
        return [{"title": work.group(1).strip(" .,")} | _author_after(body[work.end() :])]
    named = _LOAN_BY.search(body) if not everything else None
    people = leading_people(named.group(2)) if named else None
    if named and people and not _is_prose(named.group(1)):
        return [{"title": named.group(1).strip(), "author": people.names} | _year_in(people.rest[:40])]
    return []


def _part_of(text: str) -> dict[str, str]:
    """Pages and chapter of a whole work that a sentence names: "pages 5-20 from ...", "chapter 4 of ..."."""
    pages = _PAGES.search(text)
    chapter = _CHAPTER.search(text)
    fields = {"pages": next(g for g in pages.groups() if g).replace(" ", "")} if pages else {}
    return fields | ({"chapter": chapter.group(1)} if chapter else {})


def _year_in(text: str) -> dict[str, str]:
    years = set(_YEAR.findall(text))
    return {"year": years.pop()} if len(years) == 1 else {}


def _part(title: str, after: str) -> list[dict[str, str]]:
    """An article's title and, behind it, where it stands: "lehdestä Suo 8(2), 2012, s. 33-41"."""
    fields = {"article_title": title.strip(" .,")}
    by = re.match(r"^[\s,]{0,2}(?:av|by|von|af|kirjoittanut)\s", after)
    people = leading_people(after[by.end() :]) if by else None
    if people and people.sure:
        fields["article_author"], after = people.names, people.rest
    paged = _PAGES_BEHIND.match(after)  # "luvusta "Kevätuitto" (s. 77-93) kirjasta ..."
    if paged:
        fields["pages"], after = paged.group(1).replace(" ", ""), after[paged.end() :]
    tail = re.split(r"[?!]|\.\s(?=[A-ZÅÄÖ][a-zåäö]{2,}\s)", after[:300], maxsplit=1)[0]
    name = host_name(tail)
    if len(name) > 2 and re.search(r"[^\W\d_]{3}", name) and not _is_prose(name):
        by = re.match(r"(.{3,150}?),? (?:av|by|von|af|toim\.|red\.) ([A-ZÅÄÖØÆ].{3,60})$", name)
        people = leading_people(by.group(2)) if by else None
        whose = by is not None and people is not None and not people.rest.strip(" .")
        fields |= {"title": by.group(1), "author": by.group(2)} if by and whose else {"title": name}
    for key, pattern in (("volume", _VOLUME), ("issue", _ISSUE), ("pages", _PAGES)):
        match = pattern.search(tail)
        if match:
            fields[key] = next(g for g in match.groups() if g).replace(" ", "")
    return [fields | _year_in(re.sub(r"https?://\S+|10\.\d{4,9}/\S+", "", tail).replace("/", " "))]


def _author_after(after: str) -> dict[str, str]:
    by = re.match(r"^[\s,]{0,2}(?:\(|by |av |von |tekijä:? |kirjoittanut |\(tekijä |, )(.{4,120})", after)
    people = leading_people(by.group(1)) if by else None
    year = re.match(r"^.{0,90}?\b(1[5-9]\d\d|20\d\d)\b", after)
    return ({"author": people.names} if people else {}) | ({"year": year.group(1)} if year else {})


def _merged(works: list[dict[str, str]], numbers: dict[str, str]) -> list[dict[str, str]]:
    """Each work once; a lone one takes the numbers that stand beside it."""
    unique: list[dict[str, str]] = []
    for work in works:
        if not any(work.items() <= other.items() or other.items() <= work.items() for other in unique):
            unique.append(work)
    if len(unique) == 1:
        return [numbers | unique[0]]
    return unique


def is_greeting(line: str) -> bool:
    """Whether a line only says hello."""
    return bool(_GREETING.match(line.strip()))


def own_number(text: str, subject: str) -> str:
    """The writer's own number for the request, as the text or the subject names it; ""."""
    for source in (text[:MAX_TEXT], subject):
        match = _REF.search(source)
        if match:
            return match.group(1).rstrip(".,;")
    alone = _SUBJECT_REF.findall(subject)
    return str(alone[0]) if len(alone) == 1 else ""
