"""The parsers that come with maild, each for one family of mails.

The first that knows a mail reads it, so they stand from the most certain to the least:
- bounce: a report says what it is by its parts, and quotes our own letter, which every reader below would try to read;
- library_system: our own library system, by the addresses that the site lists and by its subjects;
- dialect: a library system's letter has a banner and fixed labels. It comes before auto_reply, because such a letter is
  made by a machine too ("Auto-Submitted: auto-generated") and yet states an outcome;
- auto_reply: needs a header, subject or words that no person writes; its "we have received your request" must not
  reach the readers of plain language;
- our_answers: a mail that holds nothing but an answer which our own letter offered; one word more, and it is not its;
- patron_details: a patron's answer to our question about the work, whose labels are a form's too, so before web_form;
- web_form: a robot's mail with labels, known by its sender or shape;
- partner_request: asks for a work, before partner_reply, for a citation speaks of loans, copies and dates too;
- partner_reply, partner_action, patron_message: plain language, each of the party that the context makes likely.
"""

from maild.core.reading import Parser

from .auto_reply import AutoReplyParser
from .bounce import BounceParser
from .dialect import DialectParser
from .library_system import LibrarySystem
from .our_answers import OurAnswers
from .partner_action import PartnerAction
from .partner_reply import PartnerReply
from .partner_request import PartnerRequestParser
from .patron_details import PatronDetails
from .patron_message import PatronMessage
from .web_form import WebFormParser

BUILTIN: tuple[type[Parser], ...] = (
    BounceParser,
    LibrarySystem,
    DialectParser,
    AutoReplyParser,
    OurAnswers,
    PatronDetails,
    WebFormParser,
    PartnerRequestParser,
    PartnerReply,
    PartnerAction,
    PatronMessage,
)
