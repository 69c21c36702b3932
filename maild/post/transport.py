"""How one letter leaves the house: to the smarthost, one recipient a transaction, or into a Maildir."""

import asyncio
import os
import re
import ssl
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import aiosmtplib
import idna
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from maild.credentials import NoCredential, credential_of
from maild.settings import Post
from maild.store.outbox import Outgoing

SECONDS = 60.0  # for each step of a letter's conversation; too short, and a letter that was taken goes out again
CONNECT_SECONDS = 20.0  # for each step before it, where there is nothing to lose
ALIVE_SECONDS = 10.0  # for a connection that was idle to say that it lives
PERMANENT = 500  # SMTP codes from here on
PLAIN = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f\x7f]+@[^\s@<>\"(),:;\\\x00-\x1f\x7f]+")
LOGIN_WANTED = 530  # RFC 4954 6: the relay asks for a login or for TLS, whatever the letter


class Fate(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    LATER = "later"  # this letter was put off
    NEVER = "never"
    AWAY = "away"  # nobody could be reached, or our own login failed: no letter is to blame


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt's outcome, with what the other side said."""

    fate: Fate
    answer: str = ""


class Transport(Protocol):
    """Takes letters out of the house."""

    async def send(self, letter: Outgoing) -> Attempt:
        """What became of this letter now; never raises for a server's or a file's failure."""
        ...

    async def close(self) -> None:
        """Lets go of what is open."""
        ...


class ToMaildir:
    """Letters into a local Maildir: the default without a smarthost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, letter: Outgoing) -> Attempt:
        """Delivered with fsync, as the Maildir rules ask."""
        try:
            await asyncio.to_thread(self._deliver, letter)
        except OSError as err:
            return Attempt(fate=Fate.AWAY, answer=f"{self._folder}: {err.strerror}")
        return Attempt(fate=Fate.SENT, answer=str(self._folder))

    def _deliver(self, letter: Outgoing) -> None:
        """Not by Maildir.add, whose names are new each time: a letter whose note was lost would lie there twice."""
        for part in ("tmp", "new", "cur"):  # each time: a kill may have left a Maildir with some of them
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{int(letter.created_at.timestamp())}.{sha256(letter.message_id.encode()).hexdigest()[:32]}.maild"
        if any((self._folder / "cur").glob(f"{name}*")):  # delivered, and seen by whoever reads there
            return
        written = self._folder / "tmp" / name
        with written.open("wb") as file:
            file.write(letter.raw.replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / "new" / name)
        folder = os.open(self._folder / "new", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def close(self) -> None:
        """Nothing is held open."""


class ToSmarthost:
    """Letters to the site's relay by aiosmtplib; one connection, used again while it lives."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._client: SMTP | None = None

    async def send(self, letter: Outgoing) -> Attempt:
        """One letter to its one recipient (one recipient a transaction, so that each has its own answer)."""
        try:
            envelope_from, to = _in_smtp(letter.envelope_from), _in_smtp(letter.to)
        except ValueError as err:
            return Attempt(fate=Fate.NEVER, answer=f"the address {letter.to!r} cannot be said in SMTP: {err}"[:300])
        try:
            client = await self.connect()
        except (SMTPException, NoCredential, OSError, TimeoutError) as err:
            return Attempt(fate=Fate.AWAY, answer=f"{type(err).__name__}: {err}"[:300])
        try:
            _, answer = await client.sendmail(
                envelope_from,
                [to],
                letter.raw,
                mail_options=_dsn_options(client, letter),
                rcpt_options=["NOTIFY=FAILURE,DELAY"] if client.supports_extension("dsn") else [],
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as err:
            refused = err.recipients[0]
            return _refused(refused.code, refused.message)
        except SMTPResponseException as err:
            return _refused(err.code, err.message)
        except (SMTPException, OSError, TimeoutError) as err:
            self._drop()
            return Attempt(fate=Fate.LATER, answer=f"{type(err).__name__}: {err}"[:300])
        return Attempt(fate=Fate.SENT, answer=answer[:300])

    async def connect(self) -> SMTP:
        """A connection that is greeted and logged in. Raises what aiosmtplib raises, or NoCredential."""
        if self._client is not None and await self._lives(self._client):
            return self._client
        self._drop()
        post = self._post
        context = ssl.create_default_context(cafile=str(post.ca_file) if post.ca_file else None)
        client = SMTP(
            hostname=post.host,
            port=post.port,
            use_tls=post.tls == "tls",
            start_tls=post.tls == "starttls",
            tls_context=context if post.tls != "none" else None,
            timeout=CONNECT_SECONDS,
        )
        credential = await asyncio.to_thread(credential_of, post)
        await client.connect()
        try:
            if credential is not None and credential.is_token:
                await client.auth_xoauth2(credential.user, credential.secret)
            elif credential is not None:
                await client.login(credential.user, credential.secret)
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    async def _lives(self, client: SMTP) -> bool:
        """Whether the relay still answers here: it may have hung up, or gone silent, since the last letter."""
        try:
            await client.rset(timeout=ALIVE_SECONDS)
        except (SMTPException, OSError, TimeoutError):
            return False
        return True

    def _drop(self) -> None:
        """Lets the connection go without a word: nobody may be there to hear one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit()
            except (SMTPException, OSError, TimeoutError):
                client.close()


def transport_for(post: Post) -> Transport:
    """The transport that the settings ask for."""
    return ToSmarthost(post) if post.host is not None else ToMaildir(post.maildir)


def _refused(code: int, message: str) -> Attempt:
    fate = Fate.AWAY if code == LOGIN_WANTED else Fate.NEVER if code >= PERMANENT else Fate.LATER
    return Attempt(fate=fate, answer=f"{code} {message}"[:300])


def _in_smtp(address: str) -> str:
    """The address with its domain in A-labels; "" stays. Raises ValueError where SMTP has no words for it.

    aiosmtplib would ask for SMTPUTF8 instead of A-labels (RFC 5891 4), and cut an odd address short without a word.
    """
    if address and not PLAIN.fullmatch(address):
        raise ValueError("it is not of the form name@domain")
    address.encode()
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"


def _dsn_options(client: SMTP, letter: Outgoing) -> list[str]:
    """RFC 3461: the bounce then carries our envelope id and only headers."""
    if not client.supports_extension("dsn"):
        return []
    return ["RET=HDRS", f"ENVID={letter.id}"]
