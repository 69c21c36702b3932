"""A form that says too little, from its mail to the library that is asked: through reader and store."""

import email
from collections.abc import Sequence
from dataclasses import dataclass
from email.policy import default
from pathlib import Path

import pytest

from maild.core.request import Request
from maild.core.terms import Flag, Status
from maild.store import requests
from maild.store.database import Database
from maild.store.requests import Filters
from maild.store.tables import OutboxRow, TaskRow
from tests.desk_parts import AUTHSERV, database_of, desk_of, keep, rows, settings_in

FIRST = "KP-2026-000001"
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


def complete(title: str) -> str:
    """A form that lacks nothing, by the same patron."""
    told = f"Artikkelin nimi: {title}\nVuosi: 2021\nNimi: Aino"
    return FORM.replace("form-1", f"form-{len(title)}").replace("Nimi: Aino", told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The request whose patron has answered, the letters that were written of it, and what staff were asked."""

    request: Request
    letters: list[str]
    tasks: list[str]


def standing(database: Database, number: str = FIRST) -> tuple[Request, list[OutboxRow]]:
    with database.read() as session:
        (found,) = (r for r in requests.requests(session, Filters()) if r.number == number)
        return found, rows(session, OutboxRow)


def answered(folder: Path, *, stamp: str, sender: str, signed: bool, forms: Sequence[str] = ()) -> Answered:
    """The request after the form, our question, other `forms`, and an answer to the question."""
    settings = settings_in(folder)
    with database_of(settings) as database:
        desk = desk_of(settings, database)
        keep(database, wire(FORM))
        desk.work()
        asked, (question,) = standing(database)
        assert (asked.status, asked.flags, asked.asked_for) == (Status.NEW, {Flag.INCOMPLETE}, ("part", "year"))
        for form in forms:
            keep(database, wire(form))
            desk.work()
        letter = email.message_from_bytes(question.raw, policy=default)
        assert "2. Julkaisuvuosi:" in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has a text
        to = letter["Reply-To"].addresses[0].addr_spec if signed else "ill@library.example"
        said = ANSWER.format(stamp=stamp, sender=sender, to=to, subject=letter["Subject"], answers=letter["Message-ID"])
        keep(database, wire(said))
        desk.work()
        found, letters = standing(database, asked.number)
        with database.read() as session:
            tasks = [row.text for row in rows(session, TaskRow) if row.request_id == asked.id]
    own = [row.letter for row in letters if row.audience != "staff" and row.request_id == asked.id]
    return Answered(request=found, letters=own, tasks=tasks)


def test_the_patrons_own_answer_completes_the_request_and_it_goes_on(tmp_path: Path) -> None:
    then = answered(tmp_path, stamp=STAMP, sender="aino@student.example", signed=False)
    assert then.letters == ["details_needed", "request_confirmed", "request_copy"]
    found = then.request
    assert (found.status, found.asked_for, found.flags) == (Status.REQUESTED, (), frozenset())
    assert (found.citation.article_title, found.citation.year) == ("Postin kulku ja kaukolainan kesto", "2021")


def test_an_answer_from_another_mailbox_is_for_staff_though_the_reply_address_is_signed(tmp_path: Path) -> None:
    then = answered(tmp_path, stamp="", sender="aino@home.example", signed=True)
    assert then.letters == ["details_needed"]
    assert then.request.citation.year is None


def test_an_answer_that_nobody_vouches_for_changes_nothing(tmp_path: Path) -> None:
    then = answered(tmp_path, stamp="", sender="aino@student.example", signed=False)
    assert then.letters == ["details_needed"]
    assert (then.request.status, then.request.citation.article_title) == (Status.NEW, None)


def test_an_answer_that_names_the_work_of_another_open_request_is_for_staff(tmp_path: Path) -> None:
    forms = [complete("Postin kulku ja kaukolainan kesto")]
    then = answered(tmp_path, stamp=STAMP, sender="aino@student.example", signed=False, forms=forms)
    assert (then.request.status, then.request.citation.year, then.letters) == (Status.NEW, "2021", ["details_needed"])
    assert [text for text in then.tasks if "is open for the same patron and the same work" in text]


@pytest.mark.parametrize(("limit", "goes_on"), [(2, True), (1, False)])
def test_an_answer_of_a_patron_who_has_reached_the_limit_meanwhile_is_for_staff(
    tmp_path: Path, limit: int, goes_on: bool
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/limits.toml").write_text(f"schema = 1\n[patron]\nmax_open = {limit}\n")
    forms = [complete("Kirjaston ovi")]
    then = answered(tmp_path, stamp=STAMP, sender="aino@student.example", signed=False, forms=forms)
    assert (then.request.status is Status.REQUESTED) is goes_on
    assert bool([text for text in then.tasks if "1 open requests already" in text]) is not goes_on
