"""Finds and reads maild.toml; writes the commented example from the settings' own texts."""

import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from maild.core.problems import Problem
from maild.settings import Listener, Mailbox, Settings

SYSTEM = Path("/etc/maild/maild.toml")
HERE = Path("maild.toml")

WAYS_OUT = {
    "extra_forbidden": "take it out, or see `maild config example` for what there is",
    "missing": "add it; `maild config example` shows how",
}


class WrongSettings(Exception):
    """maild.toml has mistakes; `problems` names them all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def find(given: Path | None) -> Path | None:
    """The configuration file: as given, $MAILD_CONFIG, the system's, or ours here if nobody else can write it."""
    if given is not None:
        return given
    if named := os.environ.get("MAILD_CONFIG"):
        return Path(named)
    if SYSTEM.is_file():
        return SYSTEM
    return HERE if HERE.is_file() and _is_ours(HERE) else None


def _is_ours(path: Path) -> bool:
    """A maild.toml that somebody left in a shared folder must not run commands as us."""
    facts = path.stat()
    return facts.st_uid == os.getuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def load(path: Path) -> Settings:
    """The Settings of a file. Raises WrongSettings with every mistake in it."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as err:
        raise WrongSettings([_problem(path, "file", str(err), "make it a readable file in UTF-8")]) from err
    except tomllib.TOMLDecodeError as err:
        raise WrongSettings([_problem(path, "file", f"no TOML: {err}", "mend the line that it names")]) from err
    try:
        return Settings.model_validate(tables)
    except ValidationError as err:
        problems = [
            _problem(
                path,
                ".".join(str(p) for p in e["loc"]) or "file",
                e["msg"].removeprefix("Value error, "),
                WAYS_OUT.get(e["type"], "see `maild config example` for what it may be"),
            )
            for e in err.errors(include_url=False, include_input=False)
        ]
        raise WrongSettings(problems) from err


def _problem(path: Path, place: str, what: str, way_out: str) -> Problem:
    return Problem(file=str(path), place=place, what=what, way_out=way_out)


EXAMPLES: Mapping[str, type[BaseModel]] = {"smtp": Listener, "lmtp": Listener, "imap": Mailbox}
ADDRESSES = {"smtp": '"127.0.0.1:8025"', "lmtp": '"/run/maild/lmtp"'}


def example() -> str:
    """maild.toml with every key, its text and its default, all optional ones commented out."""
    return "\n".join(_example_lines()) + "\n"


def _example_lines() -> Iterator[str]:
    yield "# maild.toml: every setting, its meaning and its default. Take the # away where yours differs."
    top = [n for n, f in Settings.model_fields.items() if _section(f.annotation) is None and n not in EXAMPLES]
    for name in top:
        yield from _key(name, Settings.model_fields[name])
    for name, field in Settings.model_fields.items():
        section = EXAMPLES.get(name) or _section(field.annotation)
        if section is None:
            continue
        yield ""
        if field.description:
            yield f"# {field.description}"
        header = f"[[{name}]]" if name == "imap" else f"[{name}]"
        yield f"#{header}" if name in EXAMPLES else header
        for key, inner in section.model_fields.items():
            yield from _key(key, inner, ADDRESSES.get(name) if key == "listen" else None)


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _key(name: str, field: Any, value: str | None = None) -> Iterator[str]:
    yield f"# {field.description or ''}".rstrip()
    if get_origin(field.annotation) is Literal:
        yield f"# One of: {', '.join(map(str, get_args(field.annotation)))}."
    shown = value or ('"…"' if field.is_required() else _toml(field.get_default(call_default_factory=True)))
    yield f"#{name} = {shown}"


def _toml(value: object) -> str:
    """A default as TOML writes it; nothing is written as an empty string, for TOML has no null."""
    if value is None:
        return '""  # unset'
    if isinstance(value, SecretStr):
        return f'"{value.get_secret_value()}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"'
