"""Clauses with what was found in them: which phrases, and which hedges, negations, questions they leave unexplained."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from maild.reading.language import best_language
from maild.reading.phrases import MARKS, Hit, Lexicon, Lexicons
from maild.reading.sentences import Clause, clauses
from maild.reading.words import spaced, words_of

# What stands in quotation marks is a title or somebody's words, not the writer's statement.
QUOTED = re.compile(r"\"[^\"\n]{2,200}\"|“[^“”\n]{2,200}[”“]|”[^”\n]{2,200}”|„[^“”\n]{2,200}[“”]|«[^»\n]{2,200}»|»[^«»\n]{2,200}[«»]|‘[^’\n]{4,200}’(?!\w)")
ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s<>]+>?|<?[^\s@<>]+@[^\s@<>]+>?")
DATE_NUMBERS = re.compile(r"\b[A-Z]{1,8}-\d{4}-\d{4,8}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One clause as it was understood."""

    clause: Clause
    hits: tuple[Hit, ...]
    unexplained: frozenset[str]  # marks that no phrase accounts for
    stems: bool  # words of our field that no phrase accounts for

    def of(self, kind: str) -> list[Hit]:
        """Its hits of one kind."""
        return [hit for hit in self.hits if hit.phrase.kind == kind]

    def has(self, kind: str, name: str) -> bool:
        """Whether one of its hits is of that kind and name."""
        return any(hit.phrase.kind == kind and hit.phrase.name == name for hit in self.hits)


def without_titles(text: str, titles: Sequence[str] = ()) -> str:
    """The text with quoted titles, the request's own title, addresses and request numbers taken out.

    As many letters as before, so that places in it stay true.
    """
    for title in titles:
        if len(title) > 3:
            text = re.sub(re.escape(title), lambda m: _blank(m.group()), text, flags=re.IGNORECASE)
    for pattern in (ADDRESS, QUOTED, DATE_NUMBERS):
        text = pattern.sub(lambda m: _blank(m.group()), text)
    return text


def _blank(text: str) -> str:
    return "#" * len(text)  # no word, no end of a sentence


def statements(text: str, lexicons: Lexicons, language: str) -> list[Statement]:
    """Every clause of the text, read with the lexicon of its own sentence's language."""
    out: list[Statement] = []
    group: list[Clause] = []
    for clause in clauses(text):
        if group and clause.sentence != group[0].sentence:
            out += _sentence(group, lexicons, language)
            group = []
        group.append(clause)
    return out + (_sentence(group, lexicons, language) if group else [])


def _sentence(group: list[Clause], lexicons: Lexicons, language: str) -> list[Statement]:
    words = [words_of(clause.text) for clause in group]
    spoken = best_language((w for part in words for w in part), lexicons, language)
    lexicon = lexicons.by_language.get(spoken)
    if lexicon is None:
        return [Statement(clause=c, hits=(), unexplained=frozenset(), stems=False) for c in group]
    return [_statement(clause, part, lexicon) for clause, part in zip(group, words, strict=True)]


def _statement(clause: Clause, words: list[str], lexicon: Lexicon) -> Statement:
    text = spaced(words).encode()
    hits = tuple(sorted(lexicon.hits(words, text), key=lambda hit: (hit.start, -hit.end)))
    groups = _groups(hits)
    unexplained = {
        mark for mark in MARKS if lexicon.marks[mark] is not None and _left_over(lexicon.marks[mark], text, mark, groups)
    }
    if clause.question:
        unexplained.discard("question")
        if not any(hit.phrase.marks.get("question") or hit.phrase.kind == "asks" for hit in hits):
            unexplained.add("question")
    stems = lexicon.stems is not None and any(
        not any(g.start <= m.start() and m.end() <= g.end for g in groups) for m in lexicon.stems.finditer(text)
    )
    return Statement(clause=clause, hits=hits, unexplained=frozenset(unexplained), stems=stems)


@dataclass(slots=True)
class _Group:
    """Hits that overlap: together they explain so many marks."""

    start: int
    end: int
    marks: dict[str, int]


def _groups(hits: Sequence[Hit]) -> list[_Group]:
    groups: list[_Group] = []
    for hit in hits:
        if hit.phrase.kind == "roles":
            continue
        if groups and hit.start < groups[-1].end:
            last = groups[-1]
            last.end = max(last.end, hit.end)
            for mark, count in hit.phrase.marks.items():
                last.marks[mark] = max(last.marks.get(mark, 0), count)
        else:
            groups.append(_Group(start=hit.start, end=hit.end, marks=dict(hit.phrase.marks)))
    return groups


def _left_over(pattern: object, text: bytes, mark: str, groups: Sequence[_Group]) -> bool:
    """Whether the clause has more of these marks than its phrases account for."""
    found = [m.start() for m in pattern.finditer(text)]  # type: ignore[attr-defined]  # re2 has no types
    inside = 0
    for group in groups:
        here = sum(group.start <= place < group.end for place in found)
        if here > group.marks.get(mark, 0):
            return True
        inside += here
    return inside < len(found)
