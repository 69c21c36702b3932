"""What a form's answers become on their way to a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from maild.core.mail import Today
from maild.core.reading import Doubt, Requester


@dataclass(slots=True, kw_only=True)
class Draft:
    """A request in the making: fields of the citation and the rest by the contract's names, notes, doubts."""

    work: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # further references in the same field
    any_edition: bool = False
    journal: bool = False  # the title is a journal's
    labels: frozenset[str] = frozenset()  # every field that the form has, filled or not

    def doubt(self, reason: str, text: str, passage: str = "", *, askable: bool = False) -> None:
        """Remember why a person must look. `askable`: unless the patron is asked."""
        self.doubts.append(Doubt(reason=reason, text=text, passage=passage[:200], askable=askable))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What is known beside the answers: the day, the headings that name the service, who asks, the language."""

    today: Today
    headings: tuple[str, ...] = ()
    for_library: bool = False
    language: str = ""
    reply_to: str = ""  # where the form's mail says that its writer is reached
    name: str = ""
    work: Mapping[str, str] = field(default_factory=dict)  # what an OpenURL beside the answers says
    euro: bool = False  # a bare number in a price field of our own form is in euros
    sender: Requester | None = None  # what the mail itself tells of the library that asks


def first_of(values: Mapping[str, list[str]], *keys: str) -> str | None:
    return next((values[key][0] for key in keys if values.get(key)), None)
