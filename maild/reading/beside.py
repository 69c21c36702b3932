"""What may stand beside a plain outcome without being understood: its reasons, its history, terms and small talk."""

from collections.abc import Collection
from typing import Any

from maild.core.terms import EventName as E
from maild.reading.phrases import Lexicon
from maild.reading.statements import Statement
from maild.reading.words import spaced

# A refusal's reasons are denials too: "not on the shelf, not in the store, and nobody has seen it".
REFUSING = frozenset(
    {
        E.UNFILLED,
        E.RETRY_POSSIBLE,
        E.RENEW_REFUSED,
        E.CANCEL_REFUSED,
        E.CANCELLED,
        E.OVERDUE,
        E.CANCEL,
        E.STATUS_REQUEST,
        E.CONDITIONS_REFUSED,
    }
)
GIVING = frozenset(
    {
        E.LOANED,
        E.WILL_SUPPLY,
        E.COPY_COMPLETED,
        E.LOAN_COMPLETED,
        E.RENEW_ACCEPTED,
        E.RECALLED,
        E.RECEIVED,
        E.SHIPPED_RETURN,
        E.RENEW,
        E.CONDITIONS_ACCEPTED,
    }
)
TOGETHER = frozenset({E.CANCEL_REFUSED, E.LOANED})  # one outcome: it is too late, for the book has gone
OFFERING = frozenset({E.RETRY_POSSIBLE})
# Beside an offer or a question for news a denial changes nothing: staff or the next supplier are asked in any case.
DENIED_IDLY = frozenset({E.RETRY_POSSIBLE, E.STATUS_REQUEST})
# What is denied before one of these is why it is wished for: "I couldn't get out of bed. Could you renew the loan?"
WISHED = frozenset({E.RENEW, E.CANCEL, E.STATUS_REQUEST, E.CONDITIONS_REFUSED})
NOWHERE = frozenset({E.UNFILLED, E.OVERDUE})
LEAST_DENIAL = 3  # words: "not after all" takes something back, "the card is not up to date" tells something
LEAST_STRANGE_DENIAL = 4  # words of a denial in which no word of our field stands


def idle_marks(statement: Statement, names: Collection[E], lexicon: Lexicon | None) -> frozenset[str]:
    """The unexplained marks of a clause that change nothing about the one outcome `names`."""
    if statement.of("asks") and set(names) == {E.STATUS_REQUEST}:
        return frozenset({"hedge"})  # "I wonder where it might be"
    if lexicon is None or not _is_one(names) or statement.of("says") or statement.of("asks"):
        return frozenset()
    idle = set[str]()
    if DENIED_IDLY.issuperset(names) and _denies_idly(statement, lexicon):
        idle.add("negation")
    if OFFERING.issuperset(names) and not statement.of("staff"):
        idle.add("condition")  # what we are to do if we want it
        if not is_grave(statement, lexicon):
            idle.add("contrast")  # "but a new order has to be made for it"
    return frozenset(idle)


def idle_reasons(statement: Statement, names: Collection[E], lexicon: Lexicon | None) -> frozenset[str]:
    """The marks that are idle in a clause before the one wish `names`, where it speaks of nothing that we handle."""
    if lexicon is None or len(names) != 1 or not WISHED.issuperset(names) or statement.stems:
        return frozenset()
    meant = bool(statement.of("says") or statement.of("asks") or statement.of("staff"))
    meant |= statement.has("harmless", "greeting")  # "thanks, but not for the offer"
    return frozenset() if meant or is_grave(statement, lexicon) else frozenset({"negation", "contrast"})


def idle_stems(statement: Statement, names: Collection[E], lexicon: Lexicon | None) -> bool:
    """Whether the words of our field in a clause that no phrase knows cannot be another outcome than `names`."""
    if lexicon is None or not _is_one(names) or statement.unexplained & {"hedge", "question"}:
        return False
    text = spaced(list(statement.words)).encode()
    if _has(lexicon.grave, text):
        return False
    if REFUSING.issuperset(names):
        return bool(statement.negations) or not _has(lexicon.giving, text)
    return _gives(names) and not statement.negations


def is_found_after_all(statement: Statement, names: Collection[E], lexicon: Lexicon | None) -> bool:
    """Whether a clause beside "not to be found" or "not returned" tells that the work has turned up."""
    if lexicon is None or lexicon.found is None or NOWHERE.isdisjoint(names) or statement.negations:
        return False
    if statement.of("says") or statement.has("harmless", "elsewhere"):
        return False
    return _has(lexicon.found, spaced(list(statement.words)).encode())


def _denies_idly(statement: Statement, lexicon: Lexicon) -> bool:
    """Whether what is denied is beside the point: "not on the shelf, and nobody has seen it"."""
    if is_grave(statement, lexicon) or statement.of("staff"):
        return False
    known = statement.stems or statement.of("harmless")
    return len(statement.words) >= (LEAST_DENIAL if known else LEAST_STRANGE_DENIAL)


def is_grave(statement: Statement, lexicon: Lexicon | None) -> bool:
    """Whether a word stands in the clause that is staff's wherever it stands."""
    return lexicon is None or _has(lexicon.grave, spaced(list(statement.words)).encode())


def _is_one(names: Collection[E]) -> bool:
    return len(names) == 1 or set(names) == TOGETHER


def _gives(names: Collection[E]) -> bool:
    return GIVING.issuperset(names) or set(names) == TOGETHER


def _has(pattern: Any, text: bytes) -> bool:
    """Whether the text has one of the words; a language without the list has them all."""
    return pattern is None or pattern.search(text) is not None
