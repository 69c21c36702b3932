"""The last event of a request taken back, whole: what it had become before, and what was said of it that holds no more.

Nothing is deleted from the history. What went out by mail cannot be called back: it is named, and can be put right.
"""

from dataclasses import fields, replace

from maild.core import corrections
from maild.core.apply import apply
from maild.core.effects import (
    ApprovePatron,
    AskStaff,
    ChangeRequest,
    Effect,
    Move,
    PutAttempt,
    PutItem,
    TakeBack,
    WithdrawLetters,
)
from maild.core.occasion import Occasion
from maild.core.request import Attempt, Charge, Item, Request, Step, Told
from maild.core.rules import Refused
from maild.core.terms import Role, Status

# What no event changes, what stands in tables of its own, and what is known from the records of others.
OTHERWISE_KEPT = frozenset(
    {
        *("id", "number", "version", "role", "status", "flags", "renewal_pending", "created_at"),
        *("items", "attempts", "charges", "mailed", "letters"),
        *("partner_domains", "partner_address", "patron_email", "last_partner_message_id", "last_patron_message_id"),
    }
)
OF_THE_PARTNER = ("partner_domains", "partner_address", "last_partner_message_id")
KEYS = frozenset({"last"})  # the event that is meant: refused where it is not the last one
ORDERS = frozenset({"request_loan", "request_copy"})


def last_event(o: Occasion) -> tuple[Effect, ...]:
    """What takes the last event back. Raises Refused with the reason where something depends on it by now."""
    step = _step(o)
    before = step.before
    if before is None:
        raise Refused(f"{o.request.number}: what it was before {_told(step)} is not kept. {_by_hand(o)}")
    gone = _gone(o.request, before, step)
    own = (t for t in o.context.told if t.step == step.id and t.withdrawn_at is None)
    letters = tuple(t for t in own if not corrections.stays(o, t))
    _may_go(o, gone, letters)
    move = Move(
        number=o.request.number,
        to=before.status,
        event=replace(o.event, note=f"takes back {_told(step)}"),
        add=before.flags - o.request.flags,
        remove=o.request.flags - before.flags,
    )
    withdrawn = (WithdrawLetters(number=o.request.number, letters=tuple(t.message_id for t in letters)),)
    back = (move, *_restored(o.request, before), gone, *_unapproved(o, step))
    anew = corrections.restored(o, apply(o.context, back), letters)
    return (*back, *(withdrawn if letters else ()), *anew, *_offer(o, step, letters))


def reopened(o: Occasion) -> tuple[Effect, ...]:
    """What was said at the end holds no more: it is named, and can be put right. Raises Refused for one erased."""
    if o.request.role is Role.BORROWING and o.request.patron_id is None and o.request.patron_email is None:
        raise Refused(f"{o.request.number}: its patron has been erased; register it anew")
    ended = o.request.closed_at
    letters = [t for t in o.context.told if ended is not None and t.at >= ended and t.withdrawn_at is None]
    if not letters:
        return ()
    number = o.request.number
    mailed = [t for t in letters if t.state == "sent"]
    text = f"{number} is open again. Mailed already: {corrections.listed(mailed, o.rules.site.zone)}."
    ask = AskStaff(number=number, reason=corrections.REASON, text=text, commands=corrections.commands(o, mailed))
    withdrawn = WithdrawLetters(number=number, letters=tuple(t.message_id for t in letters))
    return (withdrawn, ask) if mailed else (withdrawn,)


def why(o: Occasion) -> str:
    """What is taken back, for the history."""
    return f"takes back {_told(_step(o))}"


def is_changed(before: Request, after: Request) -> bool:
    """Whether the request is another one, apart from which mails and letters there were about it."""
    return _plain(before) != _plain(after)


def _step(o: Occasion) -> Step:
    step = o.context.last
    if step is None:
        raise Refused(f"{o.request.number}: there is nothing that could be taken back. {_by_hand(o)}")
    wanted = o.values.get("last", "")
    if wanted and wanted not in step.what.split(", "):
        raise Refused(f"{o.request.number}: the last event is {_told(step)}, not {wanted}")
    return step


def _by_hand(o: Occasion) -> str:
    return f"Undo to=STATUS sets the status by hand, to one of {', '.join(o.workflow.states)}."


def _told(step: Step) -> str:
    return f"{step.what} of {step.at:%Y-%m-%d} by {step.who}"


def _plain(request: Request) -> Request:
    """The request as far as events change it."""
    return replace(
        request,
        version=0,
        mailed=(),
        letters=(),
        partner_domains=(),
        partner_address=None,
        patron_email=None,
        last_partner_message_id="",
        last_patron_message_id="",
        attempts=tuple(_own(attempt) for attempt in request.attempts),
        charges=tuple(replace(charge, settled=False) for charge in request.charges),
    )


def _own(attempt: Attempt) -> Attempt:
    """The attempt without what its partner's record tells."""
    return replace(attempt, partner_domains=())


def _gone(now: Request, before: Request, step: Step) -> TakeBack:
    """What the event added. Raises Refused where a charge that it brought is paid."""
    charges = _charges(now, before)
    return TakeBack(
        number=now.number,
        step=step.id,
        items=tuple(i.id for i in now.items if i.id not in {old.id for old in before.items}),
        attempts=tuple(a.id for a in now.attempts if a.id not in {old.id for old in before.attempts}),
        charges=charges if charges != now.charges else None,
    )


def _charges(now: Request, before: Request) -> tuple[Charge, ...]:
    """The lines as they were; one that was paid meanwhile, and not touched by the event, stays paid."""
    paid = [line for line in now.charges if line.settled and line.money.amount]
    untouched = [replace(line, settled=True) for line in before.charges]
    if any(line not in untouched for line in paid):
        raise Refused(f"{now.number}: a charge of it is invoiced or paid already; credit it instead")
    return tuple(
        was if settled not in paid else settled for was, settled in zip(before.charges, untouched, strict=True)
    )


def _may_go(o: Occasion, gone: TakeBack, letters: tuple[Told, ...]) -> None:
    """Raises Refused where somebody relies on what the event brought."""
    number = o.request.number
    ordered = next((t for t in letters if t.letter in ORDERS and t.state == "sent"), None)
    if gone.attempts and ordered is not None:
        raise Refused(
            f"{number}: {ordered.to} has had our request since {ordered.at:%Y-%m-%d %H:%M} and may be sending it. "
            f"Cancel it there (Cancel), then ask another"
        )


def _unapproved(o: Occasion, step: Step) -> tuple[Effect, ...]:
    """Whom this step made known is not any more, unless another request was sent on for them since."""
    if not step.approves or o.patron is None:
        return ()
    others = [r for r in o.context.requests if r.patron_id == o.patron.id and r.number != o.request.number]
    if any(r.status is not Status.NEW for r in others):
        return ()
    return (ApprovePatron(patron_id=o.patron.id, approved=False),)


def _restored(now: Request, before: Request) -> tuple[Effect, ...]:
    values = {
        f.name: getattr(before, f.name)
        for f in fields(Request)
        if f.name not in OTHERWISE_KEPT and getattr(before, f.name) != getattr(now, f.name)
    }
    if "partner_id" in values:  # else the newest mail stays the one that our next letter answers
        values |= {name: getattr(before, name) for name in OF_THE_PARTNER}
    items = {item.id: item for item in now.items}
    attempts = {attempt.id: _own(attempt) for attempt in now.attempts}
    return (
        *([ChangeRequest(number=now.number, values=values)] if values else []),
        *(PutItem(number=now.number, item=item) for item in before.items if _differs(items, item)),
        *(PutAttempt(number=now.number, attempt=a) for a in before.attempts if attempts.get(a.id) != _own(a)),
    )


def _differs(items: dict[int, Item], item: Item) -> bool:
    return items.get(item.id) != item


def _offer(o: Occasion, step: Step, letters: tuple[Told, ...]) -> tuple[Effect, ...]:
    """What was mailed already, said plainly, with the command that puts it right."""
    mailed = [t for t in letters if t.state == "sent"]
    if not mailed:
        return ()
    kept = [t for t in letters if t.state != "sent" and not (t.written is not None and t.written.again)]
    zone = o.rules.site.zone
    text = f"{o.request.number}: {_told(step)} is taken back. Mailed already: {corrections.listed(mailed, zone)}."
    text += f" Not sent any more: {corrections.listed(kept, zone)}." if kept else ""
    commands = corrections.commands(o, mailed)
    return (AskStaff(number=o.request.number, reason=corrections.REASON, text=text, commands=commands),)
