"""Every command of the README is run; the demo, once, for all of them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after the demo: its database, a configuration for it, a mail, and a labelled folder."""
    folder = tmp_path_factory.mktemp("desk")
    said = maild("demo --folder demo", folder)
    assert said.returncode == 0, said.stdout + said.stderr
    (folder / "said").write_text(said.stdout)
    (folder / "maild.toml").write_bytes((folder / "demo" / "maild.toml").read_bytes())
    mail = (ROOT / "maild/demo/mails/reply-unclear.eml").read_bytes()
    (folder / "mail.eml").write_bytes(mail)
    (folder / "archive").mkdir()
    (folder / "archive" / "one.eml").write_bytes(mail)
    label = (
        '{"file": "one.eml", "kind": "partner-reply", "request": null, "language": "fi", "auto": false, "events": []}'
    )
    (folder / "archive" / "labels.jsonl").write_text(label + "\n")
    return folder


def maild(words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    config = {"MAILD_CONFIG": str(folder / "maild.toml")} if (folder / "maild.toml").exists() else {}
    env = {k: v for k, v in os.environ.items() if k != "MAILD_CONFIG"} | config
    command = [BIN / "maild", *shlex.split(words)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def commands() -> list[str]:
    """Every `maild …` of the README, with its words."""
    found = re.findall(r"`maild ([a-z][^`|]*)`", README) + re.findall(r"^/opt/maild/bin/maild (.*)$", README, re.M)
    return sorted({words.partition(" > ")[0].strip() for words in found})


def filled(words: str) -> str:
    """The command with the README's examples replaced by what the demo left."""
    return (
        words.replace(
            "KP-2026-000123 Received item_id=30120001234567", "KP-2025-000003 Received item_id=30120001234567"
        )
        .replace("KP-2026-000123", "KP-2025-000001")
        .replace("FOLDER", "archive")
        .replace("NAME", "notices")
        .replace("check", "check --offline" if words == "check" else "check")
    )


def test_the_readme_shows_commands() -> None:
    assert len(commands()) >= 10


@pytest.mark.parametrize("words", commands())
def test_a_command_of_the_readme_runs(desk: Path, words: str) -> None:
    said = maild(filled(words), desk)
    assert said.returncode == 0, f"{words}\n{said.stdout}{said.stderr}"


def test_the_demo_tells_the_story_that_the_readme_promises(desk: Path) -> None:
    said = (desk / "said").read_text()
    for told in (
        "request_loan to kaukopalvelu@varasto.example",
        "Requested → Loaned",
        "due_soon to aino.esimerkki@student.example",
        "renew_request to kaukopalvelu@varasto.example",
        "renewal_granted to aino.esimerkki@student.example",
        "Unfilled → Requested",
        "copy_delivered to bo.exempel@student.example",
        "(hedged)",
        "ShippedReturn → LoanCompleted",
    ):
        assert told in said, told


def test_every_make_target_of_the_readme_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z]+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_every_document_that_the_readme_names_is_there() -> None:
    for path in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / path).exists(), path
