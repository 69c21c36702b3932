"""What a wheel carries, and that it runs away from the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What a command prints; its whole output where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, made by way of its sdist."""
    out = tmp_path_factory.mktemp("dist")
    run(UV, "build", "-q", "--no-build-isolation", "--offline", "--out-dir", out, ROOT, cwd=ROOT)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel and nothing else."""
    target = tmp_path_factory.mktemp("site")
    run(UV, "pip", "install", "-q", "--offline", "--no-deps", "--target", target, wheel, cwd=target)
    return target


def test_a_wheel_gives_site_packages_one_name_of_ours(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()} - {"bin", ".lock"}
    assert {name for name in names if not name.endswith(".dist-info")} == {"maild"}


def test_a_wheel_carries_parsers_rules_templates_and_units(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "maild/parsers/__init__.py",
        "maild/rules/letters.toml",
        "maild/rules/judge/gist.npz",
        "maild/rules/judge/LICENSE.e5",
        "maild/templates/fi/request_loan.txt.j2",
        "maild/systemd/maild.service",
        "maild/store/migrations/env.py",
        "maild/demo/story.toml",
        "maild/py.typed",
    ):
        assert wanted in names


def test_an_installed_wheel_checks_its_own_rules_and_letters(installed: Path, tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(installed)}
    said = run(
        sys.executable, "-c", "import maild; print(maild.__file__, maild.shipped('rules'))", cwd=tmp_path, env=env
    )
    assert all(part.startswith(str(installed)) for part in said.split())
    for verb in ("rules", "letters"):
        assert run(sys.executable, "-m", "maild", verb, "check", cwd=tmp_path, env=env).strip() == "all is well"


def test_nobody_imports_the_checkout_s_folders_by_their_own_names() -> None:
    forbidden = ("import parsers", "from parsers", "maild.maild", "maild.tests")
    files = [p for folder in ("maild", "parsers", "tests", "bench") for p in (ROOT / folder).rglob("*.py")]
    wrong = [
        f"{path}: {line}"
        for path in files
        if path != Path(__file__)
        for line in path.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from ")) and any(name in line for name in forbidden)
    ]
    assert wrong == []
