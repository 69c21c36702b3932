"""Letters look like what they are: mail of a library to one reader, that no filter should take for an advertisement."""

import email
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import html

from maild.letters.samples import NUMBER, SITE, samples
from tests.letter_house import NOW, composer, in_languages, letter_rules
from tests.servers import missing

DOMAIN = SITE.address.partition("@")[2]
TONGUES = (("fi",), ("sv",), ("en",), ("fi", "en"), ("sv", "fi"))
SHORTENERS = re.compile(r"\b(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|ow\.ly|is\.gd|buff\.ly|cutt\.ly|lnkd\.in|rb\.gy)\b")
SHOUTING = re.compile(r"!!|\?\?|[$€£]{2}|\b(?:FREE|URGENT|WINNER|ILMAINEN|GRATIS)\b")
FAKE = re.compile(r"^(?:re|vs|sv|fw|fwd|vl)\s*:", re.IGNORECASE)  # an answer that answers nothing
MESSAGE_ID = re.compile(r"<[a-z0-9.-]+\.[a-z0-9_]+\.[0-9a-f]{12}@" + re.escape(DOMAIN) + ">")
DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}")
BULK = {"Precedence", "List-Id", "List-Unsubscribe", "X-Priority", "Importance", "X-Mailer", "Bcc"}
RECEIPTS = {"Disposition-Notification-To", "Return-Receipt-To", "Return-Path"}  # RFC 8098; the last is not ours to set
MIN_SHOWN = 0.05  # of the HTML's bytes: below that, filters suspect a picture or a hidden page
ARRIVED = (
    "Received: from mail.library.example\n"
    "\tby mx.reader.example with ESMTPS id 4XyZ; Sun, 22 Nov 2026 10:30:01 +0200 (EET)\n"
)
MAX_SCORE = 2.0  # of SpamAssassin's points; it calls 5 spam


def _letters(*cases: str, tongues: tuple[tuple[str, ...], ...] = TONGUES) -> Iterator[tuple[str, bytes]]:
    """Every letter to everybody, of those samples, in those languages."""
    for name, rule in letter_rules().letters.items():
        for found in samples(rule):
            for languages in tongues if found.name.partition("-")[2] in cases else ():
                raw = composer().compose(in_languages(found.effect, *languages), found.context, now=NOW).raw
                yield f"{name} {found.name} {'+'.join(languages)}", raw


def _message(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == "quoted-printable"  # text in base64 hides what it says
    return str(part.get_content())


def _subject(message: EmailMessage) -> None:
    subject = str(message["Subject"]).removesuffix(f" [{NUMBER}]")
    letters = [char for char in subject if char.isalpha()]
    assert 5 <= len(subject) <= 250
    assert sum(char.isupper() for char in letters) < len(letters) / 3
    assert not SHOUTING.search(subject)
    assert not FAKE.match(subject)
    assert subject.count("!") <= 1
    assert subject.isprintable()


def _fields(message: EmailMessage) -> None:
    assert DATE.fullmatch(message["Date"])
    assert abs(message["Date"].datetime - NOW) < timedelta(seconds=1)
    assert MESSAGE_ID.fullmatch(message["Message-ID"])
    assert len(message["To"].addresses) == len(message["From"].addresses) == 1
    assert message["From"].addresses[0].domain == DOMAIN
    assert message["From"].addresses[0].display_name
    assert message["Reply-To"] is None or message["Reply-To"].addresses[0].domain == DOMAIN
    assert message["Auto-Submitted"] in {"auto-generated", "auto-replied"}
    assert not (BULK | RECEIPTS) & set(message.keys())
    assert len(message.keys()) == len(set(message.keys()))


def _body(message: EmailMessage) -> None:
    body = next(part for part in message.walk() if part.get_content_type() == "multipart/alternative")
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    text, page = _part(message, "plain"), _part(message, "html")
    tree = html.fromstring(page)
    shown = " ".join(" ".join(tree.find("body").itertext()).split())
    assert len(text.split()) > 10
    assert len(shown) / len(page) > MIN_SHOWN
    hidden = " ".join(tree.xpath("string(//*[contains(@style, 'display:none')])").split())
    assert hidden in " ".join(text.split())  # what a list of mails shows is said in the letter
    assert len(tree.xpath("//img")) == 0
    assert not SHORTENERS.search(page + text)
    for link in tree.xpath("//a"):
        address = urlsplit(link.get("href"))
        assert address.scheme in {"", "https", "mailto"}
        if address.scheme == "https":
            assert link.text == link.get("href")  # it says where it leads
    assert min(map(int, re.findall(r"font-size:(\d+)px", page))) >= 14


@pytest.mark.timeout(180)
def test_no_letter_has_what_filters_take_for_an_advertisement() -> None:
    count = 0
    for name, raw in chain(_letters("usual"), _letters("bare", tongues=(("fi", "en"),))):
        message = _message(raw)
        try:
            _subject(message)
            _fields(message)
            _body(message)
        except AssertionError as err:
            raise AssertionError(name) from err
        count += 1
    assert count >= (len(TONGUES) + 1) * len(letter_rules().letters)


@pytest.mark.parametrize("subject", ["KAUKOLAINASI ON MYÖHÄSSÄ", "Re: Kaukolainasi", "Palauta heti!!", "FREE loan"])
def test_a_subject_that_shouts_would_be_seen(subject: str) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    with pytest.raises(AssertionError):
        _subject(message)


@pytest.mark.timeout(180)
def test_spamassassin_gives_no_letter_a_bad_mark(tmp_path: Path) -> None:
    """Its rules that need no network, over the whole catalogue in one go."""
    program = shutil.which("spamassassin")
    if program is None:
        missing("SpamAssassin", "spamassassin")
        return
    every = _letters("usual", tongues=(("fi", "en"), ("sv", "fi")))
    names, mails = zip(*(one for place, one in enumerate(every) if place % 4 in {0, 3}), strict=True)
    box = b"".join(_in_box(raw) for raw in mails)
    done = subprocess.run(
        [program, "--local", "--mbox", "--nocreate-prefs", f"--prefspath={tmp_path / 'none'}"],
        input=box,
        capture_output=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        check=True,
    )
    marks = re.findall(
        r"^X-Spam-Status: \w+, score=(-?[\d.]+) (?:.|\n\t)*", done.stdout.decode("utf-8", "replace"), re.M
    )
    assert len(marks) == len(mails)
    assert {name: mark for name, mark in zip(names, marks, strict=True) if float(mark) > MAX_SCORE} == {}


def _in_box(raw: bytes) -> bytes:
    """The mail as a mailbox of its reader holds it."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\nFrom ", b"\n>From ")
    return b"From ill@library.example Sun Nov 22 10:30:01 2026\n" + ARRIVED.encode() + lines + b"\n"
