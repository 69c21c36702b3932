"""Core values as plain JSON, the same text for the same value, so that stored decisions can be compared."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import attrgetter, methodcaller
from typing import Any

_AS_IT_IS = frozenset({str, int, float, bool, type(None)})
_LINE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain(value: object) -> Any:
    """The value in JSON's own kinds; of a dataclass only what differs from its defaults."""
    kind: type = type(value)
    return value if kind in _AS_IT_IS else _way(kind)(value)


def as_json(value: object) -> str:
    """The value as one line of JSON with sorted keys."""
    return line(plain(value))


def line(value: object) -> str:
    """What is plain already as one line of JSON with sorted keys."""
    return _LINE.encode(value)


def effect_name(effect: object) -> str:
    """The word by which an effect is stored."""
    return type(effect).__name__


@cache
def _way(kind: type) -> Callable[[Any], Any]:
    """How a value of that type is made plain: looked for once a type, as a decision has hundreds of values."""
    if issubclass(kind, Enum):
        return attrgetter("value")
    for kinds, way in _WAYS:
        if issubclass(kind, kinds):
            return way
    if dataclasses.is_dataclass(kind):
        return _of_dataclass
    raise TypeError(f"{kind.__name__} has no plain form")


def _of_dataclass(value: Any) -> dict[str, Any]:
    kind: type = type(value)
    return {name: plain(present) for name, default in _defaults(kind) if (present := getattr(value, name)) != default}


_WAYS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (str | int | float, lambda value: value),
    (datetime | date, methodcaller("isoformat")),
    (Decimal, str),
    (Mapping, lambda value: {str(key): plain(one) for key, one in value.items()}),
    (Set, lambda value: sorted(plain(one) for one in value)),
    (list | tuple, lambda value: [plain(one) for one in value]),
)


@cache
def _defaults(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields of a dataclass, each with its default; MISSING, which equals nothing, where it has none."""
    return tuple(
        (f.name, f.default if f.default_factory is dataclasses.MISSING else f.default_factory())
        for f in dataclasses.fields(kind)
    )
