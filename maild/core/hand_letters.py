"""Letters that staff send by hand, beside those that a profile sends: `maild request do NUMBER Note letter=NAME`."""

from maild.core import corrections, letter_facts
from maild.core.effects import Audience, Effect
from maild.core.letter_rules import LetterRule
from maild.core.occasion import Occasion, stated, to_partner, to_patron
from maild.core.rules import Refused
from maild.core.terms import EventName


def letter(o: Occasion) -> tuple[Effect, ...]:
    """The letter that the command names, or nothing where it names none. Raises Refused with what may be sent."""
    name = o.values.get("letter")
    if name is None:
        return ()
    rule = o.rules.by_hand.get(name)
    if rule is None or o.request.role not in rule.by_hand:
        known = ", ".join(sorted(n for n, r in o.rules.by_hand.items() if o.request.role in r.by_hand))
        raise Refused(f"letter={name} is none that is sent by hand about {o.request.number}; use one of {known}")
    if o.event.event is not EventName.NOTE or not o.notify:
        raise Refused(f"letter={name} goes with the event Note, and not with --no-notify")
    facts = {**stated(o.event), **letter_facts.of(o)}
    if name == corrections.LETTER:
        facts |= corrections.facts(o, o.context, _audience(o, rule))
    if missing := sorted(rule.needs - facts.keys()):
        raise Refused(f"the letter {name} needs {', '.join(f'{fact}=…' for fact in missing)}")
    written = to_patron(o, name, facts) if _audience(o, rule) is Audience.PATRON else to_partner(o, name, facts)
    if written is None:
        raise Refused(f"the patron of {o.request.number} is not approved: nobody writes to them yet")
    return (written,)


def _audience(o: Occasion, rule: LetterRule) -> Audience:
    """Whom it goes to: the letter's own reader, else the one that `whom=` names."""
    if len(rule.audiences) == 1:
        return next(iter(rule.audiences))
    whom = o.values.get("whom", "")
    if whom not in {audience.value for audience in rule.audiences}:
        raise Refused(f"the letter {rule.name} can go to either side: say whom=patron or whom=partner")
    return Audience(whom)
