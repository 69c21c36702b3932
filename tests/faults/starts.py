"""How soon a daemon that was killed is ready again, against the bare import of the libraries that it uses."""

import subprocess
import sys
import time
from statistics import median

from tests.faults.town import ROOT, Town

READY_WITHIN = 2.5  # times the import
ROUNDS = 5
LIBRARIES = """\
import sys
import maild.cli, maild.verbs.running, maild.daemon.lifecycle, maild.reader.child  # both processes of it
for name, module in list(sys.modules.items()):
    if "site-packages" in str(getattr(module, "__file__", "")) and name.partition(".")[0] not in {"maild", "parsers"}:
        print(name)
"""


def bare_and_ready(place: Town) -> tuple[float, float]:
    """Seconds, the middle one of some rounds each: importing the libraries and nothing else; from a kill to ready."""
    named = subprocess.run([sys.executable, "-c", LIBRARIES], cwd=ROOT, capture_output=True, text=True, check=True)
    bare = "".join(f"import {name}\n" for name in named.stdout.split())
    imports, starts = [], []
    for _ in range(ROUNDS):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", bare], check=True)
        imports.append(time.monotonic() - began)
        place.end()
        place.start()
        place.await_ready()
        starts.append(place.starts[-1])
    return median(imports), median(starts)
