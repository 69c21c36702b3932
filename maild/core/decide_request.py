"""New requests: a patron's form becomes one to borrow, a library's mail or form one to lend."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from maild.core import completeness, decide_sanity, details, holders, lending_limits, new_partner, rota
from maild.core.apply import apply
from maild.core.authentication import domain_of
from maild.core.completeness import Need
from maild.core.decide_event import take
from maild.core.effects import AskStaff, ChangeRequest, Effect, OpenRequest, ReadMail
from maild.core.occasion import Occasion, to_patron
from maild.core.reading import Doubt, Event, NewRequest, Requester
from maild.core.request import Context, Partner, Patron, Request
from maild.core.rules import Rules
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.core.trust import who_speaks
from maild.core.workdays import day_in
from maild.core.workflow import profile_name
from maild.core.works import same_work

Opened = tuple[tuple[Effect, ...], tuple[Doubt, ...]]
NEW = ""  # the number of a request that has none yet: process.py draws it


def opened(happening: ReadMail, context: Context, rules: Rules, now: datetime) -> Opened:
    """The effects of a new request, or why staff must complete it first."""
    event = happening.reading.events[0]
    new = event.new_request
    if len(happening.reading.events) != 1 or new is None:
        text = "It asks for more than one thing at a time: split it by hand."
        return (), (Doubt(reason="several-requests", text=text, passage=event.passage),)
    doubts = tuple(_doubts(happening, event, new, context, rules, now))
    if doubts:
        return (), doubts
    if new.requester is not None or happening.reading.kind is Kind.PARTNER_REQUEST:
        if happening.reading.doubts:  # no patron to ask
            return (), happening.reading.doubts
        return _lending(happening, event, new, context, rules, now)
    return _borrowing(happening, event, new, context, rules, now)


def _doubts(
    happening: ReadMail, event: Event, new: NewRequest, context: Context, rules: Rules, now: datetime
) -> Iterator[Doubt]:
    kind = happening.reading.kind
    if kind not in {Kind.WEB_FORM, Kind.PARTNER_REQUEST}:
        yield Doubt(reason="policy", text="A wish outside the form: staff enter it.", passage=event.passage)
        return
    belief = who_speaks(happening.mail, context, kind, None)
    if not belief.ok:
        yield Doubt(reason="sender", text=f"Not believed: {belief.why}.")
    yield from decide_sanity.doubts(event, day_in(now, rules.site.zone))
    if not _names_a_work(new):
        yield Doubt(reason="incomplete", text="It does not say which work is wanted.")
    if new.service_type is ServiceType.LOAN and new.delivery == "file":
        yield Doubt(reason="contradictory", text="It asks for a loan and for a file.", passage=event.passage)
    if kind is Kind.WEB_FORM and not _names_somebody(new):
        yield Doubt(reason="incomplete", text="It gives neither a patron nor a library to answer to.")


def _names_a_work(new: NewRequest) -> bool:
    c = new.citation
    return any((c.title, c.article_title, c.isbn, c.issn, c.doi, c.pmid, c.record_id))


def _names_somebody(new: NewRequest) -> bool:
    if new.requester is not None:
        return any((new.requester.name, new.requester.symbol, new.requester.email))
    return new.patron is not None and any((new.patron.email, new.patron.id))


def _borrowing(
    happening: ReadMail, event: Event, new: NewRequest, context: Context, rules: Rules, now: datetime
) -> Opened:
    patron = known_patron(new, context)
    open_questions = happening.reading.doubts  # all of them are for the patron, or for staff where nobody is asked
    same = _duplicate(new, patron, context)
    if same is not None:
        text = f"{same.number} is open for the same patron and the same work."
        return (), (Doubt(reason="duplicate", text=text, passage=event.passage),)
    opening = OpenRequest(
        role=Role.BORROWING,
        new=new,
        profile=profile_name(_draft(new, Role.BORROWING)),
        status=Status.NEW,
        patron_id=patron.id if patron is not None else None,
        language=(patron.language if patron is not None else "") or new.language or "",
    )
    lacking = completeness.missing(new.citation, new.service_type, rules.needs)
    o = _occasion(happening, event, apply(context, (opening,)), rules, now)
    if open_questions and not (lacking and details.may_ask(o)):
        return (), open_questions
    if patron is None or not patron.approved or patron.blocked:
        return (opening, _unknown_patron(patron, _lacks(lacking, rules))), ()
    if too_many := holders.limit_hindrance(patron, patron.open_requests, rules):
        return (opening, AskStaff(number=NEW, reason="policy", text=too_many + _lacks(lacking, rules))), ()
    if lacking:
        return (opening, *details.ask(o, lacking)), ()
    confirmed = to_patron(o, "request_confirmed", {})
    return (opening, *([confirmed] if confirmed is not None else []), *holders.onward(o)), ()


def _lacks(lacking: tuple[Need, ...], rules: Rules) -> str:
    return f" Its citation lacks: {', '.join(completeness.labels(lacking, rules.site.language))}." if lacking else ""


def _unknown_patron(patron: Patron | None, lacks: str) -> AskStaff:
    text = f"{holders.patron_hindrance(patron)} Sending the request to a supplier approves the patron for this once."
    return AskStaff(number=NEW, reason="policy", text=text + lacks)


def known_patron(new: NewRequest, context: Context) -> Patron | None:
    """The patron on record with the form's address; the card must not be somebody else's."""
    given = new.patron
    if given is None:
        return None
    email, card = (given.email or "").lower(), given.id or ""
    found = next((p for p in context.patrons if email and p.email.lower() == email), None)
    if found is None and not email:
        found = next((p for p in context.patrons if card and p.card == card), None)
    return None if found is not None and card and found.card not in {"", card} else found


def _duplicate(new: NewRequest, patron: Patron | None, context: Context) -> Request | None:
    """An open request of the same patron for the same work."""
    email = (new.patron.email or "").lower() if new.patron is not None else ""
    return next(
        (
            r
            for r in context.requests
            if r.role is Role.BORROWING
            and r.closed_at is None
            and (
                (patron is not None and r.patron_id == patron.id) or (email and (r.patron_email or "").lower() == email)
            )
            and same_work(r.citation, new.citation)
        ),
        None,
    )


def _lending(
    happening: ReadMail, event: Event, new: NewRequest, context: Context, rules: Rules, now: datetime
) -> Opened:
    partner = _requester(happening, new, context)
    again = _asked_again(new, partner, context)
    if again is not None:
        text = f"{again.number} is open for the same library, its number {again.requester_ref} and the same work."
        return (), (Doubt(reason="duplicate", text=text, passage=event.passage),)
    draft = _draft(new, Role.LENDING)
    opening = OpenRequest(
        role=Role.LENDING,
        new=_answerable(happening, new),
        profile=rules.profile_with(draft, partner),
        status=Status.NEW,
        partner_id=partner.id if partner is not None else None,
        language=new.language or "",
    )
    here = apply(context, (opening, *_answers(happening, partner)))
    received = take(_occasion(happening, event, here, rules, now))
    if isinstance(received, Doubt):
        return (), (received,)
    fetch = AskStaff(number=NEW, reason="policy", text="A library asks for a work of ours: look for it and answer.")
    registered = (opening, *_answers(happening, partner), *received)
    if partner is None:
        return (*registered, fetch, _unknown_library(happening, context, rules)), ()
    refused = _turned_down(happening, event, partner, apply(here, received), rules, now)
    return (*registered, *(refused or (fetch,))), ()


def _asked_again(new: NewRequest, partner: Partner | None, context: Context) -> Request | None:
    """An open request of the same library under the same number of its own for the same work: sent twice, or chased."""
    ref = (new.requester.ref or "").casefold() if new.requester is not None else ""
    if partner is None or not ref:
        return None
    theirs = (r for r in context.requests if r.role is Role.LENDING and r.partner_id == partner.id)
    still_open = (r for r in theirs if r.closed_at is None and r.requester_ref.casefold() == ref)
    return next((r for r in still_open if same_work(r.citation, new.citation)), None)


def _turned_down(
    happening: ReadMail, event: Event, partner: Partner, here: Context, rules: Rules, now: datetime
) -> tuple[Effect, ...]:
    """The polite refusal while too much is open or we do not lend; nothing where the request is taken on."""
    again = lending_limits.try_again(partner, here, rules, day_in(now, rules.site.zone))
    if again is None:
        return ()
    refusal = Event(event=EventName.UNFILLED, reason="PolicyProblem", retry_after=again)
    o = replace(_occasion(happening, event, here, rules, now), event=refusal, by="house")
    effects = take(o)
    return () if isinstance(effects, Doubt) else effects


def _answerable(happening: ReadMail, new: NewRequest) -> NewRequest:
    """A library is answered where it wrote from; an address in its text counts only under the same domain."""
    if happening.reading.kind is not Kind.PARTNER_REQUEST:
        return new
    sender = happening.mail.from_address
    given = new.requester or Requester()
    own = given.email is not None and domain_of(given.email) == domain_of(sender)
    return replace(new, requester=given if own else replace(given, email=sender))


def _answers(happening: ReadMail, partner: Partner | None) -> tuple[Effect, ...]:
    """What our answers answer, and whose mails we then believe."""
    values: dict[str, object] = {"last_partner_message_id": happening.mail.message_id}
    if partner is not None:
        values["partner_domains"] = partner.domains
    return (ChangeRequest(number=NEW, values=values),)


def _unknown_library(happening: ReadMail, context: Context, rules: Rules) -> AskStaff:
    offered = new_partner.offer(happening.mail, happening.reading, context, rules.partners)
    text = f"The library is not on record. {new_partner.HOW if offered else 'Add it as a partner.'}"
    return AskStaff(number=NEW, reason="policy", text=text, commands=(offered,) if offered else ())


def _requester(happening: ReadMail, new: NewRequest, context: Context) -> Partner | None:
    """The partner on record that asks: by the mail's domain, or by the symbol or address that a form gives."""
    if happening.reading.kind is Kind.PARTNER_REQUEST:
        domain = domain_of(happening.mail.from_address)
        return next((p for p in context.partners if domain in {name.lower() for name in p.domains}), None)
    given = new.requester
    by_symbol = rota.by_symbol(context, given.symbol) if given is not None and given.symbol else None
    email = (given.email or "").lower() if given is not None else ""
    return by_symbol or next((p for p in context.partners if email and p.email.lower() == email), None)


def _draft(new: NewRequest, role: Role) -> Request:
    return Request(role=role, service_type=new.service_type, status=Status.NEW)


def _occasion(happening: ReadMail, event: Event, context: Context, rules: Rules, now: datetime) -> Occasion:
    """The event on the request that it has just opened, the last one of the context."""
    request = context.requests[-1]
    lending = request.role is Role.LENDING
    return Occasion(
        event=event,
        request=request,
        by="requester" if lending else "patron",
        context=context,
        rules=rules,
        now=now,
        cause=happening.id,
        notify=not lending or request.partner_id is not None,
    )
