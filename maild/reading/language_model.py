"""A small language model that reads a whole text and tells how probable each of its labels is.

Its word pieces and layers are those of multilingual-e5-small (Wang et al. 2024, MIT licence), cut down to our languages
and trained on by bench/gist/train.py, so it knows words that no phrase of ours has. A text takes it some 30 ms.
"""

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HEADS = 12  # of attention in each layer
MOST_PIECES = 112  # of a text, with its start and end; a longer one is not read
LONGEST_WORD = 64  # letters that are looked at
START, END, UNKNOWN = 0, 2, 3  # places of the pieces that stand for no letters
WORD_BEGINS = "\u2581"
UNKNOWN_COSTS = 10.0  # in log probability, below the least probable piece
TEMPERATURE = 20.0  # the head sees vectors of length 1
MIDDLE = 8  # the half byte that stands for a weight of nought
EPSILON = 1e-12
BEND = math.sqrt(2 / math.pi)  # of the smooth step; no number of numpy, beside which its arrays would become doubles


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The pieces that words are cut into, with their log probabilities (the unigram model of SentencePiece)."""

    places: Mapping[str, int]
    scores: tuple[float, ...]
    longest: int  # letters
    unknown: float  # log probability of a letter that is no piece

    @classmethod
    def of(cls, names: list[str], scores: list[float]) -> Self:
        """The pieces by their names, each with its score."""
        places = {name: place for place, name in enumerate(names)}
        unknown = min(scores) - UNKNOWN_COSTS
        return cls(places=places, scores=tuple(scores), longest=max(map(len, names)), unknown=unknown)

    def cut(self, text: str) -> list[int]:
        """The places of the text's pieces between START and END; [] where they are more than MOST_PIECES."""
        cut = [START]
        for word in unicodedata.normalize("NFKC", text).split():
            cut += self._word(WORD_BEGINS + word[:LONGEST_WORD])
            if len(cut) >= MOST_PIECES:
                return []
        return [*cut, END]

    def _word(self, word: str) -> list[int]:
        """The most probable pieces of a word, by Viterbi."""
        best = [(0.0, 0, UNKNOWN)]  # by letters so far: log probability, where the last piece begins, its place
        for end in range(1, len(word) + 1):
            ways = [(best[end - 1][0] + self.unknown, end - 1, UNKNOWN)]
            for begin in range(max(0, end - self.longest), end):
                place = self.places.get(word[begin:end])
                if place is not None:
                    ways.append((best[begin][0] + self.scores[place], begin, place))
            best.append(max(ways))
        cut: list[int] = []
        end = len(word)
        while end:
            _score, end, place = best[end]
            cut.append(place)
        return cut[::-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModel:
    """Pieces of words, what each of them means, and the layers that read them together."""

    labels: tuple[str, ...]
    trained_on: str  # digest of the labelled mails
    pieces: Pieces
    words: NDArray[np.uint8]  # by piece and block of 32 weights: 16 bytes of two weights each
    scales: NDArray[np.float16]  # of each block
    arrays: Mapping[str, Floats]
    layers: int

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model of a file that bench/gist/train.py wrote."""
        with np.load(path, allow_pickle=False) as packed:
            told = json.loads(bytes(packed["told"]))
            return cls(
                labels=tuple(told["labels"]),
                trained_on=told["trained_on"],
                pieces=Pieces.of(told["pieces"], told["scores"]),
                words=packed["words"],
                scales=packed["scales"],
                arrays={name: _unpacked(packed, name) for name in told["arrays"]},
                layers=told["layers"],
            )

    def read(self, text: str) -> dict[str, float]:
        """The probability of each label; {} where the text is too long to be read."""
        places = self.pieces.cut(text)
        if not places:
            return {}
        sums = TEMPERATURE * self._meaning(places) @ self.arrays["head.weight"] + self.arrays["head.bias"]
        raised = np.exp(sums - sums.max())
        probable = dict.fromkeys(self.labels, 0.0)  # two of the trainer's labels may be one of ours
        for label, share in zip(self.labels, (raised / raised.sum()).tolist(), strict=True):
            probable[label] += share
        return probable

    def _meaning(self, places: list[int]) -> Floats:
        """The mean of what the pieces mean beside each other, as a vector of length 1."""
        halves = self.words[places]
        weights = np.concatenate([halves & 15, halves >> 4], axis=2).astype(np.float32) - MIDDLE
        alone = (weights * self.scales[places][:, :, None]).reshape(len(places), -1)
        seen = self._levelled(alone + self.arrays["places"][: len(places)], "begin")
        for layer in range(self.layers):
            seen = self._levelled(seen + self._beside(seen, layer), f"{layer}.beside")
            inner = _gelu(self._through(seen, f"{layer}.widen"))
            seen = self._levelled(seen + self._through(inner, f"{layer}.narrow"), f"{layer}.alone")
        mean: Floats = seen.mean(axis=0)
        return mean * np.float32(1 / np.sqrt((mean**2).sum() + EPSILON))

    def _beside(self, seen: Floats, layer: int) -> Floats:
        """What each piece takes from the others (attention; Vaswani et al. 2017)."""
        query, key, value = (
            self._through(seen, f"{layer}.{name}").reshape(len(seen), HEADS, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        sums = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[2])
        raised = np.exp(sums - sums.max(axis=2, keepdims=True))
        taken = (raised / raised.sum(axis=2, keepdims=True)) @ value
        return self._through(taken.transpose(1, 0, 2).reshape(len(seen), -1), f"{layer}.out")

    def _through(self, seen: Floats, name: str) -> Floats:
        out: Floats = seen @ self.arrays[f"{name}.weight"] + self.arrays[f"{name}.bias"]
        return out

    def _levelled(self, seen: Floats, name: str) -> Floats:
        """The same with mean 0 and variance 1, then as the layer wants it."""
        away = seen - seen.mean(axis=1, keepdims=True)
        level: Floats = away / np.sqrt((away**2).mean(axis=1, keepdims=True) + EPSILON)
        return level * self.arrays[f"{name}.weight"] + self.arrays[f"{name}.bias"]


def _unpacked(packed: Mapping[str, NDArray[Any]], name: str) -> Floats:
    """The array; one of whole numbers of a byte has the scale of each row beside it."""
    values = packed[name]
    if values.dtype != np.int8:
        return values
    return np.ascontiguousarray(values.T * packed[f"{name}.scale"], dtype=np.float32)


def _gelu(sums: Floats) -> Floats:
    """The smooth step between nought and the identity, by its tanh formula (Hendrycks, Gimpel 2016)."""
    bent = BEND * sums * (1 + 0.044715 * sums * sums)  # sums**3 takes ten times longer
    out: Floats = 0.5 * sums * (1 + np.tanh(bent))
    return out
