"""When the patron must bring it back: the supplier's date is law, ours lies before it (domain.md, rule 4)."""

from dataclasses import dataclass
from datetime import date, timedelta

from maild.core.request import Partner
from maild.core.workdays import Calendar
from maild.core.workflow import LoanTerms

DEFAULT_POSTAL_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PatronDate:
    """The patron's date, and what staff must know about how it came to be ("" = nothing)."""

    day: date
    ask: str = ""


def patron_date(
    supplier_date: date, ready: date, partner: Partner | None, terms: LoanTerms, open_days: Calendar
) -> PatronDate:
    """The supplier's date less the way back, on an open day.

    `ready` is the day from which the patron can fetch it. Moved neither to before a long closure nor so early that the
    patron hardly has it: then it stays at the supplier's date less the way back, and staff ask for more time.
    """
    postal = partner.postal_delay_days if partner is not None else DEFAULT_POSTAL_DAYS
    latest = supplier_date - timedelta(days=postal)
    day = open_days.last_open_on_or_before(latest)
    closure = open_days.closure_between(day, latest)
    if closure is not None and closure.days > terms.long_closure_days:
        ask = f"It falls due on {latest}, inside our closure {closure.name or closure.first}: ask for more time."
        return PatronDate(day=latest, ask=ask)
    earliest = ready + timedelta(days=terms.min_patron_days)
    if day < earliest:
        ask = f"The supplier wants it back by {supplier_date}; that leaves the patron too little time: ask for more."
        return PatronDate(day=_not_before_ready(latest, supplier_date, ready), ask=ask)
    return PatronDate(day=day)


def capped(found: PatronDate, account_ends: date | None, open_days: Calendar) -> PatronDate:
    """No later than the patron's account: then staff hear of it."""
    if account_ends is None or found.day <= account_ends:
        return found
    ask = f"The patron's account ends on {account_ends}: the loan ends before it."
    return PatronDate(day=open_days.last_open_on_or_before(account_ends), ask=f"{found.ask} {ask}".strip())


def _not_before_ready(latest: date, supplier_date: date, ready: date) -> date:
    """A date that the patron can keep at all: never after the supplier's, nor before it can be fetched if possible."""
    return min(max(latest, ready), supplier_date)


def assumed_date(start: date, partner: Partner | None, terms: LoanTerms) -> date:
    """The supplier's date where none was stated: flagged as ours until the slip shows it."""
    of_record = partner.loan_days if partner is not None else None
    return start + timedelta(days=terms.days if of_record is None else of_record)


def lending_date(shipped: date, partner: Partner | None, terms: LoanTerms, open_days: Calendar) -> date:
    """Our own due date as a lender: the loan time plus the way there, on an open day."""
    postal = partner.postal_delay_days if partner is not None else DEFAULT_POSTAL_DAYS
    return open_days.next_open(shipped + timedelta(days=terms.days + postal))
