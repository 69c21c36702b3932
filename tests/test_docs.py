"""The guides' examples run: their files are written, their commands give what they show, their Python holds."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUIDES = ("teaching-phrases.md", "adding-a-dialect.md", "writing-a-parser.md")


def blocks(guide: str) -> list[tuple[str, str, str]]:
    """The fenced blocks of a guide: language, file name or "", text."""
    return [(found[1], found[2] or "", found[3]) for found in BLOCK.finditer((DOCS / guide).read_text("utf-8"))]


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines that it must print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.rstrip("\n").split("\n")
        yield command, expected


def shows(output: str, expected: str) -> bool:
    """Whether a line of output has the pieces between the dots in order."""
    pieces = [re.escape(piece.strip()) for piece in expected.split("...") if piece.strip()]
    return re.search(".*".join(pieces), output) is not None


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guides_examples_are_true(guide: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for language, name, text in blocks(guide):
        if name:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        elif language == "console":
            for command, expected in commands(text):
                result = CliRunner().invoke(app, shlex.split(command)[1:])
                assert all(shows(result.output, line) for line in expected), f"{command}\n{result.output}"
                ran += 1
        elif language == "python":
            done = subprocess.run([sys.executable, "-c", text], check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            ran += 1
    assert ran > 0
