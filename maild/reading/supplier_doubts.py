"""Why a supplier's outcome is not certain: what stands beside it that limits it, takes it back or leaves it open."""

from collections.abc import Iterator, Sequence

from maild.core.reading import Doubt
from maild.core.terms import EventName as E
from maild.reading.said import Said
from maild.reading.statements import Statement

OFFERS = frozenset({"CostExceedsMaxCost", "MustMeetLoanCondition", "MultiVolAvail", "ReqServTypeNotPossible"})
TAKEN_UP = OFFERS | {"ReqEditionNotPossible"}  # of which the offer is the very thing
PROMISES = frozenset({E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY})  # "order it again in January, then we will send it" is none
OPEN_ENDED = frozenset({E.REQUEST_RECEIVED, E.EXPECT_TO_SUPPLY, E.WILL_SUPPLY, E.NOTIFICATION})


def open_doubts(
    names: set[E], retry: str, reason: str, passage: str, said: Sequence[Said], statements: Sequence[Statement]
) -> Iterator[Doubt]:
    """Every doubt about the events `names`; `retry` is the reason of an offer, "?" where there are several."""
    yield from _unsettled(names, retry, passage)
    yield from _open_offers(names, reason, statements)
    yield from _lates(names, statements)
    yield from _not_yet(names, passage, statements)
    yield from _renewed_on_terms(names, said, statements)
    yield from _asked_again(names, statements)


def _not_yet(names: set[E], passage: str, statements: Sequence[Statement]) -> Iterator[Doubt]:
    """What is still to come before the outcome holds: a new request, or their own last word."""
    if names & PROMISES and any(statement.has("harmless", "anew") for statement in statements):
        yield Doubt(reason="conditional", text="it wants a new request before it promises anything", passage=passage)
    if names - OPEN_ENDED and any(statement.has("harmless", "pending") for statement in statements):
        text = "they will come back to it, so this is not their last word"
        yield Doubt(reason="incomplete", text=text, passage=passage)


def _asked_again(names: set[E], statements: Sequence[Statement]) -> Iterator[Doubt]:
    """Where a refusal is not for good: "new books are not lent at first; please repeat your request in February"."""
    if names != {E.UNFILLED} or any(statement.has("harmless", "elsewhere") for statement in statements):
        return  # "the National Library has it, try there"
    for statement in statements:
        told = statement.of("says") or statement.has("harmless", "search")  # "it should be in the stacks"
        if statement.has("harmless", "retry") and not told:
            text = "it refuses, and we may ask again"
            yield Doubt(reason="contradictory", text=text, passage=statement.clause.text)


def wanted_back(events: Sequence[E], statements: Sequence[Statement]) -> Iterator[Doubt]:
    """What is asked back beside a refusal of something that was never sent: it may be about a loan that we have."""
    if set(events) not in ({E.UNFILLED}, {E.RETRY_POSSIBLE}):
        return
    for statement in statements:
        told = any(hit.phrase.name in events for hit in statement.of("says"))
        if statement.has("harmless", "overdue") and statement.has("roles", "due") and not told:
            text = "something is wanted back beside the refusal"
            yield Doubt(reason="contradictory", text=text, passage=statement.clause.text)


def _renewed_on_terms(names: set[E], said: Sequence[Said], statements: Sequence[Statement]) -> Iterator[Doubt]:
    """Where the yes itself hangs on something: "we renew it, if nobody waits", which is of no later renewal."""
    if names != {E.RENEW_ACCEPTED}:
        return
    renewing = {one.statement.clause.sentence for one in said if one.event is E.RENEW_ACCEPTED}
    for statement in statements:
        terms = any(hit.phrase.marks.get("condition") for hit in statement.of("harmless"))
        if terms and statement.clause.sentence in renewing and not statement.of("says"):
            text = "it renews on a condition"
            yield Doubt(reason="conditional", text=text, passage=statement.clause.text)


def ordered(names: set[E]) -> tuple[E, ...]:
    """In the order in which they take effect: a cancellation is refused because the item was sent."""
    return tuple(sorted(names, key=lambda e: (e is not E.CANCEL_REFUSED, list(E).index(e))))


def _unsettled(names: set[E], retry: str, passage: str) -> tuple[Doubt, ...]:
    if not names:
        return (Doubt(reason="unclear", text="it states no outcome that is known", passage=passage),)
    if retry == "?":
        return (Doubt(reason="contradictory", text="it offers more than one thing", passage=passage),)
    if len(names) > 1 and names != {E.CANCEL_REFUSED, E.LOANED}:
        told = ", ".join(e.value for e in ordered(names))
        return (Doubt(reason="contradictory", text=f"it states {told} at once", passage=passage),)
    return ()


def _lates(names: set[E], statements: Sequence[Statement]) -> Iterator[Doubt]:
    """Where it may be late with another reader: "it is out and overdue, better ask again in a month"."""
    for statement in statements:
        asks_again = statement.has("harmless", "retry") and not statement.has("harmless", "overdue")
        if E.OVERDUE in names and asks_again and not statement.of("says") and not statement.has("roles", "due"):
            text = "it may be late with another reader, for we may ask again"
            yield Doubt(reason="contradictory", text=text, passage=statement.clause.text)


def _open_offers(names: set[E], reason: str, statements: Sequence[Statement]) -> Iterator[Doubt]:
    """What is held out beside a refusal and is not what RetryPossible offers: "we could lend it, but not right now"."""
    if E.UNFILLED not in names and (E.RETRY_POSSIBLE not in names or reason in TAKEN_UP):
        return
    for statement in statements:
        if statement.has("harmless", "offer") and not statement.of("says"):
            text = "something is held out, and it is not plain on what terms"
            yield Doubt(reason="conditional", text=text, passage=statement.clause.text)
