"""Days that a text names, as Finnish, Swedish, English and German correspondence writes them.

Own grammar, since a wrong due date is worse than none: dateparser 1.5 reads "3.12." as the time 03:12, "5 €" as a day.
Every pattern is bounded in length and tried once at each number or word, so the time is linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from maild.core.mail import Mail, Today
from maild.reading import calendar_words as words

FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST_LOAN_DAYS = 183  # a due date read from an unclear notation lies nearer than this
_JUST_GONE_DAYS = 60
_DATE_MAY_BE_OFF = timedelta(days=3)
_DAY_FIRST = frozenset({"fi", "sv", "de", "no", "nb", "nn", "da", "et"})  # languages that never write month/day


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDate:
    """A day, or words that name no single day, at text[start:end].

    kind: day; range (`candidates` are its two ends); week, month (no day); relative ("tomorrow": a day; "next Monday",
    "in two weeks": none). problem: day-or-month, weekday (the weekday disagrees), impossible (31.2.), no-year (the
    mail's Date is not to be trusted). `candidates` are all days that can be meant; without a year, the one before too.
    """

    day: date | None
    start: int
    end: int
    text: str
    problem: str = ""
    kind: str = "day"
    year_stated: bool = False
    candidates: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What one notation gave: (day, month) in each order that it allows, and the year where it stands there."""

    start: int
    end: int
    orders: tuple[tuple[int, int], ...] = ()
    year: int | None = None
    from_day: int = 0  # of "3.–5.12.": the 3
    kind: str = "day"
    days_ahead: int = 0


def find_dates(text: str, today: Today, language: str = "") -> tuple[FoundDate, ...]:
    """Every day that the text names, in order. Without a year: the first such day on or after the mail's."""
    found: list[FoundDate] = []
    for form in _forms(text, language):
        weekday, start = _weekday_beside(text, form, language)
        found.append(_resolve(text, replace(form, start=start), weekday, today))
    return tuple(_without_absorbed(_joined_ranges(text, found)))


def due_date_of(found: FoundDate, today: Today, max_days: int = LONGEST_LOAN_DAYS) -> date | None:
    """The day that it means as a due date (or another day to come), or None where that cannot be told.

    A year that is written and one way to read it: that day, even if past. Else the only candidate from tomorrow to
    `max_days` on: on 20 November an American 01/11/2027 is 11 January, not a loan of eleven months.
    """
    if found.kind == "relative":
        return found.day
    if found.kind != "day" or found.problem not in {"", "day-or-month"}:
        return None
    if found.year_stated and not found.problem:
        return found.day
    near = {d for d in found.candidates if 1 <= (d - today.day).days <= max_days}
    return near.pop() if len(near) == 1 else None


def past_day_of(found: FoundDate, today: Today, max_days: int = LONGEST_LOAN_DAYS) -> date | None:
    """The day that it means where only a day gone by makes sense ("was due 2.11."), or None."""
    if found.kind != "day" or found.problem not in {"", "day-or-month"}:
        return None
    if found.year_stated and not found.problem:
        return found.day
    past = {d for d in found.candidates if 0 <= (today.day - d).days <= max_days}
    return past.pop() if len(past) == 1 else None


def today_of(mail: Mail, zone: str) -> Today:
    """The day we took the mail, in the site's zone, and its own Date if that is at most three days off."""
    here = ZoneInfo(zone)
    taken, sent = mail.received_at or mail.date, mail.date
    if taken is None:
        return Today(day=date.min, trusted=False)
    if sent is None or abs(taken - sent) > _DATE_MAY_BE_OFF:
        return Today(day=taken.astimezone(here).date(), trusted=False)
    return Today(day=taken.astimezone(here).date(), sent=sent.astimezone(here).date())


def compact_day(digits: str) -> date | None:
    """The day of "20261203", as tagged mails write it; anything after the eight digits is the time."""
    if not re.fullmatch(r"\d{8}(?:\d{4}|\d{6})?", digits):
        return None
    return _day(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


# --- finding the notations ---------------------------------------------------------------------------------------

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
_BETWEEN_ENDS = re.compile(r"\s{0,2}[-–—]\s{0,2}")
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
    r"|kuni|seneste|senest|innen|inden|lånetid\w{0,2}|laina-aika|återlämnas|returneras|skicka\w{1,3}|sändes|posta\w{1,3}"
    r"|\w{0,12}(?:dag|dagen|datum|date|päivä|pvm|frist))|t\.?o\.?m|fr\.?o\.?m)[.:]?\s{0,3}(?:(?:den|är|is|on|ist|till|the)\s)?$",
    re.IGNORECASE,
)
_BARE_DAY_BEFORE = re.compile(
    r"(?:\b(?:until|till|til|bis|zum|vom|due|senast|viimeistään|viim|kuni|eräpäivä|förfallodag|lånetid|laina-aika"
    r"|fällig|leihfrist|palautuspäivä)|t\.?o\.?m)[.:]?\s{0,3}(?:(?:den|är|on|is|till|bis)\s)?$",
    re.IGNORECASE,
)
_BARE_DAY_AFTER = re.compile(r"\s(?:mennessä|asti|saakka|alkaen|lähtien)\b", re.IGNORECASE)
_CONTEXT_CHARS = 32


def _forms(text: str, language: str) -> Iterator[_Form]:
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        form = _from_number(text, token, language, at) if token[0][0].isdigit() else _from_word(text, token, language)
        at = form.end if form is not None else token.end()
        if form is not None and form.kind != "none":
            yield form


def _from_number(text: str, token: re.Match[str], language: str, after: int) -> _Form | None:
    start = token.start()
    if len(token[0]) > 4 or not _free_before(text, start, after):
        return None
    if (ahead := _AHEAD.match(text, start)) is not None:
        return _Form(start=start, end=ahead.end(), kind="ahead")
    for read in (_iso, _dashed, _dotted, _slashed, _day_month, _day_range, _dotted_bare):
        if (form := read(text, start, language)) is not None:
            return form
    return None


def _free_before(text: str, start: int, after: int) -> bool:
    """Whether no word or number runs into this one: "v3", "192.0.2.7", "12-15"; the end of a range may touch."""
    if start == 0 or (after and _BETWEEN_ENDS.fullmatch(text, after, start)):
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


def _form(match: re.Match[str], orders: tuple[tuple[int, int], ...], year: int | None) -> _Form:
    """The form, of kind "none" where the year is no year of a loan: its digits are then not read again."""
    strange = year is not None and not FIRST_YEAR <= year <= LAST_YEAR
    return _Form(start=match.start(), end=match.end(), orders=orders, year=year, kind="none" if strange else "day")


def _iso(text: str, start: int, _language: str) -> _Form | None:
    if (m := _ISO.match(text, start)) is None:
        return None
    return _form(m, ((int(m[4]), int(m[3])),), int(m[1]))


def _dashed(text: str, start: int, language: str) -> _Form | None:
    if (m := _DASHED.match(text, start)) is None:
        return None
    return _form(m, _orders(int(m[1]), int(m[2]), language), int(m[3]))


def _dotted(text: str, start: int, _language: str) -> _Form | None:
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


def _dotted_bare(text: str, start: int, language: str) -> _Form | None:
    """ "16.03" and "3.12 2026": only where words beside it say that it is a day, for clock times look the same."""
    if (m := _DOTTED_BARE.match(text, start)) is None or not (1 <= int(m[1]) <= 31 and 1 <= int(m[2]) <= 12):
        return None
    before = _before(text, start)
    told = _BARE_DAY_BEFORE.search(before) or _BARE_DAY_AFTER.match(text, m.end()) or _weekday_before(before, language)
    if not told or _NOT_A_DAY_BEFORE.search(before) or _NOT_A_DAY_AFTER.match(text, m.end()):
        return None
    return _form(m, ((int(m[1]), int(m[2])),), None)


def _slashed(text: str, start: int, language: str) -> _Form | None:
    if (m := _SLASHED.match(text, start)) is None:
        return None
    year = _year(m[3] or m[4] or m[5])
    orders = _orders(int(m[1]), int(m[2]), language)
    before = _before(text, start)
    told = _DAY_BEFORE.search(before) or _weekday_before(before, language)
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


def _day_month(text: str, start: int, _language: str) -> _Form | None:
    m = _DAY_MONTH.match(text, start)
    if m is None or (month := words.month_of(m[2])) is None or not 1 <= int(m[1]) <= 31:
        return None
    year = _year(m[3] or m[4] or m[5])
    if words.is_everyday_word(m[2]) and m[2] == "may" and year is None:
        return None
    return _form(m, ((int(m[1]), month),), year)


def _day_range(text: str, start: int, language: str) -> _Form | None:
    """ "3.–5.12." and "3-5 December": the first end has only its day."""
    lead = _FROM_DAY.match(text, start)
    if lead is None or _NOT_A_DAY_BEFORE.search(_before(text, start)):
        return None
    form = _dotted(text, lead.end(), language) or _day_month(text, lead.end(), language)
    if form is None or form.kind != "day" or not 1 <= int(lead[1]) < form.orders[0][0]:
        return None
    return replace(form, start=start, from_day=int(lead[1]))


def _from_word(text: str, token: re.Match[str], language: str) -> _Form | None:
    word, start, end = token[0], token.start(), token.end()
    low = word.lower()
    if words.month_of(low) is not None:
        return _from_month(text, token)
    if low in words.NEAR_DAYS:
        return _Form(start=start, end=end, kind="near", days_ahead=words.NEAR_DAYS[low])
    if low in {"i", "day", "morgen"}:
        return _near_day(text, token)
    if low in _AHEAD_STARTS and (m := _AHEAD.match(text, start)) is not None:
        return _Form(start=start, end=m.end(), kind="ahead")
    if (low in {"v", "vk"} and language in {"fi", "sv"}) or low.startswith(words.WEEK_WORDS):
        week = _WEEK.match(text, start)
        return _Form(start=start, end=week.end(), kind="week") if week and 1 <= int(week[1]) <= 53 else None
    if len(low) > 2 and words.weekday_of(low, language) is not None:
        return _Form(start=start, end=end, kind="weekday")
    return None


def _from_month(text: str, token: re.Match[str]) -> _Form | None:
    word, start = token[0], token.start()
    month = words.month_of(word) or 0
    if word.lower().endswith("kuun") and (m := _KUUN_DAY.match(text, start)) is not None and 1 <= int(m[1]) <= 31:
        return _form(m, ((int(m[1]), month),), _year(m[2]))
    # English puts the month first, always with a capital.
    if word[0].isupper() and (m := _MONTH_DAY.match(text, start)) is not None and 1 <= int(m[1]) <= 31:
        return _month_first(text, m, month)
    if words.is_whole_month_name(word):
        return _Form(start=start, end=token.end(), kind="month")
    return None


def _month_first(text: str, m: re.Match[str], month: int) -> _Form:
    day, year = int(m[1]), _year(m[2] or m[3])
    until = _TO_DAY.match(text, m.end()) if year is None else None
    if until is not None and day < int(until[1]) <= 31:
        form = _form(until, ((int(until[1]), month),), _year(until[2]))
        return replace(form, start=m.start(), from_day=day)
    return _form(m, ((day, month),), year)


_AFTER_I = re.compile(r"i[ \xa0]([^\W\d_]{3,10})\b", re.IGNORECASE)
_AFTER_TOMORROW = re.compile(r"day after tomorrow\b", re.IGNORECASE)
_GREETING = re.compile(r"\b(?:guten|heute|am|jeden|god|goden|goeie)\s$", re.IGNORECASE)


def _near_day(text: str, token: re.Match[str]) -> _Form | None:
    """ "i morgon", "the day after tomorrow", German "morgen" (not "Guten Morgen" nor "am Morgen")."""
    start = token.start()
    if (m := _AFTER_I.match(text, start)) is not None and m[1].lower() in words.NEAR_DAYS_AFTER_I:
        return _Form(start=start, end=m.end(), kind="near", days_ahead=words.NEAR_DAYS_AFTER_I[m[1].lower()])
    if (m := _AFTER_TOMORROW.match(text, start)) is not None:
        return _Form(start=start, end=m.end(), kind="near", days_ahead=2)
    if token[0] == "morgen" and not _GREETING.search(_before(text, start)):
        return _Form(start=start, end=token.end(), kind="near", days_ahead=1)
    return None


# --- what a notation means ---------------------------------------------------------------------------------------

_WORD_BEFORE = re.compile(r"\b([^\W\d_]{2,14})\.?,?\s{1,2}(?:den\s|the\s|d\.\s)?$")
_WORD_AFTER = re.compile(r",?\s?\(([^\W\d_]{2,14})\.?\)")


def _weekday_before(before: str, language: str) -> re.Match[str] | None:
    m = _WORD_BEFORE.search(before)
    return m if m is not None and words.weekday_of(m[1], language) is not None else None


def _weekday_beside(text: str, form: _Form, language: str) -> tuple[int | None, int]:
    """The weekday that stands with the day, and where the whole begins."""
    if form.kind != "day" or form.from_day:
        return None, form.start
    before = _before(text, form.start)
    if (m := _weekday_before(before, language)) is not None:
        return words.weekday_of(m[1], language), form.start - (len(before) - m.start())
    if (m := _WORD_AFTER.match(text, form.end)) is not None:
        return words.weekday_of(m[1], language), form.start
    return None, form.start


def _resolve(text: str, form: _Form, weekday: int | None, today: Today) -> FoundDate:
    out = FoundDate(day=None, start=form.start, end=form.end, text=text[form.start : form.end])
    if form.kind == "near":
        if not today.trusted:
            return replace(out, kind="relative", problem="no-year")
        return replace(out, kind="relative", day=(today.sent or today.day) + timedelta(days=form.days_ahead))
    if form.kind in {"ahead", "weekday"}:
        return replace(out, kind="relative")
    if form.kind in {"week", "month"}:
        return replace(out, kind=form.kind)
    if form.year is None and not today.trusted:
        return replace(out, problem="no-year")
    return _resolve_day(out, _with_told_year(text, form, today), weekday, today)


_TOLD_YEAR = re.compile(
    r",?\s(?:(ensi vuon\w{1,3}|ensi vuotta|nästa år|next year|nächsten Jahres|neste år|næste år)"
    r"|(?:tänä vuonna|i år|this year|dieses Jahres))\b",
    re.IGNORECASE,
)


def _with_told_year(text: str, form: _Form, today: Today) -> _Form:
    """The form with the year of "15/1 nästa år"."""
    if form.year is not None or (m := _TOLD_YEAR.match(text, form.end)) is None:
        return form
    return replace(form, year=(today.sent or today.day).year + (1 if m[1] else 0))


def _resolve_day(out: FoundDate, form: _Form, weekday: int | None, today: Today) -> FoundDate:
    readings = [_readings(day, month, form.year, today) for day, month in form.orders]
    out = replace(out, year_stated=form.year is not None)
    readings = [r for r in readings if r]
    if not readings:
        return replace(out, problem="impossible")
    if weekday is not None:
        readings = [kept for r in readings if (kept := _agreeing(r, weekday, today))]
        if not readings:
            return replace(out, problem="weekday")
    candidates = tuple(d for r in readings for d in r)
    if form.from_day:
        return _range(out, form.from_day, candidates[0])
    if len(readings) > 1:
        return replace(out, problem="day-or-month", candidates=candidates)
    return replace(out, day=candidates[0], candidates=candidates)


def _agreeing(days: tuple[date, ...], weekday: int, today: Today) -> tuple[date, ...]:
    """Those on that weekday: "pe 20.11." two days later is the day just gone, but a slip is not last year's day."""
    oldest = today.day - timedelta(days=_JUST_GONE_DAYS) if len(days) > 1 else date.min
    return tuple(d for d in days if d.weekday() == weekday and d >= oldest)


def _readings(day: int, month: int, year: int | None, today: Today) -> tuple[date, ...]:
    """The days that this can be: one with a year; else the first on or after the mail's day, and the one before it."""
    if year is not None:
        known = _day(year, month, day)
        return (known,) if known is not None else ()
    base = today.sent or today.day
    years = range(base.year - 8, base.year + 9)  # 29.2. comes every four years, at a century's turn eight
    days = [d for y in years if (d := _day(y, month, day)) is not None]
    coming = next((d for d in days if d >= base), None)
    gone = next((d for d in reversed(days) if d < base), None)
    return tuple(d for d in (coming, gone) if d is not None)


def _range(out: FoundDate, from_day: int, last: date) -> FoundDate:
    return replace(out, kind="range", candidates=(last.replace(day=from_day), last))


def _day(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _joined_ranges(text: str, found: list[FoundDate]) -> Iterator[FoundDate]:
    """ "1.12.–31.12.2026" is one range, no due date."""
    held: FoundDate | None = None
    for this in found:
        if held is not None and held.kind == this.kind == "day" and _BETWEEN_ENDS.fullmatch(text, held.end, this.start):
            ends = tuple(d for d in (held.day, this.day) if d is not None)
            whole = text[held.start : this.end]
            held = FoundDate(day=None, start=held.start, end=this.end, text=whole, kind="range", candidates=ends)
            continue
        if held is not None:
            yield held
        held = this
    if held is not None:
        yield held


def _without_absorbed(found: Iterator[FoundDate]) -> Iterator[FoundDate]:
    """Without the weekday words that belong to the day after them."""
    held: FoundDate | None = None
    for this in found:
        if held is not None and held.start < this.start:
            yield held
        held = this
    if held is not None:
        yield held
