"""Which notices a request needs as it stands now, and what must be planned and taken back when it changes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from maild.core import returns
from maild.core.effects import Audience, DropNotices, Effect, PlanNotice
from maild.core.notice_rules import Notice
from maild.core.renewals import is_pending
from maild.core.request import Attempt, Context, Partner, Request
from maild.core.rules import Rules
from maild.core.terms import EventName, Flag
from maild.core.workdays import ONE_DAY, at, day_in

Key = tuple[str, date]
COUNTED = frozenset({"entered", "touched"})  # from a day of our own doing, not from a date of the request


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A notice that a request needs: from which date it counts, and when its hour comes."""

    notice: Notice
    anchor: date
    due: datetime
    item_id: int = 0


def plan(
    number: str, before: Context, after: Context, rules: Rules, now: datetime, since: date | None = None
) -> list[Effect]:
    """The effects that make the planned notices of a request fit what it has become.

    What stays as it was is not touched; what counts from another date now is taken back and planned anew. `since` is
    the day from which its status counts, where that is not today.
    """
    was, becomes = before.request(number), after.request(number)
    if becomes is None:
        return []
    today = day_in(now, rules.site.zone)
    entered = since or today
    had = wanted(was, before, rules, _entered(was, becomes, entered), touched=date.min) if was is not None else {}
    needs = wanted(becomes, after, rules, entered, touched=today)
    kept = {key for key, one in needs.items() if key in had and had[key].due == one.due}
    gone = {name for name, _ in had.keys() - kept}
    settled = _settled([one for key, one in had.items() if key not in kept], {name for name, _ in needs})
    kept -= {key for key in kept if key[0] in gone}  # a drop takes every anchor of that name
    new = [one for key, one in needs.items() if key not in kept and not _too_late(one, now)]
    drop = DropNotices(number=number, notices=tuple(sorted(gone)), settled=tuple(sorted(settled)))
    dropped: list[Effect] = [drop] if gone else []
    return [*dropped, *(_planned(number, one) for one in new)]


def _settled(gone: Iterable[Wanted], still: Collection[str]) -> set[str]:
    """The notices whose question to staff is over: none is wanted any more, or it counted from a date that moved.

    One that also runs where the request came to may be unanswered still (the rest of a work in parts).
    """
    asking = (one.notice for one in gone if one.notice.ask or one.notice.event is not None)
    return {notice.name for notice in asking if notice.name not in still or notice.anchor != "entered"}


def _entered(was: Request, becomes: Request, today: date) -> date:
    """For a status that was left, a day that no new plan has: what counted from entering it is over."""
    return today if was.status is becomes.status else date.min


def _too_late(one: Wanted, now: datetime) -> bool:
    """A warning before a date makes no sense once its hour is past; a reminder after one still does."""
    return one.notice.days < 0 and one.due < now


def _planned(number: str, one: Wanted) -> PlanNotice:
    return PlanNotice(
        number=number,
        notice=one.notice.name,
        anchor=one.anchor,
        due=one.due,
        item_id=one.item_id,
        series=one.notice.series,
    )


def wanted(request: Request, context: Context, rules: Rules, entered: date, *, touched: date) -> dict[Key, Wanted]:
    """The notices that the request needs as it stands, by name and anchor.

    `entered`: the day it came to its status; `touched`: the day on which anything last happened to it.
    """
    found: dict[Key, Wanted] = {}
    for notice in _listed(request, context, rules):
        name = notice.name
        if notice.off or not fits(notice, request):
            continue
        since = touched if notice.anchor == "touched" else entered
        for anchor, item_id in _anchors(notice, request, context, rules, since):
            key = (name, anchor)
            due = _due(notice, anchor, request, context, rules) if anchor != date.min else _NEVER
            shared = key in found  # one notice for all items of the same date
            found[key] = Wanted(notice=notice, anchor=anchor, due=due, item_id=0 if shared else item_id)
    return found


def _listed(request: Request, context: Context, rules: Rules) -> Iterator[Notice]:
    """Those of its status, and in an open one those that wake us when nothing happens at all."""
    workflow = rules.workflow(request, context.partner(request.partner_id))
    state = workflow.state(request.status)
    patron = context.patron(request.patron_id)
    unasked = patron is not None and patron.group.casefold() in workflow.loan.renewed_for_groups
    for name in state.notices:
        if rules.notices[name].event is not EventName.RENEW or unasked:
            yield rules.notices[name]
    if not state.final:
        yield from (notice for notice in rules.notices.values() if notice.anchor == "touched")


def next_date(wanted_ones: Iterable[Wanted], now: datetime) -> datetime | None:
    """When the next notice comes that counts from a date of the request itself; None where all of them are past."""
    ours = COUNTED | {"account_ends"}
    return min((w.due for w in wanted_ones if w.notice.anchor not in ours and w.due > now), default=None)


_NEVER = datetime.min.replace(tzinfo=UTC)


def fits(notice: Notice, request: Request) -> bool:
    """Whether the flags and the supplier's last answer are those that the notice is for."""
    flags = request.flags | ({Flag.RENEWAL_PENDING} if is_pending(request) else set())
    reason = request.attempts[-1].reason if request.attempts else ""
    return (
        notice.only_with <= flags and not notice.not_with & flags and (not notice.reasons or reason in notice.reasons)
    )


def due_at(notice: Notice, base: date, rules: Rules) -> datetime:
    """When the notice's hour comes, counted from `base`."""
    later = base + timedelta(days=notice.days)
    day = rules.calendar.add_working_days(base, notice.days) if notice.working else later
    return at(day, notice.hour, rules.site.zone)


def _anchors(
    notice: Notice, request: Request, context: Context, rules: Rules, entered: date
) -> Iterator[tuple[date, int]]:
    """The dates that the notice counts from, each with its item where it is one item's."""
    if notice.anchor in COUNTED:
        yield entered, 0
    elif notice.anchor in {"due_date", "patron_due_date"}:
        for item in request.items:
            day = item.due_date if notice.anchor == "due_date" else item.patron_due_date
            if day is not None and not returns.is_over(item, request, notice.anchor):
                yield day, item.id
    else:
        day = _single(notice, request, context, rules)
        if day is not None:
            yield day, 0


def _single(notice: Notice, request: Request, context: Context, rules: Rules) -> date | None:
    if notice.anchor == "need_before":
        return request.need_before
    if notice.anchor == "account_ends":
        patron = context.patron(request.patron_id)
        return patron.account_ends if patron is not None else None
    in_hand = attempt_in_hand(request)
    if in_hand is None:
        return None
    if notice.anchor == "expected_date":
        return in_hand.expected_date
    return day_in(in_hand.asked_at, rules.site.zone) if in_hand.asked_at else None


def _due(notice: Notice, anchor: date, request: Request, context: Context, rules: Rules) -> datetime:
    """When its hour comes: the clock of an answer stands while the partner says that nobody is there."""
    usual = due_at(notice, anchor, rules)
    partner = context.partner(request.partner_id)
    if partner is None or partner.absent_until is None or partner.absent_until <= anchor:
        return usual
    if notice.anchor != "asked":
        return _once_back(notice, usual, partner, partner.absent_until, rules)
    since = max(partner.absent_since or anchor, anchor)
    if day_in(usual, rules.site.zone) < since:
        return usual
    counted = _counted(notice, anchor, since, rules)
    return due_at(replace(notice, days=notice.days - counted), partner.absent_until, rules)


def _once_back(notice: Notice, usual: datetime, partner: Partner, until: date, rules: Rules) -> datetime:
    """A letter to a library that says it is closed comes on the first open day after."""
    day = day_in(usual, rules.site.zone)
    if notice.to is not Audience.PARTNER or not (partner.absent_since or day) <= day <= until:
        return usual
    return at(rules.calendar.next_open(until + ONE_DAY), notice.hour, rules.site.zone)


def _counted(notice: Notice, anchor: date, since: date, rules: Rules) -> int:
    """How many of the notice's days had gone when the clock was stopped."""
    days = (anchor + timedelta(days=n) for n in range(1, (since - anchor).days))
    return sum(rules.calendar.is_open(day) or not notice.working for day in days)


def attempt_in_hand(request: Request) -> Attempt | None:
    """The attempt of the supplier that we wait for, or None. Those before it are over."""
    last = request.attempts[-1] if request.attempts else None
    return last if last is not None and last.partner_id and last.partner_id == request.partner_id else None
