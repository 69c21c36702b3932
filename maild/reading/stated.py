"""The facts that a text states beside its outcome: dates by their role, prices, barcodes, links, terms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from maild.core.mail import Today
from maild.core.reading import Doubt, Money
from maild.reading import facts
from maild.reading.dates import FoundDate, due_date_of, find_dates, past_day_of
from maild.reading.money import find_money
from maild.reading.phrases import Hit
from maild.reading.statements import Statement

STRANGE_PRICE = re.compile(r"\b(?:[A-Z]{3}[ \xa0]?\d{1,6}[.,]\d{2}|\d{1,6}[.,]\d{2}[ \xa0]?[A-Z]{3})\b")  # "XAF 28.00"
JUST_GONE_DAYS = 60  # a letter of posting is written in the weeks after it
_MAY_BE_A_DAY = re.compile(r"(?<![\w/.:])(?:[0-2]?\d|3[01])/(?:0?\d|1[0-2])(?![\w/%])")
LONGEST_DOUBTFUL_DAYS = 200  # 08/01/2027 in December is 8 January, not a loan until August


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What stands in the text. `due`, `old`, `expiry`, `other` are days by the words beside them, `closed` left out."""

    due: tuple[date, ...] = ()
    due_problem: str = ""  # why a due date is none, with its text
    past: tuple[date, ...] = ()  # due dates of what is overdue
    old: tuple[date, ...] = ()
    expiry: tuple[date, ...] = ()
    other: tuple[date, ...] = ()
    deciding: tuple[date, ...] = ()  # days in the clauses that state the outcome
    costs: tuple[Money, ...] = ()
    cost_problem: str = ""
    item_ids: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    supplier_ref: str | None = None
    no_renewal: bool = False


def stated_in(text: str, said: Sequence[Statement], today: Today, language: str, sender: str) -> Stated:
    """The facts of `text`, whose clauses are `said`; the sender's address tells whose "kr" it is."""
    days = _Days(today, language)
    for statement in said:
        days.add(statement)
    costs, problem = _costs(said, language, sender)
    return Stated(
        due=_unique(days.due),
        due_problem=days.problem,
        past=_unique(days.past),
        old=_unique(days.old),
        expiry=_unique(days.expiry),
        other=_unique(days.other),
        deciding=_unique(days.deciding),
        costs=costs,
        cost_problem=problem,
        item_ids=tuple(dict.fromkeys(found.value for found in facts.item_ids(text))),
        urls=tuple(dict.fromkeys(found.value for found in facts.delivery_links(text))),
        conditions=tuple(sorted({hit.phrase.name for s in said for hit in s.of("conditions")})),
        supplier_ref=next((found.value for found in facts.supplier_refs(text)), None),
        no_renewal=bool(facts.no_renewal(text)),
    )


def _unique(days: Sequence[date]) -> tuple[date, ...]:
    return tuple(dict.fromkeys(days))


class _Days:
    """Sorts the days of a text by the words of their clauses."""

    def __init__(self, today: Today, language: str) -> None:
        self.today = today
        self.language = language
        self.due: list[date] = []
        self.past: list[date] = []
        self.old: list[date] = []
        self.expiry: list[date] = []
        self.other: list[date] = []
        self.deciding: list[date] = []
        self.problem = ""
        self.last_role = ""
        self.sentence = -1

    def add(self, statement: Statement) -> None:
        """Sort the days of one clause; a bare day takes the role of the clause before it in the sentence."""
        if statement.clause.sentence != self.sentence:
            self.sentence, self.last_role = statement.clause.sentence, ""
        role = statement.clause.label or _role(statement) or self.last_role
        if role == "old" and statement.says("Loaned", "") and statement.has("roles", "due"):
            role = "due"  # "was sent today and falls due on": nothing that goes out today has an old due date
        if role in {"old", "expiry"} and statement.says("Overdue", ""):
            role = "due"  # "skulle ha varit här den 6 november", "expired on 31 October": the day that was missed
        if role == "due" and statement.says("Recalled", "") and statement.has("roles", "early"):
            role = "old"  # "we must ask for it before its due date, 20 April"
        self.last_role = role
        days: Sequence[FoundDate] = find_dates(statement.clause.text, self.today, self.language)
        if statement.says("Loaned", ""):
            days = [self._just_gone(found) for found in days]
            days = self._without_sending(days) if role == "due" else days
        if role == "due" and not days and (unread := _MAY_BE_A_DAY.search(statement.clause.text)):
            self.problem = self.problem or unread.group()
        renewed = statement.says("RenewAccepted", "")
        for found in days:  # nothing is renewed until tomorrow: "jatkan huomenna"
            self._sort(found, role, deciding=bool(statement.of("says")) and not (renewed and found.kind == "relative"))

    def _just_gone(self, found: FoundDate) -> FoundDate:
        """The day of sending that a text without a year means: "lähetetty 18.11." of two days ago, not of next year."""
        gone = past_day_of(found, self.today, JUST_GONE_DAYS) if self._is_far(found) else None
        return found if gone is None else replace(found, day=gone)

    def _without_sending(self, days: Sequence[FoundDate]) -> Sequence[FoundDate]:
        """The days without that of sending, which stands in one breath with the due date: "SHIPPED 11/20/26 DUE …"."""
        coming = [found for found in days if found.day is None or found.day > self.today.day]
        return coming or days

    def _sort(self, found: FoundDate, role: str, *, deciding: bool) -> None:
        if role in {"closed", "sent", "ref", "title"}:
            return
        if role == "due":
            self._due(found)
        elif found.day is not None and role in {"old", "expiry"}:
            (self.old if role == "old" else self.expiry).append(found.day)
        elif found.day is not None:
            self.other.append(found.day)
        if deciding and found.day is not None and not (role == "due" and self._is_far(found)):
            self.deciding.append(found.day)

    def _is_far(self, found: FoundDate) -> bool:
        """Whether a day without a year is no due date to come: on 20 November "18.11." is not the one of next year."""
        return not found.year_stated and due_date_of(found, self.today, LONGEST_DOUBTFUL_DAYS) is None

    def _due(self, found: FoundDate) -> None:
        if found.kind == "relative" and found.day is not None and found.day <= self.today.day:
            return  # "sent today, due ..."
        past = past_day_of(found, self.today)
        if past is not None:
            self.past.append(past)
        day = due_date_of(found, self.today, LONGEST_DOUBTFUL_DAYS)
        if day is not None:
            self.due.append(day)
        elif found.day is not None and found.year_stated:
            self.due.append(found.day)
        elif found.problem or found.kind in {"day", "range"}:
            self.problem = self.problem or found.text


def _role(statement: Statement) -> str:
    """The role of a clause's days by its words: the more special one wins, and "the loan expires" over "expires"."""
    hits = statement.of("roles")
    names = {hit.phrase.name for hit in hits if hit.phrase.name != "expiry" or not _is_loans_end(hit, hits)}
    return next((name for name in ("closed", "old", "expiry", "due") if name in names), "")


def _is_loans_end(expiry: Hit, hits: Sequence[Hit]) -> bool:
    """Whether what expires is the loan: words of a due date lie over those of the expiry, and are more."""
    dues = [hit for hit in hits if hit.phrase.name == "due" and hit.start <= expiry.start and expiry.end <= hit.end]
    return any(hit.end - hit.start > expiry.end - expiry.start for hit in dues)


# What a parcel is insured for, or would cost if it were lost, nobody asks for now.
_NO_CHARGE = re.compile(
    r"\b(?:insured|insurance value|valued|vakuutettu|vakuutusarvo|försäkra[dt]|försäkringsvärde|versichert|forsikret)\b"
    r"[^.;]{0,24}$",
    re.IGNORECASE,
)


def _costs(said: Sequence[Statement], language: str, sender: str) -> tuple[tuple[Money, ...], str]:
    """The prices that are asked, and the text of one that cannot be told; our own limit is none of them."""
    costs: list[Money] = []
    problem = ""
    for statement in said:
        limited = statement.has("roles", "limit")
        prices = find_money(statement.clause.text, language, sender)
        if not prices and (strange := STRANGE_PRICE.search(statement.clause.text)):
            problem = problem or strange.group()
        for found in prices:
            if _NO_CHARGE.search(statement.clause.text[: found.start]):
                continue
            if found.money is not None and not (limited and costs):
                costs.append(found.money)
            elif found.problem and found.problem != "limit":
                problem = problem or found.text
    return tuple(dict.fromkeys(costs)), problem


def date_doubt(passage: str) -> Doubt:
    """A date that names no one day."""
    return Doubt(reason="date", text="a date can be read in more than one way, or in none", passage=passage)
