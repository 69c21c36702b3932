"""Core values as plain JSON, the same text for the same value, so that stored decisions can be compared."""

import dataclasses
import json
from collections.abc import Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


def plain(value: object) -> Any:
    """The value in JSON's own kinds; of a dataclass only what differs from its defaults."""
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, Set):
        return sorted(plain(one) for one in value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: plain(present)
            for name, default in _defaults(type(value))
            if (present := getattr(value, name)) != default
        }
    raise TypeError(f"{type(value).__name__} has no plain form")


def as_json(value: object) -> str:
    """The value as one line of JSON with sorted keys."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def effect_name(effect: object) -> str:
    """The word by which an effect is stored."""
    return type(effect).__name__


@cache
def _defaults(kind: type) -> tuple[tuple[str, object], ...]:
    """The fields of a dataclass, each with its default; MISSING, which equals nothing, where it has none."""
    return tuple(
        (f.name, f.default if f.default_factory is dataclasses.MISSING else f.default_factory())
        for f in dataclasses.fields(kind)
    )
