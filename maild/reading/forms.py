"""What forms call their fields: FormRules, loaded from rules/forms/, and the key behind a label.

A label is looked up in the form's own list, then in the lists of all forms, then by pattern (patterns.toml).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEYS = frozenset({
    "title", "book", "journal", "article_title", "chapter_title", "author", "book_author", "article_author",
    "publisher", "imprint", "place", "year", "edition", "volume", "issue", "pages", "start_page", "end_page",
    "isbn", "issn", "isbn_issn", "doi", "pmid", "link", "chapter", "series", "record_id", "reference",
    "need_before", "max_cost", "pickup", "delivery", "office_address", "abroad_ok", "any_edition", "note",
    "name", "first_name", "last_name", "email", "card", "group", "phone", "library", "symbol", "ref", "service",
    "contact", "consent", "ignore",
})  # fmt: skip
WORK_KEYS = frozenset(
    {
        "title",
        "book",
        "journal",
        "article_title",
        "chapter_title",
        "reference",
        "isbn",
        "doi",
        "pmid",
        "link",
        "isbn_issn",
    }
)
MAX_LABEL = 90  # characters; a longer line is text, not a label

_REQUIRED = re.compile(
    r"\((?:required|pakollinen|obligatorisk|obligatoriskt|pflichtfeld|vaaditaan|optional|valinnainen|frivillig)\)", re.I
)
_NUMBERING = re.compile(
    r"^(?:(?:q|k|f|kysymys|question|fråga|frage)\s?\d{1,3}\s?[.:)]?|\d{1,2}\.\d{1,2}\.?\s|\d{1,3}\s?[.)])\s{0,5}", re.I
)
# Names of variables: "bk_title", "pub_year", "req_type"; and a first word that says nothing: "book year", "your card".
_SHORT_WORDS = {
    "bk": "book", "art": "article", "atl": "article", "jnl": "journal", "jrnl": "journal", "jour": "journal",
    "pub": "publication", "req": "request", "lib": "library", "num": "number", "nbr": "number", "addr": "address",
    "auth": "author", "ttl": "title", "yr": "year", "pg": "page", "pgs": "pages", "cmt": "comment", "usr": "user",
    "pat": "patron", "ph": "phone", "loc": "location",
}  # fmt: skip
_FIRST_WORD = re.compile(
    r"^(?:item|book|article|journal|patron|user|borrower|customer|requester|request|form|field|fld|frm|txt|input|ill"
    r"|your|work|kirjan|teoksen|artikkelin|asiakkaan|tilaajan|lainaajan|oma|din|ditt|kundens|låntagarens)\s"
)
# Whose a patron's own field is: "university e-mail", "yliopiston sähköposti", "työpuhelin". Of nothing else: a "school
# year" is no work's.
_WHOSE = re.compile(
    r"^(?:university|uni(?=\s)|college|school|campus|student(?:ens|s)?|staff|work|institutional|personal|private|home"
    r"|yliopisto(?:n|si)?|korkeakoulu(?:n|si)?|koulu(?:n|si)?|opiskelija(?:n)?|työ|henkilökohtainen|oma"
    r"|universitet(?:et)?s|högskol(?:e|ans)|skol(?:ans)?|studie|arbets|jobb|privat|personliga?"
    r"|dienstliche|private|hochschul|universitäts)\s?(?=\w)"
)
_OWN = frozenset({"email", "phone", "card"})
_SAYS_ITSELF = frozenset({
    "year", "isbn", "issn", "pages", "volume", "publisher", "place", "edition", "email", "phone", "pickup", "note",
    "need_before", "doi", "pmid", "first_name", "last_name", "card",
})  # fmt: skip
_BLANKS = re.compile(r"[\s_.\u2010-\u2015-]+")
_PARENS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|€|\beuroa?\b|\beur\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The key behind a label and the languages that call it so; none where a pattern found it."""

    key: str
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form system, or one form of a site: how its mails are known, and what it calls its fields."""

    name: str
    senders: tuple[str, ...] = ()
    subject: Any = None
    text: Any = None
    start: Any = None  # what stands before is the system's
    stop: Any = None  # what stands after is
    person: Any = None  # the sender's name and address in the system's own words: groups "name" and "email"
    service: str = ""
    language: str = ""
    labels: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRules:
    """Labels, patterns and words of all forms, and the forms that are known by name."""

    labels: Mapping[str, Label] = field(default_factory=dict)
    patterns: tuple[tuple[Any, str], ...] = ()
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    found: Mapping[str, Any] = field(default_factory=dict)
    forms: tuple[Form, ...] = ()

    def is_word(self, kind: str, text: str) -> bool:
        """Whether the text is one of the words for empty, yes or no."""
        return plain(text) in self.words.get(kind, frozenset())

    def has(self, kind: str, text: str) -> bool:
        """Whether a pattern of that kind (copy, loan, either, spam, no_card, library_words) is found in the text."""
        pattern = self.found.get(kind)
        return bool(pattern and pattern.search(text[:2000].casefold()))

    def without(self, kind: str, text: str) -> str:
        """The text, case folded, without what a pattern of that kind finds."""
        pattern = self.found.get(kind)
        return str(pattern.sub(" ", text.casefold())) if pattern else text


def plain(text: str) -> str:
    """An answer without case, blanks and the punctuation around it."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded.rstrip(" .,;!") or folded[:3]


def normal(label: str) -> str:
    """A label as it is compared: no numbering, star, (required) or colon; case, hyphens, dots and blanks folded."""
    text = unicodedata.normalize("NFKC", label[: 2 * MAX_LABEL])
    text = re.sub(r"([a-zåäö])([A-Z])", r"\1 \2", text) if " " not in text else text
    text = _NUMBERING.sub("", _REQUIRED.sub("", text.casefold()).replace("*", " ").strip(" \t\"'“”»«-–•·>"))
    return _BLANKS.sub(" ", text).strip(" :=;,").replace(" / ", "/").replace("/ ", "/").replace(" ?", "?").strip()


def find_label(label: str, rules: FormRules, form: Form | None = None, *, guess: bool = True) -> Label | None:
    """The key behind a label, or None. `guess` lets the patterns have their say."""
    if len(label) > MAX_LABEL or not label.strip():
        return None
    key = normal(label)
    bare = " ".join(_PARENS.sub(" ", key).replace(",", " ").split())
    for labels in (form.labels, rules.labels) if form else (rules.labels,):
        for wanted in (key, bare, key.rstrip("?"), bare.removeprefix("item ")):
            if wanted in labels:
                return labels[wanted]
    named = _of_variable(bare, rules.labels)
    if named is not None:
        return named
    halves = _of_halves(key, rules)
    if halves is not None:
        return halves
    guessed = next((name for pattern, name in rules.patterns if pattern.search(key)), None) if guess else None
    return Label(key=guessed) if guessed else None


def _of_variable(label: str, labels: Mapping[str, Label]) -> Label | None:
    """The key behind a shortened name, or behind one whose first word or part only says whose it is."""
    words = label.split()
    full = " ".join(_SHORT_WORDS.get(word, word) for word in words) if len(words) > 1 else label
    if full != label and full in labels:
        return labels[full]
    rest = labels.get(_FIRST_WORD.sub("", full))
    if rest is not None and rest.key in _SAYS_ITSELF:
        return rest
    own = labels.get(_WHOSE.sub("", full))
    return own if own is not None and own.key in _OWN else None


def find_form(rules: FormRules, sender: str, subject: str, text: str) -> Form | None:
    """The known form that a mail is from: by its sender and subject, or by words that only its system writes."""
    for form in rules.forms:
        if form.senders and sender.casefold() not in form.senders:
            continue
        if form.subject is not None and not form.subject.search(subject):
            continue
        if form.text is not None and not form.text.search(text[:4000]):
            continue
        return form
    return None


def _of_halves(key: str, rules: FormRules) -> Label | None:
    """A bilingual label ("nimeke/title"), or one of two near words ("lehti/julkaisu")."""
    halves = [part.strip() for part in re.split(r"/| - ", key) if part.strip()]
    if not 2 <= len(halves) <= 3:
        return None
    known = [rules.labels[half] for half in halves if half in rules.labels]
    keys = {label.key for label in known}
    if len(known) == len(halves) and len(keys) == 1:
        return known[0]
    if len(known) == len(halves) and keys <= {"title", "journal", "book"}:
        return Label(key="journal" if keys == {"title", "journal"} else "title", languages=known[0].languages)
    return None


def split_label(label: str, rules: FormRules) -> tuple[str, ...]:
    """The keys of a label that asks for several things at once ("Year / volume / pages"); () for any other."""
    parts = [part for part in re.split(r"\s?[/,;&+]\s?|\s(?:ja|och|and|und)\s", normal(label)) if part]
    found = [rules.labels.get(part) for part in parts]
    keys = tuple(f.key for f in found if f is not None)
    return keys if 2 <= len(keys) == len(parts) <= 5 and len(set(keys)) == len(keys) else ()
