"""Whether a loan can be renewed by our rules, and which rule says no (domain.md, rule 5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from maild.core.request import Request
from maild.core.terms import Flag
from maild.core.workflow import LoanTerms

NEVER = {
    Flag.RECALLED: "recalled",
    Flag.NO_RENEWAL: "no renewals",
    Flag.LIBRARY_USE_ONLY: "library use only",
    Flag.DISPUTE: "dispute",
    Flag.WAITED_FOR: "OnLoan",  # as ISO 18626 calls it
}


class Answer(StrEnum):
    """What becomes of the wish."""

    ASK = "ask the supplier"
    NOT_YET = "not yet"
    NO = "no"
    ASKED_ALREADY = "asked already"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The answer; `since` is the first day on which it may be asked, `reason` names the rule that says no."""

    answer: Answer
    since: date | None = None
    reason: str = ""


def is_pending(request: Request) -> bool:
    """Whether the supplier has our question and has not answered it."""
    return request.renewal_pending or Flag.RENEWAL_PENDING in request.flags


def answer(request: Request, today: date, terms: LoanTerms) -> Renewal:
    """What a wish to renew leads to: a patron's, or of a library that has our item.

    Where no due date is known, only flags and counts speak.
    """
    if is_pending(request):
        return Renewal(answer=Answer.ASKED_ALREADY)
    for flag, reason in NEVER.items():
        if flag in request.flags:
            return Renewal(answer=Answer.NO, reason=reason)
    if request.renewals >= terms.max_renewals:
        told = f"at most {terms.max_renewals} renewals" if terms.max_renewals else "no renewals"
        return Renewal(answer=Answer.NO, reason=told)
    due = due_date(request)
    return _by_dates(request, due, today, terms) if due is not None else Renewal(answer=Answer.ASK)


def _by_dates(request: Request, due: date, today: date, terms: LoanTerms) -> Renewal:
    if today > due + timedelta(days=terms.overdue_grace_days):
        return Renewal(answer=Answer.NO, reason="overdue")
    if request.loaned_on is not None and (due - request.loaned_on).days >= terms.max_total_days:
        return Renewal(answer=Answer.NO, reason=f"at most {terms.max_total_days} days in all")
    since = due - timedelta(days=terms.renewal_window_days)
    if today < since:
        return Renewal(answer=Answer.NOT_YET, since=since)
    return Renewal(answer=Answer.ASK)


def due_date(request: Request) -> date | None:
    """The date that the reader of our letters keeps: the patron's where there is one, the earliest of all items."""
    dates = [item.patron_due_date or item.due_date for item in request.items]
    return min((day for day in dates if day is not None), default=None)
