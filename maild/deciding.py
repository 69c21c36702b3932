"""From an input and its Context to all that a commit needs: the decision, numbered, with its letters as bytes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlmodel import Session

from maild.clock import Clock
from maild.core.apply import apply
from maild.core.decide import decide
from maild.core.effects import (
    ApprovePatron,
    AskStaff,
    Audience,
    Composed,
    Decision,
    Effect,
    FileMail,
    Input,
    OpenRequest,
    PartnerAbsent,
    ReadMail,
    SendLetter,
)
from maild.core.mail import Mail
from maild.core.request import Context
from maild.core.terms import Party
from maild.letters.body import AttachedFile
from maild.letters.compose import Composer
from maild.letters.render import LetterError
from maild.rulebook import Rulebook
from maild.store import numbers, outbox
from maild.store.database import Database

OF_NO_REQUEST = FileMail | PartnerAbsent | ApprovePatron
# Reasons of tasks that stand behind a decision: its letter could not be written, there were too many, or it is doubted.
NO_LETTER, TOO_MANY, DOUBTED = "letter", "limit", "doubted"
A_DAY = timedelta(days=1)
RECEIPTS = ("request_confirmed",)  # what anybody can cause by a form, to whatever address it names (T11)
MAX_RECEIPTS_A_DAY = 3  # to one address
OPENED = "opened"  # stands among the changed numbers for a request that was not there before


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One input on its way from decide to commit. `at` is the moment by which it was decided."""

    happening: Input
    context: Context
    decision: Decision
    at: datetime
    letters: tuple[Composed, ...] = ()


class Files(Protocol):
    """Gives the parts of the mail in hand that go with a letter."""

    def __call__(self, mail_key: str, indexes: Sequence[int]) -> Sequence[AttachedFile]:
        """The files, in the order asked for."""
        ...


class Decider:
    """Decides, draws numbers and writes letters; changes nothing but the counter of numbers."""

    def __init__(
        self, *, database: Database, rulebook: Rulebook, composer: Composer, clock: Clock, files: Files
    ) -> None:
        self._database = database
        self._rulebook = rulebook
        self._composer = composer
        self._clock = clock
        self._files = files
        self._zone = ZoneInfo(rulebook.rules.site.zone)

    def decide(self, happening: Input, context: Context) -> Decided:
        """The decision with its letters."""
        now = self._clock.now()
        decision = numbered(decide(happening, context, self._rulebook.rules, now), self._draw)
        after = apply(context, decision.effects)
        letters: list[Composed] = []
        unwritten: list[AskStaff] = []
        for send in (e for e in decision.effects if isinstance(e, SendLetter)):
            try:
                letters += self._letter(send, after, happening)
            except LetterError as err:  # a wrong address, say: the event stands, and staff write by hand
                unwritten.append(AskStaff(number=send.number, reason=NO_LETTER, text=f"{err}. Write it by hand."))
        doubted = [_doubted(letter) for letter in letters if letter.doubt]
        letters, too_many = self._capped(letters, now)
        decision = replace(decision, effects=(*decision.effects, *unwritten, *doubted, *too_many))
        mail = happening.mail if isinstance(happening, ReadMail) else None
        told = () if mail and self._came_back_from_staff(mail) else decision.effects
        for i, asked in enumerate(e for e in told if isinstance(e, AskStaff)):
            letters += self._letter(self.attention(asked, f"{happening.id}:{i}", mail), after, happening)
        return Decided(happening=happening, context=context, decision=decision, at=now, letters=tuple(letters))

    def _came_back_from_staff(self, mail: Mail) -> bool:
        """A letter to staff that failed: another one to the same address would fail too, and so on without end."""
        staff = self._rulebook.rules.site.attention_to.lower()
        return any(delivery.recipient.lower() == staff for delivery in mail.deliveries)

    def _capped(self, letters: Sequence[Composed], now: datetime) -> tuple[list[Composed], list[AskStaff]]:
        """The letters, held where a request or an address has had its share of a day; and the tasks that say so.

        Held, not dropped: staff release what is right (P29).
        """
        out: list[Composed] = []
        asked: dict[str, AskStaff] = {}
        with self._database.read() as session:
            for letter in letters:
                if self._has_its_share(session, letter, [one.effect for one in out if one.state == "waiting"], now):
                    out.append(replace(letter, state="held"))
                    asked[letter.effect.number] = _too_many(letter.effect)
                else:
                    out.append(letter)
        return out, list(asked.values())

    def _has_its_share(self, session: Session, letter: Composed, beside: Sequence[SendLetter], now: datetime) -> bool:
        """Whether its request, or its address, had all letters of the day already, with those `beside` it."""
        effect = letter.effect
        if letter.state != "waiting" or effect.audience is Audience.STAFF:
            return False
        of_request = outbox.letters_since(session, effect.number, now - A_DAY)
        of_request += sum(one.number == effect.number for one in beside)
        if of_request >= self._rulebook.rules.site.max_letters_a_day:
            return True
        if effect.letter not in RECEIPTS:
            return False
        receipts = outbox.letters_to_since(session, effect.to, RECEIPTS, now - A_DAY)
        receipts += sum(one.letter in RECEIPTS and one.to.lower() == effect.to.lower() for one in beside)
        return receipts >= MAX_RECEIPTS_A_DAY

    def aside(self, mail_id: int, mail_key: str, tries: int) -> tuple[Composed, ...]:
        """The letter that tells staff of a mail that could not be dealt with."""
        asked = AskStaff(
            number="",
            reason="unreadable",
            text=f"Mail {mail_id} could not be dealt with in {tries} tries. It is kept, and nothing was changed.",
            commands=(f"maild queue show {mail_id}", f"maild queue retry {mail_id}"),
        )
        return self._letter(self.attention(asked, f"aside:{mail_key}", None), Context(), None)

    def attention(self, asked: AskStaff, cause: str, mail: Mail | None) -> SendLetter:
        """The letter to staff where maild did not act, or where its act leaves them work."""
        facts = {
            "reason": asked.reason,
            "text": asked.text,
            "passage": asked.passage,
            "commands": asked.commands,
            "mail_subject": mail.subject if mail else "",
            "mail_from": mail.from_address if mail else "",
        }
        return self._of_staff("attention", asked.number, f"attention:{cause}:{asked.reason}", facts)

    def to_staff(self, letter: str, cause: str, facts: Mapping[str, object]) -> tuple[Composed, ...]:
        """A letter to staff about no request."""
        return self._letter(self._of_staff(letter, "", cause, facts), Context(), None)

    def _of_staff(self, letter: str, number: str, cause: str, facts: Mapping[str, object]) -> SendLetter:
        site = self._rulebook.rules.site
        return SendLetter(
            number=number,
            letter=letter,
            audience=Audience.STAFF,
            to=site.attention_to,
            party=Party.STAFF,
            languages=(site.language,),
            cause=cause,
            facts=dict(facts),
        )

    def _draw(self) -> str:
        year = self._clock.now().astimezone(self._zone).year
        with self._database.write() as session:
            return numbers.draw(session, self._rulebook.rules.site.prefix, year)

    def _letter(self, send: SendLetter, after: Context, happening: Input | None) -> tuple[Composed, ...]:
        """The letter, or nothing where its mode is off: then only the event is recorded. Raises LetterError."""
        rules, partner = self._rulebook.rules, after.partner(send.partner_id)
        if rules.mode_of(send, partner) == "off":
            return ()
        files = self._files(happening.id, send.attach) if send.attach and isinstance(happening, ReadMail) else ()
        state = rules.outbox_state(send, partner)
        return (self._composer.compose(send, after, now=self._clock.now(), state=state, attachments=files),)


def _doubted(letter: Composed) -> AskStaff:
    return AskStaff(
        number=letter.effect.number,
        reason=DOUBTED,
        text=f"{letter.doubt}, and is held. Look at it; then release it, or drop it and write it without them.",
        commands=("maild queue list", "maild queue release LETTER", "maild queue drop --letter LETTER"),
    )


def _too_many(send: SendLetter) -> AskStaff:
    return AskStaff(
        number=send.number,
        reason=TOO_MANY,
        text=f"More letters than a day may bring: {send.letter} is held. Look why; then release it or drop it.",
        commands=("maild queue list", "maild queue release LETTER", "maild queue drop --letter LETTER"),
    )


def numbered(decision: Decision, draw: Callable[[], str]) -> Decision:
    """The decision with a number for each request that it opens; gaps are allowed."""
    effects: list[Effect] = []
    number = ""
    for effect in decision.effects:
        if isinstance(effect, OpenRequest):
            number = draw()
        effects.append(_with_number(effect, number))
    return replace(decision, effects=tuple(effects))


def _with_number(effect: Effect, number: str) -> Effect:
    if isinstance(effect, OF_NO_REQUEST) or effect.number or not number:
        return effect
    return replace(effect, number=number)


def changed(effects: Iterable[Effect]) -> set[str]:
    """Numbers of the requests that these effects change; OPENED among them where one is new."""
    effects = tuple(effects)
    out = {e.number for e in effects if not isinstance(e, OF_NO_REQUEST | SendLetter | AskStaff) and e.number}
    return out | ({OPENED} if any(isinstance(e, OpenRequest) for e in effects) else set())
