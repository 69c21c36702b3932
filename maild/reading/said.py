"""What each clause of a supplier's text states: the events that it means, without those that only seem to be there."""

from collections.abc import Sequence
from dataclasses import dataclass

from maild.core.terms import EventName as E
from maild.reading.phrases import Hit, Phrase
from maild.reading.statements import NOT_NOW, Statement

# Harmless tables that take the meaning of words in them.
OVER_OFFERS = frozenset({"renewal", "invoice", "overdue", "record"})
OVER_ALL = OVER_OFFERS | {"reply", "assent", "elsewhere", "machine", "news"}
# "Unable to renew this loan" refuses the renewal, whatever else its words could mean: the first gives way to these.
GIVES_WAY = {
    E.WILL_SUPPLY: {
        E.EXPECT_TO_SUPPLY,
        E.LOANED,
        E.UNFILLED,
        E.RETRY_POSSIBLE,
        E.CANCEL_REFUSED,
        E.RENEW_REFUSED,
        E.RECALLED,  # "will you please send it back"
    },
    E.LOANED: {E.EXPECT_TO_SUPPLY, E.WILL_SUPPLY, E.UNFILLED, E.RETRY_POSSIBLE},
    E.LOAN_COMPLETED: {E.OVERDUE, E.RECALLED, E.EXPECT_TO_SUPPLY, E.RETRY_POSSIBLE},
    E.UNFILLED: {E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE, E.CANCELLED},  # "the order has been withdrawn"
    E.RETRY_POSSIBLE: {E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE, E.RECALLED},
    E.RENEW_ACCEPTED: {E.RENEW_REFUSED},
    E.CANCELLED: {E.CANCEL_REFUSED, E.UNFILLED},
    E.DUE_DATE_CHANGED: {E.RENEW_ACCEPTED, E.RECALLED},
    E.RECALLED: {E.EXPECT_TO_SUPPLY},  # "recalled from our storage"
    E.EXPECT_TO_SUPPLY: {E.RENEW_REFUSED},  # "another patron has placed a hold on it"
}
WEAK = frozenset({E.REQUEST_RECEIVED, E.NOTIFICATION})  # they give way to all others
STRONG = frozenset({E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE, E.RECALLED})  # even where they are shorter
REASONS_WITHIN = {
    ("NotFoundAsCited", "NotHeld"),  # "nothing under that title in our catalogue"
    ("PolicyProblem", "MustMeetLoanCondition"),  # "we would only lend it for use in your reading room"
}
ON_LOAN = frozenset({E.RECALLED, E.RENEW_REFUSED, E.OVERDUE})  # of a book that we have


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event that a clause states."""

    event: E
    reason: str
    statement: Statement
    denies: bool = False  # by a negation in the phrase itself


def said_in(statements: Sequence[Statement]) -> list[Said]:
    """Every event that a clause states and does not deny."""
    return [
        Said(
            event=E(hit.phrase.name),
            reason=hit.phrase.reason,
            statement=statement,
            denies=bool(hit.phrase.marks.get("negation", 0)),
        )
        for statement in statements
        for hit in statement.of("says")
        if counts(hit, statement)
    ]


def without_reasons(said: list[Said]) -> list[Said]:
    """Without what only tells why: "a course book now", "there is a queue" beside a recall or a refused renewal."""
    told = {one.event for one in said}
    if not ON_LOAN & told or told == {E.OVERDUE, E.RETRY_POSSIBLE}:  # "out on loan, and that loan is overdue"
        return said
    refused = {one.statement.clause.sentence for one in said if one.event is E.RENEW_REFUSED}
    return [
        one
        for one in said
        if not (one.event is E.UNFILLED and not one.denies)
        and not (one.event is E.RETRY_POSSIBLE and one.reason in {"OnLoan", "NotCurrentAvailableForILL"})
        and not (one.event is E.RECALLED and _is_why(one, refused))
    ]


def _is_why(recall: Said, refused: set[int]) -> bool:
    """Whether it only tells why a loan is not renewed: "no extension, we need it back for a seminar", or until when.

    A day before that of the loan is a recall all the same: core/decide_event, which knows that day, sees it.
    """
    clause = recall.statement.clause
    dated = bool(refused) and recall.statement.has("roles", "due") and any(sign.isdigit() for sign in clause.text)
    return (clause.sentence in refused or dated) and not recall.statement.has("roles", "hurry")


def without_asides(said: list[Said], statements: Sequence[Statement]) -> list[Said]:
    """Without what only seems to be an outcome beside another one: volumes of what was sent, what would be sent later,
    a day on which we may ask anew, a store that is closed where the request has to wait."""
    later = any(one.event is E.RETRY_POSSIBLE for one in said)
    received = any(one.event is E.REQUEST_RECEIVED for one in said)
    pending = any(statement.has("harmless", "pending") for statement in statements)
    waits = received and pending and not any(statement.has("harmless", "elsewhere") for statement in statements)
    anew = {statement.clause.sentence for statement in statements if statement.has("harmless", "anew")}
    return [
        one
        for one in said
        if not (one.reason == "MultiVolAvail" and one.statement.says("Loaned", ""))
        and not (later and one.event is E.WILL_SUPPLY and one.statement.has("harmless", "retry"))
        and not (later and one.event is E.EXPECT_TO_SUPPLY and one.statement.clause.sentence in anew)
        and not (waits and one.reason == "NotCurrentAvailableForILL" and one.statement.has("roles", "pause"))
    ]


def counts(hit: Hit, statement: Statement) -> bool:
    """Whether the clause means the phrase: it does not deny it, and no longer phrase over it means something else."""
    if hit.phrase.name == E.COPY_COMPLETED and statement.of("conditions"):
        return False  # "sign the enclosed form"
    if hit.phrase.name == E.COPY_COMPLETED and any(_is_bill(other, hit) for other in statement.hits):
        return False  # "invoice enclosed with the book"
    if statement.negations > _own_negations(hit, statement) and not hit.phrase.marks.get("negation", 0):
        return False
    return not any(_covers(other, hit) for other in statement.hits)


def _is_bill(other: Hit, hit: Hit) -> bool:
    """Whether the other phrase is of an invoice, in whose words the hit lies."""
    return other.phrase.name == "invoice" and other.start <= hit.start and hit.end <= other.end


def _own_negations(hit: Hit, statement: Statement) -> int:
    """The negations of phrases that say the same, or, beside it, when to ask again and that nothing is to pay."""
    same = [h for h in statement.of("says") if _of_one_kind(h.phrase, hit.phrase)]
    if hit.phrase.reason in NOT_NOW:  # "it is at the binder's and will not be back before March"
        same += [h for h in statement.of("harmless") if h.phrase.name == "retry" and hit.end <= h.start]
    beside = [h for h in statement.of("harmless") if h.phrase.name == "terms"]  # "sent today, and nothing to pay"
    same += [h for h in beside if hit.end <= h.start or h.end <= hit.start]
    return max((h.phrase.marks.get("negation", 0) for h in same), default=0)


def _of_one_kind(one: Phrase, other: Phrase) -> bool:
    """Whether they say the same: reasons of a refusal go together, but "cannot be lent before" is not "lent"."""
    return one.name == other.name and (one.reason == other.reason or one.name != E.RETRY_POSSIBLE)


def _covers(other: Hit, hit: Hit) -> bool:
    """Whether the other phrase lies over the hit and takes its meaning."""
    if other.end <= hit.start or hit.end <= other.start:
        return False
    longer = other.end - other.start > hit.end - hit.start
    name, over = hit.phrase.name, other.phrase.name
    if (hit.phrase.reason, other.phrase.reason) in REASONS_WITHIN:
        return longer
    if _is_for_good(other, hit):
        return True
    if other.phrase.kind == "says" and over != name:
        return name in WEAK or ((longer or over in STRONG) and over in GIVES_WAY.get(E(name), ()))
    if other.phrase.kind == "harmless":
        if over == "renewal" and name == E.RENEW_ACCEPTED:
            return True  # "a renewal is possible on request"
        if over == "retry" and name in {E.UNFILLED, E.LOAN_COMPLETED}:  # "no reservations for other libraries"
            return other.end - other.start >= hit.end - hit.start  # "ask again once it is back on the shelf"
        if over == name.lower() == "overdue":
            return False  # "please send the overdue book back at once"
        return longer and over in (OVER_OFFERS if name == E.RETRY_POSSIBLE else OVER_ALL)
    return False


def _is_for_good(refusal: Hit, hit: Hit) -> bool:
    """Whether a refusal with its reason has the words of "not now" in it: "always in a showcase"."""
    not_now = hit.phrase.reason == "NotCurrentAvailableForILL" and not hit.phrase.marks.get("negation", 0)
    within = refusal.start <= hit.start and hit.end <= refusal.end and refusal.end - refusal.start > hit.end - hit.start
    return not_now and within and refusal.phrase.name == E.UNFILLED and bool(refusal.phrase.reason)
