"""Mails that pretend: composition tricks, look-alikes, forged stamps, replays, guessed tokens: none may act."""

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

import pytest

from maild import house
from maild.core.decide import decide
from maild.core.effects import (
    AskStaff,
    ChangeRequest,
    Decision,
    FileMail,
    Folder,
    Move,
    OpenRequest,
    PutAttempt,
    PutItem,
    ReadMail,
    SendLetter,
)
from maild.core.terms import Party
from maild.core.trust import reply_address, sign, token_ok
from maild.reader import Opened, ToOpen
from maild.reader.within import InProcessReader
from maild.reading.opening import open_mail
from maild.rulebook import Rulebook
from maild.settings import Settings
from tests.house import NUMBER, context, request

MX = "mx.library.example"
KEY = "5f" * 32
REAL = "Alder ILL <ill@alder.example>"
PASS = f"{MX}; dkim=pass header.d=alder.example; dmarc=pass header.from=alder.example"
EVIL = f"{MX}; dkim=pass header.d=evil.example; dmarc=pass header.from=evil.example"
RECEIVED = "Received: from out.example by mx.library.example; Mon, 23 Nov 2026 10:00:00 +0200\r\n"
SAYS = "Hello,\r\n\r\nwe have sent the book today. It is due back on 20 December 2026.\r\n\r\nKind regards\r\nAlder\r\n"
WORD = base64.b64encode(b"ill@alder.example").decode()
ACTS = Move | ChangeRequest | PutItem | PutAttempt | OpenRequest | SendLetter

# What a sender can write into From; our MX found the mail to be truly from evil.example.
COMPOSED = (
    "ill@alder.example <evil@evil.example>",
    '"ill@alder.example" <evil@evil.example>',
    "Alder ILL ill@alder.example <evil@evil.example>",
    "ill@alder.example, evil@evil.example",
    "evil@evil.example, ill@alder.example",
    "<evil@evil.example>, <ill@alder.example>",
    "<evil@evil.example> ill@alder.example",
    "<ill@alder.example> <evil@evil.example>",
    "<ill@alder.example><evil@evil.example>",
    "<ill@alder.example <evil@evil.example>>",
    "ill@alder.example(evil@evil.example)",
    "(ill@alder.example) evil@evil.example",
    "evil@evil.example (ill@alder.example)",
    "ill(x)@alder.example",
    "group: ill@alder.example;",
    "group: ill@alder.example, evil@evil.example;",
    "<@evil.example:ill@alder.example>",
    "<@alder.example:evil@evil.example>",
    "<@evil.example,@alder.example:ill@alder.example>",
    "=?utf-8?q?ill=40alder.example?= <evil@evil.example>",
    "=?utf-8?q?ill=40alder.example?=",
    f"=?utf-8?b?{WORD}?=",
    f"=?utf-8?b?{WORD}?= <evil@evil.example>",
    "=?utf-8?q?=3Cill=40alder.example=3E?= <evil@evil.example>",
    "=?utf-8?q?Alder=00?= <evil@evil.example>",
    "ill@alder.example\0<evil@evil.example>",
    "ill@alder.example\x0bevil@evil.example",
    "ill@alder.example.evil.example",
    "ill@alder.example@evil.example",
    "evil@evil.example@alder.example",
    '"ill@alder.example"@evil.example',
    "ill%alder.example@evil.example",
    "alder.example!ill@evil.example",
    '"<ill@alder.example>" <evil@evil.example>',
    '"Alder\\" <ill@alder.example>" <evil@evil.example>',
    "Alder <ill@alder.example>\r\n <evil@evil.example>",
    "\r\n ill@alder.example\r\n <evil@evil.example>",
    "",
    "Alder ILL",
    "ill@alder\u3002example",  # full stops of other scripts, and wide letters, which IDNA maps to plain ones
    "ill@\uff41lder.example",
    "ill@alder.example\u3002evil.example",
    "ill@alder.example\\@evil.example",
    "ill@alder.example\u200b@evil.example",
    "ill@alder.example\u202e@evil.example",
    "ill@alder.example <evil@evil.example",
    "evil@evil.example> <ill@alder.example>",
    "<ill@alder.example>\t<evil@evil.example>",
    "<ill@alder.example>,",
    "Alder: <ill@alder.example>",
    "Alder, ILL <ill@alder.example>",
    "ill@alder.example;evil@evil.example",
    "ill@alder.example via evil@evil.example",
    "'ill@alder.example' <evil@evil.example>",
    "ill@alder.example\r\nX-Other: x",
    "ill@[alder.example]",
    "ill@alder.example.",
    "ill@.alder.example",
    "ill@alder..example",
    "mailto:ill@alder.example",
    "ill@@alder.example",
    "=?utf-8?q?Alder?= =?utf-8?q?=3Cill=40alder=2Eexample=3E?=",
    "=?utf-8?q?ill=40alder=2Eexample=2C?= evil@evil.example",
    "=?utf-8?q?=0D=0AFrom=3A?= ill@alder.example <evil@evil.example>",
    "<ill=40alder.example@evil.example>",
    '"ill@alder.example" "x" <evil@evil.example>',
    "undisclosed-recipients:; <ill@alder.example>",
    "ill@alder.example%evil.example",
)
LOOK_ALIKES = (
    "ill@\u0430lder.example",
    "ill@a\u217cder.example",
    "ill@alder.ex\u0430mple",
    "ill@xn--lder-53d.example",
    "ill@a1der.example",
    "ill@aIder.example",
    "ill@alder-example.example",
    "ill@evil-alder.example",
    "ill@alder.example.com",
    "ill@alder.exarnple",
    "ill@alderexample",
    "ill@alder\u2024example",
    "ill@alder.exampl\u0435",
    "ill@\u03b1lder.example",
    "ill@alder.ex\u00e4mple",
    "ill@\u00e4lder.example",
    "ill@al\u0501er.example",
    "ill@aider.example",
    "ill@alders.example",
    "ill@alder.examples",
    "ill@alder-ill.example",
    "ill@alder.example.fi",
    "ill@mail-alder.example",
    "ill@aldre.example",
    "ill@alder.co",
    "ill@xn--alder-example",
)
# What a sender, or a careless relay, can write of stamps; the From field is the partner's own.
STAMPS = (
    (),
    ("mx.evil.example; dmarc=pass header.from=alder.example",),
    (f"{MX}.evil.example; dmarc=pass header.from=alder.example",),
    (f"evil.{MX}; dmarc=pass header.from=alder.example",),
    (f"({MX}) mx.evil.example; dmarc=pass header.from=alder.example",),
    (f"{MX}; dmarc=fail header.from=alder.example",),
    (f"{MX}; dmarc=none header.from=alder.example",),
    (f"{MX}; dmarc=temperror header.from=alder.example",),
    (f"{MX}; none",),
    (f"{MX}; dmarc=fail header.from=alder.example", PASS),
    (EVIL,),
    (EVIL, PASS),
    ("mx.evil.example; dmarc=fail header.from=alder.example", PASS),
    (f"{MX}; dkim=pass header.d=evil.example",),
    (f"{MX}; dkim=pass header.d=alder.example.evil.example",),
    (f"{MX}; dkim=fail header.d=alder.example; dkim=pass header.d=evil.example",),
    (f"{MX}; spf=pass smtp.mailfrom=alder.example",),
    (f"{MX}; spf=pass smtp.mailfrom=ill@alder.example; dkim=none",),
    (f"{MX}; dmarc=fail (dmarc=pass header.from=alder.example) header.from=alder.example",),
    (f"{MX}; x-dmarc=pass header.from=alder.example",),
    (f"{MX}; arc=pass header.d=alder.example",),
    (f'{MX}; spf=pass smtp.mailfrom="x; dmarc=pass header.from=alder.example"@evil.example',),
    (f"{MX}; dmarc=pass",),
    (f"{MX}; dmarc=pass header.from=evil.alder.example",),
    (f"{MX}; dmarc=pass header.from=alder.example.",),
    (f"{MX}; dmarc=pass header.from=alder.example; dmarc=fail header.from=alder.example",),
    (f"{MX}; dkim=pass header.i=ill@alder.example header.d=evil.example",),
    (f"{MX}; dkim=pass header.i=@evil.example",),
    (f"{MX}; dkim=pass header.d=example",),
    (f"{MX}; dkim=pass header.d=xalder.example",),
    (f"{MX}; dkim=neutral header.d=alder.example",),
    (f"{MX}; dkim=policy header.d=alder.example; spf=pass smtp.mailfrom=alder.example",),
    (f"{MX}; iprev=pass policy.iprev=203.0.113.1; auth=pass smtp.auth=ill@alder.example",),
    (f"{MX}; bimi=pass header.d=alder.example",),
    (f"{MX}/1; dkim=pass header.d=evil.example", PASS),
    (f"{MX};\r\n dmarc=fail\r\n header.from=alder.example",),
    (f"{MX}; dmarc=pass\0 header.from=alder.example; dmarc=fail header.from=alder.example",),
    (f"{MX}\u200b; dmarc=pass header.from=alder.example",),
    (f'"{MX}" evil; dmarc=pass header.from=alder.example',),
    (f"evil.example; x={MX}; dmarc=pass header.from=alder.example",),
    ("; dmarc=pass header.from=alder.example",),
    ("dmarc=pass header.from=alder.example",),
)
OTHERS = (  # headers that name the partner beside a From that does not
    "Sender: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "Reply-To: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "Resent-From: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "From: evil@evil.example\r\nFrom: ill@alder.example\r\n",
    "From: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "From : ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "From\0: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "X-Original-From: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "Return-Path: <ill@alder.example>\r\nFrom: evil@evil.example\r\n",
    "From:\r\n ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "FROM: evil@evil.example\r\nfrom: ill@alder.example\r\n",
    "Resent-Sender: ill@alder.example\r\nResent-From: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "X-Sender: ill@alder.example\r\nX-Google-Original-From: ill@alder.example\r\nFrom: evil@evil.example\r\n",
    "ARC-Authentication-Results: i=1; mx.library.example; dmarc=pass\r\nFrom: ill@alder.example\r\n",
    "Received-SPF: pass (mx.library.example: domain of ill@alder.example)\r\nFrom: ill@alder.example\r\n",
    "DKIM-Signature: v=1; a=rsa-sha256; d=alder.example; s=x; h=from; bh=x; b=x\r\nFrom: ill@alder.example\r\n",
)
# What the partner's own mail looks like on its ways: an honest desk must not be left to staff.
PASS_DKIM = f"{MX}; dkim=pass header.d=alder.example"
GENUINE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ill@alder.example", (PASS,)),
    ("<ill@alder.example>", (PASS,)),
    ("Alder ILL <ill@alder.example>", (PASS,)),
    ("ALDER ILL <ILL@ALDER.EXAMPLE>", (PASS,)),
    ('"Alder, ILL" <ill@alder.example>', (PASS,)),
    ('"Alder (ILL)" <ill@alder.example>', (PASS,)),
    ('"Alder: kaukopalvelu" <ill@alder.example>', (PASS,)),
    ("=?utf-8?q?L=C3=A4hi_Alder?= <ill@alder.example>", (PASS,)),
    ("=?iso-8859-1?q?L=E4hi?= =?iso-8859-1?q?_Alder?= <ill@alder.example>", (PASS,)),
    ("Lähi Alder <ill@alder.example>", (PASS,)),
    ("Alder ILL\r\n <ill@alder.example>", (PASS,)),
    ("Alder ILL  \t <ill@alder.example>", (PASS,)),
    ("maija.meikalainen@alder.example", (PASS,)),
    ("Maija Meikäläinen <maija+ill@alder.example>", (PASS,)),
    ("O'Brien <o'brien@alder.example>", (PASS,)),
    (REAL, (PASS_DKIM,)),
    (REAL, (f"{MX}; dkim=pass header.i=@alder.example header.s=s1 header.b=abcdefgh",)),
    (REAL, (f"{MX}; dkim=pass (2048-bit key) header.d=alder.example header.i=@alder.example",)),
    (REAL, (f"{MX}; dkim=fail header.d=list.example; dkim=pass header.d=alder.example",)),
    (REAL, (f"{MX}; dkim=pass header.d=mail.alder.example",)),
    (REAL, (f"{MX}; spf=pass smtp.mailfrom=bounce.alder.example; dmarc=pass (p=REJECT) header.from=alder.example",)),
    (REAL, (f"{MX}; spf=softfail smtp.mailfrom=alder.example; dmarc=pass header.from=alder.example",)),
    (REAL, (f"{MX}; dmarc=pass (policy=none) header.from=alder.example",)),
    (REAL, (f"{MX};\r\n\tdkim=pass header.d=alder.example;\r\n\tdmarc=pass header.from=alder.example",)),
    (REAL, (f"{MX} 1; dmarc=pass header.from=alder.example",)),
    (REAL, (PASS, "gateway.alder.example; dkim=none")),
    (REAL, (PASS, "mx.evil.example; dmarc=fail header.from=alder.example")),
    (REAL, (PASS, f"{MX}; dmarc=fail header.from=alder.example")),  # the lower one is not our MX's doing
    (REAL, (f"{MX.upper()}; dmarc=pass header.from=ALDER.EXAMPLE",)),
    (REAL, (f"{MX}; arc=pass header.d=relay.example; dmarc=pass header.from=alder.example",)),
)


@cache
def rulebook() -> Rulebook:
    return house.paper_of(Settings()).rulebook


@cache
def reader() -> InProcessReader:
    return InProcessReader(rulebook().reading)


def a_mail(*stamps: str, head: str = "", sender: str = REAL, to: str = "ill@library.example", date: str = "") -> bytes:
    """What a supplier would write, with these stamps and this sender; `head` takes the From field's place."""
    stamped = "".join(f"Authentication-Results: {stamp}\r\n" for stamp in stamps)
    origin = head or f"From: {sender}\r\n"
    rest = f"To: {to}\r\nSubject: Re: {NUMBER}\r\nMessage-ID: <{secrets.token_hex(4)}@x.example>\r\n"
    rest += (
        f"Date: {date or 'Mon, 23 Nov 2026 09:59:00 +0200'}\r\nIn-Reply-To: <kp-2026-000123.1.aa@library.example>\r\n"
    )
    return f"{stamped}{RECEIVED}{origin}{rest}Content-Type: text/plain; charset=utf-8\r\n\r\n{SAYS}".encode()


def decided(raw: bytes, *, recipients: Iterable[str] = ()) -> Decision:
    known = context(request(), reply_key=KEY)
    one = ToOpen(raw=raw, received_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC), recipients=tuple(recipients))
    (opened,) = reader().open([one])
    assert isinstance(opened, Opened)
    (reading,) = reader().read([known])
    happening = ReadMail(mail=opened.mail, reading=reading, id="m")  # type: ignore[arg-type]  # a bug would show here
    return decide(happening, known, rulebook().rules, datetime(2026, 11, 23, 8, 0, tzinfo=UTC))


def acts(decision: Decision) -> list[str]:
    """What the decision changes or sends, by name."""
    return [type(effect).__name__ for effect in decision.effects if isinstance(effect, ACTS)]


def test_the_true_mail_acts() -> None:
    decision = decided(a_mail(PASS))
    assert decision.auto
    assert "Move" in acts(decision)  # without this, the tests below would prove nothing


@pytest.mark.parametrize("sender", COMPOSED)
def test_no_way_of_writing_from_makes_a_stranger_the_partner(sender: str) -> None:
    assert acts(decided(a_mail(EVIL, sender=sender))) == []


@pytest.mark.parametrize("sender", LOOK_ALIKES)
def test_no_look_alike_is_the_partner(sender: str) -> None:
    domain = sender.partition("@")[2]
    assert acts(decided(a_mail(f"{MX}; dmarc=pass header.from={domain}", sender=sender))) == []


@pytest.mark.parametrize("stamps", STAMPS)
def test_no_stamp_but_our_own_mx_s_makes_a_mail_the_partner_s(stamps: tuple[str, ...]) -> None:
    assert acts(decided(a_mail(*stamps))) == []


@pytest.mark.parametrize("head", OTHERS)
def test_no_other_header_speaks_for_the_sender(head: str) -> None:
    assert acts(decided(a_mail(EVIL, head=head))) == []
    if head.count("From") > 1 and not head.startswith(("X-", "Resent")):
        assert acts(decided(a_mail(PASS, head=head))) == []  # even where our MX took the other field


@pytest.mark.parametrize("to", ["ill@library.example", f"ill+{NUMBER.lower()}.s.{'a' * 16}@library.example"])
def test_mail_of_a_service_that_was_given_our_address_is_for_staff_only(to: str) -> None:
    """Whoever can read a desk's mail can sign up elsewhere with its address (the ticket trick): no patron sees it."""
    head = "From: Chat <no-reply@chat.example>\r\nReply-To: v@evil.example\r\nCc: v@evil.example\r\n"
    raw = a_mail(f"{MX}; dkim=pass header.d=chat.example; dmarc=pass header.from=chat.example", head=head, to=to)
    raw = raw.replace(SAYS.encode(), b"Your confirmation code is 123-456. Confirm: https://chat.example/c/123456\r\n")
    decision = decided(raw, recipients=[to])
    assert [type(effect) for effect in decision.effects] == [AskStaff, FileMail]
    assert FileMail(folder=Folder.TODO) in decision.effects


SIGNATURE = "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEB\r\n-----END PGP SIGNATURE-----\r\n"
WRAPPED = {
    "smime": (
        'multipart/signed; protocol="application/pkcs7-signature"',
        "application/pkcs7-signature; name=smime.p7s",
    ),
    "pgp": ('multipart/signed; protocol="application/pgp-signature"', "application/pgp-signature"),
    "inline": ("", ""),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_no_signature_within_a_mail_speaks_for_its_sender(kind: str) -> None:
    """Nobody checked it, and a certificate's name is as easily written as a From field (Johnny's mails)."""
    outer, inner = WRAPPED[kind]
    for stamps in ((), (EVIL,)):
        plain = a_mail(*stamps)
        head, _, _ = plain.decode().partition("Content-Type:")
        if kind == "inline":
            body = f"Content-Type: text/plain\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n{SAYS}{SIGNATURE}"
        else:
            body = (
                f"Content-Type: {outer}; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{SAYS}\r\n"
                f"--b\r\nContent-Type: {inner}\r\n\r\n{SIGNATURE}\r\n--b--\r\n"
            )
        signed = f"{head}MIME-Version: 1.0\r\n{body}".encode()
        assert open_mail(signed).signed == ("smime" if kind == "smime" else "pgp")
        assert acts(decided(signed)) == []


@pytest.mark.parametrize("date", ["Mon, 02 Nov 2026 09:00:00 +0200", "Sun, 23 Nov 2025 09:00:00 +0200"])
def test_an_old_mail_sent_again_does_not_act(date: str) -> None:
    assert acts(decided(a_mail(PASS, date=date))) == []


@pytest.mark.parametrize("party", list(Party))
def test_a_token_on_the_address_does_not_make_a_stranger_the_partner(party: Party) -> None:
    to = reply_address("ill@library.example", KEY, NUMBER, party, "ill@alder.example")
    assert acts(decided(a_mail(EVIL, sender="evil@evil.example", to=to), recipients=[to])) == []


def test_what_is_left_is_told_to_staff_with_the_check_that_failed() -> None:
    decision = decided(a_mail(EVIL, sender="evil@evil.example"))
    (asked,) = [effect for effect in decision.effects if isinstance(effect, AskStaff)]
    assert "evil.example" in asked.text
    assert any(isinstance(effect, FileMail) for effect in decision.effects)


def test_what_the_partner_really_wrote_acts_in_at_least_95_of_100() -> None:
    left = [(sender, stamps) for sender, stamps in GENUINE if not acts(decided(a_mail(*stamps, sender=sender)))]
    assert len(left) <= len(GENUINE) * 0.05, left


def test_a_hundred_thousand_guesses_find_no_token() -> None:
    """bench/tokens.py makes a million."""
    guesses = (guess() for _ in range(100_000))
    assert not any(token_ok((KEY,), NUMBER, Party.SUPPLIER, "ill@alder.example", guess) for guess in guesses)


def guess() -> str:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[byte & 31] for byte in secrets.token_bytes(16))


def test_a_token_is_compared_whole_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def overheard(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", overheard)
    token = sign(KEY, NUMBER, Party.PATRON, "a@b.example")
    old = "6e" * 32
    for keys, given in (((KEY, old), token), ((old, KEY), token), ((KEY, old), guess())):
        assert token_ok(keys, NUMBER, Party.PATRON, "a@b.example", given) is (given == token)
    assert [len(one) for one, _ in compared] == [16] * 6  # every key is tried, whatever the first one said
    assert all(other in {token.encode(), compared[-1][1]} for _, other in compared)


def test_there_are_at_least_a_hundred_and_forty_forgeries() -> None:
    assert len(set(COMPOSED)) + len(set(LOOK_ALIKES)) + len(set(STAMPS)) + len(set(OTHERS)) >= 140
