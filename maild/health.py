"""How maild does: counts and ages out of the database, and the pulse that the running daemon leaves in its folder."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session

from maild.core.counted import counted
from maild.store import looking, outbox, requests, ticks
from maild.store.database import Database

PULSE_FILE = "pulse.json"
PULSE_LATE = timedelta(minutes=2)  # the daemon writes one every twenty seconds
POLL_LATE = timedelta(minutes=5)
MAIL_LATE = timedelta(minutes=15)  # a mail that waits so long says that nobody works
LETTER_LATE = timedelta(hours=4)  # staff hear of a relay that is away within this time (P27)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A mailbox: when it was last read, and what is wrong now."""

    name: str
    at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What only the running daemon knows."""

    at: datetime
    started_at: datetime
    worked_at: datetime
    sent_at: datetime | None = None
    post_problem: str = ""
    mailboxes: tuple[Polled, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Everything that monitoring asks for. `problems` are sentences; [] is green. Ages are in seconds."""

    mails: dict[str, int]
    letters: dict[str, int]
    tasks: int
    ages: dict[str, int]
    problems: list[str] = field(default_factory=list)


PULSE = TypeAdapter(Pulse)


def write_pulse(folder: Path, pulse: Pulse) -> None:
    """Leaves the pulse, whole or not at all."""
    part = folder / f"{PULSE_FILE}.part"
    part.write_bytes(PULSE.dump_json(pulse))
    part.replace(folder / PULSE_FILE)


def read_pulse(folder: Path) -> Pulse | None:
    """The pulse of the daemon, or None where none runs (it takes its pulse away when it is told to stop)."""
    try:
        return PULSE.validate_json((folder / PULSE_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def end_pulse(folder: Path) -> None:
    """The daemon has stopped, as it was told. Where the disk fails the pulse stays, and is told of as late."""
    with suppress(OSError):
        (folder / PULSE_FILE).unlink(missing_ok=True)


def health(database: Database, pulse: Pulse | None, now: datetime) -> Health:
    """How it stands at this moment."""
    with database.read() as session:
        mails, letters, tasks = looking.counts(session), outbox.counts(session), len(requests.tasks(session))
        since, leapt = _since(session), ticks.leap(session, now)
    if pulse is not None:
        since |= {"work": pulse.worked_at, "pulse": pulse.at}
        since |= {f"poll {mailbox.name}": mailbox.at or pulse.started_at for mailbox in pulse.mailboxes}
    ages = {name: max(int((now - at).total_seconds()), 0) for name, at in since.items() if at is not None}
    problems = [*_of_counts(mails, letters), *_of_ages(ages), *(_of_pulse(pulse) if pulse else ())]
    if leapt is not None:
        problems.append(
            f"clock: the last tick was at {leapt:%Y-%m-%d %H:%M} UTC; set the clock right, or see maild clock"
        )
    return Health(mails=mails, letters=letters, tasks=tasks, ages=ages, problems=problems)


def _since(session: Session) -> dict[str, datetime | None]:
    return {"mail": looking.oldest_waiting(session), "letter": outbox.oldest_waiting(session)}


def _of_counts(mails: dict[str, int], letters: dict[str, int]) -> list[str]:
    told = [f"{counted(mails['aside'], 'mail')} set aside"] if mails.get("aside") else []
    told += [f"{counted(letters[state], 'letter')} {state}" for state in ("failed", "held") if letters.get(state)]
    return [f"{one}; see maild queue list" for one in told]


def _of_ages(ages: dict[str, int]) -> list[str]:
    limits = {"mail": MAIL_LATE, "letter": LETTER_LATE, "pulse": PULSE_LATE}
    late = {name: limits.get(name) or (POLL_LATE if name.startswith("poll ") else None) for name in ages}
    return [
        f"{name}: longer than {limit.total_seconds() / 60:g} minutes ago"
        for name, limit in late.items()
        if limit is not None and ages[name] > limit.total_seconds()
    ]


def _of_pulse(pulse: Pulse) -> list[str]:
    return [f"post: {pulse.post_problem}"] if pulse.post_problem else []


def as_json(found: Health) -> str:
    """For scripts."""
    return json.dumps(asdict(found) | {"ok": not found.problems}, ensure_ascii=False)


def as_metrics(found: Health) -> str:
    """For Prometheus, in its text format (version 0.0.4)."""
    lines = ["# TYPE maild_ok gauge", f"maild_ok {int(not found.problems)}"]
    for name, counts in (("mails", found.mails), ("letters", found.letters)):
        lines += [f"# TYPE maild_{name} gauge"]
        lines += [f'maild_{name}{{state="{state}"}} {count}' for state, count in sorted(counts.items())]
    lines += ["# TYPE maild_tasks gauge", f"maild_tasks {found.tasks}", "# TYPE maild_age_seconds gauge"]
    lines += [f'maild_age_seconds{{of="{_label(name)}"}} {age}' for name, age in sorted(found.ages.items())]
    return "\n".join(lines) + os.linesep


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
