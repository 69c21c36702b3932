"""Reads one rule file against its pydantic model, and tells every mistake in it in words for a librarian."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from maild.core.problems import Problem


class Table(BaseModel):
    """A table of a rule file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=Table)


def read(model: type[Model], file: str, data: dict[str, object]) -> tuple[Model | None, list[Problem]]:
    """The checked table, or None with every mistake."""
    try:
        return model.model_validate(data), []
    except ValidationError as err:
        return None, [_problem(file, dict(detail), model) for detail in err.errors()]


def _problem(file: str, detail: dict[str, object], model: type[Table]) -> Problem:
    where = detail["loc"]
    place = ".".join(str(part) for part in where if part != "[key]") if isinstance(where, tuple) else ""
    if detail["type"] == "extra_forbidden":
        known = ", ".join(sorted(model.model_fields)) if "." not in place else "those of the shipped file"
        return Problem(file=file, place=place, what="no such key", way_out=f"use one of: {known}")
    if detail["type"] == "missing":
        return Problem(file=file, place=place, what="missing", way_out="write it")
    given = "" if isinstance(detail["input"], dict) else f"{detail['input']!r}: "
    return Problem(file=file, place=place, what=f"{given}{detail['msg']}", way_out="correct the value")
