"""Reads requests that a web form mails: for our patrons, or by other libraries that order from us.

A form is known by its sender (the site's list) or by its shape. What was typed into it never decides whose it is: a
number of ours in a field addresses nothing.
"""

import re

from maild.core.mail import Mail
from maild.core.reading import Doubt, Event, Reading
from maild.core.request import Context
from maild.core.terms import EventName, Kind
from maild.reading.form_answers import Answer
from maild.reading.form_draft import Asking
from maild.reading.form_meaning import PATRON_KEYS, settled
from maild.reading.form_shapes import is_form, languages_of, read_answers
from maild.reading.form_values import fill
from maild.reading.forms import Form, FormRules, find_form
from maild.reading.language import language_of
from maild.reading.openurl import find_openurl
from maild.reading.rules import ReadingRules
from maild.reading.today import today_of

_ROBOT = re.compile(
    r"no-?reply|do-?not-?reply|web-?form|www|forms?\b|lomake|formul|notification|survey|wordpress|drupal|apache|nobody",
    re.I,
)
_ADDRESS_IN = re.compile(r"https?://|www\.", re.I)
_OPENURL_LABEL = re.compile(r"^(?:rft|rfr|ctx|rfe|svc|req|url)[._]", re.I)


class WebFormParser:
    """Reads the mails of web forms."""

    name = "web_form"

    def read(self, mail: Mail, context: Context, rules: ReadingRules) -> Reading | None:
        """The request of a form; unknown with a doubt for a form's mail that holds none; None for any other mail."""
        listed = mail.from_address.lower() in {*context.trusted_form_senders, *context.internal_forms}
        if not listed and not _may_be_form(mail, context):
            return None
        form = find_form(rules.forms, mail.from_address, mail.subject, mail.text)
        answers = settled(read_answers(mail, rules.forms, form), web_form=True)
        openurl = find_openurl(mail.text)
        if openurl:
            answers = tuple(a for a in answers if not (_OPENURL_LABEL.match(a.label) or _is_openurl(a)))
        if not is_form(answers) and not (openurl and answers):
            return self._unanswered(mail, rules) if listed else None
        if not listed and not _from_robot_or_patron(mail, answers):
            return None
        return self._request(mail, context, rules, form, answers, openurl)

    def _unanswered(self, mail: Mail, rules: ReadingRules) -> Reading:
        doubt = Doubt(
            reason="unclear", text="A form's mail without the answers, or of another form.", passage=mail.text[:200]
        )
        return Reading(
            kind=Kind.UNKNOWN, language=language_of(mail.text, rules.lexicons), doubts=(doubt,), by=self.name
        )

    def _request(
        self,
        mail: Mail,
        context: Context,
        rules: ReadingRules,
        form: Form | None,
        answers: tuple[Answer, ...],
        openurl: dict[str, str],
    ) -> Reading:
        language = (form.language if form else "") or languages_of(answers) or language_of(mail.text, rules.lexicons)
        if _is_spam(answers, rules.forms):
            doubt = Doubt(reason="unclear", text="An advertisement was typed into the form.", passage=mail.text[:200])
            return Reading(kind=Kind.WEB_FORM, language=language, doubts=(doubt,), by=self.name)
        filled = fill(answers, _asking(mail, context, rules, form, answers, openurl, language), rules.forms)
        events = tuple(Event(event=EventName.REQUEST, new_request=new, passage=mail.subject) for new in filled.requests)
        return Reading(kind=Kind.WEB_FORM, language=language, events=events, doubts=filled.doubts, by=self.name)


def _may_be_form(mail: Mail, context: Context) -> bool:
    """Cheap signs of a form from a sender that is not listed; a partner's mails are for other readers."""
    domain = mail.from_address.rpartition("@")[2].lower()
    if mail.in_reply_to or mail.quoted or domain in context.partner_domains:
        return False
    return len(mail.rows) > 3 or mail.text.count(":") > 4 or mail.text.count("\n--- ") > 2 or "rft." in mail.text


def _from_robot_or_patron(mail: Mail, answers: tuple[Answer, ...]) -> bool:
    """A form by its shape: a patron's card or group is asked for, or a robot wrote it."""
    keys = {a.key for a in answers}
    robot = bool(_ROBOT.search(mail.from_address.partition("@")[0]))
    return bool(keys & PATRON_KEYS) if "library" not in keys else robot


def _is_openurl(answer: Answer) -> bool:
    """A field that holds nothing but a pasted OpenURL, which was read: no remark, and no robot's address."""
    return len(answer.value.split()) == 1 and bool(find_openurl(answer.value))


def _is_spam(answers: tuple[Answer, ...], rules: FormRules) -> bool:
    """An advertisement: its words anywhere, or an address of the web where a name belongs.

    A robot is its own author as well, with an address of the web anywhere: "Name: JamesTic, Author: JamesTic".
    """
    if any(
        _ADDRESS_IN.search(a.value)
        for a in answers
        if a.key in {"author", "name", "publisher", "first_name", "last_name"}
    ):
        return True
    said = {a.key: a.value.casefold() for a in answers}
    text = "\n".join(a.value for a in answers)
    own_work = bool(said.get("name")) and said["name"] == said.get("author")
    return (own_work and bool(_ADDRESS_IN.search(text))) or rules.has("spam", text)


def _asking(
    mail: Mail,
    context: Context,
    rules: ReadingRules,
    form: Form | None,
    answers: tuple[Answer, ...],
    openurl: dict[str, str],
    language: str,
) -> Asking:
    keys = {a.key for a in answers}
    person = form.person.search(mail.text) if form and form.person is not None else None
    reply_to = mail.reply_to.lower()
    strangers = {mail.from_address.lower(), "", *context.our_addresses, *rules.our_addresses}
    return Asking(
        today=today_of(mail, context, rules.zone),
        headings=((form.service if form else ""), mail.subject, _title_line(mail.text)),
        for_library=bool(keys & {"library", "symbol"}) and not keys & PATRON_KEYS,
        language=language,
        reply_to=(person.group("email") if person else "") or (mail.reply_to if reply_to not in strangers else ""),
        name=person.group("name") if person else "",
        work=openurl,
        euro=True,
    )


def _title_line(text: str) -> str:
    """The first line, where it is a title and no field."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return first if len(first) < 100 else ""
