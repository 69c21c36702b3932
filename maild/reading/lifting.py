"""What the third judge's word counts for: which doubts it lifts, and when it raises one (docs/decisions/016)."""

from collections.abc import Collection, Iterator, Sequence

from maild.core.reading import Doubt, Event
from maild.core.terms import EventName as E
from maild.reading.beside import is_grave
from maild.reading.gist import Hearing, SecondReading
from maild.reading.phrases import Lexicon
from maild.reading.statements import Statement

STRANGE = "strange"  # a clause that was not understood; the others are marks
# The probability of the outcome from which such a clause is taken to change nothing in it. A hedge, a question and
# words for staff are not among them: whoever is not certain, asks, or tells of a mistake is answered by a human.
LEAST = {STRANGE: 0.6, "contrast": 0.8, "condition": 0.8, "negation": 0.8}
LEAST_GRAVE = 0.9  # with words in it that are staff's wherever they stand
LEAST_SAYING = 0.7  # of a denial read by itself
FEWEST_WORDS = 4  # of the clause
OF_LOANS = frozenset({E.LOANED, E.RENEW_ACCEPTED, E.RECALLED, E.OVERDUE})
DENYING = frozenset({E.RETRY_POSSIBLE})  # "there is nothing on pages 8-19 that matches the title"


def may_fall(what: str, statement: Statement, names: Collection[E]) -> bool:
    """Whether the judge is asked about that doubt: not in a clause that states something, or is almost nothing else."""
    if what not in LEAST or (what == "negation" and set(names) != DENYING):
        return False
    states = statement.of("says") or statement.of("asks")  # what is strange states nothing
    return what == STRANGE or not (states or len(statement.words) < FEWEST_WORDS)


def is_lifted(what: str, statement: Statement, second: SecondReading, lexicon: Lexicon | None) -> bool:
    """Whether a doubt that may fall does; a denial only where it is what states the outcome."""
    if second.share < max(LEAST[what], LEAST_GRAVE if is_grave(statement, lexicon) else 0.0):
        return False
    return what != "negation" or second.share_of(statement.clause.text) >= LEAST_SAYING


def heard_otherwise(events: Sequence[Event], names: Collection[E], hearing: Hearing) -> Iterator[Doubt]:
    """A doubt where it hears another outcome than `names`, of which the events were made.

    An outcome with its own day or copy is told twice already, and the judge is not asked.
    """
    for event in events:
        if not _told_twice(event) and hearing.denies(names):
            text = "read as a whole it seems to say something else"
            yield Doubt(reason="contradictory", text=text, passage=event.passage)


def _told_twice(event: Event) -> bool:
    dated = event.due_date is not None and event.event in OF_LOANS
    return dated or event.retry_after is not None or event.attachment or event.url is not None
