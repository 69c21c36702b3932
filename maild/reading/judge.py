"""The second judge: a small model of character n-grams reads a clause; it may stop an act and never cause one.

A linear softmax over the 3- to 5-letter pieces, words and word pairs of a clause, trained by bench/train_judge.py on
rules/judge/*.tsv. Its weights are whole numbers of one byte; those of one feature for all labels stand side by side in
one big integer, so a clause is scored by a single sum.
"""

import gzip
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, sqrt

from maild.reading.words import fold

HARMLESS, DOUBT = "harmless", "doubt"
SIZES = (3, 4, 5)  # letters of a piece
LONGEST = 400  # letters of a clause that are looked at: a lane of 32 bits never overflows
LANE = 4  # bytes that one label's sum has
ZERO = 128  # the byte that stands for a weight of nought
LEAST_KNOWN = 0.4  # of a clause's features, or the model has no say: it was never taught such a clause
TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|\?|€|£|\$|&")


def features(clause: str, language: str) -> set[str]:
    """What the model sees of a clause: its language, words, pairs of words, and pieces; a number is only a number."""
    words = ["0" if word[0].isdigit() else word for word in TOKEN.findall(fold(clause[:LONGEST]))]
    text = f" {' '.join(words)} "
    seen = {text[i : i + size] for size in SIZES for i in range(len(text) - size + 1)}
    seen.update(f"={word}" for word in words)
    seen.update(f"{one}_{two}" for one, two in zip(["^", *words], [*words, "$"], strict=True))
    seen.add(f"@{language}")
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The weights. Without any it knows nothing: no clause is harmless to it, and none is another outcome."""

    labels: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    scale: float = 0.0
    surely_harmless: float = 1.0  # probability from which a clause need not be understood
    trained_on: str = ""  # digest of the clauses
    weights: Mapping[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, packed: bytes) -> "Judge":
        """The judge of a weights file: a line of JSON, a line of JSON with the features, then a byte a weight."""
        head, names, rows = gzip.decompress(packed).split(b"\n", 2)
        told = json.loads(head)
        labels = tuple(told["labels"])
        wide = bytearray(LANE * len(rows))
        wide[::LANE] = rows
        step = LANE * len(labels)
        places = range(0, len(wide), step)
        weights = {
            name: int.from_bytes(wide[at : at + step], "little")
            for name, at in zip(json.loads(names), places, strict=True)
        }
        return cls(
            labels=labels,
            languages=frozenset(told["languages"]),
            scale=told["scale"],
            surely_harmless=told["surely_harmless"],
            trained_on=told["trained_on"],
            weights=weights,
        )

    def read(self, clause: str, language: str) -> dict[str, float]:
        """The probability of each label; {} where the language or most of what is seen is strange to the model."""
        raised = self._raised(clause, language)
        total = sum(raised)
        return {label: one / total for label, one in zip(self.labels, raised, strict=True)} if raised else {}

    def _raised(self, clause: str, language: str) -> list[float]:
        """What the probabilities are in proportion to, 1 for the greatest; [] where the clause is strange."""
        if language not in self.languages:
            return []
        seen = features(clause, language)
        known = list(filter(None, map(self.weights.get, seen)))  # no weight is 0: ZERO stands for nought
        if len(known) < LEAST_KNOWN * len(seen):
            return []
        count = len(self.labels)
        sums = struct.unpack(f"<{count}I", sum(known).to_bytes(LANE * count, "little"))
        factor = self.scale / sqrt(len(seen))
        top = max(sums)
        return [exp((one - top) * factor) for one in sums]

    def harmless(self, clause: str, language: str) -> bool:
        """Whether the clause states, asks and denies nothing that could matter to a request."""
        return self.read(clause, language).get(HARMLESS, 0.0) >= self.surely_harmless

    def takes_for(self, clause: str, language: str, least: float) -> str:
        """The label that the clause has with at least that probability, above a half; "" where none has."""
        raised = self._raised(clause, language)
        return self.labels[raised.index(1.0)] if raised and 1.0 / sum(raised) >= least else ""


def pack(judge: Judge, rows: Mapping[str, bytes]) -> bytes:
    """The weights file of a trained judge; `rows` are the weights of each feature, one byte a label."""
    head = {
        "labels": judge.labels,
        "languages": sorted(judge.languages),
        "scale": judge.scale,
        "surely_harmless": judge.surely_harmless,
        "trained_on": judge.trained_on,
    }
    lines = [json.dumps(head).encode(), json.dumps(list(rows)).encode(), b"".join(rows.values())]
    return gzip.compress(b"\n".join(lines), mtime=0)
