"""A million guessed tokens at the check of reply addresses, with a current and an old key: none may be right (T6)."""

import secrets
import sys
import time

from maild.core.terms import Party
from maild.core.trust import sign, token_ok

GUESSES = 1_000_000
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
NUMBER, ADDRESS = "KP-2026-000123", "ill@alder.example"


def guess() -> str:
    """Sixteen letters of base32."""
    return "".join(LETTERS[byte & 31] for byte in secrets.token_bytes(16))


def main() -> int:
    """Guesses, and the control: the true token is found among them, one of another request is not."""
    keys = (secrets.token_hex(32), secrets.token_hex(32))
    began = time.process_time()
    hits = sum(token_ok(keys, NUMBER, Party.SUPPLIER, ADDRESS, guess()) for _ in range(GUESSES))
    took = time.process_time() - began
    true = [sign(key, NUMBER, Party.SUPPLIER, ADDRESS) for key in keys]
    found = sum(token_ok(keys, NUMBER, Party.SUPPLIER, ADDRESS, token) for token in true)
    others = [sign(keys[0], f"KP-2026-{n:06}", Party.SUPPLIER, ADDRESS) for n in range(1000) if n != 123]
    others += [sign(keys[0], NUMBER, party, ADDRESS) for party in Party if party is not Party.SUPPLIER]
    wrong = sum(token_ok(keys, NUMBER, Party.SUPPLIER, ADDRESS, token) for token in others)
    print(
        f"{GUESSES:,} guesses: {hits} right, {took / GUESSES * 1e6:.1f} us each; "
        f"{found} of 2 true tokens known, {wrong} of {len(others)} of other requests and parties taken"
    )
    return int(bool(hits or wrong or found != len(keys)))


if __name__ == "__main__":
    sys.exit(main())
