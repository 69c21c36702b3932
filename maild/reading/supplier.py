"""What a supplier's text comes to: one outcome out of all that its clauses say, or the doubts why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from maild.core.reading import Doubt
from maild.core.terms import EventName as E
from maild.reading.said import Said, said_in, without_asides, without_reasons
from maild.reading.statements import NOT_NOW, Statement
from maild.reading.supplier_doubts import OFFERS, TAKEN_UP, open_doubts, ordered

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
MOST_UNREAD_WORDS = 7
SUPPLIES = frozenset({E.LOANED, E.WILL_SUPPLY, E.EXPECT_TO_SUPPLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The events in order, with the reason of the first, or the doubts why there is none that is certain."""

    events: tuple[E, ...] = ()
    reason: str = ""
    no_renewal: bool = False
    doubts: tuple[Doubt, ...] = ()
    passage: str = ""


def outcome(statements: Sequence[Statement], *, conditions: bool, priced: bool, copy: bool) -> Outcome:
    """The one outcome. `conditions`, `priced`: terms of use, one price stand in the text; `copy`: it is of a copy."""
    said = without_reasons(without_asides(said_in(statements), statements))
    offers = {one.reason for one in said if one.event is E.RETRY_POSSIBLE}
    names = _events(said, offers, statements)
    no_renewal = E.RENEW_REFUSED in names and bool(names & SUPPLIES)
    if no_renewal:
        names.discard(E.RENEW_REFUSED)
    refusals = _refusals(said)
    terms = _terms(said, names, offers, statements)
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
        if retry in OFFERS or (retry in TAKEN_UP and asked):
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
    events = ordered(names)
    reason = ""
    if E.UNFILLED in names:
        reason = next((r for r in UNFILLED_ORDER if r in refusals), "")
    elif E.RETRY_POSSIBLE in names and retry != "?":
        reason = retry
    doubts = tuple(open_doubts(names, retry, reason, passage, said, statements))
    return Outcome(events=events, reason=reason, no_renewal=no_renewal, doubts=doubts, passage=passage)


def _refusals(said: Sequence[Said]) -> set[str]:
    """The reasons of a refusal; "so we cannot lend it" is none where another clause tells why: "it is lost"."""
    told = {one.reason for one in said if one.reason and not one.statement.has("harmless", "hence")}
    refused = (one for one in said if one.event is E.UNFILLED)
    return {"" if told and one.statement.has("harmless", "hence") else one.reason for one in refused}


def _events(said: Sequence[Said], offers: set[str], statements: Sequence[Statement]) -> set[E]:
    """What is stated; a promise after a wait is an expectation: "out until 3 December, I'll send it then"."""
    names = {one.event for one in said}
    sending = [one.statement for one in said if one.event is E.WILL_SUPPLY]
    told = {id(one.statement) for one in said}
    alone = all(id(s) in told for s in statements if s.clause.sentence in {one.clause.sentence for one in sending})
    waits = {one.statement.clause.sentence for one in said if one.event is E.RETRY_POSSIBLE}
    again = (s for s in statements if s.has("harmless", "retry") and s.clause.sentence not in waits)
    anew = any(again) or any(s.has("harmless", "anew") or s.asks_back for s in statements)
    waited = bool(sending and offers) and offers <= NOT_NOW and all(one.has("roles", "then") for one in sending)
    return names - {E.WILL_SUPPLY} | {E.EXPECT_TO_SUPPLY} if waited and alone and not anew else names


def _waits(said: Sequence[Said], statements: Sequence[Statement]) -> bool:
    """Whether every promise of sending has its wait in the same sentence: "we will send it, once it is back"."""
    waiting = {one.clause.sentence for one in statements if one.has("harmless", "retry")}
    sending = [one.statement for one in said if one.event is E.WILL_SUPPLY]
    if all(one.has("roles", "then") for one in sending):  # "it should arrive here by Tuesday and we will send it then"
        waiting |= {one.statement.clause.sentence for one in said if one.event is E.EXPECT_TO_SUPPLY}
    return {one.clause.sentence for one in sending} <= waiting


def _for_a_price(names: set[E], statements: Sequence[Statement], *, priced: bool) -> str:
    """The reason where they ask for a yes to a price, else "": "we can send it, 12 euros; is that all right?".

    Where they do not say that they would send it, nothing but the price may stand there: "it's in German, 12 euros".
    """
    if not priced or not any(statement.has("harmless", "assent") for statement in statements):
        return ""
    tables = {hit.phrase.name for statement in statements for hit in statement.of("harmless")}
    alone = not names and tables <= {"assent", "reply", "terms", "greeting", "offer"}
    return "CostExceedsMaxCost" if alone or names == {E.WILL_SUPPLY} else ""


def _terms(said: Sequence[Said], names: set[E], offers: set[str], statements: Sequence[Statement]) -> set[E]:
    """What has the words of another outcome and is a term of this one: "in-library use only" of a loan."""
    terms = set[E]()
    lent = bool(names & SUPPLIES) or "MustMeetLoanCondition" in offers
    on_terms = {s.clause.sentence for s in statements if s.of("conditions")}  # "reading room only, the back is weak"
    unfilled = [one for one in said if one.event is E.UNFILLED]
    # "it may not be copied" has its terms within; "unable to fill it, as it is for library use" refuses
    bare = any(not one.reason and not one.statement.of("conditions") for one in unfilled)
    if lent and not bare and all(one.statement.clause.sentence in on_terms for one in unfilled):
        terms.add(E.UNFILLED)
    if {E.CANCEL_REFUSED, E.LOANED} <= names and all(_is_unread(one) for one in said if one.event is E.RECALLED):
        terms.add(E.RECALLED)  # "it had gone already, so just send it back at once"
    if E.LOANED in names and _all_have(said, E.RENEW_ACCEPTED, "period"):
        terms.add(E.RENEW_ACCEPTED)  # "you can keep it till 15 January" of a book that goes out
    waiting = {one.statement.clause.sentence for one in said if one.event is E.EXPECT_TO_SUPPLY}
    if waiting.issuperset(one.statement.clause.sentence for one in said if one.event is E.LOAN_COMPLETED):
        terms.add(E.LOAN_COMPLETED)  # "we send it as soon as it has come back"
    if E.RENEW_ACCEPTED in names and _all_have(said, E.RENEW_REFUSED, "renewal"):
        terms.add(E.RENEW_REFUSED)  # "no further renewals": this one was the last
    return terms


def _is_unread(recall: Said) -> bool:
    """Whether it only says that the book may come back as it is: "just send it back at once", without a day."""
    statement = recall.statement
    short = len(statement.words) <= MOST_UNREAD_WORDS and statement.has("roles", "hurry")
    return short and not any(sign.isdigit() for sign in statement.clause.text)


def _all_have(said: Sequence[Said], event: E, table: str) -> bool:
    """Whether every clause that states the event has words of that harmless table."""
    return all(one.statement.has("harmless", table) for one in said if one.event is event)


def _retry(refusals: set[str], offers: set[str], names: set[E], *, asked: bool, conditions: bool) -> str:
    """The reason of RetryPossible; "" where it is none; "?" where there are several."""
    if E.EXPECT_TO_SUPPLY in names and offers <= NOT_NOW:
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
    if wanted:
        # "an archive copy, but we can send it on condition that it is not copied"
        beside = refusals - {"", "NonCirculating"} if wanted == {"MustMeetLoanCondition"} else refusals - {""}
        return next(iter(wanted)) if len(wanted) == 1 and offers == wanted and not beside else "?"
    if "ReqEditionNotPossible" in offers and refusals <= {"", "NotHeld", "NotOnShelf", "NonCirculating"}:
        return "ReqEditionNotPossible"
    if "NotFoundAsCited" in offers and refusals <= {"", "NotHeld", "NotOnShelf"}:
        return min(offers, key=RETRY_ORDER.index)
    if refusals - {"", "NotHeld", "NotOnShelf"} and "NotCurrentAvailableForILL" not in offers:
        return "?"
    return min(offers, key=RETRY_ORDER.index)
