"""templates/locale/LANG.toml: the words that letters share, the site's over the shipped ones."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

Words = Mapping[str, Mapping[str, str]]  # words["label"]["due_date"]

TABLES = frozenset(
    {
        *("label", "say", "reason", "renewal", "declined", "condition", "status", "service", "section", "figure"),
        *("pickup_way", "reminder"),
    }
)


class WordsError(ValueError):
    """A file of words that cannot be read; the text says which, where and what to do."""


def load_words(folders: Sequence[Path], language: str) -> Words:
    """The words of one language. `folders` are template folders, the first one's words win.

    Raises WordsError where a file is not TOML or has another shape than [table] key = "text".
    """
    merged: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for folder in reversed(folders):
        file = folder / "locale" / f"{language}.toml"
        if file.is_file():
            for table, words in _read(file).items():
                merged[table] |= words
    return merged


def _read(file: Path) -> Words:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise WordsError(f"{file}: {err}; write it as TOML in UTF-8") from err
    tables.pop("schema", None)
    for table, words in tables.items():
        if table not in TABLES:
            raise WordsError(f"{file}: [{table}] is no table of words; use one of {', '.join(sorted(TABLES))}")
        if not isinstance(words, dict) or not all(isinstance(text, str) for text in words.values()):
            raise WordsError(f'{file}: [{table}] must hold lines like key = "text"')
    return tables
