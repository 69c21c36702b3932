"""What letters offer as an answer is read without doubt; and no letter to a partner passes for a mere receipt."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from maild.core.effects import Audience
from maild.core.mail import Mail
from maild.core.reading import Reading
from maild.core.request import Context, Request
from maild.core.terms import EventName, Kind, Role, ServiceType, Status
from maild.letters.render import LANGUAGES
from maild.letters.samples import NUMBER, SITE
from maild.reading import rules as reading_rules
from maild.reading.opening import open_mail
from maild.reading.read import read_mail
from maild.registry import load_parsers
from maild.rulebook import read_files
from tests.letter_house import NOW, composer, facts, in_languages, letter_rules, sample, shipped_letters

OURS = (SITE.address,)
PATRON = "aino.asiakas@patron.example"
PARTNER = "ill@partner.example"
EVENTS = {
    "renew": EventName.RENEW,
    "cancel": EventName.CANCEL,
    "accept": EventName.CONDITIONS_ACCEPTED,
    "refuse": EventName.CONDITIONS_REFUSED,
}
LETTERS = shipped_letters()
RULES, _ = reading_rules.load(read_files()[0], prefixes=("KP",), zone="Europe/Helsinki", our_addresses=OURS)
PARSERS = load_parsers()


def _read(raw: bytes, role: Role) -> Reading:
    assert RULES is not None
    request = Request(
        number=NUMBER,
        role=role,
        service_type=ServiceType.LOAN,
        status=Status.LOANED,
        partner_domains=("partner.example",),
        partner_address=PARTNER,
        patron_email=PATRON,
        mailed=(PATRON, PARTNER),
    )
    context = Context(our_addresses=OURS, partner_domains=("partner.example",), requests=(request,))
    mail: Mail = open_mail(
        raw, received_at=datetime(2026, 11, 22, 9, tzinfo=UTC), our_addresses=OURS, quotes=RULES.quotes
    )
    return read_mail(mail, context, RULES, PARSERS)


def _answer(text: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = PATRON, SITE.address, f"Re: [{NUMBER}]"
    message["Message-ID"] = "<1@patron.example>"
    message.set_content(text)
    return message.as_bytes()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", EVENTS)
def test_an_answer_in_the_words_of_our_letter_is_read_without_doubt(language: str, answer: str) -> None:
    words = LETTERS.words[language]["answer"][answer]
    letter = LETTERS.render("due_soon", language, facts("due_soon"), SITE).text
    for text in (words, f"{words}.", f"{words}.\n\n> " + letter.replace("\n", "\n> ")):
        read = _read(_answer(text), Role.BORROWING)
        assert [event.event for event in read.events] == [EVENTS[answer]]
        assert read.doubts == ()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(letter_rules().for_audience(Audience.PARTNER)))
def test_another_maild_does_not_file_our_letter_away_as_a_receipt(name: str, language: str) -> None:
    found = sample(name, audience=Audience.PARTNER)
    raw = composer().compose(in_languages(found.effect, language), found.context, now=NOW).raw
    raw = raw.replace(SITE.address.encode(), b"us@partner.example")
    read = _read(raw, Role.BORROWING if name.startswith("lending_") else Role.LENDING)
    assert (read.kind is Kind.AUTO_REPLY) is letter_rules().letters[name].answers
