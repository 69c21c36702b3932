"""Failures that a verb may end with, and the exit codes that scripts rely on (75 try again, 78 configuration)."""

PROBLEMS, LATER, CONFIGURATION = 1, 75, 78


class NoConfiguration(Exception):
    """There is no maild.toml, and this verb needs one."""


class WrongRows(Exception):
    """A CSV file has mistakes, and nothing of it was taken in."""


class NotFound(Exception):
    """What was asked about does not exist; the text says what to look at."""


def exit_code_of(error: Exception) -> int | None:
    """The exit code of a known failure, or None for a bug of ours."""
    from sqlalchemy.exc import OperationalError

    from maild.configuration import WrongSettings
    from maild.core.rules import Refused
    from maild.credentials import NoCredential
    from maild.rulebook import WrongRules
    from maild.store.backup import NotHere
    from maild.store.database import Locked, Missing, Unsafe

    if isinstance(error, WrongSettings | WrongRules | NoConfiguration | NoCredential | Unsafe):
        return CONFIGURATION
    if isinstance(error, Locked | Missing | OperationalError):
        return LATER
    if isinstance(error, Refused | NotFound | WrongRows | NotHere):
        return PROBLEMS
    return None
