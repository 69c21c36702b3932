"""The daemon: doors, worker, post and ticks, started together and stopped together.

One worker thread does everything that changes a request, so nothing has to be locked against itself; the doors and the
post live on the event loop, each mailbox in its owner thread.
"""

from maild.clock import Clock
from maild.settings import Settings


def run(settings: Settings, clock: Clock) -> None:
    """`maild run`."""
    from maild.daemon.beginning import begin

    begun = begin(settings)
    from maild.daemon.lifecycle import go  # imports most libraries, which takes as long as the reader needs to start

    go(lambda daemon: daemon.run(), settings, clock, begun)


def once(settings: Settings, clock: Clock) -> None:
    """`maild once`."""
    from maild.daemon.beginning import begin

    begun = begin(settings)
    from maild.daemon.lifecycle import go  # as above

    go(lambda daemon: daemon.once(), settings, clock, begun)
