"""The library system's list of blocked patrons: who stands on it is blocked, and nobody else is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from sqlmodel import Session, col, or_, select

from maild.store.record_lines import Cells, RecordLine, read_lines
from maild.store.tables import PatronRow


class BlockedLine(RecordLine):
    """The one heading of the list."""

    card: str = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """What a list did: how many were blocked and freed by it, or blocked already, and how many cards are on no record.

    `problems` as "line 3: …", and then nothing was done.
    """

    blocked: int = 0
    freed: int = 0
    unchanged: int = 0
    unknown: int = 0
    problems: tuple[str, ...] = ()


def block_patrons(session: Session, lines: Sequence[Cells], now: datetime) -> Blocked:
    """Block the patrons of these cards, and free every other one."""
    read, problems = read_lines(BlockedLine, lines, lambda line: line.card)
    if problems:
        return Blocked(problems=tuple(problems))
    cards = {line.card for line in read}
    concerned = select(PatronRow).where(or_(col(PatronRow.blocked).is_(True), col(PatronRow.card).in_(cards)))
    rows = session.exec(concerned).all()
    changed = [row for row in rows if row.blocked is not (row.card in cards)]
    for row in changed:
        row.blocked, row.changed_at = not row.blocked, now
        session.add(row)
    newly = sum(row.blocked for row in changed)
    return Blocked(
        blocked=newly,
        freed=len(changed) - newly,
        unchanged=len(rows) - len(changed),
        unknown=len(cards - {row.card for row in rows}),
    )
