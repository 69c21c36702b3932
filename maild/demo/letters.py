"""Looks into the demo's Maildir as a partner's or patron's mail program would."""

import mailbox
from dataclasses import dataclass
from email.header import decode_header, make_header
from pathlib import Path


class NoLetter(Exception):
    """The story answers a letter that did not go out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestLetter:
    """What an answer takes from the letter that it answers."""

    reply_to: str
    message_id: str
    subject: str


def newest_letter(folder: Path, name: str) -> NewestLetter:
    """The newest letter of that name in the Maildir: our Message-IDs carry it. Raises NoLetter."""
    ours = [m for m in mailbox.Maildir(folder, create=False) if f".{name}." in str(m["Message-ID"])]
    if not ours:
        raise NoLetter(f"no letter {name} in {folder}")
    newest = max(ours, key=lambda m: (m.get_date(), str(m["Message-ID"])))
    return NewestLetter(
        reply_to=str(newest["Reply-To"]),
        message_id=str(newest["Message-ID"]),
        subject=str(make_header(decode_header(str(newest["Subject"])))),
    )
