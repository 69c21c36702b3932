"""By which way a partner is asked: what does not go by mail is a task for staff (domain.md, rule 1)."""

from maild.core.request import Partner

ORDERING = frozenset(
    {
        "request_loan",
        "request_copy",
        "request_reminder",
        "cancel_request",
        "conditions_accepted",
        "conditions_refused",
    }
)
RENEWING = frozenset({"renew_request"})
BY_HAND = {
    "web": "on its web pages",
    "phone": "by phone",
    "service": "through the external service",
}
AUTOMATIC = "automatic"


def by_hand(partner: Partner | None, letter: str) -> str:
    """How staff must say to this partner what the letter would, or "" where the letter goes by mail."""
    return BY_HAND.get(_channel(partner, letter), "")


def by_itself(partner: Partner | None, letter: str) -> bool:
    """Whether the partner does by itself what the letter would ask for."""
    return letter in RENEWING and _channel(partner, letter) == AUTOMATIC


def _channel(partner: Partner | None, letter: str) -> str:
    if partner is None:
        return "mail"
    if letter in RENEWING:
        return partner.renew_channel
    return partner.order_channel if letter in ORDERING else "mail"
