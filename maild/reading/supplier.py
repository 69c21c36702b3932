"""What a supplier's text comes to: one outcome out of all that its clauses say, or the doubts why not."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maild.core.reading import Doubt
from maild.core.terms import EventName as E
from maild.reading.phrases import Hit, Phrase
from maild.reading.statements import Statement

OVER_OFFERS = frozenset({"renewal", "invoice", "overdue"})  # harmless tables that take the meaning of words in them
OVER_ALL = OVER_OFFERS | {"reply", "assent", "elsewhere", "machine", "news", "record"}
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
    E.UNFILLED: {E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE},
    E.RETRY_POSSIBLE: {E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE, E.RECALLED},
    E.RENEW_ACCEPTED: {E.RENEW_REFUSED},
    E.CANCELLED: {E.CANCEL_REFUSED, E.UNFILLED},
    E.DUE_DATE_CHANGED: {E.RENEW_ACCEPTED, E.RECALLED},
}
WEAK = frozenset({E.REQUEST_RECEIVED, E.NOTIFICATION})  # they give way to all others
STRONG = frozenset({E.RENEW_REFUSED, E.CANCEL_REFUSED, E.OVERDUE, E.RECALLED})  # even where they are shorter
# Of two reasons the more telling one; "not held" is said of what is missing, lent or broken as well.
UNFILLED_ORDER = ("PoorCondition", "PolicyProblem", "NotAvailableForILL", "NonCirculating", "NotOnShelf", "NotHeld", "")
RETRY_ORDER = (
    "AtBindery",
    "OnOrder",
    "OnLoan",
    "ReqEditionNotPossible",
    "NotFoundAsCited",
    "NotCurrentAvailableForILL",
    "ReqFormatNotPossible",
    "ReqDelDateNotPossible",
    "ReqPayMethodNotSupported",
    "ReqDelMethodNotSupp",
    "CourierNotSupp",
    "ReqServLevelNotSupp",
)
OFFERS = frozenset({"CostExceedsMaxCost", "MustMeetLoanCondition", "MultiVolAvail", "ReqServTypeNotPossible"})
TAKEN_UP = OFFERS | {"ReqEditionNotPossible"}  # of which the offer is the very thing
# What the second one adds to the first is only how it came about.
SWALLOWS = {
    E.LOANED: {E.REQUEST_RECEIVED},
    E.WILL_SUPPLY: {E.REQUEST_RECEIVED},
    E.EXPECT_TO_SUPPLY: {E.REQUEST_RECEIVED},
    E.COPY_COMPLETED: {E.REQUEST_RECEIVED, E.WILL_SUPPLY, E.LOANED},
    E.UNFILLED: {E.REQUEST_RECEIVED},
    E.RETRY_POSSIBLE: {E.REQUEST_RECEIVED},
    E.CANCELLED: {E.REQUEST_RECEIVED, E.UNFILLED},
    E.CANCEL_REFUSED: {E.REQUEST_RECEIVED, E.CANCELLED},
    E.RENEW_ACCEPTED: {E.REQUEST_RECEIVED, E.DUE_DATE_CHANGED},
    E.RENEW_REFUSED: {E.REQUEST_RECEIVED},
    E.RECALLED: {E.DUE_DATE_CHANGED, E.REQUEST_RECEIVED},
    E.OVERDUE: {E.RECALLED},
    E.LOAN_COMPLETED: {E.REQUEST_RECEIVED},
}
ON_LOAN = frozenset({E.RECALLED, E.RENEW_REFUSED, E.OVERDUE})  # of a book that we have
SUPPLIES = frozenset({E.LOANED, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY})
PROMISES = frozenset({E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY})  # "order it again in January, then we will send it" is none
# With one of these it is a recall, whatever else the sentence refuses.
HURRY = re.compile(
    r"\b(?:immediately|at once|asap|as soon as|urgent\w*|straight ?away|now|right away|promptly|recall\w*|early|earlier"
    r"|heti|viipymättä|pikaisesti|pian|nyt|kiireesti|kiireellise\w+|mahdollisimman|etuajassa|ennen"
    r"|genast|omgående|snarast|fort|nu|direkt|omedelbart|förtid|före|sofort|umgehend|schnellstmöglich|möglichst|bald|jetzt"
    r"|vorzeitig|baldigst|dringend|straks|snarest|omgående|nå|med en gang|hurtigst\w*|kohe)\b",
    re.IGNORECASE,
)
OPEN_ENDED = frozenset({E.REQUEST_RECEIVED, E.EXPECT_TO_SUPPLY, E.WILL_SUPPLY, E.NOTIFICATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event that a clause states."""

    event: E
    reason: str
    statement: Statement
    denies: bool = False  # by a negation in the phrase itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The events in order, with the reason of the first, or the doubts why there is none that is certain."""

    events: tuple[E, ...] = ()
    reason: str = ""
    no_renewal: bool = False
    doubts: tuple[Doubt, ...] = ()
    passage: str = ""


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
    """Whether it only tells why a loan is not renewed: "no extension, we need it back for a seminar"."""
    clause = recall.statement.clause
    soon = HURRY.search(clause.text) or any(sign.isdigit() for sign in clause.text)
    return clause.sentence in refused and not soon


def without_asides(said: list[Said]) -> list[Said]:
    """Without the volumes of what was sent, and what would be sent later: "ask again, and we will gladly lend it"."""
    later = any(one.event is E.RETRY_POSSIBLE for one in said)
    return [
        one
        for one in said
        if not (one.reason == "MultiVolAvail" and one.statement.says("Loaned", ""))
        and not (later and one.event is E.WILL_SUPPLY and one.statement.has("harmless", "retry"))
    ]


def counts(hit: Hit, statement: Statement) -> bool:
    """Whether the clause means the phrase: it does not deny it, and no longer phrase over it means something else."""
    if hit.phrase.name == E.COPY_COMPLETED and statement.of("conditions"):
        return False  # "sign the enclosed form"
    if statement.negations > _own_negations(hit, statement) and not hit.phrase.marks.get("negation", 0):
        return False
    return not any(_covers(other, hit) for other in statement.hits)


def _own_negations(hit: Hit, statement: Statement) -> int:
    """How many negations the phrases that say the same have themselves."""
    same = (h for h in statement.of("says") if _of_one_kind(h.phrase, hit.phrase))
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
    if (hit.phrase.reason, other.phrase.reason) == ("NotFoundAsCited", "NotHeld"):
        return longer  # "nothing under that title in our catalogue"
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


def outcome(statements: Sequence[Statement], *, conditions: bool, priced: bool, copy: bool) -> Outcome:
    """The one outcome. `conditions`, `priced`: terms of use, one price stand in the text; `copy`: it is of a copy."""
    said = without_reasons(without_asides(said_in(statements)))
    names = {one.event for one in said}
    no_renewal = E.RENEW_REFUSED in names and bool(names & SUPPLIES)
    if no_renewal:
        names.discard(E.RENEW_REFUSED)
    refusals = _refusals(said)
    offers = {one.reason for one in said if one.event is E.RETRY_POSSIBLE}
    terms = _terms(said, names, offers)
    names -= terms
    if E.UNFILLED in terms:
        refusals = set()
    if copy and not refusals:
        offers.discard("ReqServTypeNotPossible")  # "we can scan it" is what was asked for
    asked = any(statement.asks_back for statement in statements)
    worn = {"PoorCondition"} if "AtBindery" in offers else set()  # "it went to the bindery, the back was off"
    retry = _retry(refusals - worn, offers, names, asked=asked, conditions=conditions)
    retry = retry or _for_a_price(names, statements, priced=priced)
    if retry == "":
        names.discard(E.RETRY_POSSIBLE)
    elif retry != "?":
        names.discard(E.UNFILLED)
        if retry in OFFERS:
            names.discard(E.WILL_SUPPLY)  # "then we will send it"
        names.add(E.RETRY_POSSIBLE)
    if E.EXPECT_TO_SUPPLY in names and (offers or _waits(said, statements)):
        names.discard(E.WILL_SUPPLY)  # it comes when the one who has it brings it back
    swallowed = {small for big in names & SWALLOWS.keys() for small in SWALLOWS[big]}
    if E.CANCELLED in names and refusals - {"", "NotHeld"}:  # "withdrawn" is said of orders and of books
        swallowed.discard(E.UNFILLED)  # "it could not be located, so we are cancelling": theirs, not at our wish
    names -= swallowed
    if len(names) > 1:
        names.discard(E.NOTIFICATION)
    passage = " … ".join(dict.fromkeys(one.statement.clause.text for one in said if one.event in names))
    events = _ordered(names)
    reason = ""
    if E.UNFILLED in names:
        reason = next((r for r in UNFILLED_ORDER if r in refusals), "")
    elif E.RETRY_POSSIBLE in names and retry != "?":
        reason = retry
    doubts = (*_doubts(names, retry, passage), *_open_offers(names, reason, statements), *_lates(names, statements))
    doubts += tuple(_not_yet(names, passage, statements))
    doubts += tuple(_renewed_on_terms(names, said, statements))
    doubts += tuple(_asked_again(names, statements))
    return Outcome(events=events, reason=reason, no_renewal=no_renewal, doubts=doubts, passage=passage)


def _refusals(said: Sequence[Said]) -> set[str]:
    """The reasons of a refusal; "so we cannot lend it" is none where another clause tells why: "it is lost"."""
    told = {one.reason for one in said if one.reason and not one.statement.has("harmless", "hence")}
    refused = (one for one in said if one.event is E.UNFILLED)
    return {"" if told and one.statement.has("harmless", "hence") else one.reason for one in refused}


def _waits(said: Sequence[Said], statements: Sequence[Statement]) -> bool:
    """Whether every promise of sending has its wait in the same sentence: "we will send it, once it is back"."""
    waiting = {one.clause.sentence for one in statements if one.has("harmless", "retry")}
    sending = {one.statement.clause.sentence for one in said if one.event is E.WILL_SUPPLY}
    return sending <= waiting


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


def _for_a_price(names: set[E], statements: Sequence[Statement], *, priced: bool) -> str:
    """The reason where they ask for a yes to a price, else "": "we can send it, 12 euros; is that all right?".

    Where they do not say that they would send it, nothing but the price may stand there: "it's in German, 12 euros".
    """
    if not priced or not any(statement.has("harmless", "assent") for statement in statements):
        return ""
    tables = {hit.phrase.name for statement in statements for hit in statement.of("harmless")}
    alone = not names and tables <= {"assent", "reply", "terms", "greeting", "offer"}
    return "CostExceedsMaxCost" if alone or names == {E.WILL_SUPPLY} else ""


def _terms(said: Sequence[Said], names: set[E], offers: set[str]) -> set[E]:
    """What has the words of another outcome and is a term of this one: "in-library use only" of a loan."""
    terms = set[E]()
    lent = bool(names & SUPPLIES) or "MustMeetLoanCondition" in offers
    if lent and all(one.statement.of("conditions") for one in said if one.event is E.UNFILLED):
        terms.add(E.UNFILLED)
    if E.LOANED in names and _all_have(said, E.RENEW_ACCEPTED, "period"):
        terms.add(E.RENEW_ACCEPTED)  # "you can keep it till 15 January" of a book that goes out
    if E.RENEW_ACCEPTED in names and _all_have(said, E.RENEW_REFUSED, "renewal"):
        terms.add(E.RENEW_REFUSED)  # "no further renewals": this one was the last
    return terms


def _all_have(said: Sequence[Said], event: E, table: str) -> bool:
    """Whether every clause that states the event has words of that harmless table."""
    return all(one.statement.has("harmless", table) for one in said if one.event is event)


def _retry(refusals: set[str], offers: set[str], names: set[E], *, asked: bool, conditions: bool) -> str:
    """The reason of RetryPossible; "" where it is none; "?" where there are several."""
    if E.EXPECT_TO_SUPPLY in names and offers <= {"OnLoan", "AtBindery", "OnOrder", "NotCurrentAvailableForILL"}:
        return ""
    if names & {E.LOANED, E.COPY_COMPLETED, E.LOAN_COMPLETED, E.RENEW_ACCEPTED, E.CANCEL_REFUSED}:
        return "?" if offers or asked else ""
    if names & {E.CANCELLED, E.RENEW_REFUSED, E.RECALLED, E.OVERDUE}:
        late_elsewhere = E.OVERDUE in names and bool(offers)  # whose loan is late, ours or another reader's?
        return "?" if late_elsewhere or not offers <= {"OnLoan"} else ""
    if not offers:
        return "MustMeetLoanCondition" if conditions and asked else ""
    if offers == {"ReqServTypeNotPossible"} and not refusals and E.WILL_SUPPLY in names:
        return ""  # a copy was asked for: "scanning is possible, you get it tomorrow"
    if "ReqServTypeNotPossible" in offers and (refusals or offers == {"ReqServTypeNotPossible"}):
        return "ReqServTypeNotPossible" if refusals else "?"
    wanted = offers & OFFERS
    if len(wanted) > 1:
        return "?"
    if wanted:
        return next(iter(wanted)) if offers == wanted and not refusals - {""} else "?"
    if "ReqEditionNotPossible" in offers and refusals <= {"", "NotHeld", "NotOnShelf", "NonCirculating"}:
        return "ReqEditionNotPossible"
    if "NotFoundAsCited" in offers and refusals <= {"", "NotHeld", "NotOnShelf"}:
        return min(offers, key=RETRY_ORDER.index)
    if refusals - {"", "NotHeld", "NotOnShelf"} and "NotCurrentAvailableForILL" not in offers:
        return "?"
    return min(offers, key=RETRY_ORDER.index)


def _ordered(names: set[E]) -> tuple[E, ...]:
    """In the order in which they take effect: a cancellation is refused because the item was sent."""
    return tuple(sorted(names, key=lambda e: (e is not E.CANCEL_REFUSED, list(E).index(e))))


def _doubts(names: set[E], retry: str, passage: str) -> tuple[Doubt, ...]:
    if not names:
        return (Doubt(reason="unclear", text="it states no outcome that is known", passage=passage),)
    if retry == "?":
        return (Doubt(reason="contradictory", text="it offers more than one thing", passage=passage),)
    if len(names) > 1 and names != {E.CANCEL_REFUSED, E.LOANED}:
        told = ", ".join(e.value for e in _ordered(names))
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
