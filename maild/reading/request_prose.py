"""What the running text around a new request makes doubtful: a hedge, a denial, a question that is not the asking."""

import re
from collections.abc import Iterable, Iterator

from maild.core.reading import Doubt
from maild.reading.language import language_of
from maild.reading.rules import ReadingRules
from maild.reading.sentences import sentences
from maild.reading.statements import Side, statements, without_titles
from maild.reading.verdict import MARK_WORDS, STAFF_WORDS

TAKEN_BACK = frozenset({"mistake"})
WORDS = re.compile(r"[^\W\d_]{3}")  # none are left where a sentence was the citation's end
CITATION = re.compile(
    r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)|\bIS[BS]N\b|#{3}|\bpp\.|\bs\.\s?\d"
)  # "#": figures that were taken out
# "vol. 7, no. 2" and "our request no. is" deny nothing; "KAI 2026/77" is a number, not a perhaps.
NUMBER = re.compile(
    r"\b[Nn]o\.? ?\d{1,4}\b|\b(?i:request|order|ref|ill|loan|our|your) no\b\.?|\b[A-ZÅÄÖ]{2,6}[ -/]?\d[\w/-]{0,20}"
)
DOUBTFUL = ("hedge", "negation", "condition")
# "If you can lend it", "jos mahdollista": a request's way of asking sets no condition.
POLITE_IF = re.compile(
    r"\bif (?:possible|available|convenient|so\b|yes\b|you (?:can|could|would|are able|have|hold|own|prefer|wish|like))"
    r"|\bif it is (?:possible|available)|\bjos (?:on|kyllä)\b|\bi så fall\b"
    r"|\b(?:jos|mikäli) (?:mahdollista|suinkin|vain|se on mahdollista|teillä on|voitte|sen voi|löytyy)"
    r"|\bom (?:möjligt|det (?:går|är möjligt)|ni (?:kan|har))|\b(?:falls|wenn|sofern) (?:möglich|vorhanden|verfügbar)"
    r"|\bhvis (?:mulig|det er mulig|dere (?:kan|har))",
    re.IGNORECASE,
)
# "Could you possibly", "no library here seems to hold it": so much hedging belongs to asking.
POLITE_MAYBE = re.compile(
    r"\b(?:could|would|can|might) (?:you|we) (?:please )?(?:possibly|perhaps)\b|\bseems? to (?:hold|have|own)\b"
    r"|\b(?:näytä|näyttäisi) (?:löytyvän|olevan)\b|\bverkar (?:finnas|ha|äga)\b",
    re.IGNORECASE,
)
EITHER = re.compile(
    r"\b(?:joko|either|antingen|entweder|enten)\b.{3,200}\b(?:tai|or|eller|oder)\b", re.IGNORECASE | re.DOTALL
)


def prose_doubts(text: str, rules: ReadingRules, work: Iterable[str], language: str = "") -> Iterator[Doubt]:
    """Doubts about a request in running text. `work` is what its citation holds: a title may say "perhaps" or "not".

    `language` is the whole mail's, where the prose alone is too short to tell.
    """
    prose = without_titles(text, tuple(value for value in work if len(value) > 2))
    for sentence in _other_questions(prose, rules):
        reason, said = MARK_WORDS["question"]
        yield Doubt(reason=reason, text=said, passage=sentence)
    for sentence in sentences(prose):
        if EITHER.search(sentence) and not rules.forms.has("either", sentence):
            yield Doubt(reason="several-requests", text="One work or another is asked for.", passage=sentence)
    prose = NUMBER.sub(" ", prose)
    told = list(sentences(prose))
    language = language_of(prose, rules.lexicons) or language
    for statement in statements(prose, rules.lexicons, language, Side.REQUESTER):
        passage = statement.clause.text
        for hit in statement.of("staff"):
            if hit.phrase.name in TAKEN_BACK:
                reason, said = STAFF_WORDS[hit.phrase.name]
                yield Doubt(reason=reason, text=said, passage=passage)
        sentence = next((one for one in told if passage in one), passage)
        excused = set()
        if statement.negations < 2 and rules.forms.has("why_asked", sentence):
            excused |= {"negation", "condition"}  # "which nobody here has"
        if POLITE_IF.search(passage):
            excused.add("condition")
        if POLITE_MAYBE.search(passage):
            excused.add("hedge")
        for mark in DOUBTFUL:
            if mark in statement.unexplained - excused:
                reason, said = MARK_WORDS[mark]
                yield Doubt(reason=reason, text=said, passage=passage)


def _other_questions(prose: str, rules: ReadingRules) -> Iterator[str]:
    """Questions beside the one that asks for the work, whose mark may stand behind the citation."""
    open_question = False
    for sentence in sentences(prose):
        asks = rules.forms.has("ask", sentence) or rules.forms.has("enquiry", sentence)
        if "?" in sentence and not asks and not (open_question and _ends_citation(sentence)):
            yield sentence
        open_question = (open_question or asks) and "?" not in sentence


def _ends_citation(sentence: str) -> bool:
    return bool(CITATION.search(sentence)) or not WORDS.search(sentence)
