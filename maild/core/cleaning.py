"""Strangers' words made fit for a letter: no control or bidi characters, bounded, and forging nothing of ours."""

import re
import unicodedata

# What our own readers take for a request number (maild/reading/clues.py): KP-2026-000123, kp – 2026 000123.
NUMBER_LIKE = re.compile(
    r"\[?(?<![^\W_])[A-Za-z][A-Za-z0-9]{0,7}(?:\s?[-‐‑‒–—−]\s?|\s)\d{4}(?:\s?[-‐‑‒–—−]\s?|\s)\d{6}(?!\d)\]?"
)


def clean_line(text: str, cap: int) -> str:
    """`text` on one line, NFC, at most `cap` characters; cut where longer, with an ellipsis.

    An encoded word in it is broken up: the standard library decodes `=?utf-8?q?=0D=0A?=` when a header is set (T13).
    """
    composed = unicodedata.normalize("NFC", text[: cap * 4])
    visible = composed if composed.isprintable() else composed.translate(_unprintable_in(composed))
    one_line = " ".join(visible.split()).replace("=?", "= ?")
    return one_line if len(one_line) <= cap else one_line[: cap - 1].rstrip() + "…"


def clean_text(text: str, cap: int) -> str:
    """`text` with its lines kept, each cleaned, at most `cap` characters in all and no two blank lines together."""
    lines = [clean_line(line, cap) for line in text[: cap * 4].splitlines()]
    kept = [line for before, line in zip(["", *lines], lines, strict=False) if line or before]
    joined = "\n".join(kept).strip()
    return joined if len(joined) <= cap else joined[: cap - 1].rstrip() + "…"


def without_numbers(text: str) -> str:
    """`text` where nothing reads as a request number: a title must not tie the answer to another request."""
    return NUMBER_LIKE.sub("…", text)


def _unprintable_in(text: str) -> dict[int, str | None]:
    """What becomes of each character of `text` that is not to be seen: a space where it is one, else nothing."""
    return {ord(char): " " if char.isspace() else None for char in set(text) if not char.isprintable()}
