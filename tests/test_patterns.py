"""Every pattern is linear: RE2 for what people write in rules, and for our own `re` no way to run away."""

import importlib
import inspect
import pkgutil
import re
import time
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import maild.parsers
import pytest

import maild.reading
from tests.readings import shipped_reading_rules

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_parse  # the parser of re itself: it alone knows what a pattern repeats

REPEATS = (sre_parse.MAX_REPEAT, sre_parse.MIN_REPEAT)
SIZES = (4_000, 8_000)
PIECES = ("a", "1", " ", ".", "a1 ", "(", "KP-2026-0001 ", "ei …", "\n", "Ä:", "<a@", '"x')
ROUNDS = 2
TIMES = 3.0  # doubling the text may take so many times as long
NOTICEABLE_SECONDS = 0.02  # below this a clock says nothing


def modules() -> Iterator[Any]:
    for package in (maild.reading, maild.parsers):
        for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(info.name)


def own_patterns() -> dict[str, re.Pattern[Any]]:
    """Every compiled `re` of the readers and parsers by module and name."""
    found = {}
    for module in modules():
        for name, value in vars(module).items():
            for number, one in enumerate(value if isinstance(value, tuple | list) else (value,)):
                if isinstance(one, re.Pattern):
                    found[f"{module.__name__}.{name}.{number}"] = one
    return found


def unbounded(pattern: Any) -> Iterator[Any]:
    """What each repetition without a small bound repeats."""
    for code, argument in pattern:
        if code in REPEATS:
            _low, high, inner = argument
            if high > 1_000:
                yield inner
            yield from unbounded(inner)
        elif code is sre_parse.SUBPATTERN:
            yield from unbounded(argument[-1])
        elif code is sre_parse.BRANCH:
            for branch in argument[1]:
                yield from unbounded(branch)
        elif code in (sre_parse.ASSERT, sre_parse.ASSERT_NOT):
            yield from unbounded(argument[1])


def runs_away(inner: Any) -> bool:
    """Whether what is repeated repeats without a sign of its own in front: (?:a+)*, but not (?:,a+)*."""
    if not list(unbounded(inner)):
        return False
    needed = [(code, what) for code, what in inner if not (code in REPEATS and what[0] == 0 and what[1] == 1)]
    code, what = needed[0]
    return not (code is sre_parse.LITERAL or (code is sre_parse.IN and all(c is sre_parse.LITERAL for c, _ in what)))


def refers_back(parsed: Any) -> bool:
    """Whether a group of more than one sign is asked for again."""
    groups = {what[0]: what[-1].getwidth()[1] for code, what in parsed if code is sre_parse.SUBPATTERN}
    return any(
        code is sre_parse.GROUPREF_EXISTS or (code is sre_parse.GROUPREF and groups.get(what, 2) > 1)
        for code, what in parsed
    )


def used_anchored(name: str) -> bool:
    """Whether its module only ever matches it at one place, never looks for it."""
    module, attribute, _number = name.rsplit(".", 2)
    source = inspect.getsource(importlib.import_module(module))
    return re.search(rf"\b{attribute}\.(?:search|finditer|findall|sub|split)\b", source) is None and (
        re.search(rf"\b{attribute}\.(?:match|fullmatch)\b", source) is not None
    )


def grows(search: Any, piece: str) -> str:
    """Where doubling the text takes far more than twice as long, what it took."""
    texts = [(piece * size)[:size] for size in SIZES]
    best = []
    for text in texts:
        rounds = []
        for _ in range(ROUNDS):
            start = time.process_time()
            search(text)
            rounds.append(time.process_time() - start)
        best.append(min(rounds))
    slow = best[1] > NOTICEABLE_SECONDS and best[1] > TIMES * best[0]
    return f"{piece!r}: {best[0]:.3f} s, {best[1]:.3f} s" if slow else ""


def test_there_are_patterns_to_look_at() -> None:
    assert len(own_patterns()) > 50
    assert len(data_patterns()) > 500


@pytest.mark.parametrize("name", sorted(own_patterns()))
def test_no_pattern_of_ours_repeats_a_repetition_or_refers_back(name: str) -> None:
    pattern = own_patterns()[name]
    parsed = sre_parse.parse(pattern.pattern, pattern.flags)
    assert not refers_back(parsed)
    assert not [inner for inner in unbounded(parsed) if runs_away(inner)], "a repetition within a repetition"


def test_no_pattern_of_ours_takes_four_times_as_long_for_twice_the_text() -> None:
    slow = {name: took for name, pattern in own_patterns().items() if (took := slowness(name, pattern))}
    assert not slow


def slowness(name: str, pattern: re.Pattern[Any]) -> list[str]:
    """Texts on which the pattern, used as its module uses it, takes more than in proportion."""
    look = pattern.match if used_anchored(name) else pattern.findall
    is_text = isinstance(pattern.pattern, str)
    return [took for piece in PIECES if (took := grows(lambda t: look(t if is_text else t.encode()), piece))]


def data_patterns() -> list[Any]:
    """Every pattern of the lexicons, dialects, forms, quotes and automatic answers."""
    found: list[Any] = []
    _collect(shipped_reading_rules(), found, set())
    return found


def _collect(value: Any, found: list[Any], seen: set[int]) -> None:
    """Whatever can search, in whatever holds it."""
    if id(value) in seen or value is None or isinstance(value, str | bytes | int | float):
        return
    seen.add(id(value))
    if hasattr(value, "finditer"):
        found.append(value)
    elif isinstance(value, tuple | list | set | frozenset):
        for one in value:
            _collect(one, found, seen)
    elif hasattr(value, "items"):
        for one in value.values():
            _collect(one, found, seen)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            _collect(getattr(value, name), found, seen)


def test_every_pattern_that_people_write_is_compiled_with_re2() -> None:
    kinds = {type(pattern).__module__ for pattern in data_patterns()}
    assert kinds == {"re2"}


def test_no_pattern_that_people_write_takes_four_times_as_long_for_twice_the_text() -> None:
    sample = data_patterns()[::10]  # RE2 is linear by construction: a sample shows that it is RE2
    assert not [took for pattern in sample if (took := grows(partial(_all, pattern), "a1 "))]


def _all(pattern: Any, text: str) -> list[Any]:
    return list(pattern.finditer(text.encode() if isinstance(pattern.pattern, bytes) else text))


def test_the_measure_sees_a_pattern_that_runs_away() -> None:
    runs_off = re.compile(r"[a-z]+@")
    assert any(grows(runs_off.findall, "a") for _try in range(3)), "a busy machine may hide it once"
    assert [i for i in unbounded(sre_parse.parse(r"(?:a+b*)+")) if runs_away(i)]
