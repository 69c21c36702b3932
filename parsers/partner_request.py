"""Reads new requests by other libraries: system letters, order slips, OpenURL, ISO 18626 XML, and running text.

Whether the sender is a library that we know is decided elsewhere. A mail that names one of our numbers, or answers a
letter, is about an old request and left to other parsers.
"""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict, replace

from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context
from maild.core.terms import EventName, Kind
from maild.reading.form_answers import Answer
from maild.reading.form_draft import Asking
from maild.reading.form_meaning import settled
from maild.reading.form_shapes import is_form, languages_of, read_answers
from maild.reading.form_values import Filled, fill
from maild.reading.forms import FormRules, find_form
from maild.reading.free_requests import own_number, read_free
from maild.reading.iso18626 import read_xml
from maild.reading.language import language_of
from maild.reading.letter_values import from_letter, from_xml, limit_of
from maild.reading.openurl import find_openurl
from maild.reading.request_prose import prose_doubts
from maild.reading.rules import ReadingRules
from maild.reading.signers import is_library, sender_of
from maild.reading.today import today_of

_TERMS = frozenset({"need_before", "max_cost"})
SHORT = 8  # letters
_BULK = ("list-unsubscribe", "list-id", "precedence")
_STRUCTURE = re.compile(r"^[^\n:=]{2,60}[:=]|\t|^\S[^\n]{1,30}?\S {4,60}\S|^\S[^\n.]{1,40}\.{3,80}", re.M)
# Labels of a letter that lends or chases a thing: no request, whatever work it names.
_LENDERS = re.compile(
    r"\b(?:due|shipped|ship date|eräpäivä|palautettava|palautuspäivä|laina-aika|niteen|barcode"
    r"|viivakoodi|förfallodag|återlämnas|streckkod|fällig|leihfrist|forfallsdato|strekkode|item id)\b",
    re.IGNORECASE,
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
            filled = from_xml(xml, mail, context, rules)
            prose = "" if "<" in text[:400] else text
            filled = replace(filled, doubts=(*filled.doubts, *prose_doubts(prose, rules, _said(filled))))
            return self._reading(mail, rules, [filled], "")
        if _is_old(mail.subject, rules.forms):
            return None
        structured = self._structured(mail, context, rules, text)
        if structured is not None:
            return structured
        if not (rules.forms.has("ask", heading[:2000]) or find_openurl(text)) or not is_library(
            mail, context, rules.forms
        ):
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
        answers = settled(read_answers(mail, rules.forms, form, text=text))
        keys = {a.key for a in answers if a.value.strip()}
        asked = bool(keys & {"library", "ref", "symbol"}) or rules.forms.has("ask", f"{mail.subject}\n{text[:1500]}")
        if any(_LENDERS.search(a.label) for a in answers if a.key in {"", "ignore"} and a.value.strip()):
            return None
        if not is_form(answers) or not asked or keys & {"card"} or not is_library(mail, context, rules.forms):
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
            sender=replace(
                sender_of(mail, text, rules.forms), ref=own_number(_prose_of(text, answers), mail.subject) or None
            ),
        )
        filled = fill(answers, asking, rules.forms)
        prose = _prose_of(text, answers)
        limit = limit_of(prose)
        filled = replace(filled, requests=tuple(replace(r, max_cost=r.max_cost or limit) for r in filled.requests))
        filled = replace(filled, doubts=(*filled.doubts, *prose_doubts(prose, rules, _said(filled), language)))
        return self._reading(mail, rules, [filled], language)

    def _free(self, mail: Mail, context: Context, rules: ReadingRules, text: str) -> Reading | None:
        """Running text that asks for a work."""
        if _is_old(text, rules.forms):
            return None
        language = language_of(text, rules.lexicons)
        found = read_free(text, mail.subject)
        if not found.works and rules.forms.has("enquiry", text[:2000]):
            return self._enquiry(mail, context, rules, text[:2000])
        if not found.works:
            doubt = Doubt(
                reason="incomplete", text="A work seems to be asked for, but not which can be told.", passage=text[:200]
            )
            return Reading(kind=Kind.PARTNER_REQUEST, language=language, doubts=(doubt,), by=self.name)
        filled = from_letter(found, mail, context, rules, text, language)
        filled = self._with_labels(filled, mail, context, rules, text, language)
        filled = replace(filled, doubts=(*filled.doubts, *prose_doubts(text, rules, _said(filled))))
        return self._reading(mail, rules, [filled], language)

    def _with_labels(
        self, filled: Filled, mail: Mail, context: Context, rules: ReadingRules, text: str, language: str
    ) -> Filled:
        """The lone request of a letter with the day and price that stand behind labels below its sentences."""
        answers = settled(read_answers(mail, rules.forms, None, text=text))
        terms = tuple(answer for answer in answers if answer.key in _TERMS)
        if len(filled.requests) != 1 or not terms:
            return filled
        asking = Asking(today=today_of(mail, context, rules.zone), for_library=True, language=language)
        slip = fill(terms, asking, rules.forms)
        new, said = filled.requests[0], slip.requests[0]
        new = replace(new, need_before=new.need_before or said.need_before, max_cost=new.max_cost or said.max_cost)
        dates = tuple(doubt for doubt in slip.doubts if doubt.reason == "date")
        return replace(filled, requests=(new,), doubts=(*filled.doubts, *dates))

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
    return rules.has("not_new", rules.without("why_asked", text))


def _said(filled: Filled) -> Iterator[str]:
    """What the citations hold, as it stands in the text."""
    for new in filled.requests:
        yield from (value for value in asdict(new.citation).values() if value)


def _prose_of(text: str, answers: Iterable[Answer]) -> str:
    """The text without the slip's labels and values: a title may speak of returning."""
    said = {part for a in answers for part in (a.label, *a.value.splitlines())}
    fields = {re.sub(r"\W+", "", f"{a.label}{a.value}") for a in answers}
    return "\n".join(
        line
        for line in text.splitlines()
        if line.endswith("?") or not (any(_is_of(line, part) for part in said) or _are_fields(line, fields))
    )


def _are_fields(line: str, fields: Set[str]) -> bool:
    """Whether a line is nothing but several of a slip's fields: "Vol: 9    No: 1"."""
    pieces = [re.sub(r"\W+", "", piece) for piece in re.split(r"\s{3,}", line.strip())]
    return all(piece in fields for piece in pieces)


def _is_of(line: str, part: str) -> bool:
    """Whether a line is a slip's label or value; a short one may stand in any sentence by chance."""
    return line.strip() == part.strip() if len(part) < SHORT else part in line


def _title_line(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) < 100 else ""
