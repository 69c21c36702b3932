"""What forms call their fields: FormRules, loaded from rules/forms/, and the key behind a label.

A label is looked up in the form's own list, then in the lists of all forms, then by pattern (patterns.toml).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import re2

from maild.core.problems import Problem, RuleFile, RuleFiles
from maild.reading.words import fold

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

_WORDS_FILE, _PATTERNS_FILE, _LABELS_FILE = "forms/values.toml", "forms/patterns.toml", "forms/synonyms.toml"
_LISTS = ("empty", "yes", "no")
_PATTERNS = (
    "either", "copy", "loan", "spam", "no_card", "library_words", "copy_in_note", "loan_in_note",
    "ask", "not_new", "why_asked", "note_for_staff", "enquiry", "title_for_staff", "delivery_file",
    "delivery_office", "delivery_paper", "delivery_desk",
)  # fmt: skip
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
    """The key behind a shortened name, or behind one whose first word only says whose it is."""
    words = label.split()
    full = " ".join(_SHORT_WORDS.get(word, word) for word in words) if len(words) > 1 else label
    if full != label and full in labels:
        return labels[full]
    rest = labels.get(_FIRST_WORD.sub("", full))
    return rest if rest is not None and rest.key in _SAYS_ITSELF else None


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


def load(files: RuleFiles) -> tuple[FormRules, list[Problem]]:
    """The rules of forms, and every mistake in forms/*.toml."""
    problems: list[Problem] = []
    labels = _labels(files.get(_LABELS_FILE), problems)
    words, found = _words(files.get(_WORDS_FILE), problems)
    patterns = _patterns(files.get(_PATTERNS_FILE), problems)
    own = sorted(n for n in files if n.startswith("forms/") and n not in {_WORDS_FILE, _PATTERNS_FILE, _LABELS_FILE})
    forms = tuple(_form(files[name], problems) for name in own)
    # A site's form says more than a system's: what names senders comes first.
    forms = tuple(sorted(forms, key=lambda form: not form.senders))
    return FormRules(labels=labels, patterns=patterns, words=words, found=found, forms=forms), problems


def _labels(file: RuleFile | None, problems: list[Problem]) -> dict[str, Label]:
    labels: dict[str, Label] = {}
    for language, table in file.data.items() if file else ():
        if not isinstance(table, dict):
            continue
        for key, names in table.items():
            if key not in KEYS or not isinstance(names, list):
                problems.append(
                    _problem(file, f"{language}.{key}", "no such field", f"use one of {', '.join(sorted(KEYS))}")
                )
                continue
            for name in names:
                _add_label(labels, str(name), key, language)
    return labels


def _add_label(labels: dict[str, Label], name: str, key: str, language: str) -> None:
    """The first language to claim a label keeps it; one that agrees is a second voice for its language."""
    wanted = normal(name)
    old = labels.get(wanted)
    if old is None:
        labels[wanted] = Label(key=key, languages=(language,))
        # Old form programs have field names without dots and rings: "tekija", "forfattare".
        labels.setdefault(fold(wanted), labels[wanted])
        labels.setdefault(wanted.rstrip("?"), labels[wanted])
    elif old.key == key:
        labels[wanted] = Label(key=key, languages=(*old.languages, language))


def _words(file: RuleFile | None, problems: list[Problem]) -> tuple[dict[str, frozenset[str]], dict[str, Any]]:
    data = file.data if file else {}
    words = {kind: frozenset(plain(str(w)) for w in _strings(data.get(kind))) for kind in _LISTS}
    found = {}
    for kind in _PATTERNS:
        given = data.get(kind)
        sources = [given] if isinstance(given, str) else _strings(given)
        if sources:
            found[kind] = _compiled("|".join(f"(?:{s})" for s in sources), file, kind, problems)
    return words, found


def _patterns(file: RuleFile | None, problems: list[Problem]) -> tuple[tuple[Any, str], ...]:
    found = []
    rows = file.data.get("pattern", []) if file else []
    for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
        key, match = (str(row.get("key", "")), str(row.get("match", ""))) if isinstance(row, dict) else ("", "")
        if key not in KEYS or not match:
            problems.append(
                _problem(file, f"pattern {number}", "needs key and match", f"key is one of {', '.join(sorted(KEYS))}")
            )
            continue
        compiled = _compiled(match, file, f"pattern {number}", problems)
        if compiled is not None:
            found.append((compiled, key))
    return tuple(found)


def _form(file: RuleFile, problems: list[Problem]) -> Form:
    data = file.data
    match = data.get("match", {})
    match = match if isinstance(match, dict) else {}
    labels = {}
    given = data.get("labels", {})
    for name, key in given.items() if isinstance(given, dict) else ():
        if key not in KEYS:
            problems.append(
                _problem(file, f"labels.{name}", f"no such field: {key!r}", f"use one of {', '.join(sorted(KEYS))}")
            )
        else:
            labels[normal(name)] = Label(key=str(key))
    service = str(data.get("service", ""))
    if service not in {"", "Loan", "Copy", "CopyOrLoan"}:
        problems.append(_problem(file, "service", f"{service!r} is no service type", "write Loan, Copy or CopyOrLoan"))
    return Form(
        name=file.name.removeprefix("forms/").removesuffix(".toml"),
        senders=tuple(s.casefold() for s in _strings(match.get("senders"))),
        subject=_one(match.get("subject"), file, "match.subject", problems),
        text=_one(match.get("text"), file, "match.text", problems),
        start=_one(data.get("start"), file, "start", problems),
        stop=_one(data.get("stop"), file, "stop", problems),
        person=_one(data.get("person"), file, "person", problems),
        service=service,
        language=str(data.get("language", "")),
        labels=labels,
    )


def _strings(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _one(source: object, file: RuleFile, place: str, problems: list[Problem]) -> Any:
    return _compiled(str(source), file, place, problems) if source else None


def _compiled(source: str, file: RuleFile | None, place: str, problems: list[Problem]) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    try:
        return re2.compile(source, options)
    except re2.error as err:
        problems.append(
            _problem(file, place, f"no RE2 pattern: {err}", "write it like 'korti(n|lla)'; RE2 knows no (?=...)")
        )
        return None


def _problem(file: RuleFile | None, place: str, what: str, way_out: str) -> Problem:
    return Problem(file=file.name if file else "forms", place=place, what=what, way_out=way_out)
