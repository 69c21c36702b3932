"""Real servers for tests: Dovecot and Postfix with configurations of their own, high ports, on loopback only."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from maild.demo.imap_server import ImapServer, dovecot_server, free_port, pymap_server

SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin"
POSTFIX_LIBRARIES = Path("/usr/lib/postfix/sbin")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.library.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
recipient_delimiter = +
virtual_mailbox_domains = library.example
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
default_transport = smtp:[127.0.0.1]:{relay}
disable_dns_lookups = yes
smtpd_relay_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
queue_run_delay = 2s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 2 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def missing(what: str, package: str) -> None:
    """Skips with the one line that says what to install; in CI nothing may be missing."""
    if os.environ.get("MAILD_NO_SKIP"):
        pytest.fail(f"{what} is missing: apt-get install {package}")
    pytest.skip(f"needs {what}: apt-get install {package}")


@pytest.fixture
def dovecot() -> Iterator[ImapServer]:
    """A Dovecot with one empty mailbox."""
    program = shutil.which("dovecot", path=SBIN)
    if program is None:
        missing("Dovecot", "dovecot-imapd")
    else:
        with dovecot_server(program) as server:
            yield server


@pytest.fixture
def pymap() -> Iterator[ImapServer]:
    """A pymap: like Exchange it knows no keywords."""
    with pymap_server() as server:
        yield server


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running Postfix: mail for library.example goes to `lmtp`, everything else to `relay` (ports of loopback)."""

    port: int
    lmtp: int
    relay: int
    log: Path


@pytest.fixture
def postfix() -> Iterator[Callable[..., Postfix]]:
    """Starts a Postfix: `postfix(lmtp=PORT, relay=PORT)`."""
    if shutil.which("postfix", path=SBIN) is None or not POSTFIX_LIBRARIES.is_dir():
        missing("Postfix", "postfix")
    if os.getuid() != 0:
        missing("root (Postfix's master changes users)", "sudo")
    with ExitStack() as stack:
        yield lambda **ports: stack.enter_context(_postfix(**ports))


@contextmanager
def _postfix(*, lmtp: int, relay: int) -> Iterator[Postfix]:
    with TemporaryDirectory(prefix="pf-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        port = free_port()
        (folder / "main.cf").write_text(MAIN_CF.format(folder=folder, lmtp=lmtp, relay=relay))
        (folder / "master.cf").write_text(MASTER_CF.format(port=port))
        (folder / "queue").mkdir()
        (folder / "data").mkdir()
        shutil.chown(folder / "data", "postfix")
        command = ["postfix", "-c", str(folder)]
        environment = {**os.environ, "MAIL_CONFIG": str(folder), "PATH": SBIN}
        done = subprocess.run([*command, "start"], env=environment, capture_output=True, text=True, check=False)
        try:
            _await_port(port, f"{done.stderr} {_text(folder / 'log')}")
            yield Postfix(port=port, lmtp=lmtp, relay=relay, log=folder / "log")
        finally:
            subprocess.run([*command, "stop"], env=environment, capture_output=True, check=False)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _await_port(port: int, said: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.settimeout(10)
            if sock.recv(4).startswith(b"220"):
                return
        time.sleep(0.05)
    pytest.fail(f"Postfix did not start: {said}")
