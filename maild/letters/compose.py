"""A letter as it goes out: one or two languages, header fields, attachments; fixed bytes, fixed Message-ID."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from maild.core.cleaning import clean_line
from maild.core.effects import Audience, Composed, SendLetter
from maild.core.letter_gathering import facts_of
from maild.core.letters import LetterFacts, SiteFacts
from maild.core.request import Context, Patron, Request
from maild.core.terms import Party, Role
from maild.core.trust import reply_address
from maild.letters.body import LOGO, AttachedFile, fill
from maild.letters.calendar import calendar_of
from maild.letters.guard import MIN_CARD, MIN_PHONE, holds_address, tells
from maild.letters.headers import letter_policy, mailbox, message_ids
from maild.letters.render import LANGUAGES, LetterError, Letters, Rendered, of_language
from maild.letters.said import said

MAX_TITLE = 60  # of the work in a subject
MAX_SUBJECT = 250
BETWEEN = "* * *"

# Not "All": that would make Exchange hold back its non-delivery reports, and a lost letter would never be heard of.
SUPPRESS = "DR, RN, NRN, OOF, AutoReply"


class Composer:
    """Writes letters as bytes, for one site.

    `key` is the newest key of its reply addresses, hex; `max_attached` the most bytes that go with a letter.
    """

    def __init__(
        self, letters: Letters, site: SiteFacts, *, key: str, envelope_from: str = "", max_attached: int = 15 * 2**20
    ) -> None:
        self._letters = letters
        self._site = site
        self._key = key
        self._envelope_from = envelope_from or site.address
        self._max_attached = max_attached

    def compose(
        self,
        effect: SendLetter,
        context: Context,
        *,
        now: datetime,
        state: str = "waiting",
        attachments: Sequence[AttachedFile] = (),
    ) -> Composed:
        """The letter of `effect`, ready to send. `context` is the one after the decision's effects.

        It is held, with a doubt, where a partner might learn from it who the patron is.
        Raises LetterError where it cannot be written: no such letter, no such address, too large a file, or a patron's
        data in a partner's letter.
        """
        self._weigh(effect, attachments)
        request = context.request(effect.number) if effect.number else None
        facts = facts_of(effect, context, self._site)
        languages = _written_in(effect.languages)
        try:
            message = self._message(effect, request, now, languages[0])
        except ValueError as err:
            raise LetterError(f"letter {effect.letter} on {effect.number or 'no request'}: {err}") from err
        _, answer_to = parseaddr(message["Reply-To"] or "")
        written = [self._letters.render(effect.letter, one, facts, self._site, answer_to) for one in languages]
        message["Subject"] = _subject(effect, facts, written)
        message["Content-Language"] = ", ".join(languages)
        text, html = self._bodies(written, str(message["Subject"]), facts)
        doubt = _guard(effect, request, context, f"{message['Subject']}\n{text}", html)
        files = [*attachments, *self._calendar(effect, request, facts, written, now)]
        mark = _mark(self._key, "boundary", message["Message-ID"])
        fill(message, text, html, self._letters.look.logo, files, boundary=mark)
        return Composed(
            effect=effect,
            message_id=message["Message-ID"],
            envelope_from=self._envelope_from,
            raw=message.as_bytes(),
            state="held" if (doubt or effect.hold) and state == "waiting" else state,
            doubt=doubt,
            subject=clean_line(" / ".join(dict.fromkeys(one.subject for one in written)), MAX_SUBJECT),
            says=said(facts, written),
        )

    def _bodies(self, written: Sequence[Rendered], subject: str, facts: LetterFacts) -> tuple[str, str]:
        """The letter as text and as HTML, with one signature each."""
        signature = self._letters.signature(written, facts, self._site)
        logo = f"cid:{LOGO}" if self._letters.look.logo else ""
        page = self._letters.page(written, subject, facts, self._site, signature=signature, logo=logo)
        return _text(written, signature), page

    def _weigh(self, effect: SendLetter, files: Sequence[AttachedFile]) -> None:
        size = sum(len(file.data) for file in files)
        if size > self._max_attached:
            raise LetterError(
                f"letter {effect.letter} on {effect.number} would carry {size / 2**20:.1f} MB, more than mailboxes "
                "take as a rule; put the copy where its reader can open it, and give its address (url=https://…)"
            )

    def _message(self, effect: SendLetter, request: Request | None, now: datetime, language: str) -> EmailMessage:
        to = mailbox(effect.to)
        name = of_language(self._site.name, language, self._site.language)
        message = EmailMessage(policy=letter_policy(utf8=not to.username.isascii()))
        message["From"] = str(mailbox(self._site.address, name))
        message["To"] = str(to)
        if request is not None:
            party = effect.party or _party(effect.audience, request)
            answers = reply_address(self._site.address, self._key, effect.number, party, effect.to)
            message["Reply-To"] = str(mailbox(answers, name))
        message["Date"] = now.astimezone(ZoneInfo(self._site.zone))
        message["Message-ID"] = self._message_id(effect)
        self._thread(message, effect, request)
        message["Auto-Submitted"] = "auto-replied" if self._letters.answers(effect.letter) else "auto-generated"
        message["X-Auto-Response-Suppress"] = SUPPRESS
        return message

    def _calendar(
        self,
        effect: SendLetter,
        request: Request | None,
        facts: LetterFacts,
        written: Sequence[Rendered],
        now: datetime,
    ) -> Iterator[AttachedFile]:
        """The dates to keep as a calendar file, where the letter is one that sets them."""
        if request is None or not self._letters.rules.letters[effect.letter].calendar:
            return
        say = self._letters.words[written[0].language]["say"]
        data = calendar_of(facts, say["return_loan"], organizer=mailbox(self._site.address).addr_spec, now=now)
        if data:
            yield AttachedFile(name=f"{effect.number}.ics", type="text/calendar", data=data)

    def _message_id(self, effect: SendLetter) -> str:
        """The same for the same request, letter, cause and recipient: one cause never gives two letters."""
        mark = _mark(self._key, effect.number.lower(), effect.letter, effect.cause, effect.to.lower())
        domain = mailbox(self._site.address).domain
        return f"<{effect.number.lower() or 'maild'}.{effect.letter}.{mark}@{domain}>"

    def _thread(self, message: EmailMessage, effect: SendLetter, request: Request | None) -> None:
        """Joins the letter to what this party last wrote, and to our own letters to the same party."""
        if request is None:
            return
        last = {
            Audience.PARTNER: request.last_partner_message_id,
            Audience.PATRON: request.last_patron_message_id,
        }.get(effect.audience, "")
        ours = [one for one in request.letters if self._letters.went_to(one, effect.audience)]
        answered = message_ids([last])
        known = [one for one in message_ids([*ours, *answered]) if one != message["Message-ID"]]
        if answered or known:
            message["In-Reply-To"] = (answered or known[-1:])[0]
            message["References"] = " ".join(known)


def _text(written: Sequence[Rendered], signature: Iterable[str]) -> str:
    """The letter in each language, the reader's first and a line that points to the others; then one signature."""
    pointers = [one.pointer for one in written[1:]]
    bodies = f"\n\n{BETWEEN}\n\n".join(one.text for one in written)
    return "\n\n".join([*pointers, bodies]) + "\n\n-- \n" + "\n".join(signature) + "\n"


def _written_in(languages: Sequence[str]) -> Sequence[str]:
    """Those that we have letters in, the reader's first; English for a reader of any other."""
    return [one for one in dict.fromkeys(languages) if one in LANGUAGES] or ["en"]


def _subject(effect: SendLetter, facts: LetterFacts, written: Sequence[Rendered]) -> str:
    """What it is about, in each language; the work; our number, which the answer's subject brings back."""
    said = " / ".join(dict.fromkeys(one.subject for one in written))
    work = clean_line(facts.citation.article_title or facts.citation.title or "", MAX_TITLE)
    tag = f" [{effect.number}]" if effect.number else ""
    between = " " if said.endswith("?") else ": "
    return clean_line(f"{said}{between}{work}" if work else said, MAX_SUBJECT) + tag


def _party(audience: Audience, request: Request) -> Party:
    if audience is Audience.PARTNER:
        return Party.SUPPLIER if request.role is Role.BORROWING else Party.REQUESTER
    return Party.PATRON if audience is Audience.PATRON else Party.STAFF


def _mark(key: str, *parts: str) -> str:
    """Twelve hex digits that only we can give for these parts."""
    return hmac.new(bytes.fromhex(key), "\n".join(parts).encode(), hashlib.sha256).hexdigest()[:12]


def _guard(effect: SendLetter, request: Request | None, context: Context, text: str, html: str) -> str:
    """Why staff should look before a partner gets the letter, "" where nothing in it is the patron's.

    Raises LetterError where the patron's address or number stands in it as we have it: such a letter helps nobody.
    """
    patron = context.patron(request.patron_id) if request is not None else None
    if effect.audience is not Audience.PARTNER or request is None:
        return ""
    known = patron or Patron(email=request.patron_email or "")
    # "-", "0" and "ei ole" are no telephone number: each stands in every letter, and none could ever be written.
    phone = known.phone if sum(map(str.isdecimal, known.phone)) >= MIN_PHONE else ""
    secrets = [request.patron_email or "", known.email, phone, known.card if len(known.card) >= MIN_CARD else ""]
    written = f"{text}\n{html}".lower()
    if any(secret and secret.lower() in written for secret in secrets):
        raise LetterError(
            f"letter {effect.letter} on {effect.number} would tell a partner the patron's data; write it without them"
        )
    told = tells(known, text) or ("postal address" if holds_address(request.citation) else "")
    return f"letter {effect.letter} on {effect.number} may tell a partner the patron's {told}" if told else ""
