"""A language that nobody taught goes to staff; one TOML file of a site teaches what to read in it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild import house
from maild.cli import app
from maild.core.terms import EventName
from maild.reading.opening import open_mail
from maild.reading.read import read_alone
from maild.reading.rules import ReadingRules
from maild.registry import load_parsers
from maild.settings import Settings

MAIL = """From: ill@bibliotheque.test
To: ill@library.test
Subject: Re: [KP-2026-000123]
Date: Fri, 20 Nov 2026 12:00:00 +0200
Message-ID: <1@bibliotheque.test>
In-Reply-To: <kp-2026-000123.1.aa@library.test>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

"""
FOREIGN = {
    "French": "Bonjour,\n\nnous ne possédons pas cet ouvrage.\n\nCordialement\nMarie",
    "French, sent": "Bonjour,\n\nle livre a été envoyé aujourd'hui. À rendre le 15.1.2027.\n\nCordialement\nMarie",
    "Spanish": "Hola:\n\nno tenemos este libro.\n\nSaludos\nAna",
    "Spanish, sent": "Hola:\n\nhemos enviado el libro hoy. Fecha de devolución: 15.1.2027.\n\nSaludos\nAna",
    "Polish": "Dzień dobry,\n\nnie posiadamy tej książki.\n\nPozdrawiam\nEwa",
    "Latvian": "Labdien!\n\nDiemžēl mums nav šīs grāmatas.\n\nAr cieņu\nIlze",
    "Lithuanian": "Laba diena,\n\nknyga išsiųsta, grąžinti iki 2027-01-15.\n\nPagarbiai\nRūta",
    "Russian": "Здравствуйте,\n\nкнига отправлена сегодня, срок возврата 15.01.2027.\n\nС уважением\nАнна",
    "Italian": "Buongiorno,\n\nil libro non è disponibile per il prestito.\n\nCordiali saluti\nPaola",
    "Portuguese": "Bom dia,\n\no item está emprestado.\n\nCumprimentos\nRita",
    "Dutch": "Goedendag,\n\nhet boek is vandaag verstuurd.\n\nMet vriendelijke groet\nAnneke",
    "Hungarian": "Jó napot!\n\nA könyvet nem tudjuk kölcsönadni.\n\nÜdvözlettel\nÉva",
    "Greek": "Καλημέρα,\n\nτο βιβλίο δεν είναι διαθέσιμο.\n\nΜε εκτίμηση\nΕλένη",
    "Japanese": "お世話になっております。\n\nこの本は貸出できません。\n\nよろしくお願いします。",
    "Chinese": "您好,\n\n我们没有这本书。\n\n此致\n敬礼",
    "Arabic": "مرحبا\n\nالكتاب غير متوفر للإعارة.\n\nمع التحية",
}
TAUGHT = """schema = 1

words = ["nous", "ne", "pas", "cet", "ouvrage", "bonjour", "cordialement", "le", "la", "est"]

[marks]
negation = ["ne", "pas", "n'avons"]
hedge = ["peut être", "probablement"]
question = ["?", "pouvez vous", "quel"]

[says.Unfilled.NotHeld]
phrases = ["ne … possédons pas"]
yes = ["Nous ne possédons pas cet ouvrage."]
no = ["Nous possédons cet ouvrage."]
"""


@pytest.fixture(scope="module")
def shipped() -> ReadingRules:
    """The rules of reading as they are shipped."""
    return house.paper_of(Settings()).rulebook.reading


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a folder of rules of its own; the file of its settings."""
    (tmp_path / "rules/phrases").mkdir(parents=True)
    settings = tmp_path / "maild.toml"
    settings.write_text(f'[site]\naddress = "ill@library.test"\n[own]\nrules = "{tmp_path / "rules"}"\n')
    return settings


def parsed(text: str, folder: Path, settings: Path) -> dict[str, object]:
    """What `maild parse` says about the mail."""
    mail = folder / "1.eml"
    mail.write_text(MAIL + text, "utf-8")
    result = CliRunner().invoke(app, ["--config", str(settings), "parse", str(mail)])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.mark.parametrize("language", FOREIGN)
def test_a_language_nobody_taught_goes_to_staff(language: str, shipped: ReadingRules) -> None:
    mail = open_mail((MAIL + FOREIGN[language]).encode(), quotes=shipped.quotes)
    reading = read_alone(mail, shipped, load_parsers())
    assert reading.doubts
    assert not [e for e in reading.events if e.event is not EventName.NOTIFICATION]


def test_one_file_of_a_site_teaches_a_language(site: Path, tmp_path: Path) -> None:
    before = parsed(FOREIGN["French"], tmp_path, site)
    assert (before["auto"], before["events"]) == (False, [])
    (tmp_path / "rules/phrases/fr.toml").write_text(TAUGHT, "utf-8")
    after = parsed(FOREIGN["French"], tmp_path, site)
    assert (after["auto"], after["language"]) == (True, "fr")
    assert after["events"] == [{"event": "Unfilled", "reason": "NotHeld"}]


def test_what_the_file_teaches_can_be_doubted_too(site: Path, tmp_path: Path) -> None:
    (tmp_path / "rules/phrases/fr.toml").write_text(TAUGHT, "utf-8")
    hedged = FOREIGN["French"].replace("nous ne", "peut-être nous ne")
    assert parsed(hedged, tmp_path, site)["auto"] is False


def test_a_new_phrase_of_a_known_language_needs_one_file_of_three_lines(site: Path, tmp_path: Path) -> None:
    text = "Hei,\n\nkirja on nahkurin orsilla.\n\nTerveisin\nMinna"
    assert parsed(text, tmp_path, site)["auto"] is False
    taught = 'schema = 1\n[says.Unfilled.NotHeld]\nphrases = ["nahkurin orsilla"]\n'
    (tmp_path / "rules/phrases/fi.toml").write_text(taught, "utf-8")
    assert parsed(text, tmp_path, site)["events"] == [{"event": "Unfilled", "reason": "NotHeld"}]
