"""Commits what was decided, each input in one transaction with its letters; decides again where a request moved."""

from collections.abc import Callable

import structlog

from maild.clock import Clock
from maild.core.effects import DueNotice, Input
from maild.core.request import Context
from maild.deciding import OPENED, Decided, Decider, changed
from maild.rulebook import Rulebook, as_text
from maild.store import context as contexts
from maild.store import decisions, inputs
from maild.store.database import Database
from maild.store.decisions import Moved, Outcome, SourceKind

log = structlog.get_logger()

REDECIDE = 3  # times that a request may change under a decision


class Committer:
    """Commits decisions. Not for two threads at once."""

    def __init__(self, *, database: Database, rulebook: Rulebook, decider: Decider, clock: Clock) -> None:
        self._database = database
        self._rulebook = rulebook
        self._decider = decider
        self._clock = clock
        self._rules_kept = False

    def commit(
        self, decided: Decided, kind: SourceKind, source: str, actor: str, again: Callable[[], Context], input_json: str
    ) -> Decided:
        """Commits; where a request changed meanwhile, decides again on what it is now. What was decided at last."""
        self.keep_rules()
        for _ in range(REDECIDE):
            try:
                with self._database.write() as session:
                    decisions.commit(session, self.outcome(decided, kind, source, actor, input_json))
            except Moved as moved:
                log.info("request.changed_meanwhile", number=moved.number)
                decided = self._decider.decide(decided.happening, again())
            else:
                self.log(decided, kind, source)
                return decided
        raise RuntimeError(f"{kind} {source}: its request changed under it {REDECIDE} times; it is tried again later")

    def keep_rules(self) -> None:
        """The rules that we decide by, stored before the first decision names them."""
        if not self._rules_kept:
            with self._database.write() as session:
                inputs.keep_rules(session, self._rulebook.digest, as_text(self._rulebook), self._clock.now())
            self._rules_kept = True

    def outcome(self, decided: Decided, kind: SourceKind, source: str, actor: str, input_json: str) -> Outcome:
        """What a commit needs of it."""
        return Outcome(
            kind=kind,
            source_id=source,
            actor=actor,
            at=decided.at,
            decision=decided.decision,
            context_json=contexts.context_json(decided.context),
            rules_digest=self._rulebook.digest,
            letters=decided.letters,
            versions={r.number: r.version for r in decided.context.requests},
            input_json=input_json,
            notices=_decided_together(decided.happening),
        )

    def log(self, decided: Decided, kind: str, source: str) -> None:
        """A line in the journal of what was committed."""
        reading = decided.decision.reading
        log.info(
            "input.decided",
            input=kind,
            id=source,
            mail=str(reading.kind) if reading else "",
            requests=sorted(changed(decided.decision.effects) - {OPENED}),
            events=[str(e.event) for e in reading.events] if reading else [],
            auto=decided.decision.auto,
            by=reading.by if reading else "",
        )


def _decided_together(happening: Input) -> dict[str, str]:
    """The notices of one letter, with their requests."""
    if not isinstance(happening, DueNotice) or not happening.beside:
        return {}
    return {one.id: one.number for one in (happening, *happening.beside)}
