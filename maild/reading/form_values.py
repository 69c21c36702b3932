"""A form's answers → the request that they ask for, with what makes it doubtful."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from maild.core.mail import Today
from maild.core.reading import Citation, Doubt, Money, NewRequest, Person, Requester
from maild.core.terms import ServiceType
from maild.reading.citations import read_reference, split_references
from maild.reading.dates import compact_day, due_date_of, find_dates
from maild.reading.form_shapes import Answer
from maild.reading.forms import FormRules
from maild.reading.identifiers import (
    clean_isbn,
    clean_issn,
    dois,
    has_identity_code,
    isbns,
    isils,
    issns,
    mask_identity_codes,
    pmids,
)
from maild.reading.money import find_money
from maild.reading.services import service_of

MAX_VALUE = 2_000  # characters of one answer
NEED_BEFORE_DAYS = 200  # an ambiguous 01/08/2027 is the reading that lies nearer than this

CITATION_FIELDS = frozenset(f.name for f in fields(Citation))
_AS_WRITTEN = ("publisher", "place", "edition", "volume", "issue", "chapter", "series", "record_id")
_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@[^\s@<>\"(),:;\\]{1,200}\.[^\s@<>\"(),:;\\.]{2,40}")
_YEAR = re.compile(r"(?<!\d)(1[4-9]\d\d|20\d\d)(?!\d)")
_IMPRINT = re.compile(r"^(.{2,200}?),?\s\[?c?(1[4-9]\d\d|20\d\d)\]?\.?$")
_VOLUME_ISSUE = re.compile(
    r"^(\d{1,4})\s?(?:\(|[:/]\s?|,?\s?(?:no|nro|nr|n:o)\.?\s?)(\d{1,3}(?:[-–/]\d{1,3})?)\)?$", re.IGNORECASE
)


@dataclass(slots=True, kw_only=True)
class Draft:
    """A request in the making: fields of the citation and the rest by the contract's names, notes, doubts."""

    work: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # further references in the same field
    journal: bool = False  # the title is a journal's
    labels: frozenset[str] = frozenset()  # every field that the form has, filled or not

    def doubt(self, reason: str, text: str, passage: str = "") -> None:
        """Remember why a person must look."""
        self.doubts.append(Doubt(reason=reason, text=text, passage=passage[:200]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a form asks for: one request (several where a field held several references), and the doubts."""

    requests: tuple[NewRequest, ...] = ()
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is known beside the answers: the day, the headings that name the service, who asks, and in which language."""

    today: Today
    headings: tuple[str, ...] = ()
    for_library: bool = False
    language: str = ""
    reply_to: str = ""  # where the form's mail says that its writer is reached
    name: str = ""
    work: Mapping[str, str] = field(default_factory=dict)  # what an OpenURL beside the answers says
    euro: bool = False  # a bare number in a price field of our own form is in euros
    sender: Requester | None = None  # what the mail itself tells of the library that asks


def fill(answers: Sequence[Answer], asking: Asking, rules: FormRules) -> Filled:
    """The request that the answers make."""
    given = {a.key for a in answers if a.key}
    draft = Draft(labels=frozenset(given))
    values = _values(answers, draft, rules)
    _read_work(values, draft)
    for key, value in asking.work.items():
        draft.work.setdefault(key, value)
    patron = None if asking.for_library else _patron(answers, values, asking, draft, rules)
    requester = _requester(values, asking, rules) if asking.for_library else None
    flags = {key: _yes_or_no(key, answers, draft, rules) for key in ("abroad_ok", "any_edition")}
    said = " ".join(values.get("service", [])) or asking.work.get("service_type", "")
    note_text = "\n".join(values.get("note", []))
    filled = frozenset(draft.work) | ({"journal"} if draft.journal else set())
    service = service_of(said, asking.headings, filled, note_text, rules)
    if service.against:
        draft.doubt("contradictory", f"The form contradicts itself: {service.against}.", f"{said} / {note_text}")
    if not asking.for_library and rules.has("note_for_staff", note_text):
        draft.doubt("question", "The note asks for more than the form, or sets a condition.", note_text)
    new = NewRequest(
        service_type=service.type,
        citation=_citation(draft.work),
        need_before=_need_before(values, asking, draft),
        max_cost=_max_cost(answers, values, asking, draft),
        pickup=None if asking.for_library else _first(values, "pickup"),
        delivery=None if asking.for_library else _delivery(values, draft, rules),
        office_address=None if asking.for_library else _first(values, "office_address"),
        abroad_ok=flags["abroad_ok"],
        any_edition=flags["any_edition"],
        note="\n".join(dict.fromkeys(draft.notes)) or None,
        language=asking.language or None,
        patron=patron,
        requester=requester,
    )
    _judge(new, draft)
    return Filled(requests=(new, *_further(draft.others, new)), doubts=tuple(draft.doubts))


def _values(answers: Iterable[Answer], draft: Draft, rules: FormRules) -> dict[str, list[str]]:
    """Answers by key, empty ones left out, identity codes masked; unknown labels and remarks go to the notes."""
    values: dict[str, list[str]] = {}
    for answer in answers:
        value = _clean(answer.value)
        if rules.is_word("empty", value) or answer.key in {"ignore", "consent", "any_edition", "abroad_ok"}:
            continue
        if answer.key == "card" and has_identity_code(answer.value):
            value = ""
        if answer.key == "":
            draft.notes.append(f"{mask_identity_codes(answer.label)}: {value}")
        elif answer.key == "note":
            draft.notes.append(value)
            values.setdefault("note", []).append(value)
        else:
            values.setdefault(answer.key, []).append(value)
    return values


def _clean(value: str) -> str:
    text = mask_identity_codes(value[:MAX_VALUE]).replace("\\/", "/").strip()
    # A list of choices as Microsoft Forms writes it: ["a","b"].
    if text.startswith('["') and text.endswith('"]'):
        text = text[2:-2].replace('","', ", ")
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _first(values: Mapping[str, list[str]], *keys: str) -> str | None:
    return next((values[key][0] for key in keys if values.get(key)), None)


def _read_work(values: dict[str, list[str]], draft: Draft) -> None:
    """The citation's fields, each from the label that names it."""
    work = draft.work
    for key in _AS_WRITTEN:
        if found := _first(values, key):
            work[key] = found
    _read_titles(values, draft)
    _read_authors(values, draft)
    _read_imprint_and_year(values, work)
    _read_pages(values, work)
    _read_numbers(values, draft)
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
    part = _first(values, "article_title", "chapter_title")
    host = _first(values, "journal", "book")
    title = _first(values, "title")
    draft.journal = "journal" in values
    if host and title and not part and "journal" in values:
        part, title = title, None
    if part:
        work["article_title"] = part
    if host or title:
        work["title"] = host or title or ""
    if host and title and title != host:
        draft.notes.append(title)
    if "article_title" in values and "chapter_title" in values:
        draft.notes.append(values["chapter_title"][0])


def _read_authors(values: Mapping[str, list[str]], draft: Draft) -> None:
    work = draft.work
    own, of_part, of_book = (_first(values, key) for key in ("author", "article_author", "book_author"))
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
    if year := _first(values, "year"):
        found = _YEAR.findall(year)
        dated = len(set(found)) == 1 and bool(re.search(r"[^\W\d_]{3}|[./]|-\d\d?\b", year)) and len(year) < 30
        work["year"] = found[0] if dated and not re.search(r"[\[\]?]", year) else year
    if imprint := _first(values, "imprint"):
        match = _IMPRINT.match(imprint)
        work.setdefault("publisher", match.group(1).strip(" ,") if match else imprint)
        if match:
            work.setdefault("year", match.group(2))


def _read_pages(values: Mapping[str, list[str]], work: dict[str, str]) -> None:
    start, end = _first(values, "start_page"), _first(values, "end_page")
    pages = _first(values, "pages") or (f"{start}-{end}" if start and end and start != end else start or end)
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
    found = read_reference(pieces[0] if pieces else text)
    for name, value in found.fields.items():
        draft.work.setdefault(name, value)
    draft.journal = draft.journal or found.kind == "article"
    if found.rest:
        draft.notes.append(found.rest)


def _further(texts: Iterable[str], first: NewRequest) -> list[NewRequest]:
    """The requests for the other references, as far as they can be read."""
    found = []
    for text in texts:
        reference = read_reference(text)
        if reference.fields:
            kind = ServiceType.COPY if "article_title" in reference.fields else first.service_type
            found.append(
                NewRequest(
                    service_type=kind,
                    citation=_citation(reference.fields),
                    patron=first.patron,
                    requester=first.requester,
                )
            )
    return found


def _citation(work: Mapping[str, str]) -> Citation:
    return Citation(**{key: value for key, value in work.items() if key in CITATION_FIELDS and value})


def _patron(
    answers: Sequence[Answer], values: Mapping[str, list[str]], asking: Asking, draft: Draft, rules: FormRules
) -> Person:
    name = (
        " ".join(n for n in (_first(values, "first_name"), _first(values, "last_name")) if n)
        or _turned(values)
        or asking.name
    )
    written = _EMAIL.search("\n".join(values.get("email", [])))
    email = written.group() if written else asking.reply_to or None
    card = _first(values, "card")
    number = card.strip() if card and re.search(r"\d{3}|^[A-Za-z]{1,4}\d{2,}", card) and len(card) <= 40 else None
    if (card and number is None) or any(a.key == "card" and _says_no_card(a.value, rules) for a in answers):
        draft.doubt("incomplete", "The patron has no library card, or gave no number of it.", card or "")
        number = None
    if not email and not number:
        draft.doubt(
            "incomplete", "Neither an e-mail address nor a library card number: nobody to write to.", name or ""
        )
    return Person(
        name=name or None, email=email, id=number, group=_first(values, "group"), phone=_first(values, "phone")
    )


def _turned(values: Mapping[str, list[str]]) -> str | None:
    """The patron's name; "Lindroos-Heino, Ebba" turned round where the label asks for the last name first."""
    name = _first(values, "name")
    if name and name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        return f"{first} {last}" if first and last else name
    return name


def _says_no_card(value: str, rules: FormRules) -> bool:
    return not re.search(r"\d{4}", value) and len(value.strip()) > 3 and rules.has("no_card", value)


def _requester(values: Mapping[str, list[str]], asking: Asking, rules: FormRules) -> Requester:
    """The library that asks: what its form says, and for the rest what its mail says."""
    known = asking.sender or Requester()
    name, symbol = _name_and_symbol(_first(values, "library") or "", rules)
    if not name and (person := _first(values, "name")) and rules.has("library_words", person):
        name, symbol = _name_and_symbol(person, rules)
    symbol = _first(values, "symbol") or symbol
    written = _EMAIL.search("\n".join(values.get("email", [])))
    return Requester(
        name=name or known.name,
        symbol=(symbol or "").split("\n")[0].strip() or known.symbol,
        email=written.group() if written else known.email,
        ref=_reference_number(_first(values, "ref") or "", symbol or "") or known.ref,
    )


def _name_and_symbol(text: str, rules: FormRules) -> tuple[str, str]:
    """ "Universitätsbibliothek Lindental (DE-9988)"; or a sigel with the name on the next line."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return "", ""
    if len(lines) > 1 and re.fullmatch(r"[A-ZÅÄÖ][\w:-]{0,11}", lines[0]) and not rules.has("library_words", lines[0]):
        return lines[1], lines[0]
    bracketed = re.match(r"^(.{3,150}?)\s?[(\[]([A-Za-z0-9:/-]{2,16})[)\]]$", lines[0])
    if bracketed and (isils(bracketed.group(2)) or re.fullmatch(r"[A-Z][A-Za-z0-9]{1,7}", bracketed.group(2))):
        return bracketed.group(1), bracketed.group(2)
    return lines[0], ""


def _reference_number(text: str, symbol: str) -> str:
    """Their number; ISO 10161 writes it between the symbol and a count: US-ACS:ACS-2026-07731:1."""
    parts = text.split(":")
    if len(parts) == 3 and parts[2].isdigit() and (parts[0] == symbol or "-" in parts[0]):
        return parts[1]
    return text.split("\n")[0].strip()


def _yes_or_no(key: str, answers: Sequence[Answer], draft: Draft, rules: FormRules) -> bool | None:
    for answer in answers:
        value = _clean(answer.value)
        if answer.key != key or not value:
            continue
        for word, meaning in (("yes", True), ("no", False)):
            if rules.is_word(word, value) or rules.is_word(word, re.split(r"[\s,.;]", value)[0]):
                return meaning
        if not rules.is_word("empty", value):
            draft.notes.append(f"{answer.label}: {value}")
    return None


def _need_before(values: Mapping[str, list[str]], asking: Asking, draft: Draft) -> date | None:
    text = _first(values, "need_before")
    if not text:
        return None
    day = compact_day(text.strip()) or _day_of(text, asking)
    found = find_dates(text, asking.today, asking.language)
    if day is None and any(f.problem for f in found):
        draft.doubt("date", "The date needed by can be read in two ways.", text)
    if day is None:
        draft.notes.append(text)
    elif day < asking.today.day:
        draft.doubt("date", "The date needed by has passed.", text)
    return day


def _day_of(text: str, asking: Asking) -> date | None:
    found = [f for f in find_dates(text, asking.today, asking.language) if f.kind in {"day", "relative"}]
    return (
        due_date_of(found[0], asking.today, NEED_BEFORE_DAYS) or _only_reading(found[0].candidates)
        if len(found) == 1
        else None
    )


def _only_reading(candidates: Sequence[date]) -> date | None:
    return candidates[0] if len(candidates) == 1 else None


def _max_cost(answers: Sequence[Answer], values: Mapping[str, list[str]], asking: Asking, draft: Draft) -> Money | None:
    text = _first(values, "max_cost")
    if not text:
        return None
    prices = {f.money for f in find_money(text) if f.money is not None}
    if len(prices) == 1:
        money = prices.pop()
        return Money(amount=money.amount.quantize(Decimal("0.01")), currency=money.currency)
    label = next(a.label for a in answers if a.key == "max_cost" and a.value.strip())
    bare = re.fullmatch(
        r"(?:max\.?|enint\.?|n\.)?\s?(\d{1,4})(?:[.,](\d{1,2}))?(?:[.,]?-)?", text.strip(), re.IGNORECASE
    )
    euro = re.search(r"€|\beur", label, re.IGNORECASE)
    if bare and not prices and (euro or asking.euro):
        return Money(amount=Decimal(f"{bare.group(1)}.{(bare.group(2) or '0').ljust(2, '0')}"), currency="EUR")
    named = re.search(r"\b(USD|SEK|NOK|DKK|GBP|CHF)\b|([$£])", label)
    if bare and not prices and named:
        currency = named.group(1) or {"$": "USD", "£": "GBP"}[named.group(2)]
        return Money(amount=Decimal(f"{bare.group(1)}.{(bare.group(2) or '0').ljust(2, '0')}"), currency=currency)
    draft.notes.append(f"{label}: {text}")
    return None


def _delivery(values: Mapping[str, list[str]], draft: Draft, rules: FormRules) -> str | None:
    text = _first(values, "delivery")
    if not text:
        return None
    found = [way for way in ("file", "office", "paper", "desk") if rules.has(f"delivery_{way}", text)]
    if len(found) == 1:
        return found[0]
    draft.notes.append(text)
    return None


def _judge(new: NewRequest, draft: Draft) -> None:
    """What is missing for anybody to act on it."""
    work = new.citation
    if not (work.title or work.article_title or work.doi or work.pmid or work.isbn):
        draft.doubt("incomplete", "It does not say which work is wanted.")
    elif new.service_type is ServiceType.COPY and not (
        work.article_title or work.doi or work.pmid or work.pages or work.chapter or work.article_author
    ):
        draft.doubt("incomplete", "A copy is asked for, but not of which part.", work.title or "")
    if draft.journal and new.service_type is ServiceType.LOAN and not (work.volume or work.year or work.issue):
        draft.doubt("incomplete", "A journal is asked for on loan, but not which volume.", work.title or "")
