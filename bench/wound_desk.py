"""A desk in memory with a clock that is wound by hand: inputs go through decide and apply, notices fall due in order.

It keeps what the store keeps, by the same rules (store/effects/, store/notices.py), and nothing else: for scenarios
and for random lives, where a database would only cost time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from itertools import count

from maild.core import truth
from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.decide_command import looks_back
from maild.core.effects import (
    ApprovePatron,
    AskStaff,
    Command,
    Decision,
    DropNotices,
    DueNotice,
    Effect,
    Input,
    Move,
    OpenRequest,
    PlanNotice,
    SendLetter,
    TakeBack,
    WithdrawLetters,
)
from maild.core.letter_gathering import facts_of
from maild.core.letter_readers import OCCASION_READERS
from maild.core.reading import Event
from maild.core.request import Context, Patron, Request, Step, Told, Written
from maild.core.rules import Rules
from maild.core.undo import is_changed
from maild.core.workdays import day_in
from maild.store.past import WRITTEN
from maild.store.plain import plain

LETTER_MAY_TELL = OCCASION_READERS.keys() | Event.__dataclass_fields__.keys() | {"patron_due_date"}
Key = tuple[str, str, date]  # number, notice, anchor: once in the store


@dataclass(slots=True, kw_only=True)
class Kept:
    """A planned notice and what became of it: planned, sent, dropped or missed."""

    plan: PlanNotice
    state: str = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A letter that went out, and when."""

    at: datetime
    letter: SendLetter
    step: int = 0
    says: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A notice that had its turn, and whether it did anything."""

    at: datetime
    key: Key
    acted: bool


@dataclass(slots=True, kw_only=True)
class WoundDesk:
    """What the house knows, and all that it did. `now` only moves when it is wound."""

    rules: Rules
    known: Context
    now: datetime
    notices: dict[Key, Kept] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    tasks: list[AskStaff] = field(default_factory=list)
    waiting: list[AskStaff] = field(default_factory=list)  # those whose notice still has its reason
    settled: list[AskStaff] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    held: list[Sent] = field(default_factory=list)
    steps: dict[str, list[Step]] = field(default_factory=dict)  # by number, those not taken back
    withdrawn: dict[str, datetime] = field(default_factory=dict)  # Message-IDs of letters that hold no more
    inputs: int = 0
    _ids: Iterator[int] = field(default_factory=lambda: count(1000))

    def give(self, happening: Input) -> Decision:
        """Decides about one input and keeps what follows. Raises rules.Refused for a command that may not be."""
        known = replace(self.known, received_at=self.now)
        if isinstance(happening, Command) and looks_back(happening):
            known = self._with_past(known, happening.number)
        decision = self._numbered(decide(happening, known, self.rules, self.now))
        self.inputs += 1
        self.known = self._as_stored(apply(known, decision.effects), decision.effects)
        self.known = replace(self.known, last=None, told=())
        self._remember(known, decision)
        gone = {(e.number, name) for e in decision.effects if isinstance(e, DropNotices) for name in e.settled}
        self.settled += [task for task in self.waiting if (task.number, task.notice) in gone]
        self.waiting = [task for task in self.waiting if (task.number, task.notice) not in gone]
        for effect in decision.effects:
            self.keep(effect)
        return decision

    def _with_past(self, known: Context, number: str) -> Context:
        steps = self.steps.get(number, [])
        letters = [(sent, "sent") for sent in self.sent] + [(held, "held") for held in self.held]
        told = tuple(self._told(sent, state) for sent, state in letters if sent.letter.number == number)
        return replace(known, last=steps[-1] if steps else None, told=told)

    def _told(self, sent: Sent, state: str) -> Told:
        letter = sent.letter
        message_id = _message_id(sent)
        return Told(
            message_id=message_id,
            letter=letter.letter,
            audience=letter.audience,
            to=letter.to,
            at=sent.at,
            state=state,
            subject=letter.letter,
            says=dict(sent.says),
            withdrawn_at=self.withdrawn.get(message_id),
            step=sent.step,
            written=_written(letter) if state != "sent" else None,
        )

    def _remember(self, known: Context, decision: Decision) -> None:
        """The requests that the input made others of: each has a step that can be taken back, or one less."""
        undone = {e.number for e in decision.effects if isinstance(e, TakeBack) and e.step}
        for after in self.known.requests:
            before = known.request(after.number)
            steps = self.steps.setdefault(after.number, [])
            if after.number in undone:
                steps.pop()
            elif before is None or is_changed(before, after):
                events = [
                    str(e.event.event) for e in decision.effects if isinstance(e, Move) and e.number == after.number
                ]
                steps.append(
                    Step(
                        id=self.inputs,
                        at=self.now,
                        who="somebody",
                        what=", ".join(events),
                        before=before,
                        entered=self._entered(steps, before),
                        approves=any(isinstance(e, ApprovePatron) for e in decision.effects),
                    )
                )

    def _entered(self, steps: list[Step], now: Request | None) -> date | None:
        """The day on which the request came to where it stands, as far as the steps tell."""
        stood = [step.before.status if step.before else None for step in steps] + [now.status if now else None]
        moments = [step.at for step, was, then in zip(steps, stood, stood[1:], strict=False) if was is not then]
        return day_in(moments[-1], self.rules.site.zone) if moments else None

    def wind_to(self, moment: datetime) -> None:
        """On to that moment, stopping wherever a notice falls due."""
        while (due := self._next_due()) is not None and due <= moment:
            self.now = max(self.now, due)
            self.tick()
        self.now = max(self.now, moment)

    def tick(self) -> None:
        """Every notice whose hour has come; of a series only the newest."""
        while (key := next(self._due(), None)) is not None:
            self._fire(key)

    def _fire(self, key: Key) -> None:
        others = self._beside(key)
        due = replace(self._due_notice(key), beside=tuple(map(self._due_notice, others)), told_at=self._told_at(key))
        decision = self.give(due)
        for one in (key, *others):
            about = [e for e in decision.effects if not others or getattr(e, "number", "") == one[0]]
            self.fired.append(Fired(at=self.now, key=one, acted=bool(about)))
            self._finish(one, acted=bool(about))

    def _due_notice(self, key: Key) -> DueNotice:
        plan = self.notices[key].plan
        return DueNotice(
            number=plan.number,
            notice=plan.notice,
            anchor=plan.anchor,
            due=plan.due,
            item_id=plan.item_id,
            id=f"{plan.number}:{plan.notice}:{plan.anchor}",
        )

    def _beside(self, key: Key) -> list[Key]:
        """What is due for the same patron, and told in one letter."""
        patron = self._patron(key)
        if not self.rules.notices[key[1]].together or patron is None:
            return []
        return [k for k in self._due() if k != key and self.rules.notices[k[1]].together and self._patron(k) == patron]

    def _patron(self, key: Key) -> int | None:
        request = self.known.request(key[0])
        return request.patron_id if request is not None else None

    def _told_at(self, key: Key) -> datetime | None:
        """When the patron last had a letter of those that come together."""
        if not self.rules.notices[key[1]].together:
            return None
        letters = {"reminders", *(n.letter for n in self.rules.notices.values() if n.together)}
        patron = self.known.patron(self._patron(key))
        mine = [s.at for s in self.sent if patron and s.letter.to == patron.email and s.letter.letter in letters]
        return max(mine, default=None)

    def _finish(self, key: Key, *, acted: bool) -> None:
        after = self.notices[key]
        if after.plan.due > self.now:
            return  # put off to a later hour
        for older in self._older(after.plan):
            older.state = "missed"
        after.state = "sent" if acted else "dropped"

    def _older(self, plan: PlanNotice) -> list[Kept]:
        same = (plan.number, plan.series, plan.item_id)
        return [
            k
            for k in self.notices.values()
            if plan.series and k.state == "planned" and (k.plan.number, k.plan.series, k.plan.item_id) == same
            if k.plan.due < plan.due
        ]

    def _next_due(self) -> datetime | None:
        return min((k.plan.due for k in self.notices.values() if k.state == "planned"), default=None)

    def _due(self) -> Iterator[Key]:
        ready = {k: v.plan for k, v in self.notices.items() if v.state == "planned" and v.plan.due <= self.now}
        newest: dict[tuple[str, str, int], datetime] = {}
        for plan in ready.values():
            series = (plan.number, plan.series, plan.item_id)
            newest[series] = max(newest.get(series, plan.due), plan.due)
        for key, plan in sorted(ready.items(), key=lambda item: (item[1].due, item[0])):
            if not plan.series or newest[plan.number, plan.series, plan.item_id] == plan.due:
                yield key

    def _numbered(self, decision: Decision) -> Decision:
        number = ""
        effects: list[Effect] = []
        for effect in decision.effects:
            if isinstance(effect, OpenRequest):
                number = f"{self.rules.site.prefix}-{self.now.year}-{len(self.known.requests) + 1:06}"
            own = number and getattr(effect, "number", None) == ""
            effects.append(replace(effect, number=number) if own else effect)  # type: ignore[arg-type]  # all that have a number
        return replace(decision, effects=tuple(effects))

    def _as_stored(self, known: Context, effects: Iterable[Effect]) -> Context:
        """As the store would give it next time: everything added has an id, addresses are those of the records."""
        for opened in (e for e in effects if isinstance(e, OpenRequest)):
            known = self._with_patron(known, opened)
        return replace(known, requests=tuple(self._stored(r, known) for r in known.requests))

    def _with_patron(self, known: Context, opened: OpenRequest) -> Context:
        person = opened.new.patron
        if opened.patron_id is not None or person is None:
            return known
        patron = Patron(
            id=next(self._ids),
            name=person.name or "",
            email=person.email or "",
            card=person.id or "",
            group=person.group or "",
            language=opened.language or "fi",
        )
        requests = tuple(replace(r, patron_id=patron.id) if r.number == opened.number else r for r in known.requests)
        return replace(known, requests=requests, patrons=(*known.patrons, patron))

    def _stored(self, request: Request, known: Context) -> Request:
        patron = known.patron(request.patron_id)
        return replace(
            request,
            items=tuple(replace(item, id=n) for n, item in enumerate(request.items, 1)),
            attempts=tuple(replace(attempt, id=n) for n, attempt in enumerate(request.attempts, 1)),
            patron_email=patron.email if patron is not None else request.patron_email,
            created_at=request.created_at or self.now,
        )

    def keep(self, effect: Effect) -> None:
        """Plans, drops, sends or asks. AssertionError for an effect that the store could not keep."""
        self._is_whole(effect)
        if isinstance(effect, PlanNotice):
            key = (effect.number, effect.notice, effect.anchor)
            if key not in self.notices or self.notices[key].state in {"planned", "dropped"}:
                self.notices[key] = Kept(plan=effect)
        elif isinstance(effect, DropNotices):
            for (number, name, _), kept in self.notices.items():
                if (
                    number == effect.number
                    and kept.state == "planned"
                    and (not effect.notices or name in effect.notices)
                ):
                    kept.state = "dropped"
        elif isinstance(effect, SendLetter):
            self._send(effect)
        elif isinstance(effect, AskStaff):
            self.tasks.append(effect)
            if effect.notice:
                self.waiting.append(effect)
        elif isinstance(effect, WithdrawLetters):
            self.withdrawn |= dict.fromkeys(effect.letters, self.now)
            self.held = [held for held in self.held if _message_id(held) not in effect.letters]

    def _is_whole(self, effect: Effect) -> None:
        """It names a request that is there, says what brought it about, and its letter's facts are facts of letters."""
        number = getattr(effect, "number", "")
        assert number == "" or self.known.request(number) is not None, f"no such request: {effect}"
        if isinstance(effect, Move):
            assert isinstance(effect.event, Event), f"a move by nothing: {effect}"
        if isinstance(effect, SendLetter):
            assert effect.facts.keys() <= LETTER_MAY_TELL, f"facts that no letter knows: {effect}"
            assert effect.to, f"a letter to nobody: {effect}"
        if isinstance(effect, AskStaff):
            assert effect.reason.replace("-", "").islower(), f"no fixed word: {effect}"
            assert effect.text, f"nothing to read: {effect}"

    def _send(self, letter: SendLetter) -> None:
        if self.rules.mode_of(letter, self.known.partner(letter.partner_id)) == "off":
            return
        says = truth.says(facts_of(letter, self.known, truth.NOBODY))
        sent = Sent(at=self.now, letter=letter, step=self.inputs, says=says)
        if letter.hold:
            self.held.append(sent)
            return
        self.sent.append(sent)
        self.known = replace(
            self.known,
            requests=tuple(
                replace(r, mailed=tuple(dict.fromkeys((*r.mailed, letter.to)))) if r.number == letter.number else r
                for r in self.known.requests
            ),
        )


def _written(letter: SendLetter) -> Written:
    """As the store gives it: in JSON's own kinds."""
    given = {f.name: plain(getattr(letter, f.name)) for f in fields(Written)}
    return WRITTEN.validate_python(given)


def _message_id(sent: Sent) -> str:
    return f"<{sent.step}.{sent.letter.letter}.{sent.letter.to}>"
