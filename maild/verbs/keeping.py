"""replay, backup, restore, db upgrade."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import typer

from maild import house
from maild.core.counted import counted
from maild.reader import Reader
from maild.replay import Replay
from maild.rulebook import Rulebook
from maild.store import backup as copies
from maild.verbs.configured import settings_of
from maild.verbs.failures import PROBLEMS
from maild.verbs.opening import database_of


def replay(config: Path | None, *, as_json: bool) -> int:
    """Decides every stored input again, changes nothing; 1 where one comes out otherwise than it was stored."""
    settings = settings_of(config)
    paper, keys = house.paper_of(settings), house.reply_keys(settings)

    def reader_of(rulebook: Rulebook) -> Reader:
        return Reader(rulebook.files, rulebook.rules.site, rulebook.our_addresses)

    counts: Counter[str] = Counter()
    with database_of(settings) as database:
        for verdict in Replay(database, paper.rulebook, house.identity_of(settings, keys), reader_of).verdicts():
            counts[verdict.what] += 1
            if as_json and verdict.what != "same":
                typer.echo(json.dumps(asdict(verdict), ensure_ascii=False))
            elif verdict.what in {"differs", "unknown"}:
                typer.echo(f"{verdict.what}: input {verdict.id} ({verdict.kind} {verdict.source_id}): {verdict.text}")
    told = {what: counts[what] for what in ("same", "differs", "unknown", "erased")}
    typer.echo(json.dumps(told) if as_json else ", ".join(f"{n} {what}" for what, n in told.items()))
    return PROBLEMS if counts["differs"] else 0


def backup(config: Path | None, path: Path) -> None:
    """A copy of the database, taken while the daemon works."""
    with database_of(settings_of(config)) as database:
        copies.backup(database, path)
    typer.echo(f"{path}: a whole copy; keep reply.key with it")


def restore(config: Path | None, path: Path) -> None:
    """The copy in the database's place; what waited to go out is held."""
    with database_of(settings_of(config)) as database:
        held = copies.restore(database, path)
    typer.echo(f"restored; {counted(held, 'letter')} held until you know which went out: `maild queue list`,")
    typer.echo("`maild queue drop --letter ID` for one that did, `maild queue release` for the rest")


def upgrade(config: Path | None) -> None:
    """The database at this version's schema."""
    with database_of(settings_of(config)) as database:
        database.upgrade()
