"""maild runs an interlibrary-loan desk by e-mail."""

from pathlib import Path

__version__ = "0.1.0"

# A wheel carries parsers/, rules/, templates/ and systemd/ inside this package; in a checkout they are its siblings.
if not (Path(__file__).parent / "parsers" / "__init__.py").is_file():
    __path__.append(str(Path(__file__).parent.parent))


def shipped(kind: str) -> Path:
    """The folder of shipped `rules`, `templates` or `systemd`, as a real path (Jinja2 and Babel want folders)."""
    for place in __path__:
        folder = Path(place) / kind
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"maild was installed without its folder {kind}/; reinstall it from the wheel")
