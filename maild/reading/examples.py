"""The examples beside the phrases, tried: what each must, or must not, be read as."""

from collections.abc import Iterator

from maild.core.problems import Problem, RuleFiles
from maild.reading.phrases import Example, Lexicons, examples
from maild.reading.said import counts
from maild.reading.statements import Side, statements


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
