"""Clauses with what was found in them: which phrases, and which hedges, negations, questions they leave unexplained."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby
from typing import Any

from maild.reading.language import best_language
from maild.reading.lines import FACT, NAMING, UNREAD, cited_titles, is_house, is_name, labelled, without_named_titles
from maild.reading.phrases import MARKS, Hit, Lexicon, Lexicons, Phrase
from maild.reading.sentences import Clause, clauses
from maild.reading.words import spaced, words_of

# What stands in quotation marks is a title or somebody's words, not the writer's statement.
QUOTED = re.compile(
    r"\"[^\"\n]{2,200}\"|“[^“”\n]{2,200}[”“]|”[^”\n]{2,200}”|„[^“”\n]{2,200}[“”]|«[^»\n]{2,200}»|»[^«»\n]{2,200}[«»]|‘[^’\n]{4,200}’(?!\w)"
)
# Bounded, and tried only where a word begins: without that a long run of letters is gone through from each of them.
ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s<>]{1,2000}>?|<?(?<![^\s@<>])[^\s@<>]{1,64}@[^\s@<>]{1,255}>?")
_NUMBER = r"\b[A-Z]{1,8}-\d{4}-\d{4,8}\b"
# With what joins them: of "KP-2026-000123 ja KP-2026-000124" a "ja" was left, which is a yes.
_AND = r"[ \t]{0,8}(?:[,&/+]|\b(?:ja|sekä|och|samt|and|und|og|ning)\b)[ \t]{0,8}"
DATE_NUMBERS = re.compile(rf"{_NUMBER}(?:{_AND}{_NUMBER}){{0,50}}", re.IGNORECASE)
TITLE_OF_NUMBER = re.compile(rf"({_NUMBER} )\(([^()\n]{{2,120}})\)")  # "your request KP-2026-000123 (Rush Matting) is"
NUMBER_SIGN = re.compile(
    r"(?<=[a-z] )[Nn]o\.(?=\s?[A-Z]{0,6}[-/]?\d)|(?<=\bILL )NO\.(?=\s?[A-Z]{0,6}[-/]?\d{3})"
)  # "it came in as no. TB-40118" denies nothing
NOT_NOW = frozenset({"OnLoan", "AtBindery", "OnOrder", "NotCurrentAvailableForILL"})  # "is it still on loan to you?"
ASKING = frozenset({"reply", "assent"})  # tables of what asks us for an answer, and of these for a plain yes
WISHES = frozenset({"Renew", "Cancel"})  # that may be made a question by a word of politeness alone
FAR = 4  # words from a denial to what it may not be about


class Side(Enum):
    """Who is speaking: each has tables of its own among the phrases."""

    SUPPLIER = frozenset({"asks", "harmless.wish", "harmless.slip", "staff.asked"})  # what it never means
    REQUESTER = frozenset(
        {
            "says",
            "conditions",
            "staff.unreceived",
            "harmless.assent",
            "harmless.reply",
            "harmless.renewal",
            "harmless.retry",
            "harmless.overdue",
            "harmless.elsewhere",
            "harmless.search",
        }
    )

    def hears(self, phrase: Phrase) -> bool:
        """Whether the phrase means something when this side says it."""
        return phrase.kind not in self.value and f"{phrase.kind}.{phrase.name}" not in self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One clause as it was understood."""

    clause: Clause
    hits: tuple[Hit, ...]
    unexplained: frozenset[str]  # marks that no phrase accounts for
    stems: bool  # words of our field that no phrase accounts for
    words: tuple[str, ...] = ()
    own_question: bool = False  # it has words of a question, not only the mark at the end
    negations: int = 0
    language: str = ""  # whose lexicon it was read with, "" where no lexicon knows it

    def of(self, kind: str) -> list[Hit]:
        """Its hits of one kind."""
        return [hit for hit in self.hits if hit.phrase.kind == kind]

    @property
    def asks_back(self) -> bool:
        """Whether it asks us for a yes or no ("käykö näin?", "please let us know"), and not out of politeness."""
        asked = (hit for hit in self.of("harmless") if hit.phrase.name in ASKING)
        polite = [hit for hit in self.hits if _is_own_question(hit) or _refuses(hit) or _asks_nothing(hit)]
        return any(not any(p.start <= hit.start and hit.end <= p.end for p in polite) for hit in asked)

    @property
    def tells(self) -> bool:
        """Whether anything in it means something, or is denied, hedged or asked."""
        return bool(self.unexplained) or any(hit.phrase.kind not in {"roles", "harmless"} for hit in self.hits)

    def says(self, name: str, reason: str) -> bool:
        """Whether one of its hits is of that event and reason."""
        return any(hit.phrase.name == name and hit.phrase.reason == reason for hit in self.of("says"))

    def has(self, kind: str, name: str) -> bool:
        """Whether one of its hits is of that kind and name."""
        return any(hit.phrase.kind == kind and hit.phrase.name == name for hit in self.hits)


def without_titles(text: str, titles: Sequence[str] = ()) -> str:
    """The text with quoted titles, the request's own title, addresses and request numbers taken out.

    As many letters as before, so that places in it stay true.
    """
    for title in titles:
        if len(title) > 3:
            text = re.sub(re.escape(title), lambda m: _blank(m.group()), text, flags=re.IGNORECASE)
    text = TITLE_OF_NUMBER.sub(r"\1 \2 ", text)  # the sentence goes on behind it
    for pattern in (ADDRESS, QUOTED, DATE_NUMBERS, NUMBER_SIGN):
        text = pattern.sub(lambda m: _blank(m.group()), text)
    return text


def without_quotes(text: str, lexicons: Lexicons, titles: Sequence[str] = ()) -> str:
    """The text as whoever reads it whole should see it: of titles and quotations only that there are some."""
    text = without_named_titles(text, lexicons)
    for title in titles:
        if len(title) > 3:
            text = re.sub(re.escape(title), "”…”", text, flags=re.IGNORECASE)
    return QUOTED.sub("”…”", text)


def _blank(text: str) -> str:
    return "#" * len(text)  # no word, no end of a sentence


def statements(text: str, lexicons: Lexicons, language: str, side: Side) -> list[Statement]:
    """Every clause of the text, read with the lexicon of its own sentence's language, as said by that side."""
    out: list[Statement] = []
    number = 0
    titles = cited_titles(text)
    for role, part in labelled(text, lexicons):
        if role in UNREAD:
            continue
        found = clauses(part, first=number, label="" if role == "says" else role)
        number = found[-1].sentence + 1 if found else number
        for _, group in groupby(found, key=lambda clause: clause.sentence):
            said = _sentence(list(group), lexicons, language, side, titles)
            out += [one for one in said if _counts_as(role, one)]
    known = {one.language for one in out if one.language and _knows(lexicons.by_language[one.language], one)}
    spoken = [lexicon for code, lexicon in lexicons.by_language.items() if code in known]
    return [_in_other_language(statement, spoken, side) for statement in out]


def _counts_as(role: str, one: Statement) -> bool:
    """Whether what stands behind a label of that role is more than a name or a fact."""
    if role in NAMING:
        return bool(one.unexplained & {"hedge", "question"})
    return role != FACT or one.tells


def _knows(lexicon: Lexicon, statement: Statement) -> bool:
    """Whether the clause is read with the lexicon, which has a word of it."""
    return lexicon.language == statement.language and not lexicon.words.isdisjoint(statement.words)


def _in_other_language(statement: Statement, spoken: Sequence[Lexicon], side: Side) -> Statement:
    """The clause as another language of the mail has it, where its own knows no word of it.

    Letters in two languages say all twice, in one line even: "Kaukolaina ehkä lähetetty / Loan shipped".
    """
    if statement.hits or statement.unexplained or any(_knows(lexicon, statement) for lexicon in spoken):
        return statement
    others = (lexicon for lexicon in spoken if lexicon.language != statement.language)
    read = (_statement(statement.clause, list(statement.words), lexicon, side) for lexicon in others)
    return next((other for other in read if other.hits or other.unexplained), statement)


def _sentence(
    group: list[Clause], lexicons: Lexicons, language: str, side: Side, titles: frozenset[str]
) -> list[Statement]:
    words = [words_of(clause.text) for clause in group]
    spoken = best_language((w for part in words for w in part), lexicons, language)
    lexicon = lexicons.by_language.get(spoken)
    if lexicon is None:
        return [
            Statement(clause=c, words=tuple(w), hits=(), unexplained=frozenset(), stems=False)
            for c, w in zip(group, words, strict=True)
        ]
    out = [_as_name(_statement(clause, part, lexicon, side)) for clause, part in zip(group, words, strict=True)]
    if spoken != language and language in lexicons.by_language:
        out = [_hedged_in(statement, lexicons.by_language[language]) for statement in out]
    if len(out) == 1 and (is_name(group[0].text) or group[0].text.strip(" .") in titles):
        out = [replace(out[0], stems=False)]
    # A question mark asks about the whole sentence: where one clause of it is a question that we know, it is that one.
    if any(_asks(statement) for statement in out):
        out = [replace(s, unexplained=s.unexplained - {"question"}) if _may_belong(s, lexicon) else s for s in out]
    return out


def _as_name(statement: Statement) -> Statement:
    """A name asks nothing, though "Alanko" ends as a question does; that of a house states nothing either."""
    text = statement.clause.text
    if statement.clause.question or not is_name(text):
        return statement
    said = statement.hits if statement.negations or not is_house(text) else tuple(statement.of("harmless"))
    return replace(statement, unexplained=statement.unexplained - {"question"}, own_question=False, hits=said)


def _hedged_in(statement: Statement, lexicon: Lexicon) -> Statement:
    """The statement with a hedge of the mail's own language too: "Anna Possibly" may look Finnish."""
    pattern = lexicon.marks["hedge"]
    if pattern is None or pattern.search(spaced(list(statement.words)).encode()) is None:
        return statement
    return replace(statement, unexplained=statement.unexplained | {"hedge"})


def _asks(statement: Statement) -> bool:
    return any(_explains_question(hit) for hit in statement.hits)


def _asks_more(pattern: Any, text: bytes, explaining: Sequence[Hit]) -> bool:
    """Whether a word of a question, not only the mark, stands outside every phrase that may be one."""
    return any(
        m.group().strip() != b"?" and not any(hit.start <= m.start() < hit.end for hit in explaining)
        for m in pattern.finditer(text)
    )


def _is_own_question(hit: Hit) -> bool:
    """Whether the question is how the outcome is told: "could the year be wrong?" asks for a new request."""
    return hit.phrase.reason == "NotFoundAsCited" and bool(hit.phrase.marks.get("question"))


def _asks_nothing(hit: Hit) -> bool:
    """Whether it is a greeting, or a system's "please do not reply to this message"."""
    name = hit.phrase.name
    return name == "greeting" or (name == "machine" and bool(hit.phrase.marks.get("negation")))


def _refuses(hit: Hit) -> bool:
    """Whether the words in a row refuse, and so ask for nothing: "PENDING -> NOT FILLED"."""
    return hit.phrase.kind == "says" and hit.phrase.name == "Unfilled" and "…" not in hit.phrase.source


def _explains_question(hit: Hit) -> bool:
    """Whether the phrase may be a question: a wish, an offer that asks whether we take it, a template's "Trouble?"."""
    phrase = hit.phrase
    if phrase.kind == "roles":
        return False
    return (
        phrase.kind == "asks"
        or bool(phrase.marks.get("question"))
        or (phrase.kind == "says" and phrase.name == "RetryPossible" and phrase.reason not in NOT_NOW)
        or (phrase.kind == "harmless" and phrase.name in ASKING | {"machine", "overdue"})
    )


def _is_polite(hit: Hit) -> bool:
    """Whether it only makes a wish a question: "could you ..." before "cancel this request"."""
    return hit.phrase.kind == "roles" and hit.phrase.name == "polite"


def _only_mark(statement: Statement) -> bool:
    """Whether nothing but the question mark at the end of the sentence makes the clause a question."""
    return statement.clause.question and not statement.own_question


def _may_belong(statement: Statement, lexicon: Lexicon) -> bool:
    """Whether the question of the sentence need not be the clause's own: "…, have you had our invoice?" is one more."""
    if not _only_mark(statement):
        return False
    text = spaced(list(statement.words)).encode()
    wishes = [hit for hit in statement.of("harmless") if hit.phrase.name == "wish"]
    grave = lexicon.grave is not None and any(
        not any(wish.start <= m.start() and m.end() <= wish.end for wish in wishes)
        for m in lexicon.grave.finditer(text)
    )
    known = statement.of("says") or statement.of("asks") or statement.has("harmless", "offer")
    return not grave or statement.asks_back or bool(known)


def _statement(clause: Clause, words: list[str], lexicon: Lexicon, side: Side) -> Statement:
    read = words if lexicon.idle.isdisjoint(words) else ["#" if word in lexicon.idle else word for word in words]
    text = spaced(read).encode()
    heard = [hit for hit in lexicon.hits(read, text) if side.hears(hit.phrase)]
    hits = tuple(sorted(heard, key=lambda hit: (hit.start, -hit.end)))
    groups = _groups(hits)
    there = lexicon.signs(text)
    denials = list(lexicon.marks["negation"].finditer(text)) if "negation" in there else []
    unexplained = {mark for mark in MARKS if mark in there and _left_over(lexicon.marks[mark], text, mark, groups)}
    if denials and _has_spare_denial(hits, [m.start() for m in denials], text):
        unexplained.add("negation")
    own_question = "question" in unexplained and not text.rstrip().endswith(b"?")
    wished = any(hit.phrase.kind == "asks" and hit.phrase.name in WISHES for hit in hits)
    explaining = [hit for hit in hits if _explains_question(hit) or (wished and _is_polite(hit))]
    if explaining and not _asks_more(lexicon.marks["question"], text, explaining):
        unexplained.discard("question")
    elif explaining or clause.question:
        unexplained.add("question")
    stems = "stems" in there and any(
        not any(g.start <= m.start() and m.end() <= g.end for g in groups) for m in lexicon.stems.finditer(text)
    )
    return Statement(
        clause=clause,
        words=tuple(words),
        hits=hits,
        unexplained=frozenset(unexplained),
        stems=stems,
        own_question=own_question,
        negations=len(denials),
        language=lexicon.language,
    )


def _has_spare_denial(hits: Sequence[Hit], denials: Sequence[int], text: bytes) -> bool:
    """Whether a denial that a phrase took for its own may be another word's: far behind it the same is said without.

    "I'm not afraid that since last year we only supply within the UK" has the words of "not … supply … within".
    """
    says = [hit for hit in hits if hit.phrase.kind == "says"]
    denying = [hit for hit in says if "negation" in hit.phrase.marks]
    plain = [h for h in says if "negation" not in h.phrase.marks and len(text[h.start : h.end].split()) > 1]
    return any(
        one.start <= at < other.start < one.end and len(text[at : other.start].split()) > FAR
        for one in denying
        for other in plain
        if other.phrase.name == one.phrase.name
        for at in [place for place in denials if place >= one.start][:1]  # the first one is the farthest
    )


@dataclass(slots=True)
class _Group:
    """Hits that overlap: together they explain so many marks."""

    start: int
    end: int
    marks: dict[str, int]


def _groups(hits: Sequence[Hit]) -> list[_Group]:
    groups: list[_Group] = []
    for hit in hits:
        if hit.phrase.kind == "roles":
            continue
        if groups and hit.start < groups[-1].end:
            last = groups[-1]
            last.end = max(last.end, hit.end)
            for mark, count in hit.phrase.marks.items():
                last.marks[mark] = max(last.marks.get(mark, 0), count)
        else:
            groups.append(_Group(start=hit.start, end=hit.end, marks=dict(hit.phrase.marks)))
    return groups


def _left_over(pattern: Any, text: bytes, mark: str, groups: Sequence[_Group]) -> bool:
    """Whether the clause has more of these marks than its phrases account for."""
    found = [m.start() for m in pattern.finditer(text)]
    inside = 0
    for group in groups:
        here = sum(group.start <= place < group.end for place in found)
        if here > group.marks.get(mark, 0):
            return True
        inside += here
    return inside < len(found)
