"""What a requester's or patron's text comes to: what they ask or tell, with the doubts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from maild.core.mail import Mail
from maild.core.reading import Doubt, Event
from maild.core.terms import EventName as E
from maild.reading.answers import Read
from maild.reading.clues import numbers_in
from maild.reading.gist import Hearing, Who
from maild.reading.language import language_of
from maild.reading.lifting import heard_otherwise
from maild.reading.lines import is_name
from maild.reading.phrases import Hit
from maild.reading.rules import ReadingRules
from maild.reading.statements import Side, Statement, statements, without_quotes, without_titles
from maild.reading.verdict import STAFF_WORDS, doubts_of

POLITE = frozenset({"greeting", "wish"})  # tables of what is only friendly alone: "tacksam om den kan komma snart"
WISHES = frozenset({E.RENEW, E.CANCEL, E.STATUS_REQUEST})  # what a question may ask
ANSWERS = frozenset({E.CONDITIONS_ACCEPTED, E.CONDITIONS_REFUSED})
ORDER = (E.RECEIVED, E.SHIPPED_RETURN, E.RENEW, E.CANCEL, E.CONDITIONS_ACCEPTED, E.CONDITIONS_REFUSED, E.STATUS_REQUEST)
# "The price does not suit us" has the words of a yes; a yes in another clause is one.
WITHIN_CLAUSE = {E.CONDITIONS_REFUSED: E.CONDITIONS_ACCEPTED}
# Two that people say in one breath: it has come, and may we keep it longer.
TOGETHER = frozenset({frozenset({E.RECEIVED, E.RENEW})})
SWALLOWS = {
    E.CANCEL: {E.RECEIVED, E.STATUS_REQUEST, E.NOTIFICATION},
    E.RENEW: {E.NOTIFICATION, E.STATUS_REQUEST},
    E.STATUS_REQUEST: {E.RECEIVED, E.NOTIFICATION},
    E.SHIPPED_RETURN: {E.NOTIFICATION},
    E.RECEIVED: {E.NOTIFICATION},
    E.CONDITIONS_REFUSED: {E.CANCEL, E.NOTIFICATION},
    E.CONDITIONS_ACCEPTED: {E.NOTIFICATION},
    E.CLAIMS_RETURNED: {E.SHIPPED_RETURN, E.NOTIFICATION},
}


def read_asking(mail: Mail, rules: ReadingRules, *, patron: bool) -> Read:
    """The new text as a requester's (or patron's) wish or news."""
    text = without_titles(mail.new_text)
    language = language_of(text, rules.lexicons)
    if not language:
        doubt = Doubt(reason="language", text="its language is none that was taught", passage=mail.new_text[:200])
        return Read(events=(), doubts=(doubt,), language="")
    said = statements(text, rules.lexicons, language, Side.REQUESTER)
    gist = rules.gist if len(_numbers(mail, rules)) < 2 else None
    hearing = Hearing(gist, Who.PATRON if patron else Who.LIBRARY, without_quotes(mail.new_text, rules.lexicons))
    names = _names(said, patron=patron)
    passage = " … ".join(s.clause.text for s in said if s.of("asks"))
    doubts = [*_outcome_doubts(names, passage), *_bare_answer(said, names)]
    doubts += doubts_of(said, rules, names, hearing.second(names))
    doubts += _yes_on_terms(said, names)
    if not patron and E.STATUS_REQUEST in names:
        doubts += _missing(said)
    events = [Event(event=name, passage=passage) for name in sorted(names, key=_place)]
    if not doubts:
        doubts += heard_otherwise(events, names, hearing)
    read = Read(events=tuple(events), doubts=tuple(doubts), language=language, heard=hearing.told())
    return _for_each_number(mail, rules, read)


def _place(name: E) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _names(said: Sequence[Statement], *, patron: bool) -> set[E]:
    """Every event that the clauses state, those that belong to another taken away."""
    names = {name for statement in said for name in _names_in(statement)}
    if not patron:
        names.discard(E.CLAIMS_RETURNED)
    elif E.SHIPPED_RETURN in names:  # a patron brings it to the desk and posts nothing
        names = names - {E.SHIPPED_RETURN} | {E.CLAIMS_RETURNED}
    return names - {small for big in names & SWALLOWS.keys() for small in SWALLOWS[big]}


def _names_in(statement: Statement) -> set[E]:
    """Every event that the clause states and does not deny."""
    names: set[E] = set()
    for hit in statement.of("asks"):
        name = E(hit.phrase.name)
        denied = _is_denied(hit, statement) and name is not E.STATUS_REQUEST
        if denied or _is_of_a_letter(hit, statement) or (statement.clause.question and name not in WISHES):
            continue
        names.add(name)
    return names - {WITHIN_CLAUSE[name] for name in names if name in WITHIN_CLAUSE}


def _is_denied(hit: Hit, statement: Statement) -> bool:
    return statement.negations > _own_negations(hit, statement)


def _own_negations(hit: Hit, statement: Statement) -> int:
    """Its negations, and those of wishes beside it: "that is more than I can afford so please don't order it"."""
    beside = (h for h in statement.of("asks") if h.end <= hit.start or hit.end <= h.start)
    of_others: dict[str, int] = {}
    for other in beside:
        of_others[other.phrase.name] = max(of_others.get(other.phrase.name, 0), _negations(other))
    return _negations(hit) + sum(of_others.values())


def _negations(hit: Hit) -> int:
    return hit.phrase.marks.get("negation", 0)


def _is_of_a_letter(hit: Hit, statement: Statement) -> bool:
    """Whether a letter has come, not the work: "got your message"."""
    letters = (h for h in statement.of("harmless") if h.phrase.name == "notice")
    return hit.phrase.name == E.RECEIVED and any(h.start < hit.end and hit.start < h.end for h in letters)


def _is_unsettled(names: set[E]) -> bool:
    """Whether nothing is asked or told, or more than one thing; what staff decide in any case is neither."""
    return E.CLAIMS_RETURNED not in names and (not names or (len(names) > 1 and frozenset(names) not in TOGETHER))


def _outcome_doubts(names: set[E], passage: str) -> list[Doubt]:
    if not names:
        return [Doubt(reason="unclear", text="it asks and tells nothing that is known", passage=passage)]
    if E.CLAIMS_RETURNED in names:
        return [Doubt(reason="special-event", text="they say it was returned; look on the shelf", passage=passage)]
    if _is_unsettled(names):
        told = ", ".join(sorted(names))
        return [Doubt(reason="contradictory", text=f"it says {told} at once", passage=passage)]
    return []


def _bare_answer(said: Sequence[Statement], names: set[E]) -> Iterator[Doubt]:
    """What is not understood beside a mere "ok" or "no thanks", for it may take that back: "Ok, I will see"."""
    deciding = [statement for statement in said if ANSWERS & names & _names_in(statement)]
    if not deciding or not all(_is_bare(statement) for statement in deciding):
        return
    for statement in said:
        known = any(hit.phrase.kind != "roles" for hit in statement.hits)
        if not known and len(statement.words) > 1 and not is_name(statement.clause.text):
            text = "beside a mere yes or no it says what was not understood"
            yield Doubt(reason="unclear", text=text, passage=statement.clause.text)


def _yes_on_terms(said: Sequence[Statement], names: set[E]) -> Iterator[Doubt]:
    """A yes with terms of its own: "charges accepted up to 10 euros", "your terms suit us if copying is allowed"."""
    if E.CONDITIONS_ACCEPTED not in names:
        return
    yes = {statement.clause.sentence for statement in said if E.CONDITIONS_ACCEPTED in _names_in(statement)}
    for statement in said:
        limited = statement.has("roles", "limit") and E.CONDITIONS_ACCEPTED in _names_in(statement)
        polite = POLITE if statement.clause.sentence not in yes else frozenset()
        terms = (hit for hit in statement.of("harmless") if hit.phrase.name not in polite)
        if limited or any(hit.phrase.marks.get("condition") for hit in terms):
            text = "the yes has a limit or a condition"
            yield Doubt(reason="conditional", text=text, passage=statement.clause.text)


def _is_bare(statement: Statement) -> bool:
    """Whether the yes or no of the clause is all of it."""
    sources = [hit.phrase.source for hit in statement.of("asks")]
    return all(source.startswith("^") and source.endswith("$") for source in sources)


def _missing(said: Sequence[Statement]) -> Iterator[Doubt]:
    """A library that says, and asks nothing, that what we sent has not come wants the post searched for it."""
    if any(statement.clause.question for statement in said):
        return
    for statement in said:
        if any(hit.phrase.name == E.RECEIVED and _is_denied(hit, statement) for hit in statement.of("asks")):
            word, sentence = STAFF_WORDS["unreceived"]
            yield Doubt(reason=word, text=sentence, passage=statement.clause.text)


def _numbers(mail: Mail, rules: ReadingRules) -> tuple[str, ...]:
    """The numbers of requests that the subject and the text name."""
    return tuple(numbers_in(f"{mail.subject}\n{mail.new_text}", rules.prefixes))


def _for_each_number(mail: Mail, rules: ReadingRules, read: Read) -> Read:
    """The same for every number that the subject and the text name; where only one of them has them all, it doubts."""
    numbers = _numbers(mail, rules)
    if len(numbers) < 2:
        return read
    if len(read.events) != 1:
        doubt = Doubt(reason="several-requests", text="it names several requests and not one wish for all", passage="")
        return replace(read, doubts=(*read.doubts, doubt))
    return replace(read, events=tuple(replace(read.events[0], request=number) for number in numbers))
