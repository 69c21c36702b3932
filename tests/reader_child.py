"""A reader process whose parser obeys the subject of a mail: it dies, hangs, eats memory, raises, or tells secrets.

Started by tests/test_reader.py in the place of `python -m maild.reader`.
"""

import os
import sys
import time

from maild.core.mail import Mail
from maild.core.reading import Doubt, Reading
from maild.core.request import Context
from maild.reader.child import run
from maild.reader.within import InProcessReader
from maild.reading.rules import ReadingRules


class Obedient:
    """Does what the subject says."""

    name = "obedient"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """A reading whose language tells which process read it, and whose doubt tells what it knows."""
        if mail.subject == "die":
            os.abort()
        elif mail.subject == "hang":
            time.sleep(600)
        elif mail.subject == "eat":
            bytearray(2**30)
        elif mail.subject == "raise":
            raise KeyError("by order")
        secrets = f"{context.reply_key}{sorted(os.environ)}"
        return Reading(language=str(os.getpid()), doubts=(Doubt(reason="unclear", text=secrets, passage=mail.text),))


def start(rules: ReadingRules) -> InProcessReader:
    """A reader with that parser only."""
    return InProcessReader(rules, [Obedient()])


if __name__ == "__main__":
    run(int(sys.argv[1]), start)
