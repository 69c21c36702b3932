"""A library that is not on record writes: staff are offered its record as a command, and nothing is made by itself."""

import shlex
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maild.cli import app
from maild.core import new_partner
from maild.core.decide import decide
from maild.core.effects import AskStaff, ReadMail
from maild.core.letters import MAX_FIELD
from maild.core.mail import Mail
from maild.core.reading import Citation, Event, NewRequest, Reading, Requester
from maild.core.terms import EventName, Kind, ServiceType
from maild.letters.document import lay_out
from maild.store import records, requests
from maild.store.database import Database
from maild.store.record_lines import PartnerLine
from maild.store.tables import OutboxRow, RequestRow
from tests import desk_parts
from tests.desk_parts import AUTHSERV, database_of, desk_of, keep, settings_in, url_in
from tests.house import NOW, NUMBER, context, lending, mail, request, shipped_rules

RULES = shipped_rules()
ASKER = Requester(name="Jalavan kaupunginkirjasto", email="ill@elm.fi")
SIGNED = "Liisa Malli\nJalavan kaupunginkirjasto\nISIL: FI-Elm"
REQUEST = """\
Authentication-Results: {authserv}; dkim=pass header.d=elm.example; dmarc=pass header.from=elm.example
From: Liisa Malli <liisa.malli@elm.example>
To: ill@library.example
Subject: Kaukolainapyyntö
Date: Mon, 23 Nov 2026 10:00:00 +0200
Message-ID: <elm.1@elm.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hei,

saisimmeko kaukolainaksi seuraavan kirjan: Koivukangas, Elsa: Kaskimaiden kirja. Helsinki, 1983. ISBN 978-951-0-00000-2

Terveisin
Liisa Malli
--\x20
Jalavan kaupunginkirjasto, kaukopalvelu
ISIL: FI-Elm
"""


def asked(asker: Requester = ASKER, kind: Kind = Kind.PARTNER_REQUEST, **values: object) -> Reading:
    new = NewRequest(service_type=ServiceType.LOAN, citation=Citation(title="Talvi"), requester=asker)
    event = Event(event=EventName.REQUEST, new_request=new)
    return Reading(**({"kind": kind, "events": (event,), "language": "fi"} | values))  # type: ignore[arg-type]  # a test's own


def offered(of: Mail, reading: Reading, **known: object) -> dict[str, str]:
    """The cells that the command would fill, as a shell takes them; {} where none is offered."""
    command = new_partner.offer(of, reading, context(**known), RULES.partners)
    words = shlex.split(command)
    assert words[:3] in ([], ["maild", "partner", "add"])
    return dict(word.split("=", 1) for word in words[3:])


def test_the_record_is_filled_from_what_the_library_writes() -> None:
    assert offered(mail("ill@elm.fi", signature=SIGNED), asked()) == {
        "symbol": "FI-Elm",
        "name": "Jalavan kaupunginkirjasto",
        "email": "ill@elm.fi",
        "domains": "elm.fi",
        "country": "domestic",
        "languages": "fi en",
    }


def test_a_library_that_gives_neither_name_nor_symbol_is_known_by_its_domain() -> None:
    found = offered(mail("ill@lib.elm.se"), asked(Requester(), language="sv"))
    assert (found["symbol"], found["name"], found["country"]) == ("lib.elm.se", "lib.elm.se", "nordic")
    assert found["languages"] == "sv en"


def test_the_domain_of_a_provider_of_mailboxes_is_not_offered_as_a_librarys() -> None:
    found = offered(mail("jalavankirjasto@gmail.com"), asked(), partner_domains=())
    assert "domains" not in found
    assert found["symbol"] == "jalavankirjasto@gmail.com"


def test_a_form_names_the_library_and_not_itself() -> None:
    found = offered(mail("form@forms.example", from_name="Verkkolomake"), asked(kind=Kind.WEB_FORM))
    assert (found["name"], found["email"], found["domains"]) == (ASKER.name, "ill@elm.fi", "elm.fi")


@pytest.mark.parametrize(
    ("of", "reading"),
    [
        (mail("ill@birch.example"), asked()),
        (mail("ill@birhc.example"), asked()),
        (mail("ill@library.example"), asked()),
        (mail("ill@elm.fi", ambiguous=("two-from",)), asked()),
        (mail(""), asked()),
        (mail("ill@elm.fi"), asked(kind=Kind.PATRON_MESSAGE, events=())),
        (mail("ill@elm.fi"), asked(kind=Kind.PARTNER_REPLY, events=(), requests=(NUMBER,))),
        (mail(f"{'x' * 60}@{'y' * 60}.{'z' * 60}.example"), asked()),
    ],
    ids=["known", "look-alike", "ours", "ambiguous", "no sender", "a patron", "about our own request", "too long"],
)
def test_nothing_is_offered_for(of: Mail, reading: Reading) -> None:
    assert offered(of, reading, requests=(request(),)) == {}


def test_a_reply_of_a_stranger_about_no_loan_of_ours_is_offered_too() -> None:
    reply = asked(kind=Kind.PARTNER_REPLY, events=(), requests=(NUMBER,))
    assert offered(mail("ill@elm.fi", from_name="Elm"), reply, requests=(lending(),))["name"] == "Elm"


TEXT = st.text(max_size=120) | st.sampled_from(
    [
        "$(reboot)",
        "`reboot`",
        "a'; reboot; '",
        'a" && reboot',
        "a\nreboot\n",
        "=cmd|x",
        "KP-2026-000123",
        "\u202egpj.exe",
        "a\x01b\x02",
    ]
)


@given(name=TEXT, sender=TEXT, symbol=TEXT, local=TEXT, signature=TEXT)
def test_a_strangers_words_stay_values_whatever_they_are(
    name: str, sender: str, symbol: str, local: str, signature: str
) -> None:
    of = mail(f"{local}@elm.fi", from_name=sender, signature=f"ISIL {signature}\n{signature}")
    command = new_partner.offer(of, asked(Requester(name=name, symbol=symbol)), context(), RULES.partners)
    if not command:
        return
    assert len(command) <= MAX_FIELD
    assert command.isprintable()
    words = shlex.split(command, comments=True)
    assert words[:3] == ["maild", "partner", "add"]
    line = PartnerLine.model_validate(dict(word.split("=", 1) for word in words[3:]))
    assert (line.email, line.domains) == (of.from_address.lower(), ("elm.fi",))
    assert not set(line.name) & set("$`'\"\\;|<>*?~#!{}[]=")


def test_staff_get_the_command_in_the_task_of_the_mail_and_of_a_form() -> None:
    written = ReadMail(mail=mail("ill@elm.fi", signature=SIGNED), reading=asked(), id="mail-1")
    form = ReadMail(mail=mail("form@forms.example"), reading=asked(kind=Kind.WEB_FORM), id="mail-2")
    for happening in (written, form):
        asks = [e for e in decide(happening, context(), RULES, NOW).effects if isinstance(e, AskStaff)]
        (ask,) = [ask for ask in asks if any(c.startswith("maild partner add symbol=") for c in ask.commands)]
        assert new_partner.HOW in ask.text


def test_a_mails_own_words_are_quoted_in_every_command_that_is_offered() -> None:
    said = Event(event=EventName.COPY_COMPLETED, request=NUMBER, url="https://x.example/?a=1&b=$(reboot)")
    happening = ReadMail(mail=mail("ill@elm.fi"), reading=asked(events=(said,), kind=Kind.PARTNER_REPLY), id="mail-1")
    (ask,) = [e for e in decide(happening, context(request()), RULES, NOW).effects if isinstance(e, AskStaff)]
    assert shlex.split(ask.commands[0])[-1] == f"url={said.url}"


def test_a_long_command_is_parted_as_a_shell_takes_it() -> None:
    long = "  maild partner add symbol=FI-Elm name='Jalavan kirjasto ja muut' email=ill@elm.example domains=elm.example"
    text = lay_out(long)
    assert max(map(len, text.splitlines())) <= 72
    assert shlex.split(text.replace("\\\n", "")) == shlex.split(long)
    assert "\\" not in lay_out("  maild partner add name='Jalavan " + "kirjasto " * 10)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with database_of(settings_in(tmp_path)) as made:
        yield made


def test_a_strangers_mail_makes_no_record_and_its_letters_command_does(tmp_path: Path, database: Database) -> None:
    keep(database, REQUEST.format(authserv=AUTHSERV).replace("\n", "\r\n").encode())
    desk = desk_of(settings_in(tmp_path), database)
    desk.work()
    with database.read() as session:
        assert len(records.partners(session)) == 2
        assert desk_parts.rows(session, RequestRow) == []
        (letter,) = desk_parts.rows(session, OutboxRow)
    assert maild(tmp_path, *offered_in(letter.raw)) == "FI-Elm is on record now\n"
    with database.read() as session:
        (elm,) = records.find_partners(session, "FI-Elm")
    assert (elm.name, elm.email) == ("Jalavan kaupunginkirjasto", "liisa.malli@elm.example")
    assert elm.domains == ("elm.example",)
    assert "FI-Elm is on record" in maild(tmp_path, *offered_in(letter.raw), code=1)


def test_once_the_library_is_on_record_its_mail_is_read_again(tmp_path: Path, database: Database) -> None:
    keep(database, REQUEST.format(authserv=AUTHSERV).replace("\n", "\r\n").encode())
    desk = desk_of(settings_in(tmp_path), database)
    desk.work()
    with database.read() as session:
        (letter,) = desk_parts.rows(session, OutboxRow)
    maild(tmp_path, *offered_in(letter.raw))
    assert maild(tmp_path, "queue", "retry", "1") == "mail 1 is tried again\n"
    desk.work()
    with database.read() as session:
        (request_row,) = desk_parts.rows(session, RequestRow)
        waiting = [task.text for task in requests.tasks(session)]
    assert (request_row.role, request_row.status) == ("lending", "RequestReceived")
    assert waiting == ["A library asks for a work of ours: look for it and answer."]
    assert "mail 1 is not set aside, or left to staff" in maild(tmp_path, "queue", "retry", "1", code=1)


def maild(folder: Path, *words: str, code: int = 0) -> str:
    """What a command says, that ends with this code."""
    config = folder / "maild.toml"
    config.write_text(f'data = "{folder}"\n[database]\nurl = "{url_in(folder)}"\n')
    done = CliRunner().invoke(app, ["--config", str(config), *words])
    assert done.exit_code == code, done.output
    return done.output


def offered_in(raw: bytes) -> list[str]:
    """The words of the command that a letter to staff offers, as a shell takes them."""
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n")
    return shlex.split(text[text.index("maild partner add") :].split("\n\n")[0].replace("\\\n", ""))[1:]
