"""How a mail's turn ends: done, given back, set aside; and what makes it wait again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, update
from sqlmodel import Session, col, select

from maild.store.statements import one_of, run, table_of
from maild.store.tables import InboxRow, SightingRow, TaskRow

MAX_TRIES = 3
MAX_JUDGED = 5  # sightings by which one mail is judged; a sender can make as many as it likes
_MAIL, _SEEN = table_of(InboxRow), table_of(SightingRow).c
_CHANGED = update(_MAIL).where(_MAIL.c.id == bindparam("of_id"))
_UNJUDGED = (  # the first delivery of each of these mails that nobody judged it by
    select(_SEEN.mail_id, func.min(_SEEN.id))
    .join(_MAIL, _MAIL.c.id == _SEEN.mail_id)
    .where(_SEEN.mail_id.in_(one_of("mails")), _SEEN.judged.is_(False))
    .where(_MAIL.c.state == "done", _MAIL.c.acted.is_(False))
    .group_by(_SEEN.mail_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of a mail. `acted`: something was done about it with no human; `filing` is its folder."""

    acted: bool
    filing: str
    kind: str
    numbers: tuple[str, ...]
    why: str


def finish(session: Session, mail_id: int, now: datetime, finding: Finding) -> None:
    """The decision on the mail stands. Where nothing was done and a sighting is not judged yet, that one is next."""
    values = {name: getattr(finding, name) for name in Finding.__slots__}
    values |= {"numbers": list(finding.numbers), "done_at": now, "claimed_until": None, "traceback": ""}
    _change(session, mail_id, state="done", **values)
    judge_again(session, [mail_id])


def give_back(session: Session, mail_id: int, traceback: str, now: datetime) -> bool:
    """After a failed try: the mail waits again (True), or is set aside where that was its third (False)."""
    tries = session.exec(select(InboxRow.tries).where(InboxRow.id == mail_id)).one()
    if tries >= MAX_TRIES:
        set_aside(session, mail_id, traceback, now)
        return False
    _change(session, mail_id, state="waiting", claimed_until=None, traceback=traceback)
    return True


def set_aside(session: Session, mail_id: int, traceback: str, now: datetime) -> None:
    """Leave the mail to a human, with the traceback; the others go on."""
    _change(session, mail_id, state="aside", claimed_until=None, traceback=traceback, filing="todo")
    session.add(
        TaskRow(
            mail_id=mail_id,
            reason="unreadable",
            text=f"mail {mail_id} could not be dealt with; see maild queue show {mail_id}",
            commands=[f"maild queue retry {mail_id}"],
            created_at=now,
        )
    )


def retry(session: Session, mail_id: int) -> bool:
    """A mail that was set aside waits again, with all its tries; False where there is none such."""
    again = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "aside")
        .values(state="waiting", tries=0, traceback="", filing="")
        .execution_options(synchronize_session=False)
    )
    return again.rowcount == 1


def read_again(session: Session, mail_id: int, who: str, now: datetime) -> bool:
    """A mail that was left to staff and waits for them is read and decided anew; False where there is none such.

    Its tasks are done by that. What staff have settled stays settled.
    """
    of_it = (col(TaskRow.mail_id) == mail_id, col(TaskRow.done_at).is_(None))
    again = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "done", col(InboxRow.acted).is_(False))
        .where(select(TaskRow.id).where(*of_it).exists())
        .values(state="waiting", tries=0, filing="")
        .execution_options(synchronize_session=False)
    )
    if again.rowcount != 1:
        return False
    asked = update(TaskRow).where(*of_it).values(done_at=now, done_by=who)
    session.exec(asked.execution_options(synchronize_session=False))
    return True


def drop(session: Session, mail_id: int, now: datetime) -> bool:
    """A mail that was set aside is done with by a human's word; its bytes stay. False where there is none such."""
    dropped = session.exec(
        update(InboxRow)
        .where(col(InboxRow.id) == mail_id, col(InboxRow.state) == "aside")
        .values(state="done", done_at=now, filing="done", why="dropped by hand")
        .execution_options(synchronize_session=False)
    )
    return dropped.rowcount == 1


def judge_again(session: Session, mails: Sequence[int]) -> None:
    """Mails that are done, with nothing done about them, wait again for a sighting that was not judged."""
    found = run(session, _UNJUDGED, {"mails": list(mails)}).all() if mails else []
    for mail_id, sighting in found:
        judged = select(func.count()).where(SightingRow.mail_id == mail_id, col(SightingRow.raw).is_not(None))
        if session.exec(judged.where(col(SightingRow.judged).is_(True))).one() < MAX_JUDGED:
            _change(session, mail_id, state="waiting", judge=sighting, tries=0)
            session.exec(update(SightingRow).where(col(SightingRow.id) == sighting).values(judged=True))


def _change(session: Session, mail_id: int, **values: object) -> None:
    run(session, _CHANGED, values | {"of_id": mail_id})
