"""What staff find in the morning: what waits for them, what falls due, who is silent, what failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from maild.core.notices import attempt_in_hand
from maild.core.renewals import is_pending
from maild.core.request import Context, Request
from maild.core.rules import Rules
from maild.core.terms import Role, Status
from maild.core.workdays import day_in

Row = dict[str, object]  # core/letters.py, RowFacts

MAX_ROWS = 15  # of a section: the letter stays one that is read
DUE_WITHIN = 3  # working days
SILENT_AFTER = 10  # working days since the partner was asked
FAILURES = frozenset({"letter", "unreadable"})  # reasons of tasks behind which something of ours went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A task of staff."""

    id: int
    number: str
    reason: str
    text: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A letter that does not go out until somebody says so."""

    id: int
    number: str
    letter: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the desk stands: `open` holds every open request with its partners."""

    open: Context
    tasks: tuple[Waiting, ...] = ()
    held: tuple[Held, ...] = ()


def worklist(found: Standing, rules: Rules, now: datetime) -> tuple[Row, ...]:
    """The rows of the morning letter, section by section; () where there is nothing to do."""
    today = day_in(now, rules.site.zone)
    asked = {task.number for task in found.tasks} - {""}
    due = list(_due(found.open, rules, today))
    told = asked | {str(row["number"]) for row in due}
    todo = [_task(task, found.open) for task in found.tasks if task.reason not in FAILURES]
    todo += [row for row in _ours(found.open, rules) if row["number"] not in told]
    failed = [_task(task, found.open) for task in found.tasks if task.reason in FAILURES]
    failed += [_held(letter) for letter in found.held]
    sections = {"todo": todo, "due": due, "silent": list(_silent(found.open, rules, today)), "failures": failed}
    return tuple(row for name, rows in sections.items() for row in bounded(name, rows))


def bounded(section: str, rows: Sequence[Row]) -> Iterator[Row]:
    """The first rows of a section, and a last one that counts those left out."""
    yield from (row | {"section": section} for row in rows[:MAX_ROWS])
    if len(rows) > MAX_ROWS:
        more = ("maild queue list", "maild request list")
        yield {"section": section, "title": f"+ {len(rows) - MAX_ROWS}", "commands": more}


def about(request: Request, text: str = "", *commands: str) -> Row:
    """A row about one request."""
    return {
        "number": request.number,
        "title": request.citation.article_title or request.citation.title or "",
        "status": str(request.status),
        "text": text,
        "commands": commands or (f"maild request show {request.number}",),
    }


def _task(task: Waiting, known: Context) -> Row:
    request = known.request(task.number)
    commands = (*task.commands, f"maild queue settle {task.id}")
    if request is not None:
        return about(request, task.text, *commands)
    return {"number": task.number, "title": "" if task.number else task.reason, "text": task.text, "commands": commands}


def _ours(known: Context, rules: Rules) -> Iterator[Row]:
    """Requests whose next step is staff's."""
    for request in known.requests:
        if _is_ours(request, known, rules):
            yield about(request)


def _is_ours(request: Request, known: Context, rules: Rules) -> bool:
    workflow = rules.workflow(request, known.partner(request.partner_id))
    return workflow.state(request.status).owner == "staff"


def _due(known: Context, rules: Rules, today: date) -> Iterator[Row]:
    """Loans that must go or be renewed soon, and are in staff's hands or wait for an answer."""
    last = rules.calendar.add_working_days(today, DUE_WITHIN)
    found: list[tuple[date, Request]] = []
    for request in known.requests:
        day = min((i.due_date for i in request.items if i.due_date is not None), default=None)
        if day is not None and day <= last and (is_pending(request) or _is_ours(request, known, rules)):
            found.append((day, request))
    for day, request in sorted(found, key=lambda one: (one[0], one[1].number)):
        yield about(request) | {"due_date": day}


def _silent(known: Context, rules: Rules, today: date) -> Iterator[Row]:
    """Suppliers that have our request and have said nothing for long, and are not known to be away."""
    for request in known.requests:
        partner, attempt = known.partner(request.partner_id), attempt_in_hand(request)
        if request.role is Role.LENDING or request.status is not Status.REQUESTED or partner is None:
            continue
        if attempt is None or attempt.asked_at is None or (partner.absent_until or date.min) >= today:
            continue
        asked = day_in(attempt.asked_at, rules.site.zone)
        if rules.calendar.add_working_days(asked, SILENT_AFTER) <= today:
            text = f"{partner.name or partner.symbol}, {partner.email}: asked on {asked:%Y-%m-%d}."
            yield about(request, text, f"maild request do {request.number} NextSupplier")


def _held(letter: Held) -> Row:
    commands = (f"maild queue release {letter.id}", f"maild queue drop --letter {letter.id}")
    return {"number": letter.number, "text": f"{letter.letter} to {letter.to} is held.", "commands": commands}
