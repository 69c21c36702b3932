"""A form that says too little, from its mail to the library that is asked: through reader and store."""

import email
from email.policy import default
from pathlib import Path

from maild.core.request import Request
from maild.core.terms import Flag, Status
from maild.store import requests
from maild.store.database import Database
from maild.store.requests import Filters
from maild.store.tables import OutboxRow
from tests.desk_parts import AUTHSERV, database_of, desk_of, keep, rows, settings_in

FORM = """\
From: Verkkolomake <webform@library.example>
To: ill@library.example
Subject: =?utf-8?q?Artikkelipyynt=C3=B6?=
Date: Mon, 23 Nov 2026 09:00:00 +0200
Message-ID: <form-1@library.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Submitted values are:

Palvelu: Kopio
Lehden nimi: Kirjastotieteen vuosikirja
Nimi: Aino Esimerkki
Kirjastokortin numero: 2100123456
Sähköposti: aino@student.example
"""
ANSWER = """\
{stamp}From: Aino Esimerkki <{sender}>
To: {to}
Subject: VS: {subject}
Date: Mon, 23 Nov 2026 09:30:00 +0200
Message-ID: <a1@student.example>
In-Reply-To: {answers}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hei!

1. Postin kulku ja kaukolainan kesto
2. 2021

Terveisin
Aino

> Vastaa tähän viestiin ja kirjoita kukin vastaus numeronsa perään:
>
>   1. Artikkelin tai luvun nimi:
>   2. Julkaisuvuosi:
"""
STAMP = f"Authentication-Results: {AUTHSERV}; dmarc=pass header.from=student.example\n"


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def standing(database: Database) -> tuple[Request, list[OutboxRow]]:
    with database.read() as session:
        (found,) = requests.requests(session, Filters())
        return found, rows(session, OutboxRow)


def answered(folder: Path, *, stamp: str, sender: str, signed: bool) -> tuple[Request, list[str]]:
    """The request after the form, our question, and an answer to it; with the letters that were written."""
    settings = settings_in(folder)
    with database_of(settings) as database:
        desk = desk_of(settings, database)
        keep(database, wire(FORM))
        desk.work()
        asked, (question,) = standing(database)
        assert (asked.status, asked.flags, asked.asked_for) == (Status.NEW, {Flag.INCOMPLETE}, ("part", "year"))
        letter = email.message_from_bytes(question.raw, policy=default)
        assert "2. Julkaisuvuosi:" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has a text
        to = letter["Reply-To"].addresses[0].addr_spec if signed else "ill@library.example"
        said = ANSWER.format(stamp=stamp, sender=sender, to=to, subject=letter["Subject"], answers=letter["Message-ID"])
        keep(database, wire(said))
        desk.work()
        found, letters = standing(database)
    return found, [row.letter for row in letters if row.audience != "staff"]


def test_the_patrons_own_answer_completes_the_request_and_it_goes_on(tmp_path: Path) -> None:
    found, letters = answered(tmp_path, stamp=STAMP, sender="aino@student.example", signed=False)
    assert letters == ["details_needed", "request_confirmed", "request_copy"]
    assert (found.status, found.asked_for, found.flags) == (Status.REQUESTED, (), frozenset())
    assert (found.citation.article_title, found.citation.year) == ("Postin kulku ja kaukolainan kesto", "2021")


def test_an_answer_from_another_mailbox_is_for_staff_though_the_reply_address_is_signed(tmp_path: Path) -> None:
    found, letters = answered(tmp_path, stamp="", sender="aino@home.example", signed=True)
    assert letters == ["details_needed"]
    assert found.citation.year is None


def test_an_answer_that_nobody_vouches_for_changes_nothing(tmp_path: Path) -> None:
    found, letters = answered(tmp_path, stamp="", sender="aino@student.example", signed=False)
    assert letters == ["details_needed"]
    assert (found.status, found.citation.article_title) == (Status.NEW, None)
