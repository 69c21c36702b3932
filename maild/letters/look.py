"""templates/look.toml: colours in light and dark, and the logo; the site's over the shipped ones."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from maild.core.problems import Problem

FILE = "look.toml"
SCHEMES = ("light", "dark")
NAMES = frozenset({"page", "card", "text", "muted", "line", "link", "button", "button_text", "mark"})
COLOUR = re.compile("#[0-9a-f]{6}")
MAX_LOGO = 20_000  # bytes: letters stay far below 100 KB
LOGO_TYPES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}  # what every mail program shows; no SVG
CONTRAST = 4.5  # WCAG 2.2, 1.4.3, AA
PAIRS = (
    *(("text", ground) for ground in ("card", "page", "mark")),
    *(("muted", ground) for ground in ("card", "page")),
    ("link", "card"),
    ("button_text", "button"),
)


class LookError(ValueError):
    """A look that cannot be read; the text says which file, where and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A small picture that goes with each letter. `alt` says in words what it shows."""

    data: bytes
    type: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How letters look: `light` and `dark` give the colour of each name."""

    light: Mapping[str, str]
    dark: Mapping[str, str]
    logo: Logo | None = None


def load_look(folders: Sequence[Path]) -> Look:
    """The look of these template folders, the first one's lines win. Raises LookError."""
    colours: dict[str, dict[str, str]] = {scheme: {} for scheme in SCHEMES}
    logo: Logo | None = None
    for folder in reversed(folders):
        file = folder / FILE
        if file.is_file():
            tables = _read(file)
            for scheme in SCHEMES:
                colours[scheme] |= tables.get(scheme, {})
            logo = _logo(file, tables["logo"]) if "logo" in tables else logo
    for scheme in SCHEMES:
        if missing := NAMES - colours[scheme].keys():
            raise LookError(f"{FILE}: [{scheme}] lacks {', '.join(sorted(missing))}; restore the shipped file")
    return Look(light=MappingProxyType(colours["light"]), dark=MappingProxyType(colours["dark"]), logo=logo)


def contrast_problems(look: Look) -> Iterator[Problem]:
    """Colours that some readers could not read."""
    for scheme in SCHEMES:
        colours: Mapping[str, str] = getattr(look, scheme)
        for above, ground in PAIRS:
            ratio = contrast(colours[above], colours[ground])
            if ratio < CONTRAST:
                what = f"{above} on {ground} has a contrast of {ratio:.1f}, WCAG AA asks for {CONTRAST}"
                yield Problem(file=FILE, place=f"{scheme}.{above}", what=what, way_out="choose a darker or lighter one")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours like #1a2b3c (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise LookError(f"{file}: {err}; write it as TOML in UTF-8") from err
    tables.pop("schema", None)
    for table, lines in tables.items():
        if table not in {*SCHEMES, "logo"} or not isinstance(lines, dict):
            raise LookError(f"{file}: [{table}] is no part of a look; use [light], [dark] and [logo]")
        for name, colour in lines.items() if table != "logo" else ():
            if name not in NAMES or not COLOUR.fullmatch(str(colour)):
                names = ", ".join(sorted(NAMES))
                raise LookError(f'{file}: {table}.{name} must be one of {names}, with a colour like "#1a2b3c"')
    return tables


def _logo(file: Path, table: Mapping[str, object]) -> Logo:
    """The [logo] of that file: its picture lies beside it."""
    name, alt, width = table.get("file"), table.get("alt"), table.get("width", 120)
    if not isinstance(name, str) or not isinstance(alt, str) or not isinstance(width, int):
        raise LookError(f'{file}: [logo] needs file = "logo.png", alt = "words", and perhaps width = 120')
    try:
        data = (file.parent / Path(name).name).read_bytes()
    except OSError as err:
        raise LookError(f"{file}: logo.file: {err}; put the picture beside {FILE}") from err
    kind = next((kind for start, kind in LOGO_TYPES.items() if data.startswith(start)), None)
    if kind is None or len(data) > MAX_LOGO:
        raise LookError(f"{file}: logo.file must be a PNG, JPEG or GIF of at most {MAX_LOGO} bytes")
    return Logo(data=data, type=kind, alt=alt, width=min(max(width, 16), 280))
