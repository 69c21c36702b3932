"""A form's answers → the request that they ask for, with what makes it doubtful."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from maild.core.reading import Doubt, Money, NewRequest
from maild.core.terms import ServiceType
from maild.reading.citations import read_reference
from maild.reading.dates import compact_day, due_date_of, find_dates
from maild.reading.form_answers import Answer
from maild.reading.form_draft import Asking, Draft, first_of
from maild.reading.form_people import patron_of, requester_of
from maild.reading.form_work import citation_of, read_work
from maild.reading.forms import FormRules
from maild.reading.identifiers import (
    has_identity_code,
    mask_identity_codes,
)
from maild.reading.money import find_money
from maild.reading.services import service_of, word_for

SHORT_ANSWER = 12  # characters; a longer one names something
MAX_VALUE = 2_000  # characters of one answer
_SHORT_YEAR = re.compile(r"^(\d\d-\d\d)-(\d\d)$")
_LIMIT_WORD = re.compile(
    r"^(?:enintään|korkeintaan|maksimissaan|max\.?|högst|maximalt|up to|at most|höchstens|bis zu|maks\.?)\s",
    re.IGNORECASE,
)
# What a form's mail writes above its first field, which nobody typed: "Catalogue item: Article copy".
_HEADING_WORDS = 5  # at most, of the value: who types something types more
_HEADING = re.compile(
    r"\b(?:form|order|response|submi\w+|sent|catalogue|item|interlibrary|survey)\b|lomake|vastau|tilaus|kaukolaina"
    r"|kaukopalvelu|lähetetty|kopio|blankett|beställ|fjärrlån|skicka|formulär|svar\b|fernleih|bestell|gesendet",
    re.IGNORECASE,
)
_PART_IN_TITLE = re.compile(r"\b(?:vol|vsk|årg|bd|jg)\.?\s?\d{1,4}\b.{0,30}\b(?:pp?|ss?|sid|sivut)\.?\s?\d")
_ANOTHER_WORK = re.compile(
    r"\b(?:second|2nd|another|additional|toinen|toisen|lisäpyyntö|andra|annan|ytterligare|zweites?|weitere[rs]?|anden|annen)\b",
    re.IGNORECASE,
)
NEED_BEFORE_DAYS = 200  # an ambiguous 01/08/2027 is the reading that lies nearer than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a form asks for: one request (several where a field held several references), and the doubts."""

    requests: tuple[NewRequest, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def fill(answers: Sequence[Answer], asking: Asking, rules: FormRules) -> Filled:
    """The request that the answers make."""
    given = {a.key for a in answers if a.key}
    draft = Draft(labels=frozenset(given))
    values = _values(answers, draft, rules)
    read_work(values, draft)
    for key, value in asking.work.items():
        draft.work.setdefault(key, value)
    patron = None if asking.for_library else patron_of(answers, values, asking, draft, rules)
    requester = requester_of(values, asking, rules) if asking.for_library else None
    flags = {key: _yes_or_no(key, answers, draft, rules) for key in ("abroad_ok", "any_edition")}
    said = " ".join(values.get("service", [])) or asking.work.get("service_type", "")
    note_text = "\n".join(values.get("note", []))
    filled = frozenset(draft.work) | ({"journal"} if draft.journal else set())
    service = service_of(said, asking.headings, filled, note_text, rules)
    if service.against:
        draft.doubt("contradictory", f"The form contradicts itself: {service.against}.", f"{said} / {note_text}")
    _doubt_default(said, service.type, answers, draft, rules)
    if rules.has("not_new", said):
        draft.doubt("special-event", "What is asked for speaks of an older request.", said)
    if not asking.for_library and rules.has("note_for_staff", note_text):
        draft.doubt("question", "The note asks for more than the form, or sets a condition.", note_text)
    new = NewRequest(
        service_type=service.type,
        citation=citation_of(draft.work),
        need_before=_need_before(values, asking, draft),
        max_cost=_max_cost(answers, values, asking, draft),
        pickup=None if asking.for_library else first_of(values, "pickup"),
        delivery=None if asking.for_library else _delivery(values, draft, rules),
        office_address=None if asking.for_library else first_of(values, "office_address"),
        abroad_ok=flags["abroad_ok"],
        any_edition=True if draft.any_edition else flags["any_edition"],
        note="\n".join(dict.fromkeys(draft.notes)) or None,
        language=asking.language or None,
        patron=patron,
        requester=requester,
    )
    _judge(new, draft)
    if service.type is ServiceType.LOAN and _PART_IN_TITLE.search(draft.work.get("title", "")):
        draft.doubt("incomplete", "A part of a journal is no loan.", draft.work["title"])
    for key in ("title", "book", "journal", "article_title"):
        if rules.has("title_for_staff", first_of(values, key) or ""):
            draft.doubt("incomplete", "What stands in the title's place is no one work.", first_of(values, key) or "")
    return Filled(requests=(new, *_further(draft.others, new)), doubts=tuple(draft.doubts))


def _doubt_default(said: str, service: ServiceType, answers: Sequence[Answer], draft: Draft, rules: FormRules) -> None:
    """A loan that nothing asks for by name is a guess: pages, or a copy under an unknown label, speak against it."""
    if service is not ServiceType.LOAN or word_for(said, rules) is not None:
        return
    short = [a.value for a in answers if not a.key and len(a.value.split()) <= 4]
    copies = [value for value in short if word_for(value, rules) is ServiceType.COPY]
    if copies or "pages" in draft.work:  # a heading is no help: "interlibrary loan" is the name of the trade
        passage = copies[0] if copies else draft.work["pages"]
        draft.doubt("contradictory", "Nothing in it says that a loan is wanted, and this speaks of a copy.", passage)


def _values(answers: Iterable[Answer], draft: Draft, rules: FormRules) -> dict[str, list[str]]:
    """Answers by key, empty ones left out, identity codes masked; unknown labels and remarks go to the notes."""
    values: dict[str, list[str]] = {}
    for answer in answers:
        value = _clean(answer.value)
        if rules.is_word("empty", value) or answer.key in {"ignore", "consent", "any_edition", "abroad_ok"}:
            continue
        if answer.key == "card" and has_identity_code(answer.value):
            value = ""
        if answer.key == "" and _ANOTHER_WORK.search(answer.label) and len(value) > SHORT_ANSWER:
            draft.doubt("several-requests", "The form seems to ask for a second work.", value)
        if answer.key == "" and not values and _is_heading(answer.label, value):
            continue
        if answer.key == "":
            draft.notes.append(f"{mask_identity_codes(answer.label)}: {value}")
        elif answer.key == "note":
            draft.notes.append(value)
            values.setdefault("note", []).append(value)
        else:
            values.setdefault(answer.key, []).append(value)
    return values


def _is_heading(label: str, value: str) -> bool:
    return len(value.split()) <= _HEADING_WORDS and _HEADING.search(label) is not None


def _clean(value: str) -> str:
    text = mask_identity_codes(value[:MAX_VALUE]).replace("\\/", "/").strip()
    # A list of choices as Microsoft Forms writes it: ["a","b"].
    if text.startswith('["') and text.endswith('"]'):
        text = text[2:-2].replace('","', ", ")
    if len(text) > 2 and text[0] == text[-1] == '"' and text.count('"') == 2:
        text = text[1:-1]
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


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
                    citation=citation_of(reference.fields),
                    patron=first.patron,
                    requester=first.requester,
                )
            )
    return found


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
    text = first_of(values, "need_before")
    if not text:
        return None
    text = _SHORT_YEAR.sub(r"\g<1>-20\g<2>", text)  # Sierra: "02-28-27"
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
    text = first_of(values, "max_cost")
    if not text:
        return None
    prices = {f.money for f in find_money(_LIMIT_WORD.sub("", text)) if f.money is not None}
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
    text = first_of(values, "delivery")
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
        ours = new.requester is None
        draft.doubt("incomplete", "A copy is asked for, but not of which part.", work.title or "", askable=ours)
    if draft.journal and new.service_type is ServiceType.LOAN and not (work.volume or work.year or work.issue):
        draft.doubt("incomplete", "A journal is asked for on loan, but not which volume.", work.title or "")
