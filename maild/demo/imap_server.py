"""A real IMAP server for the demo, temporary, on loopback: Dovecot where it is installed, else pymap (extra `demo`)."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

START_SECONDS = 20.0
USER, PASSWORD = "ill", "demo"  # of a mailbox that lives as long as the demo

DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
first_valid_gid = 0
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
mail_fsync = never
namespace inbox {{
  inbox = yes
  separator = /
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {folder}/passwd
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class NoServer(Exception):
    """No IMAP server can be had; the text says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapServer:
    """Where the server listens, what it is, and who may log in."""

    port: int
    software: str
    user: str = USER
    password: str = PASSWORD


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """A running server with one empty mailbox. Raises NoServer."""
    dovecot = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if dovecot is not None:
        with dovecot_server(dovecot) as server:
            yield server
    elif find_spec("pymap") is not None:
        with pymap_server() as server:
            yield server
    else:
        raise NoServer("the demo polls a real IMAP server: pip install 'maild[demo]', or apt-get install dovecot-imapd")


@contextmanager
def dovecot_server(program: str) -> Iterator[ImapServer]:
    """Dovecot with a configuration of its own; as root it runs as nobody, for it refuses to serve root."""
    # A short path: UNIX sockets of Dovecot lie below it, and theirs may not pass 107 bytes.
    with TemporaryDirectory(prefix="imap-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        group = "nogroup" if os.getuid() == 0 else grp.getgrgid(owner.pw_gid).gr_name
        (folder / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        config = DOVECOT.format(
            folder=folder, user=owner.pw_name, group=group, uid=owner.pw_uid, gid=owner.pw_gid, port=port
        )
        (folder / "dovecot.conf").write_text(config)
        command = [program, "-c", str(folder / "dovecot.conf"), "-F"]
        if os.getuid() == 0:
            for path in (folder, *folder.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            command = ["setpriv", f"--reuid={owner.pw_name}", f"--regid={group}", "--clear-groups", *command]
        with _running(command, port, folder / "dovecot.log"):
            yield ImapServer(port=port, software="Dovecot")


@contextmanager
def pymap_server() -> Iterator[ImapServer]:
    """pymap, in memory: pure Python, no root."""
    port = free_port()
    command = [sys.executable, "-c", "import sys; from pymap.main import main; sys.exit(main())"]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-tls",
        "--no-service",
        "admin",
        "--no-service",
        "managesieve",
    ]
    command += ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    with _running(command, port, None):
        yield ImapServer(port=port, software="pymap")


@contextmanager
def _running(command: list[str], port: int, log: Path | None) -> Iterator[None]:
    # Programs of this machine, found by name above; nothing of a mail is in the command.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        _await_banner(process, port, log)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()
            process.wait()


def _await_banner(process: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.settimeout(5)
            if sock.recv(10).startswith(b"* OK"):
                return
        time.sleep(0.05)
    said = log.read_text("utf-8", "replace")[-500:] if log is not None and log.exists() else ""
    raise NoServer(f"{command_name(process)} did not start: {said}")


def command_name(process: subprocess.Popen[bytes]) -> str:
    """The program of a process, for messages."""
    args = process.args
    return str(args[0]) if isinstance(args, list) else str(args)
