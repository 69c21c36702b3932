"""Decisions carried out: every effect, the letters, the history and "this mail is done", in the running transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from maild.core.effects import ApprovePatron, AskStaff, Composed, Decision, FileMail, OpenRequest, PartnerAbsent
from maild.store import changes, letters, notices, settling
from maild.store.database import put_new
from maild.store.effects.desk import Desk, Standing
from maild.store.plain import effect_name, line, plain
from maild.store.statements import one_of, run, table_of
from maild.store.tables import InboxRow, InputRequestRow, InputRow, RequestRow

SourceKind = Literal["mail", "command", "notice", "import"]


class Moved(Exception):
    """The request was changed since it was decided on: decide again on what it is now."""

    def __init__(self, number: str) -> None:
        super().__init__(f"{number}: changed since it was decided on; decide again")
        self.number = number


_REQUEST, _INBOX = table_of(RequestRow).c, table_of(InboxRow).c
_LOOKED_AT = (
    select(*(_REQUEST[name] for name in ("id", "number", "version", "status", "flags")))
    .where(_REQUEST.number.in_(one_of("numbers")))
    .order_by(_REQUEST.id)  # one order for all, so that two workers never wait for each other
    .with_for_update()
)
_MAIL_ID = select(_INBOX.id).where(_INBOX.key == bindparam("key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A decision with all that belongs to it. `source_id` is the mail's key, the command's id, the notice's id.

    `versions` names every request that was looked at, as it was then. `input_json` is the command or notice itself;
    `context_json` is what was looked at, without the keys of our reply addresses.
    """

    kind: SourceKind
    source_id: str
    actor: str
    at: datetime
    decision: Decision
    context_json: str
    rules_digest: str
    letters: tuple[Composed, ...] = ()
    versions: Mapping[str, int]
    input_json: str = ""
    notices: Mapping[str, str] = field(default_factory=dict)  # those decided on together, with their requests


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """What fails inside is undone, and nothing else of the transaction."""
    with session.begin_nested():
        yield


def commit(session: Session, outcome: Outcome) -> None:
    """Carry out the decision. Raises Moved where it stands on old versions, WrongParty for a letter gone astray.

    The caller commits the session; after an error it must roll back to where it was before.
    """
    standing = _standing(session, outcome)
    mail_id = _mail_id(session, outcome)
    input_id = _note_input(session, outcome, mail_id)
    desk = Desk(
        session=session,
        at=outcome.at,
        actor=outcome.actor,
        why=outcome.decision.why,
        input_id=input_id,
        mail_id=mail_id,
        standing=standing,
    )
    for effect in outcome.decision.effects:
        changes.carry_out(desk, effect)
    letters.put(session, outcome.letters, desk)
    _link(session, outcome, desk)
    changes.write_rows(desk)
    if outcome.kind == "mail" and mail_id is not None:
        _finish_mail(session, outcome, mail_id)
    elif outcome.kind == "notice":
        _finish_notices(session, outcome)


def _finish_notices(session: Session, outcome: Outcome) -> None:
    """Each of them did something where an effect is about its request."""
    done = {getattr(effect, "number", "") for effect in outcome.decision.effects}
    alone = {outcome.source_id: ""} if not outcome.notices else {}
    for notice_id, number in {**alone, **outcome.notices}.items():
        notices.finish(session, int(notice_id), outcome.at, sent=number in done or (not number and bool(done)))


def decision_json(decision: Decision) -> str:
    """The decision as it is stored and compared, each effect with its name."""
    effects = [{"effect": effect_name(effect)} | plain(effect) for effect in decision.effects]
    return line(plain(replace(decision, effects=())) | {"effects": effects})


def _standing(session: Session, outcome: Outcome) -> dict[str, Standing]:
    """The requests that were looked at, locked; raises Moved where one is not as it was."""
    rows = run(session, _LOOKED_AT, {"numbers": list(outcome.versions)})
    standing = {
        number: Standing(id=request_id, version=version, status=status, flags=frozenset(flags))
        for request_id, number, version, status, flags in rows
    }
    for number, version in outcome.versions.items():
        if number not in standing or standing[number].version != version:
            raise Moved(number)
    return standing


def _mail_id(session: Session, outcome: Outcome) -> int | None:
    if outcome.kind != "mail":
        return None
    return int(run(session, _MAIL_ID, {"key": outcome.source_id}).scalar_one())


def _note_input(session: Session, outcome: Outcome, mail_id: int | None) -> int:
    columns = {
        "kind": outcome.kind,
        "source_id": outcome.source_id,
        "mail_id": mail_id,
        "at": outcome.at,
        "actor": outcome.actor,
        "rules_digest": outcome.rules_digest,
        "auto": outcome.decision.auto,
        "why": outcome.decision.why,
        "input": outcome.input_json,
        "context": outcome.context_json,
        "decision": decision_json(outcome.decision),
    }
    return put_new(session, InputRow, columns)


def _numbers(outcome: Outcome) -> set[str]:
    """The requests that the input was about: touched, or named by the reading."""
    without = PartnerAbsent | ApprovePatron | FileMail
    about = {effect.number for effect in outcome.decision.effects if not isinstance(effect, without)}
    reading = outcome.decision.reading
    return (about | set(reading.requests if reading else ())) - {""}


def _link(session: Session, outcome: Outcome, desk: Desk) -> None:
    numbers = _numbers(outcome)
    known = {desk.standing[number].id for number in numbers if number in desk.standing}
    if others := numbers - desk.standing.keys():  # named by the reading, but not looked at
        found = session.exec(select(RequestRow.id).where(col(RequestRow.number).in_(others)))
        known |= {request_id or 0 for request_id in found}
    for request_id in known:
        desk.add(InputRequestRow, input_id=desk.input_id, request_id=request_id)


def _finish_mail(session: Session, outcome: Outcome, mail_id: int) -> None:
    decision = outcome.decision
    folder = next((e.folder for e in decision.effects if isinstance(e, FileMail)), None)
    asked = any(isinstance(effect, AskStaff) for effect in decision.effects)
    settling.finish(
        session,
        mail_id,
        outcome.at,
        settling.Finding(
            acted=decision.auto or any(isinstance(effect, OpenRequest) for effect in decision.effects),
            filing=folder.value if folder else ("todo" if asked else "done"),
            kind=decision.reading.kind.value if decision.reading else "",
            numbers=tuple(sorted(_numbers(outcome))),
            why=decision.why,
        ),
    )
