"""The journal or book that an article stands in, as a sentence names it: "from your own journal Acta", "Acta-lehdestä".

What tells whose it is and of what kind ("er egen tidskrift", "teidän sarjastanne") is no part of its name.
"""

import re

import re2

_PREPOSITION = re2.compile(
    r"(?i)^[\s,.]{0,3}(?:(?:joka on |som finns |som är publicerad |publicerad |published "
    r"|which appeared |ilmestynyt |julkaistu |erschienen )?(?:lehdestä|lehdessä|julkaisusta"
    r"|julkaisussa|teoksesta|teoksessa|kirjasta|sarjasta|ur|från|fra|i|in|from|aus)\s)([^(]{3,190}.*)$"
)
_NAME = r"(?=[\"“„«»”']?[A-ZÀ-ÖØ-ÞŠŽ\d])"
_KIND_FI = re.compile(
    r"^[\s,.]{0,3}(?:[a-zåäö]{2,20} ){0,4}[a-zåäö]{0,20}(?:lehde|lehti|julkaisu|sarja|vuosikirja|kirja|teokse)"
    rf"(?:stä|sta|ssä|ssa|n)(?:nne|mme|än|an)?:? {_NAME}"
)
_NAMED_FI = re.compile(
    r"^[\s,.]{0,3}([^\W\d_][^\d.,:;?!()\"]{2,60}?)[- ](?:lehde(?:n|stä|ssä)|vuosikirja(?:n|sta))(?:nne|mme)?\b"
)
_END = re2.compile(
    r"(?:[,;(]|\.\s|\s(?:(?:1[5-9]|20)\d\d\b|\d{1,4}\s?[(/:]|(?i:vol|nro|nr|no|s|ss|pp?|sid|sivut|årg"
    r"|jg|bd|band|heft|h)\.?\s?\d|(?i:vuodelta|vuosikerta|från år|aus dem jahr)\b|https?:)|\?|$)"
)
# Small letters up to a word for a journal or a book, and then a capital: "the Journal of Tides" keeps its own word.
_KIND = re.compile(
    r"^(?:[a-zåäöæø'’-]{1,20} ){0,4}[a-zåäöæø-]{0,20}(?:journal|magazine|periodical|quarterly|review|bulletin"
    r"|newsletter|yearbook|annual|series|paper|book|tidskrift|tidsskrift|tidning|årsbok|årbok|årsskrift|årbog|skrift|magasin"
    rf"|blad|serie|bok|bog|verk|værk|avis)(?:en|n|et|t|a|ens)?,?:? {_NAME}"
)
_KIND_DE = re.compile(
    r"^(?:[a-zäöü]{3,5} |Ihre[rmsn]? |Ihrem |[Uu]nsere[rmsn]? |[Uu]nserem |[Ee]ure[rmsn]? |[Ee]urem ){0,2}"
    r"(?:[a-zäöü]{4,16}en )?(?:Zeitschrift|Jahrbuch|Schriftenreihe|Reihe|Zeitung|Magazin|Mitteilungsblatt"
    rf"|Vierteljahre?s?schrift|Sammelband|Buch|Band|Festschrift):? {_NAME}"
)
_ARTICLE = re.compile(rf"^(?:the|der|die|das|dem|den) {_NAME}")
# Words that no name begins with in small letters: what they belong to was not understood, and so the name is not told.
_WHOSE = re.compile(
    r"^(?:er|ert|era|eran|vår|vårt|våra|your|our|their|ihre[rmsn]?|ihrem|unsere[rmsn]?|unserem|deres|dere|jeres|vores|vårt"
    r"|teidän|meidän|oman?|omasta|omassa|egen|eget|own|samma|same)\b|^[a-zåäö]{3,24}(?:nne|mme)\b"
)


def host_name(tail: str) -> str:
    """The name at the beginning of what stands behind an article's title; "" where none stands there."""
    behind = _KIND_FI.match(tail)
    if behind:
        name = _cut(tail[behind.end() :])
    elif found := _PREPOSITION.search(tail):
        name = _without_kind(_cut(found.group(1)))
    else:
        named = _NAMED_FI.search(tail)
        name = _cut(named.group(1)) if named else ""
    return "" if _WHOSE.match(name) else name


def _cut(text: str) -> str:
    end = _END.search(text)
    return (text[: end.start()] if end else text).strip(' ,.:;"“”')


def _without_kind(name: str) -> str:
    kind = _KIND.match(name) or _KIND_DE.match(name) or _ARTICLE.match(name)
    return name[kind.end() :].strip(' ,.:;"“”') if kind else name
