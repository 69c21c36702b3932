"""A letter's or an XML document's request → the new request, with the date and price that its sentences name."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from maild.core.mail import Mail, Today
from maild.core.reading import Citation, Doubt, Money, NewRequest, Requester
from maild.core.request import Context
from maild.core.terms import ServiceType
from maild.reading.dates import due_date_of, find_dates
from maild.reading.form_answers import Answer
from maild.reading.form_draft import Asking
from maild.reading.form_values import NEED_BEFORE_DAYS, Filled, fill
from maild.reading.form_work import CITATION_FIELDS
from maild.reading.forms import FormRules
from maild.reading.free_requests import FreeRequest
from maild.reading.identifiers import mask_identity_codes
from maild.reading.iso18626 import XmlRequest
from maild.reading.money import find_money
from maild.reading.rules import ReadingRules
from maild.reading.services import service_of, word_for
from maild.reading.signers import sender_of
from maild.reading.today import today_of

_DEADLINE_BEFORE = re.compile(
    r"(?:viimeistään|ennen|senast(?: den)?|före|innan|før|innen|\bby|before|no later than|until|\bbis(?: zum)?"
    r"|spätestens(?: am| bis)?|senest|asti)\s{0,3}\w{0,12}\s?$",
    re.I,
)
_DEADLINE_AFTER = re.compile(r"^\s{0,3}(?:mennessä|asti|saakka|at the latest|latest)", re.I)
# The thing on the shelf, not a photocopy: "your copy", "the only copy in Europe", "borrow a copy of".
_EXEMPLAR = re.compile(
    r"\b(?:only|sole|last|single|own|your|their|other|another|surviving|known|second|lending|nearest|library)"
    r"(?: (?:known|surviving|remaining|available|lending|accessible|recorded))? cop(?:y|ies)\b"
    r"(?! (?:service|request|order|of (?:the |an |this )?(?:article|chapter|paper|pages)))"
    r"|\b(?:borrow|lend|loan)\b(?: us| me)? (?:a|the|your|one) copy\b"
    r"|\bcop(?:y|ies) (?:is|are|seems?|in|held|outside) ",
    re.I,
)
_LIMIT = re.compile(
    r"(?:kosten bis|kostnad(?:er)? (?:upp )?till|costs? up to"
    r"|enintään|korkeintaan|maksimissaan|max(?:imum|\.)?(?: cost)?|up to|no more than|högst|maximalt"
    r"|höchstens|bis zu|maks(?:imum|\.)?)[\s:]{0,3}",
    re.I,
)


def from_xml(xml: XmlRequest, mail: Mail, context: Context, rules: ReadingRules) -> Filled:
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
        today=today_of(mail, context, rules.zone), for_library=True, sender=sender_of(mail, mail.new_text, rules.forms)
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


def from_letter(
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
    sender = sender_of(mail, text, rules.forms)
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
                max_cost=limit_of(text),
                language=language or None,
                requester=requester,
            )
        )
    doubts += [_whole_as_copy(r) for r in requests if _is_whole_as_copy(r)]
    return Filled(requests=tuple(requests), doubts=tuple(doubts))


def _said(text: str, work: dict[str, str], rules: FormRules) -> str:
    """The letter without the work's own words, where it names a service; "" where it names none."""
    prose = _EXEMPLAR.sub(" borrow ", text)
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
    text = _EXEMPLAR.sub(" borrow ", text)
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


def limit_of(text: str) -> Money | None:
    """The most that the sentences of a letter are ready to pay; None where they name no one price as a limit."""
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
