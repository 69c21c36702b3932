"""The `maild` command: thin, one function a verb; whatever is heavy is imported inside, so that --help is quick."""

from maild.cli import daemon, keeping, people, queue, reading, requests, rules
from maild.cli.root import app

__all__ = ["app", "daemon", "keeping", "main", "people", "queue", "reading", "requests", "rules"]


def main() -> None:
    """The entry point of the console script."""
    app()
