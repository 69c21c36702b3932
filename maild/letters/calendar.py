"""The dates to keep as an iCalendar file (RFC 5545, RFC 5546 PUBLISH): an event for each thing on loan."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from maild.core.letters import LetterFacts

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
OCTETS = 75  # RFC 5545 3.1
ALARMS = ("-P2DT15H", "PT9H")  # at nine in the morning: three days before, and on the day


def calendar_of(facts: LetterFacts, summary: str, *, organizer: str, now: datetime) -> bytes:
    """The file, or b"" where no date is known.

    The UID is the loan's, so that a renewal moves the event that is there; SEQUENCE is the seconds since 2026, so that
    what was written later wins. `organizer` is our address, which RFC 5546 3.2.1 asks of what is published.
    """
    dated = [(item.volume, item.due_date) for item in facts.items if item.due_date]
    dated = dated or ([("", facts.due_date)] if facts.due_date else [])
    if not dated:
        return b""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//maild//letters//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for place, (volume, day) in enumerate(dated, start=1):
        uid = f"{facts.number.lower()}.{place}@{organizer.rpartition('@')[2]}"
        title = ": ".join(filter(None, (summary, facts.citation.title, volume)))
        lines += _event(uid, title, facts.number, day, organizer, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line)).encode()


def _event(uid: str, title: str, number: str, day: date, organizer: str, now: datetime) -> Iterator[str]:
    stamp = now.astimezone(UTC)
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}"
    yield f"DTSTAMP:{stamp:%Y%m%dT%H%M%SZ}"
    yield f"SEQUENCE:{max(0, int((stamp - EPOCH).total_seconds()))}"
    yield f"ORGANIZER:mailto:{organizer}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_escaped(title)}"
    yield f"DESCRIPTION:{_escaped(number)}"
    yield "TRANSP:TRANSPARENT"
    for trigger in ALARMS:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"DESCRIPTION:{_escaped(title)}"
        yield f"TRIGGER:{trigger}"
        yield "END:VALARM"
    yield "END:VEVENT"


def _escaped(text: str) -> str:
    """RFC 5545 3.3.11."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, no letter cut in two."""
    piece, size = "", 0
    for char in line:
        octets = len(char.encode())
        if size + octets > OCTETS:
            yield piece
            piece, size = " ", 1
        piece, size = piece + char, size + octets
    yield piece
