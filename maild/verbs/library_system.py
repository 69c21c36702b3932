"""patron block, patron unblock: by hand what the library system's file says."""

from pathlib import Path

import typer

from maild.intake import library_system as intake
from maild.verbs.configured import settings_of
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of, desk_of


def block(config: Path | None, card: str, *, blocked: bool) -> None:
    """The patron of that card may borrow no more, or again. Raises NotFound."""
    settings = settings_of(config)
    with database_of(settings) as database, desk_of(settings, database) as desk:
        fate = intake.block(desk, database, card, blocked=blocked)
    if fate == "not_ours":
        raise NotFound(f"no patron has the card {card}; see `maild patron list`")
    typer.echo(f"{card} is {'blocked' if blocked else 'not blocked'}{' already' if fate == 'known' else ''}")
