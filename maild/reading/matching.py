"""Which request a mail is about: every trace of a number must point the same way, or a human is asked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Request
from maild.core.terms import EventName, Kind, Status
from maild.reading.clues import numbers_in, reply_addresses

CLOSED = frozenset(
    {
        Status.LOAN_COMPLETED,
        Status.COPY_COMPLETED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.COMPLETED_WITHOUT_RETURN,
        Status.FILLED_LOCALLY,
        Status.FOUND_ONLINE,
        Status.FORWARDED_TO_PURCHASE,
    }
)

WHOLE = re.compile(r"-[0-9]{4}-[0-9]{6}")  # without its prefix, and so found soon
# "KP-2026-000170 ja 000173", "KP-2026-000170/171": the second number in short, six digits or three behind a stroke.
SHORT = re.compile(
    r"\b([A-Z][A-Z0-9]{0,7}-[0-9]{4}-)([0-9]{6})(?:\s{0,2}[/–-]([0-9]{3})(?![0-9])"
    r"|\s{0,2}(?:[,&+/;]|\b(?:ja|sekä|och|samt|and|und|og))\s{0,2}(0[0-9]{5})(?![0-9]))",
    re.IGNORECASE,
)

Traces = Mapping[str, frozenset[str]]
"""Where numbers were found, in words for staff, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The request numbers that the traces point to, and what is doubtful about them."""

    requests: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()


def match(
    reading: Reading,
    mail: Mail,
    requests: Sequence[Request] | None,
    prefixes: Sequence[str],
    our_addresses: Sequence[str],
) -> Match:
    """Which of `requests` a mail speaks of; None = we know none, so any number in it is taken at its word."""
    if reading.kind is Kind.BOUNCE:
        return _bounced_letter(reading, mail, requests, prefixes, our_addresses)
    traces = _traces(mail, requests or (), prefixes, our_addresses)
    if reading.kind is Kind.WEB_FORM:
        return Match()  # a number typed into a form addresses nothing
    if _is_new(reading):
        return _new_request(traces, requests)
    found = _agreed(reading, traces, _fallbacks(reading, mail, requests or (), prefixes))
    if reading.kind in {Kind.AUTO_REPLY, Kind.UNKNOWN}:
        return replace(found, doubts=())  # nothing is done by it, so a request is only told where it is plain
    return _known_only(found, requests)


def _is_new(reading: Reading) -> bool:
    return any(event.event is EventName.REQUEST for event in reading.events)


def _new_request(traces: Traces, requests: Sequence[Request] | None) -> Match:
    """No request of ours; a doubt where the mail also points to one, for it may be the old one sent again."""
    known = {request.number for request in requests or ()}
    old = sorted(known & frozenset().union(*traces.values()))
    if not old:
        return Match()
    text = f"it asks for something new, but {_told(traces)}: is it a new request, or the old one?"
    return Match(doubts=(Doubt(reason="several-requests", text=text),))


def _traces(mail: Mail, requests: Sequence[Request], prefixes: Sequence[str], our_addresses: Sequence[str]) -> Traces:
    """Numbers by the place that names them, without empty places. Each is only a label: who may speak is for decide."""
    addresses = reply_addresses(mail, our_addresses, prefixes)
    places = {
        "the reply address": frozenset(address.number for address in addresses),
        "the letter that it answers": _answered(mail, requests),
        "the subject": _numbers(mail.subject, prefixes),
        "the text": _numbers(mail.new_text, prefixes),
    }
    return {place: numbers for place, numbers in places.items() if numbers}


def _numbers(text: str, prefixes: Sequence[str]) -> frozenset[str]:
    """The numbers of a text, those in short made whole."""
    whole = SHORT.finditer(text) if WHOLE.search(text) else ()
    short = (f"{found[1]}{found[2][:3]}{found[3]}" if found[3] else f"{found[1]}{found[4]}" for found in whole)
    return frozenset((*numbers_in(text, prefixes), *(number.upper() for number in short)))


def _answered(mail: Mail, requests: Sequence[Request]) -> frozenset[str]:
    """Requests of the letter in In-Reply-To; of References only where that is none of ours (an old thread goes on)."""
    return _of_letters(mail.in_reply_to, requests) or _of_letters(mail.references, requests)


def _of_letters(message_ids: Iterable[str], requests: Sequence[Request]) -> frozenset[str]:
    ids = {message_id.casefold() for message_id in message_ids}
    return frozenset(r.number for r in requests if not ids.isdisjoint(letter.casefold() for letter in r.letters))


def _fallbacks(reading: Reading, mail: Mail, requests: Sequence[Request], prefixes: Sequence[str]) -> Traces:
    """Weaker traces, best first: they decide only where no better one speaks, but may contradict a better one."""
    theirs = [request for request in requests if _sender_is_partner(mail, request)]
    places = {
        "the quoted letter": frozenset(numbers_in(mail.quoted, prefixes)),
        "the partner's own reference": frozenset(r.number for r in theirs if _names_reference(mail, r)),
        "the item's barcode": frozenset(r.number for r in theirs if _names_open_item(reading, r)),
    }
    return {place: numbers for place, numbers in places.items() if numbers}


def _sender_is_partner(mail: Mail, request: Request) -> bool:
    domain = mail.from_address.rpartition("@")[2].lower()
    lists = [request.partner_domains, *(attempt.partner_domains for attempt in request.attempts)]
    return bool(domain) and any(domain == name.lower() for names in lists for name in names)


def _names_reference(mail: Mail, request: Request) -> bool:
    """Whether the other library's number of it stands in subject or text, as a word of its own."""
    said = f" {_words(mail.subject)} {_words(mail.new_text)} "
    refs = [request.requester_ref, request.supplier_ref, *(attempt.supplier_ref for attempt in request.attempts)]
    # A reference of one or two characters would be found in any mail.
    return any(len(ref) > 2 and f" {_words(ref)} " in said for ref in refs)


def _words(text: str) -> str:
    """The text in lower case with every mark but letters and digits turned into one blank."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _names_open_item(reading: Reading, request: Request) -> bool:
    named = {item_id.casefold() for event in reading.events for item_id in event.item_id}
    if not named or request.status in CLOSED or request.closed_at is not None:
        return False
    return any(item_id.casefold() in named for item in request.items for item_id in item.item_ids)


def _agreed(reading: Reading, traces: Traces, fallbacks: Traces) -> Match:
    if any(event.request for event in reading.events):
        return _tied(reading.events, traces)
    if not traces and not fallbacks:
        text = "it names no request number, answers no letter of ours and fits no item on loan"
        return Match(doubts=(Doubt(reason="no-request", text=text),))
    everything = {**traces, **fallbacks}
    deciding = traces or dict([next(iter(fallbacks.items()))])
    common = frozenset.intersection(*everything.values())
    spoken = deciding.get("the subject", frozenset()) | deciding.get("the text", frozenset())
    if len(common) == 1 and len(spoken) <= 1:
        return Match(requests=tuple(common))
    text = f"which request it is about cannot be told: {_told(everything)}"
    reason = "several-requests" if common or len(spoken) > 1 else "contradictory"
    return Match(doubts=(Doubt(reason=reason, text=text),))


def _tied(events: Sequence[Event], traces: Traces) -> Match:
    """The text itself ties its events to numbers: every number that is named must be one of those."""
    tied = tuple(dict.fromkeys(event.request for event in events if event.request))
    loose = any(event.request is None for event in events)
    strange = [place for place, numbers in traces.items() if numbers.isdisjoint(tied)]
    unspoken = traces.get("the text", frozenset()) - frozenset(tied)
    if loose or strange or unspoken:
        text = f"which of its statements is about which request cannot be told: {_told(traces)}"
        return Match(requests=tied, doubts=(Doubt(reason="several-requests", text=text),))
    return Match(requests=tied)


def _known_only(found: Match, requests: Sequence[Request] | None) -> Match:
    if requests is None:
        return found
    unknown = [number for number in found.requests if all(request.number != number for request in requests)]
    if not unknown:
        return found
    text = f"there is no open request {', '.join(unknown)}"
    return replace(found, doubts=(*found.doubts, Doubt(reason="no-request", text=text)))


def _bounced_letter(
    reading: Reading,
    mail: Mail,
    requests: Sequence[Request] | None,
    prefixes: Sequence[str],
    our_addresses: Sequence[str],
) -> Match:
    """The request of the letter that came back: by its Message-ID, else by the numbers that it carries."""
    returned = [value for name, value in mail.returned_headers if name == "message-id"]
    letter = _of_letters((*returned, *mail.in_reply_to, *mail.references), requests or ())
    if len(letter) == 1:
        return _mailed_only(Match(requests=tuple(letter)), reading, requests)
    headers = " ".join(value for _, value in mail.returned_headers)
    named = {address.number for address in reply_addresses(mail, our_addresses, prefixes)}
    named.update(numbers_in(f"{mail.subject} {headers}", prefixes))
    numbers = tuple(named) or numbers_in(mail.text, prefixes)
    if not numbers:
        text = "it reports on a letter, but on none of ours: somebody may have forged our address"
        return Match(doubts=(Doubt(reason="no-request", text=text),))
    if len(numbers) > 1:
        text = f"the letter that came back names several requests: {', '.join(sorted(numbers))}"
        return Match(doubts=(Doubt(reason="several-requests", text=text),))
    return _mailed_only(_known_only(Match(requests=numbers), requests), reading, requests)


def _mailed_only(found: Match, reading: Reading, requests: Sequence[Request] | None) -> Match:
    """A report about somebody whom we did not write to on that request is a doubt: anyone can write one."""
    request = next((r for r in requests or () if r.number in found.requests), None)
    if request is None:
        return found
    mailed = {address.lower() for address in request.mailed}
    strange = sorted({e.recipient for e in reading.events if e.recipient and e.recipient.lower() not in mailed})
    if not strange:
        return found
    text = f"we did not write to {', '.join(strange)} on {request.number}"
    return replace(found, doubts=(*found.doubts, Doubt(reason="sender", text=text)))


def _told(traces: Traces) -> str:
    return "; ".join(f"{place} names {', '.join(sorted(numbers))}" for place, numbers in traces.items())
