"""A patron writing freely: renew, cancel, yes or no to a price, is it here yet."""

from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.core.request import Context
from maild.core.terms import EventName, Kind
from maild.reading.asking import WISHES, read_asking
from maild.reading.family import domain_of, family_of, is_at
from maild.reading.rules import ReadingRules


class PatronMessage:
    """Reads what the people write for whom we borrow."""

    name = "patron_message"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading, or None where somebody else is speaking, or nothing about a loan is said."""
        kind = family_of(mail, context, rules)
        domain = domain_of(mail.from_address)
        ours = {domain_of(address) for address in context.our_addresses or rules.our_addresses}
        if kind not in {None, Kind.PATRON_MESSAGE}:
            return None
        if kind is None and (is_at(domain, context.partner_domains) or domain in ours or mail.header("list-id")):
            return None
        read = read_asking(mail, rules, patron=True)
        if kind is None and not ({event.event for event in read.events} & (WISHES | {EventName.REQUEST})):
            return None
        return Reading(
            kind=Kind.PATRON_MESSAGE,
            language=read.language,
            events=read.events,
            doubts=read.doubts,
            by=self.name,
            heard=read.heard,
        )
