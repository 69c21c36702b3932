"""letters preview, letters slip."""

from pathlib import Path

import typer

from maild import house, shipped
from maild.core import letter_rules
from maild.house import WrongRules
from maild.letters.gallery import write_gallery
from maild.rulebook import read_files
from maild.verbs.opening import settings_or_defaults

PREVIEW_KEY = "00" * 32  # signs the answers' addresses of the gallery, which no house of ours believes


def preview(config: Path | None, folder: Path, names: list[str]) -> None:
    """Writes the gallery into `folder`. Raises WrongRules."""
    settings = settings_or_defaults(config)
    files, problems = read_files(settings.own.rules)
    rules, wrong = letter_rules.load(files)
    if rules is None:
        raise WrongRules([*problems, *wrong])
    letters = house.letters_of(settings, rules)
    composer = house.composer_of(settings, rules, (PREVIEW_KEY,))
    count = write_gallery(folder, letters, composer, shipped("templates") / "gallery", names)
    typer.echo(f"{count} letters in {folder / 'index.html'}")
