"""run, once."""

import logging
import sys
from pathlib import Path

import structlog

from maild import daemon
from maild.clock import SystemClock
from maild.verbs.configured import settings_of


def run(config: Path | None) -> None:
    """The daemon, until it is told to stop."""
    log_to_stderr()
    daemon.run(settings_of(config), SystemClock())


def once(config: Path | None) -> None:
    """Whatever there is to do now."""
    log_to_stderr()
    daemon.once(settings_of(config), SystemClock())


def log_to_stderr() -> None:
    """One JSON object a line for the journal. aiosmtpd logs addresses and, at debug, whole mails: not below warning."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # aiosmtpd logs unknown commands as they were said, at warning: a stranger's words have no place in the journal.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
