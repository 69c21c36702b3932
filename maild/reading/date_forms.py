"""The notations of days: where in a text one stands, before anybody asks which day it is.

Every pattern is bounded in length and tried once at each number or word, so the time is linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from maild.reading import calendar_words as words

FIRST_YEAR, LAST_YEAR = 1990, 2100
_DAY_FIRST = frozenset({"fi", "sv", "de", "no", "nb", "nn", "da", "et"})  # languages that never write month/day


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What one notation gave: (day, month) in each order that it allows, and the year where it stands there."""

    start: int
    end: int
    orders: tuple[tuple[int, int], ...] = ()
    year: int | None = None
    from_day: int = 0  # of "3.–5.12.": the 3
    kind: str = "day"
    days_ahead: int = 0


_TOKEN = re.compile(r"[^\W\d_]+|\d+")
_ISO = re.compile(r"(\d{4})([-/.])(\d{2})\2(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2})?)?(?!\w|[-/.]\d)")
_DOTTED = re.compile(
    r"(\d{1,2})\.(\s{0,2})(\d{1,2})\.(?:(\d{4}|\d{2})(?!\d|\.\d)|\s{1,2}((?:19|20)\d{2})(?!\d|[.,]\d))?(?!\w)"
)
_DOTTED_BARE = re.compile(r"(\d{1,2})\.(\d{1,2})(?![\d:]|[.,]\d)")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})(?:[/.](\d{4}|\d{2})| ?(20\d{2})|-(\d{2}|20\d{2}))?(?![\w/]|[-–.]\d)")
_DASHED = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})(?!\d|-\w)")
_DAY_MONTH = re.compile(
    r"(\d{1,2})(?:\.|(?:st|nd|rd|th|\.?:?(?:ste|dje|de|e|a|s))\b)?[ \t\xa0-]{0,2}\n?"
    r"(?:(?:of|p\.?|p:?n[äa]|päivä(?:nä|ään)?|\.)[ \xa0]{1,2})?"
    r"([^\W\d_]{3,14})\b\.?"
    r"(?:(?:,?\s{0,2}|[-/])(\d{4})(?!\d)|[-/](\d{2})(?![\d/]|[-.]\d)|\s'(\d{2})(?!\d))?"
)
_MONTH_DAY = re.compile(
    r"[^\W\d_]{3,14}\.?[ \xa0]{1,2}(?:the )?(\d{1,2})(?:st|nd|rd|th)?(?![\w:/%]|[.,]\d)"
    r"(?:(?:,\s{0,2}|\s{1,2})(\d{4})(?!\d)|,? '(\d{2})(?!\d))?"
)
_KUUN_DAY = re.compile(
    r"\w{3,6}kuun\s{1,2}(\d{1,2})(?:\.|:\w{1,3})?(?!\d)(?:\s{0,2}p(?:äiv\w{1,5}|v|:?n[äa])?\b\.?)?(?:\s{1,2}(20\d{2})(?!\d))?"
)
_DASH = r"[ \xa0]?[-–—][ \xa0]?"
_FROM_DAY = re.compile(rf"(\d{{1,2}})(?:\.|st|nd|rd|th|:?e)?{_DASH}(?=\d)")
_TO_DAY = re.compile(rf"{_DASH}(\d{{1,2}})(?:st|nd|rd|th)?(?![\w:/]|[.,]\d)(?:,?\s{{1,2}}(\d{{4}})(?!\d))?")
BETWEEN_ENDS = re.compile(r"\s{0,2}[-–—]\s{0,2}")
_WEEK = re.compile(r"[^\W\d_]{1,16}\.?:?\s{0,2}(\d{1,2})(?:/\d{4}|/\d{2})?(?!\w|[.,/:]\d|[-–]\d{3})")
_COUNT = r"(?:\d{1,3}|[^\W\d_]{2,9})"
_AHEAD = re.compile(
    rf"{_COUNT}\s(?:viikon|päivän|arkipäivän|kuukauden)\s(?:päästä|kuluttua|kuluessa|sisällä)\b"
    rf"|(?:om|inom)\s{_COUNT}\s(?:dag|dagar|arbetsdagar|vecka|veckor|månad|månader)\b"
    rf"|(?:in|within)\s{_COUNT}\s(?:(?:working|business)\s)?(?:day|days|week|weeks|month|months|tagen|tag|wochen?|monaten?)\b",
    re.IGNORECASE,
)
_AHEAD_STARTS = frozenset(
    {"om", "inom", "in", "within", "yhden", "kahden", "kolmen", "neljän", "viiden", "kuuden", "parin", "muutaman"}
)

# What stands before a number and makes it something else than a day.
_NOT_A_DAY_BEFORE = re.compile(
    r"(?:\b(?:klo|kello|kl|um|at|v|ver|versio|version|luku|kohta|kappale|kpl|nro|no|nr|vol|ip|eur|usd|gbp|sek|nok|dkk|kr)\.?"
    r"|[€$£§#]|\b(?:klo|kello|kl|um)\.?\s?\d{1,2}(?:[.:]\d{2})?\s?[-–])\s{0,2}$",
    re.IGNORECASE,
)
_NOT_A_DAY_AFTER = re.compile(
    r"\s?(?:uhr|h|e|eur|euro\w{0,3}|kr|sek|usd|gbp|chf|m|cm|kg|mb|kpl)\b|\s?[€$£%]|\s?,-", re.IGNORECASE
)
# What stands before "3/12" or "16.03" and makes it a day: it could be a share, an issue or a clock time.
_DAY_BEFORE = re.compile(
    r"(?:\b(?:senast|till|den|före|innan|från|kring|runt|efter|by|until|till|due|before|on|viimeistään|viim|zum|bis|vom|am"
    r"|kuni|seneste|senest|innen|inden|lånetid\w{0,2}|laina-aika|palautus|åter|återlämnas|returneras|forfall|lånefrist"
    r"|förfaller|förföll|forfaller|udløber|utløper|(?:går|gick|löper|löpte) (?:lånet |lånetiden )?ut|lånet|upphör|utgår"
    r"|tillbaka|hemma|päättyy|umpeutuu|erääntyy|expires|ends|runs out|endet|skicka\w{1,3}|sändes|posta\w{1,3}"
    r"|\w{0,12}(?:dag|dagen|datum|date|päivä|pvm|frist))|t\.?o\.?m|fr\.?o\.?m)[.:]?\s{0,3}(?:(?:den|är|blir|is|on|ist|till|the)\s)?$",
    re.IGNORECASE,
)
_BARE_DAY_BEFORE = re.compile(
    r"(?:\b(?:until|till|til|bis|zum|vom|due|senast|viimeistään|viim|kuni|eräpäivä|förfallodag|lånetid|laina-aika"
    r"|fällig|leihfrist|palautuspäivä)|t\.?o\.?m)[.:]?\s{0,3}(?:(?:den|är|on|is|till|bis)\s)?$",
    re.IGNORECASE,
)
_BARE_DAY_AFTER = re.compile(r"\s(?:mennessä|asti|saakka|alkaen|lähtien)\b", re.IGNORECASE)
_CONTEXT_CHARS = 32
MAX_WORD = 60  # letters; a longer word tells no day


def forms(text: str, language: str) -> Iterator[Form]:
    """Every notation in the text, in order."""
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        if token[0][0].isdigit():
            form = _from_number(text, token, language, at)
        else:
            may = len(token[0]) <= MAX_WORD and _may_tell_a_day(token[0].lower(), language)
            form = _from_word(text, token, language) if may else None
        at = form.end if form is not None else token.end()
        if form is not None and form.kind != "none":
            yield form


def _from_number(text: str, token: re.Match[str], language: str, after: int) -> Form | None:
    start = token.start()
    if len(token[0]) > 4 or not _free_before(text, start, after):
        return None
    if (ahead := _AHEAD.match(text, start)) is not None:
        return Form(start=start, end=ahead.end(), kind="ahead")
    for read in (_iso, _dashed, _dotted, _slashed, _day_month, _day_range, _dotted_bare):
        if (form := read(text, start, language)) is not None:
            return form
    return None


def _free_before(text: str, start: int, after: int) -> bool:
    """Whether no word or number runs into this one: "v3", "192.0.2.7", "12-15"; the end of a range may touch."""
    if start == 0 or (after and BETWEEN_ENDS.fullmatch(text, after, start)):
        return True
    before = text[start - 1]
    if before.isalnum() or before == "_":
        return False
    return not (before in ".,:/-–—'" and start > 1 and text[start - 2].isalnum())


def _before(text: str, start: int) -> str:
    return text[max(0, start - _CONTEXT_CHARS) : start]


def _year(written: str | None) -> int | None:
    if not written:
        return None
    number = int(written)
    if len(written) == 2:
        return number + (1900 if number >= FIRST_YEAR % 100 else 2000)
    return number


def _form(match: re.Match[str], orders: tuple[tuple[int, int], ...], year: int | None) -> Form:
    """The form, of kind "none" where the year is no year of a loan: its digits are then not read again."""
    strange = year is not None and not FIRST_YEAR <= year <= LAST_YEAR
    return Form(start=match.start(), end=match.end(), orders=orders, year=year, kind="none" if strange else "day")


def _iso(text: str, start: int, _language: str) -> Form | None:
    if (m := _ISO.match(text, start)) is None:
        return None
    return _form(m, ((int(m[4]), int(m[3])),), int(m[1]))


def _dashed(text: str, start: int, language: str) -> Form | None:
    if (m := _DASHED.match(text, start)) is None:
        return None
    return _form(m, _orders(int(m[1]), int(m[2]), language), int(m[3]))


def _dotted(text: str, start: int, _language: str) -> Form | None:
    if (m := _DOTTED.match(text, start)) is None:
        return None
    day, month, year = int(m[1]), int(m[3]), _year(m[4] or m[5])
    if year is None:
        plausible = 1 <= day <= 31 and 1 <= month <= 12 and not m[2]  # "1. 2. painos" is no day
        if not plausible or _NOT_A_DAY_BEFORE.search(_before(text, start)) or _NOT_A_DAY_AFTER.match(text, m.end()):
            return None
    elif len(m[4] or m[5]) == 2 and not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    return _form(m, ((day, month),), year)


def _dotted_bare(text: str, start: int, language: str) -> Form | None:
    """ "16.03" and "3.12 2026": only where words beside it say that it is a day, for clock times look the same."""
    if (m := _DOTTED_BARE.match(text, start)) is None or not (1 <= int(m[1]) <= 31 and 1 <= int(m[2]) <= 12):
        return None
    before = _before(text, start)
    told = _BARE_DAY_BEFORE.search(before) or _BARE_DAY_AFTER.match(text, m.end()) or _weekday_before(before, language)
    if not told or _NOT_A_DAY_BEFORE.search(before) or _NOT_A_DAY_AFTER.match(text, m.end()):
        return None
    return _form(m, ((int(m[1]), int(m[2])),), None)


def _slashed(text: str, start: int, language: str) -> Form | None:
    if (m := _SLASHED.match(text, start)) is None:
        return None
    year = _year(m[3] or m[4] or m[5])
    orders = _orders(int(m[1]), int(m[2]), language)
    before = _before(text, start)
    told = _DAY_BEFORE.search(before) or _BARE_DAY_AFTER.match(text, m.end()) or _weekday_before(before, language)
    if not told and not m[3]:  # 12/3, 12/3 2026 and 12/3-15 are an issue as soon as a day
        return None
    if not any(1 <= day <= 31 and 1 <= month <= 12 for day, month in orders):
        return None
    return _form(m, orders, year)


def _orders(first: int, second: int, language: str) -> tuple[tuple[int, int], ...]:
    """(day, month) as it stands, and turned round where the language allows and it is not the same day."""
    if language in _DAY_FIRST and second <= 12:
        return ((first, second),)
    possible = [(d, m) for d, m in ((first, second), (second, first)) if 1 <= m <= 12]
    return tuple(dict.fromkeys(possible))


def _day_month(text: str, start: int, _language: str) -> Form | None:
    m = _DAY_MONTH.match(text, start)
    if m is None or (month := words.month_of(m[2])) is None or not 1 <= int(m[1]) <= 31:
        return None
    year = _year(m[3] or m[4] or m[5])
    if words.is_everyday_word(m[2]) and m[2] == "may" and year is None:
        return None
    return _form(m, ((int(m[1]), month),), year)


def _day_range(text: str, start: int, language: str) -> Form | None:
    """ "3.–5.12." and "3-5 December": the first end has only its day."""
    lead = _FROM_DAY.match(text, start)
    if lead is None or _NOT_A_DAY_BEFORE.search(_before(text, start)):
        return None
    form = _dotted(text, lead.end(), language) or _day_month(text, lead.end(), language)
    if form is None or form.kind != "day" or not 1 <= int(lead[1]) < form.orders[0][0]:
        return None
    return replace(form, start=start, from_day=int(lead[1]))


@lru_cache(2**12)
def _may_tell_a_day(low: str, language: str) -> bool:
    """Whether a notation can begin with that word, in small letters; most words of every text are no such ones."""
    return (
        low in words.NEAR_DAYS
        or low in _AHEAD_STARTS
        or low in {"i", "day", "morgen", "v", "vk"}
        or low.startswith(words.WEEK_WORDS)
        or words.month_of(low) is not None
        or words.weekday_of(low, language) is not None
    )


def _from_word(text: str, token: re.Match[str], language: str) -> Form | None:
    word, start, end = token[0], token.start(), token.end()
    low = word.lower()
    if words.month_of(low) is not None:
        return _from_month(text, token)
    if low in words.NEAR_DAYS:
        return Form(start=start, end=end, kind="near", days_ahead=words.NEAR_DAYS[low])
    if low in {"i", "day", "morgen"}:
        return _near_day(text, token)
    if low in _AHEAD_STARTS and (m := _AHEAD.match(text, start)) is not None:
        return Form(start=start, end=m.end(), kind="ahead")
    if (low in {"v", "vk"} and language in {"fi", "sv"}) or low.startswith(words.WEEK_WORDS):
        week = _WEEK.match(text, start)
        return Form(start=start, end=week.end(), kind="week") if week and 1 <= int(week[1]) <= 53 else None
    if len(low) > 2 and words.weekday_of(low, language) is not None:
        return Form(start=start, end=end, kind="weekday")
    return None


def _from_month(text: str, token: re.Match[str]) -> Form | None:
    word, start = token[0], token.start()
    month = words.month_of(word) or 0
    if word.lower().endswith("kuun") and (m := _KUUN_DAY.match(text, start)) is not None and 1 <= int(m[1]) <= 31:
        return _form(m, ((int(m[1]), month),), _year(m[2]))
    # English puts the month first, always with a capital.
    if word[0].isupper() and (m := _MONTH_DAY.match(text, start)) is not None and 1 <= int(m[1]) <= 31:
        return _month_first(text, m, month)
    if words.is_whole_month_name(word):
        return Form(start=start, end=token.end(), kind="month")
    return None


def _month_first(text: str, m: re.Match[str], month: int) -> Form:
    day, year = int(m[1]), _year(m[2] or m[3])
    until = _TO_DAY.match(text, m.end()) if year is None else None
    if until is not None and day < int(until[1]) <= 31:
        form = _form(until, ((int(until[1]), month),), _year(until[2]))
        return replace(form, start=m.start(), from_day=day)
    return _form(m, ((day, month),), year)


_AFTER_I = re.compile(r"i[ \xa0]([^\W\d_]{3,10})\b", re.IGNORECASE)
_AFTER_TOMORROW = re.compile(r"day after tomorrow\b", re.IGNORECASE)
_GREETING = re.compile(r"\b(?:guten|heute|am|jeden|god|goden|goeie)\s$", re.IGNORECASE)


def _near_day(text: str, token: re.Match[str]) -> Form | None:
    """ "i morgon", "the day after tomorrow", German "morgen" (not "Guten Morgen" nor "am Morgen")."""
    start = token.start()
    if (m := _AFTER_I.match(text, start)) is not None and m[1].lower() in words.NEAR_DAYS_AFTER_I:
        return Form(start=start, end=m.end(), kind="near", days_ahead=words.NEAR_DAYS_AFTER_I[m[1].lower()])
    if (m := _AFTER_TOMORROW.match(text, start)) is not None:
        return Form(start=start, end=m.end(), kind="near", days_ahead=2)
    if token[0] == "morgen" and not _GREETING.search(_before(text, start)):
        return Form(start=start, end=token.end(), kind="near", days_ahead=1)
    return None


_WORD_BEFORE = re.compile(r"\b([^\W\d_]{2,14})\.?,?\s{1,2}(?:den\s|the\s|d\.\s)?$")
_WORD_AFTER = re.compile(r",?\s?\(([^\W\d_]{2,14})\.?\)")


def _weekday_before(before: str, language: str) -> re.Match[str] | None:
    m = _WORD_BEFORE.search(before)
    return m if m is not None and words.weekday_of(m[1], language) is not None else None


def weekday_beside(text: str, form: Form, language: str) -> tuple[int | None, int]:
    """The weekday that stands with the day, and where the whole begins."""
    if form.kind != "day" or form.from_day:
        return None, form.start
    before = _before(text, form.start)
    if (m := _weekday_before(before, language)) is not None:
        return words.weekday_of(m[1], language), form.start - (len(before) - m.start())
    if (m := _WORD_AFTER.match(text, form.end)) is not None:
        return words.weekday_of(m[1], language), form.start
    return None, form.start
