"""What every effect of one decision is written with, and the requests that it changes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel

from maild.store.statements import table_of


@dataclass(slots=True, kw_only=True)
class Standing:
    """A request within the transaction: what it was, and the columns that the decision gives it."""

    id: int
    version: int
    status: str
    flags: frozenset[str]
    touched: bool = False
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every effect of one decision is written with."""

    session: Session
    at: datetime
    actor: str
    why: str
    input_id: int
    mail_id: int | None
    standing: dict[str, Standing]
    new_rows: dict[type[SQLModel], list[dict[str, Any]]] = field(default_factory=dict)
    plans: list[dict[str, Any]] = field(default_factory=list)  # of notices, not written yet

    def add(self, table: type[SQLModel], **columns: Any) -> None:
        """A row that nothing else of the decision looks at; all of a table are written together."""
        self.new_rows.setdefault(table, []).append(columns)

    def known(self, number: str) -> Standing:
        """The request; raises ValueError where the decision had not looked at it."""
        if number not in self.standing:
            raise ValueError(f"the decision is about {number!r}, whose version it does not name")
        return self.standing[number]

    def touch(self, number: str) -> Standing:
        """The request, which is another one from now on: what was decided on the old one is decided again."""
        standing = self.known(number)
        standing.touched = True
        return standing


def set_columns(session: Session, table: type[SQLModel], where: Any, columns: dict[str, Any]) -> int:
    """How many rows got these values."""
    return session.exec(update(table_of(table)).where(where).values(**columns)).rowcount
