"""`make sabotage`: breaks a copy of the code once for each line of sabotage.toml; a test that still passes is told.

python -m tests.sabotage [NAME…]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = (
    "maild",
    "parsers",
    "rules",
    "templates",
    "systemd",
    "tests",
    "bench",
    "docs",
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
)


def survives(entry: dict[str, str]) -> bool:
    """Whether the test passes although the code is broken: then it shows nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            source, target = ROOT / part, Path(folder) / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        file = Path(folder) / entry["file"]
        text = file.read_text("utf-8")
        if text.count(entry["old"]) != 1:
            raise SystemExit(f"{entry['file']}: what is to be broken is not there once")
        file.write_text(text.replace(entry["old"], entry["new"]), "utf-8")
        # Native tracebacks: pytest's own parse the source of each frame, and a chain of a thousand of them ends it.
        quiet = ("-q", "-x", "--tb=native", "-p", "no:cacheprovider")
        command = [sys.executable, "-m", "pytest", *quiet, f"tests/{entry['test']}"]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": folder}, capture_output=True, check=False
        )
        if done.returncode not in {0, 1}:  # 1: tests ran and failed
            raise SystemExit(done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:])
        return done.returncode == 0


def main(names: list[str]) -> int:
    """One line for each; 1 where a test saw nothing."""
    entries = tomllib.loads((ROOT / "tests/sabotage.toml").read_text("utf-8"))
    blind = 0
    for name in names or entries:
        seen = not survives(entries[name])
        print(f"{name:<4} {'seen' if seen else 'NOT SEEN'} by {entries[name]['test']}", flush=True)
        blind += not seen
    return 1 if blind else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
