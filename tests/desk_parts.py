"""A desk for tests of the shell: the shipped rules, a fresh database, a clock that can be wound."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from sqlmodel import Session, SQLModel, select

from maild import house
from maild.clock import Clock, WoundClock
from maild.core.request import Partner, Patron
from maild.process import Desk
from maild.reader import ReaderSeam
from maild.reader.within import InProcessReader
from maild.reading.rules import ReadingRules
from maild.rulebook import Rulebook
from maild.settings import Automation, Post, RulesAt, Settings, Site, Trust
from maild.settings import Database as DatabaseAt
from maild.settings import Desk as People
from maild.store import inbox
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.tables import InboxRow, OutboxRow, PartnerRow
from tests.databases import url_in
from tests.desks import add_partner, add_patron

T = TypeVar("T", bound=SQLModel)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AUTHSERV = "mx.library.example"
PATRON = Patron(name="Aino Esimerkki", email="aino@student.example", card="2100123456", approved=True)
PARTNERS = (
    Partner(symbol="FI-VARASTO", name="Esimerkkien varasto", email="ill@varasto.example", domains=("varasto.example",)),
    Partner(symbol="FI-JOKI", name="Jokilaakson kirjasto", email="ill@joki.example", domains=("joki.example",)),
)
ROTA = """\
schema = 1
[supplier."FI-VARASTO"]
rank = 10
assume_holds = true
[supplier."FI-JOKI"]
rank = 20
assume_holds = true
"""
FORM = """\
From: Verkkolomake <webform@library.example>
To: ill@library.example
Subject: =?utf-8?q?Kaukolainapyynt=C3=B6?=
Date: Mon, 23 Nov 2026 09:00:00 +0200
Message-ID: <form-{number}@library.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Submitted values are:

Teoksen nimi: {title}
Tekijä: Hietala, Kerttu
Julkaisuvuosi: 1987
Nimi: Aino Esimerkki
Kirjastokortin numero: 2100123456
Sähköposti: aino@student.example
Noutopaikka: Pääkirjasto
"""
REPLY = """\
Authentication-Results: {authserv}; dkim=pass header.d=varasto.example; dmarc=pass header.from=varasto.example
From: Ritva Varastonen <ritva@varasto.example>
To: {to}
Subject: VS: {subject}
Date: Mon, 23 Nov 2026 10:00:00 +0200
Message-ID: <{number}.a@varasto.example>
In-Reply-To: {answers}
References: {answers}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{text}
"""
LOANED = (
    "Hei,\n\nteos lähetetty teille tänään postissa, eräpäivä 15.1.2027. Viivakoodi 30120001234567.\n\nTerveisin\nRitva"
)


def form(number: int = 1, title: str = "Tervan tie merelle") -> bytes:
    """A form mail of our own host, as it comes."""
    return _wire(FORM.format(number=number, title=title))


def reply(text: str = LOANED, *, to: str, answers: str, subject: str = "Kaukolaina", number: int = 1) -> bytes:
    """A partner's answer, as our MX stamped it."""
    return _wire(REPLY.format(authserv=AUTHSERV, to=to, answers=answers, subject=subject, number=number, text=text))


def _wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def settings_in(folder: Path, **tables: object) -> Settings:
    """A site in `folder`: mode auto unless said otherwise, letters into a Maildir, a rota of two suppliers."""
    (folder / "rules/rotas").mkdir(parents=True, exist_ok=True)
    (folder / "rules/rotas/default.toml").write_text(ROTA)
    given = {
        "site": Site(pickup={"Pääkirjasto": "ma-pe 8-20"}),
        "automation": Automation(mode="auto"),
        "trust": Trust(authserv_id=AUTHSERV, internal_forms=("webform@library.example",)),
        "desk": People(staff=("desk@library.example",), attention_to="desk@library.example"),
        "database": DatabaseAt.model_validate({"url": url_in(folder)}),
        "post": Post(maildir=folder / "letters"),
        "own": RulesAt(rules=folder / "rules"),
        "data": folder,
    }
    return Settings.model_validate(given | tables)


# The same site as the command line finds it
CONFIG = """\
data = "{folder}"
[database]
url = "{url}"
[automation]
mode = "auto"
[post]
maildir = "{folder}/letters"
[own]
rules = "{folder}/rules"
[desk]
staff = ["desk@library.example"]
attention_to = "desk@library.example"
"""


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The site's database with its people."""
    database = Database(settings.database.url.get_secret_value())
    database.upgrade()
    with database.write() as session:
        if not session.exec(select(PartnerRow.id)).first():
            for partner in PARTNERS:
                add_partner(session, partner)
            add_patron(session, PATRON)
    try:
        yield database
    finally:
        database.close()


READINGS: dict[str, ReadingRules] = {}


def reading_of(rulebook: Rulebook) -> ReadingRules:
    """Its rules of reading; two rulebooks of one digest read alike, so those of a former test are taken."""
    return READINGS.setdefault(rulebook.digest, READINGS.get(rulebook.digest) or rulebook.reading)


def desk_of(
    settings: Settings,
    database: Database,
    clock: Clock | None = None,
    reader: ReaderSeam | None = None,
    committed: Callable[[], None] = lambda: None,
) -> Desk:
    """The desk that the daemon would build; reading within this process unless a reader is given."""
    paper = house.paper_of(settings)
    keys = house.reply_keys(settings)
    return Desk(
        database=database,
        reader=reader or InProcessReader(reading_of(paper.rulebook)),
        rulebook=paper.rulebook,
        composer=house.composer_of(settings, paper.letters, keys),
        identity=house.identity_of(settings, keys),
        clock=clock or WoundClock(NOW),
        committed=committed,
    )


def rows(session: Session, table: type[T]) -> list[T]:
    """Every row of a table, in order."""
    return list(session.exec(select(table).order_by(*sqlalchemy.inspect(table).primary_key)))


class Signal:
    """Something happened: counted, and waited for with a bound."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.count = 0

    def __call__(self) -> None:
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        """Until the condition holds, looked at after each signal. Fails after so many seconds."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), "it did not happen in time"


def later(minutes: float) -> datetime:
    """So long after the clock's start."""
    return NOW + timedelta(minutes=minutes)


def keep(database: Database, *raws: bytes) -> None:
    """Mails that came to our address, as a door keeps them."""
    arrivals = [Arrival(raw=raw, door="smtp", received_at=NOW, recipients=("ill@library.example",)) for raw in raws]
    with database.write() as session:
        inbox.keep(session, arrivals, NOW)


def states(database: Database) -> list[tuple[str, int]]:
    """Each mail's state and how often it was tried."""
    with database.read() as session:
        return [(row.state, row.tries) for row in rows(session, InboxRow)]


def answer(database: Database, text: str = LOANED, number: int = 1) -> bytes:
    """The partner's answer to the newest letter that asks it."""
    with database.read() as session:
        asked = [row for row in rows(session, OutboxRow) if row.audience == "partner"][-1]
    to = str(message_from_bytes(asked.raw)["Reply-To"])
    return reply(text, to=to, answers=asked.message_id, number=number)
