"""Which day it was when a mail was taken, and whether its own Date may be trusted for years and "tomorrow"."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.core.mail import Mail, Today
from maild.core.request import Context

TRUSTED_DATE = timedelta(days=3)  # design contract: a Date further off gives no year and no "tomorrow"
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # of a mail without any date


def taken_at(mail: Mail, context: Context) -> datetime:
    """When we took the mail: the context's word, else the topmost Received, else Date; never the wall clock."""
    return context.received_at or mail.received_at or mail.date or NO_TIME


def today_of(mail: Mail, context: Context, zone: str) -> Today:
    """The day in the site's zone, with the day of the mail's Date."""
    taken, here = taken_at(mail, context), ZoneInfo(zone)
    if mail.date is None:
        return Today(day=taken.astimezone(here).date())
    return Today(
        day=taken.astimezone(here).date(),
        sent=mail.date.astimezone(here).date(),
        trusted=abs(taken - mail.date) <= TRUSTED_DATE,
    )
