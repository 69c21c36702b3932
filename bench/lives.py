"""Random lives of requests: mails drop, cross, come twice and late, staff are slow. Prints what held and what did not.

    python bench/lives.py [--lives 10000] [--seed 1]

Held for every life: no request is stuck (each open status has an owner, a planned notice or an open task), no notice
comes twice for one key, no letter goes to the wrong party or twice for one cause. Ends with 1 where one of these
broke, and says the seed that makes it again.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from bench.wound_desk import WoundDesk
from maild.core import rules as core_rules
from maild.core.effects import Audience, Command, Input, ReadMail
from maild.core.mail import Attachment, AuthResult, Mail
from maild.core.notices import plan
from maild.core.reading import Citation, Event, Reading
from maild.core.request import Context, Partner, Patron, Request
from maild.core.rules import Refused, Rules, SitePolicy
from maild.core.terms import ALWAYS_FOR_STAFF, EventName, Kind, Role, ServiceType, Status
from maild.core.workflow import Transition
from maild.rulebook import read_files

START = datetime(2026, 9, 1, 7, 0, tzinfo=UTC)
NUMBER = "KP-2026-000001"
STEPS = 18
AFTERWARDS = timedelta(days=500)
REASONS = ("OnLoan", "NotHeld", "NonCirculating", "CostExceedsMaxCost", "NotOnShelf")
COUNTRIES = ("domestic", "nordic", "other")
PARTNERS = tuple(
    Partner(
        id=n,
        symbol=f"LIB-{n}",
        name=f"Library {n}",
        email=f"ill@library{n}.example",
        domains=(f"library{n}.example",),
        country=COUNTRIES[n % 3],
        postal_delay_days=3 + n,
    )
    for n in range(1, 5)
)
PATRON = Patron(id=7, name="A. Patron", email="patron@home.example", card="2900", approved=True)
KINDS = {"supplier": Kind.PARTNER_REPLY, "requester": Kind.PARTNER_REQUEST, "patron": Kind.PATRON_MESSAGE}


@dataclass(slots=True)
class Life:
    """One request from its first day to long after the last mail."""

    rules: Rules
    seed: int
    broken: list[str] = field(default_factory=list)
    settled: int = 0  # tasks that staff have dealt with

    def live(self) -> WoundDesk:
        """Lives it, and notes what broke."""
        chance = Random(self.seed)
        desk = self._begun(chance)
        late: list[Input] = []
        for step in range(STEPS):
            self._wind(desk, timedelta(hours=chance.choice((0, 1, 5, 24, 72, 240, 500))))
            for happening in self._inputs(desk, chance, late, step):
                self._give(desk, happening)
        for happening in late:  # what was held up all the time comes in at last
            self._give(desk, happening)
        self._wind(desk, AFTERWARDS)
        self._letters(desk)
        self._notices(desk)
        return desk

    def _begun(self, chance: Random) -> WoundDesk:
        role = chance.choice((Role.BORROWING, Role.BORROWING, Role.LENDING))
        service = chance.choice((ServiceType.LOAN, ServiceType.COPY))
        asker = chance.choice(PARTNERS) if role is Role.LENDING else None
        holders = chance.sample([p.symbol for p in PARTNERS], chance.randint(0, 3))
        begun = Request(
            number=NUMBER,
            role=role,
            service_type=service,
            status=Status.NEW,
            citation=Citation(title="A work"),
            suppliers=tuple(holders) if asker is None else (),
            patron_id=PATRON.id if asker is None else None,
            patron_email=PATRON.email if asker is None else None,
            partner_id=asker.id if asker else None,
            partner_domains=asker.domains if asker else (),
            partner_address=asker.email if asker else None,
            need_before=chance.choice((None, None, date(2026, 10, 20))),
        )
        begun = replace(begun, profile=self.rules.profile_with(begun, asker))
        known = Context(
            our_addresses=("ill@library.example",),
            authserv_id="mx.library.example",
            partner_domains=tuple(d for p in PARTNERS for d in p.domains),
            requests=(begun,),
            partners=PARTNERS,
            patrons=(PATRON,),
        )
        desk = WoundDesk(rules=self.rules, known=known, now=START)
        for effect in plan(NUMBER, Context(), known, self.rules, START):
            desk.keep(effect)
        return desk

    def _inputs(self, desk: WoundDesk, chance: Random, late: list[Input], step: int) -> Iterator[Input]:
        """What comes in at this step: most of it in order, some lost, twice, late, or from the wrong side."""
        happening = self._next(desk, chance, step)
        fate = chance.random()
        if fate < 0.10:  # lost in the post
            return
        if fate < 0.20:  # late, and so crossing what comes after it
            late.append(happening)
            return
        yield happening
        if fate < 0.30:  # said once more, in another mail
            yield replace(happening, id=f"{happening.id}-again")
        if late and chance.random() < 0.3:
            yield late.pop(0)

    def _next(self, desk: WoundDesk, chance: Random, step: int) -> Input:
        now = desk.known.requests[0]
        edges = [e for e in self.rules.workflow(now).edges(now.status) if e.event is not EventName.UNDO]
        edge = chance.choices(edges, weights=[_weight(e, now.status) for e in edges])[0]
        by = sorted(edge.by)[chance.randrange(len(edge.by))]
        event = edge.event if chance.random() < 0.85 else chance.choice(tuple(EventName))
        facts = _facts(event, chance, desk.now.date())
        if by in KINDS and event not in ALWAYS_FOR_STAFF:
            return self._mail(desk, by, event, facts, chance, step)
        return _command(edge, event, facts, step)

    def _mail(
        self, desk: WoundDesk, by: str, event: EventName, facts: dict[str, object], chance: Random, step: int
    ) -> ReadMail:
        now = desk.known.requests[0]
        asked = [a.partner_id for a in now.attempts] or [now.partner_id or 1]
        writer = PARTNERS[(now.partner_id or 1) - 1 if chance.random() < 0.85 else chance.choice(asked) - 1]
        sender = PATRON.email if by == "patron" else writer.email
        stamp = AuthResult(
            authserv_id="mx.library.example", method="dmarc", result="pass", domain=sender.rpartition("@")[2]
        )
        copies = (Attachment(index=1, sniffed="application/pdf", size=9000),) if facts.get("attachment") else ()
        mail = Mail(message_id=f"<{step}@x>", from_address=sender, auth_results=(stamp,), attachments=copies)
        said = Event(event=event, **facts)  # type: ignore[arg-type]  # the facts below
        return ReadMail(mail=mail, reading=Reading(kind=KINDS[by], requests=(NUMBER,), events=(said,)), id=f"m{step}")

    def _give(self, desk: WoundDesk, happening: Input) -> None:
        tasks = len(desk.tasks)
        try:
            desk.give(happening)
        except Refused:
            return
        if isinstance(happening, Command):  # what staff do to a request settles its tasks
            self.settled = tasks
        self._watched(desk)

    def _wind(self, desk: WoundDesk, time_passes: timedelta) -> None:
        desk.wind_to(desk.now + time_passes)
        self._watched(desk)

    # What must hold

    def _watched(self, desk: WoundDesk) -> None:
        now = desk.known.requests[0]
        state = self.rules.workflow(now).states.get(now.status)
        if state is None:
            self._broke(f"{now.status} is no status of its profile")
            return
        planned = any(k.state == "planned" for k in desk.notices.values())
        if not (state.final or state.owner or planned or len(desk.tasks) > self.settled):
            self._broke(f"nobody looks at {now.status}")
        if state.final and planned:
            self._broke(f"{now.status} is an end, and a notice is still planned")

    def _letters(self, desk: WoundDesk) -> None:
        partners = {p.email for p in PARTNERS}
        asked = {a.partner_id for a in desk.known.requests[0].attempts} | {desk.known.requests[0].partner_id}
        for sent in desk.sent:
            letter = sent.letter
            if letter.audience is Audience.PATRON and letter.to != PATRON.email:
                self._broke(f"{letter.letter} for the patron went to {letter.to}")
            if letter.audience is Audience.PARTNER and letter.to not in partners:
                self._broke(f"{letter.letter} for a partner went to {letter.to}")
            if letter.audience is Audience.PARTNER and letter.partner_id not in asked:
                self._broke(f"{letter.letter} went to a partner that was never asked")
        causes = Counter((s.letter.letter, s.letter.to, s.letter.cause) for s in desk.sent)
        for (letter_name, to, cause), times in causes.items():
            if times > 1:
                self._broke(f"{letter_name} went to {to} {times} times for {cause}")

    def _notices(self, desk: WoundDesk) -> None:
        for key, times in Counter(f.key for f in desk.fired if f.acted).items():
            if times > 1:
                self._broke(f"{key} came {times} times")

    def _broke(self, what: str) -> None:
        self.broken.append(f"seed {self.seed}: {what}")


def _weight(edge: Transition, status: Status) -> int:
    """How often it happens: most of what happens leads on, few requests are closed by hand."""
    if edge.event in {EventName.CLOSE, EventName.REOPEN, EventName.EXPIRED, EventName.CANCEL}:
        return 1
    return 8 if edge.to is not None and edge.to is not status else 3


def _facts(event: EventName, chance: Random, today: date) -> dict[str, object]:
    facts: dict[str, object] = {}
    if event in {EventName.LOANED, EventName.RENEW_ACCEPTED, EventName.RECALLED, EventName.RECEIVED}:
        facts["due_date"] = today + timedelta(days=chance.randint(1, 60))
    if event in {EventName.RETRY_POSSIBLE, EventName.UNFILLED}:
        facts["reason"] = chance.choice(REASONS if event is EventName.RETRY_POSSIBLE else REASONS[1:3])
    if event is EventName.EXPECT_TO_SUPPLY:
        facts["expected_date"] = today + timedelta(days=chance.randint(0, 40))
    if event is EventName.COPY_COMPLETED and chance.random() < 0.9:
        facts["attachment"] = True
    if event in {EventName.LOANED, EventName.RECEIVED} and chance.random() < 0.8:
        facts["item_id"] = (str(chance.randint(1000, 9999)),)
    return facts


def _command(edge: Transition, event: EventName, facts: dict[str, object], step: int) -> Command:
    values = {"to": str(edge.to)} if event in {EventName.CLOSE, EventName.REOPEN} and edge.to else {}
    said = Event(event=event, **facts)  # type: ignore[arg-type]  # _facts gives them
    return Command(number=NUMBER, event=said, actor="staff", values=values, id=f"c{step}")


def shipped_rules() -> Rules:
    """The rules as they are shipped."""
    files, _ = read_files()
    letters = files["letters.toml"].data["letters"]
    rules, wrong = core_rules.load(files, SitePolicy(mode="auto"), letters)  # type: ignore[arg-type]  # a table's names
    if rules is None:
        raise SystemExit("\n".join(map(str, wrong)))
    return rules


def main() -> int:
    """Lives them all and prints the figures."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lives", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    rules = shipped_rules()
    began = time.perf_counter()
    ends: Counter[str] = Counter()
    letters = notices = tasks = 0
    broken: list[str] = []
    for seed in range(given.seed, given.seed + given.lives):
        life = Life(rules, seed)
        desk = life.live()
        ends[desk.known.requests[0].status] += 1
        letters, notices, tasks = letters + len(desk.sent), notices + len(desk.fired), tasks + len(desk.tasks)
        broken += life.broken
    took = time.perf_counter() - began
    print(f"{given.lives} lives in {took:.0f} s: {letters} letters, {notices} notices, {tasks} tasks for staff")
    print("ended at " + ", ".join(f"{status} {count}" for status, count in ends.most_common()))
    print(f"broken: {len(broken)}")
    for line in broken[:20]:
        print(f"  {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
