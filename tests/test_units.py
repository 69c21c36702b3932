"""The units: how far they expose the machine, why each line is there, and the reader in a sandbox without network."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maild import house
from maild.core.mail import Clues
from maild.core.request import Context
from maild.reader import Opened, Reader, ReaderFailed, ToOpen
from maild.settings import Settings
from tests.desk_parts import form

SYSTEMD = Path(__file__).parent.parent / "systemd"
# What stands in for the unit's PrivateNetwork, ProtectSystem, ProtectHome, PrivateUsers and the rest on this machine.
# What bubblewrap can do of the reader's unit, as far as the unit asks for it.
ASKED = (SYSTEMD / "maild-reader@.service").read_text("utf-8").splitlines()
SANDBOX = ["bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--die-with-parent"]
SANDBOX += ["--unshare-net"] if "PrivateNetwork=yes" in ASKED else []
SANDBOX += ["--ro-bind" if "ProtectSystem=strict" in ASKED else "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
SANDBOX += ["--tmpfs", "/home", "--tmpfs", "/var/lib", "--cap-drop", "ALL"]
CONNECT = "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 3)"
WRITE = "import pathlib; pathlib.Path('/var/tmp/maild-reader-wrote').write_text('x')"


def needs(program: str, package: str) -> None:
    """Skips with the one line that says what to install; in CI nothing may be missing."""
    if shutil.which(program) is None:
        if os.environ.get("MAILD_NO_SKIP"):
            pytest.fail(f"{program} is missing: apt-get install {package}")
        pytest.skip(f"needs {program}: apt-get install {package}")


@pytest.mark.parametrize(("unit", "tenths"), [("maild.service", 11), ("maild-reader@.service", 4)])
def test_a_unit_exposes_the_machine_no_further_than_it_may(unit: str, tenths: int) -> None:
    needs("systemd-analyze", "systemd")
    assert _exposure_is_below(SYSTEMD / unit, tenths)


def test_a_bare_unit_exposes_more(tmp_path: Path) -> None:
    needs("systemd-analyze", "systemd")
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/usr/bin/python3\n")
    assert not _exposure_is_below(bare, 11)


def _exposure_is_below(unit: Path, tenths: int) -> bool:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={tenths}", str(unit)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("unit", sorted(path.name for path in SYSTEMD.glob("*.s*")))
def test_every_block_of_a_unit_says_why_it_is_there(unit: str) -> None:
    if unit.endswith("sysusers"):
        return
    blocks = (SYSTEMD / unit).read_text("utf-8").split("\n\n")
    assert all("#" in block for block in blocks if "[Service]" in block or "[Socket]" in block)


@contextmanager
def reader_unit(folder: Path) -> Iterator[Path]:
    """A socket that starts a reader in the sandbox for each connection, as maild-reader.socket does."""
    needs("bwrap", "bubblewrap")
    needs("systemd-socket-activate", "systemd")
    path = folder / "reader.sock"
    python = [*SANDBOX, "--chdir", str(Path.cwd()), sys.executable, "-m", "maild.reader", "0"]
    unit = subprocess.Popen(
        ["systemd-socket-activate", "--accept", "--inetd", "-l", str(path), *python],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert unit.stderr is not None
        unit.stderr.readline()  # it says that it listens
        yield path
    finally:
        unit.kill()
        unit.wait()
        unit.stderr.close()


def reader_at(service: Path) -> Reader:
    settings = Settings()
    rulebook = house.paper_of(settings).rulebook
    return Reader(rulebook.files, rulebook.rules.site, settings.our_addresses, service=service)


def test_the_reader_reads_in_a_sandbox_without_network_and_files(tmp_path: Path) -> None:
    with reader_unit(tmp_path) as service:
        reader = reader_at(service)
        (opened,) = reader.open([ToOpen(raw=form())])
        assert isinstance(opened, Opened), opened
        assert opened.clues != Clues()
        (reading,) = reader.read([Context()])
        assert reading is not None
        reader.close()
        (again,) = reader.open([ToOpen(raw=form())])  # a new connection, a new process
        assert isinstance(again, Opened)
        reader.close()


@pytest.mark.parametrize("script", [CONNECT, WRITE])
def test_nothing_can_be_reached_or_written_from_that_sandbox(script: str) -> None:
    needs("bwrap", "bubblewrap")
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", script, str(server.getsockname()[1])]
        outside = subprocess.run(command, capture_output=True, check=False).returncode
        inside = subprocess.run([*SANDBOX, *command], capture_output=True, check=False).returncode
    Path("/var/tmp/maild-reader-wrote").unlink(missing_ok=True)  # noqa: S108  # what the control wrote
    assert outside == 0  # can fail
    assert inside != 0


def test_a_reader_unit_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReaderFailed, match=r"maild-reader\.socket"):
        reader_at(tmp_path / "nobody.sock").open([ToOpen(raw=form())])
