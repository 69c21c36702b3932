"""Names of months, weekdays and near days in Finnish, Swedish, English, German, Norwegian, Danish and Estonian."""

_FINNISH_MONTHS = (
    "tammi", "helmi", "maalis", "huhti", "touko", "kesä", "heinä", "elo", "syys", "loka", "marras", "joulu",
)  # fmt: skip

# As Estonian inflects them: "6. detsembrini", "7. detsembril". "mail" is left out: it is an English word.
_ESTONIAN_MONTHS = {
    "jaanuari": 1, "veebruari": 2, "märtsi": 3, "aprilli": 4, "juuni": 6, "juuli": 7, "augusti": 8, "septembri": 9,
    "oktoobri": 10, "novembri": 11, "detsembri": 12,
}  # fmt: skip
_ESTONIAN_ENDINGS = ("ni", "ks", "st", "l", "s", "")

# One line a month: whole names first, after the bar the abbreviations.
_MONTHS = (
    "januari january januar jaanuar jänner | jan",
    "februari february februar veebruar | feb febr",
    "mars march märz maerz marts märts | mar mrz mär",
    "april aprill | apr",
    "maj may mai |",
    "juni june juuni | jun",
    "juli july juuli | jul",
    "augusti august | aug",
    "september | sep sept",
    "oktober october oktoober | okt oct",
    "november | nov",
    "december desember dezember detsember | dec dez dets",
)

_FINNISH_WEEKDAYS = ("maanantai", "tiistai", "keskiviik", "torstai", "perjantai", "lauantai", "sunnuntai")
_WEEKDAYS = (
    "måndag måndagen mån monday mon montag mandag esmaspäev",
    "tisdag tisdagen tis tuesday tue tues dienstag tirsdag teisipäev",
    "onsdag onsdagen ons wednesday wed mittwoch kolmapäev",
    "torsdag torsdagen tors thursday thu thur thurs donnerstag neljapäev",
    "fredag fredagen fre friday fri freitag reede",
    "lördag lördagen lör saturday sat samstag sonnabend lørdag laupäev",
    "söndag söndagen sön sunday sun sonntag søndag pühapäev",
)
_SHORT_WEEKDAYS = {
    "fi": {"ma": 0, "ti": 1, "ke": 2, "to": 3, "pe": 4, "la": 5, "su": 6},
    "de": {"mo": 0, "di": 1, "mi": 2, "do": 3, "fr": 4, "sa": 5, "so": 6},
    # Where the language is not known, only what is no everyday word of another: English "to 3.12." names no Thursday.
    "": {"ma": 0, "ti": 1, "ke": 2, "pe": 4, "su": 6},
}

_FULL_MONTH = {name: n for n, line in enumerate(_MONTHS, 1) for name in line.split("|")[0].split()}
_SHORT_MONTH = {name: n for n, line in enumerate(_MONTHS, 1) for name in line.split("|")[1].split()}
_WEEKDAY = {name: n for n, line in enumerate(_WEEKDAYS) for name in line.split()}
# Words that mean something else too: a month only with a capital, a day or a year beside them.
_EVERYDAY = frozenset({"may", "march", "mars", "mar", "mai", "maj"})

NEAR_DAYS = {
    "tänään": 0, "huomenna": 1, "huomiseksi": 1, "huomiseen": 1, "ylihuomenna": 2,
    "idag": 0, "imorgon": 1, "today": 0, "tomorrow": 1, "heute": 0, "übermorgen": 2,
    "täna": 0, "homme": 1, "ülehomme": 2,
}  # fmt: skip
NEAR_DAYS_AFTER_I = {"dag": 0, "morgon": 1, "morgen": 1, "övermorgon": 2, "overmorgen": 2}

WEEK_WORDS = ("viiko", "viikko", "vko", "vecka", "week", "kw", "kalenderwoche", "woche", "uke", "uge", "nädal")


def month_of(word: str) -> int | None:
    """1 to 12 where the word is a month in any of the languages, inflected or cut short."""
    word = word.lower()
    if word in _FULL_MONTH:
        return _FULL_MONTH[word]
    if word in _SHORT_MONTH:
        return _SHORT_MONTH[word]
    stem, kuu, ending = word.partition("kuu")
    if kuu and len(ending) <= 4 and stem in _FINNISH_MONTHS:
        return _FINNISH_MONTHS.index(stem) + 1
    stems = (word.removesuffix(ending) for ending in _ESTONIAN_ENDINGS if word.endswith(ending))
    return next((_ESTONIAN_MONTHS[stem] for stem in stems if stem in _ESTONIAN_MONTHS), None)


def is_whole_month_name(word: str) -> bool:
    """Whether the word names a month even with no number beside it."""
    low = word.lower()
    return month_of(low) is not None and low not in _SHORT_MONTH and low not in _EVERYDAY


def is_everyday_word(word: str) -> bool:
    """Whether the word, spelt like this, may be no month at all: "you may", "mars"."""
    return word.islower() and word in _EVERYDAY


def weekday_of(word: str, language: str = "") -> int | None:
    """0 (Monday) to 6 where the word is a weekday; two-letter forms only of the mail's own language."""
    word = word.lower()
    if len(word) == 2:
        return _SHORT_WEEKDAYS.get(language, {}).get(word)
    if word in _WEEKDAY:
        return _WEEKDAY[word]
    for number, name in enumerate(_FINNISH_WEEKDAYS):
        if word.startswith(name) and len(word) <= len(name) + 5:
            return number
    return None
