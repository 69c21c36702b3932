"""A citation that lacks something: the patron is asked once, and the answer is put into the request."""

from maild.core import completeness, holders, works
from maild.core.completeness import Need
from maild.core.effects import AskStaff, ChangeRequest, Effect, Move, SendLetter
from maild.core.occasion import Occasion, patron_language, seen_after, to_patron
from maild.core.reading import Citation, Doubt, Event
from maild.core.rules import Refused
from maild.core.terms import EventName, Flag

LETTER = "details_needed"
INCOMPLETE = frozenset({Flag.INCOMPLETE})

Effects = tuple[Effect, ...]


def ask(o: Occasion, lacking: tuple[Need, ...]) -> Effects:
    """The question to the patron; where the site does not send it, or there is no address, staff complete it."""
    letter = to_patron(o, LETTER, facts(o, lacking))
    if not isinstance(letter, SendLetter) or o.rules.mode_of(letter, None) == "off":
        return (*([letter] if isinstance(letter, AskStaff) else []), _complete_it(o, lacking, "It lacks"))
    names = tuple(need.name for need in lacking)
    asked = Event(event=EventName.NOTE, request=o.request.number, note=f"the patron is asked for: {', '.join(names)}")
    return (
        Move(number=o.request.number, to=o.request.status, event=asked, add=INCOMPLETE),
        ChangeRequest(number=o.request.number, values={"asked_for": names}),
        letter,
    )


def may_ask(o: Occasion) -> bool:
    """Whether the patron of a form can be asked by itself: known to staff, with an address, and the letter is on."""
    letter = to_patron(o, LETTER, {})
    known = not holders.patron_hindrance(o.patron)
    return known and isinstance(letter, SendLetter) and o.rules.mode_of(letter, None) != "off"


def facts(o: Occasion, lacking: tuple[Need, ...]) -> dict[str, object]:
    """What the question and its reminder list, in the patron's language."""
    return {"questions": completeness.labels(lacking, patron_language(o.request, o.patron, o.rules))}


def asked_for(o: Occasion) -> dict[str, object]:
    """The same for a request whose patron was asked before; nothing where none was."""
    asked = completeness.named(o.request.asked_for, o.rules.needs)
    return facts(o, asked) if asked else {}


def taken(o: Occasion) -> Effects | Doubt:
    """The answer put into the citation: it fills gaps, and changes nothing that the form said."""
    given = o.event.citation or Citation()
    if o.by == "staff":
        raise Refused(f"staff complete a citation by: maild request edit {o.request.number} title=…")
    if not o.request.asked_for:
        return Doubt(reason="status", text=f"Nobody was asked what {o.request.number} lacks.")
    clash = completeness.contradicted(o.request.citation, given)
    if clash:
        text = f"The answer says another {', '.join(clash)} than {o.request.number} does."
        return Doubt(reason="contradictory", text=text)
    return _put(o, completeness.merged(o.request.citation, given))


def completed(o: Occasion) -> Effects:
    """The question is over once staff have put in what the patron was asked for; they send the request on."""
    if not o.request.asked_for or completeness.missing(o.request.citation, o.request.service_type, o.rules.needs):
        return ()
    over = Event(event=EventName.NOTE, request=o.request.number, note="the citation is complete now")
    return (
        Move(number=o.request.number, to=o.request.status, event=over, remove=INCOMPLETE),
        ChangeRequest(number=o.request.number, values={"asked_for": ()}),
    )


def _put(o: Occasion, citation: Citation) -> Effects:
    """The new citation; where the request waited for it and it is complete, the request goes on."""
    lacking = completeness.missing(citation, o.request.service_type, o.rules.needs)
    values: dict[str, object] = {"citation": citation} | ({} if lacking else {"asked_for": ()})
    done: Effects = (
        Move(number=o.request.number, to=o.request.status, event=o.event, remove=INCOMPLETE),
        ChangeRequest(number=o.request.number, values=values),
    )
    if lacking:
        return (*done, _complete_it(o, lacking, "The patron has answered, and it still lacks"))
    return (*done, *_onward(seen_after(o, done)))


def _onward(o: Occasion) -> Effects:
    """As a complete form would have gone on: to the first supplier, with its receipt for the patron."""
    if hindrance := _hindrance(o):
        text = f"{o.request.number} is complete now. {hindrance}"
        commands = (f"maild request do {o.request.number} NextSupplier",)
        return (AskStaff(number=o.request.number, reason="policy", text=text, commands=commands),)
    confirmed = to_patron(o, "request_confirmed", {})
    return (*([confirmed] if confirmed is not None else []), *holders.onward(o))


def _hindrance(o: Occasion) -> str:
    """What would have kept the whole form from going on by itself, had it come today, or ""."""
    if same := _duplicate(o):
        return f"{same} is open for the same patron and the same work."
    unknown = holders.patron_hindrance(o.patron)
    if unknown or o.patron is None:
        return unknown
    return holders.limit_hindrance(o.patron, o.patron.open_requests - 1, o.rules)  # this one is counted, too


def _duplicate(o: Occasion) -> str:
    """The number of another open request of the patron for this work, or ""."""
    own = o.request
    others = (r for r in o.context.requests if r.number != own.number and r.closed_at is None)
    same = (r.number for r in others if r.patron_id == own.patron_id and works.same_work(r.citation, own.citation))
    return next(same, "")


def _complete_it(o: Occasion, lacking: tuple[Need, ...], told: str) -> AskStaff:
    number = o.request.number
    text = f"{told}: {', '.join(completeness.labels(lacking, o.rules.site.language))}. Complete it."
    commands = (
        (
            f"maild request edit {number} {lacking[0].one_of[0]}=…",
            f"maild request do {number} NextSupplier",
        )
        if number
        else ()
    )
    return AskStaff(number=number, reason="incomplete", text=text, passage=o.event.passage, commands=commands)
