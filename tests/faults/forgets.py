"""`maild patron forget`: one of many patrons, then every place is searched for what named that one (P36)."""

import base64
import email
import email.policy
import html
import json
import quopri
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from email.message import EmailMessage
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import structlog
from sqlmodel import Session, col, select, update

from maild.clock import WoundClock
from maild.core.effects import Command
from maild.core.reading import Event
from maild.core.request import Patron
from maild.core.terms import EventName
from maild.process import Desk
from maild.store import inbox, settling
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.statements import table_of
from maild.store.tables import METADATA, InboxRow, InputRow, OutboxRow, RequestRow
from maild.verbs.privacy import forget
from tests.desk_parts import FORM, LOANED, NOW, database_of, desk_of, reply, settings_in
from tests.desks import add_patron
from tests.faults.table import Row

GONE = Patron(name="Åsa Äijälä-Öhman", email="asa.aijala@student.example", card="2100777001", approved=True)
STAYS = Patron(name="Åsa Äijälä-Ek", email="asa@student.example", card="2100777002", approved=True)
MAILBOX = "ill@imap.example:993/INBOX"
BATCH = 500
CONFIG = '[database]\nurl = "sqlite:///{folder}/maild.db"\n[post]\nmaildir = "{folder}/letters"\n'
CLOSING = ("Received", "ReadyForPickup", "CheckedOut", "ReturnedByPatron", "ShippedReturn", "Close")


def row(patrons: int) -> Row:
    """One erased among so many."""
    with TemporaryDirectory() as folder:
        found = measure(Path(folder), patrons)
    return Row(
        claim=f"one of {patrons:,} patrons erased by maild patron forget ({found['mails']:,} mails kept)",
        control=f"before that: {found['before']} traces",
        figure=f"{found['after']} traces in tables, files of the database, mails decoded and logs; "
        f"{found['listed']} of {found['copies']} copies in IMAP folders listed; another of nearly that name "
        f"{'untouched' if found['other'] else 'TOUCHED'}; {found['seconds']} s",
        held=not found["after"] and found["before"] > 0 and found["listed"] == found["copies"] and bool(found["other"]),
    )


def measure(folder: Path, patrons: int) -> dict[str, int]:
    """What was found before and after, and what stayed of the other one."""
    settings = settings_in(folder)
    (folder / "maild.toml").write_text(f'data = "{folder}"\n' + CONFIG.format(folder=folder))
    log = folder / "log"
    with log.open("w") as file, redirect_stderr(file), database_of(settings) as database:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=file))
        clock = WoundClock(NOW)
        desk = desk_of(settings, database, clock)
        with database.write() as session:
            for one in (GONE, STAYS):
                add_patron(session, one)
        for number, one in enumerate((GONE, STAYS)):
            _live(desk, database, one, number)
        _crowd(database, patrons - 2)
        before, other = traces(database, folder, GONE, STAYS)
        with database.read() as session:
            mails = len(session.exec(select(InboxRow.id)).all())
        began = time.monotonic()
        with redirect_stdout(StringIO()) as said:
            forget(folder / "maild.toml", GONE.card)
        seconds = time.monotonic() - began
        file.flush()
        left, others_left = traces(database, folder, GONE, STAYS)
        found = {
            "before": len(before),
            "after": len(left),
            "mails": mails,
            "copies": len(_mails(GONE)),
            "listed": sum(f"Message-ID <{n}.{GONE.card}@" in said.getvalue() for n in _numbers()),
            "other": int(in_tables(others_left) == in_tables(other)),
            "seconds": round(seconds),
        }
    structlog.reset_defaults()
    if wrong := [*left, *(f"of the other: {one}" for one in in_tables(other) ^ in_tables(others_left))]:
        print(*sorted(wrong), sep="\n", file=sys.stderr)
    return found


# The desk


def _live(desk: Desk, database: Database, patron: Patron, number: int) -> None:
    """A loan from form to return, with mails and a note that name its patron in every way."""
    form = FORM.format(number=number, title=f"Kirja {number}")
    for old, new in (
        ("Aino Esimerkki", patron.name),
        ("2100123456", patron.card),
        ("aino@student.example", patron.email),
    ):
        form = form.replace(old, new)
    _keep(database, [form.replace("\n", "\r\n").encode()], number)
    desk.work()
    with database.read() as session:
        request = session.exec(select(RequestRow).order_by(col(RequestRow.id).desc())).first()
        letter = session.exec(
            select(OutboxRow).where(OutboxRow.audience == "partner").order_by(col(OutboxRow.id).desc())
        ).first()
    if request is None or letter is None:
        raise RuntimeError("the form brought about no request")
    told = f"{LOANED}\n\nLainaaja {patron.name}, {patron.email}"
    _keep(database, [reply(told, to="ill@library.example", answers=letter.message_id, number=number)], number)
    desk.work()
    for event in CLOSING:
        _do(desk, request.number, event, note=f"{patron.name} soitti")
    _keep(database, _mails(patron), number)
    while desk.work():
        pass
    with database.write() as session:
        last = session.exec(select(InboxRow.id).order_by(col(InboxRow.id).desc())).first() or 0
        settling.set_aside(session, last, f"Traceback: ValueError: {patron.name}", NOW)
        session.exec(update(table_of(RequestRow)).values(closed_at=NOW))


def _do(desk: Desk, number: str, event: str, note: str) -> None:
    try:
        desk.command(
            Command(number=number, event=Event(event=EventName(event), note=note), actor="desk", id=f"{number}{event}")
        )
    except Exception as err:  # a step that the profile has no need of
        structlog.get_logger().info("skipped", event_name=event, error=type(err).__name__)


def _keep(database: Database, raws: list[bytes], number: int) -> None:
    with database.write() as session:
        start = len(session.exec(select(InboxRow.id)).all()) + 1000 * number
        arrivals = [
            Arrival(raw=raw, door="imap", mailbox=MAILBOX, uidvalidity=1, uid=start + n, received_at=NOW)
            for n, raw in enumerate(raws)
        ]
        inbox.keep(session, arrivals, NOW)


def _mails(patron: Patron) -> list[bytes]:
    """Mails of no request that name the patron, one encoding each, and one twice as long a name as it is."""
    first, _, last = patron.name.partition(" ")
    ways: list[tuple[str, dict[str, Any]]] = [
        (f"Hei, {patron.name} kysyy.", {"charset": "utf-8", "cte": "8bit"}),
        (f"Hei, {patron.name} kysyy.", {"charset": "iso-8859-1", "cte": "8bit"}),
        (f"Hei, {patron.name} kysyy.", {"charset": "utf-8", "cte": "quoted-printable"}),
        (f"Hei, {patron.name} kysyy.", {"charset": "iso-8859-15", "cte": "quoted-printable"}),
        (f"Hei, {patron.name} kysyy.\n" * 5, {"charset": "utf-8", "cte": "base64"}),
        (f"Asiakas {last}, {first}, kysyy.", {"charset": "utf-8", "cte": "8bit"}),
        (f"Asiakas {last} {first} kysyy.", {"charset": "utf-8", "cte": "quoted-printable"}),
        (f"Hei, tässä on tiedoksi {first}\n{last} ja kysymys.", {"charset": "utf-8", "cte": "8bit"}),
        (f"Hei, {patron.name.upper()} kysyy.", {"charset": "utf-8", "cte": "8bit"}),
        (f"<p>{html.escape(patron.name).replace('Å', '&Aring;')}</p>", {"subtype": "html", "cte": "8bit"}),
        (f"Kortti {patron.card}.", {"charset": "utf-8", "cte": "7bit"}),
        (f"Osoite {patron.email.upper()}.", {"charset": "utf-8", "cte": "7bit"}),
    ]
    found = []
    for number, (text, how) in enumerate(ways):
        mail = EmailMessage(policy=email.policy.SMTP.clone(cte_type="8bit"))
        mail["From"], mail["To"] = "kysyja@stranger.example", "ill@library.example"
        mail["Subject"], mail["Message-ID"] = "Kysymys", f"<{number}.{patron.card}@stranger.example>"
        mail.set_content(text, **how)
        found.append(mail.as_bytes())
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"] = f'"{patron.name}" <{patron.email}>', "ill@library.example"
    mail["Subject"], mail["Message-ID"] = f"{patron.name}: kysymys", f"<s.{patron.card}@stranger.example>"
    mail.set_content("Hei")
    return [*found, mail.as_bytes()]


def _numbers() -> list[str]:
    """What the Message-IDs of these mails begin with."""
    return [*map(str, range(len(_mails(GONE)) - 1)), "s"]


def _crowd(database: Database, count: int) -> None:
    """The other patrons: each with a record, a mail, a closed request and what it was decided by."""
    with database.read() as session:
        form = session.exec(select(InboxRow.raw).order_by(InboxRow.id)).first() or b""
        decided = session.exec(select(InputRow).order_by(InputRow.id)).first()
        request = session.exec(select(RequestRow).order_by(RequestRow.id)).first()
    if decided is None or request is None:
        raise RuntimeError("nobody lived here")
    people = ((n, f"Henkilö{n:05} Muu", f"muu{n}@student.example", f"22{n:08}") for n in range(count))
    while some := list(islice(people, BATCH)):
        with database.write() as session:
            for n, name, address, card in some:
                add_patron(session, Patron(name=name, email=address, card=card))
                _clone(session, request, number=f"KP-2025-{n:06}", patron_id=None, note=f"{name} soitti")
                told = _renamed(decided.context, name, address, card)
                _clone(session, decided, source_id=f"crowd{n}", mail_id=None, context=told, input=told, decision="{}")
            raws = [_renamed(form.decode(), *person[1:]).encode() for person in some]
            inbox.keep(session, [Arrival(raw=raw, door="smtp", received_at=NOW) for raw in raws], NOW)
    with database.write() as session:
        waiting = update(table_of(InboxRow)).where(col(InboxRow.state) == "waiting")
        session.exec(waiting.values(state="done", done_at=NOW))


def _clone(session: Session, row: RequestRow | InputRow, **values: object) -> None:
    given = row.model_dump(exclude={"id"}) | values
    session.add(type(row)(**given))


def _renamed(text: str, name: str, address: str, card: str) -> str:
    for old, new in ((GONE.name, name), (GONE.email, address), (GONE.card, card)):
        text = text.replace(old, new)
    return text


# The search


def traces(database: Database, folder: Path, *patrons: Patron) -> list[set[str]]:
    """For each patron, where something names that one: tables, every mail decoded; and files, in every encoding."""
    words = [[word.casefold() for word in _words(patron)] for patron in patrons]
    found: list[set[str]] = [set() for _ in patrons]
    with database.read() as session:
        for table in METADATA.sorted_tables:
            for one in session.connection().execute(table.select()):
                told = " ".join(_decoded(v) if isinstance(v, bytes) else _told(v) for v in one).casefold()
                told = " ".join(told.split())
                for mine, names in zip(found, words, strict=True):
                    mine |= {f"{table.name}: {word}" for word in names if word in told}
    for path in filter(Path.exists, [database.file, *folder.glob("maild.db-*"), folder / "log", folder / "pulse.json"]):
        content = path.read_bytes().lower()
        for mine, patron in zip(found, patrons, strict=True):
            coded = {one for word in _words(patron) for one in _coded(word)}
            mine |= {f"{path.name}: {one!r}" for one in coded if one in content}
    return found


def in_tables(found: set[str]) -> set[str]:
    """Without what stands in files: SQLite moves pages from its log to the database as it likes."""
    return {one for one in found if not one.startswith("maild.db")}


def _words(patron: Patron) -> list[str]:
    first, _, last = patron.name.partition(" ")
    return [patron.name, f"{last}, {first}", f"{last} {first}", patron.email, patron.card]


def _told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _decoded(raw: bytes) -> str:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return html.unescape(" ".join([*(f"{k}: {v}" for k, v in mail.items()), *map(str, parts), raw.decode("latin-1")]))


def _coded(word: str) -> Iterator[bytes]:
    """The word as bytes of a file, in lower case."""
    for codec in ("utf-8", "latin-1", "utf-16-le"):
        plain = word.encode(codec)
        yield plain.lower()
        yield quopri.encodestring(plain).lower()
        yield quopri.encodestring(plain, header=True).lower()
        for shift in range(3):  # base64 of it, wherever it begins
            yield base64.b64encode(b" " * shift + plain)[4 if shift else 0 : -4].lower()
    yield json.dumps(word)[1:-1].encode().lower()
    yield quote(word).encode().lower()
