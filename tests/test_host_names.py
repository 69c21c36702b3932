"""The journal or book behind an article's title, without the words that tell whose it is and of what kind."""

import pytest

from maild.reading.host_names import host_name


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        (" ur er tidskrift Nordica Acta, 2019", "Nordica Acta"),
        (" ur eran egen årsbok Vinterbladet 2019", "Vinterbladet"),
        (" i er skriftserie Vinterbladet 2019, s. 3-9", "Vinterbladet"),
        (" ur föreningens tidskrift Vinterbladet 2019", "Vinterbladet"),
        (" ur Tidskrift för vinter 2019", "Tidskrift för vinter"),
        (" i Vår vinter 2019, s. 3-9", "Vår vinter"),
        (" from your own journal Acta Boreana, 2019", "Acta Boreana"),
        (" in your house magazine The Winter Leaf 2019", "The Winter Leaf"),
        (" from the Journal of Winter Studies 2019", "Journal of Winter Studies"),
        (" from Our Winter Days 12 (2019)", "Our Winter Days"),
        (" aus Ihrer eigenen Zeitschrift Winterblatt 12 (2019), S. 33-41", "Winterblatt"),
        (" aus Ihrem Jahrbuch Winterblatt 12 (2019)", "Winterblatt"),
        (" in Zeitschrift für Eis 12 (2019)", "Zeitschrift für Eis"),
        (" fra deres eget tidsskrift Vinterbladet 2019", "Vinterbladet"),
        (" omasta lehdestänne Acta Boreana 12(3), 2019", "Acta Boreana"),
        (" kirjastonne vuosikirjasta Suovia 2019", "Suovia"),
        (", joka on ilmestynyt omassa sarjassanne Suovia 12 (2019)", "Suovia"),
        (" Suovia-lehdestä 2019", "Suovia"),
        (" lehdestä Oma suo 2019, s. 3-9", "Oma suo"),
    ],
)
def test_a_name_is_what_stands_behind_whose_it_is(tail: str, name: str) -> None:
    assert host_name(tail) == name


@pytest.mark.parametrize("tail", ["", " from your own, as soon as you can", " ur er egen 2019", " teidän omasta"])
def test_where_no_name_stands_none_is_told(tail: str) -> None:
    assert host_name(tail) == ""


@pytest.mark.timeout(5)
@pytest.mark.parametrize("tail", [" from " + "a " * 50_000, " " + "omasta " * 50_000, " in " + "Zeitschrift " * 9_000])
def test_long_rows_of_words_cost_little(tail: str) -> None:
    host_name(tail)
