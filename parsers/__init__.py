"""The parsers that come with maild, each for one family of mails."""

from maild.core.reading import Parser

from .auto_reply import AutoReplyParser
from .bounce import BounceParser

BUILTIN: tuple[type[Parser], ...] = (BounceParser, AutoReplyParser)
