"""Whether a price must wait for a yes, and whom it is put to (domain.md, rule 8)."""

from dataclasses import replace

from maild.core.costs import SUPPLIED, SUPPLIER_PRICE
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion, address_of_patron
from maild.core.prices import in_vouchers
from maild.core.reading import Doubt, Event, Money
from maild.core.request import Attempt, Partner, Request
from maild.core.terms import EventName, Role, ServiceType, Status
from maild.core.workflow import LoanTerms

PROMISES = frozenset({EventName.WILL_SUPPLY, EventName.EXPECT_TO_SUPPLY, EventName.REQUEST_RECEIVED})
PRICE_ASKED = "cost_approval"  # the letter, as our Message-IDs name it
TOO_DEAR = "CostExceedsMaxCost"  # ISO 18626: the reason of an offer that names its price


def stops(o: Occasion) -> str:
    """Why what the supplier promises must wait for a yes, as a sentence for staff, or ""."""
    if o.event.event not in PROMISES or o.by == "staff" or o.request.role is Role.LENDING or _is_agreed(o):
        return ""
    return _above(o.event.cost, o.request, o.terms) or _unanswered(o)


def stops_before(o: Occasion, supplier: Partner) -> str:
    """Why a supplier is not asked by itself for what it is known to take, or "". Vouchers are nobody's money."""
    service = ServiceType.COPY if o.request.service_type is ServiceType.COPY else ServiceType.LOAN
    price = o.rules.partners.price(supplier, Role.BORROWING, service, o.today)
    if price is None or in_vouchers(price.money):
        return ""
    return _above(price.money, o.request, o.rules.workflows[o.rules.profile_with(o.request, supplier)].loan)


def sent_unasked(o: Occasion) -> str:
    """What staff must hear of material that comes before the answer about its price, or ""."""
    in_hand = _asked_about(o)
    if in_hand is None or o.event.event not in SUPPLIED[Role.BORROWING]:
        return ""
    price = f" of {_told(in_hand.cost)}" if in_hand.cost is not None else ""
    return f"It comes although the patron has not answered about the price{price}: settle who pays."


def unclear_answer(o: Occasion) -> Doubt | None:
    """Why a yes, or a silence that counts as no, is for staff.

    After the patron was asked about two prices an answer to the older letter looks like one to the newer; and whoever
    cannot be written to was asked about none.
    """
    asked = [one for one in o.request.letters if f".{PRICE_ASKED}." in one]
    if o.event.event is EventName.CONDITIONS_ACCEPTED and o.by == "patron" and len(asked) > 1:
        return Doubt(reason="cost", text=f"{o.request.number}: the patron was asked twice; which price is it?")
    if o.event.event is EventName.CONDITIONS_REFUSED and o.by == "clock" and not address_of_patron(o):
        return Doubt(reason="cost", text="The patron has no e-mail address and was not asked about the price: ask.")
    return None


def as_offer(o: Occasion) -> Event | None:
    """The promise as the offer that the patron is asked about.

    None where staff must look: the price cannot be compared, or the patron was asked about one before.
    """
    cost, ceiling = o.event.cost, _ceiling(o.request, o.terms)
    if cost is None or ceiling is None or cost.currency != ceiling.currency:
        return None
    if o.request.status is Status.RETRY_POSSIBLE:
        return None
    told = f"{o.event.event} at a price above the ceiling"
    return replace(o.event, event=EventName.RETRY_POSSIBLE, reason=TOO_DEAR, note=told)


def _above(cost: Money | None, request: Request, terms: LoanTerms) -> str:
    """Why this price needs a yes. The patron's own ceiling comes before the site's."""
    ceiling = _ceiling(request, terms)
    if cost is None or not cost.amount or ceiling is None:
        return ""
    if cost.currency != ceiling.currency:
        return f"The price of {_told(cost)} cannot be compared with the ceiling of {_told(ceiling)}."
    if cost.amount > ceiling.amount:
        return f"The price of {_told(cost)} is above the ceiling of {_told(ceiling)}."
    return ""


def _unanswered(o: Occasion) -> str:
    """A promise that crosses our question about the price must not pass for a yes to it."""
    if _asked_about(o) is None or o.event.event is EventName.REQUEST_RECEIVED:  # which leads nowhere from there
        return ""
    if o.event.cost is not None and (not o.event.cost.amount or _ceiling(o.request, o.terms) is not None):
        return ""  # a price that may be had
    return "The patron was asked about the price and has not answered: ask the supplier to wait, or say yes to it."


def _asked_about(o: Occasion) -> Attempt | None:
    """The attempt of the supplier in hand, where its price waits for the patron's answer."""
    in_hand = attempt_in_hand(o.request)
    waits = in_hand is not None and in_hand.reason == TOO_DEAR and o.request.status is Status.RETRY_POSSIBLE
    return in_hand if waits and o.request.role is Role.BORROWING else None


def _is_agreed(o: Occasion) -> bool:
    """Whether this supplier's price is one that it was told yes to, or less."""
    cost, prices = o.event.cost, (line for line in o.request.charges if line.kind == SUPPLIER_PRICE)
    agreed = (line.money for line in prices if line.partner_id == o.request.partner_id)
    return cost is not None and any(m.currency == cost.currency and m.amount >= cost.amount for m in agreed)


def _ceiling(request: Request, terms: LoanTerms) -> Money | None:
    return request.max_cost or terms.ceiling


def _told(money: Money) -> str:
    return f"{money.amount} {money.currency}"
