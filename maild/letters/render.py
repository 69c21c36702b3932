"""A letter in one language: Jinja2 in the sandbox, dates and money by Babel; its blocks as text and as HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from maild.core.effects import Audience
from maild.core.letter_rules import LetterRule, LetterRules
from maild.core.letters import LetterFacts, SiteFacts
from maild.letters.choices import choice_of
from maild.letters.document import (
    Block,
    blocks_of,
    lay_out,
    preview_of,
    text_of,
)
from maild.letters.filters import filters, helpers
from maild.letters.look import load_look
from maild.letters.words import load_words

LANGUAGES = ("fi", "sv", "en")


class LetterError(ValueError):
    """A letter that cannot be written; the text says which one, why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One letter in one language. `subject` has neither the work's title nor our number yet.

    `text` and `html` are made of the same `blocks`; `html` is a part of a page, without its head and signature.
    """

    language: str
    subject: str
    text: str
    html: Markup
    blocks: tuple[Block, ...]
    pointer: str  # stands on top of a letter in two languages: "In English below."


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, asked once for each attribute of each kind of value: its answer hangs on nothing else."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._safe: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may see it."""
        asked = (type(obj), attr)
        if asked not in self._safe:
            self._safe[asked] = super().is_safe_attribute(obj, attr, value)
        return self._safe[asked]


class Letters:
    """The letters of some template folders, the first folder's before the next one's.

    A site's file takes the shipped one's place, or extends it as "shipped/NAME.txt.j2" and replaces one block.
    """

    def __init__(self, templates: Sequence[Path], rules: LetterRules) -> None:
        self.rules = rules
        self.templates = tuple(templates)
        self.look = load_look(templates)
        self.words = {language: load_words(templates, language) for language in LANGUAGES}
        self._environments = {language: self._environment(language) for language in LANGUAGES}
        self._own_html = {
            (file.parent.name, file.name)
            for folder in templates
            for language in LANGUAGES
            for file in (folder / language).glob("*.html.j2")
        }

    def render(self, name: str, language: str, facts: LetterFacts, site: SiteFacts, answer_to: str = "") -> Rendered:
        """The letter in that language; answers that it offers are mailed to `answer_to`. Raises LetterError."""
        if name not in self.rules or language not in self._environments:
            raise LetterError(f"letter {name!r} in {language!r} does not exist; see rules/letters.toml")
        rule = self.rules.letters[name]
        values = self._variables(language, facts, site) | {
            "choices": rule.choices,
            "choices_ask": any(self.rules.offered.answers[choice].asks for choice in rule.choices),
        }
        offer = partial(choice_of, rule, self.rules.offered, language, facts.number, answer_to)
        file = f"{name}.txt.j2"
        try:
            blocks = blocks_of(self._fill(file, language, values), offer)
        except (LookupError, ValueError) as err:
            if isinstance(err, LetterError):
                raise
            raise LetterError(f"{language}/{file}: {err}; mend the template") from err
        return Rendered(
            language=language,
            subject=lay_out(self._fill(f"{name}.subject.j2", language, values)),
            text=text_of(blocks),
            html=self._html(rule, language, values, blocks),
            blocks=blocks,
            pointer=self.words[language]["say"]["also_below"],
        )

    def page(
        self,
        parts: Sequence[Rendered],
        subject: str,
        facts: LetterFacts,
        site: SiteFacts,
        *,
        signature: Mapping[str, str],
        logo: str = "",
    ) -> str:
        """The whole HTML of a letter in those languages. `logo` is where the logo's picture is. Raises LetterError."""
        language = parts[0].language
        values = self._variables(language, facts, site) | {
            "parts": parts,
            "subject": subject,
            "preview": preview_of(parts[0].blocks),
            "logo": logo,
            "look": self.look,
            "signature": [{"text": text, "language": of} for text, of in signature.items()],
        }
        return self._fill("_page.html.j2", language, values).strip() + "\n"

    def signature(self, parts: Sequence[Rendered], facts: LetterFacts, site: SiteFacts) -> dict[str, str]:
        """Who we are: each line with its language, once. Raises LetterError.

        In two languages the names stand together, then how to reach us.
        """
        written = [self.part("_signature.txt.j2", one.language, facts, site).splitlines() for one in parts]
        lines: dict[str, str] = {}
        for row in zip_longest(*written, fillvalue=""):
            for one, line in zip(parts, row, strict=True):
                if line:
                    lines.setdefault(line, one.language)
        return lines

    def slip_page(self, language: str, facts: LetterFacts, site: SiteFacts, **given: str) -> str:
        """The HTML of a slip of paper; `given` are its kind, size and codes. Raises LetterError."""
        values = self._variables(language, facts, site) | {"language": language, **given}
        return self._fill("_slip.html.j2", language, values).strip()

    def answers(self, name: str) -> bool:
        """Whether the letter is a mere receipt (RFC 3834: auto-replied)."""
        return self.rules.letters[name].answers

    def went_to(self, message_id: str, audience: Audience) -> bool:
        """Whether a letter of ours, by its Message-ID <number.letter.mark@…>, was for those readers."""
        parts = message_id.rpartition("@")[0].split(".")
        rule = self.rules.letters.get(parts[-2]) if len(parts) > 2 else None
        return rule is not None and audience in rule.audiences

    def part(self, file: str, language: str, facts: LetterFacts, site: SiteFacts) -> str:
        """A part that letters share, like the signature, laid out. Raises LetterError."""
        return lay_out(self._fill(file, language, self._variables(language, facts, site)))

    def environment(self, language: str) -> ImmutableSandboxedEnvironment:
        """The Jinja2 environment of one language, for the check of variables."""
        return self._environments[language]

    def has_own_html(self, name: str, language: str) -> bool:
        """Whether a site wrote that letter's HTML by hand."""
        return (language, f"{name}.html.j2") in self._own_html

    def _html(self, rule: LetterRule, language: str, values: Mapping[str, Any], blocks: tuple[Block, ...]) -> Markup:
        file = f"{rule.name}.html.j2" if self.has_own_html(rule.name, language) else "_blocks.html.j2"
        # What is filled in is escaped by the template; only its own words are markup.
        return Markup(self._fill(file, language, {**values, "blocks": blocks, "look": self.look}).strip())  # noqa: S704

    def _fill(self, file: str, language: str, values: Mapping[str, Any]) -> str:
        """What the template of that file writes. Raises LetterError."""
        try:
            return self._environments[language].get_template(file).render(values)
        except TemplateError as err:
            where = f"{language}/{getattr(err, 'name', None) or file}, line {getattr(err, 'lineno', '?')}"
            raise LetterError(f"{where}: {err.message or type(err).__name__}; mend the template") from err
        except (LookupError, TypeError, ValueError, ArithmeticError) as err:
            raise LetterError(f"{language}/{file}: {type(err).__name__}: {err}; mend the template") from err

    def _environment(self, language: str) -> ImmutableSandboxedEnvironment:
        environment = _Sandbox(
            loader=_loader(self.templates, language),
            undefined=StrictUndefined,
            autoescape=lambda name: bool(name and name.endswith((".html", ".html.j2"))),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,  # or an included part's last line would run into the next one
            auto_reload=False,
        )
        environment.filters.update(filters(language, self.words[language]))
        environment.globals.update(helpers(language, self.words[language]))
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


SITE_FACTS = frozenset(
    {
        *("site_name", "site_contact", "site_address", "site_postal_address", "site_symbol"),
        *("choices", "choices_ask", "blocks", "look"),
    }
)


def of_language(texts: Mapping[str, str], language: str, fallback: str) -> str:
    """The text in `language`, else in the site's own, else any, else ""."""
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")


def _loader(folders: Sequence[Path], language: str) -> ChoiceLoader:
    searched = [FileSystemLoader([folder / language, folder / "shared"]) for folder in folders]
    return ChoiceLoader([*searched, PrefixLoader({"shipped": searched[-1]})])
