"""How a loan reaches its patron: off an open shelf or over the desk, or by internal mail to an office (rule 7)."""

from enum import StrEnum

from maild.core.counted import counted
from maild.core.pickup_rules import PickupRules
from maild.core.request import Partner, Patron, Request
from maild.core.terms import Flag

OFFICE = "office"  # Request.delivery


class Way(StrEnum):
    """How the patron takes it over; letters name it by these words ([pickup_way])."""

    SELF_SERVICE = "self service"
    DESK = "desk"


def way(request: Request, partner: Partner | None, rules: PickupRules) -> Way:
    """Whether it may stand on an open shelf of its place; the desk where anything is in doubt."""
    shelf = rules.shelves.get(request.pickup)
    if shelf is None or partner is None or Flag.LIBRARY_USE_ONLY in request.flags:
        return Way.DESK
    allowed = partner.country in shelf.countries and not shelf.not_with.intersection(request.conditions)
    return Way.SELF_SERVICE if allowed else Way.DESK


def not_to_office(request: Request, patron: Patron | None, rules: PickupRules, max_loans: int) -> str:
    """Why it may not be sent to an office, or "". `max_loans` of a patron, 0 for no limit."""
    if Flag.LIBRARY_USE_ONLY in request.flags:
        return f"{request.number} is for use in the library only: it stays in the house."
    if patron is None:
        return ""
    if patron.blocked:
        return f"The patron of {request.number} is blocked: it waits at the desk."
    if max_loans and patron.loans >= max_loans:
        loans = counted(patron.loans, "loan")
        return f"The patron of {request.number} has {loans}, which is the limit: it waits at the desk."
    if rules.office_groups and patron.group.casefold() not in rules.office_groups:
        return f"{request.number}: no loans go to the offices of this patron's group: it waits at the desk."
    return ""
