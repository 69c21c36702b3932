"""Core values as plain JSON, the same text for the same value, so that stored decisions can be compared."""

import dataclasses
import json
from collections.abc import Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any


def plain(value: object) -> Any:
    """The value in JSON's own kinds; of a dataclass only what differs from its defaults."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
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
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if _is_told(value, f)}
    raise TypeError(f"{type(value).__name__} has no plain form")


def as_json(value: object) -> str:
    """The value as one line of JSON with sorted keys."""
    return json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def effect_name(effect: object) -> str:
    """The word by which an effect is stored."""
    return type(effect).__name__


def _is_told(value: object, field: dataclasses.Field[Any]) -> bool:
    present = getattr(value, field.name)
    if field.default_factory is not dataclasses.MISSING:
        return bool(present != field.default_factory())
    return bool(present != field.default)
