"""rules/quotes.toml: by which words and signs a quoted letter, a signature and boilerplate are known."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, ValidationError

from maild.core.problems import Problem, RuleFiles
from maild.reading.patterns import searched

FILE = "quotes.toml"
_NEVER = re2.compile(r"$a")


@dataclass(frozen=True, kw_only=True)
class QuoteRules:
    """The patterns of rules/quotes.toml, compiled. The default knows `>` and "-- " only."""

    signs: Mapping[str, Any] = field(default_factory=dict)  # verbs, answer, ...: what is looked for in a whole letter
    attribution: Any = _NEVER
    labels: dict[str, str] = field(default_factory=dict)  # label in lower case → from, sent, to, copy, subject, other
    forward_prefixes: frozenset[str] = frozenset()
    postscript: Any = _NEVER

    @cached_property
    def signs_in(self) -> Callable[[str], frozenset[str]]:
        """Which of the signs a text has."""
        return searched(self.signs)


class _Attribution(BaseModel):
    model_config = ConfigDict(extra="forbid")
    verbs: list[str]
    patterns: list[str]


class _Separator(BaseModel):
    model_config = ConfigDict(extra="forbid")
    answer: list[str]
    forward: list[str]
    rule: list[str]


class _Prefix(BaseModel):
    model_config = ConfigDict(extra="forbid")
    forward: list[str]


class _Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid")
    phrases: list[str]


class _Patterns(BaseModel):
    model_config = ConfigDict(extra="forbid")
    patterns: list[str]


class _Begins(BaseModel):
    model_config = ConfigDict(extra="forbid")
    begins: list[str]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    attribution: _Attribution
    header: dict[Literal["from", "sent", "to", "copy", "subject", "other"], list[str]]
    separator: _Separator
    prefix: _Prefix
    sign_off: _Phrases
    mobile: _Patterns
    banner: _Begins
    disclaimer: _Begins
    postscript: _Begins


def load(files: RuleFiles) -> tuple[QuoteRules, list[Problem]]:
    """The rules of quotes.toml, and every mistake in it; the minimal rules where there is any."""
    if FILE not in files:
        return QuoteRules(), [_problem("file", "there is none", "put the shipped rules/quotes.toml back")]
    try:
        data = _File.model_validate(files[FILE].data)
    except ValidationError as err:
        return QuoteRules(), [
            _problem(".".join(map(str, e["loc"])), e["msg"], "compare the shipped rules/quotes.toml")
            for e in err.errors()
        ]
    problems = [p for place, patterns in _all_patterns(data) for p in _wrong(place, patterns)]
    return (QuoteRules(), problems) if problems else (_compiled(data), [])


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)


def _all_patterns(data: _File) -> Iterator[tuple[str, list[str]]]:
    yield "attribution.patterns", data.attribution.patterns
    yield "separator.answer", data.separator.answer
    yield "separator.forward", data.separator.forward
    yield "separator.rule", data.separator.rule
    yield "mobile.patterns", data.mobile.patterns
    yield "banner.begins", data.banner.begins
    yield "disclaimer.begins", data.disclaimer.begins
    yield "postscript.begins", data.postscript.begins


def _wrong(place: str, patterns: list[str]) -> Iterator[Problem]:
    for pattern in patterns:
        try:
            matches_nothing = re2.compile(pattern).fullmatch("") is not None
        except re2.error as err:
            yield _problem(place, f"{pattern!r} is no RE2 pattern: {err}", "mend it; look-around is not possible")
            continue
        if matches_nothing:
            yield _problem(place, f"{pattern!r} matches an empty line", "let it demand a word")


def _compiled(data: _File) -> QuoteRules:
    verbs = "|".join(map(re2.escape, data.attribution.verbs))
    return QuoteRules(
        signs={
            "verbs": re2.compile(rf"(?i)(?:^|[\s-])(?:{verbs})(?:[\s:]|$)"),
            "answer": _line_pattern(data.separator.answer),
            "forward": _line_pattern(data.separator.forward),
            "rule": _line_pattern(data.separator.rule),
            "sign_off": _sign_off(data.sign_off.phrases),
            "mobile": _line_pattern(data.mobile.patterns),
            "banner": _line_pattern(data.banner.begins),
            "disclaimer": _line_pattern(data.disclaimer.begins),
        },
        attribution=_quick("(?i)" + _either(data.attribution.patterns)),
        labels={label.lower(): kind for kind, labels in data.header.items() for label in labels},
        forward_prefixes=frozenset(p.lower() for p in data.prefix.forward),
        postscript=_line_pattern(data.postscript.begins),
    )


def _either(patterns: Sequence[str]) -> str:
    return "|".join(f"(?:{p})" for p in patterns) or _NEVER.pattern


def _line_pattern(patterns: Sequence[str]) -> Any:
    return _quick(rf"(?im)^[ *]*(?:{_either(patterns)})[ *]*$")


def _quick(pattern: str) -> Any:
    """Compiled without its groups: nobody asks for them, and finding where each begins takes three times as long."""
    options = re2.Options()
    options.never_capture = True
    return re2.compile(pattern, options)


def _sign_off(phrases: Sequence[str]) -> Any:
    """A phrase at the beginning of a line; group 1 is what follows it, which may be a name (see _is_name)."""
    longest_first = sorted(phrases, key=len, reverse=True)
    phrase = "(?:" + "|".join(re2.escape(p) for p in longest_first) + ")"
    return re2.compile(rf"(?im)^[ *]*{phrase}(?:\.?,? ?/ ?{phrase})*([ .,!:/*-].*)?$")
