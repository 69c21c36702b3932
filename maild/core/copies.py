"""Whether a copy goes on to the patron as it came: as the supplier's record allows (domain.md, rule 7)."""

from maild.core.occasion import Occasion
from maild.core.terms import EventName, Role

AUTO, PAPER = "auto", "paper"  # Partner.copy_release; its other word is "staff"


def paper_only(o: Occasion) -> str:
    """What staff must do with a copy that may be handed over on paper only, or ""."""
    if not _came(o) or o.partner is None or o.partner.copy_release != PAPER:
        return ""
    name = o.partner.name or o.partner.symbol
    return (
        f"Copies from {name} are handed over on paper only: print {o.request.number}, then Received and ReadyForPickup."
    )


def waits_for_staff(o: Occasion) -> str:
    """Why staff look at the copy before the patron gets it, or ""."""
    if not _came(o) or (o.partner is not None and o.partner.copy_release == AUTO):
        return ""
    name = (o.partner.name or o.partner.symbol) if o.partner is not None else "an unknown partner"
    return f"{o.request.number}: the copy from {name} waits for you: look at it, then release its letter, or drop it."


def _came(o: Occasion) -> bool:
    """Whether a supplier's mail brings it; what staff pass on they have seen."""
    return o.event.event is EventName.COPY_COMPLETED and o.by == "supplier" and o.request.role is Role.BORROWING
