"""A supplier's text → events with their facts and the doubts, for one request or for each of several."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from maild.core.mail import Mail, Today
from maild.core.reading import Doubt, Event
from maild.core.request import Request
from maild.core.terms import EventName as E
from maild.core.terms import ServiceType
from maild.reading.clues import numbers_in
from maild.reading.facts import copies_of
from maild.reading.gist import Gist, Hearing, Who
from maild.reading.language import language_of
from maild.reading.lifting import heard_otherwise
from maild.reading.named_works import sent_works
from maild.reading.rules import ReadingRules
from maild.reading.sentences import sentences
from maild.reading.stated import Stated, date_doubt, stated_in
from maild.reading.statements import QUOTED, Side, Statement, statements, without_quotes, without_titles
from maild.reading.supplier import Outcome, outcome
from maild.reading.supplier_doubts import wanted_back
from maild.reading.verdict import doubts_of
from maild.reading.words import words_of

DATED = frozenset({E.LOANED, E.RENEW_ACCEPTED, E.RECALLED})
ON_LOAN = DATED | {E.OVERDUE, E.RENEW_REFUSED}  # what comes with a due date and barcodes
PRICED = frozenset({E.RETRY_POSSIBLE, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY, E.LOANED, E.COPY_COMPLETED, E.CANCEL_REFUSED})
SENT = frozenset({E.LOANED, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY, E.COPY_COMPLETED})
LONGEST_LETTER = 5_000  # letters of the quoted letter that are looked at
STEM = 5  # letters by which a word of a title is known again: "Talvisodan historiaa"
FEWEST_LISTED = 2  # terms behind "these are the conditions"
LENT = frozenset({E.LOANED, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY, E.RETRY_POSSIBLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a text comes to."""

    events: tuple[Event, ...]
    doubts: tuple[Doubt, ...]
    language: str
    heard: tuple[str, ...] = ()  # by the third judge


def read_answer(mail: Mail, request: Request | None, today: Today, rules: ReadingRules) -> Read:
    """The supplier's new text read as one answer, or as one answer a request where it lists several."""
    language = language_of(without_titles(mail.new_text, _titles(request)), rules.lexicons)
    numbers = numbers_in(mail.new_text, rules.prefixes)
    if not language:
        doubt = Doubt(reason="language", text="its language is none that was taught", passage=mail.new_text[:200])
        return Read(events=(), doubts=(doubt,), language="")
    if len(numbers) < 2:
        return _one(mail, mail.new_text, request, today, rules, language, gist=rules.gist)
    return _several(mail, numbers, request, today, rules, language)


def _titles(request: Request | None) -> tuple[str, ...]:
    """The names of the work, which state nothing."""
    if request is None:
        return ()
    work = request.citation
    return tuple(t for t in (work.title, work.article_title, work.author, work.series) if t)


def _several(
    mail: Mail, numbers: Sequence[str], request: Request | None, today: Today, rules: ReadingRules, language: str
) -> Read:
    """One answer a number: each stands in the sentences from its number on to the next one."""
    parts: dict[str, str] = {}
    at = ""
    for sentence in sentences(mail.new_text):
        named = numbers_in(sentence, rules.prefixes)
        if len(named) > 1:
            return _unclear_numbers(language, sentence)
        at = named[0] if named else at
        parts[at] = f"{parts.get(at, '')}{sentence}\n"
    events: list[Event] = []
    doubts: list[Doubt] = []
    for number in numbers:
        # A mail may name any number of numbers: the third judge, who takes his time, is not asked about each.
        one = _one(mail, parts.get(number, ""), request, today, rules, language, gist=None)
        events += [replace(event, request=number) for event in one.events]
        doubts += one.doubts
    head = _said(parts.get("", ""), request, rules, language)
    if any(statement.of("says") for statement in head):
        return _unclear_numbers(language, parts[""])
    doubts += doubts_of(head, rules, ())  # what stands above the first number is about them all
    return Read(events=tuple(events), doubts=tuple(doubts), language=language)


def _unclear_numbers(language: str, passage: str) -> Read:
    doubt = Doubt(reason="several-requests", text="it does not say which request each word is about", passage=passage)
    return Read(events=(), doubts=(doubt,), language=language)


def _said(text: str, request: Request | None, rules: ReadingRules, language: str) -> list[Statement]:
    return statements(without_titles(text, _titles(request)), rules.lexicons, language, Side.SUPPLIER)


def _one(
    mail: Mail,
    text: str,
    request: Request | None,
    today: Today,
    rules: ReadingRules,
    language: str,
    *,
    gist: Gist | None,
) -> Read:
    said = _said(text, request, rules, language)
    stated = stated_in(text, said, today, language, mail.from_address)
    copy = request is not None and request.service_type is ServiceType.COPY
    hearing = Hearing(gist, Who.SUPPLIER, without_quotes(text, rules.lexicons, _titles(request)))
    told = outcome(said, conditions=bool(stated.conditions), priced=len(stated.costs) == 1, copy=copy)
    told = _gone_today(told, said, stated)
    found = _fit(told, stated, mail, request)
    doubts = [*found.doubts, *_another_work(mail, text, request, found)]
    doubts += doubts_of(said, rules, found.events, hearing.second(told.events, told.reason))
    doubts += _unknown_terms(said)
    stated = replace(stated, conditions=_offered(stated.conditions, found, said))
    doubts += wanted_back(found.events, said)
    events = [_event(name, found, stated, mail) for name in found.events]
    for event in events:
        doubts += _fact_doubts(event, stated, found, today)
        if event.event in DATED and event.due_date is not None and event.due_date <= today.day:
            doubts.append(Doubt(reason="date", text="the due date is past", passage=found.passage))
    if not doubts:
        doubts += heard_otherwise(events, told.events, hearing)
    return Read(events=tuple(events), doubts=tuple(doubts), language=language, heard=hearing.told())


def _offered(conditions: tuple[str, ...], found: Outcome, said: Sequence[Statement]) -> tuple[str, ...]:
    """The terms of what is held out: "a reading-room copy, not lent; the 4th edition is free" holds out no terms."""
    if found.events != (E.RETRY_POSSIBLE,) or found.reason == "MustMeetLoanCondition":
        return conditions
    offers = {s.clause.sentence for s in said if s.says(E.RETRY_POSSIBLE, found.reason)}
    refused = [(s.clause.sentence, h.phrase) for s in said for h in s.of("says") if h.phrase.name == E.UNFILLED]
    refusals = {number for number, phrase in refused if phrase.marks.get("negation") or number not in offers}
    if found.reason == "ReqEditionNotPossible" and offers:
        refusals |= set(range(min(offers)))  # until the other edition is named, all is said of the one asked for
    of_the_offer = (hit for s in said if s.clause.sentence not in refusals for hit in s.of("conditions"))
    return tuple(sorted({hit.phrase.name for hit in of_the_offer}))


def _unknown_terms(said: Sequence[Statement]) -> Iterator[Doubt]:
    """Of terms in a row ("there are two conditions: …") the one that no phrase knows, or that there is none."""
    for at, heading in enumerate(said):
        if not heading.has("harmless", "listed"):
            continue
        behind = said[at + 1 :]
        here = [s for s in behind if s.clause.sentence == heading.clause.sentence]
        terms = here or [s for s in behind if s.clause.sentence == heading.clause.sentence + 1]
        told = [hit.phrase.name for s in terms for hit in s.of("conditions")]
        unknown = next((s for s in terms if not s.of("conditions")), None)
        if unknown is None and max(len(set(told)), len(terms)) < FEWEST_LISTED:
            unknown = heading  # "two conditions: read in your library and somebody calls us"
        if unknown is not None:
            yield Doubt(reason="conditional", text="a condition was not understood", passage=unknown.clause.text)


def _another_work(mail: Mail, text: str, request: Request | None, found: Outcome) -> Iterator[Doubt]:
    """A name of a work beside the sending, with no word of what we asked for or of our letter below it."""
    if SENT.isdisjoint(found.events):
        return
    quoted = [name for one in QUOTED.finditer(text) if (name := one.group())[1].isupper()]
    names = [(name, words) for name in (*quoted, *sent_works(text)) if len(words := words_of(name)) > 1]
    if not names:
        return  # as in most mails: only a name is worth looking through the whole letter for
    ours = (*_titles(request), mail.quoted[:LONGEST_LETTER])
    known = {word[:STEM] for one in ours for word in words_of(one) if len(word) >= STEM}
    for name, words in names:
        if known and known.isdisjoint(word[:STEM] for word in words):
            yield Doubt(reason="contradictory", text="it names another work than ours", passage=name)


def _gone_today(told: Outcome, said: Sequence[Statement], stated: Stated) -> Outcome:
    """`told`, or a loan where what leaves today has its due date: "goes with today's post, due 10 March"."""
    sending = [one for one in said if one.says(E.WILL_SUPPLY, "")]
    if told.events != (E.WILL_SUPPLY,) or len(stated.due) != 1 or not any(one.has("roles", "today") for one in sending):
        return told
    return replace(told, events=(E.LOANED,))


def _fit(found: Outcome, stated: Stated, mail: Mail, request: Request | None) -> Outcome:
    """The outcome seen beside what came with it and what was asked for: a file that came is the copy."""
    wants_copy = request is not None and request.service_type is ServiceType.COPY
    came = bool(copies_of(mail) or stated.urls)
    if found.events == (E.LOANED,) and wants_copy and (came or not stated.due):
        return replace(found, events=(E.COPY_COMPLETED,))  # without a file it is left to staff: paper, or forgotten
    if request is not None and request.renewal_pending:
        return _fit_renewal(found)
    return found


def _fit_renewal(found: Outcome) -> Outcome:
    """The outcome as an answer to our wish for more time: a plain "no", and "others wait for it", refuse that."""
    if found.events == (E.DUE_DATE_CHANGED,):
        return replace(found, events=(E.RENEW_ACCEPTED,))
    if (found.events, found.reason) in {((E.UNFILLED,), ""), ((E.RETRY_POSSIBLE,), "OnLoan")}:
        return replace(found, events=(E.RENEW_REFUSED,), reason="")
    return found


def _event(name: E, found: Outcome, stated: Stated, mail: Mail) -> Event:
    """The event with the facts that belong to it and no others."""
    promised = name in {E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY}
    lent = name in ON_LOAN
    attached = name is E.COPY_COMPLETED and bool(copies_of(mail))
    url = stated.urls[0] if name is E.COPY_COMPLETED and stated.urls and not attached else None
    return Event(
        event=name,
        due_date=_due(name, stated) if lent else None,
        expected_date=_coming(stated) if promised else None,
        retry_after=_coming(stated) if name is E.RETRY_POSSIBLE else None,
        expiry=_only(stated.expiry or stated.other) if url else None,
        reason=(found.reason or None) if name in {E.UNFILLED, E.RETRY_POSSIBLE} else None,
        loan_condition=stated.conditions if name in LENT else (),
        cost=stated.costs[0] if name in PRICED and len(stated.costs) == 1 else None,
        item_id=stated.item_ids if lent else (),
        url=url,
        attachment=attached,
        no_renewal=found.no_renewal or stated.no_renewal,
        supplier_ref=stated.supplier_ref,
        passage=found.passage,
    )


def _only(days: Sequence[date]) -> date | None:
    return days[0] if len(days) == 1 else None


def _due(name: E, stated: Stated) -> date | None:
    """The due date that goes with the event; a day in the very words of a renewal or recall is one too."""
    if name is E.OVERDUE:
        return _only(stated.past) or _only(stated.due)
    days = stated.due
    if not days and name in {E.RENEW_ACCEPTED, E.RECALLED}:
        days = stated.deciding
    return _only(days)


def _coming(stated: Stated) -> date | None:
    """The day that a promise or a "not before" names."""
    return _only(stated.deciding) or _only(tuple(dict.fromkeys((*stated.other, *stated.due, *stated.old))))


def _fact_doubts(event: Event, stated: Stated, found: Outcome, today: Today) -> Iterator[Doubt]:
    """What makes the event's own facts doubtful."""
    if event.event in DATED and event.due_date is None:
        if stated.due_problem or len(stated.due) > 1:
            yield date_doubt(stated.due_problem or found.passage)
        elif event.event is E.RENEW_ACCEPTED and (stated.deciding or stated.other):
            yield date_doubt(found.passage)
        elif any(day > today.day for day in (*stated.other, *stated.expiry, *stated.old)):
            yield date_doubt(found.passage)  # a day to come beside it that nothing calls the due date
    if event.event in PRICED and (len(stated.costs) > 1 or stated.cost_problem):
        text = "the price cannot be told"
        yield Doubt(reason="cost", text=text, passage=stated.cost_problem or found.passage)
    if event.event is E.UNFILLED and stated.costs:
        text = "a price beside the refusal: something may be held out"
        yield Doubt(reason="cost", text=text, passage=found.passage)
    lent = stated.due and (event.event is E.CANCEL_REFUSED or (event.event is E.WILL_SUPPLY and stated.item_ids))
    if lent and E.LOANED not in found.events:
        text = "a due date beside it: it may have been sent already"
        yield Doubt(reason="contradictory", text=text, passage=found.passage)
    if event.event is E.UNFILLED and stated.due:
        text = "a due date beside the refusal: it may have been sent after all"
        yield Doubt(reason="contradictory", text=text, passage=found.passage)
    if event.event is E.COPY_COMPLETED and not event.attachment and event.url is None:
        yield Doubt(reason="attachment", text="no copy came with it and no link to one", passage=found.passage)
