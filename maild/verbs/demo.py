"""demo."""

import logging
from pathlib import Path

import structlog
import typer

from maild.demo.play import play


def demo(folder: Path) -> None:
    """Plays the story and prints its timeline; warnings of the daemon are shown, its journal is not."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    play(folder, typer.echo)
