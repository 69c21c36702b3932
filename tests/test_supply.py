"""What runs beside us: every package pinned with its hashes, and nothing else installed (T33)."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PINNED = re.findall(
    r"(?m)^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==[^\\\n]+((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)*)", LOCK
)


def _named(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_every_package_is_pinned_with_its_hashes() -> None:
    lines = [line for line in LOCK.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(lines) == len(PINNED) > 0
    assert [name for name, hashes in PINNED if not hashes] == []


def test_what_pyproject_asks_for_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {_named(one) for one in project["dependencies"]}
    assert asked - {name.lower() for name, _ in PINNED} == set()


def test_only_hashed_packages_are_installed() -> None:
    """`--require-hashes` refuses what the lock does not know, from whatever index it comes."""
    syncs = [line for line in (ROOT / "Makefile").read_text("utf-8").splitlines() if "pip sync" in line]
    assert syncs
    assert [line for line in syncs if "--require-hashes requirements.lock" not in line] == []
