"""parse, explain, eval."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from pydantic import TypeAdapter

from maild import evaluate as judging
from maild import house
from maild.core.reading import Parser
from maild.core.request import Context
from maild.core.rules import Refused
from maild.registry import load_parsers
from maild.rulebook import Rulebook
from maild.scores import Scores
from maild.verbs.configured import settings_or_defaults
from maild.verbs.failures import PROBLEMS, NotFound

SCORES = TypeAdapter(Scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading by hand needs."""

    rulebook: Rulebook
    parsers: Sequence[Parser]


def _reading(config: Path | None) -> Reading:
    return Reading(rulebook=house.paper_of(settings_or_defaults(config)).rulebook, parsers=load_parsers())


def parse(config: Path | None, files: list[Path], contexts: Path | None, now: str | None) -> int:
    """One JSON object a mail; 1 where a file could not be read, the others are read all the same."""
    by, known, moment = _reading(config), _contexts(contexts), _moment(now)
    failed = 0
    for file in files:
        try:
            read = judging.parse_files([file], known, by.rulebook.rules, by.rulebook.reading, by.parsers, moment)
            for one in read:
                typer.echo(json.dumps(one, ensure_ascii=False))
        except OSError as err:
            typer.echo(f"{file}: {err.strerror}", err=True)
            failed = PROBLEMS
    return failed


def explain(config: Path | None, file: Path, contexts: Path | None, now: str | None) -> None:
    """Parser, passage, rule and doubt of one mail. Raises NotFound."""
    by = _reading(config)
    if not file.is_file():
        raise NotFound(f"{file}: no such file")
    judged = judging.judge(file, _contexts(contexts), by.rulebook.rules, by.rulebook.reading, by.parsers, _moment(now))
    typer.echo(judging.explain(judged))


def evaluate(config: Path | None, folder: Path, *, as_json: bool) -> int:
    """The scores of a labelled folder; 1 where an act was wrong. Raises NotFound."""
    by = _reading(config)
    if not (folder / "labels.jsonl").is_file():
        raise NotFound(f"{folder}: no labels.jsonl there; docs/teaching-phrases.md says how to write one")
    scores = judging.evaluate(folder, by.rulebook.rules, by.rulebook.reading, by.parsers)
    typer.echo(SCORES.dump_json(scores).decode() if as_json else scores.text())
    return PROBLEMS if scores.total["wrong"] else 0


def _contexts(path: Path | None) -> dict[str, Context] | None:
    if path is None:
        return None
    try:
        return judging.load_contexts(path)
    except (OSError, ValueError) as err:
        raise NotFound(f"{path}: {err}") from err


def _moment(now: str | None) -> datetime | None:
    if now is None:
        return None
    try:
        moment = datetime.fromisoformat(now)
    except ValueError as err:
        raise Refused(f"--now {now!r}: write it like 2026-11-21T10:00+02:00") from err
    if moment.tzinfo is None:
        raise Refused(f"--now {now!r}: say the zone too, like 2026-11-21T10:00+02:00")
    return moment
