"""Daemons that may be killed by the dozen: what is alike in each (imports, rules) is made once, then forked.

`python -m tests.nursery maild.toml` starts one for each line on stdin, says its process id, and later how it ended.
They read mails within their own process; tests/test_kill.py kills some of `maild run` as well.
"""

import os
import sys
from pathlib import Path
from unittest.mock import patch

from maild import daemon, house
from maild.clock import SystemClock
from maild.configuration import load
from maild.daemon import beginning
from maild.reader.within import InProcessReader
from maild.verbs.running import log_to_stderr


def main(config: Path) -> None:
    """Until stdin ends."""
    settings = load(config)
    paper = house.paper_of(settings)
    reader = InProcessReader(paper.rulebook.reading)
    house.paper_of = lambda *_: paper
    patch.object(beginning, "Reader", lambda *_, **__: reader).start()  # for as long as the process lives
    log_to_stderr()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            daemon.run(settings, SystemClock())
            os._exit(0)
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
