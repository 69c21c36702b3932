"""The few IMAP commands that we use, typed, on imapclient with its traps cured.

No byte of a mail ever goes into a command: what is sent are our own folder names, lists of UIDs and dates of our own
(promises-and-threats.md, 0.1: imapclient 4.1.0 lets CR LF in a search value through).
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from maild.credentials import Credential
from maild.settings import Mailbox

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 30.0  # a server that says nothing for so long is taken for gone
UIDS_A_COMMAND = 100  # servers limit the length of a line, and must be done with all of it in ANSWER_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A selected folder."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A mail as it lies in the mailbox. `left_out` tells of a mail of which only the header was fetched, why."""

    uid: int
    raw: bytes
    internal_date: datetime
    left_out: str = ""


class ImapSession:
    """One logged-in connection, for one thread."""

    Error = IMAPClient.Error
    Refused = LoginError

    def __init__(self, mailbox: Mailbox, credential: Credential | None) -> None:
        context = ssl.create_default_context(cafile=str(mailbox.ca_file) if mailbox.ca_file else None)
        self._client = IMAPClient(
            mailbox.host,
            port=mailbox.port,
            ssl=mailbox.tls == "tls",
            ssl_context=context if mailbox.tls == "tls" else None,
            timeout=SocketTimeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
        )
        self._client.normalise_times = False  # else INTERNALDATE comes naive, in local time
        try:
            if mailbox.tls == "starttls":
                self._client.starttls(context)
            if credential is not None and credential.is_token:
                self._client.oauth2_login(credential.user, credential.secret)
            elif credential is not None:
                self._client.login(credential.user, credential.secret)
        except BaseException:
            self._client.shutdown()
            raise

    def __enter__(self) -> "ImapSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._client.logout()
            except (OSError, self.Error):  # the server is gone; so is the session
                self._client.shutdown()
        else:
            self._client.shutdown()

    def interrupt(self) -> None:
        """From another thread: whatever waits for the server's answer fails at once."""
        with suppress(OSError):
            self._client.socket().shutdown(socket.SHUT_RDWR)

    def select(self, folder: str) -> Folder:
        """Selects the folder for reading and filing."""
        answer = self._client.select_folder(folder)
        return Folder(uidvalidity=int(answer[b"UIDVALIDITY"]), uidnext=int(answer.get(b"UIDNEXT", 1)))

    def make_folder(self, folder: str) -> None:
        """Creates and subscribes the folder where it is missing."""
        if not self._client.folder_exists(folder):
            self._client.create_folder(folder)
            self._client.subscribe_folder(folder)

    def uids_after(self, uid: int) -> list[int]:
        """UIDs above `uid`, in order. (`n:*` always gives the last mail too, hence the filter.)"""
        return sorted(u for u in self._client.search(["UID", f"{uid + 1}:*"]) if u > uid)

    def fetch(self, uids: Sequence[int], max_bytes: int, wanted: Callable[[int, datetime], bool]) -> Iterator[Fetched]:
        """The mails that are `wanted` by UID and INTERNALDATE, \\Seen untouched; one that is gone is left out.

        Of a mail larger than `max_bytes` only the header is fetched.
        """
        known = self._client.fetch(list(uids), ["RFC822.SIZE", "INTERNALDATE"])
        for uid in uids:
            facts = known.get(uid)
            if facts is None or not wanted(uid, facts[b"INTERNALDATE"]):
                continue
            size = int(facts[b"RFC822.SIZE"])
            whole = size <= max_bytes
            part = b"BODY[]" if whole else b"BODY[HEADER]"
            got = self._client.fetch([uid], ["BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"]).get(uid, {})
            if part in got:
                left_out = "" if whole else f"its {size} bytes are more than max_bytes"
                yield Fetched(uid=uid, raw=got[part], internal_date=facts[b"INTERNALDATE"], left_out=left_out)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Moves mails with their flags; without MOVE by copy and a UID EXPUNGE of just these."""
        for start in range(0, len(uids), UIDS_A_COMMAND):
            some = list(uids[start : start + UIDS_A_COMMAND])
            if self._client.has_capability("MOVE"):
                self._client.move(some, folder)
                continue
            self._client.copy(some, folder)
            self._client.delete_messages(some)
            if self._client.has_capability("UIDPLUS"):
                self._client.uid_expunge(some)

    def can_idle(self) -> bool:
        """Whether the server has IDLE (RFC 2177)."""
        return bool(self._client.has_capability("IDLE"))

    def must_answer(self) -> None:
        """Raises OSError where the server went silent or away."""
        self._client.noop()

    def wait(self, seconds: float) -> bool:
        """One slice of IDLE: True where the server said anything."""
        self._client.idle()
        try:
            said = self._client.idle_check(timeout=seconds)
        finally:
            more, _ = self._client.idle_done()
        return bool(said or more)
