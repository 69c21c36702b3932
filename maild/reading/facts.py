"""Facts that stand beside an event: barcodes, links, the other library's own number, "no renewals", copies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from maild.core.mail import Attachment, Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value that stands at text[start:end]."""

    value: str
    start: int
    end: int


# --- barcodes ----------------------------------------------------------------------------------------------------

_ITEM_LABEL = re.compile(
    r"(?<!\w)(?:viivakood\w{0,4}|nidetunnu\w{0,4}|nitee[nt]\w{0,2}(?:\s(?:tunnus|id|viivakood\w{0,3}))?|nide(?:numero|nro)?"
    r"|kappaletunnus|streckkod\w{0,4}|exemplar(?:nr|nummer|id)|item\s?(?:id|barcode|number|no)|copy\s?(?:id|barcode)|bar\s?codes?"
    r"|mediennummern?|mediennr|buchungsnummern?|strichcodes?|barcodenummern?|strekkode\w{0,2}|stregkode\w{0,2}"
    r"|eksemplarn(?:umme)?r|dokumentn(?:umme)?r|triipkood|ribakood|vk)(?!\w)",
    re.IGNORECASE,
)
_AFTER_LABEL = re.compile(
    r"(?:\s(?:on the (?:slip|spine|cover|label|book)|etiketissä|tarrassa|på (?:etiketten|ryggen|omslaget)"
    r"|auf dem (?:etikett|buch)))?"
    r"[ \t\xa0]{0,3}(?:/[ \t]{0,2}[^\W\d_][\w ]{2,20})?[ \t\xa0.]{0,20}"  # "Viivakoodi / Barcode ....."
    r"(?:[:=#-]|\b(?:on|is|are|ovat|är|ist)\b)?[.\s]{0,30}\(?"
)
_ITEM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9/$-]{4,30}(?![\w@])")
_AND = re.compile(r"\)?\s{0,2}(?:,|;|/|&|\+|\bja\b|\bsekä\b|\boch\b|\band\b|\bund\b|\bog\b)\s{1,2}|\n[ \t]{0,8}")
_NOT_AN_ID = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d{4}|\d{2,4}[-/]\d{2,4}|(?:97[89])\d{10}")
_REQUEST_NUMBER = re.compile(r"[A-Z][A-Z0-9]{0,7}-\d{4}-\d{4,8}", re.IGNORECASE)
_FEWEST_DIGITS = 5
_MOST_IDS = 50


def item_ids(text: str) -> tuple[Found, ...]:
    """The barcodes that the text calls so; a bare row of digits may be a telephone, a card or an ISBN."""
    found: dict[str, Found] = {}
    for label in _ITEM_LABEL.finditer(text):
        for one in _ids_after(text, label.end()):
            found.setdefault(one.value, one)
    return tuple(sorted(found.values(), key=lambda f: f.start))


def _ids_after(text: str, at: int) -> Iterator[Found]:
    gap = _AFTER_LABEL.match(text, at)
    at = gap.end() if gap is not None else at
    for _ in range(_MOST_IDS):
        m = _ITEM_ID.match(text, at)
        if m is None or not is_item_id(m[0].rstrip("-/")):
            return
        value = m[0].rstrip("-/")
        yield Found(value=value, start=m.start(), end=m.start() + len(value))
        more = _AND.match(text, m.end())
        if more is None:
            return
        at = more.end()


def is_item_id(value: str) -> bool:
    """Whether a value under a barcode's label can be one: enough digits, no day, ISBN or request number."""
    digits = sum(c.isdigit() for c in value)
    if digits < _FEWEST_DIGITS or not 5 <= len(value) <= 31:
        return False
    return not (_NOT_AN_ID.fullmatch(value) or _REQUEST_NUMBER.fullmatch(value))


# --- links -------------------------------------------------------------------------------------------------------

_URL = re.compile(r"https?://[^\s<>\"'\\^`{|}]{3,2000}", re.IGNORECASE)
_DELIVERY_ADDRESS = re.compile(
    r"download|deliver|fileshare|filesender|filestore|transfer|lataa|nouda|nouto|jakelu|document|/(?:d|s|f|dl|get|file|files|pdf|share|copies"
    r"|toimitus)/|\.pdf(?:$|\?)|article-?exchange|odyssey|illiad\.dll|funet|sharepoint|dropbox|onedrive|token=|key=",
    re.IGNORECASE,
)
_DELIVERY_WORDS = re.compile(
    r"lataa|ladatta|nouda|noudetta|kopio|tiedosto|linki|ladda|hämta|kopia|kopian|länk|filen|download|retriev|collect|copy|link"
    r"|scan|article|pdf|access|herunterlad|abruf|abhol|kopie|aufsatz|artikkel|hent",
    re.IGNORECASE,
)
_OTHER_ADDRESS = re.compile(
    r"privacy|tietosuoja|dataskydd|datenschutz|gdpr|facebook|instagram|twitter|linkedin|youtube|survey|kysely|unsubscribe|feedback"
    r"|palaute|/help|/ohje|opening|aukiolo|catalog|/record/|/ticket/|rt\.|terms|mailto",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 160


def find_urls(text: str) -> tuple[Found, ...]:
    """Every http(s) address, without the punctuation of its sentence."""
    return tuple(_url(m) for m in _URL.finditer(text))


def _url(m: re.Match[str]) -> Found:
    value = m[0].rstrip(".,;:!?*_»”’")
    while value.endswith((")", "]")) and value.count(value[-1]) > value.count("(" if value[-1] == ")" else "["):
        value = value[:-1].rstrip(".,;:!?")
    return Found(value=value, start=m.start(), end=m.start() + len(value))


def delivery_links(text: str) -> tuple[Found, ...]:
    """The addresses that a copy can be fetched from: not a home page, a help page or a privacy statement."""
    return tuple(url for url in find_urls(text) if _is_delivery(text, url))


def _is_delivery(text: str, url: Found) -> bool:
    try:
        parts = urlsplit(url.value)
    except ValueError:
        return False
    if len(parts.path.strip("/")) + len(parts.query) < 3 or _OTHER_ADDRESS.search(url.value):
        return False
    before = text[max(0, url.start - _CONTEXT_CHARS) : url.start]
    here = before.rpartition("\n")[2]
    above = before.removesuffix(here).rstrip().rpartition("\n")[2]  # the last line that is not blank
    return bool(_DELIVERY_ADDRESS.search(url.value) or _DELIVERY_WORDS.search(f"{above} {here}"))


# --- the other library's own number ------------------------------------------------------------------------------

_REF_LABEL = re.compile(
    r"(?<!\w)(?:(?:meidän|oma)\s(?:viitteemme|viite|nro|numero|tilausnumero|tunnus)|viitteemme|tilausnumeromme|numeromme"
    r"|vår[t]?\s(?:ref|referens|nr|nummer|beställningsnummer|beställningsnr)|our\s(?:ref|reference|number|no|tn|request\s(?:no|number|id)|order\s(?:no|number))"
    r"|unser\s?e?\s(?:zeichen|referenz|bestellnummer|nr)|lender'?s?\s(?:ref|tn)|supplier\sref(?:erence)?|vores\s(?:ref|nr)|vår\sref)(?!\w)",
    re.IGNORECASE,
)
_AFTER_REF = re.compile(r"[ \t\xa0.]{0,20}(?:[:=#]|\bon\b|\bis\b|\bär\b|\bist\b)?[ \t\xa0]{0,8}")
_REF = re.compile(r"[A-Za-z0-9ÅÄÖåäö](?:[\w./-]{0,38}\w)?(?: ?\d[\d/.-]{0,14}\d)?")


def supplier_refs(text: str) -> tuple[Found, ...]:
    """What the other library calls the request: "meidän nro LK 318/2026", "our ref: 449020"."""
    found: dict[str, Found] = {}
    for label in _REF_LABEL.finditer(text):
        gap = _AFTER_REF.match(text, label.end())
        m = _REF.match(text, gap.end() if gap is not None else label.end())
        if m is not None and any(c.isdigit() for c in m[0]) and not _REQUEST_NUMBER.fullmatch(m[0]):
            found.setdefault(m[0], Found(value=m[0], start=m.start(), end=m.end()))
    return tuple(found.values())


# --- terms -------------------------------------------------------------------------------------------------------

_NO_RENEWAL = re.compile(
    r"(?<!\w)(?:no\srenewals?|not\srenewable|non[- ]renewable"
    r"|(?:can\s?not|cannot|can't|will\snot|may\snot)\sbe\s(?:renewed|extended)"
    r"|renewals?\s(?:is|are)\s(?:not\spossible|not\sallowed|not\savailable|not\spermitted|impossible)"
    r"|ei\s(?:voi\s|voida\s)?uusi(?:a|ta|nta\w{0,3})"
    r"|ei\suusimis\w{0,10}|uusi(?:minen|nta)\sei\s(?:ole\s)?(?:mahdolli\w{2,4}|onnistu)|uusintoja\sei|inga?\s(?:omlån|förlängning\w{0,3})"
    r"|omlån\s(?:är\s)?(?:ej|inte)\s(?:möjligt|tillåtet)|kan\s(?:ej|inte)\s(?:lånas\som|förnyas|förlängas)"
    r"|keine\s(?:verlängerung\w{0,2})|(?:nicht|kann\snicht)\sverläng\w{3,9}|verlängerung\s(?:ist\s)?nicht\smöglich|kan\sikke\s(?:fornyes|forlenges))(?!\w)",
    re.IGNORECASE,
)


def no_renewal(text: str) -> tuple[Found, ...]:
    """Where the text says that the loan cannot be renewed at all."""
    return tuple(Found(value=m[0], start=m.start(), end=m.end()) for m in _NO_RENEWAL.finditer(text))


# --- the copy itself ---------------------------------------------------------------------------------------------

_COPY_TYPES = frozenset(
    {"application/pdf", "image/tiff", "application/epub+zip", "image/vnd.djvu", "application/postscript"}
)
_SCAN_TYPES = frozenset({"image/jpeg", "image/png"})  # a scan is large and no part of the letter's decoration
_SMALLEST_SCAN = 100_000
_SMALLEST_COPY = 150  # bytes: the least PDF that has a page is of some 200
_NOT_THE_COPY = re.compile(
    r"logo|invoice|lasku|faktura|rechnung|lieferschein|slip|lähete|terms|ehdot|copyright|vcard|signature|allekirjoitus|banner"
    r"|lomake|blankett|formular|flyer|esite|label",
    re.IGNORECASE,
)


def copies_of(mail: Mail) -> tuple[Attachment, ...]:
    """The attachments that are the copy asked for, told by their bytes: no logo, card, invoice, winmail.dat."""
    return tuple(a for a in mail.attachments if _is_copy(a))


def _is_copy(attachment: Attachment) -> bool:
    if _NOT_THE_COPY.search(attachment.name) or attachment.size < _SMALLEST_COPY:
        return False
    if attachment.sniffed in _COPY_TYPES:
        return True
    return attachment.sniffed in _SCAN_TYPES and not attachment.inline and attachment.size >= _SMALLEST_SCAN
