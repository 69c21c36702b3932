"""Several notices for one patron in one letter a day (rules/notices.toml, [together])."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard

from maild.core.effects import Audience, Decision, DueNotice, Effect, PlanNotice, SendLetter
from maild.core.request import Context, Request
from maild.core.rules import Rules
from maild.core.workdays import ONE_DAY, at, day_in

LETTER = "reminders"


def put_off(due: DueNotice, rules: Rules, now: datetime) -> PlanNotice | None:
    """The notice of tomorrow, where the patron has had the letter of today; else None."""
    notice, zone = rules.notices[due.notice], rules.site.zone
    if not notice.together or due.told_at is None or day_in(due.told_at, zone) != day_in(now, zone):
        return None
    return PlanNotice(
        number=due.number,
        notice=due.notice,
        anchor=due.anchor,
        due=at(day_in(now, zone) + ONE_DAY, notice.hour, zone),
        item_id=due.item_id,
        series=notice.series,
    )


def joined(decided: Sequence[tuple[DueNotice, Decision]], context: Context, rules: Rules) -> tuple[Effect, ...]:
    """The effects of all, with one letter in the place of the patron's own ones where there are several."""
    first = context.request(decided[0][0].number)
    own = [(due, e) for due, decision in decided for e in decision.effects if _joins(e, first, context, rules)]
    effects = tuple(e for _, decision in decided for e in decision.effects)
    if len(own) < 2 or first is None:
        return effects
    letter = SendLetter(
        number="",  # about no one request: an answer that names none is for staff
        letter=LETTER,
        audience=Audience.PATRON,
        to=own[0][1].to,
        languages=own[0][1].languages,
        cause=f"{LETTER}:{','.join(due.id for due, _ in own)}",
        facts={"rows": tuple(_row(due, e, context, rules) for due, e in own)},
    )
    told = [e for _, e in own]
    return (*(e for e in effects if e not in told), letter)


def _joins(effect: Effect, first: Request | None, context: Context, rules: Rules) -> TypeGuard[SendLetter]:
    """Whether it is a letter to that very patron, and one that goes the same way as the joint one."""
    if not isinstance(effect, SendLetter) or effect.audience is not Audience.PATRON or first is None:
        return False
    request = context.request(effect.number)
    if request is None or request.patron_id is None or request.patron_id != first.patron_id:
        return False
    joint = SendLetter(number="", letter=LETTER, audience=Audience.PATRON, to=effect.to)
    return rules.mode_of(effect, None) == rules.mode_of(joint, None) != "off"


def _row(due: DueNotice, letter: SendLetter, context: Context, rules: Rules) -> dict[str, object]:
    """What the letter would have said, in a few facts."""
    request = context.request(letter.number)
    citation = request.citation if request is not None else None
    dated = rules.notices[due.notice].anchor == "patron_due_date"
    return {
        "section": letter.letter,
        "number": letter.number,
        "title": (citation.article_title or citation.title or "") if citation is not None else "",
        "due_date": due.anchor if dated else None,
        "place": request.pickup if request is not None and not dated else "",
        "until": letter.facts.get("pickup_until"),
    }
