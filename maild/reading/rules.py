"""Everything that reading goes by, loaded from rules/ in one step."""

from dataclasses import dataclass, field, replace
from functools import cache

from maild import shipped
from maild.core import answers, completeness, library_system
from maild.core.answers import AnswerRules
from maild.core.completeness import Need
from maild.core.library_system import Words
from maild.core.problems import Problem, RuleFiles
from maild.reading import dialects, form_files, phrase_files, quote_rules
from maild.reading.auto_replies import AutoReplyRules, load_auto_replies
from maild.reading.dialects import DialectRules
from maild.reading.forms import FormRules
from maild.reading.gist import Gist
from maild.reading.judge import Judge
from maild.reading.lines import FACT
from maild.reading.phrases import Lexicons
from maild.reading.quote_rules import QuoteRules

# Of a system's labels those whose values are plain facts, in whatever letter they stand.
FACTS = frozenset({"number", "their_number", "title", "author", "item_id", "type", "card", "shipped", "other"})


@cache
def shipped_judge() -> Judge:
    """The second judge. It is no rule of a site: its weights come with the program, and are read once."""
    return Judge.load((shipped("rules") / "judge" / "weights.gz").read_bytes())


@cache
def shipped_gist() -> Gist:
    """The third judge, which comes with the program too, and whose model is read when it is first asked."""
    return Gist(shipped("rules") / "judge" / "gist.npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules:
    """What parsers may know beside the mail and its context."""

    prefixes: tuple[str, ...]
    zone: str
    our_addresses: tuple[str, ...]
    lexicons: Lexicons
    quotes: QuoteRules
    forms: FormRules
    dialects: DialectRules
    auto_replies: AutoReplyRules
    answers: AnswerRules = field(default_factory=AnswerRules)
    needs: tuple[Need, ...] = ()  # what patrons are asked about a citation
    reported: Words = field(default_factory=Words)
    judge: Judge = field(default_factory=shipped_judge)
    gist: Gist = field(default_factory=shipped_gist)


def load(
    files: RuleFiles, *, prefixes: tuple[str, ...], zone: str, our_addresses: tuple[str, ...]
) -> tuple[ReadingRules | None, list[Problem]]:
    """The rules of reading, or None with every mistake in their files."""
    lexicons, in_lexicons = phrase_files.load(files)
    quoting, in_quotes = quote_rules.load(files)
    form_rules, in_forms = form_files.load(files)
    dialect_rules, in_dialects = dialects.load(files)
    auto_replies, in_auto_replies = load_auto_replies(files)
    offered, in_answers = answers.load(files)
    needs, in_needs = completeness.load(files)
    reported, in_reported = library_system.load(files)
    problems = [
        *in_lexicons,
        *in_quotes,
        *in_forms,
        *in_dialects,
        *in_auto_replies,
        *in_answers,
        *in_needs,
        *in_reported,
    ]
    if problems:
        return None, problems
    return ReadingRules(
        prefixes=prefixes,
        zone=zone,
        our_addresses=our_addresses,
        lexicons=replace(lexicons, labels={**_facts(dialect_rules), **lexicons.labels}),
        quotes=quoting,
        forms=form_rules,
        dialects=dialect_rules,
        auto_replies=auto_replies,
        answers=offered,
        needs=needs,
        reported=reported,
    ), []


def _facts(rules: DialectRules) -> dict[str, str]:
    return {label: FACT for label, role in rules.labels.items() if role in FACTS}
