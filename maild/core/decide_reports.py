"""Mails that mail systems write: reports about our letters, and automatic answers. No status changes by them."""

from datetime import date

from maild.core.authentication import domain_of
from maild.core.effects import AskStaff, Effect, MarkLetter, PartnerAbsent
from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context, Partner, Request
from maild.core.terms import EventName, Kind, Party
from maild.core.trust import who_speaks

Acted = tuple[tuple[Effect, ...], tuple[Doubt, ...]]


def bounce(mail: Mail, reading: Reading, context: Context) -> Acted:
    """The letters that did not arrive are marked and staff are told; a report about no letter of ours is for staff."""
    effects: list[Effect] = []
    for event in reading.events:
        number = event.request or (reading.requests[0] if len(reading.requests) == 1 else "")
        request = context.request(number)
        recipients = (event.recipient,) if event.recipient else ()
        belief = who_speaks(mail, context, Kind.BOUNCE, request, recipients)
        if request is None or not belief.ok:
            return (), (Doubt(reason="sender", text=f"A report that is not believed: {belief.why}."),)
        effects += _marked(mail, event, request)
    return tuple(effects), ()


def _marked(mail: Mail, event: Event, request: Request) -> list[Effect]:
    recipient = event.recipient or ""
    failed = event.event is EventName.DELIVERY_FAILED
    told = next((d.diagnostic for d in mail.deliveries if d.recipient.lower() == recipient.lower()), "")
    mark = MarkLetter(
        number=request.number,
        recipient=recipient,
        failed=failed,
        message_id=_our_letter(mail, request),
        diagnostic=told,
    )
    if not failed:
        return [mark]
    text = f"Our letter about {request.number} did not reach {recipient}. Find another way or another address."
    return [mark, AskStaff(number=request.number, reason="delivery", text=text, passage=event.passage or told)]


def _our_letter(mail: Mail, request: Request) -> str:
    """The Message-ID of the letter that the report returns, if it is one of ours."""
    named = [value.strip() for name, value in mail.returned_headers if name.lower() == "message-id"]
    named += [*mail.in_reply_to, *mail.references]
    return next((one for one in named if one in request.letters), "")


def absence(mail: Mail, reading: Reading, context: Context, today: date) -> tuple[Effect, ...]:
    """The partner's answering clock stands until the day it names; believed only of the partner itself."""
    until = reading.absent_until
    request = context.request(reading.requests[0]) if len(reading.requests) == 1 else None
    partner = context.partner(request.partner_id) if request is not None else _of_sender(mail, context)
    if until is None or partner is None:
        return ()
    belief = who_speaks(mail, context, Kind.AUTO_REPLY, request)
    if not belief.ok or belief.party not in {Party.SUPPLIER, Party.REQUESTER}:
        return ()
    return (PartnerAbsent(partner_id=partner.id, until=until, since=_since(partner, today)),)


def _since(partner: Partner, today: date) -> date:
    """The first day of the absence: of the one that lasts, where they only say again that they are away."""
    lasts = partner.absent_until is not None and partner.absent_until >= today
    return partner.absent_since if lasts and partner.absent_since is not None else today


def _of_sender(mail: Mail, context: Context) -> Partner | None:
    domain = domain_of(mail.from_address)
    return next((p for p in context.partners if domain in {name.lower() for name in p.domains}), None)
