"""Everything that the daemon runs, built from the settings."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from maild import house
from maild.clock import Clock
from maild.daemon.beginning import Begun
from maild.house import Paper
from maild.intake.accept import Acceptance
from maild.intake.imap import MailboxDoor
from maild.notices.leap import is_sure_of_time
from maild.post.sender import Sender
from maild.post.transport import transport_for
from maild.process import Desk
from maild.reader import Reader, ReaderFailed
from maild.rulebook import Rulebook
from maild.settings import Settings
from maild.store.database import Database

DEAD_SECONDS = 5.0  # until PostgreSQL lets go of what a killed daemon held


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one house."""

    database: Database
    rulebook: Rulebook
    desk: Desk
    acceptance: Acceptance
    sender: Sender
    mailboxes: tuple[MailboxDoor, ...]

    def warm_up(self) -> None:
        """Waits for the reader. Raises WrongRules with each mistake where it refused its rules, else ReaderFailed."""
        try:
            self.desk.warm_up()
        except ReaderFailed:
            _ = self.rulebook.reading  # the same rules, with the places of their files
            raise

    def is_sure_of_time(self) -> bool:
        """False by a clock that leapt; staff hear of it."""
        return is_sure_of_time(self.desk, self.database)


def build(
    settings: Settings,
    clock: Clock,
    begun: Begun,
    stack: ExitStack,
    *,
    mail_came: Callable[[], None],
    written: Callable[[], None],
) -> Parts:
    """The parts; what must be closed is put on the stack. Raises Locked, Unsafe or WrongRules.

    `mail_came` and `written` (letters that wait to go out) are called from any thread.
    """
    stack.callback(begun.reader.close)
    database = _database(settings, stack)
    house.must_be_safe(settings, database)
    acceptance = Acceptance(database, clock, mail_came)
    mailboxes: list[MailboxDoor] = []

    def committed() -> None:
        written()
        for mailbox in mailboxes:
            mailbox.file_now()

    paper = house.paper_of(settings, begun.files)
    desk = _desk(settings, clock, paper, database, begun.reader, committed)
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
        rulebook=paper.rulebook,
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
