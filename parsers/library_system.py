"""Reads what our library system mails of check-outs and check-ins: known by its sender, words by the site's table."""

from maild.core import library_system
from maild.core.library_system import Kind as Reported
from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reading.rules import ReadingRules


class LibrarySystem:
    """Reads the mails of the library system."""

    name = "library_system"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """An event for each thing of an open request; safe to file away where none is ours; None for another's mail."""
        if mail.from_address.lower() not in {address.lower() for address in context.library_systems}:
            return None
        kind = library_system.kind_of(mail.subject, rules.reported)
        items = library_system.items_in(mail.text, rules.reported)
        if kind not in {Reported.CHECK_OUT, Reported.CHECK_IN} or not items:
            return None
        events: list[Event] = []
        for item in items:
            found = [
                r for r in context.requests if r.closed_at is None and any(item in one.item_ids for one in r.items)
            ]
            if len(found) > 1:
                text = f"{item} is a thing of {' and '.join(r.number for r in found)}: which is meant?"
                return Reading(
                    kind=Kind.LIBRARY_SYSTEM, doubts=(Doubt(reason="several-requests", text=text),), by=self.name
                )
            events += [e for r in found if (e := library_system.event_for(kind, item, r)) is not None]
        numbers = tuple(dict.fromkeys(event.request or "" for event in events))
        about = Kind.LIBRARY_SYSTEM if events else Kind.AUTO_REPLY  # a receipt for what is none of ours, or was known
        return Reading(kind=about, requests=numbers, events=tuple(events), by=self.name)
