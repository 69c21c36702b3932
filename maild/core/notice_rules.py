"""rules/notices.toml: which notices there are, counted from which date, and what each one does."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from maild.core.effects import Audience
from maild.core.problems import Problem, RuleFiles
from maild.core.rulefiles import Table, read
from maild.core.terms import EventName, Flag

FILE = "notices.toml"

Anchor = Literal[
    "entered",
    "touched",
    "asked",
    "due_date",
    "patron_due_date",
    "need_before",
    "expected_date",
    "account_ends",
]
"""What a notice counts from: the day the status was entered, the day on which anything last happened to the request
(such a notice runs in every open status), the day the supplier in hand was asked, or a date:
of the request, or the end of its patron's account (such a notice goes out once for all requests of the patron)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice: `days` after its anchor (before, where negative), in working or calendar days, at `hour`.

    It does one thing: sends `letter`, brings `event` about, or asks staff. `only_with` and `not_with` are flags; while
    they do not fit, the notice is not planned. `reasons`: only after an answer with one of these.
    """

    name: str
    anchor: Anchor
    days: int
    working: bool = False
    hour: int = 9
    series: str = ""
    letter: str = ""
    to: Audience | None = None
    event: EventName | None = None
    ask: str = ""
    add: frozenset[Flag] = frozenset()
    only_with: frozenset[Flag] = frozenset()
    not_with: frozenset[Flag] = frozenset()
    reasons: frozenset[str] = frozenset()
    off: bool = False
    together: bool = False  # joins the patron's other ones of the day in one letter


class _Notice(Table):
    anchor: Anchor
    days: int = Field(ge=-400, le=400)
    working: bool = False
    hour: int = Field(9, ge=0, le=23)
    series: str = ""
    letter: str = ""
    to: Audience | None = None
    event: EventName | None = None
    ask: str = ""
    add: frozenset[Flag] = frozenset()
    only_with: frozenset[Flag] = frozenset()
    not_with: frozenset[Flag] = frozenset()
    reasons: frozenset[str] = frozenset()
    off: bool = False


class _Together(Table):
    on: bool = False
    hour: int = Field(9, ge=0, le=23)
    notices: tuple[str, ...] = ()


class _NoticesFile(Table):
    notice: dict[str, _Notice]
    together: _Together = _Together()


def load(files: RuleFiles, letters: Collection[str]) -> tuple[dict[str, Notice], list[Problem]]:
    """Every notice by its name, and every mistake."""
    if FILE not in files:
        return {}, [Problem(file=FILE, place="file", what="missing", way_out="restore the shipped file")]
    found, problems = read(_NoticesFile, FILE, files[FILE].data)
    if found is None:
        return {}, problems
    for name, table in found.notice.items():
        problems += _mistakes(name, table, letters)
    problems += _strangers(found)
    return {name: _notice(name, table, found.together) for name, table in found.notice.items()}, problems


def _notice(name: str, table: _Notice, together: _Together) -> Notice:
    notice = Notice(name=name, **dict(table))
    return replace(notice, hour=together.hour, together=True) if together.on and name in together.notices else notice


def _strangers(found: _NoticesFile) -> Iterator[Problem]:
    """Names under [together] that no letter to a patron stands behind."""
    for name in found.together.notices:
        table = found.notice.get(name)
        if table is None or table.to is not Audience.PATRON:
            way_out = "name notices that send a letter to the patron"
            yield _problem("together.notices", f"{name!r} is no notice with a letter to the patron", way_out)


def _mistakes(name: str, table: _Notice, letters: Collection[str]) -> list[Problem]:
    place = f"notice.{name}"
    out: list[Problem] = []
    if sum((bool(table.letter), table.event is not None, bool(table.ask))) != 1:
        out.append(_problem(place, "does not do one thing", "give it one of letter, event, ask"))
    if table.letter and table.letter not in letters:
        out.append(_problem(f"{place}.letter", f"no letter {table.letter!r}", "write it, or name another"))
    if bool(table.letter) != (table.to in {Audience.PARTNER, Audience.PATRON}):
        out.append(_problem(f"{place}.to", "a letter needs a reader", 'write to = "patron" or "partner" beside letter'))
    return out


def _problem(place: str, what: str, way_out: str) -> Problem:
    return Problem(file=FILE, place=place, what=what, way_out=way_out)
