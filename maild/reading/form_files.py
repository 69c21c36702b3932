"""The loader of rules/forms/*.toml: what forms call their fields and write into them, with every mistake in it."""

from typing import Any

import re2

from maild.core.problems import Problem, RuleFile, RuleFiles
from maild.reading.forms import KEYS, Form, FormRules, Label, normal, plain
from maild.reading.words import fold

_WORDS_FILE, _PATTERNS_FILE, _LABELS_FILE = "forms/values.toml", "forms/patterns.toml", "forms/synonyms.toml"
_LISTS = ("empty", "yes", "no")
_PATTERNS = (
    "either", "copy", "loan", "spam", "no_card", "library_words", "copy_in_note", "loan_in_note",
    "ask", "not_new", "why_asked", "note_for_staff", "enquiry", "title_for_staff", "delivery_file",
    "delivery_office", "delivery_paper", "delivery_desk",
)  # fmt: skip


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
