"""Parts of statements that are built once, as constants: SQLAlchemy takes longer over building one than SQLite over its
answer, and longest over making objects of rows that are turned into core values at once.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Executable, Table, bindparam
from sqlmodel import Session, SQLModel

Given = Mapping[str, Any] | Sequence[Mapping[str, Any]]  # the values of one statement, or of many alike


def table_of(row: type[SQLModel]) -> Table:
    """The table itself: what is selected of its columns comes as plain rows."""
    table: Table = row.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    return table


def run(session: Session, statement: Executable, given: Given | None = None) -> Any:
    """The answer to a statement of tables, as plain rows. A session's own way looks for classes in it first."""
    return session.connection().execute(statement, given)


def one_of(name: str) -> BindParameter[Any]:
    """The list that is given by that name when the statement runs, for `column.in_(…)`."""
    return bindparam(name, expanding=True)


def new_row(row: type[SQLModel], columns: Mapping[str, Any]) -> dict[str, Any]:
    """These columns, with the defaults of those that are not named; without its id."""
    return {**_defaults(row), **columns}


@cache
def _defaults(row: type[SQLModel]) -> dict[str, Any]:
    fields = row.model_fields.items()
    given = {name: field.get_default(call_default_factory=True) for name, field in fields if not field.is_required()}
    return {name: value for name, value in given.items() if name != "id"}
