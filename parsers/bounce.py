"""Reports of mail systems about letters that did not arrive, or not yet."""

from maild.core.mail import DeliveryStatus, Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context
from maild.core.terms import EventName, Kind
from maild.reading.bounces import failures, is_report, language_of_report
from maild.reading.rules import ReadingRules

NOT_OURS = frozenset({"disposition-notification", "feedback-report"})  # receipts; complaints of spam


class BounceParser:
    """Reads delivery status notifications and their older, free-text relatives. An event a recipient."""

    name = "bounce"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """DeliveryFailed and DeliveryDelayed in the report's order. A report of success is a receipt: no event."""
        if mail.report_type in NOT_OURS or not is_report(mail):
            return None
        language = language_of_report(mail.text)
        events = tuple(_event(status) for status in failures(mail, context.our_addresses or rules.our_addresses))
        if events:
            return Reading(kind=Kind.BOUNCE, language=language, events=events)
        if mail.deliveries:
            return Reading(kind=Kind.AUTO_REPLY, language=language)
        if mail.report_type != "delivery-status":
            return None  # a postmaster may write of other things
        text = "a mail system reports on a letter, but whom it did not reach cannot be read"
        return Reading(kind=Kind.BOUNCE, language=language, doubts=(Doubt(reason="incomplete", text=text),))


def _event(status: DeliveryStatus) -> Event:
    late = status.action == "delayed"
    return Event(
        event=EventName.DELIVERY_DELAYED if late else EventName.DELIVERY_FAILED,
        recipient=status.recipient,
        note=f"{status.status} {status.diagnostic}".strip() or None,
        passage=status.diagnostic,
    )
