"""Writes the next revision by comparing the tables with a fresh database at the present head; for developers."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from maild.store.database import Database
from maild.store.migrations import HERE


def main(number: str, message: str) -> None:
    """Write versions/NUMBER_message.py; read it before you keep it."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'fresh.db'}")
        database.upgrade()
        with database.write() as session:
            config = Config()
            config.set_main_option("script_location", str(HERE))
            config.attributes["connection"] = session.connection()
            command.revision(config, message=message, rev_id=number, autogenerate=True)
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
