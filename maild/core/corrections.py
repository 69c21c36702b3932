"""The letter that puts right what readers were told of a request, and held letters that are written anew."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from maild.core import delivery, truth
from maild.core.effects import AskStaff, Audience, Effect, SendLetter, WithdrawLetters
from maild.core.occasion import Occasion, to_partner, to_patron
from maild.core.request import Context, Request, Told, Written
from maild.core.rules import Refused

LETTER = "correction"
REASON = "correction"  # of the task
FATES = {  # of a correction, by its mode
    "auto": "waits for your word",
    "shadow": "is only kept: nothing goes out in shadow",
    "off": "is not written: it is off here",
}


def offered(o: Occasion, after: Context) -> tuple[Effect, ...]:
    """What follows from an edit: letters that put right what it made untrue, and what staff must see of it."""
    request = after.request(o.request.number) or o.request
    held = [t for t in o.context.told if t.state == "held" and _is_untrue(t, request, after)]
    stay = [t for t in held if not _can_be_rewritten(o, t)]
    gone = [t for t in held if t not in stay]
    ids = tuple(t.message_id for t in gone)
    withdrawn = (WithdrawLetters(number=request.number, letters=ids),) if ids else ()
    letters = _corrected(o, after, gone)
    anew = _rewritten(o, after, gone)
    return (*withdrawn, *(written for written, _ in letters), *anew, *_shown(o, letters, anew, stay))


def stays(o: Occasion, told: Told) -> bool:
    """Whether a letter that an edit wrote in the place of a held one cannot be written once more, and is kept."""
    instead = told.state == "held" and told.written is not None and told.written.again
    return instead and not _can_be_rewritten(o, told)


def restored(o: Occasion, after: Context, gone: Sequence[Told]) -> tuple[SendLetter, ...]:
    """What an edit wrote in the place of held letters, as it must be once that edit is taken back."""
    instead = [t for t in gone if t.state != "sent" and t.written is not None and t.written.again]
    there = replace(after, told=tuple(t for t in after.told if t not in gone or t.state == "sent"))
    corrected = [written for written, _ in _corrected(replace(o, notify=False), there, instead)]
    return (*corrected, *_rewritten(o, there, instead))


def _rewritten(o: Occasion, after: Context, held: Sequence[Told]) -> tuple[SendLetter, ...]:
    """The held letters as they are true now, held as before. Corrections are reckoned anew, see _corrected."""
    request = after.request(o.request.number) or o.request
    return tuple(
        SendLetter(
            number=request.number,
            letter=told.letter,
            audience=Audience(told.audience),
            to=told.to,
            languages=told.written.languages,
            cause=f"{o.cause}:{o.event.event}:{told.message_id}",
            facts=_as_now(o, after, told),
            partner_id=told.written.partner_id,
            wanted=told.written.wanted,
            hold=True,
            again=True,
        )
        for told in held
        if told.letter != LETTER and told.written is not None
    )


def _can_be_rewritten(o: Occasion, told: Told) -> bool:
    """Not one whose facts are erased, that brings a file, which lies in it alone, or that would not go out now."""
    written = told.written or Written(partner_id=o.request.partner_id)
    letter = SendLetter(
        number=o.request.number,
        letter=told.letter,
        audience=Audience(told.audience),
        to=told.to,
        partner_id=written.partner_id,
        wanted=written.wanted,
    )
    known = told.letter == LETTER or told.written is not None
    return known and not written.attach and _mode(o, letter) == "auto"


def _as_now(o: Occasion, after: Context, told: Told) -> dict[str, object]:
    """The facts of that letter's occasion, with what an edit changes as it is now."""
    request = after.request(o.request.number) or o.request
    facts = dict(told.written.facts) if told.written is not None else {}
    now = truth.now_of(told, request, after)
    if "pickup_way" in facts:
        facts["pickup_way"] = delivery.way(request, after.partner(request.partner_id), o.rules.pickup).value
    if "new_due_date" in facts and "due_date" in now:
        facts["new_due_date"] = now["due_date"]
    if "cost" in facts and (price := truth.price_noted(request, Audience(told.audience))) is not None:
        facts["cost"] = price
    return facts


def _corrected(o: Occasion, after: Context, held: Sequence[Told]) -> list[tuple[SendLetter, tuple[truth.Change, ...]]]:
    """The corrections with what they correct. One that was held stays owed, also where nobody else is told."""
    request = after.request(o.request.number) or o.request
    owed = {Audience(t.audience) for t in held if t.letter == LETTER}
    at_once = o.values.get("notify") == "yes"
    return [
        (replace(written, hold=not at_once, again=audience in owed), changes)
        for audience in (Audience.PATRON, Audience.PARTNER)
        if (o.notify or audience in owed) and (changes := truth.changed(request, after, audience))
        if isinstance(written := _written(o, after, audience), SendLetter)
    ]


def _shown(
    o: Occasion,
    letters: Sequence[tuple[SendLetter, Sequence[truth.Change]]],
    anew: Sequence[SendLetter],
    stay: Sequence[Told],
) -> tuple[AskStaff, ...]:
    """What was told before and what is true now, with the commands that send what is held or drop it."""
    number = o.request.number
    waits = [(written, changes) for written, changes in letters if written.hold or _mode(o, written) != "auto"]
    texts = [
        f"Told before, and true now: {written.to}: {truth.said(changes)}. The correction {FATES[_mode(o, written)]}."
        for written, changes in waits
    ]
    texts += [
        f"Written anew, for it was held and no longer true: {one.letter} to {one.to}. It waits for your word."
        for one in anew
    ]
    if stay:
        texts.append(
            f"Held as before, though not all of it is true now: {listed(stay, o.rules.site.zone)}. It was not written "
            "anew, for it brings a file or would not go out now: look whether it may go as it is."
        )
    if not texts:
        return ()
    held = stay or anew or any(_mode(o, written) == "auto" for written, _ in waits)
    ways = (f"maild queue release {number}", f"maild queue drop {number}") if held else ()
    return (AskStaff(number=number, reason=REASON, text=f"{number}: {' '.join(texts)}", commands=ways),)


def _mode(o: Occasion, letter: SendLetter) -> str:
    return o.rules.mode_of(letter, o.context.partner(letter.partner_id))


def _is_untrue(told: Told, request: Request, context: Context) -> bool:
    """Whether a letter that is held says what is no longer so; a correction is written anew whatever it says."""
    now = truth.now_of(told, request, context)
    return told.letter == LETTER or any(now.get(name, value) != value for name, value in told.says.items())


def facts(o: Occasion, context: Context, audience: Audience) -> dict[str, object]:
    """The facts of the letter to that reader. Raises Refused where nothing that they were told is untrue."""
    request = context.request(o.request.number) or o.request
    changes = truth.changed(request, context, audience)
    void = _void(request, context, audience)
    if not changes and not void:
        raise Refused(f"nothing that the {audience} was told about {request.number} has become untrue")
    return {
        "changes": tuple({"name": c.name, "was": c.was, "now": c.now} for c in changes),
        "void": tuple({"title": t.subject, "due_date": t.at.date()} for t in void),
    }


def listed(letters: Iterable[Told], zone: str) -> str:
    """The letters with reader and moment, by the clock of the house."""
    return ", ".join(f"{t.letter} to {t.to} on {t.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" for t in letters)


def commands(o: Occasion, letters: Iterable[Told]) -> tuple[str, ...]:
    """What writes the correction, a command for each reader."""
    whom = dict.fromkeys(t.audience for t in letters)
    return tuple(f"maild request do {o.request.number} Note letter={LETTER} whom={one}" for one in whom)


def _written(o: Occasion, context: Context, audience: Audience) -> Effect | None:
    told = facts(o, context, audience)
    return to_patron(o, LETTER, told) if audience is Audience.PATRON else to_partner(o, LETTER, told)


def _void(request: Request, context: Context, audience: Audience) -> tuple[Told, ...]:
    """Letters that hold no more, and of which the reader has not been told so."""
    to_reader = truth.told_to(request, context, audience)
    corrected = max((t.at for t in to_reader if t.letter == LETTER), default=None)
    return tuple(
        t
        for t in to_reader
        if t.withdrawn_at is not None and (corrected is None or t.withdrawn_at > corrected) and t.state == "sent"
    )
