"""rules/workflows/*.toml → Workflow: a profile may extend another, groups name several statuses at once."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from maild.core.effects import Audience
from maild.core.problems import Problem, RuleFiles
from maild.core.reading import Event, Money
from maild.core.rulefiles import Table, read
from maild.core.terms import EventName, Flag, Role, Status
from maild.core.workflow import By, Letter, LoanTerms, State, Transition, Workflow

FOLDER = "workflows/"
MAX_EXTENDS = 5
NamedReason = Literal["recalled", "no renewals", "library use only", "dispute", "OnLoan", "overdue", "at most"]
FACTS = frozenset(Event.__dataclass_fields__)


class _State(Table):
    says: str = ""
    final: bool = False
    owner: str = ""
    notices: tuple[str, ...] = ()


class _Letter(Table):
    name: str
    to: Audience
    given: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    only_with: frozenset[Flag] = frozenset()
    not_with: frozenset[Flag] = frozenset()
    always: bool = False
    if_moved: bool = False


class _Transition(Table):
    sources: tuple[str, ...] = Field(alias="from")
    event: EventName
    by: tuple[By, ...]
    to: Status | None = None
    auto: bool = True
    needs: tuple[str, ...] = ()
    needs_flags: frozenset[Flag] = frozenset()
    add: frozenset[Flag] = frozenset()
    remove: frozenset[Flag] = frozenset()
    letters: tuple[_Letter, ...] = ()
    rota: tuple[str, ...] = ()
    ask: str = ""


class _Money(Table):
    amount: Decimal
    currency: str = Field(pattern="^[A-Z]{3}$")


class _Loan(Table):
    days: int = Field(28, ge=1, le=400)
    min_patron_days: int = Field(7, ge=0, le=60)
    long_closure_days: int = Field(7, ge=0, le=60)
    renewal_window_days: int = Field(7, ge=0, le=400)
    max_renewals: int = Field(3, ge=0, le=100)
    max_total_days: int = Field(180, ge=0, le=4000)
    overdue_grace_days: int = Field(7, ge=0, le=400)
    renewed_for_groups: tuple[str, ...] = ()
    renewal_days: int = Field(28, ge=1, le=400)
    renews_by_itself: bool = False
    renewals_to_staff: tuple[NamedReason, ...] = ()
    ceiling: _Money | None = None


class _WorkflowFile(Table):
    role: Role
    initial: Status
    groups: dict[str, tuple[str, ...]] = Field(default={})
    status: dict[Status, _State]
    transition: dict[str, _Transition]
    loan: _Loan = _Loan()


def load(files: RuleFiles) -> tuple[dict[str, Workflow], list[Problem]]:
    """Every profile by its name, and every mistake in how the files are written."""
    workflows: dict[str, Workflow] = {}
    problems: list[Problem] = []
    for file in sorted(name for name in files if name.startswith(FOLDER)):
        data, wrong = _extended(files, file, ())
        problems += wrong
        found, wrong = read(_WorkflowFile, file, data) if not wrong else (None, [])
        problems += wrong
        if found is not None:
            name = file.removeprefix(FOLDER).removesuffix(".toml")
            workflows[name], wrong = _workflow(name, file, found)
            problems += wrong
    return workflows, problems


def _extended(files: RuleFiles, file: str, seen: tuple[str, ...]) -> tuple[dict[str, Any], list[Problem]]:
    """The data of `file` laid over that of the profile it extends."""
    data = dict(files[file].data)
    base = data.pop("extends", None)
    if base is None:
        return data, []
    other = f"{FOLDER}{base}.toml"
    if other not in files or other in (*seen, file) or len(seen) >= MAX_EXTENDS:
        known = ", ".join(sorted(f.removeprefix(FOLDER).removesuffix(".toml") for f in files if f.startswith(FOLDER)))
        return data, [_problem(file, "extends", f"cannot extend {base!r}", f"name another profile: {known}")]
    below, problems = _extended(files, other, (*seen, file))
    return _laid_over(below, data), problems


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Tables recursively, anything else replaced; `disabled = true` takes an entry away (as rule files merge)."""
    out = dict(below)
    for key, value in above.items():
        if isinstance(value, dict) and value.get("disabled") is True:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _laid_over(out[key], value)
        else:
            out[key] = value
    return out


def _workflow(name: str, file: str, found: _WorkflowFile) -> tuple[Workflow, list[Problem]]:
    problems: list[Problem] = []
    transitions = []
    for key, table in found.transition.items():
        sources, wrong = _sources(table.sources, found)
        problems += [_problem(file, f"transition.{key}.from", f"unknown status {w!r}", _known(found)) for w in wrong]
        facts = [*table.needs, *(fact for letter in table.letters for fact in letter.given)]
        problems += [
            _problem(file, f"transition.{key}", f"unknown fact {fact!r}", f"use one of: {', '.join(sorted(FACTS))}")
            for fact in facts
            if not FACTS.issuperset(fact.split("|"))
        ]
        transitions.append(_transition(key, table, sources))
    states = {
        status: State(status=status, says=s.says, final=s.final, owner=s.owner, notices=s.notices)
        for status, s in found.status.items()
    }
    return Workflow(
        name=name,
        role=found.role,
        initial=found.initial,
        states=states,
        transitions=tuple(transitions),
        loan=_terms(found.loan),
        file=file,
    ), problems


def _sources(
    names: tuple[str, ...], found: _WorkflowFile, inside: tuple[str, ...] = ()
) -> tuple[frozenset[Status], list[str]]:
    """The statuses that a `from` means; names that are neither status, group nor "*". `inside`: groups being opened."""
    sources: set[Status] = set()
    wrong: list[str] = []
    for name in names:
        if name == "*":
            sources |= set(found.status)
        elif name in found.groups and name not in inside:
            inner, bad = _sources(found.groups[name], found, (*inside, name))
            sources |= inner
            wrong += bad
        elif name in found.status:
            sources.add(Status(name))
        else:
            wrong.append(name)
    return frozenset(sources), wrong


def _transition(key: str, table: _Transition, sources: frozenset[Status]) -> Transition:
    return Transition(
        name=key,
        sources=sources,
        event=table.event,
        by=frozenset(table.by),
        to=table.to,
        auto=table.auto,
        needs=table.needs,
        needs_flags=table.needs_flags,
        add=table.add,
        remove=table.remove,
        letters=tuple(Letter(**dict(x)) for x in table.letters),
        rota=table.rota,
        ask=table.ask,
        anywhere="*" in table.sources and table.to is None and not (table.add or table.remove or table.letters),
    )


def _terms(table: _Loan) -> LoanTerms:
    ceiling = Money(amount=table.ceiling.amount, currency=table.ceiling.currency) if table.ceiling else None
    groups = frozenset(group.casefold() for group in table.renewed_for_groups)
    rest = table.model_dump(exclude={"ceiling", "renewed_for_groups"})
    return LoanTerms(**rest, ceiling=ceiling, renewed_for_groups=groups)


def _known(found: _WorkflowFile) -> str:
    return f"use one of: *, {', '.join([*found.groups, *found.status])}"


def _problem(file: str, place: str, what: str, way_out: str) -> Problem:
    return Problem(file=file, place=place, what=what, way_out=way_out)
