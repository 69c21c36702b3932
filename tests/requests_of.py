"""Cases of new requests (tests/forms/*.toml) as mails, and readings in the shape that the cases are written in."""

import tomllib
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from maild.core.reading import NewRequest, Reading
from maild.core.request import Context
from maild.reading.rules import ReadingRules
from maild.reading.rules import load as load_rules
from maild.rulebook import read_files

CASES = Path(__file__).parent / "forms"
CONTEXT = Context(
    received_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    our_addresses=("ill@library.example",),
    partner_domains=("partner.example",),
    internal_forms=("webform@library.example",),
)


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file."""
    found: list[dict[str, Any]] = tomllib.loads((CASES / name).read_text("utf-8"))["case"]
    return found


@cache
def rules() -> ReadingRules:
    """The shipped rules of reading."""
    files, _ = read_files()
    loaded, problems = load_rules(
        files, prefixes=("KP",), zone="Europe/Helsinki", our_addresses=("ill@library.example",)
    )
    assert loaded is not None, problems
    return loaded


def mail_of(case: dict[str, Any], sender: str) -> bytes:
    """The case as a raw mail."""
    message = EmailMessage()
    message["From"] = f'"{case.get("from_name", "")}" <{case.get("from", sender)}>'
    message["To"] = "ill@library.example"
    message["Subject"] = case["subject"]
    message["Date"] = "Sat, 21 Nov 2026 12:00:00 +0200"
    message["Message-ID"] = "<1@case.example>"
    if "html" in case:
        message.set_content(f"<html><body>{case['html']}</body></html>", subtype="html")
    else:
        message.set_content(case["text"])
    return message.as_bytes()


def said(reading: Reading) -> list[dict[str, Any]]:
    """The new requests of a reading, without what was not stated."""
    return [_plain(event.new_request) for event in reading.events if event.new_request is not None]


def _plain(new: NewRequest) -> dict[str, Any]:
    citation = {n: v for n in new.citation.__dataclass_fields__ if (v := getattr(new.citation, n)) is not None}
    rest: dict[str, Any] = {"service_type": new.service_type.value}
    for name in ("pickup", "delivery", "office_address", "abroad_ok", "any_edition", "note"):
        if getattr(new, name) is not None:
            rest[name] = getattr(new, name)
    if new.need_before is not None:
        rest["need_before"] = new.need_before.isoformat()
    if new.max_cost is not None:
        rest["max_cost"] = f"{new.max_cost.amount} {new.max_cost.currency}"
    for name in ("patron", "requester"):
        person = getattr(new, name)
        if person is not None:
            rest[name] = {n: v for n in person.__dataclass_fields__ if (v := getattr(person, n)) is not None}
    return citation | rest
