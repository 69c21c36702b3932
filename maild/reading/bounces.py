"""Which letters did not arrive, as a mail system tells it: by its report fields, or by its free text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from maild.core.mail import DeliveryStatus, Mail
from maild.reading import bounce_words as words

MAX_NOTICE_CHARS = 16_384
MAX_RECIPIENTS = 50
MAX_LINES_AFTER_INTRO = 40
NEAR_LINES = 8  # below a recipient stands why

ARRIVED = frozenset({"delivered", "relayed", "expanded", "deliverable"})  # RFC 3464 2.3.3, and one of Postfix's own
LATE = frozenset({"delayed", "delay"})


def is_report(mail: Mail) -> bool:
    """Whether a mail system speaks: by its name, an empty envelope sender or a field that only it writes."""
    if mail.report_type == "delivery-status" or mail.header("x-failed-recipients"):
        return True
    local = mail.from_address.partition("@")[0].lower()
    name = mail.from_name.lower().replace(" ", "-")
    if local in words.SENDERS or name in words.SENDERS or name.startswith("mail-delivery-s"):
        return True
    # An automatic answer has an empty envelope sender as well, so the words must tell. "From: MAILER-DAEMON <>" names
    # nobody.
    path = (mail.return_path or "").lower()
    no_sender = mail.return_path == "" or path.startswith(("mailer-daemon", "postmaster@")) or not mail.from_address
    return no_sender and bool(words.SUBJECT.search(mail.subject) or words.PLAIN_FAILURE.search(_notice(mail.text)))


def failures(mail: Mail, ours: Sequence[str] = ()) -> tuple[DeliveryStatus, ...]:
    """The recipients that a report names, with action failed or delayed: by its fields, else by its text.

    `ours` are our own addresses, which a text may name as the sender of the letter.
    """
    reported = [status for status in mail.deliveries if re.fullmatch(words.ADDRESS, status.recipient)]
    late_or_lost = [status for status in reported if status.action not in ARRIVED]
    if reported:
        return tuple(_plain_action(status) for status in late_or_lost[:MAX_RECIPIENTS])
    return _failures_in_text(mail, ours)


def language_of_report(text: str) -> str:
    """The language in which the mail system speaks; English where it says little."""
    notice = _notice(text)
    votes = {code: len(pattern.findall(notice)) for code, pattern in words.LANGUAGES}
    return max(votes, key=lambda code: (votes[code], code == "en"))


def _plain_action(status: DeliveryStatus) -> DeliveryStatus:
    """Failed or delayed; an action of nobody's standard (expired, error) is a failure."""
    return replace(status, action="delayed" if status.action in LATE else "failed", recipient=status.recipient.lower())


def _failures_in_text(mail: Mail, ours: Sequence[str]) -> tuple[DeliveryStatus, ...]:
    notice = _notice(mail.text)
    if not (words.FAILED.search(notice) or words.DELAYED.search(notice) or words.SUBJECT.search(mail.subject)):
        return ()
    others = {address.lower() for address in (mail.from_address, *mail.to, *ours)}
    lines = notice.splitlines()
    action = "delayed" if _is_only_late(mail.subject, notice) else "failed"
    for found in _readers(mail, lines):
        recipients = [address for address in dict.fromkeys(a.lower() for a in found) if address not in others]
        if recipients:
            return tuple(_status(address, action, lines) for address in recipients[:MAX_RECIPIENTS])
    return ()


def _readers(mail: Mail, lines: Sequence[str]) -> Iterator[list[str]]:
    """The addresses that each way to name the recipients gives, the surest way first."""
    yield _all(words.GENERATED, lines)  # an alias led to the one that failed; we wrote to the alias
    yield _all(words.REPORT_FIELD, lines)  # report fields in the text of a mail that lost its parts on the way
    yield re.findall(words.ADDRESS, mail.header("x-failed-recipients"))
    yield _all(words.NAMED_LINE, lines)  # "<x@y>:" heads a paragraph of its own (qmail, Postfix, Yahoo)
    yield list(_introduced(lines))
    yield _all(words.TALK, lines)
    yield [found[1] for line in lines if (found := words.AT_LINE_START.match(line))]
    # A report that names nobody returns the letter: whom it went to.
    yield [a for name, value in mail.returned_headers if name == "to" for a in re.findall(words.ADDRESS, value)]


def _all(pattern: re.Pattern[str], lines: Sequence[str]) -> list[str]:
    return [address for line in lines for address in pattern.findall(line)]


def _introduced(lines: Sequence[str]) -> Iterator[str]:
    """Recipients in a sentence that says so, or at the start of the lines below it."""
    for number, line in enumerate(lines):
        intro = words.INTRO.search(line)
        if intro is None:
            continue
        same_line = re.findall(words.ADDRESS, line[intro.start() :])
        if same_line:
            yield from same_line
            continue
        below = [words.AT_LINE_START.match(after) for after in lines[number + 1 : number + 1 + MAX_LINES_AFTER_INTRO]]
        yield from (found[1] for found in below if found is not None)


def _notice(text: str) -> str:
    """What the mail system itself says: the text up to the letter that it returns."""
    head = text[:MAX_NOTICE_CHARS]
    returned = words.RETURNED.search(head)
    return head[: returned.start()] if returned else head


def _is_only_late(subject: str, notice: str) -> bool:
    """Whether the letter is still being tried, and nothing is said to have failed for good."""
    told = words.IF_GIVEN_UP.sub(" ", f"{subject}\n{notice}")
    return words.DELAYED.search(told) is not None and words.GIVEN_UP.search(told) is None


def _status(address: str, action: str, lines: Sequence[str]) -> DeliveryStatus:
    """The address with the first code that stands near it, and those lines as its diagnostic."""
    at = next((number for number, line in enumerate(lines) if address in line.lower()), 0)
    near = "\n".join(lines[at : at + NEAR_LINES])
    status, code = words.STATUS.search(near), words.REPLY_CODE.search(near)
    said = status[1] if status else (f"{code[1][0]}.0.0" if code else "")
    return DeliveryStatus(recipient=address, action=action, status=said, diagnostic=" ".join(near.split())[:300])
