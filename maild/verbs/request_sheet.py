"""One request as a librarian reads it: the work, for whom, where it stands, what is awaited, what is to be done."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from maild.core import channels
from maild.core.notice_rules import Notice
from maild.core.renewals import is_pending
from maild.core.request import Charge, Item, Partner, Patron, Request
from maild.core.terms import Role, Status
from maild.core.workflow import State
from maild.store.outbox import Unsent
from maild.store.requests import Entry, Task

BORROWED = {
    Status.REQUESTED: "the supplier's answer",
    Status.REQUEST_RECEIVED: "the supplier's word whether it comes",
    Status.EXPECT_TO_SUPPLY: "the supplier, who sends it later",
    Status.WILL_SUPPLY: "the supplier, who sends it",
    Status.CANCEL_PENDING: "the supplier's answer to our cancelling",
    Status.LOANED: "the parcel",
    Status.AWAITING_PICKUP: "the patron, who fetches it",
    Status.IN_OFFICE_DELIVERY: "the patron's office, where it arrives",
    Status.WITH_PATRON: "the patron, who brings it back",
    Status.SHIPPED_RETURN: "the supplier, where it arrives",
}
LENT = {
    Status.RETRY_POSSIBLE: "the library's answer",
    Status.LOANED: "the library, which sends it back",
    Status.SHIPPED_RETURN: "the parcel",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What happens by itself at a moment, unless something comes first; `rule` is None for one of earlier rules."""

    due: datetime
    name: str
    rule: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A request with what its reader needs. `state`: the status as its profile has it, where rules can be read."""

    request: Request
    partner: Partner | None = None
    patron: Patron | None = None
    state: State | None = None
    tasks: tuple[Task, ...] = ()
    unsent: tuple[Unsent, ...] = ()
    planned: tuple[Planned, ...] = ()
    entries: tuple[Entry, ...] = ()


def lines(sheet: Sheet, zone: ZoneInfo) -> Iterator[str]:
    """The sheet from what staff ask first to what happened, oldest first."""
    r = sheet.request
    yield f"{r.number}  {r.service_type}, {'borrowed' if r.role is Role.BORROWING else 'lent'}"
    for label, text in (*_heading(sheet), *_standing(sheet, zone)):
        if text:
            yield f"  {label:<10} {text}"
    todo = list(_to_do(sheet))
    yield from ("", "to do", *todo) if todo else ()
    yield from ("", "what happened")
    for e in sheet.entries:
        why = f" ({e.why})" if e.why else ""
        yield f"{e.at.astimezone(zone):%Y-%m-%d %H:%M}  {e.what:<9} {e.text}{why}"


def _heading(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """What it is, for whom, and with which library."""
    r, work = sheet.request, sheet.request.citation
    parts = (work.article_author or work.author, work.article_title or work.title, work.article_title and work.title)
    yield "work", ": ".join(filter(None, (parts[0], ", in: ".join(filter(None, parts[1:])))))
    where = zip(("", "vol.", "no.", "pp.", "ed.", "ISBN", "ISSN"), _where(r), strict=True)
    yield "", ", ".join(f"{label} {value}".strip() for label, value in where if value)
    library = f"{sheet.partner.name} ({sheet.partner.symbol})" if sheet.partner else r.partner_address or ""
    ref = r.supplier_ref if r.role is Role.BORROWING else r.requester_ref
    if r.role is Role.BORROWING:
        patron = sheet.patron
        known = (patron.name, f"card {patron.card}" if patron.card else "", patron.email) if patron else ()
        yield "for", ", ".join(filter(None, known or (r.patron_email,)))
    yield "from" if r.role is Role.BORROWING else "to", f"{library}{f', its number {ref}' if ref else ''}"
    if sheet.partner is not None:
        yield from _reached(r, sheet.partner)


def _reached(request: Request, partner: Partner) -> Iterator[tuple[str, str]]:
    """What staff need of the library's record: where to order and renew by hand, or its card in our library system."""
    if request.role is Role.LENDING:
        yield "its card", partner.their_card
        return
    yield "order", channels.way(partner, partner.order_channel)
    yield "renew", channels.way(partner, partner.renew_channel)


def _where(request: Request) -> tuple[str | None, ...]:
    work = request.citation
    return (work.year, work.volume, work.issue, work.pages, work.edition, work.isbn, work.issn)


def _standing(sheet: Sheet, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """Where it stands, what is awaited and until when, and what is on loan."""
    r = sheet.request
    says = sheet.state.says if sheet.state else ""
    flags = f", {', '.join(sorted(r.flags))}" if r.flags else ""
    yield "status", f"{f'{says} ({r.status})' if says else r.status}{flags}"
    if r.closed_at is not None:
        yield "closed", f"{r.closed_at.astimezone(zone):%Y-%m-%d}"
    else:
        yield "awaited", _awaited(sheet)
        for one in sheet.planned[:2]:
            yield "next", f"{one.due.astimezone(zone):%Y-%m-%d %H:%M}  {_what(one)}"
    yield "fetched at", r.pickup
    for item in r.items:
        yield f"item {item.id}", _item(item)
    yield "needed by", f"{r.need_before}" if r.need_before else ""
    yield "charges", "; ".join(map(_charge, r.charges))
    yield "note", r.note


def _awaited(sheet: Sheet) -> str:
    """Who has the next word: staff where a task is open or the status is theirs."""
    r = sheet.request
    if sheet.state is not None and sheet.state.owner == "staff":
        return "you: the next step is the desk's"
    others = (BORROWED if r.role is Role.BORROWING else LENT).get(r.status, "")
    renewal = "the answer about the renewal" if is_pending(r) else ""
    return "; ".join(filter(None, ("you, see to do" if sheet.tasks else "", others, renewal)))


def _what(planned: Planned) -> str:
    """What such a notice does, in words."""
    rule = planned.rule
    if rule is None:
        return planned.name
    if rule.letter:
        return f"the letter {rule.letter} goes to the {rule.to}"
    return f"you are asked: {rule.ask}" if rule.ask else f"{rule.event}, by the clock ({rule.name})"


def _to_do(sheet: Sheet) -> Iterator[str]:
    """Tasks and letters that wait for somebody, with the commands that settle them."""
    for task in sheet.tasks:
        yield f"  {task.text}"
        yield from (f"    {command}" for command in (*task.commands, f"maild queue settle {task.id}"))
    for letter in sheet.unsent:
        ways = {
            "held": f": maild queue release {letter.id}, or maild queue drop --letter {letter.id}",
            "failed": f", {letter.last_error}: maild queue retry --letter {letter.id}",
        }
        if letter.state in ways:
            yield f"  letter {letter.letter} to {letter.to} is {letter.state}{ways[letter.state]}"


def _item(item: Item) -> str:
    """One thing on loan: its main id and the others on it, its dates, and where it is."""
    main, *others = item.item_ids or ("no id",)
    parts = [
        f"volume {item.volume}" if item.volume else "",
        f"main {main}" if others else main,
        f"also {', '.join(others)}" if others else "",
        f"due {item.due_date}" if item.due_date else "",
        f"for the patron {item.patron_due_date}" if item.patron_due_date else "",
        item.place,
    ]
    return ", ".join(filter(None, parts))


def _charge(charge: Charge) -> str:
    settled = ", settled" if charge.settled else ""
    return f"{charge.kind} {charge.money.amount} {charge.money.currency}, paid by {charge.payer}{settled}"
