"""`python -m maild.reader FD`: the child, which takes its orders from that socket."""

import sys

from maild.reader.child import run

if __name__ == "__main__":
    run(int(sys.argv[1]))
