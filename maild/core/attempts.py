"""A word from a supplier that is no longer in hand touches its own attempt only."""

from dataclasses import replace

from maild.core import costs
from maild.core.authentication import domain_of
from maild.core.effects import AddCharge, Effect, Move, PutAttempt
from maild.core.mail import Mail
from maild.core.notices import attempt_in_hand
from maild.core.occasion import Occasion
from maild.core.reading import Doubt, Event
from maild.core.request import Attempt, Context, Request
from maild.core.terms import EventName

HARMLESS = frozenset(
    {
        EventName.REQUEST_RECEIVED,
        EventName.UNFILLED,
        EventName.RETRY_POSSIBLE,
        EventName.CANCELLED,
        EventName.NOTIFICATION,
    }
)
SENDS_NOTHING = frozenset({EventName.UNFILLED, EventName.CANCELLED})


def is_from_earlier(mail: Mail, request: Request, context: Context) -> bool:
    """Whether the writer is a supplier that we asked before the one in hand."""
    domain = domain_of(mail.from_address)
    partner = context.partner(request.partner_id)
    in_hand = (*request.partner_domains, *(partner.domains if partner is not None else ()))
    return domain not in _lower(in_hand) and _earlier(mail, request) is not None


def told_by_earlier(o: Occasion, mail: Mail) -> tuple[Effect, ...] | Doubt:
    """That attempt's new status, or the doubt that two suppliers are sending."""
    attempt = _earlier(mail, o.request)
    if attempt is None or o.event.event not in HARMLESS:
        text = f"An earlier supplier of {o.request.number} says {o.event.event}: two could be sending the same work."
        return Doubt(reason="status", text=text)
    noted = Move(number=o.request.number, to=o.request.status, event=_as_note(o))
    if o.event.event is EventName.NOTIFICATION or not attempt.id:
        return (noted,)
    told = replace(attempt, status=str(o.event.event), answered_at=o.now, answer=o.cause, reason=o.event.reason or "")
    spared = costs.let_off(o.request, attempt.partner_id) if o.event.event in SENDS_NOTHING else ()
    lines = (AddCharge(number=o.request.number, charge=line) for line in spared)
    return (noted, PutAttempt(number=o.request.number, attempt=told), *lines)


def _earlier(mail: Mail, request: Request) -> Attempt | None:
    domain = domain_of(mail.from_address)
    in_hand = attempt_in_hand(request)
    over = [a for a in request.attempts if a is not in_hand]
    return next((a for a in reversed(over) if domain in _lower(a.partner_domains)), None)


def _lower(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _as_note(o: Occasion) -> Event:
    return replace(o.event, event=EventName.NOTIFICATION, note=f"{o.event.event}, from an earlier supplier")
