"""What an answer is of where its label alone could mean two things: told by the labels and answers beside it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from maild.reading.form_answers import Answer

PATRON_KEYS = frozenset({"card", "group", "pickup"})
_TITLES = frozenset({"title", "book", "journal", "article_title", "chapter_title", "reference"})
_WORK = frozenset({"author", "book_author", "article_author", "publisher", "year", "isbn", "edition"})
# "Nro: SSY/26/00781" on a slip is the library's own number; an issue is "3", "1-2", "12/1998", "suppl. 2".
_OWN_NUMBER = re.compile(r"^(?:[A-ZÅÄÖ]{2,}[-/ ]?\d|\d{5,}$|.*\d[-/]\d{2}[-/]\d)")
_PLAIN_NUMBER = re.compile(r"^(?:numero|nro|n:o|nummer|nr|number|no)\.?$", re.IGNORECASE)
_HOUSE = re.compile(r"^(?:kirjasto|bibliotek|bibliothek|library)$", re.IGNORECASE)
_ONE_WORD = re.compile(r"^[^\W\d_]+(?: [^\W\d_]+){0,2}$")
_ASKED_BY = re.compile(r"\bby$|\bfrom$", re.IGNORECASE)
_IDENTIFIER = re.compile(r"10\.\d{4}|https?://")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_WORD = re.compile(r"[^\W\d_]{4,40}")
_ORDERED = re.compile(
    r"^(?:tilaus|pyyntö|order|request|beställning|begäran|bestellung|bestilling|material|materiaali|aineisto|media|medium"
    r"|format|muoto|formaatti|(?:vi )?önska|vi beställer|haluttu|toivottu|halutaan|toivotaan|we want|wanted|gewünscht"
    r"|ønsk|type|typ|tyyppi)",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"^(?:laina|lainana|lainaksi|kopio|kopiona|kirja|artikkeli|loan|copy|photocopy|book|article|chapter|lån|kopia|bok"
    r"|artikel|kapitel|buch|aufsatz|kopie|ausleihe|artikkel|kopi)$",
    re.IGNORECASE,
)
# What the words of an answer that names nothing but a kind of thing are: "Book (loan)", "Kopio artikkelista".
_KIND = re.compile(
    r"^(?:printed|hardback|paperback|physical|journal|book|books|loan|copy|scan|article|chapter|thesis|of|an?|the|from|in|to"
    r"|borrow|kirja|kirjan|kirjana|laina|lainan|lainaksi|kopio|kopion|artikkeli|artikkelin|artikkelista|luku|luvun|luvusta"
    r"|kirjasta|lehtiartikkeli|painettu|fyysinen|väitöskirja|lån|låna|kopia|av|en|ett|bok|boken|artikel|tidskriftsartikel"
    r"|kapitel|ur|tryckt|avhandling|buch|gedrucktes|ausleihe|aufsatz|kopie|eines|aus|einem|artikkel|kopi|til)$",
    re.IGNORECASE,
)
_KIND_WORDS = 5  # at most
_WORDS = 3  # with a year they are a citation


def _is_citation(text: str) -> bool:
    words = len(_WORD.findall(text))
    return _IDENTIFIER.search(text) is not None or (_YEAR.search(text) is not None and words >= _WORDS)


def settled(answers: Sequence[Answer], *, web_form: bool = False) -> tuple[Answer, ...]:
    """The answers with the key that fits them; a web form is a patron's where it asks for a name, not a symbol."""
    keys = {a.key for a in answers if a.value.strip()}
    ours = bool({a.key for a in answers} & PATRON_KEYS) or (
        web_form and bool(keys & {"name", "first_name"}) and not keys & {"symbol", "ref"}
    )
    found = tuple(_settled(answer, answers[:at], ours, keys) for at, answer in enumerate(answers))
    return tuple(_of_kind(answer, [*found[:at], *found[at + 1 :]]) for at, answer in enumerate(found))


def _of_kind(answer: Answer, others: Sequence[Answer]) -> Answer:
    """The answer as the service where it names a kind of thing and the work is named elsewhere: "Aineisto: Kirja"."""
    given = {a.key for a in others if a.value.strip()}
    if answer.key not in {"", "title"} or "service" in given or not _names_a_kind(answer.value):
        return answer
    one_word = len(answer.value.split()) == 1  # "Aineisto: Kirja"; of several words it may be the host's title
    fits = one_word and given & _TITLES if answer.key == "title" else _ORDERED.match(answer.label)
    return replace(answer, key="service") if fits else answer


def _names_a_kind(value: str) -> bool:
    words = re.findall(r"\w+", value)
    return 0 < len(words) <= _KIND_WORDS and all(_KIND.match(word) for word in words)


def _settled(answer: Answer, before: Sequence[Answer], ours: bool, keys: set[str]) -> Answer:
    key = answer.key
    if key == "ref" and ours and not keys & _TITLES and _is_citation(answer.value[:600]):
        key = "reference"  # "Viite", "Referens": to a library its number, to a patron the work
    elif key == "reference" and "service" not in keys and _ONE_WORD.match(answer.value):
        key = "service"  # "Mitä haluat tilata?" - "Kirjan"
    elif _SERVICE.match(answer.value) and (
        key == "delivery" or (_ORDERED.match(answer.label) and key == "" and "service" not in keys)
    ):
        key = "service"  # "Tilaus: kopio", "Toimitustapa: laina"
    elif key == "volume" and "year" not in keys and _YEAR.fullmatch(answer.value.strip()):
        key = "year"  # "Jahrgang: 1979", with the volume under "Band" or not at all
    elif key == "issue" and _PLAIN_NUMBER.match(answer.label) and _OWN_NUMBER.match(answer.value):
        key = "ignore" if ours else "ref"
    elif key == "library" and ours and _HOUSE.match(answer.label) and "pickup" not in keys:
        key = "pickup"
    elif (
        key == "need_before" and _ASKED_BY.search(answer.label) and answer.value and not re.search(r"\d", answer.value)
    ):
        key = "name"  # "Requested by: Marius Kallio", where others write a day
    elif key == "name" and not keys & _TITLES and _names_a_work(before):
        key = "title"  # "Nimi", the patron's above and the work's below its author
    return answer if key == answer.key else replace(answer, key=key)


def _names_a_work(before: Sequence[Answer]) -> bool:
    """Whether the patron was named further up, and the field just above is of a work, or its section's title."""
    return any(a.key in {"name", "first_name", "last_name"} for a in before) and before[-1].key in _WORK
