"""The answers that a letter offers: a number for readers of plain text, a link that writes the mail for the others."""

from urllib.parse import quote

from maild.core.answers import Answer, AnswerRules
from maild.core.letter_rules import LetterRule
from maild.letters.document import Choice


def choice_of(rule: LetterRule, offered: AnswerRules, language: str, number: str, answer_to: str, name: str) -> Choice:
    """The choice of that name. Raises LookupError where the letter does not offer it."""
    if name not in rule.choices:
        raise LookupError(f"{name!r} is not among the choices of letters.{rule.name} in letters.toml")
    answer = offered.answers[name]
    link = mailto(answer_to, number, body_of(answer, offered, language)) if answer_to and number else ""
    return Choice(number=rule.choices.index(name) + 1, words=answer.say[language], link=link)


def body_of(answer: Answer, offered: AnswerRules, language: str) -> str:
    """The mail that the link writes: the sentence, and a labelled line for each fact that may be filled in."""
    asked = [f"{offered.labels[name][language]}: " for name in answer.asks]
    return "\n".join([f"{answer.say[language]}.", *([""] if asked else []), *asked])


def mailto(address: str, number: str, body: str = "") -> str:
    """A link that every mail program reads alike (RFC 6068).

    Blanks are %20, for Outlook and Apple Mail show a "+" as it stands; lines end in %0D%0A; the "+" of the address is
    %2B, which Gmail on the web would take for a blank. The subject is ASCII, for old Outlook guesses its charset.
    """
    lines = "\r\n".join(body.split("\n"))
    subject = quote(f"Re: [{number}]", safe="")
    link = f"mailto:{quote(address, safe='@')}?subject={subject}"
    return f"{link}&body={quote(lines, safe='')}" if body else link
