"""The one sequence: take kept mails, open, find what could be meant, read, decide, commit.

Staff's commands and notices that fall due join it at decide: there is one way to change a request, whoever asks.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from pydantic import TypeAdapter

from maild.clock import Clock
from maild.committing import Committer
from maild.core.effects import Command, Decision, DueNotice, ReadMail
from maild.core.request import Context
from maild.core.rules import Rules
from maild.deciding import OPENED, Decided, Decider, changed
from maild.finding import Finder
from maild.letters.body import AttachedFile
from maild.letters.compose import Composer
from maild.reader import Failed, Opened, ReaderSeam, ToOpen
from maild.rulebook import Rulebook
from maild.store import claiming, decisions, looking, outbox, requests, settling
from maild.store.claiming import Claimed
from maild.store.context import Identity
from maild.store.database import Database
from maild.store.decisions import Moved, SourceKind, savepoint
from maild.store.inputs import MAIL_INPUT, MailInput
from maild.store.outage import is_outage

log = structlog.get_logger()

BATCH = 50  # mails opened together
HAPPENING: TypeAdapter[Command | DueNotice] = TypeAdapter(Command | DueNotice)


class Desk:
    """Carries inputs from reading to commit. Not for two threads at once."""

    def __init__(
        self,
        *,
        database: Database,
        reader: ReaderSeam,
        rulebook: Rulebook,
        composer: Composer,
        identity: Identity,
        clock: Clock,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._reader = reader
        self._rulebook = rulebook
        self._clock = clock
        self._committed = committed
        self._careful = 0  # how many mails are to be taken one by one
        self._blameless = False  # the work broke off because of the database, and no mail is to blame
        self._finder = Finder(database=database, rulebook=rulebook, identity=identity, clock=clock)
        self._decider = Decider(database=database, rulebook=rulebook, composer=composer, clock=clock, files=self._files)
        self._committer = Committer(database=database, rulebook=rulebook, decider=self._decider, clock=clock)

    # Mails

    def work(self, limit: int = BATCH) -> int:
        """Deals with up to `limit` kept mails, oldest first; how many were claimed."""
        if self._careful:
            self._careful, limit = self._careful - 1, 1
        try:
            with self._database.write() as session:
                claimed = claiming.claim(session, limit, self._clock.now())  # from here the try counts, come what may
            if claimed:
                self._deal_with(claimed)
        except Exception as err:  # of a claim too: its commit may have come through where the answer did not
            self._blameless = is_outage(err)
            raise
        if claimed:
            self._committed()
        return len(claimed)

    def recover(self) -> None:
        """For the one process: claims of a dead one, or of work that broke off, are free again.

        Those mails are then taken one by one, so that one that kills the process is found, and takes no other with it.
        """
        with self._database.write() as session:
            self._careful = claiming.release_claims(session, blameless=self._blameless)
        self._blameless = False

    def warm_up(self) -> None:
        """Starts the reader. Raises what it raises where it cannot start."""
        self._reader.open([ToOpen(raw=b"")])

    def _deal_with(self, claimed: Sequence[Claimed]) -> None:
        opened = self._reader.open([_to_open(c) for c in claimed])
        found = [
            self._finder.of_mail(one.clues, claim.received_at) if isinstance(one, Opened) else None
            for claim, one in zip(claimed, opened, strict=True)
        ]
        readings = self._reader.read(found)
        ready: list[tuple[Claimed, Decided]] = []
        touched: set[str] = set()
        for i, (claim, one) in enumerate(zip(claimed, opened, strict=True)):
            reading, context = readings[i], found[i]
            if isinstance(one, Opened) and context is not None and _is_stale(context, touched):
                # An earlier mail of this batch changed what this one could be about: commit that, and look again.
                self._commit_mails(ready)
                ready = []  # what was touched stays so: the contexts of the mails behind are as old as this one's
                context = self._finder.of_mail(one.clues, claim.received_at)
                reading = self._reader.read([context if j == i else None for j in range(len(claimed))])[i]
            if (
                isinstance(one, Opened)
                and context is not None
                and reading is not None
                and not isinstance(reading, Failed)
            ):
                decided = self._decide_mail(claim, ReadMail(mail=one.mail, reading=reading, id=claim.key), context)
                if decided is not None:
                    ready.append((claim, decided))
                    touched |= changed(decided.decision.effects)
            else:
                failure = one if isinstance(one, Failed) else reading
                self._failed(claim, failure.trace if isinstance(failure, Failed) else "the reader gave no answer")
        self._commit_mails(ready)

    def _decide_mail(self, claim: Claimed, happening: ReadMail, context: Context) -> Decided | None:
        try:
            return self._decider.decide(happening, context)
        except Exception as err:  # ours: this mail is tried again, then set aside; the rest goes on
            if is_outage(err):
                raise
            self._failed(claim, traceback.format_exc())
            return None

    def _commit_mails(self, ready: Sequence[tuple[Claimed, Decided]]) -> None:
        """Many decisions, one commit; one that cannot stand is undone alone."""
        late: list[tuple[Claimed, Decided]] = []
        failed: list[tuple[Claimed, str]] = []
        done: list[tuple[Claimed, Decided]] = []
        if not ready:
            return
        self._committer.keep_rules()
        with self._database.write() as session:
            for claim, decided in ready:
                try:
                    with savepoint(session):
                        decisions.commit(
                            session,
                            self._committer.outcome(decided, "mail", claim.key, "mail", _as_read(claim, decided)),
                        )
                    done.append((claim, decided))
                except Moved:
                    late.append((claim, decided))
                except Exception as err:  # ours, as above
                    if is_outage(err):
                        raise
                    failed.append((claim, traceback.format_exc()))
        for claim, decided in done:
            self._committer.log(decided, "mail", str(claim.id))
        for claim, trace in failed:
            self._failed(claim, trace)
        for claim, decided in late:
            self._commit_late(claim, decided)

    def _commit_late(self, claim: Claimed, decided: Decided) -> None:
        """A mail whose request changed under it: decided again on what it is now."""
        try:
            numbers = [r.number for r in decided.context.requests]
            read = _as_read(claim, decided, late=True)
            self._committer.commit(
                decided, "mail", claim.key, "mail", lambda: self._finder.fresh(decided.context, numbers), read
            )
        except Exception as err:  # ours, as above
            if is_outage(err):
                raise
            self._failed(claim, traceback.format_exc())

    def _failed(self, claim: Claimed, trace: str) -> None:
        log.error("mail.failed", id=claim.id, tries=claim.tries, error=trace.strip().rpartition("\n")[2][:200])
        with self._database.write() as session:
            if settling.give_back(session, claim.id, trace, self._clock.now()):
                return
        log.error("mail.aside", id=claim.id, tries=claim.tries)
        letters = self._decider.aside(claim.id, claim.key, claim.tries)
        with self._database.write() as session:
            outbox.put_alone(session, letters, self._clock.now())

    def _files(self, mail_key: str, indexes: Sequence[int]) -> list[AttachedFile]:
        """Parts of a kept mail, taken out of it by the reader: no foreign byte is parsed here."""
        with self._database.read() as session:
            raw = looking.raw_by_key(session, mail_key)
        return [
            AttachedFile(name=part.name, type=part.type, data=part.data) for part in self._reader.parts(raw, indexes)
        ]

    # Commands and notices

    def command(self, command: Command) -> Decision:
        """Carries out what somebody asks by hand. Raises core.rules.Refused with the reason where it may not be."""
        return self._by_number(command, "command", command.actor, self._finder.alike(command))

    def would(self, command: Command) -> Decision:
        """What such a command would do, with its letters written, and nothing done. Raises Refused like the command."""
        return self._decider.decide(command, self._finder.of_command(command, [command.number])).decision

    def notice(self, due: DueNotice) -> Decision:
        """Decides about a notice whose hour has come."""
        notice = self._rulebook.rules.notices.get(due.notice)
        if notice is None or notice.anchor != "account_ends":
            return self._by_number(due, "notice", "clock", [one.number for one in due.beside])
        with self._database.read() as session:
            beside = requests.of_same_patron(session, due.number)
        return self._by_number(due, "notice", "clock", beside)

    def tell_staff(self, letter: str, cause: str, facts: Mapping[str, object]) -> None:
        """A letter to staff that no input caused. Of one cause there is one, however often it is told."""
        letters = self._decider.to_staff(letter, cause, facts)
        with self._database.write() as session:
            outbox.put_alone(session, letters, self._clock.now())
        self._committed()

    @property
    def rules(self) -> Rules:
        """What it decides by."""
        return self._rulebook.rules

    def now(self) -> datetime:
        """The moment by the desk's clock."""
        return self._clock.now()

    def _by_number(
        self, happening: Command | DueNotice, kind: SourceKind, actor: str, beside: Sequence[str] = ()
    ) -> Decision:
        numbers = list(dict.fromkeys([happening.number, *beside]))
        decided = self._decider.decide(happening, self._finder.of_command(happening, numbers))
        told = HAPPENING.dump_json(happening).decode()
        decided = self._committer.commit(
            decided, kind, happening.id, actor, lambda: self._finder.of_command(happening, numbers), told
        )
        self._committed()
        return decided.decision


def _to_open(claim: Claimed) -> ToOpen:
    return ToOpen(
        raw=claim.raw,
        received_at=claim.received_at,
        recipients=claim.recipients,
        return_path=claim.return_path,
    )


def _as_read(claim: Claimed, decided: Decided, *, late: bool = False) -> str:
    """How the mail was opened and read, as it is stored."""
    if not isinstance(decided.happening, ReadMail):
        raise TypeError("only a mail is opened and read")
    stored = MailInput(
        sighting=claim.sighting,
        received_at=claim.received_at,
        recipients=claim.recipients,
        return_path=claim.return_path,
        late=late,
        reading=decided.happening.reading,
    )
    return MAIL_INPUT.dump_json(stored, exclude_defaults=True).decode()


def _is_stale(context: Context, touched: set[str]) -> bool:
    return OPENED in touched or any(r.number in touched for r in context.requests)
