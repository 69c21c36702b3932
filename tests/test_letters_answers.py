"""What letters offer as an answer, by one tap or by number, is read without doubt; and one word more is not."""

import email
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP, default
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from lxml import html

from maild.core.answers import Answer, load
from maild.core.effects import Audience
from maild.core.problems import RuleFile
from maild.core.reading import Event, Money, Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.letters.choices import body_of, mailto
from maild.letters.render import LANGUAGES
from maild.letters.samples import NUMBER, SITE
from maild.reading import rules as reading_rules
from maild.reading.opening import open_mail
from maild.reading.read import read_alone, read_mail
from maild.registry import load_parsers
from maild.rulebook import read_files
from tests.letter_house import NOW, composer, in_languages, letter_rules, sample

OURS = (SITE.address,)
PATRON = "aino.asiakas@patron.example"
PARTNER = "ill@partner.example"
FILLED = {"due_date": "20.1.2027", "item_id": "3940012345678", "retry_after": "11.1.2027", "cost": "12,50 €"}
RULES, _ = reading_rules.load(read_files()[0], prefixes=("KP",), zone="Europe/Helsinki", our_addresses=OURS)
PARSERS = load_parsers()
OFFERED = letter_rules().offered
CHOICES = [(letter, name) for letter, rule in letter_rules().letters.items() for name in rule.choices]


def _read(raw: bytes, role: Role, *, context: bool = True) -> Reading:
    assert RULES is not None
    mail = open_mail(raw, received_at=datetime(2026, 11, 22, 9, tzinfo=UTC), our_addresses=OURS, quotes=RULES.quotes)
    if not context:
        return read_alone(mail, RULES, PARSERS)
    request = Request(
        number=NUMBER,
        role=role,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        partner_domains=("partner.example",),
        partner_address=PARTNER,
        patron_email=PATRON if role is Role.BORROWING else None,
        mailed=(PATRON, PARTNER),
    )
    given = Context(our_addresses=OURS, partner_domains=("partner.example",), requests=(request,))
    return read_mail(mail, given, RULES, PARSERS)


def _role(answer: Answer) -> Role:
    return Role.LENDING if answer.by == "requester" else Role.BORROWING


def _letter(name: str, *languages: str) -> EmailMessage:
    found = sample(name)
    raw = composer().compose(in_languages(found.effect, *languages), found.context, now=NOW).raw
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _body(letter: EmailMessage, subtype: str) -> str:
    part = letter.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _mail(by: str, to: str, subject: str, text: str, **fields: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Aino Asiakas <{PATRON}>" if by == "patron" else PARTNER
    message["To"], message["Subject"], message["Message-ID"] = to, subject, "<1@elsewhere.example>"
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def _tapped(link: str, by: str, filled: dict[str, str]) -> bytes:
    """The mail that a mail program writes from the link, with the lines filled in."""
    parts = urlsplit(link)
    fields = parse_qs(parts.query, strict_parsing=True)
    lines = fields["body"][0].split("\r\n")
    labels = {OFFERED.labels[asked][lang]: text for asked, text in filled.items() for lang in LANGUAGES}
    text = "\n".join(line + labels.get(line.strip().removesuffix(":"), "") for line in lines)
    return _mail(by, unquote(parts.path), fields["subject"][0], text)


def _links(letter: EmailMessage) -> list[str]:
    return [str(link) for link in html.fromstring(_body(letter, "html")).xpath("//a[@class='button']/@href")]


def _expected(answer: Answer, event: Event) -> None:
    assert event.event is answer.event
    assert event.reason == answer.reason
    assert event.loan_condition == answer.loan_condition


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("letter", "name"), CHOICES)
def test_every_link_of_every_letter_writes_a_mail_that_is_read_without_doubt(
    letter: str, name: str, language: str
) -> None:
    answer = OFFERED.answers[name]
    link = _links(_letter(letter, language))[letter_rules().letters[letter].choices.index(name)]
    for context in (True, False):
        read = _read(_tapped(link, answer.by, {asked: FILLED[asked] for asked in answer.asks}), _role(answer))
        assert read.by == "our_answers"
        assert (read.doubts, len(read.events), read.requests) == ((), 1, (NUMBER,)), context
        _expected(answer, read.events[0])
        said = {asked: getattr(read.events[0], asked) for asked in answer.asks}
        right = {
            "due_date": date(2027, 1, 20),
            "item_id": ("3940012345678",),
            "retry_after": date(2027, 1, 11),
            "cost": Money(amount=Decimal("12.50"), currency="EUR"),
        }
        assert said == {asked: right[asked] for asked in answer.asks}
    if not answer.needs:
        read = _read(_tapped(link, answer.by, {}), _role(answer))
        assert read.doubts == ()
        _expected(answer, read.events[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("letter", "name"), CHOICES)
def test_the_number_of_a_choice_alone_is_an_answer(letter: str, name: str, language: str) -> None:
    answer, sent = OFFERED.answers[name], _letter(letter, language)
    number = letter_rules().letters[letter].choices.index(name) + 1
    assert f"\n  {number} = {answer.say[language]}\n" in _body(sent, "plain")
    quoted = "\n\n> " + _body(sent, "plain").replace("\n", "\n> ")
    fact = f" {FILLED[answer.asks[0]]}" if answer.needs else ""
    for text in (f"{number}{fact}", f"{number}{fact}{quoted}"):
        raw = _mail(answer.by, str(sent["Reply-To"]), f"Re: {sent['Subject']}", text, In_Reply_To=sent["Message-ID"])
        read = _read(raw, _role(answer))
        assert (read.doubts, read.by) == ((), "our_answers")
        _expected(answer, read.events[0])


def _is_safe(read: Reading, answer: Answer) -> bool:
    """Left to staff, or what the answer means, perhaps with more: "it is too late to cancel, the loan is sent"."""
    events = [event.event for event in read.events]
    return bool(read.doubts) or not events or answer.event in events


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("letter", "name"), CHOICES)
def test_a_choice_copied_with_its_number_is_that_answer_and_with_another_number_none(
    letter: str, name: str, language: str
) -> None:
    answer, sent = OFFERED.answers[name], _letter(letter, language)
    number = letter_rules().letters[letter].choices.index(name) + 1
    for line, mark in ((number, " ="), (number, "."), (number, ""), (number % 9 + 1, " =")):
        text = f"{line}{mark} {answer.say[language]}"
        raw = _mail(answer.by, str(sent["Reply-To"]), f"Re: {sent['Subject']}", text, In_Reply_To=sent["Message-ID"])
        read = _read(raw, _role(answer))
        if line == number:
            assert read.by == "our_answers"
            _expected(answer, read.events[0])
        else:
            assert _is_safe(read, answer)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("letter", "name"), CHOICES)
def test_a_word_of_thanks_behind_an_answer_does_not_turn_it_into_another(letter: str, name: str, language: str) -> None:
    answer, sent = OFFERED.answers[name], _letter(letter, language)
    thanks = {"fi": "Kiitos!", "sv": "Tack!", "en": "Thanks!"}[language]
    for text in (f"{answer.say[language]}. {thanks}", f"{answer.say[language]}\n\n{thanks}"):
        raw = _mail(answer.by, str(sent["Reply-To"]), f"Re: {sent['Subject']}", text, In_Reply_To=sent["Message-ID"])
        read = _read(raw, _role(answer))
        assert _is_safe(read, answer), text


@pytest.mark.parametrize("signed", ["Aino", "Aino Asiakas", "-- \nAino Asiakas", "Terveisin\nAino", "AINO ASIAKAS"])
def test_a_number_with_the_writers_name_below_it_is_an_answer(signed: str) -> None:
    read = _answered("due_soon", "patron", f"1\n\n{signed}")
    assert (read.by, read.doubts) == ("our_answers", ())


def test_a_name_below_a_number_that_is_not_the_writers_is_one_word_more() -> None:
    assert _answered("due_soon", "patron", "1\n\nTuomas").by != "our_answers"


def _answered(letter: str, by: str, text: str, **fields: str) -> Reading:
    sent = _letter(letter, "fi")
    given = {"In_Reply_To": str(sent["Message-ID"]), **fields}
    raw = _mail(by, str(sent["Reply-To"]), f"Re: {sent['Subject']}", text, **given)
    return _read(raw, Role.BORROWING)


@pytest.mark.parametrize(
    ("letter", "by", "text"),
    [
        ("due_soon", "patron", "2"),
        ("due_soon", "patron", "1 3.1.2027"),
        ("due_soon", "patron", "1?"),
        ("due_soon", "patron", "1\nmutta vain jos se on ilmaista"),
        ("cost_approval", "patron", "1 tai 2"),
        ("cost_approval", "patron", "1\n2"),
        ("cost_approval", "patron", "12"),
        ("due_soon", "partner", "1"),
        ("request_loan", "patron", "1"),
        ("recalled", "patron", "1"),
    ],
)
def test_a_number_that_is_not_plainly_a_choice_of_that_letter_is_none(letter: str, by: str, text: str) -> None:
    read = _answered(letter, by, text)
    assert read.by != "our_answers"
    assert read.doubts or not read.events


def test_a_number_in_answer_to_nothing_of_ours_is_no_answer() -> None:
    for other in ("<x@elsewhere.example>", f"<{NUMBER.lower()}.due_soon.aaaaaaaaaaaa@elsewhere.example>", ""):
        read = _answered("due_soon", "patron", "1", In_Reply_To=other)
        assert read.by != "our_answers"
        assert read.events == ()


@pytest.mark.parametrize(
    ("name", "filled", "reason"),
    [
        ("shipped", "Eräpäivä: 31.2.2027", "date"),
        ("shipped", "Eräpäivä: 3.1.2027 tai 5.1.2027", "date"),
        ("shipped", "Eräpäivä: 3.1.2020", "date"),
        ("shipped", "Eräpäivä: pian", "date"),
        ("shipped", "Eräpäivä: ei 20.1.2027", "date"),
        ("shipped", "Eräpäivä: 20.1.2027?", "date"),
        ("shipped", "Eräpäivä: ehkä 20.1.2027", "date"),
        ("shipped", "Eräpäivä: ennen 20.1.2027", "date"),
        ("shipped", "Niteen tunniste: ks. kuitti", "unclear"),
        ("price", "", "incomplete"),
        ("price", "Hinta: noin kymppi", "cost"),
        ("price", "Hinta: -3 €", "cost"),
        ("price", "Hinta: ei 12 €", "cost"),
        ("price", "Hinta: 12 € tai jotain", "cost"),
        ("price", "Hinta: 10 € tai 12 €", "cost"),
    ],
)
def test_a_fact_that_cannot_be_told_leaves_the_answer_to_staff(name: str, filled: str, reason: str) -> None:
    read = _answered("request_loan", "supplier", f"{OFFERED.answers[name].say['fi']}.\n\n{filled}")
    assert [doubt.reason for doubt in read.doubts] == [reason]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("more", ["jos", "Ei.", "Lokakuussa 2019.", "?", "Muu tieto: ei"])
def test_one_line_more_is_not_our_own_answer_any_longer(language: str, more: str) -> None:
    for name in ("unavailable", "renewed", "cancelled"):
        text = f"{OFFERED.answers[name].say[language]}.\n{more}"
        assert _answered("request_loan", "supplier", text).by != "our_answers"


def test_a_link_is_written_as_outlook_gmail_and_apple_mail_all_read_it() -> None:
    link = mailto("ill+kp-2026-000123.s.abc@library.example", NUMBER, "Räksmörgås & co + 1 = 100 %?\n\nEräpäivä: ")
    assert link == (
        "mailto:ill%2Bkp-2026-000123.s.abc@library.example?subject=Re%3A%20%5BKP-2026-000123%5D"
        "&body=R%C3%A4ksm%C3%B6rg%C3%A5s%20%26%20co%20%2B%201%20%3D%20100%20%25%3F%0D%0A%0D%0AEr%C3%A4p%C3%A4iv%C3%A4%3A%20"
    )
    for answer in OFFERED.answers.values():
        for language in LANGUAGES:
            made = mailto("ill@library.example", NUMBER, body_of(answer, OFFERED, language))
            assert made.isascii()
            assert len(made) < 500  # Outlook cuts links of 2,083 characters
            assert not set(made) & set(" +\"'<>\\`")


def _links_of_hostile() -> Iterator[tuple[str, list[str]]]:
    for letter in sorted({letter for letter, _ in CHOICES}):
        usual, hostile = sample(letter), sample(letter, "hostile")
        for found in (usual, hostile):
            raw = composer().compose(found.effect, found.context, now=NOW).raw
            message = email.message_from_bytes(raw, policy=default)
            assert isinstance(message, EmailMessage)
            yield letter, _links(message)


def test_a_strangers_words_change_no_answer_of_ours() -> None:
    seen: dict[str, list[str]] = {}
    for letter, links in _links_of_hostile():
        assert seen.setdefault(letter, links) == links


def test_wrong_answers_are_told_with_their_place() -> None:
    answers = {
        "a": {"by": "patron", "event": "Renew", "say": {"fi": "Kyllä", "sv": "Ja", "en": "Yes"}},
        "b": {"by": "patron", "event": "Cancel", "say": {"fi": "kyllä.", "sv": "Nej"}, "asks": ["cost"]},
    }
    files = {
        "answers.toml": RuleFile(name="answers.toml", data={"answers": answers}),
        "letters.toml": RuleFile(name="letters.toml", data={"letters": {"x": {"choices": ["c"]}}}),
    }
    _, problems = load(files)
    places = {problem.place for problem in problems}
    assert {"answers.b.say", "answers.b.say.en", "fields.cost.fi", "letters.x.choices"} <= places


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(letter_rules().for_audience(Audience.PARTNER)))
def test_another_maild_does_not_file_our_letter_away_as_a_receipt_nor_take_it_for_an_answer(
    name: str, language: str
) -> None:
    found = sample(name, audience=Audience.PARTNER)
    raw = composer().compose(in_languages(found.effect, language), found.context, now=NOW).raw
    raw = raw.replace(SITE.address.encode(), b"us@partner.example")
    read = _read(raw, Role.BORROWING if name.startswith("lending_") else Role.LENDING)
    assert (read.kind is Kind.AUTO_REPLY) is letter_rules().letters[name].answers
    assert read.by != "our_answers"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", ["request_loan", "renew_request", "cancel_request"])
def test_our_own_choices_left_below_an_answer_are_not_taken_for_its_words(letter: str, language: str) -> None:
    """Some mail programs put the letter below the answer with no mark at all."""
    for top in ("Kiitos, palaamme asiaan.", "Tack, vi återkommer.", "Thanks, we will come back to this."):
        sent = _letter(letter, language)
        read = _read(_mail("supplier", str(sent["Reply-To"]), "Re", f"{top}\n\n{_body(sent, 'plain')}"), Role.BORROWING)
        certain = {event.event for event in read.events} - {EventName.NOTIFICATION} if not read.doubts else set()
        assert certain == set()
