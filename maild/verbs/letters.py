"""letters preview, letters slip."""

from pathlib import Path
from typing import cast

import typer

from maild import house, shipped
from maild.core import delivery, letter_rules, pickup_rules
from maild.core.counted import counted
from maild.core.request import Context, Partner, Request
from maild.letters.compose import Composer
from maild.letters.gallery import shown_site, write_gallery
from maild.letters.render import LANGUAGES, Letters
from maild.rulebook import WrongRules, read_files
from maild.settings import Settings
from maild.store import records
from maild.store import requests as store
from maild.verbs.configured import settings_of, settings_or_defaults
from maild.verbs.failures import NotFound
from maild.verbs.opening import database_of

PREVIEW_KEY = "00" * 32  # signs the answers' addresses of the gallery, which no house of ours believes


def preview(config: Path | None, folder: Path, names: list[str]) -> None:
    """Writes the gallery into `folder`. Raises WrongRules."""
    settings = settings_or_defaults(config)
    letters = _letters(settings)
    composer = Composer(letters, shown_site(house.site_facts_of(settings)), key=PREVIEW_KEY)
    count = write_gallery(folder, letters, composer, shipped("templates") / "gallery", names)
    typer.echo(f"{counted(count, 'letter')} in {folder / 'index.html'}")


def slip(
    config: Path | None, number: str, kind: str, file: Path, *, size: str, language: str | None, parcel: str = ""
) -> None:
    """Writes a slip as PDF. Raises WrongRules, and NotFound for a request, kind, size or extra that is not there."""
    settings = settings_of(config)
    language = language or settings.site.language
    if kind not in {"loan", "return", "pickup"} or size not in {"A6", "A4"} or language not in LANGUAGES:
        raise NotFound("slips are loan, return or pickup, on A6 or A4, in fi, sv or en")
    with database_of(settings) as database, database.read() as session:
        found = store.by_number(session, number.upper())
        partner = records.partner_of(session, found) if found else None
    if found is None:
        raise NotFound(f"no request {number}; see `maild request list --closed`")
    try:
        from maild.letters import slips  # an extra: nobody else needs Pango
    except (ImportError, OSError) as err:
        raise NotFound(f"slips need `pip install maild[slips]` and the Pango of docs/letters.md: {err}") from err
    made = slips.slip(
        cast("slips.Kind", kind),
        found.number,
        Context(requests=(found,), partners=(partner,) if partner else ()),
        _letters(settings),
        house.site_facts_of(settings),
        language=language,
        size=cast("slips.Size", size),
        parcel=parcel,
        pickup_way=_pickup_way(settings, found, partner) if kind == "pickup" else "",
    )
    file.write_bytes(made)
    typer.echo(f"{file}: {len(made)} bytes")


def _pickup_way(settings: Settings, request: Request, partner: Partner | None) -> str:
    """Whether the slip is for the open shelf or for the desk."""
    files, problems = read_files(settings.own.rules)
    rules, wrong = pickup_rules.load(files, settings.site.pickup)
    if wrong:
        raise WrongRules([*problems, *wrong])
    return delivery.way(request, partner, rules).value


def _letters(settings: Settings) -> Letters:
    files, problems = read_files(settings.own.rules)
    rules, wrong = letter_rules.load(files)
    if rules is None:
        raise WrongRules([*problems, *wrong])
    return house.letters_of(settings, rules)
