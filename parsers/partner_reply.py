"""A partner's free-text answer to a request that we placed with it."""

from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reading.answers import read_answer
from maild.reading.family import domain_of, family_of, is_at, names_ours, requests_meant
from maild.reading.rules import ReadingRules
from maild.reading.today import today_of


class PartnerReply:
    """Reads what a supplier writes in its own words."""

    name = "partner_reply"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading, or None where somebody else is speaking."""
        kind = family_of(mail, context, rules)
        if kind not in {None, Kind.PARTNER_REPLY}:
            return None
        named = names_ours(mail, context, rules)
        partner = is_at(domain_of(mail.from_address), context.partner_domains)
        if kind is None and not named and not partner:
            return None
        requests = requests_meant(mail, context, rules)
        read = read_answer(
            mail, requests[0] if len(requests) == 1 else None, today_of(mail, context, rules.zone), rules
        )
        if kind is None and not read.events:
            return None
        return Reading(
            kind=Kind.PARTNER_REPLY,
            language=read.language,
            events=read.events,
            doubts=read.doubts,
            by=self.name,
            heard=read.heard,
        )
