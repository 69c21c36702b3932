"""What our rules say to a library that asks to renew what we lent it, or why staff must say it (domain.md, rule 5)."""

import shlex
from dataclasses import dataclass, replace
from datetime import date, timedelta

from maild.core import renewals
from maild.core.reading import Event
from maild.core.renewals import Answer
from maild.core.request import Request
from maild.core.terms import EventName
from maild.core.workdays import Calendar
from maild.core.workflow import LoanTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The answer as an event of our house, or None where no rule gives one; `why` is for staff.

    `by_itself`: it may go out without them.
    """

    answer: Event | None
    why: str
    by_itself: bool = False


def ruling(request: Request, asked: Event, today: date, terms: LoanTerms, open_days: Calendar) -> Ruling:
    """What the rules of the loan's profile say to the wish `asked`."""
    known = {one for item in request.items for one in item.item_ids}
    if known and not known.issuperset(asked.item_id):
        return Ruling(answer=None, why=f"It has no item {', '.join(asked.item_id)}, so no rule answers.")
    meant = tuple(item for item in request.items if set(item.item_ids) & set(asked.item_id))
    request = replace(request, items=meant or request.items)
    if len({item.due_date for item in request.items}) > 1:
        return Ruling(answer=None, why="Its items have different due dates, so no rule answers.")
    found = renewals.answer(request, today, terms)
    if found.answer is Answer.NO:
        return _refused(request, found.reason, terms)
    due = renewals.due_date(request)
    if due is None or found.answer is Answer.ASKED_ALREADY:
        return Ruling(
            answer=None, why="It was asked before and waits for an answer." if due else "No due date is known."
        )
    if found.answer is Answer.NOT_YET:
        return Ruling(answer=None, why=f"They ask early: our rule answers from {found.since}.")
    return _granted(request, asked, due, today, terms, open_days)


def _refused(request: Request, reason: str, terms: LoanTerms) -> Ruling:
    answer = Event(event=EventName.RENEW_REFUSED, request=request.number, reason=reason)
    to_staff = any(reason.startswith(kind) for kind in terms.renewals_to_staff)  # "at most" 3 renewals, 180 days
    return Ruling(answer=answer, why=f"Our rule says no: {reason}.", by_itself=terms.renews_by_itself and not to_staff)


def _granted(request: Request, asked: Event, due: date, today: date, terms: LoanTerms, open_days: Calendar) -> Ruling:
    """The longer loan: no longer than all of it may last, nor than they wish."""
    day = open_days.next_open(due + timedelta(days=terms.renewal_days))
    if request.loaned_on is not None:
        day = min(day, open_days.last_open_on_or_before(request.loaned_on + timedelta(days=terms.max_total_days)))
    if asked.due_date is not None:
        day = min(day, asked.due_date)
    if day <= max(due, today):
        return Ruling(answer=None, why=f"Our rule would grant it until {day}, which helps nobody.")
    answer = Event(event=EventName.RENEW_ACCEPTED, request=request.number, due_date=day, item_id=asked.item_id)
    return Ruling(answer=answer, why=f"Our rule grants it until {day}.", by_itself=terms.renews_by_itself)


def command(answer: Event) -> str:
    """What staff type to say the same."""
    facts = f"due_date={answer.due_date}" if answer.due_date else f'reason="{answer.reason}"'
    facts += f" item_id={shlex.quote(','.join(answer.item_id))}" if answer.item_id else ""
    return f"maild request do {answer.request} {answer.event} {facts}"
