"""The layers of maild/reading/language_model.py once more, as a function that can be differentiated."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from base import Base, Floats

from maild.reading.language_model import EPSILON, HEADS, MOST_PIECES, TEMPERATURE

NAMES = {"query": "q", "key": "k", "value": "v", "out": "ao", "widen": "fi", "narrow": "fo"}
LEVELS = {"beside": "aln", "alone": "oln"}
Weights = dict[str, Any]


def beginning(base: Base, labels: int) -> Weights:
    """The base model's weights, matrices as [in, out], with a head that knows nothing."""
    told: Weights = {"begin.weight": base.arrays["emb.ln.w"], "begin.bias": base.arrays["emb.ln.b"]}
    for layer in range(base.layers):
        for ours, theirs in (NAMES | LEVELS).items():
            weight, bias = base.arrays[f"l{layer}.{theirs}.w"], base.arrays[f"l{layer}.{theirs}.b"]
            told[f"{layer}.{ours}.weight"] = weight if ours in LEVELS else weight.reshape(len(bias), -1).T.copy()
            told[f"{layer}.{ours}.bias"] = bias
    return {
        **told,
        "head.weight": np.zeros((base.width, labels), np.float32),
        "head.bias": np.zeros(labels, np.float32),
    }


def places(base: Base) -> Floats:
    """What stands at each place of a text means that much more."""
    found: Floats = base.arrays["emb.pos"].reshape(-1, base.width)[:MOST_PIECES] + base.arrays["emb.type"][: base.width]
    return found


def padded(base: Base, texts: Sequence[list[int]], length: int) -> tuple[Floats, Floats]:
    """The meanings of the texts' pieces [text, place, width], and which places are filled [text, place]."""
    words, at = base.arrays["emb.word"].reshape(-1, base.width), places(base)
    seen = np.zeros((len(texts), length, base.width), np.float32)
    filled = np.zeros((len(texts), length), np.float32)
    for number, cut in enumerate(texts):
        seen[number, : len(cut)] = words[cut] + at[: len(cut)]
        filled[number, : len(cut)] = 1
    return seen, filled


def sums(weights: Weights, seen: jax.Array, filled: jax.Array) -> jax.Array:
    """The head's sums [text, label], from which the probabilities are made."""
    count, length, width = seen.shape
    hidden = (1 - filled)[:, None, None, :] * -1e9
    seen = _levelled(weights, "begin", seen)
    layers = sum(name.endswith("query.weight") for name in weights)

    def headed(name: str) -> jax.Array:
        return _through(weights, name, seen).reshape(count, length, HEADS, -1).transpose(0, 2, 1, 3)

    for layer in range(layers):
        query, key, value = (headed(f"{layer}.{name}") for name in ("query", "key", "value"))
        shares = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) / query.shape[3] ** 0.5 + hidden, -1)
        taken = (shares @ value).transpose(0, 2, 1, 3).reshape(count, length, width)
        seen = _levelled(weights, f"{layer}.beside", seen + _through(weights, f"{layer}.out", taken))
        inner = jax.nn.gelu(_through(weights, f"{layer}.widen", seen), approximate=True)
        seen = _levelled(weights, f"{layer}.alone", seen + _through(weights, f"{layer}.narrow", inner))
    mean = (seen * filled[..., None]).sum(1) / filled.sum(1, keepdims=True)
    mean = mean / jnp.sqrt((mean**2).sum(-1, keepdims=True) + EPSILON)
    return TEMPERATURE * (mean @ weights["head.weight"]) + weights["head.bias"]


def _through(weights: Weights, name: str, seen: jax.Array) -> jax.Array:
    return seen @ weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _levelled(weights: Weights, name: str, seen: jax.Array) -> jax.Array:
    away = seen - seen.mean(-1, keepdims=True)
    level = away / jnp.sqrt((away**2).mean(-1, keepdims=True) + EPSILON)
    return level * weights[f"{name}.weight"] + weights[f"{name}.bias"]
