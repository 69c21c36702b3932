"""Which library a mail is from, by what it signs with: its name in the signature, else in From."""

import re

from maild.core.mail import Mail
from maild.core.reading import Requester
from maild.core.request import Context
from maild.reading.forms import FormRules
from maild.reading.free_requests import is_greeting

_OFFICE = re.compile(
    r"\s?(?:[,/|-]|\()\s?(?:kaukopalvelu\w*|kaukolaina\w*|fjärrlån\w*|interlibrary loans?|ill\b.*"
    r"|fernleihe|document delivery|resource sharing|lainaus\w*)\)?$|\sILL$",
    re.I,
)
_SIGNED = re.compile(
    r"^(?:t\.|terv\w*\.?|yst\.?\s?terv\.?|hälsning\w*|hälsar|hilsen|mvh|kiittäen|regards|best|cheers|vh|grüße)[\s,:]{1,3}",
    re.I,
)
# A request's own words, or a motto below the name: "Kysy kirjastosta - ei ole tyhmiä kysymyksiä".
_SENTENCE = re.compile(
    r"[:?!]|\b(?:pyyd|saisim|could|would|please|skulle|bitte)|\b(?:ei|on|ole|kysy|ask|is|are|not|är|inte|ist|nicht|we|vi)\b",
    re.IGNORECASE,
)
_WITH_SYMBOL = re.compile(r"^(.{5,80}?) \(([A-Z][A-Za-z0-9-]{1,9})\)$")  # "Vättersta bibliotek (Vtr)"
_HOUSE = re.compile(
    r"kirjasto|bibliot|librar|bibliothek|sairaala|sjukhus|hospital|universit|yliopist|laitos|institut"
    r"|koulu|college|school|arkisto|museo",
    re.I,
)


def is_library(mail: Mail, context: Context, rules: FormRules) -> bool:
    """Whether a library seems to write: a partner's domain, or a library's name where a sender signs."""
    domain = mail.from_address.rpartition("@")[2].lower()
    if domain in context.partner_domains:
        return True
    last = (mail.new_text or mail.text).splitlines()[-8:]
    tail = "\n".join(line for line in last if len(line) < 90 and not is_greeting(line))
    return rules.has("library_words", f"{mail.from_name} {mail.from_address}\n{mail.signature[:500]}\n{tail}")


def sender_of(mail: Mail, text: str, rules: FormRules) -> Requester:
    """The library as its mail gives it: the name it signs with, else the sender's."""
    tail = [
        line.strip(" ,-–|*") for line in [*text.splitlines()[-10:], *mail.signature.splitlines()[:8]] if line.strip()
    ]
    names = [
        _OFFICE.sub("", line).strip()
        for line in tail
        if len(line) < 90 and "@" not in line and "://" not in line and not is_greeting(line)
    ]
    lines = [name for name in map(_library_in, names) if len(name.split()) > 1 and rules.has("library_words", name)]
    own = mail.from_name.strip().strip('"')
    name = _OFFICE.sub("", own) if rules.has("library_words", _OFFICE.sub("", own)) else None
    signed = lines[0] if lines else None
    if signed and (coded := _WITH_SYMBOL.match(signed)):
        return Requester(name=coded[1], symbol=coded[2], email=mail.from_address or None)
    return Requester(name=signed or name, email=mail.from_address or None)


def _library_in(line: str) -> str:
    """The library's name in a line of a signature: "Hälsar Ann-Sofie på Strandhamns universitetsbibliotek"."""
    after = re.search(
        r"(?:\bpå|\bat|\bfrom|\bfrån|\bfra|\bvid|\bvon der|\ban der|/|\|)\s+([^\W\d_a-zåäö].{5,80})$", line
    )
    if after:
        return after.group(1).strip(" .")
    line = _SIGNED.sub("", line).strip()
    if line.endswith(".") and len(line.split()) > 4:
        return ""
    first, _, rest = line.partition(", ")
    if rest and len(first.split()) <= 2 and first[:1].isupper() and not _HOUSE.search(first):
        line = rest
    return "" if _SENTENCE.search(line) else line
