"""Patterns that a librarian can read, made into re2.

A pattern is words in order within one clause: `laina*` any ending, `*siko` any beginning, `…` any words between,
`(a|b c)` one of these, `[a|b]` one of these or nothing, `_` any one word, `^` and `$` the ends of the clause.
Case and accents do not count.
"""

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

import re2

from maild.reading.words import fold, words_of

TOKEN = re.compile(r"[…^$()\[\]|]|[^\s…^$()\[\]|]+")
WORD = re.compile(r"\*?[^\W_][^\W_']*(?:'[^\W_]+)*\*?|\?|_|€|£|\$|&")
GROUP = re.compile(r"[(\[]([^()\[\]]*)[)\]]")  # one group without groups in it
MAX_EXPRESSION = 10_000  # characters; re2 takes ten times as much, and the longest of ours has 1,000
ALIKE = 2**14  # words that are remembered: the same ones stand in many patterns, and in many texts
PREFIX = 9  # letters by which a pattern is looked up before it is tried
ENDING = 4  # letters by which one is looked up that tells only the end of a word, "*siko"
KEY = 7  # letters of its most telling word


class BadPattern(ValueError):
    """A pattern that cannot be read, with what is wrong in it."""


def compile_pattern(source: str) -> Any:
    """The re2 pattern for a readable one. Raises BadPattern."""
    return re2.compile(expression_of(source))


def expression_of(source: str) -> bytes:
    """What re2 is given for a readable pattern, and takes. Raises BadPattern."""
    out, depth = "", list[str]()
    for sign in TOKEN.findall(source):
        if sign in "([":
            depth.append(sign)
            out += "(?:"
        elif sign in ")]":
            if not depth or depth.pop() != {")": "(", "]": "["}[sign]:
                raise BadPattern(f"{sign!r} closes nothing")
            out += ")" if sign == ")" else ")?"
        elif sign == "|":
            if not depth:
                raise BadPattern('"|" stands outside ( ) or [ ]')
            out += "|"
        else:
            out += _piece(sign)
    if depth:
        raise BadPattern(f"{depth[-1]!r} is not closed")
    if not words_of(source):
        raise BadPattern("it has no words")
    if len(out) > MAX_EXPRESSION:
        raise BadPattern("it is too long; write two")
    return out.encode()


@lru_cache(ALIKE)
def _piece(sign: str) -> str:
    """The regular expression of one word or sign."""
    signs = {"…": ".*", "^": "^", "_": " [^ ]+ ", "?": r" \? "}
    if sign in signs:
        return signs[sign]
    if sign == "$":
        return "$"
    if not WORD.fullmatch(sign):
        raise BadPattern(f"{sign!r} is no word: write words, *, …, (a|b), [a|b], _, ^, $")
    bare = re.escape(fold(sign.strip("*"))).replace(r"\'", "'")
    before = "[^ ]*" if sign[0] == "*" else ""
    after = "[^ ]*" if sign[-1] == "*" else ""
    return f" {before}{bare}{after} "


def searched(patterns: Mapping[str, Any]) -> Callable[[str | bytes], frozenset[str]]:
    """What tells which of the compiled patterns a text has, looking at it once for all of them.

    Where re2 has no room to look for all at once, it tells of none at all, and a hedge would be overlooked: a pattern
    that is in every text shows it, and then each is said to be there, to be looked for one by one.
    """
    every = re2.Set.SearchSet()
    for pattern in patterns.values():
        every.Add(pattern.pattern)
    always = every.Add(b"")
    names = tuple(patterns)
    try:
        every.Compile()
    except re2.error:
        return lambda _: frozenset(names)

    def there(text: str | bytes) -> frozenset[str]:
        found = every.Match(text)
        return frozenset([names[at] for at in found if at != always] if always in found else names)

    return there


def keys_of(source: str) -> tuple[str, ...]:
    """Beginnings of words, one of which every match must have: of the most telling word that may not be missing."""
    depth, group = 0, list[str]()
    best: tuple[str, ...] = ()
    optional = False
    for sign in [*TOKEN.findall(source), "^"]:
        if sign in "([":
            depth += 1
            optional = optional or sign == "["
        elif sign in ")]":
            depth -= 1
        elif sign not in {"…", "^", "$", "|"}:
            group.append(_beginning(sign)[:KEY])
        if depth == 0 and group:
            best = max(best, _keys(group), key=_worth) if not optional else best
        if depth == 0:
            group, optional = [], False
    return best


def groups_of(source: str) -> tuple[frozenset[str], ...]:
    """Of each word or group that may not be missing the beginnings of words, one of which every match must have.

    The most telling first. A short word that ends there ends in a blank: "la " is not the beginning of "laina". Of
    "*lainassa" it is the end, "*assa".
    """
    depth, optional, choices = 0, False, [list[str]()]
    found: list[frozenset[str]] = []
    for sign in TOKEN.findall(source):
        if sign in "([":
            depth += 1
            if depth == 1:
                optional, choices = sign == "[", [[]]
        elif sign in ")]":
            depth -= 1
            if depth == 0 and not optional:
                found += _of_choices(choices)
        elif sign == "|" and depth == 1:
            choices.append([])
        elif sign not in {"…", "^", "$", "|"} and depth == 1:
            choices[-1].append(_exact_beginning(sign))
        elif sign not in {"…", "^", "$", "|"} and depth == 0:
            found += _of_choices([[_exact_beginning(sign)]])
    return tuple(sorted(found, key=_worth, reverse=True))


@lru_cache(ALIKE)
def beginnings_of(word: str) -> tuple[str, ...]:
    """All that a group can have of a word of the text, its end too; few words make up most of every text."""
    beginnings = (f"{word} "[:length] for length in range(1, min(len(word) + 1, PREFIX) + 1))
    return (*beginnings, f"*{word[-ENDING:]}")


def _of_choices(choices: list[list[str]]) -> list[frozenset[str]]:
    """The longest beginning of each choice, and the second longest; none where there is a choice without a known one.

    "(joko … lähetetty|joko … tullut)" is not even tried where "lähetetty" stands without its "joko".
    """
    known = [sorted(filter(None, choice), key=len, reverse=True) for choice in choices]
    if not all(known):
        return []
    return list(dict.fromkeys([frozenset(words[0] for words in known), frozenset(words[:2][-1] for words in known)]))


@lru_cache(ALIKE)
def _exact_beginning(sign: str) -> str:
    if sign[-1] == "*" or sign[0] == "_":
        return _beginning(sign)
    bare = fold(sign)
    if sign[0] == "*":  # what a word ends in is told by its last letters alone
        return f"*{bare[-ENDING:]}" if len(bare) > ENDING else ""
    return f"{bare} "[:PREFIX]


@lru_cache(ALIKE)
def _beginning(sign: str) -> str:
    return "" if sign[0] in "*_" else fold(sign.rstrip("*"))[:PREFIX]


def _keys(group: list[str]) -> tuple[str, ...]:
    return () if "" in group else tuple(dict.fromkeys(group))


def _worth(keys: Collection[str]) -> float:
    """How seldom a clause has one of them: long beginnings and few of them."""
    return min(map(len, keys)) - 0.1 * len(keys) if keys else -99.0
