"""A rendered letter as blocks: the one source of its text and its HTML, so that both say the same.

Templates write plain lines. What is more than a line of text (a fact, a quotation, a heading, a choice) begins with a
control character that the helpers of templates write; facts are clean of those, so no stranger can.
"""

import shlex
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

LINE = 72
GONE = "\x00"  # stands where a fact is not known; its line is dropped
FACT, VALUE, NEXT = "\x01", "\x02", "\x03"  # FACT label VALUE line NEXT line
LINK = "\x04"  # before the value of a fact that is an address to open
QUOTE = "\x05"
HEADING = "\x06"  # followed by its level, 2 or 3
CHOICE = "\x07"
COMMAND = "  "  # two blanks: a line to be copied as it stands

Kind = Literal["paragraph", "facts", "quote", "heading", "choices", "commands"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value; `link` where the value is an address of the web that we vouch for."""

    label: str
    lines: tuple[str, ...]
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer that the letter offers: the number to answer with, the words, the link that writes the mail."""

    number: int
    words: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together: of one kind, with no blank line between them."""

    kind: Kind
    lines: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    choices: tuple[Choice, ...] = ()
    level: int = 0


def blocks_of(rendered: str, choice: Callable[[str], Choice]) -> tuple[Block, ...]:
    """The blocks of what a template wrote. `choice` gives the choice of that name; lines of unknown facts are gone."""
    groups: list[tuple[Kind | None, list[str]]] = []
    for line in rendered.split("\n"):
        if GONE in line:
            continue
        kind = _kind(line)
        if groups and groups[-1][0] == kind != "heading":
            groups[-1][1].append(line.rstrip())
        else:
            groups.append((kind, [line.rstrip()]))
    return tuple(_block(kind, lines, choice) for kind, lines in groups if kind is not None)


def text_of(blocks: Sequence[Block]) -> str:
    """The blocks as plain text: a blank line between them, no line over 72 where words allow."""
    pieces: list[str] = []
    for before, block in zip([None, *blocks], blocks, strict=False):
        tight = before is not None and before.kind == "heading" and before.level > 2
        pieces.append(("\n" if tight else "\n\n") if before is not None else "")
        pieces.append("\n".join(_text(block)))
    return "".join(pieces)


def lay_out(rendered: str) -> str:
    """A small part without choices, like a subject or the signature, as text."""
    return text_of(blocks_of(rendered, _no_choice))


def preview_of(blocks: Sequence[Block]) -> str:
    """What a list of mails shows beside the subject: the sentence that says what to do."""
    said = [" ".join(block.lines) for block in blocks if block.kind == "paragraph"]
    return next((text for text in said if len(text) > 30), "")[:140]


def wrap(line: str, hang: str = "") -> list[str]:
    """One paragraph or fact as lines of at most 72; addresses of the web stay whole."""
    if len(line) <= LINE:
        return [line]
    words = [piece for word in line.split(" ") for piece in _bounded(word)]
    indent = line[: len(line) - len(line.lstrip())] + hang
    return textwrap.wrap(
        " ".join(words), LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _no_choice(name: str) -> Choice:
    raise ValueError(f"a choice ({name}) stands where a letter can offer none")


def _kind(line: str) -> Kind | None:
    if not line.strip(" "):
        return None
    marks: dict[str, Kind] = {FACT: "facts", QUOTE: "quote", HEADING: "heading", CHOICE: "choices"}
    return marks.get(line[0]) or ("commands" if line.startswith(COMMAND) else "paragraph")


def _block(kind: Kind, lines: Sequence[str], choice: Callable[[str], Choice]) -> Block:
    if kind == "facts":
        return Block(kind=kind, facts=tuple(map(_fact, lines)))
    if kind == "choices":
        return Block(kind=kind, choices=tuple(choice(line[1:]) for line in lines))
    if kind == "heading":
        return Block(kind=kind, lines=(lines[0][2:],), level=int(lines[0][1]))
    if kind == "quote":
        return Block(kind=kind, lines=tuple(line[1:] for line in lines))
    return Block(kind=kind, lines=tuple(line.strip() for line in lines))


def _fact(line: str) -> Fact:
    label, _, value = line[1:].partition(VALUE)
    return Fact(label=label, lines=tuple(value.removeprefix(LINK).split(NEXT)), link=value.startswith(LINK))


def _text(block: Block) -> Iterable[str]:
    if block.kind == "facts":
        return (piece for fact in block.facts for piece in _fact_text(fact))
    if block.kind == "choices":
        return (f"  {choice.number} = {choice.words}" for choice in block.choices)
    if block.kind == "quote":
        return (f"> {piece}".rstrip() for line in block.lines for piece in textwrap.wrap(line, LINE - 2) or [""])
    if block.kind == "commands":
        return (piece for line in block.lines for piece in _command_lines(line))
    return (piece for line in block.lines for piece in wrap(line))


def _command_lines(command: str) -> list[str]:
    """The command, whole where it fits; a longer one parted between its words so that a shell takes it as one."""
    if len(COMMAND + command) <= LINE:
        return [COMMAND + command]
    try:
        words = [shlex.quote(word) for word in shlex.split(command)]
    except ValueError:  # somebody's lone quotation mark: no shell could take it either
        return wrap(COMMAND + command)
    lines = [COMMAND + words[0]]
    for word in words[1:]:
        if len(f"{lines[-1]} {word} \\") <= LINE:
            lines[-1] += f" {word}"
        else:
            lines[-1] += " \\"
            lines.append(f"{COMMAND}  {word}")
    return lines


def _fact_text(fact: Fact) -> Iterator[str]:
    if len(fact.lines) > 1:
        yield f"{fact.label}:"
        yield from (piece for line in fact.lines for piece in wrap(f"  {line}"))
    else:
        yield from wrap(f"{fact.label}: {fact.lines[0]}", hang="  ")


def _bounded(word: str) -> list[str]:
    """A word that fits a line; a stranger's endless one is cut in pieces, an address is not."""
    size = LINE - 6
    if len(word) <= size or "://" in word:
        return [word]
    return [word[i : i + size] for i in range(0, len(word), size)]
