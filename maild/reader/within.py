"""Mails opened and read in this process: by the child for each order, by commands and tests at once."""

import traceback
from collections.abc import Sequence

from maild.core.mail import Mail
from maild.core.reading import Parser, Reading
from maild.core.request import Context
from maild.reader.seam import Failed, Opened, Part, ToOpen
from maild.reading.clues import clues_of
from maild.reading.masking import masked
from maild.reading.opening import open_mail, part_bytes
from maild.reading.read import read_mail
from maild.reading.rules import ReadingRules
from maild.registry import load_parsers


class InProcessReader:
    """The same without a child: for what is read by hand, and for tests."""

    def __init__(self, rules: ReadingRules, parsers: Sequence[Parser] | None = None) -> None:
        self._rules = rules
        self._parsers = tuple(load_parsers() if parsers is None else parsers)
        self._batch: dict[int, Mail] = {}

    def open(self, mails: Sequence[ToOpen]) -> list[Opened | Failed]:
        """The mails, opened."""
        self._batch = {}
        return [self.open_one(i, one) for i, one in enumerate(mails)]

    def read(self, contexts: Sequence[Context | None]) -> list[Reading | Failed | None]:
        """Their readings."""
        return [None if context is None else self.read_one(i, context) for i, context in enumerate(contexts)]

    def parts(self, raw: bytes, indexes: Sequence[int]) -> list[Part]:
        """Files out of a mail."""
        known = {a.index: a for a in open_mail(raw).attachments}
        return [
            Part(name=known[i].name, type=known[i].sniffed or "application/octet-stream", data=part_bytes(raw, i))
            for i in indexes
            if i in known
        ]

    def close(self) -> None:
        """Nothing to end."""

    def hold(self, number: int, mail: Mail) -> None:
        """A mail of the batch that another child had opened."""
        self._batch[number] = mail

    def open_one(self, number: int, one: ToOpen) -> Opened | Failed:
        """One mail of the batch, opened and held."""
        if number == 0:
            self._batch = {}
        try:
            mail = masked(
                open_mail(
                    one.raw,
                    received_at=one.received_at,
                    recipients=one.recipients,
                    return_path=one.return_path,
                    our_addresses=self._rules.our_addresses,
                    quotes=self._rules.quotes,
                )
            )
            self._batch[number] = mail
            return Opened(mail=mail, clues=clues_of(mail, self._rules.prefixes, self._rules.our_addresses))
        except Exception as err:  # a bug of ours: this mail fails, the others of the batch are read
            return Failed(why=f"{type(err).__name__}: {err}", trace=traceback.format_exc())

    def read_one(self, number: int, context: Context) -> Reading | Failed:
        """The reading of one mail that is held."""
        try:
            return read_mail(self._batch[number], context, self._rules, self._parsers)
        except Exception as err:  # a bug of ours or of a site's parser, as above
            return Failed(why=f"{type(err).__name__}: {err}", trace=traceback.format_exc())
