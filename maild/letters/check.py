"""Every letter, language and sample is written once before a reader sees one; mistakes with file, place, way out."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

from jinja2 import TemplateError, TemplateNotFound, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from maild.core.effects import Audience
from maild.core.letter_gathering import facts_of
from maild.core.letter_rules import LetterRule
from maild.core.letters import LETTER_FACTS, OCCASION_FACTS, LetterFacts
from maild.core.problems import Problem
from maild.letters.look import contrast_problems
from maild.letters.render import LANGUAGES, SITE_FACTS, LetterError, Letters, Rendered
from maild.letters.samples import SITE, Sample, samples

TAG = re.compile(r"<[^<>]*>")
REMOTE = re.compile(r"<(?:script|link|iframe|object|embed|form)\b|\bsrc=[\"'](?!cid:|data:image/)|url\(", re.IGNORECASE)
MAX_LINE = 78  # RFC 5322 2.1.1; addresses of the web stay whole and may be longer
PARTS = ("subject.j2", "txt.j2")
OWN_PARTS = (*PARTS, "html.j2")  # HTML that a site wrote by hand; else it is made of the text's blocks
MAX_PAGE = 50_000  # bytes in one language: two of them and the text stay under 100 KB
ANSWERS = "ill@library.example"  # where the samples' answers go


def check(letters: Letters) -> list[Problem]:
    """What is wrong with the letters of these folders; nothing where every one can be sent."""
    found = [*_words(letters), *_strays(letters), *contrast_problems(letters.look)]
    for rule in letters.rules.letters.values():
        for language in LANGUAGES:
            wrong = list(_letter(letters, rule, language))
            found += wrong or _samples(letters, rule, language)
    return found


def _words(letters: Letters) -> Iterator[Problem]:
    """Words that one language has and another lacks."""
    for table in sorted({table for words in letters.words.values() for table in words}):
        known = {key for words in letters.words.values() for key in words[table]}
        for language, words in letters.words.items():
            for key in sorted(known - words[table].keys()):
                yield Problem(
                    file=f"locale/{language}.toml",
                    place=f"{table}.{key}",
                    what="missing, while another language has it",
                    way_out="write it in this language too",
                )


def _strays(letters: Letters) -> Iterator[Problem]:
    """Files of the site that look like letters and are none: a misspelt name would shadow nothing, in silence."""
    known = {f"{name}.{part}" for name in letters.rules.letters for part in OWN_PARTS}
    for folder in letters.templates[:-1]:
        for file in sorted(path for language in LANGUAGES for path in (folder / language).glob("*")):
            if file.name not in known and not file.name.startswith("_"):
                way_out = "name it like one of rules/letters.toml, or like _part.txt.j2 if letters include it"
                yield Problem(file=str(file), place="name", what="no letter has this name", way_out=way_out)


def _letter(letters: Letters, rule: LetterRule, language: str) -> Iterator[Problem]:
    """Whether its files are there, can be read, and use the facts that its rule names."""
    environment = letters.environment(language)
    used: set[str] = set()
    parts = OWN_PARTS if letters.has_own_html(rule.name, language) else PARTS
    for part in parts:
        file = f"{language}/{rule.name}.{part}"
        try:
            used |= _variables(environment, f"{rule.name}.{part}")
        except TemplateNotFound as err:
            yield Problem(file=file, place="file", what=f"{err.name} is missing", way_out="write it")
            return
        except TemplateError as err:
            place = f"line {getattr(err, 'lineno', '?')}"
            yield Problem(file=file, place=place, what=str(err.message), way_out="mend the template")
            return
    yield from _facts(rule, f"{language}/{rule.name}.txt.j2", used)


def _variables(environment: ImmutableSandboxedEnvironment, name: str) -> set[str]:
    """The variables that a template and the parts it takes in look up."""
    if environment.loader is None:
        return set()
    tree = environment.parse(environment.loader.get_source(environment, name)[0], name)
    found = meta.find_undeclared_variables(tree) - environment.globals.keys()
    for other in meta.find_referenced_templates(tree):
        found |= _variables(environment, other) if other and not other.startswith("_") else set()
    return found


def _facts(rule: LetterRule, file: str, used: set[str]) -> Iterator[Problem]:
    for name in sorted(used - LETTER_FACTS - SITE_FACTS):
        yield Problem(
            file=file, place=name, what="no such fact", way_out=f"use one of {_list(LETTER_FACTS | SITE_FACTS)}"
        )
    for name in sorted((used & OCCASION_FACTS) - rule.facts):
        way_out = f"add it to facts of letters.{rule.name} in letters.toml, or leave it out"
        yield Problem(file=file, place=name, what="this letter is not given that fact", way_out=way_out)
    for name in sorted(rule.facts - used):
        way_out = f"show it, or take it from facts of letters.{rule.name} in letters.toml"
        yield Problem(file=file, place=name, what="the letter does not show this fact", way_out=way_out)


def _samples(letters: Letters, rule: LetterRule, language: str) -> list[Problem]:
    """The first mistake of each kind that writing the samples brings to light."""
    found: dict[str, Problem] = {}
    offered: set[int] = set()
    for sample in samples(rule):
        facts = facts_of(sample.effect, sample.context, SITE)
        try:
            rendered = letters.render(rule.name, language, facts, SITE, ANSWERS)
            page = letters.page(
                [rendered], rendered.subject, facts, SITE, signature=letters.signature([rendered], facts, SITE)
            )
        except LetterError as err:
            found.setdefault("error", _told(rule, language, sample, str(err), "mend the template"))
            continue
        offered |= {choice.number for block in rendered.blocks for choice in block.choices}
        for what, way_out in _mistakes(rendered, facts, sample.effect.audience):
            found.setdefault(what.split(":")[0], _told(rule, language, sample, what, way_out))
        for what, way_out in _page_mistakes(rendered, page):
            told = _told(rule, language, sample, what, way_out)
            found.setdefault(what.split(":")[0], replace(told, file=f"{language}/{rule.name}.html.j2"))
    for name in (name for number, name in enumerate(rule.choices, start=1) if number not in offered and not found):
        way_out = f'write {{{{ choice("{name}") }}}}, or take it from choices of letters.{rule.name} in letters.toml'
        told = Problem(
            file=f"{language}/{rule.name}.txt.j2",
            place=name,
            what="the letter does not offer this choice",
            way_out=way_out,
        )
        found.setdefault(name, told)
    return list(found.values())


def _mistakes(rendered: Rendered, facts: LetterFacts, audience: Audience) -> Iterator[tuple[str, str]]:
    if not rendered.subject or "\n" in rendered.subject:
        yield "the subject is not one line", "write one line into NAME.subject.j2"
    if not rendered.text:
        yield "the letter is empty", "write what the reader should do"
    for line in rendered.text.splitlines():
        if len(line) > MAX_LINE and "://" not in line:
            yield f"a line is longer than {MAX_LINE} characters: {line[:40]}…", "leave wrapping to maild"
    if re.search(r"\bNone\b", f"{rendered.subject}\n{rendered.text}"):
        yield "an unknown fact is printed as None", "ask {% if … %} first, or use fact(…)"
    if audience is Audience.PARTNER and facts.number not in rendered.text:
        yield "a partner's letter lacks our number", "keep the block of references"


def _page_mistakes(rendered: Rendered, page: str) -> Iterator[tuple[str, str]]:
    """What the HTML lacks of what the text says, where a site wrote it by hand; and what mail programs refuse."""
    plain = " ".join(unescape(TAG.sub(" ", rendered.html)).split())
    for fact in (fact for block in rendered.blocks for fact in block.facts):
        if " ".join(" ".join(fact.lines).split()) not in plain:
            yield f"the HTML lacks what the text says: {fact.label}", "show it, or remove this file: it is then made"
    for choice in (choice for block in rendered.blocks for choice in block.choices):
        if escape(choice.link) not in rendered.html:
            yield f"the HTML lacks a choice that the text has: {choice.words}", "link to its choice.link"
    if REMOTE.search(page):
        yield "the HTML loads something from elsewhere", "embed it, or leave it out"
    if len(page.encode()) > MAX_PAGE:
        yield f"the HTML is larger than {MAX_PAGE} bytes", "make it shorter"


def _told(rule: LetterRule, language: str, sample: Sample, what: str, way_out: str) -> Problem:
    return Problem(file=f"{language}/{rule.name}.txt.j2", place=f"sample {sample.name}", what=what, way_out=way_out)


def _list(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))
