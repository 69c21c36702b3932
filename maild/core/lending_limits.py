"""Whether a library that asks us is turned down: too much is open, or we do not lend now (domain.md, rule 3)."""

from datetime import date, timedelta

from maild.core.request import Context, Partner
from maild.core.rules import Rules


def try_again(partner: Partner, context: Context, rules: Rules, today: date) -> date | None:
    """The day from which it may ask again, or None where it is not turned down."""
    closed = next((c for c in rules.limits.closed if c.covers(today)), None)
    if closed is not None:
        return rules.calendar.next_open(closed.last + timedelta(days=1))
    if _is_full(partner, context, rules):
        return rules.calendar.next_open(today + timedelta(days=rules.limits.retry_days))
    return None


def _is_full(partner: Partner, context: Context, rules: Rules) -> bool:
    limits = rules.limits
    of_one = partner.max_lent if partner.max_lent is not None else limits.lending_of_one or None
    full_for_one = of_one is not None and partner.lent_to >= of_one
    return full_for_one or bool(limits.lending and context.open_lending >= limits.lending)
