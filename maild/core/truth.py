"""What letters can tell of a request, what their readers were told of it, and what is true now."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from maild.core.costs import INVOICE
from maild.core.effects import Audience, SendLetter
from maild.core.letter_gathering import facts_of
from maild.core.letters import LetterFacts, SiteFacts
from maild.core.reading import Citation, Money
from maild.core.request import Context, Request, Told
from maild.core.terms import Role

OWN = ("due_date", "need_before", "pickup")  # of the request; the work is told of by every letter
NOBODY = SiteFacts(name={}, address="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact that a reader was told otherwise, in plain form: days as 2026-12-03."""

    name: str
    was: str
    now: str


def says(facts: LetterFacts) -> dict[str, str]:
    """What a letter with these facts can tell of the request, by name, in plain form."""
    named = (f.name for f in fields(Citation) if f.name != "place")  # which has no label of its own
    work = {name: getattr(facts.citation, name) for name in named}
    own = {name: getattr(facts, name) for name in OWN}
    told = {name: str(value) for name, value in (work | own).items() if value}
    return told | ({"cost": amount(facts.cost)} if facts.cost is not None else {})


def amount(money: Money) -> str:
    """A sum in plain form: 12.50 EUR, also of 12.5 or, as the table of charges gives it, of 8."""
    return f"{money.amount:.2f} {money.currency}"


def changed(request: Request, context: Context, audience: Audience) -> tuple[Change, ...]:
    """What that reader was last told otherwise than it is now."""
    now = true_now(request, context, audience)
    was: dict[str, str] = {}
    for told in told_to(request, context, audience):
        was |= told.says
    return tuple(
        Change(name=name, was=was[name], now=now[name]) for name in now if name in was and was[name] != now[name]
    )


def now_of(told: Told, request: Request, context: Context) -> dict[str, str]:
    """What that letter would say now: about its own items, where it is not about all."""
    named = told.written.facts.get("item_id", ()) if told.written is not None else ()
    return true_now(request, context, Audience(told.audience), named)


def true_now(request: Request, context: Context, audience: Audience, items: object = ()) -> dict[str, str]:
    """What letters to that audience would say now."""
    letter = SendLetter(number=request.number, letter="", audience=audience, to="", facts={"item_id": items})
    price = price_noted(request, audience)
    told = says(facts_of(letter, _with(context, request), NOBODY))
    return told | ({"cost": amount(price)} if price is not None else {})


def told_to(request: Request, context: Context, audience: Audience) -> list[Told]:
    """The letters that this reader has or is about to get, oldest first: of partners only the one in hand."""
    return [
        t
        for t in context.told
        if t.audience == audience
        and t.state != "held"
        and (audience is Audience.PATRON or t.to == (request.partner_address or "").lower())
    ]


def _with(context: Context, request: Request) -> Context:
    return Context(requests=(request,), partners=context.partners, patrons=context.patrons)


def price_noted(request: Request, audience: Audience) -> Money | None:
    """What was noted last as to be paid by the patron, or between us and this library; what it invoices is its word."""
    between = "us" if request.role is Role.BORROWING else "partner"
    payer = "patron" if audience is Audience.PATRON else between
    noted = [
        charge.money
        for charge in request.charges
        if charge.payer == payer
        and charge.kind != INVOICE
        and (audience is Audience.PATRON or charge.partner_id == request.partner_id)
    ]
    return noted[-1] if noted else None


def said(changes: Sequence[Change]) -> str:
    """The changes as staff read them."""
    return ", ".join(f"{c.name} {c.was} → {c.now}" for c in changes)
