"""Everything that the daemon runs, built from the settings."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from maild import house
from maild.clock import Clock
from maild.house import Paper
from maild.intake.accept import Acceptance
from maild.intake.imap import MailboxDoor
from maild.notices.leap import is_sure_of_time
from maild.post.sender import Sender
from maild.post.transport import transport_for
from maild.process import Desk
from maild.reader import Reader
from maild.rulebook import Files, read_files
from maild.settings import Settings
from maild.store.database import Database

DEAD_SECONDS = 5.0  # until PostgreSQL lets go of what a killed daemon held


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one house."""

    database: Database
    desk: Desk
    acceptance: Acceptance
    sender: Sender
    mailboxes: tuple[MailboxDoor, ...]

    def is_sure_of_time(self) -> bool:
        """False by a clock that leapt; staff hear of it."""
        return is_sure_of_time(self.desk, self.database)


def build(
    settings: Settings, clock: Clock, stack: ExitStack, *, mail_came: Callable[[], None], written: Callable[[], None]
) -> Parts:
    """The parts; what must be closed is put on the stack. Raises Locked, Unsafe or WrongRules.

    `mail_came` and `written` (letters that wait to go out) are called from any thread.
    """
    read = read_files(settings.own.rules)
    reader = _reader(settings, read, stack)
    database = _database(settings, stack)
    house.must_be_safe(settings, database)
    acceptance = Acceptance(database, clock, mail_came)
    mailboxes: list[MailboxDoor] = []

    def committed() -> None:
        written()
        for mailbox in mailboxes:
            mailbox.file_now()

    desk = _desk(settings, clock, house.paper_of(settings, read), database, reader, committed)
    mailboxes += [
        MailboxDoor(
            mailbox,
            max_bytes=mailbox.max_bytes,
            filing=settings.automation.mode == "auto",
            database=database,
            acceptance=acceptance,
            clock=clock,
        )
        for mailbox in settings.imap
    ]
    return Parts(
        database=database,
        desk=desk,
        acceptance=acceptance,
        sender=Sender(database, transport_for(settings.post), clock, settings.post.letters_a_minute),
        mailboxes=tuple(mailboxes),
    )


def _database(settings: Settings, stack: ExitStack) -> Database:
    """The database of today's schema, and ours alone."""
    database = Database(settings.database.url.get_secret_value())
    stack.callback(database.close)
    database.upgrade()
    stack.enter_context(database.lock(patience=DEAD_SECONDS))
    return database


def _reader(settings: Settings, read: Files, stack: ExitStack) -> Reader:
    """The reader. Its process reads the rules too, for as long as all the rest takes: so it does that meanwhile."""
    reader = Reader(
        read[0],
        house.policy_of(settings),
        settings.our_addresses,
        service=settings.reader.socket,
        at_once=True,
    )
    stack.callback(reader.close)
    return reader


def _desk(
    settings: Settings, clock: Clock, paper: Paper, database: Database, reader: Reader, committed: Callable[[], None]
) -> Desk:
    """The desk by these rules."""
    keys = house.reply_keys(settings)
    return Desk(
        database=database,
        reader=reader,
        rulebook=paper.rulebook,
        composer=house.composer_of(settings, paper.letters, keys),
        identity=house.identity_of(settings, keys),
        clock=clock,
        committed=committed,
    )
