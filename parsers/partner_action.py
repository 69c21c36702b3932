"""A partner that borrows from us, writing freely about a running request: renew, cancel, received, returned ..."""

from maild.core.mail import Mail
from maild.core.reading import Doubt, Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reading.asking import WISHES, read_asking
from maild.reading.family import domain_of, family_of, is_at, names_ours
from maild.reading.rules import ReadingRules


class PartnerAction:
    """Reads what a requesting library writes in its own words."""

    name = "partner_action"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading, or None where somebody else is speaking or a new request is placed."""
        kind = family_of(mail, context, rules)
        partner = is_at(domain_of(mail.from_address), context.partner_domains)
        if kind is not Kind.PARTNER_REQUEST and not (kind is None and partner):
            return None
        read = read_asking(mail, rules, patron=False)
        wished = {event.event for event in read.events} & WISHES
        if not names_ours(mail, context, rules) and not wished and not _enquires(read.doubts):
            return None
        return Reading(
            kind=Kind.PARTNER_REQUEST,
            language=read.language,
            events=read.events,
            doubts=read.doubts,
            by=self.name,
            heard=read.heard,
        )


def _enquires(doubts: tuple[Doubt, ...]) -> bool:
    """Whether it asks something about loans ("do you lend abroad?") without a request of ours."""
    reasons = {doubt.reason for doubt in doubts}
    return {"question", "unclear"} <= reasons and len(doubts) > 2
