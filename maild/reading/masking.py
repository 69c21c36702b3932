"""A mail without personal identity codes: masked on arrival, before anything of it is stored or shown.

The raw bytes keep what was sent until their time ends; texts, decisions, tasks and letters come from the masked mail.
"""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from maild.core.mail import Mail
from maild.reading.identifiers import has_identity_code, mask_identity_codes

T = TypeVar("T")


def masked(mail: Mail) -> Mail:
    """The mail with every Finnish personal identity code replaced by asterisks; the same mail where there is none."""
    return _masked(mail) if any(map(has_identity_code, _told(mail))) else mail


def _told(mail: Mail) -> tuple[str, ...]:
    """Everything that people write themselves; the other fields are parts of these."""
    rows = tuple(word for row in (*mail.rows, *mail.headers, *mail.returned_headers) for word in row)
    names = tuple(attachment.name for attachment in mail.attachments)
    return (mail.text, mail.subject, mail.from_name, mail.xml, *rows, *names)


def _masked(value: T) -> T:
    """The value with all strings in it masked, however deep they stand."""
    found: object = value
    if isinstance(value, str):
        found = mask_identity_codes(value)
    elif isinstance(value, tuple):
        found = tuple(_masked(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(value, **{f.name: _masked(getattr(value, f.name)) for f in fields(value)})
    return found  # type: ignore[return-value]  # each branch gives what it was given
