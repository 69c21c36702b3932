"""One field of a form, and what a label with its answer makes."""

from collections.abc import Iterator
from dataclasses import dataclass

from maild.reading.form_several import cut_label
from maild.reading.forms import Form, FormRules, find_label, split_label

NAMES = frozenset({"title", "book", "journal", "article_title", "chapter_title", "author", "article_author"})


@dataclass(slots=True, kw_only=True)
class Answer:
    """One field of a form. `key` is "" where the label is not known."""

    label: str
    key: str
    languages: tuple[str, ...] = ()
    value: str = ""


def answers_of(label: str, value: str, rules: FormRules, form: Form | None) -> Iterator[Answer]:
    """One field, or the several that one label asks for."""
    found = find_label(label, rules, form, guess=False)
    keys = split_label(label, rules) if found is None else ()
    if parts := cut_label(value, keys) if keys else ():
        yield from (Answer(label=label, key=key, value=part) for key, part in parts)
        return
    found = found or find_label(label, rules, form)
    key = found.key if found else ""
    yield Answer(
        label=label.strip(" :*"),
        key=key,
        languages=found.languages if found else (),
        value=" ".join(value.split()) if key in NAMES else value.strip(),
    )
