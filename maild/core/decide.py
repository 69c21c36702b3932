"""What is to be done about one thing that happened, and why. Pure: the same input decides the same."""

from datetime import datetime

from maild.core.decide_adopt import decide_adopt
from maild.core.decide_command import decide_command
from maild.core.decide_mail import decide_mail
from maild.core.decide_notice import decide_notice
from maild.core.effects import Command, Decision, Input, ReadMail
from maild.core.request import Context
from maild.core.rules import Rules
from maild.core.terms import EventName


def decide(happening: Input, context: Context, rules: Rules, now: datetime) -> Decision:
    """The Decision about a mail, a command or a notice that fell due.

    Raises rules.Refused for a command that may not be.
    """
    if isinstance(happening, ReadMail):
        return decide_mail(happening, context, rules, now)
    if isinstance(happening, Command) and happening.event.event is EventName.ADOPT:
        return decide_adopt(happening, context, rules, now)
    if isinstance(happening, Command):
        return decide_command(happening, context, rules, now)
    return decide_notice(happening, context, rules, now)
