"""The one sequence: take kept mails, open, find what could be meant, read, decide, write the letters, commit.

Staff's commands and notices that fall due join it at decide: there is one way to change a request, whoever asks.
"""

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from pydantic import TypeAdapter

from maild.clock import Clock
from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import (
    AskStaff,
    Audience,
    Command,
    Composed,
    Decision,
    DueNotice,
    Effect,
    Input,
    OpenRequest,
    Party,
    ReadMail,
    SendLetter,
)
from maild.core.mail import Clues, Mail
from maild.core.request import Context
from maild.letters.compose import AttachedFile, Composer
from maild.reader import Failed, Opened, ReaderSeam, ToOpen
from maild.rulebook import Rulebook
from maild.store import contexts, decisions, inbox, numbers, outbox
from maild.store.contexts import Identity
from maild.store.database import Database
from maild.store.decisions import Moved, Outcome
from maild.store.inbox import Claimed

log = structlog.get_logger()

BATCH = 50  # mails opened together
TRIES = 3  # then a mail is set aside for a human
CONTEXT = TypeAdapter(Context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One input on its way from decide to commit."""

    happening: Input
    context: Context
    decision: Decision
    letters: tuple[Composed, ...] = ()


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
        self._composer = composer
        self._identity = identity
        self._clock = clock
        self._committed = committed
        self._zone = ZoneInfo(rulebook.rules.site.zone)

    # Mails

    def work(self, limit: int = BATCH) -> int:
        """Deals with up to `limit` kept mails, oldest first; how many were claimed."""
        with self._database.write() as session:
            claimed = inbox.claim(session, limit, self._clock.now())  # the try counts from here, whatever happens
        if claimed:
            self._deal_with(claimed)
            self._committed()
        return len(claimed)

    def _deal_with(self, claimed: Sequence[Claimed]) -> None:
        opened = self._reader.open([self._to_open(c) for c in claimed])
        found = [
            self._context(o.clues, c.received_at) if isinstance(o, Opened) else None
            for c, o in zip(claimed, opened, strict=True)
        ]
        readings = self._reader.read(found)
        touched: set[str] = set()
        for i, claim in enumerate(claimed):
            one, reading, context = opened[i], readings[i], found[i]
            if isinstance(one, Opened) and context is not None and self._is_stale(context, touched):
                context = self._context(one.clues, claim.received_at)
                reading = self._reader.read([context if j == i else None for j in range(len(claimed))])[i]
            if isinstance(one, Failed):
                self._failed(claim, one.trace)
            elif isinstance(reading, Failed):
                self._failed(claim, reading.trace)
            elif context is not None:
                touched |= self._mail(claim, ReadMail(mail=one.mail, reading=reading, id=claim.key), context)

    def _to_open(self, claim: Claimed) -> ToOpen:
        return ToOpen(
            raw=claim.raw,
            received_at=claim.received_at,
            recipients=claim.recipients,
            return_path=claim.return_path,
        )

    def _context(self, clues: Clues, received_at: datetime) -> Context:
        with self._database.read() as session:
            return contexts.context_for(
                session, clues, self._identity, received_at, extra_symbols=self._rulebook.rules.rota_symbols()
            )

    def _is_stale(self, context: Context, touched: set[str]) -> bool:
        """An earlier mail of the same batch changed what this one could be about."""
        return bool(touched) and (NEW in touched or any(r.number in touched for r in context.requests))

    def _mail(self, claim: Claimed, happening: ReadMail, context: Context) -> set[str]:
        """Decides and commits one mail; the numbers of the requests that it changed."""
        try:
            decided = self._decide(happening, context)
            return self._commit(decided, "mail", str(claim.id), "mail", lambda: self._context_again(decided.context))
        except Exception:  # ours: the mail is tried again, then set aside; the rest goes on
            self._failed(claim, traceback.format_exc())
            return set()

    def _failed(self, claim: Claimed, trace: str) -> None:
        log.error("mail.failed", id=claim.id, tries=claim.tries, trace=trace.strip().splitlines()[-1:])
        with self._database.write() as session:
            if claim.tries < TRIES:
                inbox.release(session, claim.id)
                return
            inbox.set_aside(session, claim.id, trace, self._clock.now())
        log.error("mail.aside", id=claim.id, tries=claim.tries)
        self._tell_staff_aside(claim)

    def _tell_staff_aside(self, claim: Claimed) -> None:
        asked = AskStaff(
            number="",
            reason="unreadable",
            text=f"Mail {claim.id} could not be read in {claim.tries} tries; it is kept, and nothing was done.",
            commands=(f"maild queue show {claim.id}", f"maild queue retry {claim.id}"),
        )
        letter = self._attention(asked, cause=f"aside:{claim.key}:{claim.tries}", mail=None)
        composed = self._compose((letter,), Context(), None)
        with self._database.write() as session:
            outbox.put(session, composed, self._clock.now())

    # Commands and notices

    def command(self, command: Command) -> Decision:
        """Carries out what somebody asks by hand. Raises core.rules.Refused with the reason where it may not be."""
        return self._by_number(command, command.number, "command", command.id, command.actor)

    def notice(self, due: DueNotice) -> Decision:
        """Decides about a notice whose hour has come."""
        return self._by_number(due, due.number, "notice", due.id, "clock")

    def _by_number(self, happening: Command | DueNotice, number: str, kind: str, source: str, actor: str) -> Decision:
        context = self._context_of([number])
        decided = self._decide(happening, context)
        self._commit(decided, kind, source, actor, lambda: self._context_of([number]))
        self._committed()
        return decided.decision

    def _context_of(self, wanted: Iterable[str]) -> Context:
        with self._database.read() as session:
            return contexts.context_of(
                session,
                [n for n in wanted if n],
                self._identity,
                self._clock.now(),
                extra_symbols=self._rulebook.rules.rota_symbols(),
            )

    def _context_again(self, context: Context) -> Context:
        """The same Context with its requests as they stand now."""
        fresh = self._context_of([r.number for r in context.requests])
        return replace(context, requests=fresh.requests, partners=fresh.partners or context.partners)

    # Deciding, letters, commit

    def _decide(self, happening: Input, context: Context) -> Decided:
        decision = decide(happening, context, self._rulebook.rules, self._clock.now())
        decision = self._numbered(decision)
        after = apply(context, decision.effects)
        asked = [e for e in decision.effects if isinstance(e, AskStaff)]
        mail = happening.mail if isinstance(happening, ReadMail) else None
        attention = tuple(self._attention(a, cause=f"{happening.id}:{i}", mail=mail) for i, a in enumerate(asked))
        sends = tuple(e for e in decision.effects if isinstance(e, SendLetter))
        letters = self._compose((*sends, *attention), after, happening)
        return Decided(happening=happening, context=context, decision=decision, letters=letters)

    def _numbered(self, decision: Decision) -> Decision:
        """The decision with a number drawn for each request that it opens; gaps are allowed."""
        effects: list[Effect] = []
        number = ""
        for effect in decision.effects:
            if isinstance(effect, OpenRequest):
                number = self._draw()
            if number and getattr(effect, "number", None) == "":
                effect = replace(effect, number=number)  # type: ignore[call-arg]  # those without a number were sorted out
            effects.append(effect)
        return replace(decision, effects=tuple(effects))

    def _draw(self) -> str:
        year = self._clock.now().astimezone(self._zone).year
        with self._database.write() as session:
            return numbers.draw(session, self._rulebook.rules.site.prefix, year)

    def _attention(self, asked: AskStaff, *, cause: str, mail: Mail | None) -> SendLetter:
        site = self._rulebook.rules.site
        return SendLetter(
            number=asked.number,
            letter="attention",
            audience=Audience.STAFF,
            to=site.attention_to,
            party=Party.STAFF,
            languages=(site.language,),
            cause=f"attention:{cause}:{asked.reason}",
            facts={
                "reason": asked.reason,
                "text": asked.text,
                "passage": asked.passage,
                "commands": asked.commands,
                "mail_subject": mail.subject if mail else "",
                "mail_from": mail.from_address or (mail.from_problem and "?") if mail else "",
            },
        )

    def _compose(self, sends: Sequence[SendLetter], after: Context, happening: Input | None) -> tuple[Composed, ...]:
        return tuple(
            self._composer.compose(
                send,
                after,
                now=self._clock.now(),
                state=self._rulebook.rules.outbox_state(send, after.partner(send.partner_id)),
                attachments=self._attachments(send, happening),
            )
            for send in sends
            if self._rulebook.rules.mode_of(send, after.partner(send.partner_id)) != "off"
        )

    def _attachments(self, send: SendLetter, happening: Input | None) -> tuple[AttachedFile, ...]:
        if not send.attach or not isinstance(happening, ReadMail):
            return ()
        with self._database.read() as session:
            raw = inbox.raw_of(session, happening.id)
        return tuple(AttachedFile(name=p.name, type=p.type, data=p.data) for p in self._reader.parts(raw, send.attach))

    def _commit(self, decided: Decided, kind: str, source: str, actor: str, again: Callable[[], Context]) -> set[str]:
        """Commits; where a request moved meanwhile, decides again on the fresh one. The numbers that were changed."""
        for _ in range(TRIES):
            try:
                with self._database.write() as session:
                    decisions.commit(session, self._outcome(decided, kind, source, actor))
                break
            except Moved as moved:
                log.info("request.moved_meanwhile", number=moved.number)
                decided = self._decide(decided.happening, again())
        else:
            raise RuntimeError(f"{kind} {source}: its request changed under it {TRIES} times; try again")
        self._log(decided, kind, source)
        return changed(decided.decision.effects)

    def _outcome(self, decided: Decided, kind: str, source: str, actor: str) -> Outcome:
        bare = replace(decided.context, reply_key="", old_reply_keys=())
        return Outcome(
            kind=kind,
            source_id=source,
            actor=actor,
            at=self._clock.now(),
            decision=decided.decision,
            context_json=CONTEXT.dump_json(bare, exclude_defaults=True).decode(),
            rules_digest=self._rulebook.digest,
            letters=decided.letters,
            versions={r.number: r.version for r in decided.context.requests},
        )

    def _log(self, decided: Decided, kind: str, source: str) -> None:
        reading = decided.decision.reading
        log.info(
            "mail.decided" if kind == "mail" else f"{kind}.decided",
            id=source,
            kind=str(reading.kind) if reading else "",
            requests=sorted(changed(decided.decision.effects)),
            events=[str(e.event) for e in reading.events] if reading else [],
            auto=decided.decision.auto,
            by=reading.by if reading else "",
        )


NEW = "new"


def changed(effects: Iterable[Effect]) -> set[str]:
    """Numbers of the requests that these effects change; NEW among them where one is opened."""
    out: set[str] = set()
    for effect in effects:
        if isinstance(effect, OpenRequest):
            out.add(NEW)
        number = getattr(effect, "number", "")
        if number and not isinstance(effect, SendLetter | AskStaff):
            out.add(number)
    return out
