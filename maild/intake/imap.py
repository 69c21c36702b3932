"""A mailbox polled by IMAP: one owner thread each, for imapclient is not made for two.

At first sight of a mailbox its UIDNEXT is noted and older mail is left alone. A new UIDVALIDITY makes every mail since
that first sight be looked at again; the inbox knows those that it has. A mail is moved only after it was decided.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from datetime import time as time_of_day

import structlog

from maild.clock import Clock
from maild.credentials import NoCredential, credential_of
from maild.intake.accept import Acceptance
from maild.intake.imap_session import Fetched, Folder, ImapSession
from maild.reading import guard
from maild.settings import Mailbox
from maild.store import mailboxes
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.mailboxes import MailboxState

log = structlog.get_logger()

FETCH_BATCH = 50  # mails kept in one commit
IDLE_SLICE_SECONDS = 2.0  # how soon a stop or a mail to be filed is noticed
FIRST_PAUSE_SECONDS = 1.0  # before a server that went away is tried again; doubled each time
MAX_PAUSE_SECONDS = 20.0  # with ANSWER_SECONDS under a minute: a server that is back is found again within one (P15)
REFUSED_PAUSE_SECONDS = 300.0  # the same where our login is refused: servers lock accounts that try too often
ASK_SECONDS = 20.0  # a connection without IDLE is asked whether it lives
MAX_TRIES = 3  # to fetch a mail by itself
NOT_WHOLE = guard.NOT_WHOLE.decode()


class MailboxDoor(threading.Thread):
    """Polls one mailbox until `stop`."""

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        max_bytes: int,
        filing: bool,
        database: Database,
        acceptance: Acceptance,
        clock: Clock,
    ) -> None:
        super().__init__(name=f"imap {mailbox.user or 'mailbox'}@{mailbox.host}", daemon=True)
        self._mailbox = mailbox
        self._id = f"{mailbox.user}@{mailbox.host}:{mailbox.port}/{mailbox.folder}"
        self._max_bytes = max_bytes
        self._filing = filing
        self._database = database
        self._acceptance = acceptance
        self._clock = clock
        self._ending = threading.Event()
        self._filed_up = threading.Event()
        self._session: ImapSession | None = None
        self._polls = 0
        self._last_uid = 0  # looked at, in this connection
        self._one_by_one = False  # since the last poll failed: one mail may be to blame
        self._failures: Counter[int] = Counter()  # to fetch a mail, by UID
        self.polled_at: datetime | None = None
        self.problem = "not polled yet"

    def stop(self) -> None:
        """Asks the thread to end; it does so within a slice."""
        self._ending.set()
        self._filed_up.set()  # wakes it where it polls

    def end(self, seconds: float) -> None:
        """Waits for the thread to end; one that waits for a silent server is cut off, and the next poll heals that."""
        self.join(seconds)
        session = self._session
        if self.is_alive() and session is not None:
            session.interrupt()
            self.join(seconds)

    def file_now(self) -> None:
        """Something was decided: mails may be waiting to be filed."""
        self._filed_up.set()

    def run(self) -> None:
        """Polls, files and idles; reconnects with growing pauses."""
        pause = FIRST_PAUSE_SECONDS
        while not self._ending.is_set():
            polls, longest = self._polls, MAX_PAUSE_SECONDS
            try:
                with ImapSession(self._mailbox, credential_of(self._mailbox)) as session:
                    self._session = session
                    self._prepare(session)
                    while not self._ending.is_set():
                        self.poll(session)
                        self._wait(session)
            except (OSError, NoCredential, ImapSession.Error) as err:
                self._away(err)
                if isinstance(err, NoCredential | ImapSession.Refused):
                    longest = REFUSED_PAUSE_SECONDS
            except Exception as err:  # ours: say so, and go on polling; the mails stay where they are
                self.problem = f"{type(err).__name__}: {err}"[:300]
                log.exception("mailbox.failed", mailbox=self._id)
            self._session = None
            pause = FIRST_PAUSE_SECONDS if self._polls > polls else min(pause * 2, longest)
            self._ending.wait(pause)

    def once(self) -> None:
        """One poll with its own connection: for `maild once`."""
        try:
            with ImapSession(self._mailbox, credential_of(self._mailbox)) as session:
                self._prepare(session)
                self.poll(session)
        except (OSError, NoCredential, ImapSession.Error) as err:  # the other doors have work too
            self._away(err)

    def file_once(self) -> None:
        """Files what was decided, with its own connection: for `maild once`."""
        try:
            with ImapSession(self._mailbox, credential_of(self._mailbox)) as session:
                self._file(session, session.select(self._mailbox.folder))
        except (OSError, NoCredential, ImapSession.Error) as err:
            self._away(err)

    def _away(self, error: Exception) -> None:
        if self._ending.is_set():
            return  # we cut it off ourselves
        self._one_by_one = True
        self.problem = f"{type(error).__name__}: {error}"[:300]
        log.warning("mailbox.away", mailbox=self._id, error=type(error).__name__, detail=str(error)[:200])

    def _prepare(self, session: ImapSession) -> None:
        if self._filing:
            for folder in (self._mailbox.done_folder, self._mailbox.todo_folder):
                if folder:
                    session.make_folder(folder)

    def poll(self, session: ImapSession) -> None:
        """Keeps what is new, then files what was decided."""
        folder = session.select(self._mailbox.folder)
        state = self._state(folder)
        uids = session.uids_after(state.last_uid)
        size = 1 if self._one_by_one else FETCH_BATCH
        for start in range(0, len(uids), size):
            batch = uids[start : start + size]
            self._keep(session, state, batch)
            state = self._note(state, state.seen(batch[-1]))
        state = self._note(state, state.settled(folder.uidnext - 1))
        self._last_uid, self._one_by_one = state.last_uid, False
        self._failures.clear()
        self._polls += 1
        self._file(session, folder)
        self.polled_at, self.problem = self._clock.now(), ""

    def _state(self, folder: Folder) -> MailboxState:
        """How far the mailbox was read; at first sight and under a new UIDVALIDITY, from where to begin."""
        with self._database.read() as db:
            known = mailboxes.get(db, self._id)
        if known is None:
            return self._note(None, self._first_sight(folder))
        if known.uidvalidity != folder.uidvalidity:
            log.warning("mailbox.renumbered", mailbox=self._id, old=known.uidvalidity, new=folder.uidvalidity)
            return self._note(known, known.renumbered(folder.uidvalidity))
        return known

    def _first_sight(self, folder: Folder) -> MailboxState:
        """Old mail is left alone; with `since` it is looked at, and its own date tells."""
        log.info("mailbox.first_sight", mailbox=self._id, uidnext=folder.uidnext, since=self._mailbox.since)
        old = folder.uidnext - 1
        if self._mailbox.since is None:
            return MailboxState(
                name=self._id, uidvalidity=folder.uidvalidity, last_uid=old, first_seen_at=self._clock.now()
            )
        since = datetime.combine(date.fromisoformat(self._mailbox.since), time_of_day(), self._clock.now().tzinfo)
        return MailboxState(
            name=self._id, uidvalidity=folder.uidvalidity, last_uid=0, first_seen_at=since, left_alone_below=old
        )

    def _note(self, old: MailboxState | None, new: MailboxState) -> MailboxState:
        if new != old:
            with self._database.write() as db:
                mailboxes.put(db, new)
        return new

    def _keep(self, session: ImapSession, state: MailboxState, uids: Sequence[int]) -> None:
        def wanted(uid: int, came: datetime) -> bool:
            return uid > state.left_alone_below or came >= state.first_seen_at

        if len(uids) == 1 and self._failures[uids[0]] >= MAX_TRIES:
            mails = [self._unfetched(uids[0], state)]
        else:
            try:
                mails = list(session.fetch(uids, self._max_bytes, wanted))
            except (OSError, ImapSession.Error):
                self._failures.update(uids if len(uids) == 1 else ())
                raise
        arrivals = [self._arrival(mail, state) for mail in mails]
        if arrivals:
            kept = self._acceptance.keep_now(arrivals)
            log.info("mailbox.kept", mailbox=self._id, mails=len(kept), new=sum(k.new for k in kept))

    def _unfetched(self, uid: int, state: MailboxState) -> Fetched:
        """What stands for a mail that the server does not give out, so that staff hear of it and the rest goes on."""
        log.error("mailbox.unfetchable", mailbox=self._id, uid=uid)
        raw = f"Subject: Mail {uid} in {self._mailbox.folder} ({state.uidvalidity})\r\n\r\n".encode()
        return Fetched(uid=uid, raw=raw, internal_date=self._clock.now(), left_out="the server does not give it out")

    def _arrival(self, mail: Fetched, state: MailboxState) -> Arrival:
        # The marker makes sure that nobody acts on a part of a mail (guard.check, docs/decisions/010).
        marker = f"{NOT_WHOLE} {mail.left_out}\r\n".encode() if mail.left_out else b""
        return Arrival(
            raw=marker + mail.raw,
            door="imap",
            mailbox=self._id,
            uidvalidity=state.uidvalidity,
            uid=mail.uid,
            received_at=mail.internal_date,
        )

    def _file(self, session: ImapSession, folder: Folder) -> None:
        self._filed_up.clear()
        if not self._filing:
            return
        with self._database.read() as db:
            waiting = mailboxes.to_file(db, self._id)
        for name, target in (("done", self._mailbox.done_folder), ("todo", self._mailbox.todo_folder)):
            mine = [w for w in waiting if w.folder == name]
            here = [w.uid for w in mine if w.uidvalidity == folder.uidvalidity]
            if here and target:
                session.move(here, target)
            if mine:
                with self._database.write() as db:
                    mailboxes.filed(db, [w.sighting_id for w in mine])

    def _wait(self, session: ImapSession) -> None:
        """Until the server says something, a mail is to be filed, or it is time to look again."""
        until = time.monotonic() + self._mailbox.poll_seconds
        idle = self._mailbox.idle and session.can_idle()
        if idle and session.select(self._mailbox.folder).uidnext > self._last_uid + 1:
            return  # it came while we were busy: IDLE tells only what comes from here on
        while not self._ending.is_set() and not self._filed_up.is_set() and time.monotonic() < until:
            if idle:
                if session.wait(IDLE_SLICE_SECONDS):
                    return
            else:
                self._filed_up.wait(max(min(until - time.monotonic(), ASK_SECONDS), 0))
                session.must_answer()
