"""Mails that are read with certainty, and what makes them uncertain or must not: for tests/test_doubt.py.

A case is a mail with what is known when it comes in. `with_text` puts another text into it and keeps everything else.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import cache
from pathlib import Path
from typing import Any

from maild.core.decide import decide
from maild.core.effects import ReadMail
from maild.core.mail import Mail
from maild.core.reading import Citation
from maild.core.request import Attempt, Context, Item, Request
from maild.core.rules import Rules
from maild.core.terms import Role, ServiceType, Status
from maild.evaluate import load_contexts, now_of, reading_json
from maild.reading.gist import Found, Gist, Who
from maild.reading.opening import open_mail
from maild.reading.read import read_mail
from maild.reading.rules import ReadingRules, shipped_gist
from maild.registry import load_parsers
from tests.house import shipped_rules
from tests.readings import mails_of, shipped_reading_rules

OURS = "ill@library.test"
THEIRS = "kp@partner.test"
NUMBER = "KP-2026-000123"
TITLE = "Ehkä talvi tulee? Not without doubt"  # of the request: a hedge, a question and a negation
MX = "mx.library.test"
TAKEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOT_JUDGED = frozenset({"StatusRequest", "RetryPossible"})  # asking and offering are what these are
JUDGED = frozenset({"partner-reply", "partner-request"})
LABELLED = re.compile(r"[^:]{1,45}:\s")  # a field and its value
STAMP = "{mx}; spf=pass smtp.mailfrom={domain}; dkim=pass header.d={domain}; dmarc=pass header.from={domain}"
QUOTED = """

> Hyvät kollegat / Dear colleagues,
> pyydämme kaukolainaksi seuraavaa teosta. / we would like to borrow the following item.
> Tilausnumero / Request number: {number}
> Teos / Title: {title}
"""
DOUBTS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "doubts.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mail that may be acted on. `opened` is it, opened."""

    name: str
    raw: bytes
    context: Context
    opened: Mail
    verdict: dict[str, Any]

    @property
    def language(self) -> str:
        """The language of its new text."""
        return str(self.verdict["language"] or "en")


@cache
def rules() -> Rules:
    """The shipped rules of the core."""
    return shipped_rules()


class Remembering(Gist):
    """The shipped third judge, asked once for each text: a mail from a stranger has the text of the partner's."""

    def __init__(self) -> None:
        self._once = cache(shipped_gist().read)

    def read(self, who: Who, text: str) -> dict[Found, float]:
        return self._once(who, text)


@cache
def reading_rules() -> ReadingRules:
    """The shipped rules of reading."""
    return replace(shipped_reading_rules(), gist=Remembering())


def opened(raw: bytes, context: Context) -> Mail:
    """The mail, opened as the daemon does."""
    return open_mail(
        raw,
        received_at=context.received_at,
        our_addresses=context.our_addresses,
        quotes=reading_rules().quotes,
    )


def verdict(raw: bytes, context: Context) -> dict[str, Any]:
    """The contract's object for the mail: the whole road through reading and deciding."""
    mail = opened(raw, context)
    context = replace(context, received_at=now_of(mail, context, None))
    reading = read_mail(mail, context, reading_rules(), load_parsers())
    happening = ReadMail(mail=mail, reading=reading, id=mail.key)
    decision = decide(happening, context, rules(), context.received_at or TAKEN)
    return reading_json("", mail, decision)


def case(name: str, raw: bytes, context: Context) -> Case:
    """The mail as a case."""
    return Case(name=name, raw=raw, context=context, opened=opened(raw, context), verdict=verdict(raw, context))


# Where cases come from


def labelled(folder: Path) -> Iterator[Case]:
    """The mails of a labelled folder that partners sent and that may be acted on by their label and in truth."""
    contexts = load_contexts(folder / "context.jsonl")
    for line in (folder / "labels.jsonl").read_text("utf-8").split("\n"):
        label = json.loads(line) if line.strip() else {"auto": False}
        if label["auto"] and label["kind"] in JUDGED and not NOT_JUDGED & {e["event"] for e in label["events"]}:
            name = Path(label["file"]).name
            yield case(name, (folder / name).read_bytes(), contexts[name])


def own_letters() -> Iterator[Case]:
    """The letters of library systems in tests/mails/dialects, as from a partner of ours."""
    for path in mails_of("dialects"):
        raw = path.read_bytes()
        sender = opened(raw, Context(our_addresses=(OURS,))).from_address
        for known in (supplying(Status.REQUESTED), supplying(Status.WITH_PATRON), asking(Status.LOANED)):
            found = case(path.name, stamped(raw, sender), known_as(known, sender))
            events = {event["event"] for event in found.verdict["events"]}
            if found.verdict["auto"] and events and not events & NOT_JUDGED:
                yield found
                break


def letters() -> Iterator[Case]:
    """The letters of doubts.toml."""
    for letter in DOUBTS["letter"]:
        yield written(letter["language"], letter["event"], letter["text"])


def written(language: str, event: str, text: str) -> Case:
    """A letter of a partner about our request, or of a library that has a loan of ours."""
    number = NUMBER
    body = text + QUOTED.format(number=number, title=TITLE)
    mail = MIMEText(body, "plain", "utf-8")
    mail["From"], mail["To"], mail["Date"] = THEIRS, OURS, "Fri, 20 Nov 2026 12:00:00 +0200"
    mail["Subject"], mail["Message-ID"] = f"Re: [{number}] Kaukolaina", f"<{language}-{event}@partner.test>"
    mail["In-Reply-To"] = "<kp-2026-000123.1.aa@library.test>"
    return case(f"{event}-{language}", stamped(mail.as_bytes(), THEIRS), known_as(KNOWN[event](), THEIRS))


def supplying(status: Status, **values: Any) -> Request:
    """A loan that we asked the partner for; the older statuses have an item here."""
    item = Item(id=1, item_ids=("1300",), due_date=date(2026, 12, 18), patron_due_date=date(2026, 12, 15))
    asked = datetime(2026, 11, 9, tzinfo=UTC)
    attempt = Attempt(id=1, partner_domains=("partner.test",), status="Requested", asked_at=asked)
    facts: dict[str, Any] = {
        "number": NUMBER, "role": Role.BORROWING, "service_type": ServiceType.LOAN, "status": status,
        "citation": Citation(title=TITLE), "partner_domains": ("partner.test",), "partner_address": THEIRS,
        "mailed": (THEIRS,), "letters": ("<kp-2026-000123.1.aa@library.test>",), "attempts": (attempt,),
        "items": (item,) if status is Status.WITH_PATRON else (),
        "loaned_on": date(2026, 11, 10) if status is Status.WITH_PATRON else None,
    }  # fmt: skip
    return Request(**(facts | values))


def asking(status: Status) -> Request:
    """A loan of ours that the partner has."""
    item = Item(id=1, item_ids=("1300",), due_date=date(2026, 12, 18))
    return supplying(status, role=Role.LENDING, items=(item,), attempts=())


def known_as(request: Request, sender: str) -> Context:
    """What is known when that sender writes: one request, of his or her library."""
    domain = sender.rpartition("@")[2]
    number = NUMBER
    attempts = tuple(replace(a, partner_domains=(domain,)) for a in request.attempts)
    request = replace(
        request, number=number, partner_domains=(domain,), partner_address=sender, mailed=(sender,), attempts=attempts
    )
    return Context(
        received_at=TAKEN, our_addresses=(OURS,), authserv_id=MX, partner_domains=(domain,), requests=(request,)
    )


def stamped(raw: bytes, sender: str) -> bytes:
    """The mail with a pass of our own mail server for the sender's domain."""
    stamp = STAMP.format(mx=MX, domain=sender.rpartition("@")[2])
    return f"Authentication-Results: {stamp}\n".encode() + raw


KNOWN = {
    **dict.fromkeys(
        ("Unfilled", "WillSupply", "ExpectToSupply", "RequestReceived", "Loaned"), lambda: supplying(Status.REQUESTED)
    ),
    **dict.fromkeys(
        ("RenewAccepted", "RenewRefused"), lambda: supplying(Status.WITH_PATRON, renewal_pending=True, renewals=1)
    ),
    **dict.fromkeys(("Recalled", "Overdue"), lambda: supplying(Status.WITH_PATRON)),
    "LoanCompleted": lambda: supplying(Status.SHIPPED_RETURN),
    "Cancelled": lambda: supplying(Status.CANCEL_PENDING),
    **dict.fromkeys(("Received", "Renew", "ShippedReturn"), lambda: asking(Status.LOANED)),
    "Cancel": lambda: asking(Status.REQUEST_RECEIVED),
}


# How a mail is changed


def with_text(one: Case, change: str, where: str) -> bytes | None:
    """The mail with `change` put into its new text: "before" or "after" it, or "inside" its deciding sentence.

    None where the mail has no sentence, only fields and their values.
    """
    whole, own = one.opened.text, [line.text for line in one.opened.lines if line.text.strip()]
    if where == "before":
        return rebuilt(one, _at_line(whole, own[0], f"{change}\n\n{own[0]}"))
    if where == "after":
        return rebuilt(one, _at_line(whole, own[-1], f"{own[-1]}\n\n{change}"))
    sentences = [line for line in own if not LABELLED.match(line) and line.count(" ") > 1]
    if not sentences:
        return None
    line = deciding(one, sentences)
    first, blank, rest = line.strip().partition(" ")
    return rebuilt(one, _at_line(whole, line, f"{first} {change}{blank}{rest}"))


def doubtful(one: Case) -> Iterator[tuple[str, str, bytes]]:
    """The mail made doubtful in every way: kind of doubt, what was put where, the mail."""
    language = one.language if one.language in DOUBTS["words"]["hedge"] else "en"
    for kind, by_language in DOUBTS["words"].items():
        for word in by_language[language]:
            if (changed := with_text(one, word, "inside")) is not None:
                yield kind, f"inside {word!r}", changed
    for kind, by_language in DOUBTS["sentences"].items():
        for sentence in by_language[language]:
            for where in ("before", "after"):
                if (changed := with_text(one, sentence, where)) is not None:
                    yield kind, f"{where} {sentence!r}", changed
    yield "stranger", "foreign domain", from_stranger(one)


def neutral(one: Case) -> Iterator[tuple[str, str, bytes]]:
    """The mail with the same words where nobody says them about the request: where, what, the mail."""
    words, whole = DOUBTS["neutral"], one.opened.text
    language = one.language if one.language in words["quote"] else "en"
    for said in words["quote"][language]:
        yield "quote", said, rebuilt(one, f"{whole}\n\n> {said}\n")
    for said in words["signature"][language]:
        last = [line.text for line in one.opened.lines if line.text.strip()][-1]
        signed = f"{last}\n\n-- \nKirjasto / Library\n{said}\n"
        yield "signature", said, rebuilt(one, _at_line(whole, last, signed))
    for said in words["disclaimers"]:
        yield "disclaimer", said, rebuilt(one, f"{whole}\n\n{said}\n")


def titled(one: Case, shapes: list[str]) -> Iterator[tuple[str, str, bytes]]:
    """The letter with its request's title in it, as its own line or at the end of the deciding sentence's line."""
    line = deciding(one, [line.text for line in one.opened.lines if line.text.strip()])
    for shape in shapes:
        said = shape.format(line="", title=TITLE).strip()
        below = f"{line.rstrip('.')} {said}." if shape.startswith("{line}") else f"{line}\n\n{said}"
        yield "title", said, rebuilt(one, _at_line(one.opened.text, line, below))


def deciding(one: Case, own: list[str]) -> str:
    """The line of the new text that has most words of what was read, else the longest."""
    reading = read_mail(one.opened, one.context, reading_rules(), load_parsers())
    passages = {word for event in reading.events for word in event.passage.split()}
    return max(own, key=lambda line: (len(passages & set(line.split())), len(line)))


def _at_line(whole: str, line: str, new: str) -> str:
    """The text with that line exchanged where it stands first as a line."""
    return re.sub(rf"(?m)^[ \t]*{re.escape(line.strip())}[ \t]*$", lambda _: new, whole, count=1)


def rebuilt(one: Case, text: str) -> bytes:
    """A clean mail of the same header and files with this text, in UTF-8."""
    old = message_from_bytes(one.raw)
    body = MIMEText(text, "plain", "utf-8")
    files = [part for part in old.walk() if part.get_content_disposition() == "attachment" or _is_file(part)]
    new: Message = MIMEMultipart("mixed", _subparts=[body, *files]) if files else body
    for name, value in old.items():
        if not name.lower().startswith("content-") and name.lower() != "mime-version":
            new[name] = value
    return new.as_bytes()


def _is_file(part: Message) -> bool:
    return part.get_content_maintype() not in {"text", "multipart", "message"}


def from_stranger(one: Case, domain: str = "library-partners.test") -> bytes:
    """The mail as somebody else sends it, whose own domain passes."""
    old = one.opened.from_address.rpartition("@")[2].encode()
    header, blank, body = re.split(rb"(\r?\n\r?\n)", one.raw, maxsplit=1)
    return re.sub(re.escape(old), domain.encode(), header, flags=re.IGNORECASE) + blank + body
