"""Everything that was decided, read and decided again under the rules recorded with it: the same must come out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from maild.core.decide import decide
from maild.core.effects import Command, Decision, DueNotice, Input, OpenRequest, ReadMail
from maild.core.reading import Reading
from maild.core.request import Context
from maild.deciding import DOUBTED, NO_LETTER, TOO_MANY, numbered
from maild.reader import Failed, Opened, ReaderSeam, ToOpen
from maild.rulebook import Rulebook, from_text
from maild.store import inputs
from maild.store.context import Identity
from maild.store.database import Database
from maild.store.decisions import decision_json
from maild.store.inputs import MAIL_INPUT, StoredInput
from maild.store.past import CONTEXT
from maild.store.plain import as_json

HAPPENING: TypeAdapter[Command | DueNotice] = TypeAdapter(Command | DueNotice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one input. `what` is same, erased, unknown (its rules or its texts cannot be used), or differs."""

    id: int
    kind: str
    source_id: str
    what: str
    text: str = ""


class Unusable(Exception):
    """An input cannot be decided again; the text says why."""


class Replay:
    """Reads and decides stored inputs again. `reader_of` gives the reader of a rulebook; changes nothing."""

    def __init__(
        self, database: Database, present: Rulebook, identity: Identity, reader_of: Callable[[Rulebook], ReaderSeam]
    ) -> None:
        self._database = database
        self._identity = identity
        self._reader_of = reader_of
        self._rulebooks: dict[str, Rulebook | None] = {present.digest: present}
        self._readers: dict[str, ReaderSeam] = {}

    def verdicts(self) -> Iterator[Verdict]:
        """One for each input, oldest first."""
        try:
            for one in inputs.inputs(self._database):
                yield self._verdict(one)
        finally:
            for reader in self._readers.values():
                reader.close()

    def _verdict(self, one: StoredInput) -> Verdict:
        if not one.decision:
            return _verdict(one, "erased")
        try:
            rulebook = self._rulebook(one.digest)
            context = self._context(one)
            happening, changed = self._happening(one, rulebook, context)
            decision = decide(happening, context, rulebook.rules, one.at)
        except (Unusable, ValidationError) as err:
            return _verdict(one, "unknown", str(err).splitlines()[0])
        changed += _difference(one.decision, decision)
        return _verdict(one, "differs", "; ".join(changed)) if changed else _verdict(one, "same")

    def _rulebook(self, digest: str) -> Rulebook:
        if digest not in self._rulebooks:
            with self._database.read() as session:
                content = inputs.rules_of(session, digest)
            try:
                self._rulebooks[digest] = from_text(content) if content else None
            except ValueError:  # a later version refuses what an earlier one could use
                self._rulebooks[digest] = None
        found = self._rulebooks[digest]
        if found is None:
            raise Unusable(f"its rules ({digest[:12]}) are not kept, or this version cannot use them")
        return found

    def _context(self, one: StoredInput) -> Context:
        """As it was looked at; the keys of our reply addresses are never stored, so those of today stand in."""
        context = CONTEXT.validate_json(one.context)
        return replace(context, reply_key=self._identity.reply_key, old_reply_keys=self._identity.old_reply_keys)

    def _happening(self, one: StoredInput, rulebook: Rulebook, context: Context) -> tuple[Input, list[str]]:
        """The input, and what is read in it today that was not read then, or the other way round."""
        if one.kind != "mail":
            return HAPPENING.validate_json(one.input), []
        if not one.input:
            raise Unusable("how it was read was not kept by the version that decided it")
        stored = MAIL_INPUT.validate_json(one.input)
        with self._database.read() as session:
            raw = inputs.raw_of_sighting(session, stored.sighting)
        if not raw:
            raise Unusable("its bytes were erased")
        reader = self._reader(rulebook)
        (opened,) = reader.open(
            [
                ToOpen(
                    raw=raw,
                    received_at=stored.received_at,
                    recipients=stored.recipients,
                    return_path=stored.return_path,
                )
            ]
        )
        (read,) = reader.read([context])
        if not isinstance(opened, Opened) or isinstance(read, Failed) or read is None:
            raise Unusable("it cannot be opened and read any more")
        happening = ReadMail(mail=opened.mail, reading=stored.reading, id=one.source_id)
        if stored.late or _same(read, stored.reading):
            return happening, []
        retrained = ", and a judge was trained anew" if rulebook.digest != one.digest else ""
        return happening, [f"it is read otherwise{retrained}"]

    def _reader(self, rulebook: Rulebook) -> ReaderSeam:
        if rulebook.digest not in self._readers:
            self._readers[rulebook.digest] = self._reader_of(rulebook)
        return self._readers[rulebook.digest]


def _same(one: Reading, other: Reading) -> bool:
    """Whether two readings are the same; what the third judge heard on the way is for people."""
    return as_json(replace(one, heard=())) == as_json(replace(other, heard=()))


def _verdict(one: StoredInput, what: str, text: str = "") -> Verdict:
    return Verdict(id=one.id, kind=one.kind, source_id=one.source_id, what=what, text=text)


def _difference(stored: str, decision: Decision) -> list[str]:
    """What the two decisions differ in, by name; [] where they are the same.

    The request number was drawn by the shell, and a letter that could not be written, is doubted or is one too many put
    a task behind the rest: neither is decide's.
    """
    then = json.loads(stored)
    drawn = iter([effect["number"] for effect in then["effects"] if effect["effect"] == OpenRequest.__name__])
    now = json.loads(decision_json(numbered(decision, lambda: next(drawn, ""))))
    ours = len(now["effects"])
    if all(effect.get("reason") in (NO_LETTER, DOUBTED, TOO_MANY) for effect in then["effects"][ours:]):
        then["effects"] = then["effects"][:ours]
    return [f"{name} differs" for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]
