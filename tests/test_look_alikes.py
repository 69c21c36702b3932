"""Domains that look like a partner's are told to staff as such; ordinary strangers are not."""

import random
from collections.abc import Iterator

import idna
import pytest

from maild.core.look_alikes import looked_like
from maild.core.mail import Mail
from maild.core.terms import Kind
from maild.core.trust import who_speaks
from tests.house import context, request

PARTNERS = ("koivula.example", "alder.example", "varastokirjasto.example", "lib.tammela.example")
NAMES = ("koivula", "alder", "varastokirjasto", "tammela")
CYRILLIC = {"a": "\u0430", "e": "\u0435", "o": "\u043e", "s": "\u0455", "r": "\u0433", "i": "\u0456", "k": "\u043a"}
STRANGERS = (
    "gmail.com", "helsinki.fi", "utu.fi", "uu.se", "kb.dk", "wonder.example", "example.com", "example", "oulu.fi",
    "library.harvard.edu", "student.example", "hotmail.com", "koivu.example", "tammikuu.com", "varasto.fi", "proton.me",
    "outlook.com", "kirja.fi", "ub.uni-freiburg.de", "older.org", "bl.uk", "nypl.org", "kirjasto.example", "xn--", "",
)  # fmt: skip


def forged(name: str, chance: random.Random) -> Iterator[str]:
    """A partner's name as forgers write it."""
    for place, letter in enumerate(name):
        if letter in CYRILLIC and letter != "r":
            yield idna.encode(f"{name[:place]}{CYRILLIC[letter]}{name[place + 1 :]}.example").decode()
    yield from (f"{name}-example.com", f"{name}.example.com", f"{name}-ill.example", f"evil-{name}.example")
    yield from (f"{name}s.example", f"{name}.examples", f"{name}.co", f"{name}.org", f"mail.{name}.example.evil.test")
    yield f"{name.replace('l', '1')}.example"
    yield f"{name.replace('l', 'i')}.example"
    yield idna.encode(f"{name.replace('a', 'ä', 1)}.example").decode()
    for _ in range(12):
        place = chance.randrange(1, len(name) - 1)
        before, letter, after = name[:place], name[place], name[place + 1 :]
        yield f"{before}{chance.choice('bdfgh')}{after}.example"
        yield f"{before}{letter}{letter}{after}.example"
        yield f"{before}{after}.example"
        yield f"{before}{after[0]}{letter}{after[1:]}.example"


def look_alikes() -> list[str]:
    chance = random.Random(4)
    made = {alike for name in NAMES for alike in forged(name, chance)}
    return sorted(made - {f"{name}.example" for name in NAMES})


def test_over_a_hundred_look_alikes_are_flagged_and_none_is_believed() -> None:
    made = look_alikes()
    assert len(made) >= 100
    assert [domain for domain in made if domain in PARTNERS] == []
    assert [domain for domain in made if not looked_like(domain, PARTNERS)] == []


@pytest.mark.parametrize("domain", STRANGERS)
def test_an_ordinary_stranger_is_none(domain: str) -> None:
    assert looked_like(domain, PARTNERS) == ""


@pytest.mark.parametrize("domain", PARTNERS)
def test_a_partner_looks_like_itself_and_no_other(domain: str) -> None:
    assert looked_like(domain, PARTNERS) == ""


def test_staff_are_told_whom_a_stranger_looks_like() -> None:
    mail = Mail(from_address="ill@a1der.example")
    for one in (request(), None):
        belief = who_speaks(mail, context(*([one] if one else [])), Kind.PARTNER_REPLY, one)
        assert not belief.ok
        assert "looks like alder.example" in belief.why
