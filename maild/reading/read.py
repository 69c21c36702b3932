"""Mail → Reading: the first parser that knows it reads it; then which request it is about, and what was odd in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from maild.core.mail import Mail
from maild.core.reading import Doubt, Parser, Reading
from maild.core.request import Context, Request
from maild.core.terms import Kind
from maild.reading.language import language_of
from maild.reading.matching import match
from maild.reading.rules import ReadingRules

TEXT_MAY_BE_FORWARDED = frozenset({Kind.WEB_FORM, Kind.BOUNCE})  # a form's or report's mail passed on says the same


def read_mail(mail: Mail, context: Context, rules: ReadingRules, parsers: Sequence[Parser]) -> Reading:
    """What the mail says and which request of the context it is about. A mail that no parser knows is for a human."""
    if context.received_at is not None:
        mail = replace(mail, received_at=context.received_at)
    return _read(mail, context, context.requests, rules, parsers)


def read_alone(mail: Mail, rules: ReadingRules, parsers: Sequence[Parser]) -> Reading:
    """The same where we know nothing but the mail: its text is judged, and its numbers are taken at their word."""
    return _read(mail, Context(our_addresses=rules.our_addresses), None, rules, parsers)


def _read(
    mail: Mail, context: Context, requests: Sequence[Request] | None, rules: ReadingRules, parsers: Sequence[Parser]
) -> Reading:
    reading = _first(mail, context, rules, parsers)
    found = match(reading, mail, requests, rules.prefixes, context.our_addresses or rules.our_addresses)
    doubts = (*reading.doubts, *found.doubts, *_oddities(mail, reading))
    return replace(reading, requests=found.requests, doubts=doubts)


def _first(mail: Mail, context: Context, rules: ReadingRules, parsers: Sequence[Parser]) -> Reading:
    for parser in parsers:
        reading = parser.read(mail, context, rules)
        if reading is not None:
            return reading if reading.by else replace(reading, by=parser.name)
    text = "no parser knows a mail like this"
    doubt = Doubt(reason="unclear", text=text, passage=mail.new_text[:300])
    return Reading(kind=Kind.UNKNOWN, language=language_of(mail.new_text, rules.lexicons), doubts=(doubt,))


def _oddities(mail: Mail, reading: Reading) -> Iterator[Doubt]:
    """What makes any reading of this mail doubtful, however clear its words."""
    unread = [defect.partition(":")[2] for defect in mail.defects if defect.startswith(("guard:", "unreadable:"))]
    if unread:
        yield Doubt(reason="unreadable", text=f"it could not be read whole ({', '.join(unread)})")
    if mail.ambiguous:
        text = f"two mail programs could show two different mails ({', '.join(mail.ambiguous)})"
        yield Doubt(reason="ambiguous", text=text)
    if "cut" in mail.defects:
        yield Doubt(reason="cut", text="it is so long that only its beginning was read")
    if mail.forwarded and reading.kind not in TEXT_MAY_BE_FORWARDED:
        yield Doubt(reason="forwarded", text="it passes on somebody else's mail, so the words may be another's")
    if reading.events and reading.kind is not Kind.BOUNCE and _answers_by_itself(mail):
        yield Doubt(reason="contradictory", text="it says that a machine answered, and yet it states an outcome")


def _answers_by_itself(mail: Mail) -> bool:
    """RFC 3834 5: auto-replied is an automatic answer; auto-generated may be a library system's true letter."""
    return mail.header("auto-submitted").strip().lower().startswith("auto-replied")
