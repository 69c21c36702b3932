"""The examples beside the phrases, tried: what each must, or must not, be read as."""

from collections.abc import Iterator
from dataclasses import dataclass

from maild.core.problems import Problem, RuleFiles
from maild.reading.phrase_files import tables
from maild.reading.phrases import Lexicons
from maild.reading.said import counts
from maild.reading.statements import Side, statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What must, or must not, be read as the phrases of one table; the tests run them."""

    language: str
    kind: str
    name: str
    reason: str
    text: str
    matches: bool


def examples(files: RuleFiles) -> Iterator[Example]:
    """Every example of every phrase table."""
    for name, file in sorted(files.items()):
        if name.startswith("phrases/"):
            language = name.removeprefix("phrases/").removesuffix(".toml")
            for kind, key, reason, table in tables(file.data):
                for matches, word in ((True, "yes"), (False, "no")):
                    for text in table.get(word, ()):
                        yield Example(
                            language=language, kind=kind, name=key, reason=reason, text=str(text), matches=matches
                        )


def failing_examples(files: RuleFiles, lexicons: Lexicons) -> Iterator[Problem]:
    """Each example of phrases/*.toml that is read otherwise than its table says."""
    for example in examples(files):
        if found(example, lexicons) is not example.matches:
            yield Problem(
                file=f"phrases/{example.language}.toml",
                place=".".join(filter(None, (example.kind, example.name, example.reason))),
                what=f"{example.text!r} is {'not ' if example.matches else ''}found",
                way_out=f"mend the phrases, or take the sentence out of {'yes' if example.matches else 'no'}",
            )


def found(example: Example, lexicons: Lexicons) -> bool:
    """Whether the example's text is read as its table says."""
    one = Lexicons(by_language={example.language: lexicons.by_language[example.language]})
    of_requester = not {example.kind, f"{example.kind}.{example.name}"}.isdisjoint(Side.SUPPLIER.value)
    said = statements(example.text, one, example.language, Side.REQUESTER if of_requester else Side.SUPPLIER)
    return any(
        (hit.phrase.kind, hit.phrase.name, hit.phrase.reason) == (example.kind, example.name, example.reason)
        and (example.matches or example.kind != "says" or counts(hit, statement))
        for statement in said
        for hit in statement.hits
    )
