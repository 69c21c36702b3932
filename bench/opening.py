"""How much longer it takes to open and read a mail than the standard library takes to cut it into parts.

Prints microseconds a mail and the ratio to email.message_from_bytes (compat32), measured in the same run on generated
replies of about 5 kB with three Received fields and encoded headers.

    python bench/opening.py [mails]
"""

import email
import sys
import time
from collections.abc import Callable, Sequence
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from maild import rulebook
from maild.core.mail import Mail
from maild.reading import quotes, rules
from maild.reading.clues import clues_of
from maild.reading.opening import open_mail
from maild.reading.read import read_alone
from maild.registry import load_parsers

OURS = ("ill@library.example",)
PREFIXES = ("KP",)
QUOTED_PRINTABLE = Charset("utf-8")
QUOTED_PRINTABLE.body_encoding = QP
ROUNDS = 5  # the best of these counts: other work on the machine only ever makes one slower


def reply(number: int) -> bytes:
    """A reply as partners write it: some lines of their own over our quoted letter."""
    letter = [
        f"> Rivi {n}: pyydämme kaukolainaksi seuraavaa teosta, nide {n} / we ask to borrow this" for n in range(13)
    ]
    body = [
        "Hei,",
        "",
        f"kirja on lähetetty tänään postissa. Eräpäivä 15.1.2027, viivakoodi 1300{number:07d}.",
        "",
        "Terveisin",
        "Riitta Haapala",
        "",
        "Esimerkin kirjasto, kaukopalvelu kirjoitti 11.8.2026 klo 9.09:",
        *letter,
    ]
    lines = "".join(f"<p class=MsoNormal>{line}<o:p></o:p></p>\n" for line in body)
    mail = MIMEMultipart(
        "alternative", _subparts=[_part("\n".join(body), "plain"), _part(f"<html>{lines}</html>", "html")]
    )
    for hop in range(3):
        mail["Received"] = (
            f"from mail{hop}.partner.example (mail{hop}.partner.example [192.0.2.{hop}]) by mx{hop}.library.example "
            f"(Postfix) with ESMTPS id {number:08x}{hop} for <ill@library.example>; Wed, 04 Nov 2026 13:02:49 +0200"
        )
    mail["Authentication-Results"] = (
        "mx1.library.example; spf=pass smtp.mailfrom=partner.example; dkim=pass header.d=partner.example; "
        "dmarc=pass header.from=partner.example"
    )
    mail["From"] = f"{Header('Kivistö Riitta', 'utf-8').encode()} <riitta@partner.example>"
    mail["To"] = f"ill+kp-2026-{number:06d}@library.example"
    mail["Subject"] = Header(f"VS: [KP-2026-{number:06d}] Kaukolainapyyntö / Interlibrary loan request", "utf-8")
    mail["Date"] = "Wed, 04 Nov 2026 13:02:49 +0200"
    mail["Message-ID"] = f"<{number:020d}@partner.example>"
    mail["In-Reply-To"] = f"<kp-2026-{number:06d}.1@library.example>"
    return mail.as_bytes()


def _part(text: str, kind: str) -> MIMEText:
    return MIMEText(text, kind, QUOTED_PRINTABLE)


def best(work: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    """Microseconds a mail in the fastest round."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for raw in mails:
            work(raw)
        rounds.append(time.perf_counter() - start)
    return min(rounds) / len(mails) * 1e6


def main(count: int) -> None:
    """Measures and prints."""
    mails = [reply(n) for n in range(1, count + 1)]
    files, _problems = rulebook.read_files()
    quote_rules, _problems = quotes.load(files)
    reading, problems = rules.load(files, prefixes=PREFIXES, zone="Europe/Helsinki", our_addresses=OURS)

    def opened(raw: bytes) -> Mail:
        mail = open_mail(raw, our_addresses=OURS, quotes=quote_rules)
        clues_of(mail, PREFIXES, OURS)
        return mail

    baseline = best(email.message_from_bytes, mails)
    figures = {"compat32": baseline, "open_mail + clues": best(opened, mails)}
    if reading is None:
        print("not measured: read (", *problems, ")")
    else:
        parsers = load_parsers()
        figures["open + read"] = best(lambda raw: read_alone(opened(raw), reading, parsers), mails)
    print(f"{count} mails of {sum(map(len, mails)) // count} bytes")
    for name, micros in figures.items():
        print(f"{name:20} {micros:8.0f} µs a mail   {micros / baseline:5.1f} x compat32")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
