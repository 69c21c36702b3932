"""docs/promises.md names tests: every promise and threat is there, and every test that is named exists."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROMISES = (ROOT / "docs/promises.md").read_text("utf-8")
NAMED = re.compile(r"((?:faults/)?test_\w+\.py)::(test_\w+)")
WANTED = [f"P{n}" for n in range(1, 37)] + [f"T{n}" for n in range(1, 36)]
SABOTAGE = tomllib.loads((ROOT / "tests/sabotage.toml").read_text("utf-8"))


def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("name", WANTED)
def test_every_promise_and_threat_names_the_test_that_sees_it_broken(name: str) -> None:
    (line,) = [line for line in PROMISES.splitlines() if line.startswith(f"| {name} |")]
    assert SABOTAGE[name]["test"].partition("[")[0] in line.split("|")[3]


def test_every_test_that_is_named_exists() -> None:
    assert [f"{file}::{test}" for file, test in NAMED.findall(PROMISES) if test not in names_in(file)] == []


@pytest.mark.parametrize("name", SABOTAGE)
def test_what_sabotage_breaks_is_there_to_be_broken(name: str) -> None:
    entry = SABOTAGE[name]
    assert (ROOT / entry["file"]).read_text("utf-8").count(entry["old"]) == 1
    file, _, test = entry["test"].partition("::")
    assert test.partition("[")[0] in names_in(file)
