"""The daemon: doors, worker, post and ticks, started together and stopped together.

One worker thread does everything that changes a request, so nothing has to be locked against itself; the doors and the
post live on the event loop, each mailbox in its owner thread.
"""

from maild.daemon.lifecycle import Daemon, once, run

__all__ = ["Daemon", "once", "run"]
