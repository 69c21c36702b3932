"""A headless Chromium that tests drive by the DevTools protocol over a pipe; nothing but files of ours is opened."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.servers import missing

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)

# The browser reads commands from descriptor 3 and answers on 4: a program between us puts our pipes there.
AT_THREE_AND_FOUR = """import os, sys
read, write = os.dup(int(sys.argv[1])), os.dup(int(sys.argv[2]))
os.dup2(read, 3)
os.dup2(write, 4)
os.set_inheritable(3, True)
os.set_inheritable(4, True)
os.execvp(sys.argv[3], sys.argv[3:])"""

# Every visible piece of text whose contrast with what lies behind it is below WCAG 2.2, 1.4.3, AA.
FAINT = """(() => {
  const channel = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const ground = el => { for (; el; el = el.parentElement) { const c = parts(getComputedStyle(el).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const out = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const el = node.parentElement, style = getComputedStyle(el);
    if (!node.data.trim() || !el.getClientRects().length) continue;
    const [one, two] = [light(parts(style.color)), light(ground(el))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) out.push(node.data.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
  }
  return out; })()"""


class Browser:
    """One tab. `said` gathers what its console told, `asked` the addresses that it fetched."""

    def __init__(self, process: "subprocess.Popen[bytes]", read: int, write: int) -> None:
        self._process, self._read, self._write = process, read, write
        self._buffer, self._count, self._session = b"", 0, ""
        self._loaded = False
        self.said: list[str] = []
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """The result of one command; what happens meanwhile is noted."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self._count:
            self._note(found)
        assert "error" not in found, found
        return found["result"]

    def open(self, file: Path) -> None:
        """Loads the file, to its end."""
        self._loaded, self.said, self.asked = False, [], []
        self.call("Page.navigate", url=file.as_uri())
        while not self._loaded:
            self._note(self._next())

    def seen_as(self, *, width: int, dark: bool, zoom: int = 1) -> None:
        """The window's width in pixels, the scheme that its reader likes, and how large the reader has set all of it.

        A browser zooms as it does here: a pixel of the page is `zoom` of the window's, and its width as much smaller.
        """
        size = {"width": width // zoom, "height": 800 // zoom, "deviceScaleFactor": zoom, "mobile": zoom == 1}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def value(self, script: str) -> Any:
        """What the script gives."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = os.read(self._read, 65536)
            assert piece, "the browser ended"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method in {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}:
            self.said.append(json.dumps(params)[:300])


@contextmanager
def _browser(program: str) -> Iterator[Browser]:
    with TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()
        command = [program, *QUIET, f"--user-data-dir={profile}"]
        process = subprocess.Popen(
            [sys.executable, "-c", AT_THREE_AND_FOUR, str(to_read), str(from_write), *command],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(to_read, from_write),
        )
        os.close(to_read)
        os.close(from_write)
        try:
            yield Browser(process, from_read, to_write)
        finally:
            process.terminate()
            process.wait(20)
            os.close(from_read)
            os.close(to_write)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium with one tab."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        missing("Chromium", "chromium")
    else:
        with _browser(program) as found:
            yield found
