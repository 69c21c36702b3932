"""Mails of tests/mails/ read as the daemon reads them, and the expected reading that lies beside each."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.reading.opening import open_mail
from maild.reading.rules import ReadingRules, load
from maild.rulebook import read_files

MAILS = Path(__file__).parent / "mails"
OURS = ("ill@library.test",)


@cache
def shipped_reading_rules() -> ReadingRules:
    """The rules of reading as they are shipped, for a library whose address is ill@library.test."""
    files, _ = read_files()
    rules, problems = load(files, prefixes=("KP",), zone="Europe/Helsinki", our_addresses=OURS)
    assert rules is not None, [str(problem) for problem in problems]
    return rules


def mails_of(folder: str) -> list[Path]:
    """The labelled mails of a folder, by name."""
    return sorted((MAILS / folder).glob("*.eml"))


def opened(path: Path) -> Mail:
    """The mail, opened."""
    return open_mail(path.read_bytes(), our_addresses=OURS, quotes=shipped_reading_rules().quotes)


def expected(path: Path) -> Any:
    """The reading that the .json beside a mail asks for; None = the parser leaves it alone."""
    return json.loads(path.with_suffix(".json").read_text("utf-8"))["reading"]


def shown(reading: Reading | None, keys: Any) -> dict[str, object] | None:
    """The reading under the keys that are asked for, doubts by their words, events by name and stated facts."""
    if reading is None:
        return None
    whole: dict[str, object] = {
        "kind": reading.kind.value,
        "language": reading.language,
        "doubts": [doubt.reason for doubt in reading.doubts],
        "events": [
            {"event": event.event.value, **({"recipient": event.recipient} if event.recipient else {})}
            for event in reading.events
        ],
        "absent_until": reading.absent_until.isoformat() if reading.absent_until else None,
    }
    return {key: whole[key] for key in keys}
