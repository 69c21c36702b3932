"""Where the second judge reads a clause as something else than the outcome: a doubt, never an act."""

from collections.abc import Collection, Iterator

from maild.core.reading import Doubt
from maild.core.terms import EventName as E
from maild.reading.judge import DOUBT, Judge
from maild.reading.statements import Statement

SURELY_ANOTHER = 0.97  # probability from which its word stops an act; at 0.9 it stops one in twenty that are right
SUPPLIERS = frozenset(
    {
        E.EXPECT_TO_SUPPLY,
        E.WILL_SUPPLY,
        E.LOANED,
        E.COPY_COMPLETED,
        E.RETRY_POSSIBLE,
        E.UNFILLED,
        E.OVERDUE,
        E.RECALLED,
        E.LOAN_COMPLETED,
        E.CANCELLED,
        E.CANCEL_REFUSED,
        E.RENEW_ACCEPTED,
        E.RENEW_REFUSED,
    }
)
REQUESTERS = frozenset({E.RENEW, E.CANCEL, E.RECEIVED, E.SHIPPED_RETURN, E.CONDITIONS_ACCEPTED, E.CONDITIONS_REFUSED})
# What is said beside an outcome, or in its very words: a loan is refused and a copy offered; it is late, so it is
# wanted back; it cannot be cancelled because it has been sent.
AGREES: dict[E, frozenset[str]] = {
    E.UNFILLED: frozenset({E.RETRY_POSSIBLE}),
    E.RETRY_POSSIBLE: frozenset({E.UNFILLED, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY, DOUBT}),
    E.EXPECT_TO_SUPPLY: frozenset({E.RETRY_POSSIBLE, E.WILL_SUPPLY}),
    E.WILL_SUPPLY: frozenset({E.EXPECT_TO_SUPPLY}),
    E.OVERDUE: frozenset({E.RECALLED}),
    E.RECALLED: frozenset({E.OVERDUE, E.RETRY_POSSIBLE}),
    E.CANCEL_REFUSED: frozenset({E.LOANED, E.COPY_COMPLETED}),
    E.RENEW_REFUSED: frozenset({E.RECALLED, E.RETRY_POSSIBLE}),
    E.RECEIVED: frozenset({E.RENEW}),
    E.RENEW: frozenset({DOUBT}),  # it is wished for in questions, which the judge was taught to doubt
    E.STATUS_REQUEST: frozenset({DOUBT}),
    E.CONDITIONS_REFUSED: frozenset({E.CANCEL}),  # "it is too dear for us, so please cancel the request"
    E.NOTIFICATION: SUPPLIERS | REQUESTERS | {DOUBT},
}


def second_opinion(statement: Statement, judge: Judge, names: Collection[E]) -> Iterator[Doubt]:
    """The doubt of a clause that reads to the judge as another outcome than `names`; where it decides, as doubtful."""
    if not names:
        return
    heard = judge.takes_for(statement.clause.text, statement.language, SURELY_ANOTHER)
    decides = bool(statement.of("says") or statement.of("asks"))
    if not heard or heard in names or any(heard in AGREES.get(name, frozenset()) for name in names):
        return
    speaker = REQUESTERS if REQUESTERS.intersection(names) or E.STATUS_REQUEST in names else SUPPLIERS
    if heard in speaker or (heard == DOUBT and decides):
        told = "another outcome" if heard != DOUBT else "doubtful"
        yield Doubt(reason="contradictory", text=f"the second judge takes it for {told}", passage=statement.clause.text)
