"""What every verb begins with: the settings."""

from pathlib import Path

from maild.configuration import find, load
from maild.settings import Settings
from maild.verbs.failures import NoConfiguration


def settings_of(config: Path | None) -> Settings:
    """The Settings of the configuration file. Raises NoConfiguration where there is none."""
    path = find(config)
    if path is None:
        raise NoConfiguration(
            "no configuration: give --config FILE, set $MAILD_CONFIG or write /etc/maild/maild.toml; "
            "`maild config example` prints one, and `maild demo` needs none"
        )
    return load(path)


def settings_or_defaults(config: Path | None) -> Settings:
    """The same, or the built-in defaults for verbs that change nothing."""
    path = find(config)
    return load(path) if path is not None else Settings()
