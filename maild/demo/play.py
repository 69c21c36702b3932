"""Plays the story: mails by real sockets, commands by hand, the clock wound from notice to notice."""

import asyncio
import shutil
import smtplib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from imapclient import IMAPClient
from pydantic import BaseModel, ConfigDict, SecretStr

from maild.clock import WoundClock
from maild.core.effects import Command
from maild.core.reading import Event
from maild.core.terms import EventName
from maild.daemon.lifecycle import Daemon
from maild.demo.imap_server import ImapServer, free_port, imap_server
from maild.demo.letters import NewestLetter, newest_letter
from maild.settings import Automation, Database, Desk, Listener, Mailbox, Post, RulesAt, Settings, Site, Trust
from maild.store import notices, records, requests
from maild.verbs.partners import read_csv, told

HERE = Path(__file__).parent
ZONE = ZoneInfo("Europe/Helsinki")
AFTERWARDS = timedelta(days=10)  # the clock goes on after the last step, for what is still planned
Say = Callable[[str], None]
# For looking at what the demo left, by `maild --config FOLDER/maild.toml …`.
CONFIGURATION = """\
data = "{folder}"
[database]
url = "sqlite:///{folder}/maild.db"
[post]
maildir = "{folder}/letters"
[automation]
mode = "auto"
[site]
pickup = {{ "Pääkirjasto" = "ma-pe 8-20, la 10-16" }}
[desk]
staff = ["desk@library.example"]
attention_to = "desk@library.example"
[own]
rules = "{rules}"
"""


class Step(BaseModel):
    """One step of story.toml."""

    model_config = ConfigDict(extra="forbid")

    day: int
    hour: str
    tells: str
    smtp: str = ""
    imap: str = ""
    answers: str = ""
    request: int = 0
    event: EventName | None = None
    values: dict[str, str] = {}

    def moment(self, start: datetime) -> datetime:
        """When it happens."""
        hour, minute = map(int, self.hour.split(":"))
        return (start + timedelta(days=self.day)).replace(hour=hour, minute=minute)


@dataclass(slots=True)
class Told:
    """What of the database was told already."""

    entries: dict[str, set[tuple[str, int]]] = field(default_factory=dict)


class Player:
    """Plays the story in a folder, and says what happens."""

    def __init__(self, folder: Path, server: ImapServer, say: Say) -> None:
        story = tomllib.loads((HERE / "story.toml").read_text("utf-8"))
        self._start = datetime.fromisoformat(story["start"]).replace(tzinfo=ZONE)
        self._steps = [Step.model_validate(step) for step in story["step"]]
        self._folder = folder
        self._server = server
        self._say = say
        self._told = Told()
        self._clock = WoundClock(self._start)
        self._daemon = Daemon(settings(folder, server), self._clock)

    async def play(self) -> None:
        """The whole story."""
        async with self._daemon.opened():
            self._people()
            await self._daemon.poll()  # first sight of the mailbox: what lies there is left alone
            for step in self._steps:
                await self._wind_to(step.moment(self._start))
                self._say(f"\n{self._now():%a %d.%m. %H:%M}  {step.tells}")
                await self._do(step)
                await self._settle()
            await self._wind_to(self._clock.now() + AFTERWARDS)
        self._say(
            f"\nLetters: {self._folder}/letters/new   Requests: maild --config {self._folder}/maild.toml request list"
        )

    def _people(self) -> None:
        with self._daemon.database.write() as session:
            for name, work in (("partners", records.import_partners), ("patrons", records.import_patrons)):
                file = HERE / f"{name}.csv"
                told(file, work(session, read_csv(file), self._clock.now()))

    def _now(self) -> datetime:
        return self._clock.now().astimezone(ZONE)

    async def _wind_to(self, moment: datetime) -> None:
        """On to that moment, stopping wherever a notice falls due."""
        while True:
            with self._daemon.database.read() as session:
                due = notices.next_due(session)
            if due is None or due > moment:
                break
            self._clock.wind(max(due - self._clock.now(), timedelta(0)))
            await self._settle()
        self._clock.wind(max(moment - self._clock.now(), timedelta(0)))

    async def _do(self, step: Step) -> None:
        if step.smtp:
            await asyncio.to_thread(self._by_smtp, self._mail(step.smtp, None))
        elif step.imap:
            letter = newest_letter(self._folder / "letters", step.answers)
            await asyncio.to_thread(self._by_imap, self._mail(step.imap, letter))
            await self._daemon.poll()
        elif step.event is not None:
            number = f"KP-{self._start.year}-{step.request:06}"
            command = Command(
                number=number, event=Event(event=step.event), actor="desk", values=step.values, id=f"step-{step.hour}"
            )
            await self._daemon.command(command)

    def _mail(self, name: str, letter: NewestLetter | None) -> bytes:
        """A mail of the story, with what it answers filled in."""
        text = (HERE / "mails" / name).read_text("utf-8")
        facts = {"date": format_datetime(self._now()), "stamp": f"{int(self._now().timestamp())}"}
        if letter is not None:
            facts |= {"reply_to": letter.reply_to, "message_id": letter.message_id, "subject": letter.subject}
        for key, value in facts.items():
            text = text.replace("{" + key + "}", value)
        return text.encode().replace(b"\n", b"\r\n")

    def _by_smtp(self, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self._daemon.ports["smtp"], timeout=30) as client:
            client.sendmail("webform@library.example", ["ill@library.example"], raw)

    def _by_imap(self, raw: bytes) -> None:
        with IMAPClient("127.0.0.1", port=self._server.port, ssl=False) as client:
            client.login(self._server.user, self._server.password)
            client.append("INBOX", raw, msg_time=self._now())

    async def _settle(self) -> None:
        await self._daemon.settle()
        for line in self._news():
            self._say(f"    {line}")

    def _news(self) -> Iterator[str]:
        """What the timelines say that was not told yet."""
        with self._daemon.database.read() as session:
            for request in requests.requests(session, requests.Filters()):
                known = self._told.entries.setdefault(request.number, set())
                for entry in requests.timeline(session, request.number):
                    if entry.what in {"status", "letter", "task"} and (entry.what, entry.id) not in known:
                        known.add((entry.what, entry.id))
                        if not _says_nothing(entry):
                            yield f"{entry.at.astimezone(ZONE):%d.%m. %H:%M}  {request.number}  {_line(entry)}"


def _says_nothing(entry: requests.Entry) -> bool:
    """A step that a due notice leaves in the history, and that changed neither status nor flags."""
    before, _, after = entry.text.partition(": ")[2].partition(" → ")
    return entry.what == "status" and before == after


def _line(entry: requests.Entry) -> str:
    if entry.what == "letter":
        return f"letter  {entry.text.rpartition(':')[0]}"
    if entry.what == "task":
        return f"staff   {entry.text.rpartition(':')[0]} ({entry.why})"
    return f"status  {entry.text}"


def settings(folder: Path, server: ImapServer) -> Settings:
    """The embedded default: SQLite, SMTP on loopback, the mailbox, letters into a Maildir; mode auto."""
    return Settings(
        site=Site(pickup={"Pääkirjasto": "ma-pe 8-20, la 10-16"}),
        automation=Automation(mode="auto"),
        trust=Trust(authserv_id="mx1.library.example", internal_forms=("webform@library.example",)),
        desk=Desk(staff=("desk@library.example",), attention_to="desk@library.example"),
        database=Database(url=SecretStr(f"sqlite:///{folder.absolute()}/maild.db")),
        smtp=Listener(listen=f"127.0.0.1:{free_port()}", hostname="library.example"),
        imap=(
            Mailbox(
                host="127.0.0.1",
                port=server.port,
                tls="none",
                user=server.user,
                password_file=password_file(folder, server.password),
            ),
        ),
        post=Post(maildir=folder / "letters"),
        own=RulesAt(rules=HERE / "rules"),
        data=folder,
    )


def password_file(folder: Path, password: str) -> Path:
    """A file as maild.toml would name it."""
    path = folder / "imap-password"
    path.touch(mode=0o600)
    path.write_text(password + "\n", "utf-8")
    return path


def play(folder: Path, say: Say) -> None:
    """Plays the story in `folder`, which is emptied of an earlier demo first."""
    for name in ("maild.db", "maild.db-wal", "maild.db-shm", "reply.key"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "letters", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "maild.toml").write_text(CONFIGURATION.format(folder=folder.absolute(), rules=HERE / "rules"), "utf-8")
    with imap_server() as server:
        say(f"A desk on {server.software}, SQLite and a Maildir in {folder}")
        asyncio.run(Player(folder, server, say).play())
