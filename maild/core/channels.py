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
BY_HAND = frozenset({"web", "phone", "service"})
AUTOMATIC = "automatic"


def by_hand(partner: Partner | None, letter: str) -> str:
    """How staff must say to this partner what the letter would, or "" where the letter goes by mail."""
    return way(partner, _channel(partner, letter)) if partner is not None else ""


def way(partner: Partner, channel: str) -> str:
    """How and where staff reach the partner by a channel, with the card that it knows us by; "" where mail goes."""
    ways = {
        "web": f"on its web pages {partner.web_address}",
        "phone": f"by phone {partner.phone}",
        "service": f"through {partner.service or 'the external service'}",
    }
    if channel not in BY_HAND:
        return ""
    card = f" (our card there: {partner.our_card})" if partner.our_card else ""
    return f"{ways[channel].rstrip()}{card}"


def by_itself(partner: Partner | None, letter: str) -> bool:
    """Whether the partner does by itself what the letter would ask for."""
    return letter in RENEWING and _channel(partner, letter) == AUTOMATIC


def _channel(partner: Partner | None, letter: str) -> str:
    if partner is None:
        return "mail"
    if letter in RENEWING:
        return partner.renew_channel
    return partner.order_channel if letter in ORDERING else "mail"
