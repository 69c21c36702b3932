"""What one letter may say, gathered from its occasion, its request and the partner; each reader gets what is theirs."""

from dataclasses import fields
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from maild.core.cleaning import clean_line, without_numbers
from maild.core.effects import Audience, SendLetter
from maild.core.letter_readers import OCCASION_READERS, as_address, as_day, as_line, as_words
from maild.core.letters import (
    MAX_FIELD,
    MAX_TITLE,
    PARTNER_FACTS,
    PATRON_FACTS,
    STAFF_FACTS,
    ItemFacts,
    LetterFacts,
    SiteFacts,
)
from maild.core.reading import Citation
from maild.core.request import Context, Item, Partner, Request
from maild.core.terms import Flag, Role, ServiceType


def facts_of(effect: SendLetter, context: Context, site: SiteFacts) -> LetterFacts:
    """What `effect`'s letter may say. `context` is the one after the decision's effects.

    A partner's letter gets nothing that is the patron's, a patron's nothing that is the partner's.
    """
    request = context.request(effect.number) if effect.number else None
    values: dict[str, Any] = {name: read(effect.facts.get(name)) for name, read in OCCASION_READERS.items()}
    values["attachment"] = bool(effect.attach)
    values["to_patron"] = effect.audience is Audience.PATRON
    if request is not None:
        values |= _of_request(request, effect, site)
        values |= _of_partner(context.partner(effect.partner_id or request.partner_id))
    hidden = _hidden_from(effect.audience)
    return LetterFacts(**{name: value for name, value in values.items() if name not in hidden})


def _hidden_from(audience: Audience) -> frozenset[str]:
    if audience is Audience.PARTNER:
        return STAFF_FACTS | PATRON_FACTS
    if audience is Audience.PATRON:
        return STAFF_FACTS | PARTNER_FACTS
    return frozenset()


def _of_request(request: Request, effect: SendLetter, site: SiteFacts) -> dict[str, Any]:
    items = _items(request, effect)
    conditions = as_words(effect.facts.get("loan_condition")) or request.conditions
    pickup = clean_line(request.pickup, MAX_FIELD)
    return {
        "number": request.number,
        "lending": request.role is Role.LENDING,
        "is_copy": request.service_type is ServiceType.COPY,
        "either": request.service_type is ServiceType.COPY_OR_LOAN,
        "status": request.status.value,
        "citation": clean_citation(request.citation),
        "their_ref": _their_ref(request, effect) or None,
        "items": items,
        "due_date": min((item.due_date for item in items if item.due_date), default=_stated_due_date(effect)),
        "need_before": request.need_before,
        "max_cost": request.max_cost,
        "conditions": tuple(clean_line(condition, MAX_FIELD) for condition in conditions),
        "renewable": not request.flags & {Flag.NO_RENEWAL, Flag.RECALLED, Flag.LIBRARY_USE_ONLY},
        "pickup": pickup or None,
        "pickup_hours": _opening(site, request.pickup, effect.languages[0]),
        "asked_on": _asked_on(request, site),
    }


def _opening(site: SiteFacts, place: str, language: str) -> str | None:
    """When a place is open, in the reader's language or else in ours."""
    told = site.pickup.get(place)
    if told is None or isinstance(told, str):
        return told or None
    return told.get(language) or told.get(site.language) or None


def _of_partner(partner: Partner | None) -> dict[str, str | None]:
    """How parcels reach the other library."""
    if partner is None:
        return {}
    return {
        "partner_name": as_line(partner.name),
        "partner_address": as_address(partner.postal_address),
        "partner_phone": as_line(partner.phone),
        "partner_card": as_line(partner.their_card),
    }


def _items(request: Request, effect: SendLetter) -> tuple[ItemFacts, ...]:
    """The items that the letter is about: those that the occasion names, else all of the request."""
    named = set(as_words(effect.facts.get("item_id")))
    chosen = [item for item in request.items if named & set(item.item_ids)] or list(request.items)
    if not chosen and named:
        chosen = [Item(item_ids=tuple(sorted(named)))]
    return tuple(
        ItemFacts(
            ids=tuple(clean_line(item_id, MAX_FIELD) for item_id in item.item_ids),
            volume=clean_line(item.volume, MAX_FIELD),
            due_date=item.patron_due_date if effect.audience is Audience.PATRON else item.due_date,
        )
        for item in chosen
    )


def _stated_due_date(effect: SendLetter) -> date | None:
    """The occasion's own date, where no item carries one; never the supplier's date to a patron."""
    name = "patron_due_date" if effect.audience is Audience.PATRON else "due_date"
    return as_day(effect.facts.get(name))


def _their_ref(request: Request, effect: SendLetter) -> str:
    stated = effect.facts.get("supplier_ref")
    own = request.requester_ref or (stated if isinstance(stated, str) else "") or request.supplier_ref
    return clean_line(own, MAX_FIELD)


def _asked_on(request: Request, site: SiteFacts) -> date | None:
    asked = request.attempts[-1].asked_at if request.attempts else None
    return asked.astimezone(ZoneInfo(site.zone)).date() if asked else None


def clean_citation(citation: Citation) -> Citation:
    """The same work with every field fit for one line, and nothing in it that looks like a request number of ours."""
    values = {f.name: getattr(citation, f.name) for f in fields(citation)}
    cleaned = {
        name: without_numbers(clean_line(value, MAX_TITLE if "title" in name else MAX_FIELD)) or None
        for name, value in values.items()
        if value
    }
    return Citation(**cleaned)
