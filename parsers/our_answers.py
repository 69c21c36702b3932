"""The answers that our own letters offer: one tap on a link, or the number in front of the choice."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from maild.core.answers import Answer, plain
from maild.core.mail import Mail, Today
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reading.dates import due_date_of, find_dates
from maild.reading.facts import is_item_id
from maild.reading.family import domain_of, family_of, names_ours
from maild.reading.money import find_money
from maild.reading.rules import ReadingRules
from maild.reading.today import today_of

KINDS = {"patron": Kind.PATRON_MESSAGE, "supplier": Kind.PARTNER_REPLY, "requester": Kind.PARTNER_REQUEST}
MAX_LINES = 12  # an answer has a sentence and a few facts; what is longer was written by hand
NUMBER = re.compile(r"\(?([1-9])\s?[.)]?(?:\s+(\S.{0,60}))?")
COPIED = re.compile(r"([1-9])\s?(?:=\s?|[.)]?\s+)")  # a choice as its line stands in the letter: "1 = Renew the loan"
BESIDE = re.compile(r"[\s.,;()]*")  # what may stand around a day or a price: one word more, or a "?", is for staff
WORD = re.compile(r"\w+")
LETTER = re.compile(r"<[a-z0-9-]{1,40}\.([a-z0-9_]{1,40})\.[0-9a-f]{12}@([^\s@<>]{1,253})>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The answer that a mail gives, in which language, and what was filled in."""

    answer: Answer
    language: str
    filled: dict[str, str]


class OurAnswers:
    """Reads a mail that holds nothing but an answer which a letter of ours offered, with its facts."""

    name = "our_answers"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The Reading; None where one word more or other was written, which readers of plain language judge."""
        written = [line for line in (line.strip() for line in mail.new_text.splitlines()) if line]
        if not 1 <= len(written) <= MAX_LINES or mail.attachments:
            return None
        family = family_of(mail, context, rules)
        if family is None and not names_ours(mail, context, rules):
            return None
        choices = rules.answers.choices.get(_replied_letter(mail, context, rules), ())
        lines = _without_name(written, mail.from_name)
        possible = [*_by_words(lines, choices, rules), *_by_number(lines, choices, rules)]
        meant = [one for one in possible if family in {None, KINDS[one.answer.by]}]
        if not meant or len({one.answer.name for one in meant}) > 1:
            return None
        event, doubts = _event(meant[0], today_of(mail, context, rules.zone), mail.new_text)
        kind = KINDS[meant[0].answer.by]
        return Reading(kind=kind, language=meant[0].language, events=(event,), doubts=doubts, by=self.name)


def _without_name(lines: Sequence[str], name: str) -> Sequence[str]:
    """The lines without the sender's own name below them."""
    signed = set(WORD.findall(lines[-1].casefold()))
    return lines[:-1] if len(lines) > 1 and signed and signed <= set(WORD.findall(name.casefold())) else lines


def _by_number(lines: Sequence[str], choices: Sequence[str], rules: ReadingRules) -> Iterator[Chosen]:
    """The answer behind a lone number. `choices` are those of the letter that the mail replies to."""
    found = NUMBER.fullmatch(lines[0])
    if found is None or len(lines) > 1 or int(found[1]) > len(choices):
        return
    answer = rules.answers.answers[choices[int(found[1]) - 1]]
    if found[2] is None:
        yield Chosen(answer=answer, language="", filled={})
    elif answer.asks:
        yield Chosen(answer=answer, language="", filled={answer.asks[0]: found[2]})


def _replied_letter(mail: Mail, context: Context, rules: ReadingRules) -> str:
    """Which letter of ours the mail replies to, by the Message-ID that we gave it; "" for none or another's."""
    ours = {domain_of(address) for address in context.our_addresses or rules.our_addresses}
    found = [LETTER.fullmatch(one) for one in mail.in_reply_to]
    names = {one[1] for one in found if one is not None and one[2].lower() in ours}
    return names.pop() if len(names) == 1 else ""


def _by_words(lines: Sequence[str], choices: Sequence[str], rules: ReadingRules) -> Iterator[Chosen]:
    """The answers whose sentence the mail begins with, where only their own facts follow.

    A number before the sentence must be the one that `choices`, the letter's, give it.
    """
    seen = set[str]()
    copied = COPIED.match(lines[0])
    numbered = choices[int(copied[1]) - 1 : int(copied[1])] if copied else ()
    lines = [lines[0][copied.end() :], *lines[1:]] if copied else lines
    for end in (1, 2, 3):  # a mail program may have broken the sentence in two or three
        sentence = plain(" ".join(lines[:end]))
        if sentence in seen:
            continue
        seen.add(sentence)
        for answer, language in rules.answers.by_sentence.get(sentence, ()):
            filled = _filled(lines[end:], answer, language, rules)
            if filled is not None and (copied is None or answer.name in numbered):
                yield Chosen(answer=answer, language=language, filled=filled)


def _filled(lines: Sequence[str], answer: Answer, language: str, rules: ReadingRules) -> dict[str, str] | None:
    """What stands behind each label; None where a line is none of them."""
    labels = {plain(rules.answers.labels[asked][language]): asked for asked in answer.asks}
    filled: dict[str, str] = {}
    for line in lines:
        label, colon, value = line.partition(":")
        asked = labels.get(plain(label))
        if asked is None or not colon or asked in filled:
            return None
        filled[asked] = value.strip()
    return {asked: value for asked, value in filled.items() if value}


def _event(chosen: Chosen, today: Today, passage: str) -> tuple[Event, tuple[Doubt, ...]]:
    """The event with what was filled in; a doubt for each fact that cannot be told."""
    answer = chosen.answer
    event = Event(
        event=answer.event, reason=answer.reason, loan_condition=answer.loan_condition, passage=passage.strip()
    )
    doubts = [
        Doubt(reason="incomplete", text=f"the answer leaves {asked} open", passage=event.passage)
        for asked in answer.needs
        if asked not in chosen.filled
    ]
    for asked, value in chosen.filled.items():
        with_fact = _with_fact(event, asked, value, chosen.language, today)
        if with_fact is None:
            reason = {"due_date": "date", "retry_after": "date", "cost": "cost"}.get(asked, "unclear")
            doubts.append(Doubt(reason=reason, text=f"what was filled in as {asked} cannot be told", passage=value))
        else:
            event = with_fact
    return event, tuple(doubts)


def _with_fact(event: Event, asked: str, value: str, language: str, today: Today) -> Event | None:
    """The event with that fact, or None where it is not one clear value."""
    if asked == "item_id":
        ids = tuple(part.strip() for part in value.split(",") if part.strip())
        return replace(event, item_id=ids) if all(map(is_item_id, ids)) else None
    if asked == "cost":
        prices = find_money(value, language)
        clear = len(prices) == 1 and not prices[0].problem and _alone(value, prices[0].start, prices[0].end)
        money = prices[0].money if clear else None
        return replace(event, cost=money) if money is not None else None
    found = find_dates(value, today, language)
    if len(found) != 1 or found[0].problem or not _alone(value, found[0].start, found[0].end):
        return None
    day = due_date_of(found[0], today)
    if day is None or day <= today.day:
        return None
    return replace(event, due_date=day) if asked == "due_date" else replace(event, retry_after=day)


def _alone(value: str, start: int, end: int) -> bool:
    """Whether nothing is said but what stands from `start` to `end`: not "maybe", not "before", not a minus."""
    return BESIDE.fullmatch(value[:start] + value[end:]) is not None
