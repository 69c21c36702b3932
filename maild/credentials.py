"""Passwords and tokens: from a file, a systemd credential or a command, when used; never kept, never logged."""

import os
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from maild.settings import Login

TOKEN_SECONDS = 30  # how long a token command may take


class NoCredential(Exception):
    """A password or token cannot be had; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How to log in: a user with a password, or with an OAuth2 access token."""

    user: str
    secret: str = field(repr=False)
    is_token: bool = False


def credential_of(login: Login) -> Credential | None:
    """The Credential of a login, or None where there is no user. Raises NoCredential."""
    if not login.user:
        return None
    if login.token_command:
        return Credential(user=login.user, secret=_from_command(login.token_command), is_token=True)
    path = login.password_file
    if path is None:
        path = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / str(login.credential)
    return Credential(user=login.user, secret=first_line(path))


def first_line(path: Path) -> str:
    """The first line of a secret file. Raises NoCredential where it is unreadable, empty or readable by everybody."""
    if (problem := file_problem(path)) is not None:
        raise NoCredential(problem)
    lines = path.read_text("utf-8").splitlines()
    if not lines or not lines[0].strip():
        raise NoCredential(f"{path} is empty; write the secret into its first line")
    return lines[0].strip()


def file_problem(path: Path) -> str | None:
    """What is wrong with a secret file, or None."""
    try:
        mode = path.stat().st_mode
    except OSError as err:
        return f"{path}: {err.strerror}; create it, mode 0600, owned by the daemon's user"
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        return f"{path} can be read by everybody; chmod 600 {path}"
    return None


def _from_command(command: tuple[str, ...]) -> str:
    try:
        # The command stands in maild.toml, which only the administrator can write; no shell is involved.
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOKEN_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as err:
        raise NoCredential(
            f"token_command {command[0]} failed ({type(err).__name__}); run it by hand to see why"
        ) from err
    token = done.stdout.strip()
    if not token or not token.isprintable():
        raise NoCredential(f"token_command {command[0]} printed no token; run it by hand to see why")
    return token
