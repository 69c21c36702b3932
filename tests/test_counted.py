"""Numbers with their nouns, in every text for people."""

import re
from pathlib import Path

import pytest

import maild
from maild.core.counted import counted

PLAIN = re.compile(r"\} (?:charge lines|charges|groups|letters|loans|mails|partners|patrons|problems|requests|tasks)\b")


@pytest.mark.parametrize(
    ("number", "one", "many", "told"),
    [(0, "letter", "", "0 letters"), (1, "letter", "", "1 letter"), (2, "try", "tries", "2 tries")],
)
def test_one_is_one(number: int, one: str, many: str, told: str) -> None:
    assert counted(number, one, many) == told


def test_no_text_puts_a_number_before_a_plural_by_itself() -> None:
    files = Path(maild.__file__).parent.rglob("*.py")
    found = [f"{file.name}: {line.strip()}" for file in files for line in file.read_text("utf-8").splitlines()]
    assert [line for line in found if PLAIN.search(line)] == []
