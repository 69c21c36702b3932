"""What the third judge's word counts for: which doubts it lifts, and when it raises one (docs/decisions/016)."""

from collections.abc import Collection, Iterator, Sequence

from maild.core.reading import Doubt, Event
from maild.core.terms import EventName as E
from maild.reading.beside import is_grave
from maild.reading.gist import Hearing, SecondReading
from maild.reading.phrases import Lexicon
from maild.reading.statements import Statement

STRANGE = "strange"  # a clause that was not understood
OPINION = "opinion"  # the second judge's; the others are marks
# The probability of the outcome from which such a clause is taken to change nothing in it. A hedge, a question and
# words for staff are not among them: whoever is not certain, asks, or tells of a mistake is answered by a human.
LEAST = {STRANGE: 0.6, "contrast": 0.8, "condition": 0.8, "negation": 0.9, OPINION: 0.9}
LEAST_GRAVE = 0.9  # with words in it that are staff's wherever they stand
LEAST_WISH = 0.9  # of what a patron or a borrower adds to a wish
FEWEST_WORDS = {"contrast": 4, "condition": 4, "negation": 5}  # of the clause
# Told by what is not so: another denial beside them is more of the same, "emme siksi ole tehneet kopiota".
REFUSING = frozenset({E.UNFILLED, E.RETRY_POSSIBLE})
OF_LOANS = frozenset({E.LOANED, E.RENEW_ACCEPTED, E.RECALLED, E.OVERDUE})


def may_fall(what: str, statement: Statement, stating: Collection[int], names: Collection[E]) -> bool:
    """Whether the judge is asked about that doubt: not in a clause that states something, or is almost nothing else.

    `stating`: the sentences with an outcome, which is one of `names`.
    """
    if what in {STRANGE, OPINION}:
        return True  # what is strange states nothing
    states = statement.of("says") or statement.of("asks")
    if what not in LEAST or states or len(statement.words) < FEWEST_WORDS[what]:
        return False
    if what == "negation" and REFUSING.issuperset(names):
        return not statement.hits
    # A denial in the sentence of the outcome may be the outcome's: "no holds so renewed, not".
    return what != "negation" or not (statement.clause.sentence in stating or _is_about_the_loan(statement))


def _is_about_the_loan(statement: Statement) -> bool:
    """Whether a word of our field or a phrase is in the clause: what is denied must be something else altogether."""
    return statement.stems or bool(statement.hits)


def is_lifted(what: str, statement: Statement, second: SecondReading, lexicon: Lexicon | None) -> bool:
    """Whether a doubt that may fall does."""
    least = max(LEAST[what], LEAST_GRAVE if is_grave(statement, lexicon) else 0.0)
    return second.share >= max(least, LEAST_WISH if second.of_wish else 0.0)


def heard_otherwise(events: Sequence[Event], names: Collection[E], hearing: Hearing) -> Iterator[Doubt]:
    """A doubt where it hears anything but the outcome `names`, of which the events were made.

    An outcome with its own day or copy is told twice already, and the judge is not asked.
    """
    for event in events:
        if not _told_twice(event) and hearing.denies(names):
            text = "read as a whole it seems to say something else"
            yield Doubt(reason="contradictory", text=text, passage=event.passage)


def _told_twice(event: Event) -> bool:
    dated = event.due_date is not None and event.event in OF_LOANS
    return dated or event.retry_after is not None or event.attachment or event.url is not None
