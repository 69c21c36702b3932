"""rules/completeness.toml: what a citation must tell before a library is asked, and how it is asked for."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

from pydantic import Field

from maild.core.problems import Problem, RuleFiles
from maild.core.reading import Citation
from maild.core.rulefiles import Table, read
from maild.core.terms import ServiceType

FILE = "completeness.toml"
LANGUAGES = ("fi", "sv", "en")
FIELDS = frozenset(Citation.__dataclass_fields__)
MAX_NEEDS = 9  # an answer may begin with its number, which is one digit
MAX_LABEL = 60  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that must be known for these services: any of the fields; the patron is asked for the first of them.

    `ask` is how the question calls it, by language.
    """

    name: str
    services: frozenset[ServiceType]
    one_of: tuple[str, ...]
    ask: Mapping[str, str]


def missing(citation: Citation, service: ServiceType, needs: Sequence[Need]) -> tuple[Need, ...]:
    """What the citation lacks for this service, in the order of the rules."""
    return tuple(
        need for need in needs if service in need.services and not any(getattr(citation, f) for f in need.one_of)
    )


def named(names: Collection[str], needs: Sequence[Need]) -> tuple[Need, ...]:
    """The needs of these names in their order; one that the rules no longer have is left out."""
    by_name = {need.name: need for need in needs}
    return tuple(by_name[name] for name in names if name in by_name)


def labels(asked: Sequence[Need], language: str) -> tuple[str, ...]:
    """What the patron reads, one a need."""
    return tuple(need.ask.get(language) or need.ask["en"] for need in asked)


def merged(old: Citation, new: Citation) -> Citation:
    """The citation with what it lacks taken from `new`; nothing that it says is changed."""
    gaps = {f.name: getattr(new, f.name) for f in fields(Citation) if not getattr(old, f.name)}
    return replace(old, **gaps)


def contradicted(old: Citation, new: Citation) -> tuple[str, ...]:
    """Fields in which both say something, and not the same."""
    return tuple(
        f.name
        for f in fields(Citation)
        if (was := getattr(old, f.name)) and (now := getattr(new, f.name)) and _plain(was) != _plain(now)
    )


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


class _Need(Table):
    services: frozenset[ServiceType] = Field(min_length=1)
    one_of: tuple[str, ...] = Field(min_length=1)
    ask: dict[Literal["fi", "sv", "en"], str]


class _CompletenessFile(Table):
    need: dict[str, _Need] = Field(default={})


def load(files: RuleFiles) -> tuple[tuple[Need, ...], list[Problem]]:
    """The needs in the order of the file, and every mistake; without the file nothing is needed."""
    if FILE not in files:
        return (), []
    found, problems = read(_CompletenessFile, FILE, files[FILE].data)
    if found is None:
        return (), problems
    for name, table in found.need.items():
        problems += _mistakes(f"need.{name}", table)
    problems += _too_many(found.need)
    needs = [
        Need(name=name, services=t.services, one_of=t.one_of, ask={str(code): text for code, text in t.ask.items()})
        for name, t in found.need.items()
    ]
    return (tuple(needs) if not problems else ()), problems


def _mistakes(place: str, table: _Need) -> Iterator[Problem]:
    for field in table.one_of:
        if field not in FIELDS:
            what = f"no such field of a citation: {field!r}"
            yield _problem(f"{place}.one_of", what, f"use some of: {', '.join(sorted(FIELDS))}")
    by_language = {str(code): text for code, text in table.ask.items()}
    for language in LANGUAGES:
        text = by_language.get(language, "")
        if not text.strip() or len(text) > MAX_LABEL or ":" in text or "\n" in text:
            way_out = f"write it in one line of at most {MAX_LABEL} characters, without a colon"
            yield _problem(f"{place}.ask.{language}", "missing, or no label", way_out)


def _too_many(needs: Mapping[str, _Need]) -> Iterator[Problem]:
    for service in ServiceType:
        count = sum(service in need.services for need in needs.values())
        if count > MAX_NEEDS:
            yield _problem("need", f"{count} needs for {service}", f"ask for {MAX_NEEDS} things at most")


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)
