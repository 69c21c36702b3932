"""The schema's history, by Alembic: forwards only, on the connection that Database gives."""

from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

HERE = Path(__file__).parent


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision, within the connection's transaction."""
    config = _config()
    config.attributes["connection"] = connection  # env.py works on it
    command.upgrade(config, "head")


def state(connection: Connection) -> Literal["current", "old", "missing", "newer"]:
    """Which schema stands in the database; newer is one that a later version of maild left there."""
    scripts = ScriptDirectory.from_config(_config())
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return "missing"
    if revision == scripts.get_current_head():
        return "current"
    return "old" if revision in {script.revision for script in scripts.walk_revisions()} else "newer"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE).replace("%", "%%"))  # % is special in this file format
    return config
