"""What goes with a letter: its parts as two readers see them, the calendar file, slips of paper, a site's look."""

import email
from dataclasses import replace
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import mailparser
import pytest
from icalendar import Calendar

from maild.core.effects import Audience
from maild.letters.check import check
from maild.letters.compose import Composer
from maild.letters.look import LookError, load_look
from maild.letters.render import LANGUAGES, LetterError
from maild.letters.samples import NUMBER, SITE, Sample, samples
from tests.letter_house import KEY, NOW, composer, facts, in_languages, letter_rules, sample, shipped_letters

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 200
CALENDARS = sorted(name for name, rule in letter_rules().letters.items() if rule.calendar)


def _message(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _calendar(found: Sample, now: datetime = NOW, language: str = "fi") -> Calendar | None:
    raw = composer().compose(in_languages(found.effect, language), found.context, now=now).raw
    files = [part for part in _message(raw).iter_attachments() if part.get_content_type() == "text/calendar"]
    if not files:
        return None
    assert files[0].get_filename() == f"{NUMBER}.ics"
    assert files[0]["Content-Type"].params["method"] == "PUBLISH"
    return Calendar.from_ical(files[0].get_payload(decode=True))


@pytest.mark.timeout(120)
def test_every_letter_in_every_language_is_a_mail_without_defect_for_two_readers() -> None:
    for rule in letter_rules().letters.values():
        for found in samples(rule):
            for languages in (("fi", "en"), ("sv",)):
                raw = composer().compose(in_languages(found.effect, *languages), found.context, now=NOW).raw
                message = _message(raw)
                for part in message.walk():
                    assert not part.defects, rule.name
                    assert not any(value.defects for value in part.values()), rule.name
                assert len(raw) < 100_000, rule.name
                assert max(map(len, raw.split(b"\r\n"))) <= 998
                assert b"\n" not in raw.replace(b"\r\n", b"")
                assert message["Content-Language"] == ", ".join(languages)
                assert not {"Bcc", "Cc"} & set(message.keys()), rule.name
                other = mailparser.parse_from_bytes(raw)
                assert not other.has_defects, (rule.name, other.defects)
                assert len(other.text_plain) == len(other.text_html) == 1


@pytest.mark.parametrize("sign", ["я", "書", "ß", "😀"])
def test_a_long_passage_in_another_script_leaves_the_letter_small_and_readable(sign: str) -> None:
    found = sample("attention", text=sign * 4000, passage=sign * 4000)
    raw = composer().compose(found.effect, found.context, now=NOW).raw
    assert len(raw) < 100_000
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    for subtype in ("plain", "html"):
        part = message.get_body((subtype,))
        assert part is not None
        assert str(part.get_content()).count(sign) >= 7990


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CALENDARS)
def test_the_calendar_file_has_the_readers_date_with_two_alarms(name: str, language: str) -> None:
    calendar = _calendar(sample(name), language=language)
    assert calendar is not None
    assert calendar["METHOD"] == "PUBLISH"
    assert calendar["VERSION"] == "2.0"
    assert not calendar.errors
    (event,) = calendar.walk("VEVENT")
    assert event.decoded("DTSTART") == date(2026, 12, 3)  # the patron's, not the supplier's
    assert event.decoded("DTEND") == date(2026, 12, 4)
    assert not event.errors
    # RFC 5546 3.2.1: what a published event has once, and what it may not have.
    assert {"DTSTAMP", "DTSTART", "ORGANIZER", "SUMMARY", "UID", "SEQUENCE"} <= set(event)
    assert not {"ATTENDEE", "REQUEST-STATUS"} & set(event)
    assert event["ORGANIZER"] == f"mailto:{SITE.address}"
    assert "Kaukana kotoa: lainakirjojen kulttuurihistoria" in event["SUMMARY"]
    assert [alarm.decoded("TRIGGER") for alarm in event.walk("VALARM")] == [
        timedelta(days=-3, hours=9),
        timedelta(hours=9),
    ]


def test_a_renewal_moves_the_event_that_is_there() -> None:
    first, found = _calendar(sample("due_soon")), sample("renewal_granted")
    items = (replace(found.context.requests[0].items[0], patron_due_date=date(2027, 1, 7)),)
    request = replace(found.context.requests[0], items=items)
    renewed = replace(found, context=replace(found.context, requests=(request,)))
    later = _calendar(renewed, NOW + timedelta(days=5))
    assert first is not None
    assert later is not None
    (before,), (after,) = first.walk("VEVENT"), later.walk("VEVENT")
    assert before["UID"] == after["UID"]
    assert before["SEQUENCE"] < after["SEQUENCE"]
    assert after.decoded("DTSTART") == date(2027, 1, 7)


def test_each_volume_has_an_event_of_its_own_and_an_unknown_date_none() -> None:
    calendar = _calendar(sample("due_soon", "long"))
    assert calendar is not None
    assert len({str(event["UID"]) for event in calendar.walk("VEVENT")}) == 2
    assert _calendar(sample("due_soon", "bare")) is None
    assert _calendar(sample("overdue_1")) is None


def test_a_strangers_title_adds_nothing_to_the_calendar() -> None:
    hostile = "A\r\nEND:VEVENT\r\nATTACH:https://evil.example/x\r\n;,\\n\\" + "ä" * 200
    found = sample("due_soon")
    request = found.context.requests[0]
    request = replace(request, citation=replace(request.citation, title=hostile))
    raw = composer().compose(found.effect, replace(found.context, requests=(request,)), now=NOW).raw
    (part,) = [part for part in _message(raw).iter_attachments() if part.get_content_type() == "text/calendar"]
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert "ATTACH" not in event
    assert event["SUMMARY"].endswith("\\n\\" + event["SUMMARY"].rpartition("\\n\\")[2])


def test_a_partner_gets_no_calendar_and_no_name_even_in_html() -> None:
    for name in letter_rules().for_audience(Audience.PARTNER):
        assert not letter_rules().letters[name].calendar
    found = sample("message", audience=Audience.PARTNER, text="Asiakas: aino.asiakas@patron.example")
    with pytest.raises(LetterError, match="patron's data"):
        composer().compose(found.effect, found.context, now=NOW)


def test_a_sites_logo_and_colours_go_with_each_letter(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG)
    (tmp_path / "look.toml").write_text(
        '[light]\nbutton = "#7a1f1f"\n[logo]\nfile = "logo.png"\nalt = "Kirjasto"\nwidth = 90\n', "utf-8"
    )
    found = sample("due_soon")
    raw = Composer(shipped_letters(tmp_path), SITE, key=KEY).compose(found.effect, found.context, now=NOW).raw
    (picture,) = [part for part in _message(raw).walk() if part.get_content_maintype() == "image"]
    page = _message(raw).get_body(("html",))
    assert page is not None
    assert picture.get_payload(decode=True) == PNG
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in page.get_content()
    assert "#7a1f1f" in page.get_content()
    assert not mailparser.parse_from_bytes(raw).has_defects


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[light]\nbuton = "#7a1f1f"\n', "light.buton"),
        ('[light]\nbutton = "red"\n', "light.button"),
        ("[light\n", "look.toml"),
        ('[darker]\ntext = "#000000"\n', "darker"),
        ('[logo]\nfile = "none.png"\nalt = "x"\n', "logo.file"),
        ('[logo]\nfile = "look.toml"\nalt = "x"\n', "PNG, JPEG or GIF"),
        ('[logo]\nfile = "look.toml"\n', "alt"),
    ],
)
def test_a_look_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "look.toml").write_text(text, "utf-8")
    with pytest.raises(LookError, match=told):
        load_look([tmp_path, shipped_letters().templates[-1]])


def test_colours_that_some_could_not_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "look.toml").write_text('[dark]\nmuted = "#444444"\n', "utf-8")
    letters = shipped_letters(tmp_path)
    letters.rules = replace(letter_rules(), letters={})
    assert {problem.place for problem in check(letters)} >= {"dark.muted"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<p>{{ number }}</p>", "the HTML lacks what the text says"),
        ('{% include "_blocks.html.j2" %}<img src="https://tracker.example/x.png">', "loads something from elsewhere"),
        ('{% include "_blocks.html.j2" %}' + "<p>x</p>" * 9000, "larger than"),
    ],
)
def test_a_page_that_a_site_wrote_by_hand_is_held_to_the_text(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "fi").mkdir()
    (tmp_path / "fi" / "due_soon.html.j2").write_text(text, "utf-8")
    letters = shipped_letters(tmp_path)
    letters.rules = replace(letter_rules(), letters={"due_soon": letter_rules().letters["due_soon"]})
    assert any(told in problem.what and problem.file == "fi/due_soon.html.j2" for problem in check(letters))


def test_a_page_that_a_site_wrote_by_hand_takes_the_place_of_the_made_one(tmp_path: Path) -> None:
    (tmp_path / "fi").mkdir()
    (tmp_path / "fi" / "due_soon.html.j2").write_text('<p>Oma</p>{% include "_blocks.html.j2" %}', "utf-8")
    letters, given = shipped_letters(tmp_path), facts("due_soon")
    assert letters.render("due_soon", "fi", given, SITE).html.startswith("<p>Oma</p>")
    assert "Oma" not in letters.render("due_soon", "sv", given, SITE).html
