"""Whether a price may go on by itself, or somebody must say yes first (domain.md, rule 8)."""

from maild.core.reading import Money
from maild.core.request import Charge, Request
from maild.core.workflow import LoanTerms

SUPPLIER_PRICE = "supplier's price"


def stops(cost: Money | None, request: Request, terms: LoanTerms) -> str:
    """Why this price needs a yes, as a sentence for staff, or "". The patron's own ceiling comes before the site's."""
    ceiling = request.max_cost or terms.ceiling
    if cost is None or ceiling is None:
        return ""
    if cost.currency != ceiling.currency:
        return f"The price of {_told(cost)} cannot be compared with the ceiling of {_told(ceiling)}."
    if cost.amount > ceiling.amount:
        return f"The price of {_told(cost)} is above the ceiling of {_told(ceiling)}."
    return ""


def price(cost: Money) -> Charge:
    """What the supplier takes from us, noted on the request."""
    return Charge(kind=SUPPLIER_PRICE, payer="us", money=cost)


def _told(money: Money) -> str:
    return f"{money.amount} {money.currency}"
