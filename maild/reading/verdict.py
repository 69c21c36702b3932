"""What makes a text doubtful as a whole: every clause must be explained or harmless, and nothing may be hedged."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from maild.core.reading import Doubt
from maild.core.terms import EventName
from maild.reading.beside import idle_marks, idle_reasons, idle_stems, is_found_after_all, is_grave
from maild.reading.gist import SecondReading
from maild.reading.judge import HARMLESS, Judge
from maild.reading.lifting import OPINION, STRANGE, is_lifted, may_fall
from maild.reading.lines import is_name
from maild.reading.opinion import second_opinion
from maild.reading.phrases import Hit, Lexicon
from maild.reading.rules import ReadingRules
from maild.reading.statements import Statement
from maild.reading.supplier_doubts import TAKEN_UP

STAFF_WORDS = {  # table of [staff.*] → the doubt's fixed word and its sentence
    "open": ("special-event", "it says that the work is freely to be had elsewhere"),
    "own": ("special-event", "it says that we hold the work ourselves"),
    "partial": ("incomplete", "it speaks of a part of the request only"),
    "damaged": ("special-event", "it speaks of damage or of something missing"),
    "invoice": ("special-event", "it speaks of an invoice or of compensation"),
    "lost": ("special-event", "it says that something was lost or has not arrived"),
    "unreceived": ("special-event", "it says that something has not arrived"),
    "mistake": ("contradictory", "it speaks of a mistake or takes something back"),
    "forwarded": ("forwarded", "it passes the matter on"),
    "other": ("unclear", "it says that something other than the work was sent"),
    "account": ("special-event", "it asks to log in or speaks of an account"),
    "asked": ("question", "it asks for, or leaves open, what only a human can settle"),
}
MARK_WORDS = {
    "hedge": ("hedged", "it is not said for certain"),
    "question": ("question", "something is asked that only a human can answer"),
    "condition": ("conditional", "it is said on a condition"),
    "negation": ("negated", "something is denied, and it is not plain what"),
    "contrast": ("contradictory", "one statement limits another"),
}

OWN_WORDS = {  # staff's tables whose words an event has itself
    "mistake": {EventName.CANCEL, EventName.CANCELLED},  # "it turned out to be a duplicate", "I stopped the order"
    "asked": {EventName.CONDITIONS_REFUSED},  # "I'd rather not pay that much"
    "unreceived": {EventName.OVERDUE},  # "it was to be back on Monday and has not arrived"
    "partial": {EventName.UNFILLED},  # "there is no other copy"
    "forwarded": {EventName.CANCEL_REFUSED},  # "it has been passed on to the supplier already"
    "lost": {EventName.UNFILLED, EventName.CANCEL},  # "presumed stolen", "the reader has lost interest"
    "damaged": {EventName.UNFILLED},  # "we took the book out of circulation because of mould"
}
OWN_REASON = {  # and those that a reason to ask again has: "which of the volumes?", "those pages are something else"
    "partial": "MultiVolAvail",
    "other": "NotFoundAsCited",
}
# Tables of harmless phrases that take staff's words within them: "I forgot the due date", "ordered twice by mistake"
OVER_STAFF = frozenset({"overdue", "invoice", "machine", "slip"})
LIKELY_REASON = 0.9  # probability from which a denial before a wish is why it is wished for
NEVER_PASSED = frozenset({"hedge", "question", "condition", "negation"})


def doubts_of(
    said: Sequence[Statement],
    rules: ReadingRules,
    names: Collection[EventName],
    second: SecondReading | None = None,
) -> Iterator[Doubt]:
    """Every reason not to act on the text, whose outcome is `names`. An offer may ask whether we take it.

    `second`: what the third judge says of that outcome; it is asked only where every doubt may fall.
    """
    found = list(_found(said, rules, names))
    stating = {one.clause.sentence for one in said if one.of("says") or one.of("asks")}
    falls = second is not None and all(may_fall(one.what, one.statement, stating, names) for one in found)
    for one in found:
        if second is None or not falls or not is_lifted(one.what, one.statement, second, one.lexicon):
            yield one.doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A doubt and the clause that it is about; `what` is a mark, `STRANGE`, `OPINION`, or "" where nothing lifts it."""

    doubt: Doubt
    statement: Statement
    lexicon: Lexicon | None
    what: str = ""


def _found(said: Sequence[Statement], rules: ReadingRules, names: Collection[EventName]) -> Iterator[_Found]:
    if EventName.UNFILLED in names and (pause := _pause(said)) is not None:
        text = "it tells of a closure, and may say nothing of this request"
        yield _Found(doubt=Doubt(reason="unclear", text=text, passage=pause.clause.text), statement=pause, lexicon=None)
    wish = max((place for place, one in enumerate(said) if _asks_for(one, names)), default=-1)
    around = _Around(
        names=names,
        may_ask=EventName.RETRY_POSSIBLE in names,
        offers=_offers(said),
        elsewhere=frozenset(one.clause.sentence for one in said if one.has("harmless", "elsewhere")),
    )
    for place, statement in enumerate(said):
        lexicon = rules.lexicons.by_language.get(statement.language)
        about = partial(_Found, statement=statement, lexicon=lexicon)
        if is_found_after_all(statement, names, lexicon):
            yield about(doubt=_doubt(MARK_WORDS["contrast"], statement))
        if is_harmless(statement, rules.judge, lexicon):
            continue
        idle = _idle(statement, names, lexicon, rules.judge, early=place < wish)
        for what, words in _doubts_in(statement, idle, around, lexicon):
            yield about(doubt=_doubt(words, statement), what=what)
        for doubt in second_opinion(statement, rules.judge, names):
            yield about(doubt=doubt, what=OPINION)


def _doubt(words: tuple[str, str], statement: Statement) -> Doubt:
    """Of the fixed word and the sentence."""
    return Doubt(reason=words[0], text=words[1], passage=statement.clause.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What of the whole text a clause's doubts hang on."""

    names: Collection[EventName]
    may_ask: bool
    offers: bool
    elsewhere: frozenset[int]  # sentences that tell where else the work is


def _doubts_in(
    statement: Statement, idle: frozenset[str], around: _Around, lexicon: Lexicon | None
) -> Iterator[tuple[str, tuple[str, str]]]:
    """What is doubtful in a clause, "" for words for staff, each with the doubt's fixed word and its sentence."""
    for hit in statement.of("staff"):
        is_why_cancelled = hit.phrase.name == "open" and EventName.CANCEL in around.names
        if not is_why_cancelled and not _is_taken(hit, statement):
            yield "", STAFF_WORDS[hit.phrase.name]
    for mark in sorted(statement.unexplained - idle):
        there = mark == "condition" and _is_elsewhere(statement, around.elsewhere, around.names)
        if not there and not _is_idle(statement, mark, around.names):
            yield mark, MARK_WORDS[mark]
    if statement.asks_back and not (around.may_ask and (around.offers or not is_grave(statement, lexicon))):
        yield "question", MARK_WORDS["question"]
    if _is_strange(statement, lexicon) and not idle_stems(statement, around.names, lexicon):
        yield STRANGE, ("unclear", "a sentence about the loan was not understood")


def _idle(
    statement: Statement, names: Collection[EventName], lexicon: Lexicon | None, judge: Judge, *, early: bool
) -> frozenset[str]:
    """The marks of the clause that change nothing; one that stands `early` may tell why that is wished for."""
    idle = idle_marks(statement, names, lexicon)
    reasons = statement.unexplained & idle_reasons(statement, names, lexicon) if early else frozenset()
    if reasons and judge.read(statement.clause.text, statement.language).get(HARMLESS, 0.0) >= LIKELY_REASON:
        return idle | reasons
    return idle


def _asks_for(statement: Statement, names: Collection[EventName]) -> bool:
    """Whether a requester's wish of these stands in the clause."""
    return any(hit.phrase.name in names for hit in statement.of("asks"))


def _is_strange(statement: Statement, lexicon: Lexicon | None) -> bool:
    """Whether words of our field, or words that are staff's wherever they stand, stand in it and no phrase knows it."""
    if any(hit.phrase.kind != "roles" for hit in statement.hits):
        return False
    grave = lexicon is not None and lexicon.grave is not None and is_grave(statement, lexicon)
    return statement.stems or (grave and not is_name(statement.clause.text))


def _offers(said: Sequence[Statement]) -> bool:
    """Whether a question may be an offer's own; "on loan, shall we still send you the invoice?" offers nothing."""
    told = [hit.phrase for s in said for hit in s.of("says") if hit.phrase.name == EventName.RETRY_POSSIBLE]
    return not told or any(phrase.reason in TAKEN_UP for phrase in told)


def _pause(said: Sequence[Statement]) -> Statement | None:
    """The clause of a closure, where no refusal gives a reason of its own: "paketteja ei lähetetä" is of those days.

    So is "ekspederer vi ikke fjernlån", whose reason is that nothing is lent at all.
    """
    reasons = {hit.phrase.reason for statement in said for hit in statement.of("says")}
    if reasons - {"", "NotAvailableForILL"}:
        return None
    return next((statement for statement in said if statement.has("roles", "pause")), None)


def is_harmless(statement: Statement, judge: Judge, lexicon: Lexicon | None) -> bool:
    """Whether the clause need not be understood: it may be passed over, and the judge is sure of it."""
    return may_be_passed(statement, lexicon) and judge.harmless(statement.clause.text, statement.language)


def may_be_passed(statement: Statement, lexicon: Lexicon | None) -> bool:
    """Whether the second judge is asked about the clause: it was not understood, and no phrase means anything in it.

    Hedges, questions, conditions, denials and grave words are never passed over: they may be about the clause beside
    them ("we do not now expect to send it", "not good news").
    """
    if not (statement.stems or statement.unexplained) or statement.unexplained & NEVER_PASSED:
        return False
    if "contrast" in statement.unexplained and statement.negations:
        return False  # "but the tracking shows nothing"
    if any(hit.phrase.kind not in {"roles", "harmless"} for hit in statement.hits):
        return False
    return not is_grave(statement, lexicon)


def _is_taken(hit: Hit, statement: Statement) -> bool:
    """Whether the words belong to a longer phrase that is harmless, or to a citation that is wrong."""
    said = (*statement.of("says"), *statement.of("asks"))
    not_as_cited = statement.says("RetryPossible", "NotFoundAsCited")
    if hit.phrase.name == "mistake" and (not_as_cited or statement.says("Unfilled", "NotHeld")):
        return True
    if hit.phrase.name == "partial" and not_as_cited and all(h.phrase.name == "RetryPossible" for h in said):
        return True  # "volume 40 ends at page 398"
    within = {h.phrase.reason for h in said if h.start <= hit.start and hit.end <= h.end}
    if OWN_REASON.get(hit.phrase.name) in within:
        return True
    own = OWN_WORDS.get(hit.phrase.name, set())
    if any(h.phrase.name in own and h.start <= hit.start and hit.end <= h.end for h in said):
        return True
    if hit.phrase.name == "forwarded" and statement.has("harmless", "retry"):
        return True  # "please send us the request again"
    over = (h for h in statement.of("harmless") if h.phrase.name in OVER_STAFF)
    if hit.phrase.name == "other":  # "the invoice is not sent yet" is not about a thing that came in the book's place
        return any(h.start <= hit.start and hit.end <= h.end for h in over)
    return any(h.start <= hit.start and hit.end <= h.end and h.end - h.start > hit.end - hit.start for h in over)


def _is_elsewhere(statement: Statement, elsewhere: Collection[int], names: Collection[EventName]) -> bool:
    """Whether it is on what terms the work can be seen there: "you may read it here, if you book a time"."""
    means = statement.of("says") or statement.of("asks") or statement.of("staff")
    return set(names) == {EventName.UNFILLED} and statement.clause.sentence in elsewhere and not means


def _is_idle(statement: Statement, mark: str, names: Collection[EventName]) -> bool:
    """A "but" before something that was understood limits nothing that the events do not say themselves."""
    if mark != "contrast":
        return False
    harmless = {hit.phrase.name for hit in statement.of("harmless")} - {"greeting", "invoice", "machine"}
    if set(names) != {EventName.OVERDUE}:
        harmless.discard("overdue")
    if EventName.UNFILLED in names and not harmless.isdisjoint({"retry", "offer"}):
        harmless.clear()  # "but try us again in January" is more than a refusal
    if EventName.CONDITIONS_ACCEPTED in names:
        harmless.clear()  # "the price is fine, but the reader wants it at home" is less than a yes
    return bool(statement.of("says") or harmless or statement.of("asks"))
