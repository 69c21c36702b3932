"""What every test may use; and the guard that keeps tests off the network."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

# As the third judge sets it where nothing has loaded numpy yet: threads of two workers would wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ["tests.databases", "tests.servers", "tests.browser"]

SHARED = Path(__file__).parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of labelled and foreign mails beside the checkout; tests that measure on it need it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside this checkout: nothing to measure on")
    return SHARED


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """A verb that a test runs says where the log goes; the next test begins without that."""
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach another host."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]  # whatever the caller gave: the real one judges it

    monkeypatch.setattr(socket.socket, "connect", guarded)
