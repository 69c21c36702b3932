"""Label and answer out of a mail, whatever shape the form system gave them.

JSON, table rows, `--- Label ---`, heading and next line, `Label: answer`, `key = value`, dotted leaders and wide gaps:
the reading that recognises most labels is taken. Where none makes a request, the shapes of form_rows are tried.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from maild.core.mail import Mail
from maild.reading.form_answers import Answer, answers_of
from maild.reading.form_json import json_leaves
from maild.reading.form_lines import from_lines
from maild.reading.form_rows import asked_and_answered, bracketed, delimited, led_by_labels, paragraphs, turns
from maild.reading.form_text import plain_lines
from maild.reading.forms import MAX_LABEL, WORK_KEYS, Form, FormRules, find_label

MAX_ANSWERS = 120


def read_answers(
    mail: Mail, rules: FormRules, form: Form | None = None, *, text: str | None = None
) -> tuple[Answer, ...]:
    """The form's fields in order; () where the mail has no shape of a form."""
    body = plain_lines(mail.text if text is None else text)
    if _worth(answers := _from_json(body, rules, form)) >= 2:
        return tuple(answers[:MAX_ANSWERS])
    inner = _inner(body, form)
    candidates = [_from_pairs(pairs, rules, form) for pairs in (asked_and_answered(inner), mail.rows)]
    candidates.append(from_lines(inner, rules, form, text is not None))
    best = max(candidates, key=_worth)
    if not is_form(best):
        others = [_from_pairs(pairs, rules, form) for pairs in _by_order(inner, rules, form)]
        best = max(
            [best, *(other for other in others if is_form(other))], key=lambda found: (is_form(found), _worth(found))
        )
    return tuple(best[:MAX_ANSWERS]) if _worth(best) >= 2 else ()


def _by_order(text: str, rules: FormRules, form: Form | None) -> Iterator[Iterable[tuple[str, str]]]:
    def known(label: str) -> bool:
        return find_label(label, rules, form) is not None

    yield delimited(text)
    yield bracketed(text)
    yield paragraphs(text, known)
    yield turns(text, known)
    yield led_by_labels(text, lambda label: find_label(label, rules, form, guess=False) is not None)


def _worth(answers: Sequence[Answer]) -> int:
    """How many different fields with an answer were recognised."""
    keys = {a.key for a in answers if a.key and a.key not in {"ignore", "consent", "contact"}}
    return len(keys) + len({a.key for a in answers if a.key in keys and a.value.strip()})


def is_form(answers: Sequence[Answer]) -> bool:
    """Whether the fields make a request: something of a work, and at least two fields that say more."""
    keys = {a.key for a in answers if a.value.strip()}
    return bool(keys & WORK_KEYS) and len(keys - {"", "ignore", "consent", "contact"}) >= 2


def _inner(text: str, form: Form | None) -> str:
    """The text between the form's own start and stop."""
    if form is not None and form.start is not None:
        found = form.start.search(text)
        text = text[found.end() :] if found else text
    if form is not None and form.stop is not None:
        found = form.stop.search(text)
        text = text[: found.start()] if found else text
    return text


def _from_pairs(pairs: Iterable[tuple[str, str]], rules: FormRules, form: Form | None) -> list[Answer]:
    answers: list[Answer] = []
    for label, value in pairs:
        if 0 < len(label.strip()) <= MAX_LABEL:
            answers.extend(_nested(label, value, rules, form) or answers_of(label, value, rules, form))
    return answers


def _nested(label: str, value: str, rules: FormRules, form: Form | None) -> list[Answer]:
    """The fields of an answer that is nothing but "label: answer" on each line; [] for any other answer."""
    lines = value.strip().splitlines()
    labels = [line.partition(":")[0] for line in lines if ":" in line]
    if len(lines) < 2 or len(labels) < len(lines):
        return []
    if any(find_label(label, rules, form, guess=False) is None for label in labels):
        return []
    answers = from_lines(value, rules, form, letter=False)
    outer = find_label(label, rules, form)
    if outer is not None and outer.key in WORK_KEYS:  # what is called a name below "Item wanted" is the work's
        answers = [replace(answer, key="title") if answer.key == "name" else answer for answer in answers]
    return answers


def _from_json(text: str, rules: FormRules, form: Form | None) -> list[Answer]:
    return [a for label, value in json_leaves(text) for a in answers_of(label, value, rules, form)]


def languages_of(answers: Iterable[Answer]) -> str:
    """The language that most labels are of; "" on a tie or where none is known."""
    votes: dict[str, int] = {}
    for answer in answers:
        for language in answer.languages:
            votes[language] = votes.get(language, 0) + (2 if len(answer.languages) == 1 else 1)
    ranked = sorted(votes.items(), key=lambda item: -item[1])
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ranked[0][0] if ranked and ranked[0][0] == "fi" else ""
    return ranked[0][0]
