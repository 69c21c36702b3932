"""The body of a letter: text and HTML side by side, the logo with the HTML, files behind them; fixed boundaries."""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message

from maild.core.cleaning import clean_line
from maild.letters.look import Logo

LOGO = "logo@maild"  # Content-ID
MAX_FILE_NAME = 100
TYPE = re.compile(r"(?!message/|multipart/)([a-z]{1,20})/([a-z0-9][a-z0-9.+-]{0,80})")


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
    beside = _multipart("alternative", _text_part("plain", text), _html_part(message, html, logo))
    beside.set_boundary(f"=_maild_a_{boundary}")
    for part in beside.walk():
        if part.get_content_subtype() == "related":
            part.set_boundary(f"=_maild_r_{boundary}")
    if not files:
        _become(message, beside)
        return
    mixed = _multipart("mixed", beside, *(_file_part(message, file) for file in files))
    mixed.set_boundary(f"=_maild_m_{boundary}")
    _become(message, mixed)


def _become(message: EmailMessage, body: Message) -> None:
    """Puts the body under the letter's own header fields."""
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = body["Content-Type"]
    message.set_payload(body.get_payload())


def _multipart(subtype: str, *parts: Message) -> Message:
    out = Message()
    out["Content-Type"] = f"multipart/{subtype}"
    out.set_payload(list(parts))
    return out


def _text_part(subtype: str, text: str) -> Message:
    """A part with fields as plain strings and a body encoded at once: the standard library's ways took most of the
    time of a letter, for they parse each field and write quoted-printable letter by letter."""
    part = Message()
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(binascii.b2a_qp(text.encode(), istext=True).decode("ascii"))
    return part


def _html_part(message: EmailMessage, html: str, logo: Logo | None) -> Message:
    part = _text_part("html", html)
    if logo is None:
        return part
    picture = EmailMessage(policy=message.policy)
    picture.set_content(logo.data, maintype="image", subtype=logo.type, disposition="inline", cid=f"<{LOGO}>")
    return _multipart("related", part, picture)


def _file_part(message: EmailMessage, file: AttachedFile) -> EmailMessage:
    part = EmailMessage(policy=message.policy)
    name = clean_line(file.name, MAX_FILE_NAME).replace("/", "_").replace("\\", "_") or "copy"
    if file.type == "text/calendar":
        part.set_content(file.data, maintype="text", subtype="calendar", disposition="attachment", filename=name)
        part.set_param("charset", "utf-8")
        part.set_param("method", "PUBLISH")
        return part
    stated = TYPE.fullmatch(file.type.lower())
    kind, sub = stated.groups() if stated else ("application", "octet-stream")
    part.set_content(file.data, maintype=kind, subtype=sub, disposition="attachment", filename=name)
    return part
