"""Real servers for tests: Dovecot and Postfix with configurations of their own, high ports, on loopback only."""

import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from maild.demo.imap_server import DOVECOT, PASSWORD, USER, ImapServer, dovecot_server, free_port, pymap_server

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


OAUTH2 = """
auth_mechanisms = $auth_mechanisms xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf.ext
}}
"""


class Dovecot:
    """A Dovecot that can be killed and started again on the same mailbox, whose files tests may change."""

    user, password = USER, PASSWORD

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.mails = folder / "mail" / USER
        owner = "nobody" if os.getuid() == 0 else str(os.getuid())
        self._owner = pwd.getpwnam(owner) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self._group = "nogroup" if os.getuid() == 0 else grp.getgrgid(self._owner.pw_gid).gr_name
        (folder / "passwd").write_text(f"{USER}:{{PLAIN}}{PASSWORD}::::::\n")
        config = DOVECOT.format(
            folder=folder,
            user=self._owner.pw_name,
            group=self._group,
            uid=self._owner.pw_uid,
            gid=self._owner.pw_gid,
            port=self.port,
        )
        (folder / "dovecot.conf").write_text(config)
        self._own(folder)

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            for one in (path, *path.rglob("*")):
                os.chown(one, self._owner.pw_uid, self._owner.pw_gid)

    def with_oauth2(self, introspection_port: int) -> None:
        """Tokens are shown to that port; call before `start`."""
        with (self._folder / "dovecot.conf").open("a") as file:
            file.write(OAUTH2.format(folder=self._folder))
        (self._folder / "oauth2.conf.ext").write_text(
            f"introspection_mode = auth\nintrospection_url = http://127.0.0.1:{introspection_port}/introspect\n"
            "username_attribute = email\nactive_attribute = active\nactive_value = true\n"
        )
        self._own(self._folder)

    def start(self) -> None:
        """Up and greeting."""
        command = [self._program, "-c", str(self._folder / "dovecot.conf"), "-F"]
        if os.getuid() == 0:
            who = [f"--reuid={self._owner.pw_name}", f"--regid={self._group}", "--clear-groups"]
            command = ["setpriv", *who, *command]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        _await_port(self.port, _text(self._folder / "dovecot.log"), b"* OK")

    def kill(self) -> None:
        """Gone at once, with every process that serves a client."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            for lock in self.mails.glob("*.lock"):  # of a write cut short: Dovecot would wait two minutes for its end
                lock.unlink()

    def write_mails(self, mails: Iterable[bytes], came: float) -> None:
        """Straight into the Maildir, with that time of arrival."""
        for name in ("cur", "new", "tmp"):
            (self.mails / name).mkdir(parents=True, exist_ok=True)
        for number, raw in enumerate(mails):
            path = self.mails / "cur" / f"{int(came)}.M{number}.test,S={len(raw)}:2,"
            path.write_bytes(raw)
            os.utime(path, (came, came))
        self._own(self.mails)

    def renumber(self) -> None:
        """The index is lost: under a new UIDVALIDITY the mails get new UIDs, perhaps the same ones."""
        uidlist = self.mails / "dovecot-uidlist"
        validity = int(re.search(r"V(\d+)", uidlist.read_text())[1])  # type: ignore[index]  # Dovecot writes it
        for path in self.mails.glob("dovecot*"):
            path.unlink()
        uidlist.write_text(f"3 V{validity + 7} N1\n")  # Dovecot itself would take the time, in whole seconds
        self._own(self.mails)


@pytest.fixture
def stopped_dovecot() -> Iterator[Dovecot]:
    """A Dovecot that is not running yet."""
    program = shutil.which("dovecot", path=SBIN)
    if program is None:
        missing("Dovecot", "dovecot-imapd")
    else:
        with TemporaryDirectory(prefix="imap-", dir="/tmp", ignore_cleanup_errors=True) as name:
            server = Dovecot(program, Path(name))
            try:
                yield server
            finally:
                server.kill()


@pytest.fixture
def mailhost(stopped_dovecot: Dovecot) -> Dovecot:
    """A running Dovecot that tests may kill."""
    stopped_dovecot.start()
    return stopped_dovecot


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


def _await_port(port: int, said: str, banner: bytes = b"220") -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.settimeout(10)
            if sock.recv(4).startswith(banner):
                return
        time.sleep(0.05)
    pytest.fail(f"the server on port {port} did not start: {said}")
