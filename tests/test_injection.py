"""Every text field of a record, an occasion, a form and a mail, with every payload of injections.toml in it.

No header, recipient, part, tag, template, word of a command line, IMAP command or file comes of it.
"""

import asyncio
import email.policy
import re
import shlex
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from email import message_from_bytes
from email.message import EmailMessage
from functools import cache
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from maild.core.decide_mail import command
from maild.core.effects import Composed
from maild.core.letters import OCCASION_FACTS, LetterFacts
from maild.core.reading import Citation, Event
from maild.core.request import Attempt, Context, Item, Partner, Patron, Request
from maild.core.terms import EventName
from maild.letters.body import AttachedFile
from maild.letters.render import LetterError
from maild.letters.samples import Sample, samples
from maild.post.transport import ToMaildir
from maild.store import inbox, outbox
from maild.store.inbox import Arrival
from maild.store.outbox import Outgoing
from maild.store.tables import InboxRow, OutboxRow, RequestRow
from tests.desk_parts import FORM, NOW, PARTNERS, PATRON, database_of, desk_of, rows, settings_in
from tests.letter_house import NOW as WRITTEN
from tests.letter_house import composer, letter_rules

PAYLOADS: dict[str, str] = tomllib.loads((Path(__file__).parent / "injections.toml").read_text("utf-8"))
MARKER = "Zzyzx"
TEXT = (str, str | None, tuple[str, ...])
RECORDS = (Citation, Request, Item, Attempt, Partner, Patron)
COMPUTED = ("8640247", "root:x:", "uid=0", "<class ")  # what templates, files and shells would make of the payloads
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
SAFE_LINK = re.compile(r"https?://|mailto:|cid:|tel:|#")
THREAD = {"In-Reply-To", "References"}  # an id that is none is left out
Place = tuple[str, str]  # a record and its field


def text_fields() -> Iterator[Place]:
    """Every text field of the records, and every text that an occasion brings to a letter."""
    for record in RECORDS:
        yield from ((record.__name__, f.name) for f in fields(record) if f.type in TEXT and f.name != "number")
    yield from (("facts", f.name) for f in fields(LetterFacts) if f.name in OCCASION_FACTS and f.type in TEXT)
    yield from (("letter", "to"), ("letter", "cause"), ("file", "name"))


@cache
def usual() -> tuple[Sample, ...]:
    """One sample of each letter, with people and a supplier on record."""
    return tuple(samples(rule)[0] for rule in letter_rules().letters.values())


def written(one: Sample, place: Place, text: str) -> Composed:
    """The letter with that text in that place. Raises LetterError where it cannot be."""
    files = (AttachedFile(name=text, type="application/pdf", data=b"%PDF-1.7\n"),) if place == ("file", "name") else ()
    put = changed(one, place, text)
    return composer().compose(put.effect, put.context, now=WRITTEN, attachments=files)


def changed(one: Sample, place: Place, text: str) -> Sample:
    """The sample with that text in that place."""
    record, name = place
    if record == "facts":
        value = (text,) if _is_tuple(LetterFacts, name) else text
        return replace(one, effect=replace(one.effect, facts={**one.effect.facts, name: value}))
    if record == "letter":
        return replace(one, effect=replace(one.effect, **{name: text}))
    return one if record == "file" else replace(one, context=_with(one.context, record, name, text))


def _with(context: Context, record: str, name: str, text: str) -> Context:
    def put(row: Any) -> Any:
        return replace(row, **{name: (text,) if _is_tuple(type(row), name) else text})

    def in_request(request: Request) -> Request:
        if record == "Citation":
            return replace(request, citation=put(request.citation))
        if record == "Item":
            return replace(request, items=tuple(map(put, request.items or (Item(),))))
        if record == "Attempt":
            return replace(request, attempts=tuple(map(put, request.attempts or (Attempt(),))))
        return put(request) if record == "Request" else request

    return replace(
        context,
        requests=tuple(map(in_request, context.requests)),
        partners=tuple(map(put, context.partners)) if record == "Partner" else context.partners,
        patrons=tuple(map(put, context.patrons)) if record == "Patron" else context.patrons,
    )


def _is_tuple(record: type, name: str) -> bool:
    return next(f.type for f in fields(record) if f.name == name) == tuple[str, ...]


# What a letter may be made of


class Tags(HTMLParser):
    """The tags of a page with their attributes, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[tuple[str, str]] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action", "background"}}


class Read:
    """A letter, read back by Python's own reader."""

    def __init__(self, raw: bytes) -> None:
        self.message = message_from_bytes(raw, EmailMessage, policy=email.policy.default)
        parts = list(self.message.walk())
        self.shape = [(part.get_content_type(), set(part.keys())) for part in parts]
        self.texts = {p.get_content_type(): p.get_content() for p in parts if p.get_content_maintype() == "text"}
        self.tags = Tags(self.texts["text/html"])


@cache
def pages() -> set[tuple[str, str]]:
    """All tags of all letters with nothing strange in them; links; the line that points to a second language."""
    usual_tags = [Read(composer().compose(s.effect, s.context, now=WRITTEN).raw).tags.seen for s in usual()]
    return {("a", ""), ("a", "href"), ("p", "lang")}.union(*usual_tags)


def must_be_only_text(letter: Composed, plain: Read) -> None:
    """The letter is made like the plain one, whatever stands in its texts."""
    found = Read(letter.raw)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", letter.raw)
    for (kind, names), (wanted, known) in zip(found.shape, plain.shape, strict=True):
        assert kind == wanted
        assert known - THREAD <= names <= known | THREAD
    message = found.message
    assert len(message["To"].addresses) == 1
    assert "evil.example" not in str(message.get("Reply-To", "")) + str(message["From"])
    told = f"{message['Subject']}\n{''.join(found.texts.values())}"
    assert not UNSEEN.search(told)
    assert not any(result in told for result in COMPUTED)
    assert found.tags.seen <= pages()
    assert all(SAFE_LINK.match(link) for link in found.tags.links), found.tags.links
    for part in message.iter_attachments():
        assert not re.search(r"[/\\]|^\.", part.get_filename() or "")


# The tests


def test_there_are_enough_of_both() -> None:
    assert len(PAYLOADS) >= 40
    assert len(set(text_fields())) >= 70


@pytest.mark.parametrize("place", list(text_fields()), ids=".".join)
def test_no_payload_in_any_field_is_more_than_text(place: Place) -> None:
    """In the first letter that tells what stands there; where none does, some of them in one that tells much."""
    one = telling().get(place)
    payloads = list(PAYLOADS.values())[:: 1 if one else 6]
    one = one or by_name("request_loan")
    plain = Read(written(one, place, one.effect.to if place == ("letter", "to") else MARKER).raw)
    for payload in payloads:
        try:
            letter = written(one, place, payload)
        except LetterError:  # no address, or it would tell a partner who the patron is: staff write it
            continue
        must_be_only_text(letter, plain)


def by_name(letter: str) -> Sample:
    return next(one for one in usual() if one.effect.letter == letter)


@cache
def telling() -> dict[Place, Sample]:
    """The first letter that tells what stands in a place: every place has a marker of its own."""
    marked = {place: f"{MARKER}{number}x" for number, place in enumerate(text_fields())}
    found: dict[Place, Sample] = {}
    for one in usual():
        filled = one
        for (record, name), marker in marked.items():
            if record not in {"letter", "file", "Patron"} or (record == "Patron" and one.effect.audience == "patron"):
                filled = changed(filled, (record, name), marker)
        read = Read(composer().compose(filled.effect, filled.context, now=WRITTEN).raw)
        told = f"{read.message['Subject']}{read.texts['text/plain']}"
        found |= {place: one for place, marker in marked.items() if marker in told and place not in found}
    return found


def test_many_places_stand_in_some_letter() -> None:
    """Else the test above would prove nothing."""
    assert len(telling()) >= 30


@pytest.mark.parametrize("name", ["url", "reason", "item_id"])
def test_no_word_of_a_mail_is_more_than_a_word_on_a_command_line(name: str) -> None:
    """Staff copy these commands into a shell."""
    for payload in PAYLOADS.values():
        value: Any = (payload,) if name == "item_id" else payload
        event = replace(Event(event=EventName.LOANED), **{name: value})
        line = command(event, "KP-2026-000123")
        assert shlex.split(line) == ["maild", "request", "do", "KP-2026-000123", "Loaned", f"{name}={payload}"]
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        assert len(list(lexer)) == 6


WORK = ("Teoksen nimi", "Tekijä", "Julkaisuvuosi", "Noutopaikka")
PERSON = ("Nimi", "Kirjastokortin numero", "Sähköposti")
MAIL_FIELDS = ("Subject", "Message-ID", "To", "Date")


def test_no_payload_in_a_form_reaches_a_header_a_recipient_or_a_file(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    filled = product((WORK, PERSON, MAIL_FIELDS), PAYLOADS.values())
    mails = [_form(number, names, payload) for number, (names, payload) in enumerate(filled)]
    with database_of(settings) as database:
        desk = desk_of(settings, database)
        with database.write() as session:
            inbox.keep(session, [Arrival(raw=raw, door="smtp", received_at=NOW) for raw in mails], NOW)
        while desk.work():
            pass
        with database.read() as session:
            assert {row.state for row in rows(session, InboxRow)} == {"done"}
            assert len(rows(session, RequestRow)) > len(PAYLOADS) / 2
            letters = rows(session, OutboxRow)
            due = outbox.due(session, NOW, len(letters) + 1)
        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        asyncio.run(_deliver(due, tmp_path / "letters"))
    ours = {partner.email for partner in PARTNERS} | {PATRON.email, "desk@library.example"}
    known = set(
        Read(
            composer().compose(by_name("request_loan").effect, by_name("request_loan").context, now=WRITTEN).raw
        ).message
    )
    for row in letters:
        found = Read(row.raw)
        assert row.to in ours
        assert [a.addr_spec for a in found.message["To"].addresses] == [row.to]
        assert set(found.message.keys()) <= known | THREAD
        assert found.tags.seen <= pages()
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert len(made) == len(due) > 0
    assert {path.parent for path in made} == {tmp_path / "letters/new"}


async def _deliver(letters: Sequence[Outgoing], folder: Path) -> None:
    for letter in letters:
        await ToMaildir(folder).send(letter)


def _form(number: int, names: Collection[str], payload: str) -> bytes:
    """The form with these fields' values put in place of its own."""
    lines = FORM.format(number=number, title="Tervan tie merelle").split("\n")
    filled = [f"{name}: {payload}" if (name := line.partition(":")[0]) in names else line for line in lines]
    return "\n".join(filled).replace("\r\n", "\n").replace("\n", "\r\n").encode()
