"""A letter's text in one language: Jinja2 in the sandbox, dates and money by Babel, lines of at most 72 characters."""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.core.effects import Audience
from maild.core.letter_rules import LetterRules
from maild.core.letters import LetterFacts, SiteFacts
from maild.core.reading import Money
from maild.letters.words import Words, load_words

LANGUAGES = ("fi", "sv", "en")
LINE = 72
GONE = "\x00"  # stands where a fact is not known; its line is dropped. Facts are clean, so no stranger can write it

# Babel's own short date of sv is 2026-12-03, of en_GB 03/12/2026: neither is what readers here expect.
DATES = {"fi": "d.M.y", "sv": "d.M.y", "en": "d MMMM y"}
LONG_DATES = {"fi": "cccc d. MMMM y", "sv": "EEEE d MMMM y", "en": "EEEE d MMMM y"}
LOCALES = {"fi": "fi", "sv": "sv_FI", "en": "en_GB"}


class LetterError(ValueError):
    """A letter that cannot be written; the text says which one, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One letter in one language. `subject` has neither the work's title nor our number yet."""

    language: str
    subject: str
    text: str


class Letters:
    """The letters of some template folders, the first folder's before the next one's.

    A site's file takes the shipped one's place, or extends it as "shipped/NAME.txt.j2" and replaces one block.
    """

    def __init__(self, templates: Sequence[Path], rules: LetterRules) -> None:
        self.rules = rules
        self.templates = tuple(templates)
        self.words = {language: load_words(templates, language) for language in LANGUAGES}
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def render(self, name: str, language: str, facts: LetterFacts, site: SiteFacts) -> Rendered:
        """The letter in that language. Raises LetterError."""
        if name not in self.rules or language not in self._environments:
            raise LetterError(f"letter {name!r} in {language!r} does not exist; see rules/letters.toml")
        return Rendered(
            language=language,
            subject=self.part(f"{name}.subject.j2", language, facts, site),
            text=self.part(f"{name}.txt.j2", language, facts, site),
        )

    def answers(self, name: str) -> bool:
        """Whether the letter is a mere receipt (RFC 3834: auto-replied)."""
        return self.rules.letters[name].answers

    def went_to(self, message_id: str, audience: Audience) -> bool:
        """Whether a letter of ours, by its Message-ID <number.letter.mark@…>, was for those readers."""
        parts = message_id.rpartition("@")[0].split(".")
        return len(parts) > 2 and parts[-2] in self.rules.for_audience(audience)

    def part(self, file: str, language: str, facts: LetterFacts, site: SiteFacts) -> str:
        """One file of a letter (or a shared part, like the signature), laid out. Raises LetterError."""
        try:
            text = self._environments[language].get_template(file).render(self._variables(language, facts, site))
        except TemplateError as err:
            where = f"{language}/{getattr(err, 'name', None) or file}, line {getattr(err, 'lineno', '?')}"
            raise LetterError(f"{where}: {err.message or type(err).__name__}; mend the template") from err
        except (LookupError, TypeError, ValueError, ArithmeticError) as err:
            raise LetterError(f"{language}/{file}: {type(err).__name__}: {err}; mend the template") from err
        return lay_out(text)

    def environment(self, language: str) -> ImmutableSandboxedEnvironment:
        """The Jinja2 environment of one language, for the check of variables."""
        return self._environments[language]

    def _environment(self, language: str) -> ImmutableSandboxedEnvironment:
        environment = ImmutableSandboxedEnvironment(
            loader=_loader(self.templates, language),
            undefined=StrictUndefined,
            autoescape=lambda name: bool(name and name.endswith((".html", ".html.j2"))),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,  # or an included part's last line would run into the next one
            auto_reload=False,
        )
        environment.filters.update(_filters(language, self.words[language]))
        environment.globals.update(_helpers(self.words[language]))
        return environment

    def _variables(self, language: str, facts: LetterFacts, site: SiteFacts) -> dict[str, Any]:
        values = {f.name: getattr(facts, f.name) for f in fields(facts)}
        return values | {
            "site_name": of_language(site.name, language, site.language),
            "site_contact": of_language(site.contact, language, site.language),
            "site_address": site.address,
            "site_postal_address": site.postal_address,
            "site_symbol": site.symbol,
        }


SITE_FACTS = frozenset({"site_name", "site_contact", "site_address", "site_postal_address", "site_symbol"})


def of_language(texts: Mapping[str, str], language: str, fallback: str) -> str:
    """The text in `language`, else in the site's own, else any, else ""."""
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")


def lay_out(text: str) -> str:
    """`text` without the lines of unknown facts, at most one blank line in a row, no line over 72 where words allow."""
    known = [line.rstrip() for line in text.strip().splitlines() if GONE not in line]
    wrapped = [piece for line in known for piece in wrap(line)]
    kept = [line for before, line in zip(["x", *wrapped], wrapped, strict=False) if line or before]
    return "\n".join(kept).strip()


def wrap(line: str, hang: str = "") -> list[str]:
    """One paragraph or fact as lines of at most 72; addresses of the web stay whole."""
    if len(line) <= LINE:
        return [line]
    words = [piece for word in line.split(" ") for piece in _bounded(word)]
    indent = line[: len(line) - len(line.lstrip())] + hang
    return textwrap.wrap(
        " ".join(words), LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _bounded(word: str) -> list[str]:
    """A word that fits a line; a stranger's endless one is cut in pieces, an address is not."""
    size = LINE - 6
    if len(word) <= size or "://" in word:
        return [word]
    return [word[i : i + size] for i in range(0, len(word), size)]


def _loader(folders: Sequence[Path], language: str) -> ChoiceLoader:
    searched = [FileSystemLoader([folder / language, folder / "shared"]) for folder in folders]
    return ChoiceLoader([*searched, PrefixLoader({"shipped": searched[-1]})])


def _filters(language: str, words: Words) -> dict[str, Callable[..., Any]]:
    return {
        "date": partial(_date, pattern=DATES[language], language=language),
        "long_date": partial(_date, pattern=LONG_DATES[language], language=language),
        "money": partial(_money, language=language),
        "words": partial(_words, words),
        "quoted": _quoted,
    }


def _helpers(words: Words) -> dict[str, Callable[..., Any]]:
    return {
        "fact": partial(_fact, words),
        **{table: words[table].__getitem__ for table in ("label", "say", "answer")},
    }


def _date(value: date | None, *, pattern: str, language: str) -> str | None:
    return None if value is None else format_date(value, format=pattern, locale=LOCALES[language])


def _money(value: Money | None, *, language: str) -> str | None:
    """12,50 € and 125,00 SEK; in English €12.50 and SEK 125.00. The blank inside does not break."""
    if value is None:
        return None
    amount = format_decimal(value.amount, format="#,##0.00", locale=LOCALES[language])
    if language == "en":
        return f"€{amount}" if value.currency == "EUR" else f"{value.currency}\xa0{amount}"
    return f"{amount}\xa0{'€' if value.currency == 'EUR' else value.currency}"


def _words(words: Words, codes: str | Sequence[str] | None, table: str) -> str | None:
    """The words of a table for one code or several, joined; a code that the table lacks is left out."""
    listed = [codes] if isinstance(codes, str) else list(codes or ())
    return "; ".join(filter(None, (_word(words[table], code) for code in listed))) or None


def _word(table: Mapping[str, str], code: str) -> str | None:
    """The words of a code; a number in it stands in the words as {n}: "at most 3 renewals"."""
    number = re.search(r"[0-9]+", code)
    if number is None:
        return table.get(code)
    text = table.get(code.replace(number[0], "{n}", 1))
    return text and text.replace("{n}", number[0])


def _quoted(text: str | None) -> str:
    """Somebody's own words, each line marked, so that they can pass for nothing of ours."""
    if not text:
        return GONE
    return "\n".join(
        f"> {piece}".rstrip() for line in text.splitlines() for piece in textwrap.wrap(line, LINE - 2) or [""]
    )


def _fact(words: Words, label: str, *values: object) -> str:
    """`Label: value` on one line, longer ones hanging by two; nothing where no value is known."""
    name = words["label"][label]
    value = ", ".join(str(value) for value in values if value)
    if not value:
        return GONE
    if "\n" in value:
        return "\n".join([f"{name}:", *(f"  {line.strip()}" for line in value.splitlines() if line.strip())])
    return "\n".join(wrap(f"{name}: {value}", hang="  "))
