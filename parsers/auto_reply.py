"""Answers that a machine gave: out of office, acknowledgements of tickets, read receipts. They change nothing."""

import re

from maild.core.mail import Mail
from maild.core.reading import Doubt, Reading
from maild.core.request import Context
from maild.core.terms import Kind
from maild.reading.auto_replies import AutoReplyRules, absent_until, closed_for_good
from maild.reading.language import language_of
from maild.reading.rules import ReadingRules
from maild.reading.statements import Side, statements
from maild.reading.today import today_of

HARMLESS = ("absent", "received", "read")  # lists of rules/auto-replies.toml: what may be filed away
BAD_NEWS = frozenset({"Unfilled", "Cancelled", "RenewRefused", "Recalled", "Overdue"})
# Of this one request: "lainat uusitaan joulun yli" is of all, and tells no outcome.
OF_ONE = re.compile(
    r"\b(?:your|this|the) (?:request|order|loan|item|copy|book)\b|pyynnö\w+|pyyntöä\w+|tilau(?:sta|stan|kse)\w+"
    r"|lainan(?:ne\w*)?\b"
    r"|(?:er|din|ert|ditt) (?:beställning|begäran|lån)|ihre? (?:bestellung|anfrage|ausleihe)|deres (?:bestilling|lån)",
    re.IGNORECASE,
)
REPLY_PREFIX = re.compile(r"\b(?:re|vs|sv|aw|antw|ang|fw|fwd|vl|vb|wg)\s?:", re.IGNORECASE)


class AutoReplyParser:
    """Reads automatic answers: those that say so in a header or subject, or whose words leave no doubt."""

    name = "auto_reply"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """No events; `absent_until` where the writer says when he is back; a doubt where staff must act on it."""
        texts = rules.auto_replies
        if not (_is_certain(mail, texts) or (_is_likely(mail) and _says(HARMLESS, mail, texts))):
            return None
        language = _language(mail, rules)
        today = today_of(mail, context, rules.zone)
        back = absent_until(mail.new_text, today, texts, language)
        doubt = _doubt(mail, texts, closed_for_good(mail.new_text, today, texts, language)) or _outcome(
            mail, rules, language
        )
        return Reading(
            kind=Kind.AUTO_REPLY, language=language, absent_until=back, doubts=(doubt,) if doubt is not None else ()
        )


def _is_certain(mail: Mail, texts: AutoReplyRules) -> bool:
    """The mail itself says that a machine answered (RFC 3834 5, RFC 8098), or its subject or first words do."""
    if mail.report_type == "disposition-notification" or _value(mail, "auto-submitted").startswith("auto-replied"):
        return True
    if _value(mail, "x-autoreply") not in {"", "no"} or _value(mail, "x-autorespond") not in {"", "no"}:
        return True
    if _value(mail, "precedence") == "auto_reply":
        return True
    return _subject_says(mail.subject, texts) or bool(texts.languages("automatic", mail.new_text))


def _subject_says(subject: str, texts: AutoReplyRules) -> bool:
    """Whether the subject tells before its first "Re:"; "Re: Automatic reply: ..." is a person's answer to one."""
    return bool(texts.languages("subject", REPLY_PREFIX.split(subject, maxsplit=1)[0]))


def _is_likely(mail: Mail) -> bool:
    """Headers that automatic answers have, and other mail of machines too."""
    return (
        _value(mail, "auto-submitted") not in {"", "no"}
        or _value(mail, "precedence") in {"bulk", "junk"}
        or _value(mail, "x-auto-response-suppress") != ""
        or mail.return_path == ""
    )


def _value(mail: Mail, header: str) -> str:
    return mail.header(header).strip().lower()


def _says(lists: tuple[str, ...], mail: Mail, texts: AutoReplyRules) -> bool:
    return any(texts.languages(name, mail.new_text) for name in lists)


def _language(mail: Mail, rules: ReadingRules) -> str:
    """That of the words which show what it is, since many are too short to be told by; else the whole text's."""
    texts = rules.auto_replies
    told = [code for name in (*HARMLESS, "automatic") for code in texts.languages(name, mail.new_text)]
    if len(set(told)) == 1:
        return told[0]
    whole = language_of(mail.new_text, rules.lexicons)
    return whole or next(iter(told or texts.languages("subject", mail.subject)), "")


def _outcome(mail: Mail, rules: ReadingRules, language: str) -> Doubt | None:
    """A machine may tell an outcome below its thanks: "We have your message. Your request has been cancelled."""
    told = statements(mail.new_text, rules.lexicons, language, Side.SUPPLIER)
    for one in told:
        if OF_ONE.search(one.clause.text) and BAD_NEWS & {hit.phrase.name for hit in one.of("says")}:
            text = "an automatic answer seems to tell an outcome"
            return Doubt(reason="unclear", text=text, passage=one.clause.text)
    return None


def _doubt(mail: Mail, texts: AutoReplyRules, closed: str) -> Doubt | None:
    told = texts.passage("staff", mail.new_text) or closed
    if told:
        text = "an automatic answer tells of a change: the partner's record may need another address"
        return Doubt(reason="policy", text=text, passage=told)
    if mail.report_type == "disposition-notification" or _subject_says(mail.subject, texts):
        return None
    if _says((*HARMLESS, "automatic"), mail, texts):
        return None
    # A library system may let its renewals go out as answers of a machine.
    text = "a machine answered, but in none of the words that automatic answers have"
    return Doubt(reason="unclear", text=text, passage=mail.new_text[:300])
