"""A letter as it goes out: text in one or two languages, header fields, attachments; fixed bytes, fixed Message-ID."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from maild.core.cleaning import clean_line
from maild.core.effects import Audience, Composed, SendLetter
from maild.core.letters import LetterFacts, SiteFacts, facts_of
from maild.core.request import Context, Request
from maild.core.terms import Party, Role
from maild.core.trust import reply_address
from maild.letters.headers import letter_policy, mailbox, message_ids
from maild.letters.render import LANGUAGES, LetterError, Letters, Rendered, of_language

MAX_TITLE = 60  # of the work in a subject
MAX_SUBJECT = 250
MAX_FILE_NAME = 100
MIN_CARD = 5  # a shorter card number could stand in a letter by chance
TYPE = re.compile(r"(?!message/|multipart/)([a-z]{1,20})/([a-z0-9][a-z0-9.+-]{0,80})")
BETWEEN = "* * *"

# Not "All": that would make Exchange hold back its non-delivery reports, and a lost letter would never be heard of.
SUPPRESS = "DR, RN, NRN, OOF, AutoReply"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that goes with a letter: a delivered copy."""

    name: str
    type: str
    data: bytes


class Composer:
    """Writes letters as bytes, for one site. `key` is the newest key of its reply addresses, hex."""

    def __init__(self, letters: Letters, site: SiteFacts, *, key: str, envelope_from: str = "") -> None:
        self._letters = letters
        self._site = site
        self._key = key
        self._envelope_from = envelope_from or site.address

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

        Raises LetterError where it cannot be written: no such letter, no such address, or a patron's data in a
        partner's letter.
        """
        request = context.request(effect.number) if effect.number else None
        facts = facts_of(effect, context, self._site)
        written = [
            self._letters.render(effect.letter, language, facts, self._site)
            for language in _written_in(effect.languages)
        ]
        try:
            message = self._message(effect, request, now, written[0].language)
        except ValueError as err:
            raise LetterError(f"letter {effect.letter} on {effect.number or 'no request'}: {err}") from err
        message["Subject"] = _subject(effect, facts, written)
        text = self._text(facts, written)
        _guard(effect, request, context, f"{message['Subject']}\n{text}")
        message.set_content(text, cte="quoted-printable")
        message["Content-Language"] = ", ".join(one.language for one in written)
        _attach(message, attachments, boundary=_mark(self._key, "boundary", message["Message-ID"]))
        return Composed(
            effect=effect,
            message_id=message["Message-ID"],
            envelope_from=self._envelope_from,
            raw=message.as_bytes(),
            state=state,
        )

    def _message(self, effect: SendLetter, request: Request | None, now: datetime, language: str) -> EmailMessage:
        to = mailbox(effect.to)
        name = of_language(self._site.name, language, self._site.language)
        message = EmailMessage(policy=letter_policy(utf8=not to.username.isascii()))
        message["From"] = mailbox(self._site.address, name)
        message["To"] = to
        if request is not None:
            party = effect.party or _party(effect.audience, request)
            message["Reply-To"] = mailbox(
                reply_address(self._site.address, self._key, effect.number, party, effect.to), name
            )
        message["Date"] = now.astimezone(ZoneInfo(self._site.zone))
        message["Message-ID"] = self._message_id(effect)
        self._thread(message, effect, request)
        message["Auto-Submitted"] = "auto-replied" if self._letters.answers(effect.letter) else "auto-generated"
        message["X-Auto-Response-Suppress"] = SUPPRESS
        return message

    def _text(self, facts: LetterFacts, written: Sequence[Rendered]) -> str:
        """The letter in each language, the reader's first and a line that points to the others; then one signature."""
        pointers = [self._letters.words[one.language]["say"]["also_below"] for one in written[1:]]
        bodies = f"\n\n{BETWEEN}\n\n".join(one.text for one in written)
        signed = [self._letters.part("_signature.txt.j2", one.language, facts, self._site) for one in written]
        signature = dict.fromkeys(line for part in signed for line in part.splitlines())
        return "\n\n".join([*pointers, bodies]) + "\n\n-- \n" + "\n".join(signature) + "\n"

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


def _written_in(languages: Sequence[str]) -> Sequence[str]:
    """Those that we have letters in, the reader's first; English for a reader of any other."""
    return [one for one in dict.fromkeys(languages) if one in LANGUAGES] or ["en"]


def _subject(effect: SendLetter, facts: LetterFacts, written: Sequence[Rendered]) -> str:
    """What it is about, in each language; the work; our number, which the answer's subject brings back."""
    said = " / ".join(dict.fromkeys(one.subject for one in written))
    work = clean_line(facts.citation.article_title or facts.citation.title or "", MAX_TITLE)
    tag = f" [{effect.number}]" if effect.number else ""
    return clean_line(f"{said}: {work}" if work else said, MAX_SUBJECT) + tag


def _party(audience: Audience, request: Request) -> Party:
    if audience is Audience.PARTNER:
        return Party.SUPPLIER if request.role is Role.BORROWING else Party.REQUESTER
    return Party.PATRON if audience is Audience.PATRON else Party.STAFF


def _mark(key: str, *parts: str) -> str:
    """Twelve hex digits that only we can give for these parts."""
    return hmac.new(bytes.fromhex(key), "\n".join(parts).encode(), hashlib.sha256).hexdigest()[:12]


def _guard(effect: SendLetter, request: Request | None, context: Context, text: str) -> None:
    """Partners never get patron data, whatever a template or a staff member's text says."""
    if effect.audience is not Audience.PARTNER or request is None:
        return
    patron = context.patron(request.patron_id)
    secrets = [request.patron_email or ""]
    if patron is not None:
        secrets += [patron.email, patron.phone, patron.card if len(patron.card) >= MIN_CARD else ""]
    if any(secret and secret.lower() in text.lower() for secret in secrets):
        raise LetterError(
            f"letter {effect.letter} on {effect.number} would tell a partner the patron's data; write it without them"
        )


def _attach(message: EmailMessage, attachments: Sequence[AttachedFile], boundary: str) -> None:
    for file in attachments:
        stated = TYPE.fullmatch(file.type.lower())
        kind, sub = stated.groups() if stated else ("application", "octet-stream")
        name = clean_line(file.name, MAX_FILE_NAME).replace("/", "_").replace("\\", "_") or "copy"
        message.add_attachment(file.data, maintype=kind, subtype=sub, filename=name)
    if attachments:
        message.set_boundary(f"=_maild_{boundary}")
