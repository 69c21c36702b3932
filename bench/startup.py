"""How quick `maild --help` is, against a bare `python -c 'import typer'` in the same run: at most twice its time."""

import subprocess
import sys
import time

RUNS = 9
LIMIT = 2.0


def seconds(*command: str) -> float:
    """The best of some runs: what the machine does besides only ever adds."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    baseline = seconds("-c", "import typer")
    ours = seconds("-m", "maild", "--help")
    print(f"maild --help {ours:.3f} s, import typer {baseline:.3f} s, ratio {ours / baseline:.2f} (at most {LIMIT})")
    sys.exit(ours > LIMIT * baseline)
