"""Letters of library systems: Alma, Koha, Libris, code lists, tagged mail, notices to our card at a partner.

Only what is surely a system's own letter is read here: its banner or its fixed field, the labels that it needs, and no
free text that a person could have added. Everything else is left to the readers of plain language.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from maild.core.mail import Mail, Today
from maild.core.reading import Doubt, Event, Money, Reading
from maild.core.request import Context
from maild.core.terms import ALWAYS_FOR_STAFF, EventName, Kind
from maild.reading.clues import numbers_in
from maild.reading.dates import compact_day, due_date_of, find_dates, past_day_of
from maild.reading.dialects import Dialect, Letter
from maild.reading.facts import copies_of, find_urls, is_item_id, no_renewal
from maild.reading.language import language_of
from maild.reading.money import find_money
from maild.reading.phrases import Hit, Lexicon
from maild.reading.rules import ReadingRules
from maild.reading.said import said_in
from maild.reading.statements import Side, statements, without_titles
from maild.reading.system_letters import Page, answer_of, is_answer, letters_of, matches, page_of
from maild.reading.today import today_of
from maild.reading.verdict import doubts_of
from maild.reading.words import spaced, words_of

_OF_MACHINES = frozenset({"machine", "reply"})  # "do not reply to this message"
_MOST_PROSE_WORDS = 150
NUMBERS_OF_ONE = 2  # ours and theirs, above one title
MIN_BARCODE = 6  # digits; fewer are no barcode of their own
_OR = " / "  # between the two languages of one line
_DATES = {
    "due_date": {
        EventName.LOANED, EventName.RENEW_ACCEPTED, EventName.RENEW_REFUSED, EventName.RECALLED, EventName.OVERDUE,
        EventName.DUE_DATE_CHANGED,
    },
    "expected_date": {EventName.WILL_SUPPLY, EventName.EXPECT_TO_SUPPLY},
    "retry_after": {EventName.RETRY_POSSIBLE},
    "expiry": {EventName.COPY_COMPLETED},
}  # fmt: skip
_PRICED = {
    EventName.LOANED, EventName.COPY_COMPLETED, EventName.WILL_SUPPLY, EventName.EXPECT_TO_SUPPLY,
    EventName.RETRY_POSSIBLE,
}  # fmt: skip
_LENT = _PRICED - {EventName.COPY_COMPLETED}  # what comes with terms of use
_NO_SUPPLY = {EventName.UNFILLED, EventName.RETRY_POSSIBLE}
_OUTCOMES = _NO_SUPPLY | {
    EventName.LOANED, EventName.COPY_COMPLETED, EventName.CANCELLED, EventName.CANCEL_REFUSED, EventName.RECALLED,
    EventName.RENEW_ACCEPTED, EventName.RENEW_REFUSED, EventName.OVERDUE, EventName.LOAN_COMPLETED,
}  # fmt: skip
_ABOUT_A_THING = {
    EventName.LOANED, EventName.RECALLED, EventName.OVERDUE, EventName.RENEW_ACCEPTED, EventName.RENEW_REFUSED,
    EventName.LOAN_COMPLETED, EventName.WILL_SUPPLY, EventName.LOST, EventName.DAMAGED, EventName.CLAIMS_RETURNED,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A letter with all that is needed to read its fields."""

    mail: Mail
    page: Page
    letter: Letter
    event: EventName
    reason: str | None
    dialect: Dialect
    today: Today
    language: str


class DialectParser:
    """Reads the letters that rules/dialects/ describe."""

    name = "dialect"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading of a system's letter; None for every other mail, and where it can be two letters."""
        if is_answer(mail, context.our_addresses):
            return None
        sheets = [sheet for dialect in rules.dialects.dialects for sheet in _sheets(mail, dialect, context, rules)]
        if len({(sheet.event, sheet.reason, sheet.letter.kind) for sheet in sheets}) != 1:
            return None
        if _prose_disagrees(sheets[0], rules) or _prose_doubts(sheets[0], rules):
            return None
        return _reading(sheets[0], context, rules)


def _sheets(mail: Mail, dialect: Dialect, context: Context, rules: ReadingRules) -> Iterator[_Sheet]:
    """The mail as each letter of the dialect that it can be, where its answer is one that is known."""
    page = page_of(mail, dialect, rules.prefixes)
    if _is_by_hand(page):
        return
    for letter in letters_of(page, dialect):
        said = (letter.event, None) if letter.event else answer_of(page.value(letter.answer_in), dialect)
        if said is not None:
            yield _Sheet(
                mail=mail,
                page=page,
                letter=letter,
                event=said[0],
                reason=said[1],
                dialect=dialect,
                today=today_of(mail, context, rules.zone),
                language=_language(page, rules),
            )


def _is_by_hand(page: Page) -> bool:
    """Whether somebody seems to have written more than the system's few fixed sentences."""
    return sum(len(line.split()) for line in page.prose) > _MOST_PROSE_WORDS or any("?" in line for line in page.prose)


def _prose_disagrees(sheet: _Sheet, rules: ReadingRules) -> bool:
    """Whether the sentences around the fields speak of another outcome, or of what always needs a human."""
    hits = [hit.phrase for line in sheet.page.prose for hit in _hits(line, rules)]
    if sheet.event not in ALWAYS_FOR_STAFF and any(phrase.kind == "staff" for phrase in hits):
        return True
    if sheet.event in _LENT and any(phrase.kind == "conditions" for phrase in hits):
        return True  # a term that stands in no field of ours: "Please use in your library only"
    told = {phrase.name for phrase in hits if phrase.kind == "says"} & _OUTCOMES
    own = _NO_SUPPLY if sheet.event in _NO_SUPPLY else {sheet.event}
    return sheet.letter.kind is Kind.PARTNER_REPLY and bool(told) and told.isdisjoint(own)


def _prose_doubts(sheet: _Sheet, rules: ReadingRules) -> bool:
    """Whether a sentence hedges, or denies more than the system's own refusals do: somebody has added a word."""
    own = {event.value for event in _NO_SUPPLY} if sheet.event in _NO_SUPPLY else {sheet.event.value}
    prose = [part for line in sheet.page.prose for part in line.split(_OR)]
    headlines = [part for line in sheet.page.headlines for part in line.split(_OR)]
    for part in (*prose, *headlines):
        words = spaced(words_of(part)).encode()
        hits = [hit.phrase for hit in _hits(part, rules)]
        known = own if part in prose else set()  # a headline is a name and refuses nothing
        fixed = (p for p in hits if p.name in known or (p.kind == "harmless" and p.name in _OF_MACHINES))
        denials = max((p.marks.get("negation", 0) for p in fixed), default=0)  # "do not reply to this message"
        for language in {language_of(part, rules.lexicons) or sheet.language, sheet.language}:
            lexicon = rules.lexicons.by_language.get(language)
            if lexicon is None:
                continue
            denied = _count(lexicon, "negation", words) > denials
            if _count(lexicon, "hedge", words) or (denied and list(_text_doubts(part, sheet, rules))):
                return True
    return False


def _text_doubts(text: str, sheet: _Sheet, rules: ReadingRules) -> Iterator[Doubt]:
    """Why the words are not surely beside the point, read like any free text."""
    language = language_of(text, rules.lexicons) or sheet.language
    said = statements(without_titles(text), rules.lexicons, language, Side.SUPPLIER)
    if not language or any(one.event not in {sheet.event, EventName.REQUEST_RECEIVED} for one in said_in(said)):
        yield Doubt(reason="unclear", text="its words say something else than its fields", passage=text)
    yield from doubts_of(said, rules, (sheet.event,))


def _count(lexicon: Lexicon, mark: str, words: bytes) -> int:
    pattern = lexicon.marks.get(mark)
    return len(pattern.findall(words)) if pattern is not None else 0


def _hits(line: str, rules: ReadingRules) -> Iterator[Hit]:
    words = words_of(line)
    for lexicon in rules.lexicons.by_language.values():
        yield from lexicon.hits(words, spaced(words).encode())


def _language(page: Page, rules: ReadingRules) -> str:
    """The language that stands first in a letter of two."""
    for line in (*page.prose, *page.headlines):
        if (language := language_of(line.split(" / ")[0], rules.lexicons)) != "":
            return language
    return ""


def _reading(sheet: _Sheet, context: Context, rules: ReadingRules) -> Reading:
    things = _things(sheet.page, rules)
    doubts: list[Doubt] = []
    events = tuple(_event(sheet, records, doubts) for records in things)
    if len(events) > 1:
        events = tuple(_tied(event, records, context, rules) for event, records in zip(events, things, strict=True))
    if sheet.event in ALWAYS_FOR_STAFF:
        text = "a human must decide what to do about this"
        doubts.append(Doubt(reason="special-event", text=text, passage=events[0].passage))
    if note := sheet.page.value("note"):
        doubts += _note_doubts(note, sheet, rules)
    return Reading(kind=sheet.letter.kind, language=sheet.language, events=events, doubts=tuple(doubts))


def _note_doubts(note: str, sheet: _Sheet, rules: ReadingRules) -> Iterator[Doubt]:
    """Why a human must see what somebody wrote into the letter's field for notes: it is read like any free text."""
    dated = find_dates(note, sheet.today, sheet.language)
    others = len(numbers_in(note, rules.prefixes)) > (0 if sheet.page.value("number") else 1)
    if dated or find_money(note, sheet.language) or others:
        yield Doubt(reason="unclear", text="the letter carries a note that somebody wrote", passage=note)
    yield from _text_doubts(note, sheet, rules)


def _things(page: Page, rules: ReadingRules) -> list[list[dict[str, str]]]:
    """The records of each title: volumes of one title are one event with several barcodes.

    Two numbers above one title are theirs and ours: "Request number: 4471902 / Lender's number: KP-2026-000123".
    """
    bare = sum(set(record) == {"number"} for record in page.records)
    if len(page.records) <= NUMBERS_OF_ONE and bare and len(_ours(page.records, rules)) <= 1:
        return [list(page.records)]
    titles = {record.get("title") or record.get("number") or "" for record in page.records}
    if len(titles) <= 1:
        return [list(page.records)]
    return [[record] for record in page.records if record.get("title") or record.get("item_id") or record.get("number")]


def _ours(records: Sequence[dict[str, str]], rules: ReadingRules) -> set[str]:
    """The numbers of ours in them."""
    return {number for record in records for number in numbers_in(record.get("number", ""), rules.prefixes)}


def _tied(event: Event, records: list[dict[str, str]], context: Context, rules: ReadingRules) -> Event:
    """The event with the one request that its number or barcode names."""
    numbers = {n for r in records for n in numbers_in(r.get("number", ""), rules.prefixes)}
    if not numbers:
        ids = {i.casefold() for i in event.item_id}
        numbers = {
            request.number for request in context.requests
            if any(i.casefold() in ids for item in request.items for i in item.item_ids)
        }  # fmt: skip
    return replace(event, request=numbers.pop()) if len(numbers) == 1 else event


def _event(sheet: _Sheet, records: list[dict[str, str]], doubts: list[Doubt]) -> Event:
    """What the letter says about one title; what cannot be told for certain goes to `doubts`."""
    name = sheet.event
    value = {role: text for record in reversed(records) for role, text in record.items()}
    stated = [role for role, names in _DATES.items() if name in names and role in value]
    days = {role: _day(sheet, value[role], doubts) for role in stated}
    condition = value.get("condition", "")
    event = Event(
        event=name,
        reason=sheet.reason,
        due_date=days.get("due_date"),
        expected_date=days.get("expected_date"),
        retry_after=days.get("retry_after"),
        expiry=days.get("expiry"),
        item_id=_item_ids(records) if name in _ABOUT_A_THING else (),
        cost=_cost(sheet, value.get("cost", ""), doubts) if name in _PRICED else None,
        loan_condition=_conditions(sheet, condition, doubts),
        no_renewal=bool(no_renewal(condition)),
        supplier_ref=value.get("their_number") if sheet.letter.kind is Kind.PARTNER_REPLY else None,
        passage=_passage(sheet, value),
    )
    link = value.get("url") or "\n".join(line for line in sheet.page.prose if line.startswith("https://"))
    return _with_copy(sheet, event, link, doubts) if name is EventName.COPY_COMPLETED else event


def _with_copy(sheet: _Sheet, event: Event, link: str, doubts: list[Doubt]) -> Event:
    urls = find_urls(link)
    url = urls[0].value if len(urls) == 1 else None
    attached = bool(copies_of(sheet.mail))
    if url is None and not attached:
        text = "it says that the copy is delivered, but there is neither a copy nor a link"
        doubts.append(Doubt(reason="attachment", text=text, passage=event.passage))
    return replace(event, url=url, attachment=attached)


def _day(sheet: _Sheet, text: str, doubts: list[Doubt]) -> date | None:
    found = find_dates(text, sheet.today, sheet.language)
    day = compact_day(text)
    if day is None and len(found) == 1:
        pick = past_day_of if sheet.event is EventName.OVERDUE else due_date_of
        day = pick(found[0], sheet.today)
    if day is None:
        doubts.append(Doubt(reason="date", text="the day in it cannot be told for certain", passage=text))
    return day


def _cost(sheet: _Sheet, text: str, doubts: list[Doubt]) -> Money | None:
    found = find_money(text, sheet.language, sheet.mail.from_address)
    prices = [f.money for f in found if f.money is not None]
    if len(prices) == 1 and len(found) == 1:
        return prices[0]
    if any(c in "123456789" for c in text):
        doubts.append(Doubt(reason="cost", text="the price in it cannot be told for certain", passage=text))
    return None


def _conditions(sheet: _Sheet, text: str, doubts: list[Doubt]) -> tuple[str, ...]:
    words = tuple(sorted({word for word, patterns in sheet.dialect.conditions if matches(patterns, text)}))
    if text and not words and not no_renewal(text) and text.lower() not in {"-", "none", "no", "ei", "inga", "keine"}:
        doubts.append(Doubt(reason="unclear", text="the loan has a condition that is not known", passage=text))
    return words


def _item_ids(records: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for record in records for i in _ids(record.get("item_id", ""))))


def _ids(text: str) -> Iterator[str]:
    words = text.split()
    if len(words) == 2 and is_item_id(words[0]) and words[1].isdigit() and len(words[1]) < MIN_BARCODE:
        yield text.strip()  # "X00419 2207" is one barcode, with a blank to read it by
        return
    for word in text.replace(",", " ").replace(";", " ").split():
        if is_item_id(word):
            yield word


def _passage(sheet: _Sheet, value: dict[str, str]) -> str:
    headline = next((line for line in sheet.page.headlines if line), "")
    told = [value[role] for role in ("answer", "reason", "item_id", "due_date") if role in value]
    return " | ".join([headline, *told])[:300]
