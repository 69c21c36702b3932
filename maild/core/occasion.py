"""One event on one request, with everything that a rule may look at; and the letters that it causes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from maild.core import channels
from maild.core.apply import apply
from maild.core.effects import AskStaff, Audience, Effect, SendLetter
from maild.core.reading import Event
from maild.core.request import Context, Partner, Patron, Request
from maild.core.rules import Rules
from maild.core.terms import Party, Role, Status
from maild.core.workdays import day_in
from maild.core.workflow import By, Letter, LoanTerms, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What happens to whom. `cause` names the input, `choice` is the status that staff chose.

    `notify` false: no letters. `attach` are the attachments of the mail in hand that are the copy itself.
    """

    event: Event
    request: Request
    by: By
    context: Context
    rules: Rules
    now: datetime
    cause: str = ""
    choice: Status | None = None
    began: Status | None = None  # where the request stood before this occasion moved it
    supplier: str = ""  # symbol of the one that staff chose to ask
    notify: bool = True
    attach: tuple[int, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day of `now` in the site's zone."""
        return day_in(self.now, self.rules.site.zone)

    @property
    def partner(self) -> Partner | None:
        """The supplier in hand, or the requester."""
        return self.context.partner(self.request.partner_id)

    @property
    def patron(self) -> Patron | None:
        """Whom we borrow for."""
        return self.context.patron(self.request.patron_id)

    @property
    def workflow(self) -> Workflow:
        """The profile of the request."""
        return self.rules.workflow(self.request, self.partner)

    @property
    def terms(self) -> LoanTerms:
        """What holds for the loan where the other library says nothing."""
        return self.rules.terms(self.request, self.partner)


def seen_after(o: Occasion, done: Sequence[Effect]) -> Occasion:
    """The occasion as it is after these effects."""
    context = apply(o.context, done)
    return replace(o, context=context, request=context.request(o.request.number) or o.request, began=o.request.status)


def write(o: Occasion, letter: Letter, facts: Mapping[str, object]) -> Effect | None:
    """The letter of this occasion; a question to staff where it has no address; None where nobody is written to."""
    if not o.notify:
        return None
    if letter.to is Audience.PARTNER and channels.by_itself(o.partner, letter.name):
        return None
    if letter.to is Audience.PATRON:
        return to_patron(o, letter.name, facts)
    written = to_partner(o, letter.name, facts)
    return replace(written, wanted=letter.always) if isinstance(written, SendLetter) else written


def said_by_hand(number: str, partner: Partner | None, letter: str, way: str) -> AskStaff:
    """What staff must say to a partner that does not take this by mail."""
    name = partner.name if partner is not None else "the partner"
    text = f"{number}: {letter} does not go to {name} by mail: say it {way}, then note it here."
    return AskStaff(number=number, reason="channel", text=text, commands=(f"maild request do {number} Note note=told",))


def to_partner(o: Occasion, letter: str, facts: Mapping[str, object]) -> Effect:
    """A letter to the supplier in hand, or to the requester; a task where staff must say it by another way."""
    if way := channels.by_hand(o.partner, letter):
        return said_by_hand(o.request.number, o.partner, letter, way)
    address = (o.partner.email if o.partner is not None else "") or o.request.partner_address or ""
    if not address:
        return _no_address(o, letter, "the partner")
    return SendLetter(
        number=o.request.number,
        letter=letter,
        audience=Audience.PARTNER,
        to=address,
        party=Party.SUPPLIER if o.request.role is Role.BORROWING else Party.REQUESTER,
        languages=o.partner.languages if o.partner is not None else (o.rules.site.language,),
        cause=f"{o.cause}:{o.event.event}",
        facts=dict(facts),
        partner_id=o.request.partner_id,
    )


def to_patron(o: Occasion, letter: str, facts: Mapping[str, object]) -> Effect | None:
    """A letter to the patron. None while staff have not approved a patron whom nobody knows."""
    unknown = o.patron is not None and not o.patron.approved
    if unknown and (o.began or o.request.status) is Status.NEW:
        return None
    address = address_of_patron(o)
    if not address:
        return _no_address(o, letter, "the patron")
    return SendLetter(
        number=o.request.number,
        letter=letter,
        audience=Audience.PATRON,
        to=address,
        party=Party.PATRON,
        languages=(patron_language(o.request, o.patron, o.rules),),
        cause=f"{o.cause}:{o.event.event}",
        facts=dict(facts),
        attach=o.attach,
    )


def address_of_patron(o: Occasion) -> str:
    """Where the patron is written to, or ""."""
    return (o.patron.email if o.patron is not None else "") or o.request.patron_email or ""


def patron_language(request: Request, patron: Patron | None, rules: Rules) -> str:
    """The patron's language, else the form's, else ours."""
    return request.language or (patron.language if patron is not None else "") or rules.site.language


def _no_address(o: Occasion, letter: str, whom: str) -> AskStaff:
    of = f" for {o.request.number}" if o.request.number else ""  # a new request has none yet
    text = f"The letter {letter}{of} could not go out: {whom} has no e-mail address."
    return AskStaff(number=o.request.number, reason="no-address", text=text)


def stated(event: Event) -> dict[str, object]:
    """What the event itself states, by the names that letters know."""
    names = ("due_date", "expected_date", "retry_after", "expiry", "reason", "loan_condition", "cost", "item_id")
    facts = {name: getattr(event, name) for name in (*names, "url", "attachment", "supplier_ref")}
    return {name: value for name, value in facts.items() if value}
