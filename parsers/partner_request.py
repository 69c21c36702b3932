"""Reads new requests by other libraries: system letters, order slips, OpenURL, ISO 18626 XML, and running text.

Whether the sender is a library that we know is decided elsewhere. A mail that names one of our numbers, or answers a
letter, is about an old request and left to other parsers.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from maild.core.mail import Mail, Today
from maild.core.reading import Citation, Doubt, Event, Money, NewRequest, Reading, Requester
from maild.core.request import Context
from maild.core.terms import EventName, Kind, ServiceType
from maild.reading.dates import due_date_of, find_dates
from maild.reading.form_shapes import Answer, is_form, languages_of, read_answers
from maild.reading.form_values import CITATION_FIELDS, NEED_BEFORE_DAYS, Asking, Filled, fill
from maild.reading.forms import FormRules, find_form
from maild.reading.free_requests import FreeRequest, is_greeting, own_number, read_free
from maild.reading.identifiers import mask_identity_codes
from maild.reading.iso18626 import XmlRequest, read_xml
from maild.reading.language import language_of
from maild.reading.money import find_money
from maild.reading.openurl import find_openurl
from maild.reading.rules import ReadingRules
from maild.reading.services import service_of, word_for
from maild.reading.today import today_of

_BULK = ("list-unsubscribe", "list-id", "precedence")
_STRUCTURE = re.compile(r"^[^\n:=]{2,60}[:=]|\t", re.M)
_OFFICE = re.compile(
    r"\s?(?:[,/|-]|\()\s?(?:kaukopalvelu\w*|kaukolaina\w*|fjärrlån\w*|interlibrary loans?|ill\b.*"
    r"|fernleihe|document delivery|resource sharing|lainaus\w*)\)?$|\sILL$",
    re.I,
)
_SIGNED = re.compile(
    r"^(?:t\.|terv\w*\.?|yst\.?\s?terv\.?|hälsning\w*|hälsar|mvh|kiittäen|regards|best|cheers|vh|grüße)[\s,:]{1,3}",
    re.I,
)
_HOUSE = re.compile(
    r"kirjasto|bibliot|librar|bibliothek|sairaala|sjukhus|hospital|universit|yliopist|laitos|institut"
    r"|koulu|college|school|arkisto|museo",
    re.I,
)
_DEADLINE_BEFORE = re.compile(
    r"(?:viimeistään|ennen|senast(?: den)?|före|innan|\bby|before|no later than|until|\bbis(?: zum)?"
    r"|spätestens(?: am| bis)?|senest|asti)\s{0,3}\w{0,12}\s?$",
    re.I,
)
_DEADLINE_AFTER = re.compile(r"^\s{0,3}(?:mennessä|asti|saakka|at the latest|latest)", re.I)
_LIMIT = re.compile(
    r"(?:enintään|korkeintaan|maksimissaan|max(?:imum|\.)?(?: cost)?|up to|no more than|högst|maximalt"
    r"|höchstens|bis zu|maks(?:imum|\.)?)[\s:]{0,3}",
    re.I,
)


class PartnerRequestParser:
    """Reads requests that another library places with us."""

    name = "partner_request"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The new request; Notification with a doubt for an enquiry; None where nothing is asked for anew."""
        if not self._may_be_request(mail, rules):
            return None
        text = mail.new_text or mail.text
        heading = f"{mail.subject}\n{text[:3000]}"
        xml = read_xml(mail.xml) or (read_xml(text) if "<" in text[:400] else None)
        if xml is not None:
            return self._reading(mail, rules, [_from_xml(xml, mail, context, rules)], "")
        if _is_old(mail.subject, rules.forms):
            return None
        structured = self._structured(mail, context, rules, text)
        if structured is not None:
            return structured
        if not rules.forms.has("ask", heading[:2000]) or not _is_library(mail, context, rules.forms):
            return self._enquiry(mail, context, rules, heading)
        return self._free(mail, context, rules, text)

    def _may_be_request(self, mail: Mail, rules: ReadingRules) -> bool:
        """Cheap signs against: bulk mail, a reply, one of our numbers."""
        if any(mail.header(name) for name in _BULK) or mail.in_reply_to or mail.report_type:
            return False
        text = f"{mail.subject}\n{mail.text[:20_000]}".upper()
        return not any(
            re.search(rf"\b{re.escape(p)}\s?[-\u2010-\u2015]\s?\d{{4}}\s?[-\u2010-\u2015]\s?\d{{3,8}}", text)
            for p in rules.prefixes
        )

    def _structured(self, mail: Mail, context: Context, rules: ReadingRules, text: str) -> Reading | None:
        """A slip with labels, from a library."""
        if not mail.rows and len(_STRUCTURE.findall(text[:6000])) < 3:
            return None
        form = find_form(rules.forms, mail.from_address, mail.subject, text)
        answers = read_answers(mail, rules.forms, form, text=text)
        keys = {a.key for a in answers if a.value.strip()}
        asked = bool(keys & {"library", "ref", "symbol"}) or rules.forms.has("ask", f"{mail.subject}\n{text[:1500]}")
        if not is_form(answers) or not asked or keys & {"card"} or not _is_library(mail, context, rules.forms):
            return None
        if _is_old(_prose_of(text, answers), rules.forms):
            return None
        language = languages_of(answers) or language_of(text, rules.lexicons)
        asking = Asking(
            today=today_of(mail, context, rules.zone),
            headings=(mail.subject, _title_line(text)),
            for_library=True,
            language=language,
            work=find_openurl(text),
            sender=replace(_sender(mail, text, rules.forms), ref=own_number("", mail.subject) or None),
        )
        filled = fill(answers, asking, rules.forms)
        return self._reading(mail, rules, [filled], language)

    def _free(self, mail: Mail, context: Context, rules: ReadingRules, text: str) -> Reading | None:
        """Running text that asks for a work."""
        if _is_old(text, rules.forms):
            return None
        language = language_of(text, rules.lexicons)
        found = read_free(text, mail.subject)
        if not found.works:
            doubt = Doubt(
                reason="incomplete", text="A work seems to be asked for, but not which can be told.", passage=text[:200]
            )
            return Reading(kind=Kind.PARTNER_REQUEST, language=language, doubts=(doubt,), by=self.name)
        return self._reading(mail, rules, [_from_free(found, mail, context, rules, text, language)], language)

    def _enquiry(self, mail: Mail, context: Context, rules: ReadingRules, heading: str) -> Reading | None:
        domain = mail.from_address.rpartition("@")[2].lower()
        if (
            domain not in context.partner_domains
            or not rules.forms.has("enquiry", heading)
            or _is_old(heading, rules.forms)
        ):
            return None
        doubt = Doubt(reason="question", text="A question about lending, no request yet.", passage=heading[:200])
        event = Event(event=EventName.NOTIFICATION, passage=heading[:200])
        return Reading(
            kind=Kind.PARTNER_REQUEST,
            language=language_of(heading, rules.lexicons),
            events=(event,),
            doubts=(doubt,),
            by=self.name,
        )

    def _reading(self, mail: Mail, rules: ReadingRules, filled: Iterable[Filled], language: str) -> Reading:
        requests = tuple(new for one in filled for new in one.requests)
        doubts = tuple(doubt for one in filled for doubt in one.doubts)
        events = tuple(Event(event=EventName.REQUEST, new_request=new, passage=mail.subject) for new in requests)
        return Reading(
            kind=Kind.PARTNER_REQUEST,
            language=language or language_of(mail.new_text or mail.text, rules.lexicons),
            events=events,
            doubts=doubts,
            by=self.name,
        )


def _is_old(text: str, rules: FormRules) -> bool:
    """Whether it speaks of a request that was made before: renew, cancel, return, remind."""
    return rules.has("not_new", text)


def _prose_of(text: str, answers: Iterable[Answer]) -> str:
    """The text without the slip's labels and values: a title may speak of returning."""
    said = {a.value for a in answers} | {a.label for a in answers}
    return "\n".join(line for line in text.splitlines() if not any(s and s in line for s in said))


def _is_library(mail: Mail, context: Context, rules: FormRules) -> bool:
    """Whether a library seems to write: a partner's domain, or a library's name where a sender signs."""
    domain = mail.from_address.rpartition("@")[2].lower()
    if domain in context.partner_domains:
        return True
    last = (mail.new_text or mail.text).splitlines()[-8:]
    tail = "\n".join(line for line in last if len(line) < 90 and not is_greeting(line))
    return rules.has("library_words", f"{mail.from_name} {mail.from_address}\n{mail.signature[:500]}\n{tail}")


def _title_line(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) < 100 else ""


def _sender(mail: Mail, text: str, rules: FormRules) -> Requester:
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
    return Requester(name=signed or name, email=mail.from_address or None)


def _library_in(line: str) -> str:
    """The library's name in a line of a signature: "Hälsar Ann-Sofie på Strandhamns universitetsbibliotek"."""
    after = re.search(r"(?:\bpå|\bat|\bfrom|\bvid|\bvon der|\ban der|/|\|)\s+([^\W\d_a-zåäö].{5,80})$", line)
    if after:
        return after.group(1).strip(" .")
    line = _SIGNED.sub("", line).strip()
    first, _, rest = line.partition(", ")
    if rest and len(first.split()) <= 2 and first[:1].isupper() and not _HOUSE.search(first):
        line = rest
    return (
        line if not re.search(r"[:?!]|\b(?:pyyd|saisim|could|would|please|skulle|bitte)", line, re.IGNORECASE) else ""
    )


def _from_xml(xml: XmlRequest, mail: Mail, context: Context, rules: ReadingRules) -> Filled:
    """ISO 18626 says what its fields mean; only what it lacks is doubted."""
    answers = [Answer(label=key, key=_XML_KEYS.get(key, key), value=value) for key, value in xml.fields.items()]
    answers += [
        Answer(label=key, key=key, value=value)
        for key, value in (
            ("need_before", xml.need_before),
            ("note", xml.note),
            ("library", xml.name),
            ("symbol", xml.symbol),
            ("email", xml.email),
            ("ref", xml.ref),
        )
    ]
    asking = Asking(
        today=today_of(mail, context, rules.zone), for_library=True, sender=_sender(mail, mail.new_text, rules.forms)
    )
    filled = fill([a for a in answers if a.value], asking, rules.forms)
    new = filled.requests[0]
    types = {t.value: t for t in ServiceType}
    kind = types.get(xml.service_type, new.service_type)
    return Filled(
        requests=(replace(new, service_type=kind, max_cost=_money(xml)),),
        doubts=tuple(d for d in filled.doubts if d.reason != "contradictory" or not xml.service_type),
    )


_XML_KEYS = {"title": "title", "author": "book_author"}


def _money(xml: XmlRequest) -> Money | None:
    try:
        return (
            Money(amount=Decimal(xml.max_cost), currency=xml.currency.upper())
            if xml.max_cost and xml.currency
            else None
        )
    except InvalidOperation:
        return None


def _from_free(
    found: FreeRequest, mail: Mail, context: Context, rules: ReadingRules, text: str, language: str
) -> Filled:
    """The request of a letter, with the date and price that its sentences name."""
    today = today_of(mail, context, rules.zone)
    doubts = []
    if len(found.works) > 1:
        doubts.append(
            Doubt(
                reason="several-requests",
                text="Several works are asked for; each is a request of its own.",
                passage=text[:200],
            )
        )
    need_before = _deadline(text, today, language)
    if need_before is not None and need_before < today.day:
        doubts.append(Doubt(reason="date", text="The date needed by has passed.", passage=text[:200]))
    sender = _sender(mail, text, rules.forms)
    requester = Requester(name=sender.name, symbol=sender.symbol, email=sender.email, ref=found.ref or None)
    requests = []
    for work in found.works:
        service = service_of(_said(text, work, rules.forms), (mail.subject,), frozenset(work), "", rules.forms)
        if "article_title" not in work and _both_said(text, rules.forms):
            doubts.append(
                Doubt(reason="contradictory", text="A loan and a copy are both spoken of.", passage=text[:200])
            )
        if set(work) <= {"article_title"}:
            doubts.append(
                Doubt(reason="incomplete", text="It does not say where the article stands.", passage=text[:200])
            )
        if service.against:
            doubts.append(
                Doubt(
                    reason="contradictory",
                    text=f"The letter contradicts itself: {service.against}.",
                    passage=text[:200],
                )
            )
        fields = {key: mask_identity_codes(value) for key, value in work.items() if key in CITATION_FIELDS}
        requests.append(
            NewRequest(
                service_type=service.type,
                citation=Citation(**fields),
                need_before=need_before,
                max_cost=_limit(text),
                language=language or None,
                requester=requester,
            )
        )
    doubts += [_whole_as_copy(r) for r in requests if _is_whole_as_copy(r)]
    return Filled(requests=tuple(requests), doubts=tuple(doubts))


def _said(text: str, work: dict[str, str], rules: FormRules) -> str:
    """The letter without the work's own words, where it names a service; "" where it names none."""
    prose = text
    for value in sorted(work.values(), key=len, reverse=True):
        if len(value) > 3:
            prose = prose.replace(value, " ")
    prose = re.sub(
        r"(?i)kaukolain(?:apyyntö|aus|at\b|atoimisto)\w*|fjärrlån\w*|interlibrary loans?|fernleihe\b|\blibrary loan\b",
        " ",
        prose,
    )
    return prose if word_for(prose, rules) else ""


def _both_said(text: str, rules: FormRules) -> bool:
    """Whether a letter about a whole book speaks of a copy beside the loan, and does not leave us the choice."""
    return rules.has("copy_in_note", text) and rules.has("loan_in_note", text) and not rules.has("either", text)


def _deadline(text: str, today: Today, language: str) -> date | None:
    found = [
        f
        for f in find_dates(text, today, language)
        if f.kind in {"day", "relative"}
        and (
            _DEADLINE_BEFORE.search(text[max(0, f.start - 40) : f.start])
            or _DEADLINE_AFTER.match(text[f.end : f.end + 20])
        )
    ]
    days = {due_date_of(f, today, NEED_BEFORE_DAYS) or f.day for f in found}
    return days.pop() if len(days) == 1 else None


def _limit(text: str) -> Money | None:
    found = set()
    for match in _LIMIT.finditer(text[:6000]):
        prices = [f for f in find_money(text[match.end() : match.end() + 20]) if f.money is not None and f.start < 3]
        found |= {f.money for f in prices}
    money = found.pop() if len(found) == 1 else None
    return Money(amount=money.amount.quantize(Decimal("0.01")), currency=money.currency) if money else None


def _is_whole_as_copy(new: NewRequest) -> bool:
    work = new.citation
    return new.service_type is ServiceType.COPY and not (work.article_title or work.doi or work.pmid or work.pages)


def _whole_as_copy(new: NewRequest) -> Doubt:
    return Doubt(
        reason="incomplete", text="A copy is asked for, but not of which part.", passage=new.citation.title or ""
    )
