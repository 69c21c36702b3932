"""The body of a letter: text and HTML side by side, the logo with the HTML, files behind them; fixed boundaries."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import SMTP

from maild.core.cleaning import clean_line
from maild.letters.look import Logo

LOGO = "logo@maild"  # Content-ID
MAX_FILE_NAME = 100
BASE64_LENGTH = 1.36  # of its octets, line ends counted
TYPE = re.compile(r"(?!message/|multipart/)([a-z]{1,20})/([a-z0-9][a-z0-9.+-]{0,80})")
CALENDAR = re.compile(r"[A-Z0-9-]{1,40}\.ics")  # ours, named by the request


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file that goes with a letter: a delivered copy, a calendar file."""

    name: str
    type: str
    data: bytes


def fill(
    message: EmailMessage, text: str, html: str, logo: Logo | None, files: Sequence[AttachedFile], *, boundary: str
) -> None:
    """Gives `message` its body. `boundary` is a mark of its own, the same each time it is written."""
    page = _html_part(html, logo, boundary)
    body = _multipart("alternative", f"a_{boundary}", _text_part("plain", text), page)
    if files:
        body = _multipart("mixed", f"m_{boundary}", body, *map(_file_part, files))
    _become(message, body)


def _become(message: EmailMessage, body: Message) -> None:
    """Puts the body under the letter's own header fields."""
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = body["Content-Type"]
    message.set_payload(body.get_payload())


def _multipart(subtype: str, boundary: str, *parts: Message) -> Message:
    out = Message()
    out["Content-Type"] = f'multipart/{subtype}; boundary="=_maild_{boundary}"'
    out.set_payload(list(parts))
    return out


def _text_part(subtype: str, text: str) -> Message:
    """A part with fields as plain strings and a body encoded at once: the standard library's ways took most of the
    time of a letter, for they parse each field and write quoted-printable letter by letter."""
    octets = text.encode()
    quoted = binascii.b2a_qp(octets, istext=True)
    # A passage in Cyrillic or Japanese is nine characters a letter in quoted-printable, and the letter over 100 KB.
    longer = len(quoted) > len(octets) * BASE64_LENGTH
    part = Message()
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "base64" if longer else "quoted-printable"
    lines = base64.encodebytes(text.replace("\n", "\r\n").encode()) if longer else quoted  # RFC 2049 4 (5)
    part.set_payload(lines.decode("ascii"))
    return part


def _html_part(html: str, logo: Logo | None, boundary: str) -> Message:
    part = _text_part("html", html)
    if logo is None:
        return part
    picture = EmailMessage()
    picture.set_content(logo.data, maintype="image", subtype=logo.type, disposition="inline", cid=f"<{LOGO}>")
    return _multipart("related", f"r_{boundary}", part, picture)


def _file_part(file: AttachedFile) -> Message:
    name = clean_line(file.name, MAX_FILE_NAME).replace("/", "_").replace("\\", "_").lstrip(". ") or "copy"
    if file.type == "text/calendar" and CALENDAR.fullmatch(name):
        return _calendar_part(name, file.data)
    stated = TYPE.fullmatch(file.type.lower())
    kind, sub = stated.groups() if stated else ("application", "octet-stream")
    part = EmailMessage(policy=SMTP)
    part.set_content(file.data, maintype=kind, subtype=sub, disposition="attachment", filename=name)
    return part


def _calendar_part(name: str, data: bytes) -> Message:
    """Our own file: its name is a request number, so it needs no encoding."""
    part = Message()
    part["Content-Type"] = 'text/calendar; charset="utf-8"; method="PUBLISH"'
    part["Content-Disposition"] = f'attachment; filename="{name}"'
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(data).decode("ascii"))
    return part
