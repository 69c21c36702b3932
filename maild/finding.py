"""What is known of the requests that an input could be about: its Context, read from the database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from maild.clock import Clock
from maild.core.decide_command import looks_back
from maild.core.effects import Command, DueNotice
from maild.core.holders import ANSWER, symbols_in
from maild.core.mail import Clues
from maild.core.request import Context
from maild.core.terms import EventName
from maild.rulebook import Rulebook
from maild.store import context as contexts
from maild.store import records, requests
from maild.store.context import Identity
from maild.store.database import Database

NAMES_SUPPLIERS = ("partner", "hold", "skip", "order", ANSWER)  # values of a command


class Finder:
    """Finds what an input could be about."""

    def __init__(self, *, database: Database, rulebook: Rulebook, identity: Identity, clock: Clock) -> None:
        self._database = database
        self._rulebook = rulebook
        self._identity = identity
        self._clock = clock

    def of_mail(self, clues: Clues, received_at: datetime) -> Context:
        """What a mail that was opened could be about."""
        with self._database.read() as session:
            symbols = self._rulebook.rules.rota_symbols()
            return contexts.context_for(session, clues, self._identity, received_at, extra_symbols=symbols)

    def _of(self, numbers: Iterable[str], happening: Command | DueNotice | None = None) -> Context:
        """What is known of these requests, and of the suppliers and the patron that a command names beside them."""
        values = happening.values if isinstance(happening, Command) else {}
        named = [symbol for key in NAMES_SUPPLIERS for symbol in symbols_in(values.get(key, ""))]
        with self._database.read() as session:
            called = records.symbols_called(session, [*named, *filter(None, [values.get("partner")])])
            symbols = {*self._rulebook.rules.rota_symbols(), *named, *(symbol.upper() for symbol in named), *called}
            wanted = [n for n in numbers if n]
            patron = values.get("patron", "")
            return contexts.context_of(session, wanted, self._identity, self._clock.now(), symbols, patron)

    def of_command(self, happening: Command | DueNotice, numbers: Sequence[str]) -> Context:
        """What such an input is decided by; where staff look back, with what was before."""
        context = self._of(numbers, happening)
        if not isinstance(happening, Command) or not looks_back(happening):
            return context
        with self._database.read() as session:
            return contexts.with_past(session, context, happening.number, self._rulebook.rules.site.zone)

    def fresh(self, context: Context, numbers: Iterable[str]) -> Context:
        """The same Context with its requests as they stand now."""
        return replace(context, requests=self._of(numbers).requests)

    def alike(self, command: Command) -> list[str]:
        """The open requests that what is adopted could be about, and for an Undo those of the same patron."""
        if command.event.event is EventName.UNDO:
            with self._database.read() as session:
                return requests.of_same_patron(session, command.number)
        if command.event.event is not EventName.ADOPT:
            return []
        ids = [one.strip() for one in command.values.get("item_id", "").split(",") if one.strip()]
        with self._database.read() as session:
            return requests.borrowed_alike(session, command.values.get("patron", ""), ids)
