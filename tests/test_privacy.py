"""What is erased is nowhere: not in a row, a stored mail, a letter, the log of the database or our own log (P36)."""

import email
import email.policy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session, col, select, text, update
from typer.testing import CliRunner

from maild.cli import app
from maild.clock import WoundClock
from maild.core.effects import AddCharge, Command
from maild.core.reading import Event, Money
from maild.core.request import Charge, Patron
from maild.core.terms import EventName
from maild.house import paper_of
from maild.notices.retention import erase_what_is_old
from maild.reader import Opened, ToOpen
from maild.reader.within import InProcessReader
from maild.reading.identifiers import MASK
from maild.reading.masking import masked
from maild.reading.opening import open_mail
from maild.settings import Privacy
from maild.store import erasing, inbox, naming
from maild.store.database import Database
from maild.store.inbox import Arrival
from maild.store.statements import table_of
from maild.store.tables import METADATA, InboxRow, OutboxRow, PatronRow, RequestRow
from tests.desk_parts import LOANED, NOW, PARTNERS, desk_of, form, reading_of, reply, settings_in
from tests.desks import add_partner, add_patron, do

NAME, ADDRESS, CARD = "Aino Esimerkki", "aino@student.example", "2100123456"
WORDS = (NAME, ADDRESS, CARD, "Äijälä")
HETU = "131052-308T"


@pytest.fixture
def closed(database: Database, tmp_path: Path) -> Database:
    """A desk where a loan went its whole way, with a mail in base64 and one that names the patron in its text."""
    settings = settings_in(tmp_path)
    with database.write() as session:
        for partner in PARTNERS:
            add_partner(session, partner)
        add_patron(session, Patron(name=NAME, email=ADDRESS, card=CARD, approved=True))
        add_patron(session, Patron(name="Toinen Henkilö", email="toinen@student.example", card="2100999999"))
    clock = WoundClock(NOW)
    desk = desk_of(settings, database, clock)
    keep(database, form(), clock)
    desk.work()
    with database.read() as session:
        letter = session.exec(select(OutboxRow).where(OutboxRow.audience == "partner")).one()
        number = session.exec(select(RequestRow.number)).one()
    keep(database, reply(f"{LOANED}\n\nLainaaja {NAME}", to="ill@library.example", answers=letter.message_id), clock)
    keep(database, in_base64(), clock)
    desk.work()
    for event in ("Received", "ReadyForPickup", "CheckedOut", "ReturnedByPatron", "ShippedReturn", "Close"):
        if open_still(database):
            desk.command(Command(number=number, event=Event(event=EventName(event)), actor="desk", id=event))
    with database.write() as session:
        session.exec(update(table_of(RequestRow)).values(closed_at=NOW))
    return database


def open_still(database: Database) -> bool:
    with database.read() as session:
        return session.exec(select(RequestRow.closed_at)).one() is None


def keep(database: Database, raw: bytes, clock: WoundClock) -> None:
    arrival = Arrival(raw=raw, door="smtp", received_at=clock.now(), recipients=("ill@library.example",))
    with database.write() as session:
        inbox.keep(session, [arrival], clock.now())


def in_base64() -> bytes:
    """A mail of no request whose text, where the name stands, is base64."""
    made = email.message.EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"], made["Subject"] = ADDRESS, "ill@library.example", f"{NAME}: kysymys"
    made["Message-ID"] = "<question@student.example>"
    made.set_content(f"Hei, olen {NAME} ja haluan tietää, milloin olette auki.\n" * 3, cte="base64")
    return made.as_bytes()


def traces(database: Database) -> list[str]:
    """Tables in which a word of the patron stands, every stored mail decoded by Python's own reader."""
    found = []
    with database.read() as session:
        for table in METADATA.sorted_tables:
            for row in session.connection().execute(table.select()):
                told = " ".join(decoded(v) if isinstance(v, bytes) else str(v) for v in row)
                found += [f"{table.name}: {word}" for word in WORDS if word.casefold() in told.casefold()]
    return sorted(set(found))


def decoded(raw: bytes) -> str:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return " ".join([*(f"{k}: {v}" for k, v in mail.items()), *map(str, parts), raw.decode("latin-1")])


def forget(database: Database, who: str = CARD) -> list[erasing.Erased]:
    with database.write() as session:
        erased = [erasing.forget(session, one, NOW) for one in erasing.patrons(session, who)]
    database.compact()
    return erased


def test_a_forgotten_patron_is_in_no_table_and_no_stored_mail(closed: Database) -> None:
    assert {line.partition(":")[0] for line in traces(closed)} >= {"patron", "inbox", "input", "outbox"}  # can fail
    forget(closed)
    assert traces(closed) == []


@pytest.mark.about_sqlite("the files of PostgreSQL are its own: VACUUM is what we can do there")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_forgotten_patron_is_in_no_page_and_no_log_of_the_file(closed: Database) -> None:
    files = [closed.file, closed.file.with_name("maild.db-wal")]
    words = [w.encode(codec) for w in WORDS[:3] for codec in ("utf-8", "latin-1")]
    before = b"".join(file.read_bytes() for file in files if file.exists())
    assert all(word in before for word in words)
    forget(closed)
    after = b"".join(file.read_bytes() for file in files if file.exists())
    assert [word for word in words if word in after] == []


def test_what_is_counted_and_the_partners_side_stay(closed: Database) -> None:
    with closed.read() as session:
        before = facts(session)
    forget(closed)
    with closed.read() as session:
        assert facts(session) == before
        assert session.exec(select(PatronRow.name)).all() == ["Toinen Henkilö"]


def facts(session: Session) -> list[object]:
    """Requests, steps and letters to partners, as statistics see them."""
    steps = session.connection().execute(text("SELECT from_status, to_status, at FROM history ORDER BY id")).all()
    letters = session.exec(
        select(OutboxRow.message_id, OutboxRow.to, OutboxRow.raw).where(OutboxRow.audience == "partner")
    ).all()
    requests = session.exec(select(RequestRow.number, RequestRow.status, RequestRow.partner_id, RequestRow.citation))
    return [requests.all(), steps, letters]


def test_nobody_is_erased_while_a_request_is_open_or_a_charge_not_settled(closed: Database) -> None:
    with closed.write() as session:
        (patron,) = erasing.patrons(session, ADDRESS.upper())
        number = session.exec(select(RequestRow.number)).one()
        price = Charge(kind="fee", payer="patron", money=Money(amount=Decimal("8.00"), currency="EUR"))
        do(session, AddCharge(number=number, charge=price))
        assert erasing.blockers(session, patron.id or 0) == [f"{number} has a charge that is not settled"]
        assert erasing.due(session, NOW + timedelta(days=9000), 10) == []
        assert erasing.settle_charges(session, number, NOW) == 1
        assert erasing.blockers(session, patron.id or 0) == []
        session.exec(update(table_of(RequestRow)).values(closed_at=None))
        assert erasing.blockers(session, patron.id or 0) == [f"{number} is open"]


def test_400_days_later_the_daily_job_has_left_no_trace_of_a_closed_request(closed: Database) -> None:
    privacy, clock = Privacy(), WoundClock(NOW)
    with closed.write() as session:
        session.exec(update(table_of(OutboxRow)).values(state="sent"))
    assert erase_what_is_old(closed, privacy, clock).requests == 0
    clock.wind(timedelta(days=privacy.request_days, hours=1))
    done = erase_what_is_old(closed, privacy, clock)
    assert (done.requests, done.mails) == (1, 0)
    clock.wind(timedelta(days=400))
    assert erase_what_is_old(closed, privacy, clock).mails == 3
    with closed.read() as session:
        assert session.exec(select(InboxRow.id).where(InboxRow.raw != b"")).all() == []
        assert session.exec(select(RequestRow.patron_id)).all() == [None]
    assert {line.partition(":")[0] for line in traces(closed)} == {"patron"}  # the record itself stays for three years
    clock.wind(timedelta(days=privacy.patron_days))
    assert erase_what_is_old(closed, privacy, clock).patrons == 2
    assert traces(closed) == []


def test_an_erased_mail_that_is_delivered_again_is_not_taken_as_new(closed: Database) -> None:
    forget(closed)
    with closed.write() as session:
        (kept,) = inbox.keep(session, [Arrival(raw=form(), door="imap", received_at=NOW)], NOW)
    assert not kept.new


def test_every_encoding_of_a_name_is_found_in_a_mail() -> None:
    assert naming.mentions(in_base64(), ["aino esimerkki"])
    assert naming.mentions(b"Subject: x\r\n\r\nHei =C3=84ij=C3=A4l=C3=A4\r\n", ["äijälä"])
    assert naming.mentions(b"Subject: =?utf-8?q?=C3=84ij=C3=A4l=C3=A4?=\r\n\r\n", ["äijälä"])
    assert naming.mentions(b"Subject: x\r\n\r\n&Auml;ij&auml;l&auml;\r\n", ["äijälä"])
    assert naming.mentions("Subject: x\r\n\r\nÄijälä\r\n".encode("latin-1"), ["äijälä"])
    assert not naming.mentions(in_base64(), ["äijälä"])


@pytest.mark.parametrize("where", ["Subject: {}\r\n\r\nx", "Subject: x\r\n\r\nHenkilötunnus {}\r\n> {}\r\n"])
def test_an_identity_code_is_masked_wherever_it_stands_in_a_mail(where: str) -> None:
    mail = masked(open_mail(f"From: a@b.example\r\n{where.replace('{}', HETU)}".encode()))
    assert HETU not in repr(mail)
    assert MASK in repr(mail)


def test_a_mail_without_an_identity_code_stays_the_same_mail() -> None:
    mail = open_mail(in_base64())
    assert masked(mail) is mail


def test_no_mail_leaves_the_reader_with_an_identity_code(tmp_path: Path) -> None:
    """Whatever looks at it later: clues, parsers, tasks and letters to staff."""
    reader = InProcessReader(reading_of(paper_of(settings_in(tmp_path)).rulebook))
    text = f"From: {ADDRESS}\r\nSubject: Kysymys, {HETU}\r\n\r\nOlen {HETU}.\r\n"
    (opened,) = reader.open([ToOpen(raw=text.encode())])
    assert isinstance(opened, Opened)
    assert HETU not in repr(opened)
    assert MASK in opened.mail.subject


def test_an_identity_code_in_a_mail_reaches_no_table(database: Database, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with database.write() as session:
        add_patron(session, Patron(name=NAME, email=ADDRESS, card=CARD, approved=True))
    raw = form(title=f"Tervan tie merelle {HETU}")
    keep(database, raw, WoundClock(NOW))
    question = f"From: {ADDRESS}\r\nSubject: Kysymys, {HETU}\r\nMessage-ID: <q@x.example>\r\n\r\nOlen {HETU}.\r\n"
    keep(database, question.encode(), WoundClock(NOW))
    desk_of(settings, database).work()
    with database.read() as session:
        assert session.exec(select(InboxRow.state)).all() == ["done", "done"]
        for table in METADATA.sorted_tables:
            columns = [c for c in table.columns if not (table.name == "inbox" and c.name == "raw")]
            rows = session.connection().execute(select(*columns)).all()
            assert HETU not in repr(rows), table.name


def test_the_verbs_export_refuse_and_forget(closed: Database, tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(f'data = "{tmp_path}"\n[database]\nurl = "{closed.url.render_as_string(hide_password=False)}"\n')

    def maild(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["--config", str(config), *words])
        return done.exit_code, done.output

    code, told = maild("export", "--patron", CARD)
    assert code == 0
    assert NAME in told
    assert "Tervan tie merelle" in told
    code, period = maild("export", "--from", "2026-11-01")
    assert code == 0
    assert "Tervan tie merelle" in period
    assert ADDRESS not in period
    with closed.write() as session:
        session.exec(update(table_of(RequestRow)).values(closed_at=None))
    assert maild("patron", "forget", CARD)[0] == 1
    with closed.write() as session:
        session.exec(update(table_of(RequestRow)).values(closed_at=NOW))
    code, told = maild("patron", "forget", CARD)
    assert code == 0, told
    assert NAME not in told
    assert maild("export", "--patron", CARD)[0] == 1
    with closed.read() as session:
        assert (
            session.exec(select(OutboxRow.id).where(OutboxRow.audience == "patron", col(OutboxRow.to) != "")).all()
            == []
        )
