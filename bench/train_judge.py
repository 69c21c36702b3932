"""Trains the second judge on rules/judge/*.tsv, whose weights lie beside them.

    python bench/train_judge.py              trains on all clauses and tells how large the weights are
    python bench/train_judge.py --write      the same, and writes rules/judge/weights.gz
    python bench/train_judge.py --validate   five-fold cross-validation: figures by language, thresholds, confusions

Softmax regression by stochastic gradient descent, in the order of a fixed seed: the same clauses give the same file.
"""

import argparse
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path

from maild.core.terms import EventName
from maild.reading import phrase_files
from maild.reading.judge import DOUBT, HARMLESS, ZERO, Judge, features, pack
from maild.reading.opinion import REQUESTERS
from maild.reading.phrases import Lexicons
from maild.reading.statements import Side, statements
from maild.reading.verdict import may_be_passed
from maild.rulebook import read_files

FOLDER = Path(__file__).parent.parent / "rules" / "judge"
EPOCHS = 24
RATE = 1.5
DECAY = 0.0015  # of every weight, each epoch
LEAST_SEEN = 2  # clauses that a feature must be in
SURELY_HARMLESS = 0.98  # --validate: from here 0.99 of the clauses that lexicons leave over are harmless
FOLDS = 5
THRESHOLDS = (0.9, 0.95, 0.98)
SEED = 1851


@dataclass(frozen=True, slots=True)
class Example:
    """A clause with its label and what the model sees of it."""

    language: str
    label: str
    clause: str
    seen: frozenset[str]


def examples(folder: Path) -> list[Example]:
    """Every labelled clause, once."""
    found: dict[tuple[str, str], Example] = {}
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text("utf-8").splitlines():
            label, clause = line.split("\t")
            one = Example(path.stem, label, clause, frozenset(features(clause, path.stem)))
            found.setdefault((path.stem, clause), one)
    return list(found.values())


def digest(folder: Path) -> str:
    """SHA-256 over the clauses, hex."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.tsv")))).hexdigest()


def train(data: Sequence[Example], labels: Sequence[str]) -> dict[str, list[float]]:
    """The weights of each feature, one a label."""
    seen = Counter(name for one in data for name in sorted(one.seen))
    weights = {name: [0.0] * len(labels) for name, count in seen.items() if count >= LEAST_SEEN}
    lines = [([weights[n] for n in sorted(one.seen) if n in weights], one) for one in data]
    order = random.Random(SEED)
    for epoch in range(EPOCHS):
        order.shuffle(lines)
        rate = RATE / (1 + 4 * epoch / EPOCHS)
        for rows, one in lines:
            _step(rows, labels.index(one.label), 1 / sqrt(len(one.seen)), rate)
        for row in weights.values():
            row[:] = [weight * (1 - DECAY * rate) for weight in row]
    return weights


def _step(rows: Sequence[list[float]], right: int, size: float, rate: float) -> None:
    """One clause: each label's weights move by how wrong its probability was."""
    scores = [sum(column) * size for column in zip(*rows, strict=True)]
    top = max(scores)
    raised = [exp(score - top) for score in scores]
    total = sum(raised)
    for label, one in enumerate(raised):
        wrong = one / total - (label == right)
        if abs(wrong) > 0.004:
            move = rate * size * wrong
            for row in rows:
                row[label] -= move


def built(data: Sequence[Example], trained_on: str) -> tuple[Judge, dict[str, bytes]]:
    """The trained judge and the bytes of its weights."""
    labels = sorted({one.label for one in data})
    weights = train(data, labels)
    scale = max(abs(weight) for row in weights.values() for weight in row) / (ZERO - 1)
    rows = {name: bytes(round(weight / scale) + ZERO for weight in row) for name, row in sorted(weights.items())}
    judge = Judge(
        labels=tuple(labels),
        languages=frozenset(one.language for one in data),
        scale=scale,
        surely_harmless=SURELY_HARMLESS,
        trained_on=trained_on,
    )
    return Judge.load(pack(judge, rows)), rows


def validated(data: Sequence[Example]) -> Iterator[tuple[Example, dict[str, float]]]:
    """Each clause as a judge reads it that was trained on the others."""
    shuffled = list(data)
    random.Random(SEED).shuffle(shuffled)
    for fold in range(FOLDS):
        judge, _ = built([one for i, one in enumerate(shuffled) if i % FOLDS != fold], "")
        for one in shuffled[fold::FOLDS]:
            yield one, judge.read(one.clause, one.language)


def asked(one: Example, lexicons: Lexicons) -> bool:
    """Whether the lexicons leave the clause to the judge where it is said by one who says such things."""
    asking = one.label in {*REQUESTERS, EventName.STATUS_REQUEST}
    sides = tuple(Side) if one.label in {HARMLESS, DOUBT} else (Side.REQUESTER if asking else Side.SUPPLIER,)
    return any(
        may_be_passed(statement, lexicons.by_language.get(statement.language))
        for side in sides
        for statement in statements(one.clause, lexicons, one.language, side)
    )


def report(read: Sequence[tuple[Example, dict[str, float]]], lexicons: Lexicons) -> None:
    """Prints how good the judge is: by language, at each threshold, and what it takes for what."""
    left = {one.clause for one, _ in read if asked(one, lexicons)}
    for language in (*sorted({one.language for one, _ in read}), ""):
        mine = [(one, p) for one, p in read if language in {one.language, ""}]
        right = sum(bool(p) and max(p, key=p.__getitem__) == one.label for one, p in mine)
        print(f"{language or 'all':4}{len(mine):5} clauses, label right {right / len(mine):.2f}", end="")
        asks = [(one.label == HARMLESS, p.get(HARMLESS, 0)) for one, p in mine if one.clause in left]
        print(f"; {len(asks)} left to it, harmless:", end="")
        for least in THRESHOLDS:
            passed = [good for good, p in asks if p >= least]
            precision, recall = sum(passed) / max(1, len(passed)), sum(passed) / sum(good for good, _ in asks)
            print(f"  from {least} precision {precision:.3f} recall {recall:.2f}", end="")
        print()
    taken = Counter((one.label, max(p, key=p.__getitem__) if p else "nothing") for one, p in read)
    for (label, took), count in taken.most_common():
        if label != took and count > 2:
            print(f"{count:5}  {label} taken for {took}")
    for one, p in sorted(read, key=lambda pair: -pair[1].get(HARMLESS, 0)):
        if one.label != HARMLESS and one.clause in left and p.get(HARMLESS, 0) >= THRESHOLDS[0]:
            print(f"{p[HARMLESS]:.2f}  {one.language} {one.label}: {one.clause}")


def shipped_lexicons() -> Lexicons:
    """The lexicons of rules/phrases."""
    files, _ = read_files()
    return phrase_files.load(files)[0]


def main() -> int:
    """Trains or validates, and writes the weights if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = examples(FOLDER)
    if options.validate:
        report(list(validated(data)), shipped_lexicons())
        return 0
    judge, rows = built(data, digest(FOLDER))
    packed = pack(judge, rows)
    print(f"{len(data)} clauses, {len(rows)} features, {len(packed) / 1e6:.2f} MB, of clauses {judge.trained_on[:12]}")
    if options.write:
        (FOLDER / "weights.gz").write_bytes(packed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
